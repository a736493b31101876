// A conversion from plan to committed directory: preflight, write, read back, side files, commit.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "core/checkpoint.hpp"
#include "core/executor.hpp"
#include "core/output_path.hpp"
#include "core/plan.hpp"
#include "core/receipt.hpp"
#include "core/shard_layout.hpp"

namespace ckptscope {

enum class VerifyLevel { None, ReadBack, RoundTrip };
enum class ExistsPolicy { Fail, Skip, Replace };

struct ConvertOptions {
  OutputPath out;
  std::uint64_t max_shard_bytes = 5'000'000'000;
  Resources resources;
  VerifyLevel verify = VerifyLevel::ReadBack;
  ExistsPolicy if_exists = ExistsPolicy::Fail;
  std::set<std::string, std::less<>> allow;  // codes of index defects that do not stop it
};

struct ConvertReport {
  bool skipped = false;  // --if-exists skip, and the output is this conversion's
  std::vector<Receipt::OutputFile> shards;
  std::uint64_t bytes = 0;            // of all shards, headers included
  std::vector<std::string> copied;    // side files
  std::vector<std::string> left_out;  // side files that were not copied, with the reason
  bool config_edited = false;
  std::string replaced;  // where an old output went; may be empty
  std::vector<std::string> notes;
};

/// What stands in the way before a byte is written: an unsound plan or a damaged source (Refused),
/// placeholders as MXFP4 (Constant), the output (Exists, SameFiles), space (NoSpace). Reads headers
/// and at most the first bytes of MXFP4 scales.
void check_before(const Checkpoint& source, const Plan& plan, const ShardLayout& layout,
                  const ConvertOptions& options);

/// Throws as check_before, and NoSpace, Io, SourceChanged, Locked, Mismatch (read back differs),
/// Interrupted. After a throw nothing of it is left and OUT is as it was.
ConvertReport convert(const Checkpoint& source, const Plan& plan, const ConvertOptions& options,
                      Progress& progress);

}  // namespace ckptscope
