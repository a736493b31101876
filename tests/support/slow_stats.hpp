// Tensors written into a file, and their statistics worked out slowly: every value decoded from its
// fields, sums in long doubles, quantiles by counting.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <set>
#include <string>
#include <vector>

#include "core/kernels/numbers.hpp"
#include "core/safetensors.hpp"
#include "core/stats.hpp"
#include "core/synthetic.hpp"
#include "tests/support/temp_dir.hpp"

namespace ckptscope::testing {

// ---- checkpoints --------------------------------------------------------------------------------

struct StoredTensor {
  std::string key;
  Dtype dtype;
  Shape shape;
  std::vector<std::byte> bytes;

  std::size_t count() const { return element_count(shape).value(); }
};

inline StoredTensor stored_tensor(const std::string& key, Dtype dtype, const Shape& shape,
                                  Filling filling = Filling::ByDtype) {
  return {key, dtype, shape, synthetic_bytes({key, dtype, shape, filling}, 7)};
}

inline Checkpoint open_with(const TempDir& dir, const std::vector<StoredTensor>& tensors,
                            const std::string& config = "{}") {
  std::vector<HeaderEntry> entries;
  std::string data;
  for (const StoredTensor& one : tensors) {
    entries.push_back({one.key, one.dtype, one.shape});
    data.append(reinterpret_cast<const char*>(one.bytes.data()), one.bytes.size());
  }
  write_file(dir / "model.safetensors", make_header(entries, {{"format", "pt"}}) + data);
  write_file(dir / "config.json", config);
  return Checkpoint::open(dir.path());
}

// ---- values -------------------------------------------------------------------------------------

template <typename T>
T element(const std::vector<std::byte>& bytes, std::size_t i) {
  T value;
  std::memcpy(&value, &bytes[i * sizeof value], sizeof value);
  return value;
}

/// Any small float by its fields: a sign, an exponent, a mantissa.
inline float slow_float(unsigned code, int exponent_bits, int mantissa_bits, bool has_infinity) {
  const int most = (1 << exponent_bits) - 1;
  const int exponent = static_cast<int>(code >> mantissa_bits) & most;
  const int mantissa = static_cast<int>(code) & ((1 << mantissa_bits) - 1);
  const bool all_ones = mantissa == (1 << mantissa_bits) - 1;
  const int whole = exponent == 0 ? mantissa : mantissa + (1 << mantissa_bits);
  float value = std::ldexp(static_cast<float>(whole),
                           std::max(exponent, 1) - most / 2 - mantissa_bits);
  if (exponent == most && (has_infinity || all_ones)) {
    value = has_infinity && mantissa == 0 ? INFINITY : NAN;
  }
  return code >> (exponent_bits + mantissa_bits) != 0 ? -value : value;
}

inline float slow_fp4(unsigned code) {
  return slow_float(code, 2, 1, false) == 6 || (code & 7) == 7 ? (code == 7 ? 6.0F : -6.0F)
                                                              : slow_float(code, 2, 1, false);
}
