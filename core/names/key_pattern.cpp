// Numbers stand as # in a pattern and as sets beside it.
#include "core/names/key_pattern.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "core/base/natural_order.hpp"

namespace ckptscope {

bool is_number_segment(std::string_view segment) {
  return !segment.empty() && segment.size() < 18 &&
         std::all_of(segment.begin(), segment.end(), is_digit);
}

std::string generalise(std::string_view key, std::vector<std::uint64_t>& numbers) {
  std::string pattern;
  pattern.reserve(key.size());
  for (std::size_t at = 0; at <= key.size();) {
    const std::size_t dot = std::min(key.find('.', at), key.size());
    const std::string_view segment = key.substr(at, dot - at);
    if (is_number_segment(segment)) {
      std::uint64_t value = 0;
      std::from_chars(segment.data(), segment.data() + segment.size(), value);
      numbers.push_back(value);
      pattern += '#';
    } else {
      if (segment.starts_with('#')) pattern += '#';  // a name, not the mark of a number
      pattern += segment;
    }
    if (dot < key.size()) pattern += '.';
    at = dot + 1;
  }
  return pattern;
}

void KeySet::add(const std::vector<std::uint64_t>& numbers) {
  if (numbers_.size() < numbers.size()) numbers_.resize(numbers.size());
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers_[i].add(numbers[i]);
}

void KeySet::Numbers::add(std::uint64_t number) {
  if (number >= kSmall) {
    large_.insert(number);
    return;
  }
  if (number >= small_.size()) small_.resize(number + 1);
  small_[number] = true;
}

std::vector<std::uint64_t> KeySet::Numbers::list() const {
  std::vector<std::uint64_t> numbers;
  for (std::size_t number = 0; number < small_.size(); ++number) {
    if (small_[number]) numbers.push_back(number);
  }
  numbers.insert(numbers.end(), large_.begin(), large_.end());
  return numbers;
}

std::string KeySet::text() const {
  std::string out;
  std::size_t place = 0;
  for (std::size_t at = 0; at <= pattern_.size();) {
    const std::size_t dot = std::min(pattern_.find('.', at), pattern_.size());
    const std::string_view segment = std::string_view(pattern_).substr(at, dot - at);
    if (segment == "#") {
      out += number_set(numbers_[place].list());
      ++place;
    } else {
      out += segment.starts_with('#') ? segment.substr(1) : segment;
    }
    if (dot < pattern_.size()) out += '.';
    at = dot + 1;
  }
  return out;
}

std::string number_set(std::vector<std::uint64_t> numbers) {
  constexpr std::size_t kMaxRuns = 8;
  std::sort(numbers.begin(), numbers.end());
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
  if (numbers.size() == 1) return fmt::format("{}", numbers.front());
  std::vector<std::string> runs;
  for (std::size_t i = 0; i < numbers.size();) {
    std::size_t end = i + 1;
    while (end < numbers.size() && numbers[end] == numbers[end - 1] + 1) ++end;
    runs.push_back(end - i == 1 ? fmt::format("{}", numbers[i])
                                : fmt::format("{}-{}", numbers[i], numbers[end - 1]));
    i = end;
  }
  if (runs.size() > kMaxRuns) {
    runs.erase(runs.begin() + kMaxRuns - 2, runs.end() - 1);
    runs.insert(runs.end() - 1, "..");
  }
  return fmt::format("[{}]", fmt::join(runs, ","));
}

}  // namespace ckptscope
