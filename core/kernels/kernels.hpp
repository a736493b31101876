// The loops that touch every element: cast, decode, transpose. Pointers to bytes need no alignment;
// nothing here allocates, throws or reads files; all functions are thread-safe. Vector code for the
// machine at hand is chosen at run time, and gives bit for bit what the plain loops in scalar/
// give.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/tensor/dtype.hpp"

namespace ckptscope {

/// Names of the targets that this machine can run, the best first: "AVX3_ZEN4", …, "scalar".
std::vector<std::string> kernel_targets();
/// Uses one of them from now on; "" chooses the best. False for a name that is not among them (case
/// does not matter; "avx512" is the best AVX3). Not thread-safe: call it before there are threads.
bool choose_kernels(std::string_view name);
/// The one in use.
std::string kernel_target();
/// Of the library that dispatches and spells vectors.
std::string highway_version();

/// out[i] = from[i] in another number format, through float, rounded once to nearest even.
/// Both dtypes must be numbers (is_number), `to` one of BF16, F16, F32, F64. `count` elements.
void cast_elements(Dtype from, const std::byte* in, Dtype to, std::byte* out,
                   std::size_t count) noexcept;

/// Decodes MXFP4 blocks: `blocks` holds two FP4 codes a byte, the low nibble first,
/// `bytes_per_block` bytes to each E8M0 byte of `scales`. out[i] = value(code) * 2^(scale - 127),
/// exact, then rounded once to BF16; signed zeros and subnormals are kept, overflow gives infinity.
/// Sizes: scales n, blocks n * bytes_per_block, out 2 * n * bytes_per_block elements.
/// Source: OCP Microscaling Formats v1.0, 5.3; scale 255 counts as 2^128, as NeMo Automodel decodes
/// it, not as the NaN of the specification.
void decode_mxfp4(std::span<const std::byte> blocks, std::span<const std::byte> scales,
                  std::size_t bytes_per_block, std::uint16_t* out) noexcept;

/// The 16 values that an FP4 code has under a scale, by code, as decode_mxfp4 gives them.
std::array<std::uint16_t, 16> mxfp4_values(std::uint8_t scale) noexcept;

/// out[i] = float(code) * scale in f32, rounded once to nearest even to `to` (BF16, F16 or F32).
void decode_fp8(Dtype from, const std::byte* codes, float scale, Dtype to, std::byte* out,
                std::size_t count) noexcept;

/// Decodes codes of four bits, two a byte, the low nibble first: out[i] = values[code] * scales[i /
/// group] in f32, rounded once to nearest even to `to` (BF16, F16 or F32). `group` is even. Sizes:
/// scales n, codes n * group / 2, out n * group elements.
void decode_nibbles(std::span<const std::byte> codes, const std::array<float, 16>& values,
                    std::span<const float> scales, std::size_t group, Dtype to,
                    std::byte* out) noexcept;

/// What a run of values lost by being packed: how many come back changed, and sums of squares, in
/// single precision but in an order of additions that is the same on every machine.
struct Rounding {
  std::uint64_t changed = 0;
  double signal = 0;  // of the values
  double noise = 0;   // of value - decoded value
};

/// The largest magnitude; infinity or NaN when a value is.
float largest_magnitude(std::span<const float> values) noexcept;
float largest_magnitude(std::span<const std::uint16_t> bf16) noexcept;

/// Encodes finite values, a multiple of 32 and at most a few thousand, the largest of magnitude
/// `largest`, as MXFP4: 16 bytes of codes, low nibble first, and one
/// scale byte (e8m0_scale_of) for each 32. codes[i] is the nearest FP4 to values[i] / 2^(scale -
/// 127), ties to even, saturated; what was decoded from MXFP4 comes back with the same values.
/// Source: OCP Microscaling Formats v1.0, 6.3.
Rounding encode_mxfp4(std::span<const float> values, float largest, std::byte* codes,
                      std::byte* scales) noexcept;
Rounding encode_mxfp4(std::span<const std::uint16_t> bf16, float largest, std::byte* codes,
                      std::byte* scales) noexcept;

/// The same as FP4 of DeepSeek-V4, where scale 0 is 0 and code 8 is +0: a group of zeros keeps
/// their signs by codes below zero; beside other values -0 comes back as +0.
Rounding encode_fp4(std::span<const float> values, std::byte* codes, std::byte* scales) noexcept;

/// The same as NVFP4: 8 bytes of codes, low nibble first, and an E4M3 scale for each 16, times (or
/// `divides`: over) the `factor` of all. Where values were `decoded`, scales from which all of a
/// group follow in `dtype` are tried; else, or where there is none, it is the one nearest to amax /
/// 6. Source: NVIDIA TensorRT Model Optimizer, nvfp4_tensor.py.
Rounding encode_nvfp4(std::span<const float> values, Dtype dtype, float factor, bool divides,
                      bool decoded, std::byte* codes, std::byte* scales) noexcept;

/// Encodes finite values, at most a few thousand, as E4M3: the nearest code to values[i] / scale,
/// divided in f32, ties to even, saturated. What decodes to the value in `dtype`, which the values
/// are of (BF16, F16 or F32), has lost nothing.
Rounding encode_fp8(std::span<const float> values, Dtype dtype, float scale,
                    std::byte* codes) noexcept;
Rounding encode_fp8(std::span<const std::uint16_t> bf16, float scale, std::byte* codes) noexcept;

/// The same as E2M1: codes of four bits, each in a byte of its own.
Rounding encode_e2m1(std::span<const float> values, Dtype dtype, float scale,
                     std::byte* codes) noexcept;

/// The BF16 scale of one group of int4, the largest of magnitude `largest`, from which every value
/// follows; 0 where none is found.
std::uint16_t find_int4_scale(std::span<const float, kInt4Block> values, float largest) noexcept;
/// One group of int4: codes, a number plus 8, each in a byte of its own, nearest to even of
/// values[i] / divisor. They decode to the number times `scale`, rounded to BF16; what has the same
/// bits then has lost nothing.
Rounding round_int4(std::span<const float, kInt4Block> values, float divisor, float scale,
                    std::byte* codes) noexcept;

/// The scale of a block of FP8, a number of `scales` (F32, BF16): one with which all values come
/// back in `dtype`, which they are of, where one is found; else their largest magnitude over 448;
/// 1 where all are zero. The values are finite, row after row of at most 1,024.
float fp8_block_scale(std::span<const float> values, Dtype dtype, Dtype scales) noexcept;

/// Encodes finite values as MXFP8: E4M3 codes and one scale byte (mxfp8_scale_of) for each 32 and
/// for what is left behind them; `dtype` as in encode_fp8. What was decoded from MXFP8 comes back
/// with the same values.
Rounding encode_mxfp8(std::span<const float> values, Dtype dtype, std::byte* codes,
                      std::byte* scales) noexcept;

/// The same as int4 of compressed-tensors: 16 bytes of codes, a number plus 8, low nibble first,
/// and a BF16 scale for each 32. What was decoded to BF16 comes back with the same values: scales
/// from which every value of a group follows are tried; where there is none the scale is amax / 7,
/// and codes are nearest to even of values[i] over it, before it is rounded (as NeMo Automodel has
/// it).
Rounding encode_int4(std::span<const float> values, std::byte* codes, std::byte* scales) noexcept;

/// A matrix whose neighbours in a row lie side by side.
struct MatrixRows {
  const std::byte* data;
  std::size_t rows;
  std::size_t cols;
  std::size_t pitch;  // bytes from one row to the next
};

/// Copies elements of `size` bytes (1, 2, 4 or 8) to a matrix where neighbours in a row lie
/// `col_stride` bytes apart and rows `row_stride` bytes.
void strided_copy(const MatrixRows& in, std::size_t size, std::byte* out, std::ptrdiff_t row_stride,
                  std::ptrdiff_t col_stride) noexcept;

}  // namespace ckptscope
