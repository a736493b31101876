// Runs of values as MXFP4 and E4M3: what was decoded comes back, and codes, scales and losses are
// those of a slow implementation that looks at every code and adds up in long double.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/kernels/kernels.hpp"
#include "core/numbers/formats.hpp"

namespace ckptscope::testing {
namespace {

using Bytes = std::vector<std::byte>;
using Floats = std::vector<float>;
using Random = std::mt19937_64;

struct Packed {
  Bytes codes{};
  Bytes scales{};
  std::uint64_t changed = 0;
  long double signal = 0;
  long double noise = 0;

  bool operator==(const Packed&) const = default;
  void lose(float value, long double decoded) {
    const long double exact = value;
    changed += decoded != exact ? 1 : 0;
    signal += exact * exact;
    noise += (exact - decoded) * (exact - decoded);
  }
};

// ---- the slow ones ------------------------------------------------------------------------------

/// The code among 0..last and their negatives, which begin at `sign`; a tie goes to the even one.
std::uint8_t nearest(float (*decode)(std::uint8_t), unsigned last, unsigned sign,
                     long double number) {
  const auto value = [&](unsigned code) -> long double {
    return decode(static_cast<std::uint8_t>(code));
  };
  const long double size = std::min(std::fabs(number), value(last));
  unsigned best = 0;
  for (unsigned code = 1; code <= last; ++code) {
    const long double here = std::fabs(size - value(code));
    const long double there = std::fabs(size - value(best));
    if (here < there || (here == there && code % 2 == 0)) best = code;
  }
  return static_cast<std::uint8_t>(std::signbit(number) ? best | sign : best);
}

int slow_scale(const float* block) {
  float largest = 0;
  for (int i = 0; i < 32; ++i) largest = std::max(largest, std::fabs(block[i]));
  return largest == 0 ? 0 : std::clamp(std::ilogb(largest) - 2 + 127, 0, 254);
}

Packed slow_mxfp4(const Floats& values) {
  Packed packed;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i % 32 == 0) packed.scales.push_back(static_cast<std::byte>(slow_scale(&values[i])));
    const long double unit = std::ldexp(1.0L, std::to_integer<int>(packed.scales.back()) - 127);
    const std::uint8_t code = nearest(e2m1_to_float, 7, 8, values[i] / unit);
    if (i % 2 == 0) packed.codes.emplace_back();
    packed.codes.back() |= static_cast<std::byte>(i % 2 == 0 ? code : code << 4);
    packed.lose(values[i], e2m1_to_float(code) * unit);
  }
  return packed;
}

Packed slow_fp8(const Floats& values, float scale) {
  Packed packed;
  for (const float value : values) {
    const std::uint8_t code = nearest(e4m3_to_float, 0x7E, 0x80, value / scale);
    packed.codes.push_back(static_cast<std::byte>(code));
    packed.lose(value, e4m3_to_float(code) * static_cast<long double>(scale));
  }
  return packed;
}

// ---- the fast ones ------------------------------------------------------------------------------

/// Room for `size` bytes at an odd address, between two that must stay as they are.
struct Guarded {
  explicit Guarded(std::size_t size) : bytes(size + 2, std::byte{0xA5}) {}
  std::byte* data() { return bytes.data() + 1; }
  Bytes inner() const {
    EXPECT_EQ(bytes.front(), std::byte{0xA5});
    EXPECT_EQ(bytes.back(), std::byte{0xA5});
    return {bytes.begin() + 1, bytes.end() - 1};
  }
  Bytes bytes;
};

/// `values` behind one more, so that their address suits no vector; their memory ends with them.
Floats shifted(const Floats& values) {
  Floats all(values.size() + 1);
  for (std::size_t i = 0; i < values.size(); ++i) all[i + 1] = values[i];
  return all;
}

Packed fast_mxfp4(const Floats& values) {
  const Floats all = shifted(values);
  const auto in = std::span(all).subspan(1);
  Guarded codes(in.size() / 2);
  Guarded scales(in.size() / 32);
  const Rounding lost = encode_mxfp4(in, largest_magnitude(in), codes.data(), scales.data());
  return {codes.inner(), scales.inner(), lost.changed, lost.signal, lost.noise};
}

