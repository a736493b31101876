// Scales that a whole tensor shares need a pass of their own; sums of the loss are exact.
#include "core/run/packing.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <set>

#include "core/base/bytes.hpp"
#include "core/base/display.hpp"
#include "core/base/error.hpp"
#include "core/numbers/formats.hpp"

namespace ckptscope {
namespace {

/// Elements at a time: their floats stay in the first-level cache. Sums are taken by chunk, and
/// chunks begin at fixed places of a row, so that they do not depend on how a tensor is cut.
constexpr std::size_t kTogether = 1024;

/// One scale per expert; a factor of scales is of all experts.
bool is_grouped(const Value& value, const WrittenForm& form) {
  return form.has_one_scale() && value.shape.size() == 3;
}

std::uint64_t first_element(ShapeView shape, const Region& region) {
  std::uint64_t number = 0;
  for (std::size_t dim = 0; dim < shape.size(); ++dim) {
    number = number * shape[dim] + region.begin[dim];
  }
  return number;
}

/// Calls visit(number of the first, elements) for chunks that end at rows, of the elements from
/// number `first` on, `size` bytes each.
void for_each_chunk(std::uint64_t size, std::span<const std::byte> elements, std::uint64_t first,
                    std::uint64_t row, const auto& visit) {
  const std::uint64_t count = elements.size() / size;
  for (std::uint64_t done = 0; done < count;) {
    const std::uint64_t to_row_end = row - (first + done) % row;
    const std::uint64_t n = std::min({std::uint64_t{kTogether}, to_row_end, count - done});
    visit(first + done, elements.subspan(done * size, n * size));
    done += n;
  }
}

/// A chunk as floats.
class Floats {
 public:
  Floats(Dtype dtype, std::span<const std::byte> chunk) : count_(chunk.size() / size_of(dtype)) {
    cast_elements(dtype, chunk.data(), Dtype::F32, reinterpret_cast<std::byte*>(values_.data()),
                  count_);
  }
  std::span<const float> values() const { return std::span(values_).first(count_); }

 private:
  std::array<float, kTogether> values_;
  std::size_t count_;
};

std::span<const std::uint16_t> as_bf16(std::span<const std::byte> chunk) {
  return {reinterpret_cast<const std::uint16_t*>(chunk.data()),
          chunk.size() / sizeof(std::uint16_t)};
}

/// Returns the place behind it. An exponent is stored of a power of two.
std::byte* store_scale(float scale, Dtype dtype, std::byte* to) {
  if (dtype == Dtype::F8_E8M0) {
    *to = static_cast<std::byte>(std::bit_cast<std::uint32_t>(scale) >> 23);
  } else {
    cast_elements(Dtype::F32, reinterpret_cast<const std::byte*>(&scale), dtype, to, 1);
  }
  return to + size_of(dtype);
}

}  // namespace

Packing::Packing(ValuePtr value, PackAs as, std::string key)
    : value_(value),
      form_(written_form(as)),
      key_(std::move(key)),
      row_(value_->shape.back()),
      per_factor_(product(is_grouped(*value_, form_) ? ShapeView(value_->shape).subspan(1)
                                                     : ShapeView(value_->shape))) {
  if (!needs_measure()) return;
  measured_.assign(is_grouped(*value_, form_) ? value_->shape[0] : 1, Magnitudes(value_->dtype));
}

void Packing::check_finite(float largest, std::uint64_t first,
                           std::span<const std::byte> chunk) const {
  if (std::isfinite(largest)) return;
  const Floats floats(value_->dtype, chunk);
  const auto values = floats.values();
  const auto bad =
      std::find_if(values.begin(), values.end(), [](float v) { return !std::isfinite(v); });
  const bool nan = std::isnan(*bad);
  fail(nan ? Code::NanValues : Code::InfValues, "{} at {}, which {} cannot hold",
       nan ? "NaN" : "infinity",
       to_string(index_of(value_->shape, first + static_cast<std::uint64_t>(bad - values.begin()))),
       form_.word == "fp8" ? "E4M3" : in_capitals(form_.word));
}

void Packing::measure(const Region& region, std::span<const std::byte> elements) {
  const std::uint64_t first = first_element(value_->shape, region);
  const std::uint64_t begin = first / per_factor_;
  std::vector<Magnitudes> here;
  for_each_chunk(size_of(value_->dtype), elements, first, row_, [&](std::uint64_t at, auto chunk) {
    const Floats floats(value_->dtype, chunk);
    check_finite(largest_magnitude(floats.values()), at, chunk);
    while (here.size() <= at / per_factor_ - begin) here.emplace_back(value_->dtype);
    here.back().add(floats.values());
  });
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < here.size(); ++i) measured_[begin + i].add(here[i]);
}

