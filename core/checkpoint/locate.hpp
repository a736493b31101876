// From what a user types to the files of a checkpoint.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/progress.hpp"
#include "core/remote/remote_values.hpp"

namespace ckptscope {

enum class FileFormat {
  Safetensors,
  Dcp,    // torch.distributed.checkpoint: `files` are its metadata
  Torch,  // torch.save
};

/// What a path turned out to name, before any header is read.
struct Location {
  FileFormat format = FileFormat::Safetensors;
  std::string path;                   // what the user asked for; of a URL without its query
  std::string directory;              // where the files are; "." when relative to nothing
  std::string index;                  // path of the index file; empty without one
  std::vector<std::string> files;     // names of the shards when there is no index
  std::vector<std::string> ignored;   // weight files that are not part of this checkpoint
  std::string resolved_from;          // "models--X--Y, refs/main" for a cache entry; may be empty
  std::vector<std::string> slices{};  // directories of expert_slices.hpp, whose files they are
  bool one_file = false;  // was named, not a directory or an index: nothing is beside it
  std::string whence;     // of `directory`, where it is a copy: "hf://org/name"
  std::shared_ptr<RemoteValues> remote{};  // of a copy without values: where they are
  std::size_t ranks = 0;    // of the run whose ranks each wrote one of the files; 0: none
  bool is_lora = false;     // adapters for another model, to be looked at
  std::string step;         // directory of a step of a training run; empty: of none
  bool incomplete = false;  // that step's save never finished

  /// Of one of its files, as it is opened and shown: without "./".
  std::string path_of(std::string_view name) const;
  /// A message about files of a copy, told of those that are copied.
  std::string in_users_words(std::string message) const;
};

/// Finds out what `path` names (see Location); of what lies elsewhere the headers are fetched,
/// which `progress` tells of (it may be null). Throws NotFound, NotACheckpoint, RankShards,
/// LoraAdapter, ForeignFormat, LfsPointer, AmbiguousIndex, and what copy_headers() throws.
Location locate(const std::string& path, Progress* progress = nullptr);

/// Whether a file of this name holds tensors of a checkpoint: by safetensors, DCP, a rank of a
/// trainer or torch.save. (Any other file of torch.save may be anything.)
bool holds_tensors(std::string_view name);

/// Directories below this one that hold such files, in natural order: the checkpoints of a training
/// run, or of the hub's cache. Looks a few levels down; at most 1,000.
std::vector<std::string> checkpoints_below(const std::string& path);

}  // namespace ckptscope
