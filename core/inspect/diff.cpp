#include "core/inspect/diff.hpp"

#include <algorithm>
#include <cstring>
#include <memory>

#include "core/base/buffer.hpp"
#include "core/base/bytes.hpp"
#include "core/base/display.hpp"
#include "core/base/natural_order.hpp"
#include "core/base/parallel.hpp"
#include "core/checkpoint/tensor_source.hpp"

namespace ckptscope {
namespace {

struct Pair {
  std::uint32_t a;
  std::uint32_t b;
};

/// Compares tensors of equal size; one per worker.
class PairReader {
 public:
  PairReader(const Checkpoint& a, const Checkpoint& b) : a_(a), b_(b) {}

  bool equal(const Pair& pair, std::uint64_t bytes, Progress& progress) {
    constexpr std::uint64_t kChunk = 1ull << 20;
    bool same = true;
    for (std::uint64_t done = 0; done < bytes && same; done += kChunk) {
      progress.check_stop();
      const std::uint64_t n = std::min(kChunk, bytes - done);
      const auto left = left_.take(n);
      const auto right = right_.take(n);
      a_.read(pair.a, done, left);
      b_.read(pair.b, done, right);
      same = std::memcmp(left.data(), right.data(), n) == 0;
    }
    progress.advance(bytes);
    return same;
  }

 private:
  CheckpointSource a_;
  CheckpointSource b_;
  Buffer left_;
  Buffer right_;
};

void compare_bytes(const Checkpoint& a, const Checkpoint& b, const std::vector<Pair>& pairs,
                   unsigned threads, Progress& progress, DiffReport& report) {
  std::uint64_t total = 0;
  for (const Pair& pair : pairs) total += a.tensors()[pair.a].bytes();
  progress.phase("compare", total);
  std::vector<char> same(pairs.size());
  std::vector<std::unique_ptr<PairReader>> readers(threads);
  parallel_for(pairs.size(), threads, [&](std::size_t i, unsigned worker) {
    if (!readers[worker]) readers[worker] = std::make_unique<PairReader>(a, b);
    same[i] = readers[worker]->equal(pairs[i], a.tensors()[pairs[i].a].bytes(), progress) ? 1 : 0;
  });
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    if (same[i] != 0) {
      ++report.equal;
    } else {
      const TensorInfo& info = a.tensors()[pairs[i].a];
      report.rows.push_back({DiffRow::Kind::OtherValues, std::string(info.name),
                             fmt::format("{} {}", name_of(info.dtype), to_string(info.shape))});
    }
  }
}

std::string describe(const TensorInfo& info) {
  return fmt::format("{} {}, {}", name_of(info.dtype), to_string(info.shape),
                     format_bytes(info.bytes()));
}

}  // namespace

std::string_view name_of(DiffRow::Kind kind) {
  switch (kind) {
    case DiffRow::Kind::OnlyA:
      return "only in A";
    case DiffRow::Kind::OnlyB:
      return "only in B";
    case DiffRow::Kind::OtherDtype:
      return "dtype";
    case DiffRow::Kind::OtherShape:
      return "shape";
    case DiffRow::Kind::OtherValues:
      break;
  }
  return "values";
}

DiffReport diff(const Checkpoint& a, const Checkpoint& b, bool values, unsigned threads,
                Progress& progress) {
  DiffReport report;
  std::vector<Pair> pairs;
  for (std::uint32_t id = 0; id < a.tensors().size(); ++id) {
    const TensorInfo& left = a.tensors()[id];
    const auto other = b.find(left.name);
    const std::string key(left.name);
    if (!other) {
      report.rows.push_back({DiffRow::Kind::OnlyA, key, describe(left)});
      continue;
    }
    ++report.in_both;
    const TensorInfo& right = b.tensors()[*other];
    if (left.dtype != right.dtype) {
      report.rows.push_back(
          {DiffRow::Kind::OtherDtype, key,
           fmt::format("{} in A, {} in B", name_of(left.dtype), name_of(right.dtype))});
    } else if (!same_shape(left.shape, right.shape)) {
      report.rows.push_back(
          {DiffRow::Kind::OtherShape, key,
           fmt::format("{} in A, {} in B", to_string(left.shape), to_string(right.shape))});
    } else {
      pairs.push_back({id, *other});
    }
  }
  for (const TensorInfo& right : b.tensors()) {
    if (!a.find(right.name))
      report.rows.push_back({DiffRow::Kind::OnlyB, std::string(right.name), describe(right)});
  }
  report.values_compared = values && !a.damaged() && !b.damaged();
  if (report.values_compared) {
    compare_bytes(a, b, pairs, threads, progress, report);
  } else {
    report.equal = pairs.size();
  }
  std::stable_sort(report.rows.begin(), report.rows.end(),
                   [](const DiffRow& x, const DiffRow& y) { return natural_less(x.key, y.key); });
  return report;
}

}  // namespace ckptscope
