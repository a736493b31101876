// Rules as data: what follows from one of them alone.
#include "core/mapping/mapping.hpp"

#include <algorithm>
#include <utility>

namespace ckptscope {
namespace {

/// Stands for what follows a prefix; no text can have a variable of that name.
constexpr const char* kRest = "{~}";

void for_each_tensor(Part& part, const auto& visit) {
  if (part.op == Part::Op::Tensor) visit(part);
  for (Part& inner : part.parts) for_each_tensor(inner, visit);
}

}  // namespace

std::string_view name_of(Side side) {
  return side == Side::Hf ? "hf" : "native";
}

void Equation::settle() {
  std::vector<Pattern*> patterns;
  for (Pattern& pattern : whole) patterns.push_back(&pattern);
  std::size_t number = 0;
  for_each_tensor(parts, [&](Part& part) {
    part.number = number++;
    for (Pattern& pattern : part.spellings) patterns.push_back(&pattern);
  });
  for (Pattern* to : patterns) {
    for (const Pattern* from : patterns) to->bind_sets(*from);
  }
}

bool Condition::holds(const Captures& captures) const {
  if (variable.empty()) return true;
  const std::uint64_t number = number_of(captures, variable);
  return below ? number < limit : number >= limit;
}

bool Drop::applies(std::string_view of) const {
  if (where.variable.empty()) return key.matches(of);
  const auto captures = key.match(of);
  return captures && where.holds(*captures);
}

Prefix::Prefix(std::string hf_start, std::string native_start)
    : hf(std::move(hf_start)),
      native(std::move(native_start)),
      is_plain_(hf.find('{') == hf.npos && native.find('{') == native.npos),
      hf_key_(hf + kRest),
      native_key_(native + kRest) {
  hf_key_.bind_sets(native_key_);
  native_key_.bind_sets(hf_key_);
}

std::optional<std::string> Prefix::replace(std::string_view key, Side from) const {
  const std::string& to = start(other(from));
  if (is_plain_) {
    const std::string& old = start(from);
    return key.starts_with(old) ? std::optional(to + std::string(key.substr(old.size())))
                                : std::nullopt;
  }
  const auto captures = (from == Side::Hf ? hf_key_ : native_key_).match(key);
  if (!captures || (from == Side::Hf && !where.holds(*captures))) return std::nullopt;
  return (from == Side::Hf ? native_key_ : hf_key_).expand(*captures);
}

bool Prefix::begins(std::string_view key, Side side) const {
  return is_plain_ ? key.starts_with(start(side)) : replace(key, side).has_value();
}

const QuantPreset* Mapping::find_preset(QuantScheme::Kind kind) const {
  const auto found = std::find_if(presets.begin(), presets.end(), [&](const QuantPreset& preset) {
    return preset.scheme().kind == kind;
  });
  return found == presets.end() ? nullptr : &*found;
}

}  // namespace ckptscope
