// Fastest of nine: what disturbs a run only makes it slower.
#include "bench/kernels.hpp"

#include <fmt/format.h>

#include <array>
#include <cstring>
#include <functional>

#include "bench/measure.hpp"
#include "core/kernels/kernels.hpp"

namespace ckptscope::bench {
namespace {

constexpr std::size_t kRows = 8192;
constexpr std::size_t kCols = 8192;
constexpr std::size_t kCount = kRows * kCols;
constexpr int kTimes = 9;

/// BF16 to floats, a piece that stays in the first-level cache at a time, and on to `encode`.
void for_each_piece(const std::byte* in, const auto& encode) {
  std::array<float, 1024> floats;
  for (std::size_t i = 0; i < kCount; i += floats.size()) {
    cast_elements(Dtype::BF16, in + 2 * i, Dtype::F32, reinterpret_cast<std::byte*>(floats.data()),
                  floats.size());
    encode(i, floats);
  }
}

}  // namespace

std::vector<KernelFigure> measure_kernels() {
  std::vector<std::byte> in(kCount * 4, std::byte{0x3A});
  std::vector<std::byte> out(kCount * 4, std::byte{1});
  std::vector<KernelFigure> figures;
  const auto row = [&](const std::string& name, std::size_t bytes,
                       const std::function<void()>& body) {
    const double copy = fastest(kTimes, [&] { std::memcpy(out.data(), in.data(), bytes); });
    const double own = fastest(kTimes, body);
    figures.push_back({name, copy / own, static_cast<double>(bytes) / own * 1e-9});
  };
  const auto blocks = std::span(in).first(kCount / 2);
  const auto scales = std::span(in).subspan(kCount / 2, kCount / 32);
  row("mxfp4 -> bf16", kCount * 2,
      [&] { decode_mxfp4(blocks, scales, 16, reinterpret_cast<std::uint16_t*>(out.data())); });
  row("e4m3 x scale -> bf16", kCount * 2,
      [&] { decode_fp8(Dtype::F8_E4M3, in.data(), 0.01F, Dtype::BF16, out.data(), kCount); });
  for (const std::size_t group : {16, 32}) {  // NVFP4; int4, FP4
    const std::vector<float> factors(kCount / group, 0.01F);
    std::array<float, 16> codes;
    for (std::size_t i = 0; i < codes.size(); ++i) codes[i] = static_cast<float>(i) - 8;
    row(fmt::format("nibbles in groups of {} -> bf16", group), kCount * 2,
        [&] { decode_nibbles(blocks, codes, factors, group, Dtype::BF16, out.data()); });
  }
  row("bf16 transpose", kCount * 2, [&] {
    strided_copy({in.data(), kRows, kCols, 2 * kCols}, 2, out.data(), 2, 2 * kRows);
  });
  row("bf16 -> mxfp4, of the input", kCount * 2, [&] {
    for_each_piece(in.data(), [&](std::size_t i, std::span<const float> floats) {
      encode_mxfp4(floats, largest_magnitude(floats), out.data() + i / 2,
                   out.data() + kCount + i / 32);
    });
  });
  row("bf16 -> e4m3, of the input", kCount * 2, [&] {
    for_each_piece(in.data(), [&](std::size_t i, std::span<const float> floats) {
      encode_fp8(floats, Dtype::BF16, 0.01F, out.data() + i);
    });
  });
  row("bf16 -> f32", kCount * 4,
      [&] { cast_elements(Dtype::BF16, in.data(), Dtype::F32, out.data(), kCount); });
  row("f32 -> bf16", kCount * 2,
      [&] { cast_elements(Dtype::F32, in.data(), Dtype::BF16, out.data(), kCount); });
  return figures;
}

}  // namespace ckptscope::bench
