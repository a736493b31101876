// Fields are looked up by name; what is not there is an error that says so.
#include "core/torch/dtensor.hpp"

#include <algorithm>
#include <string_view>

#include "core/base/display.hpp"
#include "core/base/error.hpp"
#include "core/torch/pickle_text.hpp"

namespace ckptscope {
namespace {

using Kind = PickleValue::Kind;

template <typename... Args>
[[noreturn]] void broken(fmt::format_string<Args...> form, Args&&... args) {
  fail(Code::BadPickle, "dtensor: {}", fmt::format(form, std::forward<Args>(args)...));
}

bool is_global(PickleValue value, std::string_view name) {
  return value.is(Kind::Global) && value.global().name == name;
}

bool is_call(PickleValue value, std::string_view name) {
  return value.is(Kind::Call) && is_global(value.call().target, name);
}

/// Of a dict; None where it has no such entry.
PickleValue entry(PickleValue dict, std::string_view name) {
  if (!dict.is(Kind::Dict)) return {};
  for (const pickle::Entry& one : dict.entries()) {
    if (one.key.is(Kind::Text) && one.key.text().text == name) return one.value;
  }
  return {};
}

PickleValue state_of(PickleValue object, std::string_view what) {
  if (!object.is(Kind::Call)) broken("without {}", what);
  return object.call().state;
}

std::vector<std::uint64_t> numbers(PickleValue tuple, std::string_view what) {
  if (!tuple.is(Kind::Tuple) && !tuple.is(Kind::List)) broken("without {}", what);
  std::vector<std::uint64_t> all;
  for (const PickleValue item : tuple.items()) {
    if (!item.is(Kind::Int) || item.integer() < 0) broken("{} that is no list of numbers", what);
    all.push_back(static_cast<std::uint64_t>(item.integer()));
  }
  return all;
}

/// Ranks by dimension of the mesh: of the layout that newer torch keeps, or of the mesh itself.
std::vector<std::uint64_t> mesh_shape(PickleValue mesh) {
  const PickleValue layout = entry(mesh, "_layout");
  if (layout.is(Kind::Call)) {
    const PickleValue axes = entry(layout.call().state, "axes");
    if (!axes.is(Kind::Tuple)) broken("a mesh without axes");
    std::vector<std::uint64_t> shape;
    for (const PickleValue axis : axes.items()) {
      std::uint64_t ranks = 1;
      for (const std::uint64_t part : numbers(entry(state_of(axis, "an axis"), "shape"), "an axis"))
        ranks *= part;
      shape.push_back(ranks);
    }
    return shape;
  }
  const PickleValue tensor = entry(mesh, "mesh");
  if (!tensor.is(Kind::Tensor)) broken("a mesh of another form");
  return {tensor.tensor().shape.begin(), tensor.tensor().shape.end()};
}

/// A dimension of the tensor that a dimension of the mesh cuts.
struct Cut {
  std::uint64_t dim = 0;
  std::uint64_t later = 1;  // ranks to the right on the mesh that have cut it before
};

/// Shard(d), or _StridedShard(d, n), as FSDP2 over tensor parallelism has it; Replicate: nullopt.
std::optional<Cut> cut_of(PickleValue placement) {
  if (is_call(placement, "Replicate")) return std::nullopt;
  const bool strided = is_call(placement, "_StridedShard");
  if (!strided && !is_call(placement, "Shard")) {
    broken("{}, a placement that is not supported", text_of(placement));
  }
  const auto number = [&](std::string_view name, std::size_t place) {
    PickleValue value = entry(placement.call().state, name);
    const PickleValue arguments = placement.call().arguments;
    const bool given = arguments.is(Kind::Tuple) && arguments.items().size() > place;
    if (value.is(Kind::None) && given) value = arguments.items()[place];
    if (!value.is(Kind::Int) || value.integer() < 0) broken("Shard without its {}", name);
    return static_cast<std::uint64_t>(value.integer());
  };
  return Cut{number("dim", 0), strided ? number("split_factor", 1) : 1};
}

/// Of one rank: where its part begins and ends, cut by one dimension of the mesh after another.
class Parts {
 public:
  explicit Parts(const std::vector<std::uint64_t>& shape)
      : begin(shape.size(), 0), extent(shape), waiting_(shape.size()) {}

