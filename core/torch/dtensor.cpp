// Fields are looked up by name; what is not there is an error that says so.
#include "core/torch/dtensor.hpp"

#include <algorithm>
#include <string_view>

#include "core/base/display.hpp"
#include "core/base/error.hpp"

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

/// Shard(d): d; Replicate: nullopt.
std::optional<std::uint64_t> sharded_dim(PickleValue placement) {
  if (is_call(placement, "Replicate")) return std::nullopt;
  if (!is_call(placement, "Shard")) {
    broken("a placement that is neither Shard nor Replicate");
  }
  PickleValue dim = entry(placement.call().state, "dim");
  const PickleValue arguments = placement.call().arguments;
  if (dim.is(Kind::None) && arguments.is(Kind::Tuple) && !arguments.items().empty()) {
    dim = arguments.items()[0];
  }
  if (!dim.is(Kind::Int) || dim.integer() < 0) broken("Shard without its dimension");
  return static_cast<std::uint64_t>(dim.integer());
}

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
  part.begin.assign(part.shape.size(), 0);

  const PickleValue spec = state_of(entry(state, "_spec"), "its spec");
  const PickleValue mesh = state_of(entry(spec, "mesh"), "its mesh");
  const std::vector<std::uint64_t> ranks = mesh_shape(mesh);
  const std::vector<std::uint64_t> at = numbers(entry(mesh, "_coordinate_on_dim"), "its rank");
  const PickleValue placements = entry(spec, "placements");
  const bool complete = placements.is(Kind::Tuple) && placements.items().size() == ranks.size() &&
                        at.size() == ranks.size();
  if (!complete) broken("placements of another mesh");
  std::vector<bool> cut(part.shape.size(), false);
  for (std::size_t m = 0; m < ranks.size(); ++m) {
    const auto dim = sharded_dim(placements.items()[m]);
    if (!dim) continue;
    if (*dim >= part.shape.size() || ranks[m] == 0) broken("Shard({}) of another shape", *dim);
    if (cut[*dim]) broken("dimension {} is cut twice", *dim);
    cut[*dim] = true;
    const std::uint64_t extent = part.shape[*dim];
    const std::uint64_t each = (extent + ranks[m] - 1) / ranks[m];
    part.begin[*dim] = std::min(extent, at[m] * each);
  }
  return part;
}

}  // namespace ckptscope
