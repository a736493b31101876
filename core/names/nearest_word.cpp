// One row of the table of distances is enough.
#include "core/names/nearest_word.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "core/base/display.hpp"

namespace ckptscope {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0]++;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t changed = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({changed, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

std::string_view nearest_word(std::string_view found, std::span<const std::string_view> words) {
  constexpr std::size_t kMostWrong = 2;
  std::string_view nearest;
  std::size_t least = std::min(kMostWrong, found.size() / 2) + 1;
  for (const std::string_view word : words) {
    if (word.size() > found.size() + kMostWrong || found.size() > word.size() + kMostWrong)
      continue;
    if (const std::size_t wrong = edit_distance(found, word); wrong < least) {
      least = wrong;
      nearest = word;
    }
  }
  return nearest;
}

std::string suggestion(std::string_view found, std::span<const std::string_view> words) {
  const std::string_view near = nearest_word(found, words);
  return near.empty() ? "" : fmt::format("; did you mean \"{}\"?", display(near));
}

}  // namespace ckptscope
