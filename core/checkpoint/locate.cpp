// From what a user types to the files of a checkpoint: directories, indexes, Hugging Face caches,
// and the things that look like a checkpoint and are none.
#include "core/checkpoint/locate.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <span>

#include "core/base/bytes.hpp"
#include "core/base/display.hpp"
#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/base/natural_order.hpp"
#include "core/checkpoint/expert_slices.hpp"
#include "core/checkpoint/foreign_format.hpp"
#include "core/checkpoint/index_file.hpp"
#include "core/remote/address.hpp"
#include "core/remote/file_names.hpp"
#include "core/remote/hub_cache.hpp"
#include "core/remote/remote_copy.hpp"
#include "core/remote/remote_settings.hpp"
#include "core/torch/torch_file.hpp"

namespace ckptscope {
namespace {

constexpr std::size_t kMostBelow = 1000;  // directories that are listed

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxNameBytes = 4096;
constexpr std::string_view kTorchIndex = "pytorch_model.bin.index.json";

std::string join(const std::string& directory, std::string_view name) {
  return directory.empty() || directory == "." ? std::string(name)
                                               : directory + "/" + std::string(name);
}

/// A JSON text, not a safetensors file whose header happens to be 123 ('{') bytes long.
bool looks_like_json(const File& file) {
  std::string bytes(std::min<std::uint64_t>(file.size(), 8), '\0');
  file.read(0, std::as_writable_bytes(std::span(bytes)));
  return bytes.starts_with("{") && (bytes.size() < 8 || bytes[7] != '\0');
}

/// "model_world_size_8_rank_3.pt", as trainers name what each rank saves: 8; 0 for another name.
/// Source: verl, verl/utils/checkpoint/fsdp_checkpoint_manager.py.
std::size_t world_size_in(std::string_view name) {
  constexpr std::string_view kStart = "model_world_size_";
  if (!name.starts_with(kStart) || !name.ends_with(".pt")) return 0;
  name.remove_prefix(kStart.size());
  const std::size_t end = name.find("_rank_");
  return end == name.npos ? 0 : parse_number(name.substr(0, end)).value_or(0);
}

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// By its first bytes: names say little.
std::string what_it_is(const std::string& path) {
  try {
    const File file(path);
    const auto foreign = recognise_foreign(file);
    if (foreign) return fmt::format("{}, not safetensors", foreign->name);
    return "which is not named as safetensors are, nor anything else that is known";
  } catch (const Error& error) {
    return error.what();
  }
}

/// " a, b": behind a colon.
std::string listed(std::span<const std::string> names) {
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? " " : ", ") + display(name);
  return list;
}

[[noreturn]] void fail_without_tensors(const std::string& path,
                                       const std::vector<std::string>& names) {
  const auto with_suffix = [&](std::string_view suffix) {
    return std::find_if(names.begin(), names.end(),
                        [&](const std::string& name) { return name.ends_with(suffix); });
  };
  if (with_suffix(".distcp") != names.end()) {
    fail(Code::RankShards,
         "{}: .distcp files of a torch.distributed.checkpoint without their .metadata, which alone "
         "says what is in them",
         display(path));
  }
  for (const std::string_view suffix : {".gguf", ".bin", ".pt", ".pth", ".ckpt"}) {
    const auto file = with_suffix(suffix);
    if (file == names.end()) continue;
    fail(Code::ForeignFormat, "{}: holds {}, {}", display(path), display(*file),
         what_it_is(join(path, *file)));
  }
  const std::vector<std::string> below = checkpoints_below(path);
  constexpr std::size_t kNamed = 8;
  const auto named = std::span(below).first(std::min(kNamed, below.size()));
  fail(Code::NotACheckpoint, "{}: no tensors here{}{}", display(path),
       below.empty() ? "" : "; checkpoints below it:", listed(named));
}

/// The name that a small file holds: of a step.
std::string name_written_in(const std::string& path) {
  const std::string text = read_text(path, kMaxNameBytes);
  return text.substr(0, text.find_first_of(" \t\r\n"));
}

std::string choose_index(const std::string& path, const std::vector<std::string>& names) {
  std::vector<std::string> indexes;
  for (const std::string& name : names) {
    if (name.ends_with(kIndexSuffix)) indexes.push_back(name);
  }
  if (indexes.empty()) return "";
  if (contains(indexes, kUsualIndex)) return std::string(kUsualIndex);
  if (indexes.size() == 1) return indexes.front();
  fail(Code::AmbiguousIndex, "{}: {} index files, open one of them:{}", display(path),
       indexes.size(), listed(indexes));
}

/// The name without its variant: "model.fp16.safetensors" and
/// "model.fp16-00001-of-00002.safetensors" hold the weights of "model" again, in another precision
/// or average. nullopt for other names. Source: huggingface/diffusers and transformers, `variant`.
std::optional<std::string> without_variant(const std::string& name) {
  for (const std::string_view variant : {".fp16", ".bf16", ".fp32", ".ema", ".non_ema"}) {
    const auto at = name.find(variant);
    if (at == name.npos) continue;
    const char behind = name[at + variant.size()];
    if (behind == '.' || behind == '-') return name.substr(0, at);
  }
  return std::nullopt;
}

void leave_out_variants(Location& location) {
  const std::vector<std::string> all = location.files;
  const auto is_there = [&](const std::string& stem) {
    return std::any_of(all.begin(), all.end(), [&](const std::string& name) {
      return name == stem + std::string(kShardSuffix) ||
             (name.starts_with(stem + "-") && !without_variant(name));
    });
  };
  std::erase_if(location.files, [&](const std::string& name) {
    const auto stem = without_variant(name);
    if (!stem || !is_there(*stem)) return false;
    location.ignored.push_back(name);
    return true;
  });
}

/// The same weights beside safetensors in a form that was there before, or what a training run
/// left.
void leave_out_formats(const std::vector<std::string>& names, Location& location) {
  for (const std::string& name : names) {
    const bool torch = name.starts_with("pytorch_model") && name.ends_with(".bin");
    if (torch || name.ends_with(".distcp") || world_size_in(name) > 0) {
      location.ignored.push_back(name);
    }
  }
}

/// `.metadata`, or where each rank has written its own, those.
std::vector<std::string> dcp_metadata(const std::vector<std::string>& names) {
  if (contains(names, ".metadata")) return {".metadata"};
  std::vector<std::string> found;
  std::copy_if(names.begin(), names.end(), std::back_inserter(found), [](const std::string& name) {
    return name.starts_with("__") && name.ends_with(".metadata");
  });
  return found;
}

/// Those files in the order of their ranks; `ranks` becomes how many there should be.
std::vector<std::string> rank_files(const std::vector<std::string>& names, std::size_t& ranks) {
  std::vector<std::string> found;
  for (const std::string& name : names) {
    const std::size_t size = world_size_in(name);
    if (size == 0) continue;
    if (ranks != 0 && size != ranks) {
      fail(Code::RankShards, "files of runs on {} and on {} ranks: {}", ranks, size, display(name));
    }
    ranks = size;
    found.push_back(name);
  }
  return found;
}

/// Files of torch.save that are one checkpoint: the shards of a Hugging Face model, or the only
/// one.
std::vector<std::string> torch_files(const std::string& path,
                                     const std::vector<std::string>& names) {
  std::vector<std::string> model;
  std::vector<std::string> all;
  for (const std::string& name : names) {
    constexpr std::string_view kNames[] = {".bin", ".pt", ".pth", ".ckpt"};
    const bool named = std::any_of(std::begin(kNames), std::end(kNames),
                                   [&](std::string_view end) { return name.ends_with(end); });
    if (!named || !is_torch_file(File(join(path, name)))) continue;
    all.push_back(name);
    if (name.starts_with("pytorch_model")) model.push_back(name);
  }
  if (!model.empty()) return model;
  if (all.size() > 1) {
    fail(Code::NotACheckpoint, "{}: {} files of torch.save, open one of them:{}", display(path),
         all.size(), listed(all));
  }
  return all;
}

Location locate_file(const std::string& path) {
  Location found;
  found.path = path;
  found.one_file = true;
  const fs::path parts(path);
  found.directory = parts.has_parent_path() ? parts.parent_path().string() : ".";
  const File file(path);
  if (is_torch_file(file)) {
    found.format = FileFormat::Torch;
    found.files.push_back(parts.filename().string());
    const std::size_t ranks = world_size_in(found.files.front());
    if (ranks > 1) found.ranks = ranks;
    return found;
  }
  if (const auto foreign = recognise_foreign(file)) {
    fail(foreign->code, "{}: {}, not safetensors", display(path), foreign->name);
  }
  if (looks_like_json(file)) {
    found.one_file = false;
    found.index = path;
    if (!path.ends_with(kTorchIndex)) return found;
    found.format = FileFormat::Torch;
    found.files = torch_files(found.directory, names_in(found.directory));
  } else {
    found.files.push_back(parts.filename().string());
  }
  return found;
}

Location locate_directory(const std::string& path) {
  std::vector<std::string> names = names_in(path);
  std::sort(names.begin(), names.end(), natural_less);
  Location found;
  found.path = path;
  found.directory = path;
  if (contains(names, "adapter_config.json")) {
    for (const std::string_view tensors : {"adapter_model.safetensors", "adapter_model.bin"}) {
      if (!contains(names, tensors)) continue;
      found.is_lora = true;
      found.files.emplace_back(tensors);
      if (tensors.ends_with(".bin")) found.format = FileFormat::Torch;
      return found;
    }
    fail(Code::LoraAdapter,
         "{}: a LoRA adapter (adapter_config.json) without its adapter_model.safetensors",
         display(path));
  }
  std::vector<std::string> consolidated;
  for (const std::string& name : names) {
    if (!name.ends_with(kShardSuffix)) continue;
    (name.starts_with("consolidated") ? consolidated : found.files).push_back(name);
  }
  if (const std::string index = choose_index(path, names); !index.empty()) {
    found.index = join(path, index);
  } else if (found.files.empty()) {
    found.files.swap(consolidated);  // nothing else is there: this is the checkpoint
  }
  if (found.index.empty() && found.files.empty()) {
    found.slices = with_context(display(path), [&] { return slice_names(names); });
    for (const std::string& slice : found.slices) {
      for (const std::string& name : names_in(join(path, slice))) {
        if (name.ends_with(kShardSuffix)) found.files.push_back(slice + "/" + name);
      }
    }
    if (!found.files.empty()) return found;
  }
  if (found.index.empty() && found.files.empty()) {
    found.files = dcp_metadata(names);
    found.format = FileFormat::Dcp;
  }
  if (found.index.empty() && found.files.empty()) {
    found.files = rank_files(names, found.ranks);
    if (found.files.empty()) found.files = torch_files(path, names);
    if (contains(names, kTorchIndex)) found.index = join(path, kTorchIndex);
    found.format = FileFormat::Torch;
  }
  if (found.index.empty() && found.files.empty()) fail_without_tensors(path, names);
  if (found.index.empty()) leave_out_variants(found);
  if (found.format == FileFormat::Safetensors) leave_out_formats(names, found);
  for (const std::string& name : consolidated) found.ignored.push_back(name);
  return found;
}

/// What a training run calls its newest step: a link or a text with its name. Empty without one.
std::string latest_step(const std::string& path) {
  if (is_directory(path + "/LATEST")) return path + "/LATEST";
  std::string pointer = path + "/LATEST";
  if (kind_of(pointer) != FileKind::Regular) pointer += ".txt";  // where links fail
  if (kind_of(pointer) != FileKind::Regular) return "";
  std::string name = name_written_in(pointer);
  name = name.substr(name.rfind('/') + 1);  // it may be the path on the machine of the run
  const bool plain = !name.empty() && name != "." && name != "..";
  return plain && is_directory(path + "/" + name) ? path + "/" + name : "";
}

/// The directory of the model in that of a step of a training run; empty where it is none.
std::string model_of_step(const std::string& path) {
  const bool step = is_directory(path + "/model") &&
                    (is_directory(path + "/optim") || exists(path + "/step_scheduler.pt") ||
                     exists(path + "/.incomplete") || exists(path + "/model/.metadata"));
  return step ? path + "/model" : "";
}

/// The directory of the step that "…/model" or "…/optim" belongs to; empty where to none.
std::string step_of(const std::string& path) {
  const fs::path plain = fs::path(path).lexically_normal();
  const std::string name = plain.filename().string();
  if (name != "model" && name != "optim") return "";
  const std::string parent = plain.has_parent_path() ? plain.parent_path().string() : ".";
  return model_of_step(parent).empty() ? "" : parent;
}

/// What lies elsewhere, by its copy.
Location locate_copy(const std::string& path, Progress* progress) {
  const RemoteCopy copy = copy_headers(path, progress);
  Location found;
  found.directory = copy.directory;
  found.whence = copy.whence;
  try {
    found = is_directory(copy.path) ? locate_directory(copy.path) : locate_file(copy.path);
  } catch (const Error& error) {
    throw Error(error.code(), found.in_users_words(error.what()));
  }
  found.path = path.starts_with("http") ? without_query(path) : path;  // it may be a signature
  found.whence = copy.whence;
  found.remote = copy.values;
  return found;
}

}  // namespace

