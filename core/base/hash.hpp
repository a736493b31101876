// Hashes that find and prove equality of what this program itself wrote or read: xxh3-64. Not for
// what somebody may have forged; sha256 is where the hub's records are compared (deep_check).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

struct XXH3_state_s;

namespace ckptscope {

std::uint64_t xxh3(std::span<const std::byte> bytes, std::uint64_t seed = 0);
std::uint64_t xxh3(std::string_view text, std::uint64_t seed = 0);

/// 16 hexadecimal digits.
std::string hex64(std::uint64_t value);

/// The xxh3-64 of bytes that come piece by piece: the same as that of all of them at once.
class RunningXxh3 {
 public:
  RunningXxh3();
  void reset();
  void add(std::span<const std::byte> bytes);
  std::uint64_t digest() const;

 private:
  struct Free {
    void operator()(XXH3_state_s* state) const;
  };
  std::unique_ptr<XXH3_state_s, Free> state_;
};

/// Of the library, as a number: 801 is 0.8.1.
unsigned xxhash_version();

}  // namespace ckptscope
