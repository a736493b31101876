// One conversion by several processes, on one machine or many: the same plan in each, shards shared
// out, OUT.partial on a file system that all of them see.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/output/output_path.hpp"
#include "core/output/receipt.hpp"
#include "core/output/shard_layout.hpp"
#include "core/output/staging.hpp"
#include "core/plan/plan.hpp"

namespace ckptscope {

struct ConversionPart {
  std::uint64_t number = 0;  // from 0
  std::uint64_t count = 1;

  bool is_all() const { return count == 1; }
};

/// "3/16", or "auto": rank and size as the launcher's environment says them (Open MPI, PMI, Slurm's
/// steps and job arrays, torchrun). Throws Usage for anything else, and where nothing says them.
ConversionPart parse_part(std::string_view text);

/// What a part reads and writes.
struct PartShare {
  std::vector<bool> shards;         // by number
  std::uint64_t bytes_read = 0;     // of tensors
  std::uint64_t bytes_written = 0;  // of files
};
/// Shards that are not done are dealt out by bytes read and written: see deal(). The same in every
/// process that sees the same.
PartShare share_of(const ConversionPart& part, const Plan& plan, const ShardLayout& layout,
                   const std::map<std::string, DoneShard>& done = {});

/// Bytes of tensors that must be read for an output.
std::uint64_t bytes_read_for(const Value& value);

/// The receipt of work that is done. Throws Incomplete, naming the shards that are not.
Receipt receipt_of(const StagedWork& work, const std::map<std::string, DoneShard>& done);

struct CommitReport {
  std::vector<Receipt::OutputFile> shards;
  std::vector<std::string> notes;
};
/// Commits what parts have left in OUT.partial, all of whose shards and side files are there.
/// Throws NotFound, Incomplete, Locked (a part still works on it), and what the file system says.
CommitReport commit_parts(const OutputPath& out);

}  // namespace ckptscope
