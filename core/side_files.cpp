#include "core/side_files.hpp"

#include <algorithm>
#include <array>
#include <filesystem>

#include "core/bytes.hpp"
#include "core/display.hpp"
#include "core/natural_order.hpp"
#include "core/receipt.hpp"

namespace ckptscope {
namespace {

namespace fs = std::filesystem;

bool is_part_of(const Checkpoint& source, const std::string& name) {
  const auto& shards = source.shards();
  return fs::path(source.location().index).filename() == name ||
         std::any_of(shards.begin(), shards.end(),
                     [&](const Shard& shard) { return shard.name == name; });
}

bool is_weights_or_index(std::string_view name) {
  constexpr std::array<std::string_view, 7> kSuffixes{
      ".safetensors", ".index.json", ".bin", ".pt", ".pth", ".gguf", ".distcp"};
  return std::any_of(kSuffixes.begin(), kSuffixes.end(),
                     [&](std::string_view suffix) { return name.ends_with(suffix); });
}

bool decodes(const Plan& plan) {
  return std::any_of(plan.outputs.begin(), plan.outputs.end(), [](const Output& output) {
    return contains(*output.value, Value::Op::Mxfp4) || contains(*output.value, Value::Op::Fp8);
  });
}

/// The dtype that decoding, stacking or --dtype gave to weights; nullopt when all kept theirs.
std::optional<Dtype> changed_dtype(const Plan& plan) {
  for (const Output& output : plan.outputs) {
    const bool fixed = output.kind == Kind::Cast;  // Mamba parameters are F32 whatever the model is
    const bool made = contains(*output.value, Value::Op::Mxfp4) ||
                      contains(*output.value, Value::Op::Fp8) ||
                      contains(*output.value, Value::Op::Cast);
    if (made && !fixed) return output.dtype();
  }
  return std::nullopt;
}

/// Names beside the tensors: all but the checkpoint's own shards and index, and our own records.
std::vector<std::string> neighbours(const Checkpoint& source) {
  const Location& location = source.location();
  if (!is_directory(location.path) && location.index.empty() && location.resolved_from.empty()) {
    return {};
  }
  std::vector<std::string> names;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(location.directory, error)) {
    std::string name = entry.path().filename().string();
    const bool ours = name == kReceiptName || name == kJournalName;
    if (!ours && !is_part_of(source, name)) names.push_back(std::move(name));
  }
  std::sort(names.begin(), names.end(), natural_less);
  return names;
}

/// Why a file does not go with the output; empty when it does.
std::string reason_against(const std::string& path, const std::string& name, const Plan& plan) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (fs::is_directory(status)) return "a directory";
  if (!fs::is_regular_file(status)) return "no regular file";
  if (is_weights_or_index(name)) return "weights or an index beside the checkpoint";
  if (name == "hf_quant_config.json" && decodes(plan)) return "the output is not quantised";
  const std::uint64_t bytes = identity_of(path).size;
  return bytes > kMaxSideFile ? format_bytes(bytes) : "";
}

/// The text of the output's config.json; empty when the source has none.
std::string config_text(const Checkpoint& source, const Plan& plan, SideFiles& files) {
  if (source.config_path().empty()) return "";
  std::string original = read_text(source.config_path(), kMaxSideFile);
  const auto dtype = changed_dtype(plan);
  if (!dtype && !decodes(plan)) return original;
  files.config_edited = true;
  return source.config().edited(dtype.value_or(plan.options.output_dtype()), decodes(plan));
}

}  // namespace

SideFiles copy_side_files(const Checkpoint& source, const Plan& plan, Staging& staging) {
  SideFiles files;
  const std::string config = config_text(source, plan, files);
  if (!config.empty()) {
    staging.write_text("config.json", config);
    files.copied.push_back("config.json");
  }
  for (const std::string& name : neighbours(source)) {
    if (name == "config.json" && !config.empty()) continue;
    const std::string path = source.location().directory + "/" + name;
    if (const std::string reason = reason_against(path, name, plan); !reason.empty()) {
      files.left_out.push_back(fmt::format("{}: {}", display(name), reason));
    } else {
      staging.write_text(name, read_text(path, kMaxSideFile));
      files.copied.push_back(name);
    }
  }
  return files;
}

}  // namespace ckptscope
