// The plan runs again into a sink that compares instead of writing.
#include "core/convert/verify.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <mutex>
#include <optional>
#include <set>

#include "core/base/buffer.hpp"
#include "core/base/display.hpp"
#include "core/convert/parts.hpp"
#include "core/convert/refusals.hpp"
#include "core/ranks/message.hpp"

namespace ckptscope {
namespace {

/// What can be told without reading: dtype and shape, or that it is not there.
std::optional<Difference> compare_headers(const Output& output, const Checkpoint& found) {
  const auto id = found.find(output.key);
  if (!id) return Difference{Difference::Kind::Missing, output.key, "expected, not there"};
  const TensorInfo& info = found.tensors()[*id];
  if (info.dtype != output.dtype()) {
    return Difference{
        Difference::Kind::OtherDtype, output.key,
        fmt::format("expected {}, found {}", name_of(output.dtype()), name_of(info.dtype))};
  }
  if (!same_shape(info.shape, output.shape())) {
    return Difference{
        Difference::Kind::OtherShape, output.key,
        fmt::format("expected {}, found {}", to_string(output.shape()), to_string(info.shape))};
  }
  return std::nullopt;
}

/// A reader of one checkpoint, and what it has read.
struct Reader {
  explicit Reader(const Checkpoint& checkpoint) : source(checkpoint) {}
  CheckpointSource source;
  Buffer buffer;
};

/// Readers, lent to whichever worker needs one.
class ReaderPool {
 public:
  explicit ReaderPool(const Checkpoint& checkpoint) : checkpoint_(checkpoint) {}

  std::unique_ptr<Reader> take() {
    const std::lock_guard lock(mutex_);
    if (idle_.empty()) return std::make_unique<Reader>(checkpoint_);
    std::unique_ptr<Reader> reader = std::move(idle_.back());
    idle_.pop_back();
    return reader;
  }
  void give_back(std::unique_ptr<Reader> reader) {
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(reader));
  }

 private:
  const Checkpoint& checkpoint_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Reader>> idle_;
};

/// Compares instead of writing; keeps the first differing byte of each output.
class CompareSink final : public TensorSink {
 public:
  /// `ranks` share the outputs out.
  CompareSink(const Checkpoint& found, const Plan& plan, Ranks& ranks)
      : ranks_(ranks), pool_(found), first_(plan.outputs.size(), kEqual) {
    std::vector<std::uint64_t> costs;
    for (const Output& output : plan.outputs) {
      ids_.push_back(found.find(output.key).value());
      costs.push_back(output.bytes() + bytes_read_for(*output.value));
    }
    rank_of_ = deal_in_order(costs, ranks.count());
  }

  bool wants(std::size_t output) const override { return rank_of_[output] == ranks_.number(); }

  void write(std::size_t output, std::uint64_t offset,
             std::span<const std::byte> expected) override {
    std::unique_ptr<Reader> reader = pool_.take();
    for (std::size_t done = 0; done < expected.size(); done += kChunk) {
      const auto wanted = expected.subspan(done, std::min(kChunk, expected.size() - done));
      const auto found =
          reader->source.fetch(ids_[output], offset + done, wanted.size(), reader->buffer);
      if (std::memcmp(wanted.data(), found.data(), wanted.size()) == 0) continue;
      const auto differs = std::mismatch(wanted.begin(), wanted.end(), found.begin());
      note(output, offset + done + static_cast<std::uint64_t>(differs.first - wanted.begin()));
      break;
    }
    pool_.give_back(std::move(reader));
  }

  /// What each rank has found, in all of them.
  void meet(const Progress& progress) {
    if (ranks_.is_one()) return;
    MessageWriter message;
    message(first_);
    const std::vector<std::string> all = ranks_.exchange(message.take(), progress);
    for (const std::string& text : all) {
      std::vector<std::uint64_t> theirs;
      MessageReader{text}(theirs);
      if (theirs.size() != first_.size()) fail(Code::Internal, "ranks compare different tensors");
      std::transform(first_.begin(), first_.end(), theirs.begin(), first_.begin(),
                     [](std::uint64_t a, std::uint64_t b) { return std::min(a, b); });
    }
  }

