// Keys that differ only in numbers, written once: "model.layers.[0-35].mlp.gate.weight".
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace ckptscope {

/// A segment of digits alone, short enough to be a 64-bit number.
bool is_number_segment(std::string_view segment);

/// `key` with every number segment replaced by #, and a # put before names that begin with one; the
/// numbers are appended to `numbers`, in order.
std::string generalise(std::string_view key, std::vector<std::uint64_t>& numbers);

/// Keys of one pattern, and the numbers seen at each of its places.
class KeySet {
 public:
  KeySet() = default;
  explicit KeySet(std::string pattern) : pattern_(std::move(pattern)) {}
  /// Numbers of one more key, as generalise gave them.
  void add(const std::vector<std::uint64_t>& numbers);
  /// "model.layers.[0-35].mlp.gate.weight", raw.
  std::string text() const;

 private:
  /// A set of numbers, most of which are small.
  class Numbers {
   public:
    void add(std::uint64_t number);
    std::vector<std::uint64_t> list() const;

   private:
    static constexpr std::uint64_t kSmall = 1 << 10;  // so that many sets stay small, too
    std::vector<bool> small_;                         // by number
    std::set<std::uint64_t> large_;
  };
  std::string pattern_;
  std::vector<Numbers> numbers_;  // by place
};

/// "[0-35]", "[0,2,4-7]" for a set of numbers, elided when long; a single number as it is.
std::string number_set(std::vector<std::uint64_t> numbers);

}  // namespace ckptscope