namespace {

/// All positive values of E4M3 codes, times those of E2M1 where a group has a scale of its own.
std::vector<float> products(bool grouped) {
  std::set<float> all;
  for (std::uint8_t scale = 1; scale <= 0x7E; ++scale) {
    for (std::uint8_t code = 1; code < 8; ++code) {
      all.insert(e4m3_to_float(scale) * (grouped ? e2m1_to_float(code) : 1));
    }
  }
  return {all.begin(), all.end()};
}

}  // namespace

/// One with which all comes back, where there is one.
Packing::Factor Packing::find_factor(const Magnitudes& magnitudes) const {
  constexpr std::size_t kTops = 7;  // largest products that the largest value may have been
  static const std::vector<float> of_codes = products(false);
  static const std::vector<float> of_groups = products(true);
  const bool grouped = form_.factor_rank.has_value();
  const Dtype dtype = grouped ? Dtype::F32 : form_.scales_dtype;
  const float largest = magnitudes.largest();
  if (largest == 0) return {1, false};
  const auto& table = grouped ? of_groups : of_codes;
  if (suggested_ > 0 && is_factor(suggested_, magnitudes, table)) return {suggested_, true};
  const float found = ckptscope::find_factor(magnitudes, table, kTops, dtype);
  if (found > 0) return {found, true};
  if (dtype == Dtype::BF16) return {bf16_to_float(fp8_scale_of(largest)), false};
  return {std::max(largest / table.back(), std::numeric_limits<float>::denorm_min()), false};
}

const std::vector<Packing::Factor>& Packing::factors() const {
  std::call_once(found_, [&] {
    for (const Magnitudes& one : measured_) factors_.push_back(find_factor(one));
  });
  return factors_;
}

Packing::Factor Packing::factor_of(std::uint64_t element) const {
  return factors()[element / per_factor_];
}

float Packing::stored(const Factor& factor) const {
  return form_.scheme.divides ? 1 / factor.value : factor.value;
}

std::vector<std::byte> Packing::scales() const {
  if (!form_.has_one_scale()) return {};
  std::vector<std::byte> bytes(measured_.size() * size_of(form_.scales_dtype));
  std::byte* to = bytes.data();
  for (const Factor& one : factors()) to = store_scale(one.value, form_.scales_dtype, to);
  return bytes;
}

std::vector<std::byte> Packing::third() const {
  if (form_.factor_rank) {
    std::vector<std::byte> bytes(sizeof(float));
    store_scale(stored(factors()[0]), Dtype::F32, bytes.data());
    return bytes;
  }
  std::vector<std::byte> bytes;
  for (const std::uint64_t extent : value_->shape) {
    for (unsigned i = 0; i < sizeof(std::int32_t); ++i) {
      bytes.push_back(static_cast<std::byte>(extent >> (8 * i)));
    }
  }
  return bytes;
}

std::uint64_t Packing::code_bytes(std::uint64_t elements) const {
  return form_.scheme.kind == QuantScheme::Kind::Fp8 ? elements : elements / 2;
}

std::uint64_t Packing::scale_bytes(std::uint64_t elements) const {
  if (form_.has_one_scale()) return 0;
  const std::uint64_t size = size_of(form_.scales_dtype);
  const std::uint64_t rows = elements / row_;
  const std::uint64_t in_row = ceil_div(row_, form_.block[1]);
  if (form_.block[0] == 1) {
    return (rows * in_row + ceil_div(elements % row_, form_.block[1])) * size;
  }
  const std::uint64_t matrix = value_->shape[value_->shape.size() - 2];
  const std::uint64_t blocks =
      rows / matrix * ceil_div(matrix, form_.block[0]) + ceil_div(rows % matrix, form_.block[0]);
  return blocks * in_row * size;
}

