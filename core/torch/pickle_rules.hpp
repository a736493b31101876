// What a pickle must keep to, and how it is told that it does not.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string_view>
#include <utility>

#include "core/base/error.hpp"

namespace ckptscope {

struct PickleLimits {
  static constexpr std::uint64_t kStack = 1'000'000;
  static constexpr std::uint64_t kDepth = 1000;         // containers in each other
  static constexpr std::uint64_t kPaths = 10'000'000;   // to values, through shared parts
  static constexpr std::uint64_t kTextNumber = 100;     // digits
  static constexpr std::uint64_t kName = 4096;          // bytes of a module or a name
  static constexpr std::uint64_t kExpansion = 64;       // of a storage by strides of zero …
  static constexpr std::uint64_t kFreeElements = 4096;  // … beyond so many elements
};

/// Throws BadPickle. `rule` is the word that tests and people know the rule by: "memo: number 7 is
/// not there".
template <typename... Args>
[[noreturn]] void broken_pickle(std::string_view rule, fmt::format_string<Args...> form,
                                Args&&... args) {
  fail(Code::BadPickle, "{}: {}", rule, fmt::format(form, std::forward<Args>(args)...));
}

}  // namespace ckptscope