  std::vector<std::uint64_t> begin;
  std::vector<std::uint64_t> extent;

  /// The dimensions of the mesh come from left to right.
  void cut(const Cut& how, std::uint64_t ranks, std::uint64_t at) {
    if (how.dim >= extent.size() || ranks == 0) broken("Shard({}) of another shape", how.dim);
    std::vector<Waiting>& waiting = waiting_[how.dim];
    if (how.later > 1) return waiting.push_back({how.later, ranks, at});
    apply(how.dim, ranks, at);
    while (!waiting.empty()) {  // those that wanted this one first
      Waiting& last = waiting.back();
      last.later = last.later % ranks == 0 ? last.later / ranks : 0;
      if (last.later != 1) break;
      const Waiting now = last;
      waiting.pop_back();
      apply(how.dim, now.ranks, now.at);
      ranks = now.ranks;
    }
  }
  bool complete() const {
    return std::all_of(waiting_.begin(), waiting_.end(),
                       [](const auto& one) { return one.empty(); });
  }

 private:
  struct Waiting {
    std::uint64_t later;
    std::uint64_t ranks;
    std::uint64_t at;
  };
  void apply(std::uint64_t dim, std::uint64_t ranks, std::uint64_t at) {
    const std::uint64_t each = (extent[dim] + ranks - 1) / ranks;
    const std::uint64_t first = std::min(extent[dim], at * each);
    begin[dim] += first;
    extent[dim] = std::min(each, extent[dim] - first);
  }

  std::vector<std::vector<Waiting>> waiting_;  // by dimension
};

}  // namespace

std::optional<TensorPart> part_of_dtensor(PickleValue value) {
  if (!is_call(value, "_rebuild_from_type_v2")) return std::nullopt;
  const auto given = value.call().arguments.items();
  if (given.size() != 4 || !is_global(given[1], "DTensor")) return std::nullopt;
  const bool formed = given[2].is(Kind::Tuple) && given[2].items().size() > 2 &&
                      given[3].is(Kind::Tuple) && given[3].items().size() == 2;
  if (!formed) broken("of another form");
  const PickleValue state = given[3].items()[1];
  TensorPart part;
  part.local = entry(state, "_local_tensor");
  if (!part.local.is(Kind::Tensor)) broken("without its local tensor");
  part.shape = numbers(given[2].items()[2], "a shape");

  const PickleValue spec = state_of(entry(state, "_spec"), "its spec");
  const PickleValue mesh = state_of(entry(spec, "mesh"), "its mesh");
  const std::vector<std::uint64_t> ranks = mesh_shape(mesh);
  const std::vector<std::uint64_t> at = numbers(entry(mesh, "_coordinate_on_dim"), "its rank");
  const PickleValue placements = entry(spec, "placements");
  const bool complete = placements.is(Kind::Tuple) && placements.items().size() == ranks.size() &&
                        at.size() == ranks.size();
  if (!complete) broken("placements of another mesh");
  Parts parts(part.shape);
  for (std::size_t m = 0; m < ranks.size(); ++m) {
    if (const auto cut = cut_of(placements.items()[m])) parts.cut(*cut, ranks[m], at[m]);
  }
  if (!parts.complete()) broken("a _StridedShard without what it strides over");
  if (!same_shape(parts.extent, part.local.tensor().shape)) {
    broken("its local tensor is {}, the placements make {}", to_string(part.local.tensor().shape),
           to_string(parts.extent));
  }
  part.begin = std::move(parts.begin);
  return part;
}

}  // namespace ckptscope
