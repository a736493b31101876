// Findings while they are being collected.
#pragma once

#include <fmt/format.h>

#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/error.hpp"

namespace ckptscope {

/// What a problem is about: a tensor, a file, both or neither; names are raw.
struct Subject {
  Subject() = default;
  Subject(std::string_view tensor, std::string_view file = {})  // NOLINT: mostly a key alone
      : key(tensor), shard(file) {}
  Subject(const std::string& tensor) : key(tensor) {}  // NOLINT
  Subject(const char* tensor) : key(tensor) {}         // NOLINT

  std::string_view key;
  std::string_view shard;
};

inline void append(std::vector<Problem>& to, std::vector<Problem> problems) {
  std::move(problems.begin(), problems.end(), std::back_inserter(to));
}

/// A list of problems under the hands of one stage, which gives it away with its result.
class Problems {
 public:
  template <typename... Args>
  void add(Code code, Severity severity, const Subject& subject, fmt::format_string<Args...> format,
           Args&&... args) {
    list_.push_back({code, severity, fmt::format(format, std::forward<Args>(args)...),
                     std::string(subject.key), std::string(subject.shard)});
  }
  void add(Problem problem) { list_.push_back(std::move(problem)); }
  void append(std::vector<Problem> problems) { ckptscope::append(list_, std::move(problems)); }

  const std::vector<Problem>& list() const { return list_; }
  std::vector<Problem> take() { return std::exchange(list_, {}); }

 private:
  std::vector<Problem> list_;
};

}  // namespace ckptscope
