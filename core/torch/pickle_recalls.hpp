// Which values of a pickle are used again: a look ahead, so that a machine need not remember all.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/torch/byte_source.hpp"

namespace ckptscope {

/// A set of numbers of the memo. Each has a place among them.
class RecalledNumbers {
 public:
  RecalledNumbers() = default;
  explicit RecalledNumbers(std::vector<std::uint8_t> bits);

  std::size_t size() const { return before_.empty() ? 0 : before_.back(); }
  bool contains(std::uint64_t number) const {
    return number / 8 < bits_.size() && (bits_[number / 8] >> (number % 8) & 1) != 0;
  }
  /// How many smaller ones there are. The number must be one of them.
  std::size_t place(std::uint64_t number) const {
    const unsigned smaller = (1u << (number % 8)) - 1;
    return before_[number / 8] + kOnes[bits_[number / 8] & smaller];
  }

 private:
  static constexpr std::array<std::uint8_t, 256> kOnes = [] {
    std::array<std::uint8_t, 256> ones{};
    for (unsigned i = 1; i < ones.size(); ++i) ones[i] = ones[i / 2] + (i & 1);
    return ones;
  }();

  std::vector<std::uint8_t> bits_;
  std::vector<std::uint32_t> before_;  // how many stand before each of these bytes, and in all
};

/// What the pickle at the stream's place takes from the memo, of the numbers that MEMOIZE gives.
/// Reads up to STOP, or up to what a machine would refuse too.
RecalledNumbers recalled_numbers(ByteStream stream);

}  // namespace ckptscope
