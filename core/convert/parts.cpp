// Nothing is sent between parts: records in the staging directory say all.
#include "core/convert/parts.hpp"

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <utility>

#include "core/base/bytes.hpp"
#include "core/base/display.hpp"
#include "core/base/error.hpp"
#include "core/ranks/ranks.hpp"

namespace ckptscope {
namespace {

/// Where launchers say which of how many a process is.
struct Launcher {
  const char* rank;
  const char* size;
};
constexpr Launcher kLaunchers[] = {
    {"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"},
    {"PMI_RANK", "PMI_SIZE"},
    {"SLURM_PROCID", "SLURM_NTASKS"},
    {"RANK", "WORLD_SIZE"},
};

std::optional<std::uint64_t> number_in_environment(const char* name) {
  const char* text = std::getenv(name);
  return text == nullptr ? std::nullopt : parse_number(text);
}

/// Its ids begin anywhere and may have a step; a list with gaps tells nobody's rank.
std::optional<ConversionPart> part_of_slurm_array() {
  const auto id = number_in_environment("SLURM_ARRAY_TASK_ID");
  const auto count = number_in_environment("SLURM_ARRAY_TASK_COUNT");
  if (!id || !count) return std::nullopt;
  const std::uint64_t first = number_in_environment("SLURM_ARRAY_TASK_MIN").value_or(0);
  const std::uint64_t step =
      std::max<std::uint64_t>(1, number_in_environment("SLURM_ARRAY_TASK_STEP").value_or(1));
  const bool is_rank = *id >= first && (*id - first) % step == 0 && (*id - first) / step < *count;
  if (!is_rank) {
    fail(Code::Usage, "--part auto: task {} of a job array of {} is no rank; --part R/N says it",
         *id, *count);
  }
  return ConversionPart{(*id - first) / step, *count};
}

/// A job array says more than its tasks' steps of one process each.
std::optional<ConversionPart> part_of_launcher() {
  std::optional<ConversionPart> found = part_of_slurm_array();
  for (const Launcher& launcher : kLaunchers) {
    const auto rank = number_in_environment(launcher.rank);
    const auto size = number_in_environment(launcher.size);
    if (!rank || !size || *rank >= *size) continue;
    if (!found || found->is_all()) found = ConversionPart{*rank, *size};
  }
  return found;
}

std::string list_of_shards(const std::vector<std::string>& names) {
  constexpr std::size_t kMost = 5;
  const std::size_t shown = std::min(names.size(), kMost);
  std::string text;
  for (std::size_t i = 0; i < shown; ++i) text += (i > 0 ? ", " : "") + display(names[i]);
  return names.size() > shown ? fmt::format("{} and {} more", text, names.size() - shown) : text;
}

}  // namespace

ConversionPart parse_part(std::string_view text) {
  if (text == "auto") {
    if (const auto part = part_of_launcher()) return *part;
    fail(Code::Usage, "--part auto: no launcher says rank and size; --part R/N does");
  }
  const std::size_t slash = text.find('/');
  const auto number = parse_number(text.substr(0, slash));
  const auto count = slash == text.npos ? std::nullopt : parse_number(text.substr(slash + 1));
  if (!number || !count || *number >= *count) {
    fail(Code::Usage, "--part {}: R/N is expected, R from 0 to N - 1, or auto", display(text));
  }
  return {*number, *count};
}

std::uint64_t bytes_read_for(const Value& value) {
  using Op = Value::Op;
  if (value.op == Op::Input) return byte_count(value.dtype, value.shape);
  std::uint64_t bytes = 0;
  for (const ValuePtr argument : value.args) bytes += bytes_read_for(*argument);
  if (value.op != Op::Slice && value.op != Op::Select) return bytes;
  // Of a part of the argument as much of its bytes.
  const double all = static_cast<double>(product(value.args[0]->shape));
  const double share = all == 0 ? 0 : static_cast<double>(product(value.shape)) / all;
  return static_cast<std::uint64_t>(static_cast<double>(bytes) * share);
}

PartShare share_of(const ConversionPart& part, const Plan& plan, const ShardLayout& layout,
                   const std::map<std::string, DoneShard>& done) {
  std::vector<std::uint64_t> read(layout.shards.size());
  for (std::size_t i = 0; i < plan.outputs.size(); ++i) {
    read[layout.shard_of[i]] += bytes_read_for(*plan.outputs[i].value);
  }
  std::vector<std::size_t> left;
  std::vector<std::uint64_t> costs;
  for (std::size_t shard = 0; shard < read.size(); ++shard) {
    if (done.contains(layout.shards[shard].name)) continue;
    left.push_back(shard);
    costs.push_back(read[shard] + layout.shards[shard].file_bytes());
  }
  PartShare share{std::vector<bool>(read.size())};
  const std::vector<std::size_t> part_of = deal(costs, part.count);
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (part_of[i] != part.number) continue;
    share.shards[left[i]] = true;
    share.bytes_read += read[left[i]];
    share.bytes_written += layout.shards[left[i]].file_bytes();
  }
  return share;
}

Receipt receipt_of(const StagedWork& work, const std::map<std::string, DoneShard>& done) {
  auto receipt = parse_receipt(work.conversion);
  if (!receipt) fail(Code::Internal, "a journal without a conversion");
  std::vector<std::string> missing;
  for (const StagedWork::Shard& shard : work.shards) {
    const auto record = done.find(shard.name);
    if (record == done.end()) {
      missing.push_back(shard.name);
      continue;
    }
    receipt->outputs.push_back({shard.name, shard.bytes, record->second.xxh3});
    receipt->overflowed.insert(record->second.overflowed.begin(), record->second.overflowed.end());
  }
  if (!missing.empty()) {
    fail(Code::Incomplete, "{} of {} shards are done; not {}", done.size(), work.shards.size(),
         list_of_shards(missing));
  }
  return *receipt;
}

CommitReport commit_parts(const OutputPath& out) {
  CommitReport report;
  const std::string partial = partial_of(out.text());
  const auto left = read_left(out.text());
  if (!left || left->work.conversion.empty()) {
    if (const std::string note = finish_commit(out); !note.empty()) report.notes.push_back(note);
    const auto made = read_receipt(out.text());
    if (!made) fail(Code::NotFound, "{}: no conversion that parts have left", display(partial));
    report.shards = made->outputs;
    report.notes.push_back("it was committed already");
    return report;
  }
  Receipt receipt = receipt_of(left->work, left->done);
  if (!has_side_files(partial)) {
    fail(Code::Incomplete,
         "{}: config.json and what lies beside it are missing; any part that runs "
         "again writes them and commits",
         display(partial));
  }
  Staging staging(out, left->work, {.leftover = Leftover::Resume});
  receipt = receipt_of(left->work, staging.done_now());
  staging.write_text(std::string(kReceiptName), receipt.to_json());
  staging.commit();
  report.shards = std::move(receipt.outputs);
  return report;
}

}  // namespace ckptscope
