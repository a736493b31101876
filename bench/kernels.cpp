// The fastest of many: what disturbs a run only makes it slower.
#include "bench/kernels.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <functional>
#include <span>

#include "bench/measure.hpp"
#include "core/base/buffer.hpp"
#include "core/kernels/kernels.hpp"

namespace ckptscope::bench {
namespace {

/// Elements: 8 MiB of BF16. A conversion's tile has 16 MiB, its steps work on half of one.
constexpr std::size_t kCount = std::size_t{4} << 20;
constexpr std::size_t kLong = 8192;  // elements of rows that lie 16 KiB apart
constexpr int kTimes = 25;

/// A piece that stays in the first-level cache at a time, as conversions do it.
void for_each_piece(const std::byte* in, const auto& encode) {
  constexpr std::size_t kPiece = 1024;
  const auto* const values = reinterpret_cast<const std::uint16_t*>(in);
  for (std::size_t i = 0; i < kCount; i += kPiece) encode(i, std::span(values + i, kPiece));
}

}  // namespace

std::vector<KernelFigure> measure_kernels() {
  Buffer input;  // with the large pages that conversions work in
  Buffer output;
  const std::span<std::byte> in = input.take(kCount * 4);
  const std::span<std::byte> out = output.take(kCount * 4);
  std::fill(in.begin(), in.end(), std::byte{0x3A});
  std::fill(out.begin(), out.end(), std::byte{1});
  std::vector<KernelFigure> figures;
  const auto row = [&](const std::string& name, std::size_t bytes,
                       const std::function<void()>& body) {
    const double copy = fastest(kTimes, [&] { std::memcpy(out.data(), in.data(), bytes); });
    const double own = fastest(kTimes, body);
    figures.push_back({name, copy / own, static_cast<double>(bytes) / own * 1e-9});
  };
  const auto blocks = in.first(kCount / 2);
  const auto scales = in.subspan(kCount / 2, kCount / 32);
  row("mxfp4 -> bf16", kCount * 2,
      [&] { decode_mxfp4(blocks, scales, 16, reinterpret_cast<std::uint16_t*>(out.data())); });
  row("e4m3 x scale -> bf16", kCount * 2,
      [&] { decode_fp8(Dtype::F8_E4M3, in.data(), 0.01F, Dtype::BF16, out.data(), kCount); });
  for (const std::size_t run : {128, 32}) {  // blocks of DeepSeek; MXFP8
    row(fmt::format("e4m3, a scale for each {} -> bf16", run), kCount * 2, [&] {
      for (std::size_t i = 0; i < kCount; i += run) {
        decode_fp8(Dtype::F8_E4M3, in.data() + i, 0.01F, Dtype::BF16, out.data() + 2 * i, run);
      }
    });
  }
  for (const std::size_t group : {16, 32}) {  // NVFP4; int4, FP4
    const std::vector<float> factors(kCount / group, 0.01F);
    std::array<float, 16> codes;
    for (std::size_t i = 0; i < codes.size(); ++i) codes[i] = static_cast<float>(i) - 8;
    row(fmt::format("nibbles in groups of {} -> bf16", group), kCount * 2,
        [&] { decode_nibbles(blocks, codes, factors, group, Dtype::BF16, out.data()); });
  }
  const auto transpose = [&](std::size_t rows) {
    const std::size_t cols = kCount / rows;
    strided_copy({in.data(), rows, cols, 2 * cols}, 2, out.data(), 2,
                 static_cast<std::ptrdiff_t>(2 * rows));
  };
  row("bf16 transpose", kCount * 2, [&] { transpose(2048); });
  row("bf16 transpose, rows 16 KiB apart", kCount * 2, [&] { transpose(kCount / kLong); });
  row("bf16 transpose, columns 16 KiB apart", kCount * 2, [&] { transpose(kLong); });
  row("bf16 -> mxfp4, of the input", kCount * 2, [&] {
    for_each_piece(in.data(), [&](std::size_t i, std::span<const std::uint16_t> bf16) {
      encode_mxfp4(bf16, largest_magnitude(bf16), out.data() + i / 2, out.data() + kCount + i / 32);
    });
  });
  row("bf16 -> e4m3, of the input", kCount * 2, [&] {
    for_each_piece(in.data(), [&](std::size_t i, std::span<const std::uint16_t> bf16) {
      encode_fp8(bf16, 0.01F, out.data() + i);
    });
  });
  row("bf16 -> f32", kCount * 4,
      [&] { cast_elements(Dtype::BF16, in.data(), Dtype::F32, out.data(), kCount); });
  row("f32 -> bf16", kCount * 2,
      [&] { cast_elements(Dtype::F32, in.data(), Dtype::BF16, out.data(), kCount); });
  return figures;
}

}  // namespace ckptscope::bench
