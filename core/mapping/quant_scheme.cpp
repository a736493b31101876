// Tables.
#include "core/mapping/quant_scheme.hpp"

namespace ckptscope {
namespace {

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

std::span<const WrittenForm> written_forms() {
  using Kind = QuantScheme::Kind;
  const auto in_rows = [](QuantScheme scheme) {
    scheme.in_rows = true;
    scheme.lone_scale = false;  // others have such scales, too
    return scheme;
  };
  const QuantScheme fp8{Kind::Fp8, "", "", "_scale_inv"};
  constexpr std::array<std::uint64_t, 2> kMatrix{0, 0};
  constexpr std::array<std::uint64_t, 2> kSquare{128, 128};
  const auto fp8_blocks = [&](std::string_view name, PackAs as, Dtype scales, bool power) {
    return WrittenForm{name,           as,     fp8,     "fp8", "codes", "scales", "",
                       Dtype::F8_E4M3, scales, kSquare, power};
  };
  static const WrittenForm forms[] = {
      {"mxfp4",
       PackAs::Mxfp4,
       {Kind::Mxfp4, "", "_blocks", "_scales"},
       "mxfp4",
       "blocks",
       "scales"},
      {"fp8", PackAs::Fp8, fp8, "fp8", "codes", "scale", "", Dtype::F8_E4M3, Dtype::BF16, kMatrix},
      fp8_blocks("fp8_blocks", PackAs::Fp8Blocks, Dtype::F32, false),
      fp8_blocks("fp8_blocks_bf16", PackAs::Fp8BlocksBf16, Dtype::BF16, false),
      fp8_blocks("fp8_blocks_ue8m0", PackAs::Fp8BlocksUe8m0, Dtype::F32, true),
      [&] {
        WrittenForm form =
            fp8_blocks("fp8_blocks_e8m0", PackAs::Fp8BlocksE8m0, Dtype::F8_E8M0, true);
        form.scheme = {Kind::Fp8, ".weight", ".weight", ".scale"};
        return form;
      }(),
      {"mxfp4_rows", PackAs::Mxfp4Rows,
       in_rows({Kind::Mxfp4, ".weight", ".weight_packed", ".weight_scale"}), "mxfp4", "codes",
       "scales"},
      {"mxfp8", PackAs::Mxfp8, fp8, "mxfp8", "codes", "scales", "", Dtype::F8_E4M3},
      {"int4", PackAs::Int4,
       in_rows({Kind::Int4, ".weight", ".weight_packed", ".weight_scale", ".weight_shape"}), "int4",
       "codes", "scales", "shape", Dtype::I32, Dtype::BF16},
      {"fp4",
       PackAs::Fp4,
       {Kind::Fp4, ".weight", ".weight", ".scale"},
       "fp4",
       "codes",
       "scales",
       "",
       Dtype::I8,
       Dtype::F8_E8M0},
  };
  return forms;
}

const WrittenForm& written_form(PackAs as) {
  return written_forms()[static_cast<std::size_t>(as)];
}

}  // namespace ckptscope
