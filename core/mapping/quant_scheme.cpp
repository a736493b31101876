// Tables.
#include "core/mapping/quant_scheme.hpp"

#include <algorithm>

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

namespace {

using Kind = QuantScheme::Kind;

WrittenForm make_form(std::string_view name, PackAs as, const QuantScheme& scheme,
                      std::string_view codes, Dtype codes_dtype, Dtype scales_dtype) {
  WrittenForm form{name, as, scheme, name_of(scheme.kind), codes, "scales"};
  form.codes_dtype = codes_dtype;
  form.scales_dtype = scales_dtype;
  return form;
}

/// In rows, where others have such scales, too.
WrittenForm in_rows(WrittenForm form) {
  form.scheme.in_rows = true;
  form.scheme.lone_scale = false;
  return form;
}

WrittenForm fp8(std::string_view name, PackAs as, const QuantScheme& scheme, Dtype scales,
                std::array<std::uint64_t, 2> block, bool power_of_two = false) {
  WrittenForm form = make_form(name, as, scheme, "codes", Dtype::F8_E4M3, scales);
  form.block = block;
  form.power_of_two = power_of_two;
  if (form.has_one_scale()) form.scales = "scale";
  return form;
}

WrittenForm nvfp4(std::string_view name, PackAs as, const QuantScheme& scheme, std::size_t rank) {
  WrittenForm form = make_form(name, as, scheme, "codes", Dtype::U8, Dtype::F8_E4M3);
  form.third = "factor";
  form.factor_rank = rank;
  form.block = {1, kNvfp4Block};
  return form;
}

std::vector<WrittenForm> make_forms() {
  constexpr std::array<std::uint64_t, 2> kMatrix{0, 0};
  constexpr std::array<std::uint64_t, 2> kSquare{128, 128};
  constexpr std::array<std::uint64_t, 2> kRow{1, 32};
  const QuantScheme gpt_oss{Kind::Mxfp4, "", "_blocks", "_scales"};
  const QuantScheme inverse{Kind::Fp8, "", "", "_scale_inv"};
  const QuantScheme deepseek_v4{Kind::Fp8, ".weight", ".weight", ".scale"};
  const QuantScheme modelopt{Kind::Fp8, ".weight", ".weight", ".weight_scale"};
  const QuantScheme rows{Kind::Mxfp4, ".weight", ".weight_packed", ".weight_scale"};
  const QuantScheme int4{Kind::Int4, ".weight", ".weight_packed", ".weight_scale", ".weight_shape"};
  const QuantScheme fp4{Kind::Fp4, ".weight", ".weight", ".scale"};
  const QuantScheme two{Kind::Nvfp4, ".weight", ".weight", ".weight_scale", ".weight_scale_2"};
  QuantScheme global{Kind::Nvfp4, ".weight", ".weight_packed", ".weight_scale",
                     ".weight_global_scale"};
  global.divides = true;
  WrittenForm mxfp8 = fp8("mxfp8", PackAs::Mxfp8, inverse, Dtype::U8, kRow);
  mxfp8.word = "mxfp8";
  WrittenForm int4_form =
      in_rows(make_form("int4", PackAs::Int4, int4, "codes", Dtype::I32, Dtype::BF16));
  int4_form.third = "shape";
  return {
      make_form("mxfp4", PackAs::Mxfp4, gpt_oss, "blocks", Dtype::U8, Dtype::U8),
      fp8("fp8", PackAs::Fp8, inverse, Dtype::BF16, kMatrix),
      fp8("fp8_blocks", PackAs::Fp8Blocks, inverse, Dtype::F32, kSquare),
      fp8("fp8_blocks_bf16", PackAs::Fp8BlocksBf16, inverse, Dtype::BF16, kSquare),
      fp8("fp8_blocks_ue8m0", PackAs::Fp8BlocksUe8m0, inverse, Dtype::F32, kSquare, true),
      fp8("fp8_blocks_e8m0", PackAs::Fp8BlocksE8m0, deepseek_v4, Dtype::F8_E8M0, kSquare, true),
      in_rows(make_form("mxfp4_rows", PackAs::Mxfp4Rows, rows, "codes", Dtype::U8, Dtype::U8)),
      mxfp8,
      int4_form,
      make_form("fp4", PackAs::Fp4, fp4, "codes", Dtype::I8, Dtype::F8_E8M0),
      fp8("fp8_modelopt", PackAs::Fp8Modelopt, modelopt, Dtype::F32, kMatrix),
      nvfp4("nvfp4", PackAs::Nvfp4, two, 0),
      nvfp4("nvfp4_divided", PackAs::Nvfp4Divided, global, 1),
  };
}

}  // namespace

std::span<const WrittenForm> written_forms() {
  static const std::vector<WrittenForm> forms = make_forms();
  return forms;
}

const WrittenForm* find_written_form(std::string_view name) {
  const auto forms = written_forms();
  const auto found = std::find_if(forms.begin(), forms.end(),
                                  [&](const WrittenForm& form) { return form.name == name; });
  return found == forms.end() ? nullptr : &*found;
}

std::string written_form_names() {
  std::string names;
  for (const WrittenForm& form : written_forms()) {
    names.append(names.empty() ? "one of " : ", ").append(form.name);
  }
  return names;
}

const WrittenForm& written_form(PackAs as) {
  return written_forms()[static_cast<std::size_t>(as)];
}

}  // namespace ckptscope
