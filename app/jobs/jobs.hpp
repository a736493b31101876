// What the worker does, as functions that it can run: each has all that it needs, and touches
// nothing else.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/jobs/worker.hpp"
#include "app/language/words.hpp"
#include "app/session/session.hpp"

namespace ckptscope {

using CheckpointPtr = std::shared_ptr<const Checkpoint>;
using Order = std::shared_ptr<const std::vector<std::uint32_t>>;  // ids; null: natural order

struct SortOrder {
  std::string column;  // "bytes"; empty: by key
  bool inverted = false;

  bool natural() const { return column.empty() && !inverted; }
};

/// Opens a checkpoint; of many shards the first one is posted while the others are read.
JobBody open_job(const std::string& path, const std::string& config);
/// The keys of `all` that a query finds, and their order.
JobBody list_job(const std::shared_ptr<const KeyList>& all, const std::string& filter,
                 const SortOrder& sort, bool flat);
/// Keys of the list that a regular expression finds.
JobBody search_job(const std::shared_ptr<const KeyList>& list, const Order& order,
                   const std::string& pattern);
/// Some figures of one tensor, where it is small enough to be read at once.
JobBody glimpse_job(const CheckpointPtr& checkpoint, const std::string& key);
/// What `show` says with these arguments: of an image its map, else a page.
JobBody image_job(const CheckpointPtr& checkpoint, const Args& args);
/// The preview of a conversion.
JobBody map_job(const CheckpointPtr& checkpoint, const Args& args);
/// Statistics: a model that fills for one tensor, a table that fills for several.
JobBody stat_job(const CheckpointPtr& checkpoint, const Args& args);
/// Any command; its output goes to a file where the step says so.
/// `open`, which may be null, is what no output may overwrite.
JobBody command_job(const Command& command, const CheckpointPtr& open, const Args& args,
                    const Step& step);

}  // namespace ckptscope
