// The words of the filter language, one row a word, for `help query` and the manual.
#pragma once

#include <span>
#include <string_view>

namespace ckptscope {

struct QueryWord {
  std::string_view form;  // as it is written
  std::string_view help;
};

/// In the order in which a person learns them. Static storage.
std::span<const QueryWord> query_word_table();

}  // namespace ckptscope