/// Straight from BF16, where there is a kernel for it; else by way of floats.
Rounding Packing::encode_chunk(std::uint64_t first, std::span<const std::byte> chunk,
                               std::byte* codes, std::span<std::byte> scales) const {
  if (value_->dtype == Dtype::BF16 && form_.has_one_scale()) {
    return encode_fp8(as_bf16(chunk), factor_of(first).value, codes);
  }
  if (value_->dtype == Dtype::BF16 && form_.scheme.kind == QuantScheme::Kind::Mxfp4) {
    const float largest = largest_magnitude(as_bf16(chunk));
    check_finite(largest, first, chunk);
    return encode_mxfp4(as_bf16(chunk), largest, codes, scales.data());
  }
  const Floats floats(value_->dtype, chunk);
  const auto values = floats.values();
  if (form_.has_one_scale()) {
    return encode_fp8(values, value_->dtype, factor_of(first).value, codes);
  }
  const float largest = largest_magnitude(values);
  check_finite(largest, first, chunk);
  switch (form_.scheme.kind) {
    case QuantScheme::Kind::Fp8:
      return encode_mxfp8(values, value_->dtype, codes, scales.data());
    case QuantScheme::Kind::Int4:
      return encode_int4(values, codes, scales.data());
    case QuantScheme::Kind::Fp4:
      return encode_fp4(values, codes, scales.data());
    case QuantScheme::Kind::Nvfp4: {
      const Factor factor = factor_of(first);
      return encode_nvfp4(values, value_->dtype, stored(factor), form_.scheme.divides,
                          factor.decoded, codes, scales.data());
    }
    default:
      return encode_mxfp4(values, largest, codes, scales.data());
  }
}

void Packing::Sums::add(const Rounding& rounding) {
  changed += rounding.changed;
  signal.add(rounding.signal);
  noise.add(rounding.noise);
}

void Packing::encode_groups(std::uint64_t first, std::span<const std::byte> elements,
                            std::span<std::byte> codes, std::span<std::byte> scales,
                            Sums& sums) const {
  for_each_chunk(size_of(value_->dtype), elements, first, row_, [&](std::uint64_t at, auto chunk) {
    std::byte* to = codes.data() + code_bytes(at - first);
    sums.add(encode_chunk(at, chunk, to, scales.subspan(scale_bytes(at - first))));
  });
}

float Packing::block_scale(std::span<const float> values) const {
  if (!form_.power_of_two) return fp8_block_scale(values, value_->dtype, form_.scales_dtype);
  const float largest = largest_magnitude(values);
  return largest == 0 ? 1 : e8m0_to_float(mxfp8_scale_of(largest));
}

/// The region begins with a row of blocks; what is left of a matrix below and to the right is a
/// block of fewer.
void Packing::encode_blocks(std::uint64_t first, std::span<const std::byte> elements,
                            std::span<std::byte> codes, std::span<std::byte> scales,
                            Sums& sums) const {
  const auto [block_rows, block_columns] = form_.block;
  const std::uint64_t matrix = value_->shape[value_->shape.size() - 2];
  const std::uint64_t size = size_of(value_->dtype);
  const std::uint64_t end = elements.size() / size / row_;
  std::vector<float> floats(block_rows * block_columns);
  std::byte* scale_to = scales.data();
  for (std::uint64_t row = 0; row < end;) {
    const std::uint64_t left = matrix - (first / row_ + row) % matrix;  // rows of the matrix
    const std::uint64_t rows = std::min({block_rows, left, end - row});
    for (std::uint64_t column = 0; column < row_; column += block_columns) {
      const std::uint64_t width = std::min(block_columns, row_ - column);
      const auto values_of = [&](std::uint64_t i) {
        return std::span(floats).subspan(i * width, width);
      };
      for (std::uint64_t i = 0; i < rows; ++i) {
        const std::uint64_t at = (row + i) * row_ + column;
        const auto part = elements.subspan(at * size, width * size);
        cast_elements(value_->dtype, part.data(), Dtype::F32,
                      reinterpret_cast<std::byte*>(values_of(i).data()), width);
        check_finite(largest_magnitude(values_of(i)), first + at, part);
      }
      const float scale = block_scale(std::span(floats).first(rows * width));
      scale_to = store_scale(scale, form_.scales_dtype, scale_to);
      for (std::uint64_t i = 0; i < rows; ++i) {
        std::byte* to = codes.data() + (row + i) * row_ + column;
        sums.add(encode_fp8(values_of(i), value_->dtype, scale, to));
      }
    }
    row += rows;
  }
}

void Packing::encode(const Region& region, std::span<const std::byte> elements,
                     std::span<std::byte> codes, std::span<std::byte> scales) {
  const std::uint64_t first = first_element(value_->shape, region);
  Sums sums;
  const auto encode_all = form_.block[0] > 1 ? &Packing::encode_blocks : &Packing::encode_groups;
  (this->*encode_all)(first, elements, codes, scales, sums);
  const std::lock_guard lock(mutex_);
  sums_.changed += sums.changed;
  sums_.signal.add(sums.signal);
  sums_.noise.add(sums.noise);
}

PackingLoss Packing::loss() const {
  return {key_,
          form_.as,
          product(value_->shape),
          sums_.changed,
          sums_.signal.value(),
          sums_.noise.value()};
}

}  // namespace ckptscope
