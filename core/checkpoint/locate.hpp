// From what a user types to the files of a checkpoint.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ckptscope {

enum class FileFormat {
  Safetensors,
  Dcp,    // torch.distributed.checkpoint: `files` are its metadata
  Torch,  // torch.save
};

/// What a path turned out to name, before any header is read.
struct Location {
  FileFormat format = FileFormat::Safetensors;
  std::string path;                   // what the user asked for
  std::string directory;              // where the files are; "." when relative to nothing
  std::string index;                  // path of the index file; empty without one
  std::vector<std::string> files;     // names of the shards when there is no index
  std::vector<std::string> ignored;   // weight files that are not part of this checkpoint
  std::string resolved_from;          // "models--X--Y, refs/main" for a cache entry; may be empty
  std::vector<std::string> slices{};  // directories of expert_slices.hpp, whose files they are
  std::size_t ranks = 0;              // of the run whose ranks each wrote one of the files; 0: none
  bool is_lora = false;               // adapters for another model, to be looked at
  std::string step;                   // directory of a step of a training run; empty: of none
  bool incomplete = false;            // that step's save never finished

  /// Of one of its files, as it is opened and shown: without "./".
  std::string path_of(std::string_view name) const;
};

/// Finds out what `path` names (see Location); throws NotFound, NotACheckpoint, RankShards,
/// LoraAdapter, ForeignFormat, LfsPointer, AmbiguousIndex.
Location locate(const std::string& path);

/// Whether a file of this name holds tensors of a checkpoint: by safetensors, DCP, a rank of a
/// trainer or torch.save. (Any other file of torch.save may be anything.)
bool holds_tensors(std::string_view name);

/// Directories below this one that hold such files, in natural order: the checkpoints of a training
/// run, or of the hub's cache. Looks a few levels down; at most 1,000.
std::vector<std::string> checkpoints_below(const std::string& path);

}  // namespace ckptscope
