// Elements that do not lie dense and row-major: transposed, cut out, repeated, with their bytes the
// other way round, or with a sign that is to be turned.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/tensor/dtype.hpp"
#include "core/tensor/shape.hpp"
#include "core/torch/byte_source.hpp"

namespace ckptscope {

struct ElementView {
  std::uint64_t begin = 0;  // bytes from the start of the source to element (0, 0, …)
  ShapeView shape;          // elements by dimension
  ShapeView stride;         // elements
  Dtype dtype = Dtype::U8;  // of whole bytes
  bool swapped = false;     // big endian
  bool conjugated = false;  // complex numbers: their imaginary parts have the other sign
  bool negated = false;     // likewise all numbers
};

/// The bytes of the elements as they stand are what is wanted.
bool is_dense(const ElementView& view);

/// Fills `out` with bytes [offset, offset + out.size()) of the elements, taken row-major and dense.
/// Every element must lie in the source. Reads at most some hundred kilobytes at a time, and what
/// lies near in one go: where one element of many is wanted, up to 64 KiB for each. Thread-safe.
void read_elements(const ByteSource& source, const ElementView& view, std::uint64_t offset,
                   std::span<std::byte> out);

}  // namespace ckptscope
