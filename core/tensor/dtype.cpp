// One row a dtype.
#include "core/tensor/dtype.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace ckptscope {
namespace {

constexpr std::array kDtypes{
    DtypeRow{Dtype::BOOL, "BOOL", 8, false, "bool"},
    DtypeRow{Dtype::F4, "F4", 4, false, "float4_e2m1fn_x2"},
    DtypeRow{Dtype::F6_E2M3, "F6_E2M3", 6, false, ""},
    DtypeRow{Dtype::F6_E3M2, "F6_E3M2", 6, false, ""},
    DtypeRow{Dtype::U8, "U8", 8, false, "uint8"},
    DtypeRow{Dtype::I8, "I8", 8, false, "int8"},
    DtypeRow{Dtype::F8_E5M2, "F8_E5M2", 8, true, "float8_e5m2"},
    DtypeRow{Dtype::F8_E4M3, "F8_E4M3", 8, true, "float8_e4m3fn"},
    DtypeRow{Dtype::F8_E8M0, "F8_E8M0", 8, false, "float8_e8m0fnu"},
    DtypeRow{Dtype::F8_E4M3FNUZ, "F8_E4M3FNUZ", 8, false, "float8_e4m3fnuz"},
    DtypeRow{Dtype::F8_E5M2FNUZ, "F8_E5M2FNUZ", 8, false, "float8_e5m2fnuz"},
    DtypeRow{Dtype::I16, "I16", 16, false, "int16"},
    DtypeRow{Dtype::U16, "U16", 16, false, "uint16"},
    DtypeRow{Dtype::F16, "F16", 16, true, "float16"},
    DtypeRow{Dtype::BF16, "BF16", 16, true, "bfloat16"},
    DtypeRow{Dtype::I32, "I32", 32, false, "int32"},
    DtypeRow{Dtype::U32, "U32", 32, false, "uint32"},
    DtypeRow{Dtype::F32, "F32", 32, true, "float32"},
    DtypeRow{Dtype::C64, "C64", 64, false, "complex64"},
    DtypeRow{Dtype::F64, "F64", 64, true, "float64"},
    DtypeRow{Dtype::I64, "I64", 64, false, "int64"},
    DtypeRow{Dtype::U64, "U64", 64, false, "uint64"},
    DtypeRow{Dtype::C128, "C128", 128, false, "complex128", false},
};

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
    return std::tolower(x) == std::tolower(y);
  });
}

constexpr bool rows_are_in_order() {
  for (std::size_t i = 0; i < kDtypes.size(); ++i) {
    if (static_cast<std::size_t>(kDtypes[i].dtype) != i) return false;
  }
  return true;
}
static_assert(rows_are_in_order(), "row_of() counts on it");

}  // namespace

std::span<const DtypeRow> dtype_table() {
  return kDtypes;
}

const DtypeRow& row_of(Dtype dtype) {
  return kDtypes[static_cast<std::size_t>(dtype)];
}

std::optional<Dtype> parse_dtype_strict(std::string_view name) {
  for (const DtypeRow& row : kDtypes) {
    if (row.name == name && row.in_safetensors) return row.dtype;
  }
  return std::nullopt;
}

std::optional<Dtype> parse_dtype(std::string_view name) {
  if (constexpr std::string_view kTorch = "torch."; name.starts_with(kTorch)) {
    name.remove_prefix(kTorch.size());  // as older configs have it
  }
  for (const DtypeRow& row : kDtypes) {
    if (equal_ignoring_case(row.name, name)) return row.dtype;
    if (!row.alias.empty() && equal_ignoring_case(row.alias, name)) return row.dtype;
  }
  return std::nullopt;
}

}  // namespace ckptscope
