// MXFP4 decoding: every byte under every scale.

#include <gtest/gtest.h>

#include "core/checkpoint/synthetic.hpp"
#include "core/kernels/kernels.hpp"
#include "tests/support/slow_formats.hpp"

namespace ckptscope::testing {
namespace {

TEST(DecodeMxfp4, EveryByteUnderEveryScale) {
  Bytes block(256);
  for (std::size_t i = 0; i < 256; ++i) block[i] = static_cast<std::byte>(i);
  std::vector<std::uint16_t> out(512);
  for (unsigned scale = 0; scale < 256; ++scale) {
    const std::byte exponent = static_cast<std::byte>(scale);
    decode_mxfp4(block, {&exponent, 1}, 256, out.data());
    for (unsigned byte = 0; byte < 256; ++byte) {
      ASSERT_EQ(out[2 * byte], slow_mxfp4(byte % 16, scale)) << byte << " under " << scale;
      ASSERT_EQ(out[2 * byte + 1], slow_mxfp4(byte / 16, scale)) << byte << " under " << scale;
    }
  }
}

TEST(DecodeMxfp4, BlocksOfAnySize) {
  for (const std::uint64_t size : {1, 3, 16, 17}) {
    constexpr std::uint64_t kBlocks = 50;
    const Bytes blocks = synthetic_bytes({"blocks", Dtype::U8, {kBlocks * size}, Filling::Raw}, 1);
    const Bytes scales = synthetic_bytes({"scales", Dtype::U8, {kBlocks}, Filling::Raw}, 2);
    std::vector<std::uint16_t> out(2 * blocks.size());
    decode_mxfp4(blocks, scales, size, out.data());
    for (std::size_t i = 0; i < out.size(); ++i) {
      const auto byte = std::to_integer<unsigned>(blocks[i / 2]);
      const auto scale = std::to_integer<unsigned>(scales[i / 2 / size]);
      ASSERT_EQ(out[i], slow_mxfp4(i % 2 == 0 ? byte % 16 : byte / 16, scale)) << i;
    }
  }
}

}  // namespace
}  // namespace ckptscope::testing
