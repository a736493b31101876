// What part of a model a key belongs to, as people say it.
#pragma once

#include <string_view>

namespace ckptscope {

/// "attention", "routed experts", "embedding", …: by words in the key, the first row of a table
/// that fits; "other" where none does. Static storage. Thread-safe.
std::string_view part_kind(std::string_view key);
inline constexpr std::string_view kRoutedExperts = "routed experts";

}  // namespace ckptscope
