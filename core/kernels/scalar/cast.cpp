// Every cast goes through float: one table of readers, one of writers.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>

#include "core/kernels/scalar/scalar.hpp"
#include "core/numbers/formats.hpp"

namespace ckptscope::scalar {
namespace {

template <typename T>
T load(const std::byte* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

template <typename T>
void store(std::byte* at, T value) {
  std::memcpy(at, &value, sizeof value);
}

template <typename T>
void to_floats(const std::byte* in, float* out, std::size_t count, auto decode) {
  for (std::size_t i = 0; i < count; ++i) out[i] = decode(load<T>(in + i * sizeof(T)));
}

template <typename T>
void from_floats(const float* in, std::byte* out, std::size_t count, auto encode) {
  for (std::size_t i = 0; i < count; ++i) store<T>(out + i * sizeof(T), encode(in[i]));
}

void load_floats(Dtype from, const std::byte* in, float* out, std::size_t count) {
  switch (from) {
    case Dtype::BF16:
      return to_floats<std::uint16_t>(in, out, count, bf16_to_float);
    case Dtype::F16:
      return to_floats<std::uint16_t>(in, out, count, f16_to_float);
    case Dtype::F32:
      return to_floats<float>(in, out, count, [](float value) { return value; });
    case Dtype::F64:
      return to_floats<double>(in, out, count, [](double v) { return static_cast<float>(v); });
    default: {
      const auto& values = fp8_format(from).values;
      return to_floats<std::uint8_t>(in, out, count,
                                     [&](std::uint8_t code) { return values[code]; });
    }
  }
}

void store_floats(Dtype to, const float* in, std::byte* out, std::size_t count) {
  switch (to) {
    case Dtype::BF16:
      return from_floats<std::uint16_t>(in, out, count, float_to_bf16);
    case Dtype::F16:
      return from_floats<std::uint16_t>(in, out, count, float_to_f16);
    case Dtype::F64:
      return from_floats<double>(in, out, count, [](float v) { return static_cast<double>(v); });
    case Dtype::F32:
      return from_floats<float>(in, out, count, [](float value) { return value; });
    default:
      std::abort();  // the header lists what it may be
  }
}

}  // namespace

void cast_elements(Dtype from, const std::byte* in, Dtype to, std::byte* out,
                   std::size_t count) noexcept {
  if (count == 0) return;
  if (from == to) {
    std::memcpy(out, in, count * size_of(from));
    return;
  }
  std::array<float, 512> floats;
  for (std::size_t done = 0; done < count; done += floats.size()) {
    const std::size_t n = std::min(floats.size(), count - done);
    load_floats(from, in + done * size_of(from), floats.data(), n);
    store_floats(to, floats.data(), out + done * size_of(to), n);
  }
}

void decode_fp8(Dtype from, const std::byte* codes, float scale, Dtype to, std::byte* out,
                std::size_t count) noexcept {
  const auto& values = fp8_format(from).values;
  constexpr std::size_t kTableWorthwhile = 256;
  if (count < kTableWorthwhile) {
    std::array<float, kTableWorthwhile> floats;
    to_floats<std::uint8_t>(codes, floats.data(), count,
                            [&](std::uint8_t code) { return values[code] * scale; });
    store_floats(to, floats.data(), out, count);
    return;
  }
  // Every product there can be, rounded once: 256 codes, one scale.
  std::array<float, 256> products;
  std::transform(values.begin(), values.end(), products.begin(),
                 [&](float v) { return v * scale; });
  std::array<std::byte, 256 * sizeof(float)> finished;
  store_floats(to, products.data(), finished.data(), products.size());
  const auto look_up = [&]<typename T>(T) {
    std::array<T, 256> words;
    std::memcpy(words.data(), finished.data(), sizeof words);
    for (std::size_t i = 0; i < count; ++i) {
      store<T>(out + i * sizeof(T), words[std::to_integer<std::size_t>(codes[i])]);
    }
  };
  if (size_of(to) == 2) {
    look_up(std::uint16_t{});
  } else {
    look_up(std::uint32_t{});
  }
}

}  // namespace ckptscope::scalar
