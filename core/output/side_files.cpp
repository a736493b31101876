// Everything beside the tensors is copied or left out with a reason; the config follows the plan.
#include "core/output/side_files.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <set>

#include "core/base/bytes.hpp"
#include "core/base/display.hpp"
#include "core/base/natural_order.hpp"

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
  constexpr std::array<std::string_view, 14> kSuffixes{
      ".safetensors", ".index.json", ".bin", ".pt",      ".pth", ".gguf", ".distcp",
      ".ckpt",        ".onnx",       ".h5",  ".msgpack", ".npz", ".ot",   ".tflite"};
  return std::any_of(kSuffixes.begin(), kSuffixes.end(),
                     [&](std::string_view suffix) { return name.ends_with(suffix); });
}

bool decodes(const Plan& plan) {
  return std::any_of(plan.outputs.begin(), plan.outputs.end(), [](const Output& output) {
    return contains(*output.value, Value::Op::Mxfp4) || contains(*output.value, Value::Op::Fp8);
  });
}

/// True when decoding, stacking or --dtype gave weights another dtype. Mamba parameters are F32
/// whatever the model is.
bool changes_dtypes(const Plan& plan) {
  return std::any_of(plan.outputs.begin(), plan.outputs.end(), [](const Output& output) {
    return contains(*output.value, Value::Op::Cast) && output.kind != OutputKind::Cast &&
           !is_encoded(*output.value);
  });
}

/// True when an output is packed: a config may speak of quantisation only then.
bool holds_codes(const Plan& plan) {
  return std::any_of(plan.outputs.begin(), plan.outputs.end(), [](const Output& output) {
    const Dtype dtype = output.dtype();
    const bool is_word = !is_number(dtype) && dtype != Dtype::BOOL && bits_of(dtype) <= 32;
    return is_fp8(dtype) || is_word;
  });
}

/// The dtype that most bytes have of what is not packed.
std::optional<Dtype> unpacked_dtype(const Plan& plan) {
  std::map<Dtype, std::uint64_t> bytes;
  for (const Output& output : plan.outputs) {
    if (is_number(output.dtype()) && !is_fp8(output.dtype()) &&
        output.kind != OutputKind::Encoded) {
      bytes[output.dtype()] += output.bytes();
    }
  }
  const auto most = std::max_element(
      bytes.begin(), bytes.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == bytes.end() ? std::nullopt : std::optional(most->first);
}

/// As config.json spells it.
std::optional<std::string> spelled(std::optional<Dtype> dtype) {
  return dtype ? std::optional(std::string(row_of(*dtype).alias)) : std::nullopt;
}

Config::Edit config_edit(const Plan& plan) {
  if (!plan.quantisation_config.empty()) {
    return {spelled(unpacked_dtype(plan)), plan.quantisation_config};
  }
  if (decodes(plan)) {
    return {spelled(unpacked_dtype(plan)), ""};
  }
  return {changes_dtypes(plan) ? spelled(unpacked_dtype(plan)) : std::nullopt,
          holds_codes(plan) ? std::nullopt : std::optional<std::string>("")};
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
  if (name == "config.json") return "it cannot be read, so it would not follow the output";
  if (name == "hf_quant_config.json" && !holds_codes(plan)) return "the output is not quantised";
  const std::uint64_t bytes = identity_of(path).size;
  return bytes > kMaxSideFile ? format_bytes(bytes) : "";
}

/// The text of the output's config.json; empty when there is none.
std::string config_text(const Checkpoint& source, const Plan& plan, SideFiles& files) {
  if (source.config_path().empty()) return "";
  std::string edited = source.config().edited(config_edit(plan));
  files.config_edited = edited != source.config().edited({});
  return edited;
}

/// What a checkpoint needs to be run and a trained one may lack.
bool is_lent(std::string_view name) {
  constexpr std::array<std::string_view, 9> kStarts{
      "generation_config.json",  "tokenizer",         "vocab.",        "merges.txt",
      "special_tokens_map.json", "added_tokens.json", "chat_template", "tekken.json",
      "preprocessor_config.json"};
  return std::any_of(kStarts.begin(), kStarts.end(),
                     [&](std::string_view start) { return name.starts_with(start); });
}

class Copying {
 public:
  Copying(const Plan& plan, Staging& staging) : plan_(plan), staging_(staging) {}

  void config(const Checkpoint& from, std::vector<std::string>& list) {
    const std::string text = config_text(from, plan_, files_);
    if (!text.empty()) write("config.json", text, list);
  }
  void config(const Checkpoint& from) { config(from, files_.copied); }

  void others(const Checkpoint& from) {
    for (const std::string& name : neighbours(from)) {
      if (written_.contains(name)) continue;
      const std::string path = from.location().directory + "/" + name;
      const std::string reason = reason_against(path, name, plan_);
      if (reason.empty()) {
        write(name, read_text(path, kMaxSideFile), files_.copied);
      } else {
        files_.left_out.push_back(fmt::format("{}: {}", display(name), reason));
      }
    }
  }

  /// What the source did not have.
  void lend(const Checkpoint& like) {
    if (!written_.contains("config.json")) config(like, files_.lent);
    for (const std::string& name : neighbours(like)) {
      const std::string path = like.location().directory + "/" + name;
      if (written_.contains(name) || !is_lent(name) || !reason_against(path, name, plan_).empty()) {
        continue;
      }
      write(name, read_text(path, kMaxSideFile), files_.lent);
    }
  }

  SideFiles finish() { return std::move(files_); }

 private:
  void write(const std::string& name, const std::string& text, std::vector<std::string>& list) {
    staging_.write_text(name, text);
    written_.insert(name);
    list.push_back(name);
  }

  const Plan& plan_;
  Staging& staging_;
  SideFiles files_;
  std::set<std::string, std::less<>> written_;
};

}  // namespace

SideFiles copy_side_files(const PlanInputs& sources, const Plan& plan, Staging& staging) {
  Copying copying(plan, staging);
  copying.config(sources.checkpoint);
  copying.others(sources.checkpoint);
  if (sources.like != nullptr) copying.lend(*sources.like);
  return copying.finish();
}

}  // namespace ckptscope
