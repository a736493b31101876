// Tensors as short texts, "a.q BF16[4, 8]", and the lists that planning takes.
#pragma once

#include <deque>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.hpp"
#include "core/tensor/tensor_list.hpp"

namespace ckptscope::testing {

/// Owns the names and shapes; stays where it is as long as anything made from it is used.
class TensorTexts {
 public:
  /// Separated by ";". A name may hold no blank.
  explicit TensorTexts(std::string_view text) {
    while (!text.empty()) {
      const auto end = std::min(text.find(';'), text.size());
      add(text.substr(0, end));
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    index_ = KeyIndex(infos_);
  }
  TensorTexts(const TensorTexts&) = delete;
  TensorTexts& operator=(const TensorTexts&) = delete;

  TensorList list() const { return {infos_, index_}; }
  const std::vector<TensorInfo>& infos() const { return infos_; }

 private:
  void add(std::string_view one) {
    one.remove_prefix(std::min(one.find_first_not_of(' '), one.size()));
    const auto blank = one.find(' ');
    const auto open = one.find('[', blank);
    if (blank == one.npos || open == one.npos) throw std::invalid_argument(std::string(one));
    TensorInfo info;
    info.name = names_.emplace_back(one.substr(0, blank));
    info.dtype = parse_dtype_strict(one.substr(blank + 1, open - blank - 1)).value();
    Shape& shape = shapes_.emplace_back();
    for (auto at = open + 1; at < one.find(']', open);) {
      std::size_t used = 0;
      shape.push_back(std::stoull(std::string(one.substr(at)), &used));
      at = std::min(one.find_first_of(",]", at + used) + 1, one.size());
    }
    info.shape = shape;
    info.end = checked_byte_count(info.dtype, shape).value_or(0);
    infos_.push_back(info);
  }

  std::deque<std::string> names_;
  std::deque<Shape> shapes_;
  std::vector<TensorInfo> infos_;
  KeyIndex index_;
};

/// A line a problem.
inline std::string lines_of(const std::vector<Problem>& problems) {
  std::string lines;
  for (const Problem& problem : problems) lines += to_line(problem) + "\n";
  return lines;
}

}  // namespace ckptscope::testing
