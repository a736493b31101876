// A conversion from plan to committed directory: preflight, write, read back, side files, commit.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/checkpoint/checkpoint.hpp"
#include "core/convert/parts.hpp"
#include "core/output/output_path.hpp"
#include "core/output/receipt.hpp"
#include "core/output/shard_layout.hpp"
#include "core/output/staging.hpp"
#include "core/plan/plan.hpp"
#include "core/run/executor.hpp"
#include "core/run/inputs.hpp"

namespace ckptscope {

enum class VerifyLevel { None, ReadBack, RoundTrip };
enum class ExistsPolicy { Fail, Skip, Replace };

struct ConvertOptions {
  OutputPath out;
  std::optional<std::uint64_t> max_shard_bytes;  // as lay_out takes it
  Resources resources;
  VerifyLevel verify = VerifyLevel::ReadBack;
  ExistsPolicy if_exists = ExistsPolicy::Fail;
  Leftover leftover = Leftover::Refuse;
  /// Of several: ReadBack or None, IfExists::Fail or Skip, no Restart, one rank.
  ConversionPart part{};
};

struct ConvertReport {
  bool skipped = false;  // --if-exists skip, and the output is this conversion's
  std::vector<Receipt::OutputFile> shards;
  std::uint64_t bytes = 0;            // of all shards, headers included
  std::vector<std::string> copied;    // side files
  std::vector<std::string> lent;      // of those, from the checkpoint of --like
  std::vector<std::string> left_out;  // side files that were not copied, with the reason
  Losses losses;
  bool config_edited = false;
  bool as_published = false;  // files are those of ShardLayout::as_published
  std::string replaced;       // where an old output went; may be empty
  bool committed = true;      // false: other parts are not done yet
  std::size_t done = 0;       // shards, by whomever
  std::vector<std::string> notes;
};

/// What stands in the way before a byte is written: an unsound plan or a damaged source (Refused),
/// placeholders as MXFP4 (Constant), values that must be zero and are not (NotZero), the output
/// (Exists, SameFiles), space (NoSpace). Reads headers, the first bytes of MXFP4 scales and the few
/// that must be zero.
void check_before(const PlanInputs& sources, const Plan& plan, const ShardLayout& layout,
                  const ConvertOptions& options);

/// All of `options.resources.ranks` call it with the same; each writes its share of the shards, the
/// first of them commits, and what it reports is the whole.
/// Throws as check_before, and NoSpace, Io, SourceChanged, Locked, Mismatch (read back differs),
/// Interrupted. After a throw OUT is as it was, and nothing of it is left beside OUT but shards
/// that are done: after NoSpace and Io, with Leftover::Resume, and of several ranks.
ConvertReport convert(const PlanInputs& sources, const Plan& plan, const ConvertOptions& options,
                      Progress& progress);

}  // namespace ckptscope
