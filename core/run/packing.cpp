// Scales that a whole tensor shares need a pass of their own; sums of the loss are exact.
#include "core/run/packing.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "core/base/error.hpp"
#include "core/numbers/formats.hpp"

namespace ckptscope {
namespace {

/// Elements at a time: their floats stay in the first-level cache. Sums are taken by chunk, and
/// chunks begin at fixed places of a row, so that they do not depend on how a tensor is cut.
constexpr std::size_t kChunk = 1024;

/// One scale per expert.
bool is_grouped(ShapeView shape) {
  return shape.size() == 3;
}

std::uint64_t first_element(ShapeView shape, const Region& region) {
  std::uint64_t number = 0;
  for (std::size_t dim = 0; dim < shape.size(); ++dim) {
    number = number * shape[dim] + region.begin[dim];
  }
  return number;
}

/// Calls visit(first element, floats) for chunks that end at rows: the elements [first, first +
/// count) of a tensor, given as bytes of `dtype`.
void for_each_chunk(Dtype dtype, std::span<const std::byte> elements, std::uint64_t first,
                    std::uint64_t row, const auto& visit) {
  std::array<float, kChunk> floats;
  const std::uint64_t size = size_of(dtype);
  const std::uint64_t count = elements.size() / size;
  for (std::uint64_t done = 0; done < count;) {
    const std::uint64_t to_row_end = row - (first + done) % row;
    const std::uint64_t n = std::min({std::uint64_t{kChunk}, to_row_end, count - done});
    cast_elements(dtype, elements.data() + done * size, Dtype::F32,
                  reinterpret_cast<std::byte*>(floats.data()), n);
    visit(first + done, std::span<const float>(floats).first(n));
    done += n;
  }
}

}  // namespace

Packing::Packing(ValuePtr value, PackAs as, std::string key)
    : value_(value),
      as_(as),
      key_(std::move(key)),
      row_(value_->shape.back()),
      per_scale_(product(is_grouped(value_->shape) ? ShapeView(value_->shape).subspan(1)
                                                   : ShapeView(value_->shape))),
      largest_(is_grouped(value_->shape) ? value_->shape[0] : 1) {}

void Packing::check_finite(float largest, std::uint64_t first,
                           std::span<const float> values) const {
  if (std::isfinite(largest)) return;
  const auto bad =
      std::find_if(values.begin(), values.end(), [](float v) { return !std::isfinite(v); });
  const bool nan = std::isnan(*bad);
  fail(nan ? Code::NanValues : Code::InfValues, "{} at {}, which {} cannot hold",
       nan ? "NaN" : "infinity",
       to_string(index_of(value_->shape, first + static_cast<std::uint64_t>(bad - values.begin()))),
       as_ == PackAs::Fp8     ? "E4M3"
       : as_ == PackAs::Int4  ? "int4"
       : as_ == PackAs::Mxfp8 ? "MXFP8"
                              : "MXFP4");
}

void Packing::measure(const Region& region, std::span<const std::byte> elements) {
  const std::uint64_t first = first_element(value_->shape, region);
  std::vector<float> largest(largest_.size());
  for_each_chunk(value_->dtype, elements, first, row_, [&](std::uint64_t at, auto values) {
    const float here = largest_magnitude(values);
    check_finite(here, at, values);
    float& there = largest[at / per_scale_];
    there = std::max(there, here);
  });
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < largest.size(); ++i) largest_[i] = std::max(largest_[i], largest[i]);
}

float Packing::scale_of(std::uint64_t element) const {
  return bf16_to_float(fp8_scale_of(largest_[element / per_scale_]));
}

std::vector<std::byte> Packing::scales() const {
  std::vector<std::byte> bytes(largest_.size() * sizeof(std::uint16_t));
  for (std::size_t i = 0; i < largest_.size(); ++i) {
    const std::uint16_t scale = fp8_scale_of(largest_[i]);
    std::memcpy(bytes.data() + i * sizeof scale, &scale, sizeof scale);
  }
  return bytes;
}

std::vector<std::byte> Packing::third() const {
  std::vector<std::byte> bytes;
  for (const std::uint64_t extent : value_->shape) {
    for (unsigned i = 0; i < sizeof(std::int32_t); ++i) {
      bytes.push_back(static_cast<std::byte>(extent >> (8 * i)));
    }
  }
  return bytes;
}

std::uint64_t Packing::code_bytes(std::uint64_t elements) const {
  return as_ == PackAs::Fp8 || as_ == PackAs::Mxfp8 ? elements : elements / 2;
}

std::uint64_t Packing::scale_bytes(std::uint64_t elements) const {
  if (as_ == PackAs::Fp8) return 0;
  return elements / kMxfp4Block * size_of(written_form(as_).scales_dtype);
}

Rounding Packing::encode_chunk(std::uint64_t first, std::span<const float> values, std::byte* codes,
                               std::span<std::byte> scales) const {
  if (as_ == PackAs::Fp8) return encode_fp8(values, scale_of(first), codes);
  const float largest = largest_magnitude(values);
  check_finite(largest, first, values);
  switch (as_) {
    case PackAs::Mxfp8:
      return encode_mxfp8(values, codes, scales.data());
    case PackAs::Int4:
      return encode_int4(values, codes, scales.data());
    default:
      return encode_mxfp4(values, largest, codes, scales.data());
  }
}

void Packing::encode(const Region& region, std::span<const std::byte> elements,
                     std::span<std::byte> codes, std::span<std::byte> scales) {
  const std::uint64_t first = first_element(value_->shape, region);
  Sums sums;
  for_each_chunk(value_->dtype, elements, first, row_, [&](std::uint64_t at, auto values) {
    std::byte* to = codes.data() + code_bytes(at - first);
    const Rounding rounding = encode_chunk(at, values, to, scales.subspan(scale_bytes(at - first)));
    sums.changed += rounding.changed;
    sums.signal.add(rounding.signal);
    sums.noise.add(rounding.noise);
  });
  const std::lock_guard lock(mutex_);
  sums_.changed += sums.changed;
  sums_.signal.add(sums.signal);
  sums_.noise.add(sums.noise);
}

PackingLoss Packing::loss() const {
  return {
      key_, as_, product(value_->shape), sums_.changed, sums_.signal.value(), sums_.noise.value()};
}

}  // namespace ckptscope
