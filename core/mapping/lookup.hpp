// Finding keys among the rules of a mapping.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/mapping/mapping.hpp"

namespace ckptscope {

/// Where a key stands in an equation: as its whole, or as one of the tensors of its expression.
struct KeyPlace {
  const Equation* equation = nullptr;
  const Part* leaf = nullptr;  // null: the whole
  Captures captures;
};

/// The first equation of which `key`, a key of side `from` between prefixes and equations, is a
/// part.
std::optional<KeyPlace> find_place(const Mapping& mapping, std::string_view key, Side from);

/// The key with its start replaced by the first prefix rule that fits; unchanged when none does.
std::string with_prefix(const Mapping& mapping, std::string_view key, Side to);

/// The stack of an expression, or null. An expression has at most one.
const Part* find_stack(const Part& part);
/// The leftmost tensor of an expression.
const Part& first_tensor(const Part& part);

/// Calls `visit(tensor)` for every tensor of an expression, left to right.
template <typename Visit>
void for_each_tensor(const Part& part, const Visit& visit) {
  if (part.op == Part::Op::Tensor) visit(part);
  for (const Part& inner : part.parts) for_each_tensor(inner, visit);
}

/// How many keys speak for either side, by the equations, prefixes and schemes of a mapping. A key
/// that both sides have speaks for neither.
struct SideEvidence {
  std::size_t hf = 0;
  std::size_t native = 0;
  void add(const Mapping& mapping, std::string_view key);
};

}  // namespace ckptscope
