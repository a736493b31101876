// Rules are tried in the order in which they stand; the first that matches is it.
#include "core/mapping/lookup.hpp"

#include <algorithm>
#include <utility>

namespace ckptscope {
namespace {

/// A key's place before anything is captured, and the spelling that it has there.
struct Spelled {
  const Equation* equation;
  const Part* leaf;  // null: the whole
  const Pattern* pattern;
};

const Pattern* find_spelling(const std::vector<Pattern>& spellings, std::string_view key) {
  const auto found = std::find_if(spellings.begin(), spellings.end(),
                                  [&](const Pattern& one) { return one.matches(key); });
  return found == spellings.end() ? nullptr : &*found;
}

std::optional<Spelled> find_tensor(const Equation& equation, const Part& part,
                                   std::string_view key) {
  if (const Pattern* pattern = find_spelling(part.spellings, key)) {
    return Spelled{&equation, &part, pattern};
  }
  for (const Part& inner : part.parts) {
    if (const auto found = find_tensor(equation, inner, key)) return found;
  }
  return std::nullopt;
}

std::optional<Spelled> find_spelled(const Mapping& mapping, std::string_view key, Side from) {
  for (const Equation& equation : mapping.equations) {
    if (equation.side != from) {
      if (const auto found = find_tensor(equation, equation.parts, key)) return found;
    } else if (const Pattern* pattern = find_spelling(equation.whole, key)) {
      return Spelled{&equation, nullptr, pattern};
    }
  }
  return std::nullopt;
}

/// The key begins as keys of that side do, and would begin otherwise on the other one.
bool begins_like(const Mapping& mapping, std::string_view key, Side side) {
  for (const Prefix& rule : mapping.prefixes) {
    if (!rule.reads(side)) continue;
    if (const auto replaced = rule.replace(key, side)) {
      return !rule.start(side).empty() && *replaced != key;
    }
  }
  return false;
}

bool is_scale(const Mapping& mapping, std::string_view key) {
  return std::any_of(mapping.schemes.begin(), mapping.schemes.end(),
                     [&](const QuantScheme& scheme) {
                       return scheme.lone_scale && key.ends_with(scheme.scale_suffix);
                     });
}

bool is_dropped_of_hf(const Mapping& mapping, std::string_view key) {
  return std::any_of(mapping.drops.begin(), mapping.drops.end(),
                     [&](const Drop& drop) { return drop.side == Side::Hf && drop.applies(key); });
}

}  // namespace

std::optional<KeyPlace> find_place(const Mapping& mapping, std::string_view key, Side from) {
  const auto found = find_spelled(mapping, key, from);
  if (!found) return std::nullopt;
  return KeyPlace{found->equation, found->leaf, found->pattern->match(key).value()};
}

std::string with_prefix(const Mapping& mapping, std::string_view key, Side to) {
  const Side from = other(to);
  for (const Prefix& rule : mapping.prefixes) {
    if (!rule.reads(from)) continue;
    if (auto replaced = rule.replace(key, from)) return std::move(*replaced);
  }
  return std::string(key);
}

const Part* find_stack(const Part& part) {
  if (part.op == Part::Op::Stack) return &part;
  for (const Part& inner : part.parts) {
    if (const Part* found = find_stack(inner)) return found;
  }
  return nullptr;
}

const Part& first_tensor(const Part& part) {
  return part.op == Part::Op::Tensor ? part : first_tensor(part.parts.front());
}

void SideEvidence::add(const Mapping& mapping, std::string_view key) {
  const bool like_hf = begins_like(mapping, key, Side::Hf);
  const bool like_native = begins_like(mapping, key, Side::Native);
  if ((like_hf && !like_native) || is_scale(mapping, key) || is_dropped_of_hf(mapping, key)) {
    ++hf;
    return;
  }
  const std::string inner = with_prefix(mapping, key, Side::Native);
  const bool named_hf = find_spelled(mapping, inner, Side::Hf).has_value();
  const bool named_native = find_spelled(mapping, key, Side::Native).has_value();
  if (named_hf && !named_native) {
    ++hf;
  } else if ((named_native && !named_hf) || (like_native && !like_hf)) {
    ++native;
  }
}

}  // namespace ckptscope
