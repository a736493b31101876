// The first dimension whose step fits is cut; those before it are walked one by one.
#include "core/tensor/region.hpp"

#include <algorithm>

namespace ckptscope {

std::vector<Region> row_bands(ShapeView shape, std::uint64_t element_bytes, std::uint64_t max_bytes,
                              std::uint64_t together) {
  if (std::find(shape.begin(), shape.end(), 0) != shape.end()) return {};
  if (shape.empty()) return {Region{}};
  // The outermost dimension whose single step fits is cut; those before it are walked one by one.
  std::size_t cut = 0;
  std::uint64_t step = element_bytes;  // bytes of one step along `cut`
  for (std::size_t dim = 1; dim < shape.size(); ++dim) step *= shape[dim];
  const std::size_t most = together > 1 ? shape.size() - 2 : shape.size() - 1;  // of `cut`
  while (cut < most && step > max_bytes) step /= shape[++cut];

  std::uint64_t rows = std::max<std::uint64_t>(1, max_bytes / step);
  if (rows < shape[cut]) {
    for (const std::uint64_t whole : {1024, 64}) {
      if (rows > whole) rows -= rows % whole;
    }
    if (together > 1 && cut == most) rows = std::max(together, rows - rows % together);
  }
  std::vector<Region> bands;
  Shape at(shape.size(), 0);
  for (;;) {
    Region band{at, to_shape(shape)};
    for (std::size_t dim = 0; dim < cut; ++dim) band.extent[dim] = 1;
    band.extent[cut] = std::min(rows, shape[cut] - at[cut]);
    at[cut] += band.extent[cut];
    bands.push_back(std::move(band));
    std::size_t dim = cut;
    while (at[dim] == shape[dim]) {
      if (dim == 0) return bands;
      at[dim] = 0;
      ++at[--dim];
    }
  }
}

}  // namespace ckptscope
