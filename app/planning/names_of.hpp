// Lists in messages: "automodel, documented".
#pragma once

#include <fmt/format.h>

#include <string>
#include <vector>

namespace ckptscope {

/// name(row) of every row, with commas.
inline std::string list_of(auto&& rows, auto&& name) {
  std::vector<std::string> names;
  names.reserve(std::size(rows));
  for (const auto& row : rows) names.emplace_back(name(row));
  return fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace ckptscope
