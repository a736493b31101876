// Rules are tried in the order in which they stand; the first that matches is it.
#include "core/mapping/lookup.hpp"

#include <algorithm>
#include <utility>

namespace ckptscope {
namespace {

std::optional<Captures> match_any(const std::vector<Pattern>& spellings, std::string_view key) {
  for (const Pattern& spelling : spellings) {
    if (auto captures = spelling.match(key)) return captures;
  }
  return std::nullopt;
}

std::optional<KeyPlace> find_tensor(const Equation& equation, const Part& part,
                                    std::string_view key) {
  if (part.op == Part::Op::Tensor) {
    auto captures = match_any(part.spellings, key);
    return captures ? std::optional(KeyPlace{&equation, &part, std::move(*captures)})
                    : std::nullopt;
  }
  for (const Part& inner : part.parts) {
    if (auto place = find_tensor(equation, inner, key)) return place;
  }
  return std::nullopt;
}

bool is_any(const std::vector<Pattern>& spellings, std::string_view key) {
  return std::any_of(spellings.begin(), spellings.end(),
                     [&](const Pattern& spelling) { return spelling.matches(key); });
}

bool has_tensor(const Part& part, std::string_view key) {
  return is_any(part.spellings, key) ||
         std::any_of(part.parts.begin(), part.parts.end(),
                     [&](const Part& inner) { return has_tensor(inner, key); });
}

/// Whether find_place() finds it.
bool is_named(const Mapping& mapping, std::string_view key, Side side) {
  return std::any_of(mapping.equations.begin(), mapping.equations.end(),
                     [&](const Equation& equation) {
                       return equation.side == side ? is_any(equation.whole, key)
                                                    : has_tensor(equation.parts, key);
                     });
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
  for (const Equation& equation : mapping.equations) {
    if (equation.side != from) {
      if (auto place = find_tensor(equation, equation.parts, key)) return place;
    } else if (auto captures = match_any(equation.whole, key)) {
      return KeyPlace{&equation, nullptr, std::move(*captures)};
    }
  }
  return std::nullopt;
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
  const bool named_hf = is_named(mapping, inner, Side::Hf);
  const bool named_native = is_named(mapping, key, Side::Native);
  if (named_hf && !named_native) {
    ++hf;
  } else if ((named_native && !named_hf) || (like_native && !like_hf)) {
    ++native;
  }
}

}  // namespace ckptscope
