// Headers first; values only where those agree.
#include "core/inspect/diff.hpp"

#include <algorithm>
#include <memory>

#include "core/base/bytes.hpp"
#include "core/base/display.hpp"
#include "core/base/natural_order.hpp"
#include "core/inspect/same_bytes.hpp"
#include "core/ranks/shared_results.hpp"
#include "core/source/tensor_source.hpp"

namespace ckptscope {
namespace {

struct Pair {
  std::uint32_t a;
  std::uint32_t b;
};

void compare_bytes(const Checkpoint& a, const Checkpoint& b, const std::vector<Pair>& pairs,
                   const Workers& workers, Progress& progress, DiffReport& report) {
  std::vector<std::uint64_t> bytes;
  for (const Pair& pair : pairs) bytes.push_back(a.tensors()[pair.a].bytes());
  PerWorker<CheckpointBytes> readers(workers.threads);
  const auto same = shared_results<char>(
      "compare", bytes, workers, progress, [&](std::size_t i, unsigned worker) {
        CheckpointBytes& both = readers.of(worker, a, b);
        return both.same(pairs[i].a, pairs[i].b, bytes[i], progress);
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

DiffReport diff(const Checkpoint& a, const Checkpoint& b, bool values, const Workers& workers,
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
    compare_bytes(a, b, pairs, workers, progress, report);
  } else {
    report.equal = pairs.size();
  }
  std::stable_sort(report.rows.begin(), report.rows.end(),
                   [](const DiffRow& x, const DiffRow& y) { return natural_less(x.key, y.key); });
  return report;
}

}  // namespace ckptscope
