// Magic, version, length, a Python dict, blanks, a line feed.
#include "core/output/npy.hpp"

#include <fmt/format.h>

namespace ckptscope {

std::string_view npy_name(Dtype dtype) {
  switch (dtype) {
    case Dtype::BOOL:
      return "|b1";
    case Dtype::U8:
      return "|u1";
    case Dtype::I8:
      return "|i1";
    case Dtype::U16:
      return "<u2";
    case Dtype::I16:
      return "<i2";
    case Dtype::F16:
      return "<f2";
    case Dtype::U32:
      return "<u4";
    case Dtype::I32:
      return "<i4";
    case Dtype::F32:
      return "<f4";
    case Dtype::U64:
      return "<u8";
    case Dtype::I64:
      return "<i8";
    case Dtype::F64:
      return "<f8";
    case Dtype::C64:
      return "<c8";
    default:
      return "";
  }
}

std::string npy_header(std::string_view descr, ShapeView shape) {
  constexpr std::size_t kBefore = 10;  // magic, version, length
  constexpr std::size_t kAlignment = 64;
  std::string extents;
  for (const std::uint64_t extent : shape) extents += fmt::format("{}, ", extent);
  if (shape.size() > 1) extents.resize(extents.size() - 2);
  if (shape.size() == 1) extents.pop_back();  // "(3,)"
  std::string dict =
      fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}", descr, extents);
  const std::size_t used = kBefore + dict.size() + 1;
  dict += std::string((kAlignment - used % kAlignment) % kAlignment, ' ') + "\n";
  std::string header("\x93NUMPY\x01\x00", 8);
  header += static_cast<char>(dict.size() & 0xFF);
  header += static_cast<char>(dict.size() >> 8);
  return header + dict;
}

}  // namespace ckptscope
