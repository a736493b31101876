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
#include "core/output/staging.hpp"
#include "core/source/tensor_source.hpp"

namespace ckptscope {
namespace {

namespace fs = std::filesystem;

bool is_weights_or_index(std::string_view name) {
  constexpr std::array<std::string_view, 14> kSuffixes{
      ".safetensors", ".index.json", ".bin", ".pt",      ".pth", ".gguf", ".distcp",
      ".ckpt",        ".onnx",       ".h5",  ".msgpack", ".npz", ".ot",   ".tflite"};
  return std::any_of(kSuffixes.begin(), kSuffixes.end(),
                     [&](std::string_view suffix) { return name.ends_with(suffix); });
}

bool decodes(const Plan& plan) {
  return std::any_of(plan.outputs.begin(), plan.outputs.end(), [](const Output& output) {
    return !decoded_form_below(*output.value).empty();
  });
}

/// True when decoding, stacking or --dtype gave weights another dtype. Mamba parameters are F32
/// whatever the model is.
bool changes_dtypes(const Plan& plan) {
  return std::any_of(plan.outputs.begin(), plan.outputs.end(), [](const Output& output) {
    return ops_of(*output.value).has(Value::Op::Cast) && output.kind != OutputKind::Cast &&
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
  Config::Edit edit;
  edit.layers = plan.layers;
  const bool packs = !plan.quantisation_config.empty();
  if (packs || decodes(plan)) {
    edit.dtype = spelled(unpacked_dtype(plan));
    edit.quantisation = plan.quantisation_config;
    edit.places = plan.quantisation_places;
    return edit;
  }
  const bool casts_all = plan.options.from == plan.options.to && plan.options.dtype;
  if (casts_all) edit.dtype = spelled(plan.options.dtype);
  if (!casts_all && changes_dtypes(plan)) edit.dtype = spelled(unpacked_dtype(plan));
  if (!holds_codes(plan)) edit.quantisation = "";
  return edit;
}

/// Of a directory in a hub cache, where files are links to the blobs of their repository, that
/// repository; else empty. Source: huggingface_hub, "snapshots/REV" beside "blobs".
fs::path repository_of(const fs::path& directory) {
  for (fs::path at = directory; at != at.parent_path(); at = at.parent_path()) {
    fs::path above = at.parent_path();
    if (at.filename() == "snapshots" && is_directory((above / "blobs").string())) return above;
  }
  return {};
}

/// Directories that a link may lead into: the checkpoint's own, or its repository and its blobs.
std::vector<std::string> roots_of(const std::string& directory) {
  const fs::path real = real_path(directory);
  const fs::path repository = repository_of(real);
  if (repository.empty()) return {real.string()};
  return {repository.string(), real_path((repository / "blobs").string())};
}

bool lies_in(const std::string& path, const std::string& root) {
  return path.starts_with(root.ends_with('/') ? root : root + "/");
}

/// A blob of any repository of a hub cache: downloads into a directory may be links to it.
bool is_blob(const fs::path& path) {
  const fs::path blobs = path.parent_path();
  return blobs.filename() == "blobs" &&
         blobs.parent_path().filename().string().starts_with("models--");
}

/// Why a link does not go with the output; empty when it does. Of what may not be looked at nothing
/// is known but that it is elsewhere.
std::string reason_against_link(const std::string& path, const std::vector<std::string>& roots) {
  constexpr const char* kOut = "a link out of the checkpoint";
  try {
    if (kind_of(path) == FileKind::Absent) return "a link to nothing";
    const std::string real = real_path(path);
    const bool inside =
        is_blob(real) || std::any_of(roots.begin(), roots.end(),
                                     [&](const std::string& root) { return lies_in(real, root); });
    return inside ? "" : kOut;
  } catch (const Error& error) {
    if (error.code() != Code::NoPermission) throw;
    return kOut;
  }
}

/// Why a file does not go with the output; empty when it does.
std::string reason_against(const std::string& path, const std::string& name,
                           const std::vector<std::string>& roots, const Plan& plan) {
  if (link_target(path)) {
    if (std::string reason = reason_against_link(path, roots); !reason.empty()) return reason;
  }
  const FileKind kind = kind_of(path);
  if (kind == FileKind::Directory) return "a directory";
  if (kind != FileKind::Regular) return "no regular file";
  if (is_weights_or_index(name)) return "weights or an index beside the checkpoint";
  if (name == "config.json") return "it cannot be read, so it would not follow the output";
  if (name == "hf_quant_config.json" && !holds_codes(plan)) return "the output is not quantised";
  const std::uint64_t bytes = identity_of(path).size;
  return bytes > kMaxSideFile ? format_bytes(bytes) : "";
}

/// Beside the shards of a training run: config, tokenizer, and how keys go into files and dtypes.
constexpr std::string_view kTrainingMetadata = ".hf_metadata";

/// What a checkpoint needs to be run and a trained one may lack.
bool is_lent(std::string_view name) {
  constexpr std::array<std::string_view, 9> kStarts{
      "generation_config.json",  "tokenizer",         "vocab.",        "merges.txt",
      "special_tokens_map.json", "added_tokens.json", "chat_template", "tekken.json",
      "preprocessor_config.json"};
  return std::any_of(kStarts.begin(), kStarts.end(),
                     [&](std::string_view start) { return name.starts_with(start); });
}

/// The checkpoint's own files of tensors, and our own records.
std::set<std::string, std::less<>> not_beside(const Checkpoint& checkpoint) {
  std::set<std::string, std::less<>> names{std::string(kReceiptName), std::string(kJournalName)};
  for (const Shard& shard : checkpoint.shards()) names.insert(shard.name);
  names.insert(last_component(checkpoint.location().index));
  if (checkpoint.location().format == FileFormat::Dcp) {
    names.insert(checkpoint.location().files.begin(), checkpoint.location().files.end());
  }
  return names;
}

bool any(std::string_view) {
  return true;
}

}  // namespace

bool is_needed_to_run(std::string_view name) {
  const auto ends = [&](std::string_view suffix) { return name.ends_with(suffix); };
  return is_lent(name) || ends("config.json") || ends(".py") || ends(".jinja") || ends(".model") ||
         ends(".tiktoken");
}

SideFiles::SideFiles(const PlanInputs& sources, const Plan& plan)
    : sources_(sources), plan_(plan), own_(neighbours(sources.checkpoint, plan, any)) {
  if (sources.like != nullptr) of_like_ = neighbours(*sources.like, plan, is_lent);
}

std::vector<SideFiles::Neighbour> SideFiles::neighbours(const Checkpoint& checkpoint,
                                                        const Plan& plan, Wanted wanted) {
  const Location& location = checkpoint.location();
  if (location.one_file) return {};
  const auto own = not_beside(checkpoint);
  const std::vector<std::string> roots = roots_of(location.directory);
  std::vector<std::string> names = names_in(location.directory);
  std::sort(names.begin(), names.end(), natural_less);
  std::vector<Neighbour> found;
  const auto add = [&](const std::string& directory, const std::string& name) {
    Neighbour one{name, directory + "/" + name};
    one.reason = reason_against(one.path, name, roots, plan);
    if (one.reason.empty()) one.identity = File(one.path).identity();
    found.push_back(std::move(one));
  };
  const std::string training = location.directory + "/" + std::string(kTrainingMetadata);
  for (const std::string& name : names) {
    if (name == kTrainingMetadata && is_directory(training)) continue;
    if (!own.contains(name) && wanted(name)) add(location.directory, name);
  }
  if (!is_directory(training)) return found;
  for (const std::string& name : names_in(training)) {  // where Automodel keeps them
    if (wanted(name) && !name.starts_with("fqn_to_")) add(training, name);
  }
  return found;
}

std::string SideFiles::read(const Neighbour& neighbour) {
  std::string text = read_text(open_unchanged(neighbour.path, neighbour.identity), kMaxSideFile);
  identity_unchanged(neighbour.path, neighbour.identity);
  return text;
}

std::vector<std::string> SideFiles::names() const {
  std::set<std::string> names{"config.json"};
  for (const auto* list : {&own_, &of_like_}) {
    for (const Neighbour& one : *list) {
      if (one.reason.empty()) names.insert(one.name);
    }
  }
  return {names.begin(), names.end()};
}

SideFiles::Report SideFiles::copy(const Put& put) const {
  Report report;
  std::set<std::string, std::less<>> written;
  const auto write = [&](const std::string& name, const std::string& text,
                         std::vector<std::string>& list) {
    put(name, text);
    written.insert(name);
    list.push_back(name);
  };
  const auto write_config = [&](const Checkpoint& from, std::vector<std::string>& list) {
    if (from.config_path().empty()) return;
    const std::string text = from.config().edited(config_edit(plan_));
    report.config_edited = text != from.config().edited({});
    write("config.json", text, list);
  };
  write_config(sources_.checkpoint, report.copied);
  for (const Neighbour& one : own_) {
    if (written.contains(one.name)) continue;
    std::string reason = one.reason;
    try {
      if (reason.empty()) write(one.name, read(one), report.copied);
    } catch (const Error& error) {
      if (error.code() != Code::SourceChanged || is_needed_to_run(one.name)) throw;
      reason = "it changed during the conversion";
    }
    if (!reason.empty())
      report.left_out.push_back(fmt::format("{}: {}", display(one.name), reason));
  }
  if (sources_.like == nullptr) return report;
  if (!written.contains("config.json")) write_config(*sources_.like, report.lent);
  if (sources_.like->location().remote) {
    report.left_out.push_back(fmt::format("what lies beside {}: its headers alone were fetched",
                                          display(sources_.like->location().path)));
  }
  for (const Neighbour& one : of_like_) {
    if (written.contains(one.name) || !one.reason.empty()) continue;
    write(one.name, read(one), report.lent);
  }
  return report;
}

}  // namespace ckptscope
