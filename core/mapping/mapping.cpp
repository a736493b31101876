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

/// One row a kind, in their order.
struct PackedForm {
  std::string_view name;
  bool (*codes)(Dtype);
  bool (*scales)(Dtype);
};
template <Dtype kDtype>
bool is(Dtype dtype) {
  return dtype == kDtype;
}
bool is_factor(Dtype dtype) {
  return is_exponent(dtype) || (is_number(dtype) && !is_fp8(dtype));
}
bool is_float(Dtype dtype) {
  return dtype == Dtype::BF16 || dtype == Dtype::F16 || dtype == Dtype::F32;
}
constexpr PackedForm kForms[] = {
    {"mxfp4", is<Dtype::U8>, is<Dtype::U8>},      {"fp8", is_fp8, is_factor},
    {"fp4", is<Dtype::I8>, is<Dtype::F8_E8M0>},   {"int4", is<Dtype::I32>, is_float},
    {"nvfp4", is<Dtype::U8>, is<Dtype::F8_E4M3>},
};

const PackedForm& form_of(QuantScheme::Kind kind) {
  return kForms[static_cast<std::size_t>(kind)];
}

}  // namespace

std::string_view name_of(Side side) {
  return side == Side::Hf ? "hf" : "native";
}

std::string_view name_of(QuantScheme::Kind kind) {
  return form_of(kind).name;
}

bool holds_codes(QuantScheme::Kind kind, Dtype dtype) {
  return form_of(kind).codes(dtype);
}

bool holds_scales(QuantScheme::Kind kind, Dtype dtype) {
  return form_of(kind).scales(dtype);
}

std::uint64_t codes_of(Dtype dtype) {
  return dtype == Dtype::I32 ? 8 : 2;
}

const QuantScheme& written_scheme(QuantScheme::Kind kind) {
  static const QuantScheme mxfp4{QuantScheme::Kind::Mxfp4, "", "_blocks", "_scales"};
  static const QuantScheme fp8{QuantScheme::Kind::Fp8, "", "", "_scale_inv"};
  return kind == QuantScheme::Kind::Mxfp4 ? mxfp4 : fp8;
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
    return preset.scheme.kind == kind;
  });
  return found == presets.end() ? nullptr : &*found;
}

}  // namespace ckptscope