Packed fast_fp8(const Floats& values, float scale) {
  const Floats all = shifted(values);
  Guarded codes(values.size());
  const Rounding lost = encode_fp8(std::span(all).subspan(1), Dtype::F32, scale, codes.data());
  return {codes.inner(), {}, lost.changed, lost.signal, lost.noise};
}

/// On every target of this machine.
class Encode : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { ASSERT_TRUE(choose_kernels(GetParam())); }
  void TearDown() override { choose_kernels(""); }
};
INSTANTIATE_TEST_SUITE_P(Targets, Encode, ::testing::ValuesIn(kernel_targets()),
                         [](const auto& test) { return test.param; });

/// `quotient`: by how much, relatively, a value may be off where its error is taken.
void expect_same(const Packed& found, const Packed& expected, long double quotient) {
  ASSERT_EQ(found.codes, expected.codes);
  ASSERT_EQ(found.scales, expected.scales);
  EXPECT_EQ(found.changed, expected.changed);
  EXPECT_LE(std::fabs(found.signal - expected.signal), 1e-6L * expected.signal);
  const long double slack = 2 * quotient * std::sqrt(expected.noise * expected.signal);
  EXPECT_LE(std::fabs(found.noise - expected.noise), 1e-6L * expected.noise + slack);
}

// ---- what was decoded ---------------------------------------------------------------------------

/// Decodes and encodes; false when a value is infinite. BF16 bits in `before` and `after`.
bool comes_back(const std::array<std::byte, 16>& codes, std::byte scale) {
  std::array<std::uint16_t, 32> before, after;
  decode_mxfp4(codes, {&scale, 1}, 16, before.data());
  Floats values;
  for (const std::uint16_t bits : before) values.push_back(bf16_to_float(bits));
  if (!std::isfinite(largest_magnitude(values))) return false;
  const Packed packed = fast_mxfp4(values);
  decode_mxfp4(packed.codes, packed.scales, 16, after.data());
  EXPECT_EQ(after, before) << "scale " << std::to_integer<int>(scale);
  EXPECT_EQ(packed.changed, 0u);
  EXPECT_EQ(packed.noise, 0);
  return true;
}

/// How many bytes decode to finite values: 4 and 6 overflow under scale 253, 2 and 3 as well under
/// 254, 1 and 1.5 under 255.
int finite_bytes(int scale) {
  constexpr int kFinite[] = {12 * 12, 8 * 8, 4 * 4};
  return scale < 253 ? 256 : kFinite[scale - 253];
}

/// Blocks of one byte alone, so that the largest value may be any, also zero.
TEST_P(Encode, EveryDecodedMxfp4ByteUnderEveryScaleComesBack) {
  for (int scale = 0; scale < 256; ++scale) {
    int finite = 0;
    for (int byte = 0; byte < 256; ++byte) {
      std::array<std::byte, 16> block;
      block.fill(static_cast<std::byte>(byte));
      finite += comes_back(block, static_cast<std::byte>(scale)) ? 1 : 0;
    }
    ASSERT_TRUE(finite == finite_bytes(scale) && !HasFailure()) << "scale " << scale;
  }
}

TEST_P(Encode, DecodedMxfp4BlocksOfMixedBytesComeBack) {
  Random random(3);
  for (int scale = 0; scale < 253; ++scale) {
    for (int round = 0; round < 100; ++round) {
      const std::uint64_t mask = round % 2 == 0 ? 0xFF : random() & 0xBB;  // few codes or all
      std::array<std::byte, 16> block;
      for (std::byte& byte : block) byte = static_cast<std::byte>(random() & mask);
      ASSERT_TRUE(comes_back(block, static_cast<std::byte>(scale)) && !HasFailure());
    }
  }
}

TEST_P(Encode, ZerosKeepTheirSignUnderScaleZero) {
  Floats values(64, 0.0F);
  for (std::size_t i = 33; i < 64; i += 2) values[i] = -0.0F;
  const Packed packed = fast_mxfp4(values);
  for (std::size_t i = 0; i < 32; ++i) {
    EXPECT_EQ(std::to_integer<int>(packed.codes[i]), i < 16 ? 0 : 0x80) << i;
  }
  EXPECT_EQ(packed.scales, Bytes(2));
}

