// The words of a family's list. Tensors of an equation are numbered, and closed sets shared, at
// once.
#include "core/mapping/mapping.hpp"

#include <utility>

namespace ckptscope {
namespace {

void for_each_tensor(Part& part, const auto& visit) {
  if (part.op == Part::Op::Tensor) visit(part);
  for (Part& inner : part.parts) for_each_tensor(inner, visit);
}

/// Numbers the tensors; a closed set that one pattern of an equation declares holds in all of them.
void settle(Equation& equation) {
  std::vector<Pattern*> patterns;
  for (Pattern& pattern : equation.whole) patterns.push_back(&pattern);
  std::size_t number = 0;
  for_each_tensor(equation.parts, [&](Part& part) {
    part.number = number++;
    for (Pattern& pattern : part.spellings) patterns.push_back(&pattern);
  });
  for (Pattern* to : patterns) {
    for (const Pattern* from : patterns) to->bind_sets(*from);
  }
}

Part tensor(const Pattern& key, Side side) {
  Part part;
  part.spellings.push_back(key);
  part.side = side;
  return part;
}

Equation equation(Side side, const Pattern& whole, Part parts) {
  Equation result;
  result.side = side;
  result.whole.push_back(whole);
  result.parts = std::move(parts);
  settle(result);
  return result;
}

Equation with_spelling(Equation equation, Side side, const Pattern& spelling) {
  if (side == equation.side) {
    equation.whole.push_back(spelling);
  } else {
    equation.parts.spellings.push_back(spelling);
  }
  settle(equation);
  return equation;
}

}  // namespace

std::string_view name_of(Side side) {
  return side == Side::Hf ? "hf" : "native";
}

std::string_view name_of(QuantScheme::Kind kind) {
  switch (kind) {
    case QuantScheme::Kind::Mxfp4:
      return "mxfp4";
    case QuantScheme::Kind::Fp8:
      return "fp8";
  }
  return "";
}

Equation Equation::as(Dtype dtype) && {
  fixed = dtype;
  return std::move(*this);
}

Equation Equation::with_rows(Extent count) && {
  rows = count;
  return std::move(*this);
}

Equation Equation::also_hf(const Pattern& spelling) && {
  return with_spelling(std::move(*this), Side::Hf, spelling);
}

Equation Equation::also_native(const Pattern& spelling) && {
  return with_spelling(std::move(*this), Side::Native, spelling);
}

Rules::Rules(std::initializer_list<Rules> groups) {
  for (const Rules& group : groups) list.insert(list.end(), group.list.begin(), group.list.end());
}

Mapping::Mapping(std::initializer_list<Rules> groups) {
  for (const Rules& group : groups) add(group);
}

void Mapping::add(const Rules& rules) {
  const auto put = [this](const auto& rule) {
    using Type = std::decay_t<decltype(rule)>;
    if constexpr (std::is_same_v<Type, Equation>) equations.push_back(rule);
    if constexpr (std::is_same_v<Type, Drop>) drops.push_back(rule);
    if constexpr (std::is_same_v<Type, Prefix>) prefixes.push_back(rule);
    if constexpr (std::is_same_v<Type, Synth>) synths.push_back(rule);
    if constexpr (std::is_same_v<Type, QuantScheme>) schemes.push_back(rule);
    if constexpr (std::is_same_v<Type, QuantPreset>) presets.push_back(rule);
  };
  for (const Rule& rule : rules.list) std::visit(put, rule);
}

const QuantPreset* Mapping::find_preset(QuantScheme::Kind kind) const {
  for (const QuantPreset& preset : presets) {
    if (preset.scheme.kind == kind) return &preset;
  }
  return nullptr;
}

Part hf(const Pattern& key) {
  return tensor(key, Side::Hf);
}

Part native(const Pattern& key) {
  return tensor(key, Side::Native);
}

Part t(Part part) {
  Part result;
  result.op = Part::Op::Transpose;
  result.parts.push_back(std::move(part));
  return result;
}

Part cat(int dim, std::vector<Part> parts, Extent each) {
  Part result;
  result.op = Part::Op::Concat;
  result.dim = dim;
  result.parts = std::move(parts);
  result.each = each;
  return result;
}

Part stack(std::string index, Extent extent, Part part) {
  Part result;
  result.op = Part::Op::Stack;
  result.index = std::move(index);
  result.extent = extent;
  result.parts.push_back(std::move(part));
  return result;
}

Equation hf(const Pattern& whole, Part parts) {
  return equation(Side::Hf, whole, std::move(parts));
}

Equation native(const Pattern& whole, Part parts) {
  return equation(Side::Native, whole, std::move(parts));
}

Equation same(const Pattern& hf_key, const Pattern& native_key) {
  return native(native_key, hf(hf_key));
}

Prefix prefix(std::string hf, std::string native) {
  return {std::move(hf), std::move(native)};
}

Prefix back_only(std::string hf, std::string native) {
  return {std::move(hf), std::move(native), true};
}

Drop drop_hf(std::string rule, const Pattern& key, std::string reason) {
  return {std::move(rule), key, std::move(reason)};
}

Drop drop_hf(std::string rule, const Pattern& key, const Condition& condition, std::string reason) {
  return {std::move(rule), key, std::move(reason), condition.variable, condition.minimum};
}

}  // namespace ckptscope
