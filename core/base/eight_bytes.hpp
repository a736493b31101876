// Text looked at eight bytes at a time: names, headers and indexes are mostly plain ASCII, and are
// asked of every byte whether it is.
//
// A byte b is below n <= 128 where bit 7 of (b - n) & ~b is set. A false alarm can stand behind a
// true one (the borrow), which changes nothing about the first.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace ckptscope {

/// Eight bytes of text, the first one lowest. What is asked of them is answered in the top bit of
/// each byte.
struct EightBytes {
  static constexpr std::uint64_t kOnes = 0x0101010101010101;
  static constexpr std::uint64_t kTops = kOnes * 0x80;

  std::uint64_t word = 0;

  std::uint64_t below(unsigned char n) const { return (word - kOnes * n) & ~word & kTops; }
  std::uint64_t equal(unsigned char c) const { return EightBytes{word ^ (kOnes * c)}.below(1); }
  std::uint64_t beyond_ascii() const { return word & kTops; }
};

/// Where, from `at` on, the first byte stands of which `asked(EightBytes)` says yes; with no such
/// one, where fewer than eight bytes are left, which are the caller's to look at.
inline std::size_t find_in_eights(std::string_view text, std::size_t at, const auto& asked) {
  for (EightBytes eight; at + sizeof eight.word <= text.size(); at += sizeof eight.word) {
    std::memcpy(&eight.word, text.data() + at, sizeof eight.word);
    const std::uint64_t yes = asked(eight);
    if (yes != 0) return at + static_cast<std::size_t>(std::countr_zero(yes)) / 8;
  }
  return at;
}

}  // namespace ckptscope