/// With 448 among the codes the scale is found again; every product of a code and a BF16 is a
/// float, so nothing is lost. From 1.15 * 2^119 on 448 times the scale overflows.
TEST_P(Encode, EveryE4m3CodeUnderManyScalesComesBack) {
  Bytes codes;
  for (int code = 0; code < 255; ++code) {
    if (code != 127) codes.push_back(static_cast<std::byte>(code));
  }
  for (std::uint32_t bits = 1; bits <= 0x7B12; bits += bits < 0x80 || bits > 0x7B00 ? 1 : 11) {
    const auto scale = static_cast<std::uint16_t>(bits);
    Floats values;
    for (const std::byte code : codes) {
      values.push_back(e4m3_to_float(std::to_integer<std::uint8_t>(code)) * bf16_to_float(scale));
    }
    ASSERT_EQ(fp8_scale_of(largest_magnitude(values)), scale);
    const Packed packed = fast_fp8(values, bf16_to_float(scale));
    ASSERT_EQ(packed.codes, codes) << "scale " << scale;
    ASSERT_TRUE(packed.changed == 0 && packed.noise == 0) << "scale " << scale;
  }
}

// ---- other values -------------------------------------------------------------------------------

float uniform(std::uint64_t word) {
  return static_cast<float>(static_cast<double>(word >> 12) * 0x1p-51 - 1);
}
float bf16(std::uint64_t word) {
  return bf16_to_float(float_to_bf16(uniform(word) * 0.05F));
}
float of_many_sizes(std::uint64_t word) {
  return std::ldexp(uniform(word), -static_cast<int>(word % 40));
}
float any(std::uint64_t word) {
  const float value = std::bit_cast<float>(static_cast<std::uint32_t>(word));
  return std::isfinite(value) ? value : 0;
}
float subnormal(std::uint64_t word) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(word) & 0x807FFFFF);
}
/// Quarters and what lies one unit beside them: half-way between codes, or nearly.
float ties(std::uint64_t word) {
  const float quarter = static_cast<float>(word % 65) / 4 - 8;
  return std::nextafter(quarter, static_cast<float>(static_cast<int>(word >> 8 & 1) * 99));
}

/// Each makes a finite float of 64 random bits.
constexpr std::pair<const char*, float (*)(std::uint64_t)> kOutputKinds[]{
    {"uniform", uniform}, {"bf16", bf16},           {"sizes", of_many_sizes},
    {"any", any},         {"subnormal", subnormal}, {"ties", ties}};

void for_each_run(std::initializer_list<std::size_t> counts, const auto& visit) {
  Random random(17);
  for (const auto& [name, make] : kOutputKinds) {
    for (const std::size_t count : counts) {
      SCOPED_TRACE(std::string(name) + ", " + std::to_string(count));
      Floats values(count);
      for (float& value : values) value = make(random());
      visit(values);
    }
  }
}

TEST_P(Encode, AsTheSlowMxfp4) {
  for_each_run({0, 32, 64, 96, 1024, 4096}, [](const Floats& values) {
    expect_same(fast_mxfp4(values), slow_mxfp4(values), 0);
  });
}

TEST_P(Encode, AsTheSlowFp8) {
  for_each_run({0, 1, 2, 15, 17, 31, 32, 33, 63, 65, 1000, 1025, 4001}, [](const Floats& values) {
    const float scale = bf16_to_float(fp8_scale_of(largest_magnitude(values)));
    expect_same(fast_fp8(values, scale), slow_fp8(values, scale), 0x1p-24L);
  });
}

TEST_P(Encode, LosesTheSameToTheLastBitAsPlainLoops) {
  for_each_run({1024, 992}, [](Floats values) {
    const Packed mxfp4 = fast_mxfp4(values);
    ASSERT_TRUE(choose_kernels("scalar"));
    EXPECT_TRUE(fast_mxfp4(values) == mxfp4);
    values.resize(values.size() - 21);
    const Packed fp8 = fast_fp8(values, 0.37F);
    ASSERT_TRUE(choose_kernels(GetParam()));
    EXPECT_TRUE(fast_fp8(values, 0.37F) == fp8);
  });
}

/// 2^-149 beside 16 is too small even for a float once it is divided by the block's scale.
TEST_P(Encode, ValuesThatVanishCountAsChanged) {
  Floats values(32, 0.0F);
  values[0] = 16;
  values[1] = std::numeric_limits<float>::denorm_min();
  EXPECT_EQ(fast_mxfp4(values).changed, 1u);
}

}  // namespace
}  // namespace ckptscope::testing