  std::optional<std::uint64_t> first_difference(std::size_t output) const {
    return first_[output] == kEqual ? std::nullopt : std::optional(first_[output]);
  }

 private:
  static constexpr std::uint64_t kEqual = ~0ull;
  static constexpr std::size_t kChunk = std::size_t{1} << 20;

  void note(std::size_t output, std::uint64_t at) {
    const std::lock_guard lock(mutex_);
    first_[output] = std::min(first_[output], at);
  }

  Ranks& ranks_;
  ReaderPool pool_;
  std::vector<std::size_t> rank_of_;  // by output, as the next two
  std::vector<std::uint32_t> ids_;
  std::mutex mutex_;
  std::vector<std::uint64_t> first_;
};

void report_extra(const Plan& plan, const Checkpoint& found, VerifyReport& report) {
  std::set<std::string_view> expected;
  for (const Output& output : plan.outputs) expected.insert(output.key);
  for (const TensorInfo& info : found.tensors()) {
    if (expected.contains(info.name)) continue;
    report.differences.push_back({Difference::Kind::Extra, std::string(info.name), "not expected"});
  }
}

void refuse_damaged(const Checkpoint& source) {
  for (const Shard& shard : source.shards()) {
    if (shard.damaged) fail(Code::Refused, "{}: the source is damaged", display(shard.path));
  }
}

std::string describe_difference(const Output& output, std::uint64_t byte) {
  const std::uint64_t element = byte * 8 / bits_of(output.dtype());
  return fmt::format("differs from element {} on", to_string(index_of(output.shape(), element)));
}

}  // namespace

std::string_view name_of(Difference::Kind kind) {
  switch (kind) {
    case Difference::Kind::Missing:
      return "missing";
    case Difference::Kind::Extra:
      return "extra";
    case Difference::Kind::OtherDtype:
      return "dtype";
    case Difference::Kind::OtherShape:
      return "shape";
    case Difference::Kind::Damaged:
      return "damaged";
    case Difference::Kind::OtherValues:
      break;
  }
  return "values";
}

VerifyReport verify(const PlanInputs& source, const Plan& plan, const Checkpoint& output,
                    const Resources& resources, Progress& progress) {
  plan.require_sound(source.checkpoint.name());
  source.checkpoint.require_values("verify");
  output.require_values("verify");
  refuse_damaged(source.checkpoint);
  refuse_damaged_like(source);
  refuse_values(source, plan);
  agree(
      *resources.ranks, "plan", [&] { return plan.hash(); }, progress);
  VerifyReport report;
  report.tensors = plan.outputs.size();
  for (const Problem& problem : output.problems()) {
    if (problem.severity != Severity::Error) continue;
    report.differences.push_back({Difference::Kind::Damaged, problem.key, problem.message});
  }
  if (!report.verified()) return report;
  std::set<std::string_view> differing;
  for (const Output& one : plan.outputs) {
    auto difference = compare_headers(one, output);
    if (!difference) continue;
    differing.insert(one.key);
    report.differences.push_back(std::move(*difference));
  }
  const Plan comparable =
      plan.subset([&](const Output& one) { return !differing.contains(one.key); },
                  [](const TensorInfo&) { return true; });
  CompareSink sink(output, comparable, *resources.ranks);
  report.losses = execute(
      comparable, [&] { return source.open(comparable); }, sink, resources, progress, "verify");
  sink.meet(progress);
  for (std::size_t i = 0; i < comparable.outputs.size(); ++i) {
    const Output& one = comparable.outputs[i];
    if (const auto at = sink.first_difference(i)) {
      report.differences.push_back(
          {Difference::Kind::OtherValues, one.key, describe_difference(one, *at)});
    } else {
      ++report.equal;
      report.bytes_equal += one.bytes();
    }
  }
  report_extra(plan, output, report);
  return report;
}

}  // namespace ckptscope
