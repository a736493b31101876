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
    std::string what;  // "converted", "on disk", "shape", "dropped", "added", "excluded", "fused",
                       // "unknown"
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

/// Every key that `text` names, each once: dotted names without spaces, in single or double quotes,
/// or bare where a line is nothing else, or where it speaks of keys ("Missing key in …: a.b.c.")
/// and the name has two dots; in rows of a report, "a.{0...31}.b | MISSING", each number.
std::vector<std::string> named_keys(std::string_view text);

ExpectedKeys explain_keys(const Plan& plan, const Checkpoint& checkpoint, std::string_view text);

}  // namespace ckptscope
