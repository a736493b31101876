// Which keys a text names (a traceback of a loader that complains), and why each is missing or
// unexpected, by the plan.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/checkpoint/checkpoint.hpp"
#include "core/plan/plan.hpp"

namespace ckptscope {

struct ExpectedKeys {
  struct Key {
    std::string key;
    std::string what;  // "converted", "on disk", "dropped", "added", "excluded", "unknown"
    std::string why;
  };
  struct Group {  // keys alike but for numbers
    std::uint64_t count = 0;
    std::string what;
    std::string pattern;
    std::string why;
  };
  std::vector<Key> keys;  // each once, in the order of the text
  std::vector<Group> groups;
  std::size_t unexplained = 0;
};

/// Every key in single or double quotes in `text`: dotted names without spaces.
std::vector<std::string> quoted_keys(std::string_view text);

ExpectedKeys explain_keys(const Plan& plan, const Checkpoint& checkpoint, std::string_view text);

}  // namespace ckptscope
