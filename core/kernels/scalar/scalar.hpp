// The kernels as plain loops: what the vector ones are compared with, bit for bit, and what runs
// where nothing else is compiled. The contracts are those of kernels.hpp.
#pragma once

#include "core/kernels/kernels.hpp"

namespace ckptscope::scalar {

void cast_elements(Dtype from, const std::byte* in, Dtype to, std::byte* out,
                   std::size_t count) noexcept;
void decode_mxfp4(std::span<const std::byte> blocks, std::span<const std::byte> scales,
                  std::size_t bytes_per_block, std::uint16_t* out) noexcept;
void decode_fp8(Dtype from, const std::byte* codes, float scale, Dtype to, std::byte* out,
                std::size_t count) noexcept;
void decode_nibbles(std::span<const std::byte> codes, const std::array<float, 16>& values,
                    std::span<const float> scales, std::size_t group, Dtype to,
                    std::byte* out) noexcept;
float largest_magnitude(std::span<const float> values) noexcept;
float largest_magnitude(std::span<const std::uint16_t> bf16) noexcept;
Rounding encode_mxfp4(std::span<const float> values, float largest, std::byte* codes,
                      std::byte* scales) noexcept;
Rounding encode_mxfp4(std::span<const std::uint16_t> bf16, float largest, std::byte* codes,
                      std::byte* scales) noexcept;
Rounding encode_fp8(std::span<const float> values, Dtype dtype, float scale,
                    std::byte* codes) noexcept;
Rounding encode_fp8(std::span<const std::uint16_t> bf16, float scale, std::byte* codes) noexcept;
Rounding encode_e2m1(std::span<const float> values, Dtype dtype, float scale,
                     std::byte* codes) noexcept;
std::uint16_t find_int4_scale(std::span<const float, kInt4Block> values, float largest) noexcept;
Rounding round_int4(std::span<const float, kInt4Block> values, float divisor, float scale,
                    std::byte* codes) noexcept;
void strided_copy(const MatrixRows& in, std::size_t size, std::byte* out, std::ptrdiff_t row_stride,
                  std::ptrdiff_t col_stride) noexcept;

}  // namespace ckptscope::scalar
