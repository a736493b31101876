// One row a form. Sources of the names: OCP MX checkpoints of GPT-OSS, ModelOpt,
// compressed-tensors, AutoGPTQ, AutoAWQ, bitsandbytes, DeepSeek-V4.
#include "core/names/packed_forms.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "core/names/companions.hpp"

namespace ckptscope {
namespace {

/// Codes of a suffix and a dtype, beside a tensor of another suffix.
struct FormRow {
  std::string_view form;
  std::string_view codes;
  Dtype dtype;
  std::string_view beside;
  std::optional<Dtype> beside_dtype;
  std::uint64_t values;       // of an element; 0: as many as bits fit in
  bool same_columns = false;  // as what lies beside: packed along rows
};

constexpr std::array kFormRows{
    FormRow{"mxfp4", kBlocksSuffix, Dtype::U8, kScalesSuffix, {}, 2},
    FormRow{"nvfp4", ".weight", Dtype::U8, ".weight_scale_2", {}, 2},
    FormRow{"nvfp4", ".weight_packed", Dtype::U8, ".weight_global_scale", {}, 2},
    FormRow{"mxfp4", ".weight_packed", Dtype::U8, ".weight_scale", Dtype::U8, 2},
    FormRow{"mxfp4", ".weight", Dtype::U8, ".weight_scale", Dtype::U8, 2},
    FormRow{"fp4", ".weight", Dtype::I8, ".scale", Dtype::F8_E8M0, 2},
    FormRow{"pack-quantized", ".weight_packed", Dtype::I32, ".weight_scale", {}, 0},
    FormRow{"gptq", ".qweight", Dtype::I32, ".scales", {}, 0, true},
    FormRow{"awq", ".qweight", Dtype::I32, ".scales", {}, 0},
    FormRow{"bitsandbytes 4-bit", ".weight", Dtype::U8, ".weight.absmax", {}, 2},
    FormRow{"bitsandbytes int8", ".weight", Dtype::I8, ".SCB", {}, 1},
    FormRow{"int8", ".weight", Dtype::I8, ".weight_scale", {}, 1},
};

bool fits(const FormRow& row, const TensorList& tensors, const TensorInfo& info) {
  if (info.dtype != row.dtype || !info.name.ends_with(row.codes)) return false;
  std::string beside(info.name.substr(0, info.name.size() - row.codes.size()));
  beside += row.beside;
  const auto id = tensors.find(beside);
  if (!id) return false;
  const ShapeView other = tensors.tensors[*id].shape;
  const bool same = !other.empty() && !info.shape.empty() && other.back() == info.shape.back();
  return (!row.same_columns || same) &&
         (!row.beside_dtype || tensors.tensors[*id].dtype == *row.beside_dtype);
}

}  // namespace

bool is_part_of_weight(const TensorList& tensors, std::uint32_t id) {
  const auto weights = possible_companions(tensors.tensors[id].name);
  return std::any_of(weights.begin(), weights.end(), [&](const Companion& companion) {
    return tensors.find(companion.weight).has_value();
  });
}

std::optional<PackedWeight> packed_weight(const TensorList& tensors, std::uint32_t id,
                                          std::uint64_t bits) {
  const TensorInfo& info = tensors.tensors[id];
  const std::uint64_t elements = info.elements();
  if (bits < 1 || bits > 32) bits = 4;  // no word of a file is believed
  for (const FormRow& row : kFormRows) {
    if (!fits(row, tensors, info)) continue;
    if (row.values > 0) return PackedWeight{row.form, row.values * elements};
    return PackedWeight{row.form, elements / bits * 32 + elements % bits * 32 / bits};
  }
  if (is_fp8(info.dtype) && !is_part_of_weight(tensors, id)) return PackedWeight{"fp8", elements};
  return std::nullopt;
}

}  // namespace ckptscope
