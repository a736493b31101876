// The shortest text that reads back as the same number.
#include "core/inspect/element_text.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstring>

#include "core/kernels/kernels.hpp"

namespace ckptscope {
namespace {

template <typename T>
T load(std::span<const std::byte> bytes) {
  T value{};
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

}  // namespace

std::string element_text(std::span<const std::byte> bytes, Dtype dtype) {
  if (is_number(dtype) && dtype != Dtype::F64) {
    float value = 0;
    cast_elements(dtype, bytes.data(), Dtype::F32, reinterpret_cast<std::byte*>(&value), 1);
    return fmt::format("{}", value);
  }
  switch (dtype) {
    case Dtype::F64:
      return fmt::format("{}", load<double>(bytes));
    case Dtype::C64:
      return fmt::format("{}{:+}i", load<float>(bytes), load<float>(bytes.subspan(4)));
    case Dtype::I8:
      return fmt::format("{}", load<std::int8_t>(bytes));
    case Dtype::I16:
      return fmt::format("{}", load<std::int16_t>(bytes));
    case Dtype::I32:
      return fmt::format("{}", load<std::int32_t>(bytes));
    case Dtype::I64:
      return fmt::format("{}", load<std::int64_t>(bytes));
    case Dtype::U16:
      return fmt::format("{}", load<std::uint16_t>(bytes));
    case Dtype::U32:
      return fmt::format("{}", load<std::uint32_t>(bytes));
    case Dtype::U64:
      return fmt::format("{}", load<std::uint64_t>(bytes));
    case Dtype::F8_E8M0: {
      const auto code = load<std::uint8_t>(bytes);
      return code == 255 ? "nan" : fmt::format("2^{}", static_cast<int>(code) - 127);
    }
    default:
      return fmt::format("{}", load<std::uint8_t>(bytes));
  }
}

}  // namespace ckptscope
