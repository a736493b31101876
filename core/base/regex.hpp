// Regular expressions (PCRE2), compiled once.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace ckptscope {

/// Immutable; matching is thread-safe. Backtracking is limited, so that a pattern cannot hang the
/// program.
class Regex {
 public:
  struct Flags {
    bool at_start = false;    // only at the start of the text, like Python's re.match
    bool smart_case = false;  // ignore case unless the pattern has a capital letter
    bool whole = false;       // the whole text
  };
  /// Throws Usage, with the offset in the pattern.
  Regex(std::string_view pattern, Flags flags);
  /// Throws Usage, with pattern and text, where the limit is met: whether it matches is not known.
  bool matches(std::string_view text) const { return find(text).has_value(); }
  /// The first match: its first byte and the one behind it. Throws as matches().
  std::optional<std::pair<std::size_t, std::size_t>> find(std::string_view text) const;

 private:
  std::string pattern_;  // for messages
  std::shared_ptr<void> code_;
};

}  // namespace ckptscope