std::string Location::path_of(std::string_view name) const {
  return join(directory, name);
}

std::string Location::in_users_words(std::string message) const {
  if (whence.empty()) return message;
  for (std::size_t at = 0; (at = message.find(directory, at)) != message.npos;) {
    message.replace(at, directory.size(), whence);
    at += whence.size();
  }
  return message;
}

bool holds_tensors(std::string_view name) {
  return name.ends_with(kShardSuffix) || name.ends_with(".distcp") || world_size_in(name) != 0 ||
         (name.starts_with("pytorch_model") && name.ends_with(".bin"));
}

std::vector<std::string> checkpoints_below(const std::string& directory) {
  std::vector<std::string> found;
  std::error_code error;
  fs::recursive_directory_iterator it(directory, error);
  for (fs::recursive_directory_iterator end; !error && it != end && found.size() < kMostBelow;
       it.increment(error)) {
    if (it.depth() > 3) it.disable_recursion_pending();
    if (it.depth() == 0 || !holds_tensors(it->path().filename().string())) continue;
    const std::string parent = it->path().parent_path().string();
    if (found.empty() || found.back() != parent) found.push_back(parent);
  }
  std::sort(found.begin(), found.end(), natural_less);
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

Location locate(const std::string& path, Progress* progress) {
  if (is_remote(path)) return locate_copy(path, progress);
  std::string directory = path;
  std::string resolved_from;
  if (!exists(path)) {
    directory = with_context(display(path) + ": no such file; its name in the hub's cache", [&] {
      return hub_cache_entry(RemoteSettings::of_environment().hub_cache, path);
    });
    if (directory.empty()) fail(Code::NotFound, "{}: no such file or directory", display(path));
  }
  if (!is_directory(directory)) return locate_file(directory);
  const std::string snapshot = snapshot_in_cache(directory, commit_in_cache(directory, "main"));
  if (!snapshot.empty()) {
    resolved_from = directory + ", refs/main";
    directory = snapshot;
  }
  while (directory.size() > 1 && directory.ends_with('/')) directory.pop_back();
  if (const std::string latest = latest_step(directory); !latest.empty()) {
    resolved_from = directory + ", its LATEST";
    directory = latest;
  }
  if (const std::string model = model_of_step(directory); !model.empty()) {
    resolved_from = directory + ", a step of a training run";
    directory = model;
  }
  Location found = locate_directory(directory);
  found.path = path;
  found.resolved_from = resolved_from;
  found.step = step_of(directory);
  found.incomplete = !found.step.empty() && exists(found.step + "/.incomplete");
  return found;
}

}  // namespace ckptscope
