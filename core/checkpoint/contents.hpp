// What a format's reader makes of the files of a checkpoint.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/checkpoint/checkpoint.hpp"

namespace ckptscope {

/// As in Checkpoint, which takes all of it.
struct Contents {
  std::vector<Shard> shards;
  std::vector<TensorInfo> tensors;
  std::vector<Piece> pieces;
  std::vector<PieceForm> forms;
  std::vector<Arena> arenas;
  std::vector<std::shared_ptr<const void>> keep;
  std::map<std::string, std::string> metadata;
  std::vector<Problem> problems;
};

/// A directory with `.metadata` and .distcp files. Throws BadPickle and BadDcp where the metadata
/// break a rule; files that are lost or cut, and pieces that do not make up their tensor, are
/// problems. `progress` may be null.
Contents open_dcp(const Location& location, const Progress* progress);

/// Files of torch.save. Throws BadPickle and BadArchive.
Contents open_torch_files(const Location& location, const Progress* progress);

}  // namespace ckptscope
