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

constexpr std::uint64_t kImageBandBytes = 8 << 20;

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

/// The picture while it is filled.
class Blocks {
 public:
  Blocks(std::uint64_t height, std::uint64_t width, std::uint64_t most_rows,
         std::uint64_t most_columns)
      : width_(width) {
    image_.row_step = step_for(height, most_rows);
    image_.column_step = step_for(width, most_columns);
    image_.rows = (height + image_.row_step - 1) / image_.row_step;
    image_.columns = (width + image_.column_step - 1) / image_.column_step;
    sums_.resize(image_.rows * image_.columns);
  }

  /// Number `i` of the matrix, row by row.
  void add(std::uint64_t i, double number) {
    const std::uint64_t row = i / width_ / image_.row_step;
    Sums& block = sums_[row * image_.columns + i % width_ / image_.column_step];
    ++block.values;
    block.zeros += number == 0 ? 1 : 0;
    if (!std::isfinite(number)) return;
    ++block.finite;
    block.magnitude += std::fabs(number);
  }

  MatrixImage finish() && {
    for (const Sums& block : sums_) {
      image_.magnitudes.push_back(
          block.finite == 0 ? std::nan("") : block.magnitude / static_cast<double>(block.finite));
      image_.zero.push_back(block.zeros == block.values ? 1 : 0);
    }
    return std::move(image_);
  }

 private:
  std::uint64_t width_;
  MatrixImage image_;
  std::vector<Sums> sums_;
};

}  // namespace

MatrixImage image_of(const MakeSource& source, const Value& value, const Region& box,
                     std::uint64_t most_rows, std::uint64_t most_columns, Progress& progress) {
  refuse(value, box);
  const std::size_t rank = box.extent.size();
  const std::uint64_t height = rank > 1 ? box.extent[rank - 2] : 1;
  const std::uint64_t width = box.extent[rank - 1];
  const std::uint64_t at_once =
      std::max<std::uint64_t>(1, kImageBandBytes / (sizeof(float) * width));
  Blocks blocks(height, width, most_rows, most_columns);
  const std::unique_ptr<TensorSource> tensors = source();
  Evaluator evaluator(*tensors);
  Buffer raw;
  Numbers numbers;
  progress.phase("picture", height * width * size_of(value.dtype));
  for (std::uint64_t first = 0; first < height; first += at_once) {
    progress.check_stop();
    Region band = box;
    const std::uint64_t rows = std::min(at_once, height - first);
    if (rank > 1) {
      band.begin[rank - 2] += first;
      band.extent[rank - 2] = rows;
    }
    const auto bytes = raw.take(rows * width * size_of(value.dtype));
    evaluator.evaluate(value, band, bytes);
    numbers.take(value.dtype, bytes, rows * width);
    for (std::uint64_t i = 0; i < rows * width; ++i) blocks.add(first * width + i, numbers.at(i));
    progress.advance(bytes.size());
  }
  return std::move(blocks).finish();
}

}  // namespace ckptscope
