// Bands of rows are read one after the other; sums of blocks stay.
#include "core/inspect/matrix_image.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <span>

#include "core/base/buffer.hpp"
#include "core/kernels/kernels.hpp"
#include "core/run/evaluator.hpp"

namespace ckptscope {
namespace {

constexpr std::uint64_t kBandBytes = 8 << 20;

struct Sums {
  double magnitude = 0;
  std::uint64_t finite = 0;
  std::uint64_t values = 0;
  std::uint64_t zeros = 0;
};

std::uint64_t step_for(std::uint64_t extent, std::uint64_t most) {
  return std::max<std::uint64_t>(1, (extent + most - 1) / most);
}

/// Of F64 the doubles themselves, of other floats what they are in F32, which has all of them.
class Numbers {
 public:
  /// `raw` must outlive what at() is asked.
  void take(Dtype dtype, std::span<const std::byte> raw, std::uint64_t count) {
    is_double_ = dtype == Dtype::F64;
    data_ = raw;
    if (is_double_) return;
    const auto floats = floats_.take(count * sizeof(float));
    cast_elements(dtype, raw.data(), Dtype::F32, floats.data(), count);
    data_ = floats;
  }
  double at(std::uint64_t i) const {
    double wide = 0;
    float narrow = 0;
    if (is_double_) {
      std::memcpy(&wide, data_.data() + i * sizeof wide, sizeof wide);
      return wide;
    }
    std::memcpy(&narrow, data_.data() + i * sizeof narrow, sizeof narrow);
    return narrow;
  }

 private:
  Buffer floats_;
  std::span<const std::byte> data_;
  bool is_double_ = false;
};

void refuse(const Value& value, const Region& box) {
  if (!is_number(value.dtype)) {
    fail(Code::Usage, "a picture is of floats, not of {}", name_of(value.dtype));
  }
  if (product(box.extent) == 0) fail(Code::Usage, "a picture of no values");
  const std::size_t rank = box.extent.size();
  for (std::size_t dim = 0; dim + 2 < rank; ++dim) {
    if (box.extent[dim] != 1) {
      fail(Code::Usage, "a picture is of a matrix: dimension {} has {}; --values [0,:,:] names one",
           dim, box.extent[dim]);
    }
  }
  if (rank == 0) fail(Code::Usage, "a picture is of a matrix, not of one value");
}

}  // namespace

MatrixImage image_of(const MakeSource& source, const Value& value, const Region& box,
                     std::uint64_t most_rows, std::uint64_t most_columns, Progress& progress) {
  refuse(value, box);
  const std::size_t rank = box.extent.size();
  const std::uint64_t height = rank > 1 ? box.extent[rank - 2] : 1;
  const std::uint64_t width = box.extent[rank - 1];
  MatrixImage image;
  image.row_step = step_for(height, most_rows);
  image.column_step = step_for(width, most_columns);
  image.rows = (height + image.row_step - 1) / image.row_step;
  image.columns = (width + image.column_step - 1) / image.column_step;
  std::vector<Sums> sums(image.rows * image.columns);
  const std::unique_ptr<TensorSource> tensors = source();
  Evaluator evaluator(*tensors);
  Buffer raw;
  Numbers numbers;
  const std::uint64_t at_once =
      std::max<std::uint64_t>(1, kBandBytes / (4 * std::max<std::uint64_t>(1, width)));
  progress.phase("picture", height * width * size_of(value.dtype));
  for (std::uint64_t first = 0; first < height; first += at_once) {
    progress.check_stop();
    Region band = box;
    const std::uint64_t rows = std::min(at_once, height - first);
    if (rank > 1) {
      band.begin[rank - 2] += first;
      band.extent[rank - 2] = rows;
    }
    const std::uint64_t count = rows * width;
    const auto bytes = raw.take(count * size_of(value.dtype));
    evaluator.evaluate(value, band, bytes);
    numbers.take(value.dtype, bytes, count);
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::uint64_t row = (first + i / width) / image.row_step;
      Sums& block = sums[row * image.columns + i % width / image.column_step];
      ++block.values;
      const double number = numbers.at(i);
      block.zeros += number == 0 ? 1 : 0;
      if (!std::isfinite(number)) continue;
      ++block.finite;
      block.magnitude += std::fabs(number);
    }
    progress.advance(count * size_of(value.dtype));
  }
  for (const Sums& block : sums) {
    image.magnitudes.push_back(
        block.finite == 0 ? std::nan("") : block.magnitude / static_cast<double>(block.finite));
    image.zero.push_back(block.zeros == block.values ? 1 : 0);
  }
  return image;
}

}  // namespace ckptscope
