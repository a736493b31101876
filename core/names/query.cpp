// Each word becomes one test; a tensor must pass all of them.
#include "core/names/query.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "core/base/bytes.hpp"
#include "core/base/display.hpp"
#include "core/base/error.hpp"
#include "core/base/natural_order.hpp"
#include "core/base/regex.hpp"
#include "core/names/companions.hpp"

namespace ckptscope {
namespace {

using Test = Query::Test;
constexpr std::uint64_t kMaxRange = 100'000;
constexpr std::uint64_t kMaxAlternatives = 5'000;  // of a glob: PCRE2 takes no larger expression

struct Range {
  std::uint64_t first;
  std::uint64_t last;
  bool contains(std::uint64_t value) const { return value >= first && value <= last; }
};

std::optional<Range> parse_range(std::string_view text, std::string_view between) {
  const auto at = text.find(between);
  const auto first = parse_number(text.substr(0, at));
  const auto last = at == text.npos ? first : parse_number(text.substr(at + between.size()));
  if (!first || !last || *last < *first || *last - *first > kMaxRange) return std::nullopt;
  return Range{*first, *last};
}

[[noreturn]] void fail_word(std::string_view word, std::string_view expected) {
  fail(Code::Usage, "query \"{}\": {} expected", display(word), expected);
}

std::string quoted(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (std::string_view("\\.+*?[^]$(){}=!<>|:-#/").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

std::string alternatives(const Range& range) {
  std::string out;
  for (std::uint64_t n = range.first; n <= range.last; ++n) out += fmt::format("|{}", n);
  return "(?:" + out.substr(1) + ")";
}

/// The inside of {…}: a range of numbers or alternatives.
std::string brace_pattern(std::string_view inside, std::string_view word) {
  if (inside.find("..") != inside.npos) {
    const auto range = parse_range(inside, "..");
    if (!range || range->last - range->first > kMaxAlternatives) {
      fail_word(word, "a range like {0..3}, of at most 5,000 numbers,");
    }
    return alternatives(*range);
  }
  std::string out = "(?:";
  for (std::size_t comma = inside.find(','); comma != inside.npos; comma = inside.find(',')) {
    out += quoted(inside.substr(0, comma)) + "|";
    inside.remove_prefix(comma + 1);
  }
  return out + quoted(inside) + ")";
}

/// The inside of […]: a range of numbers, or a set of characters.
std::string bracket_pattern(std::string_view inside) {
  if (const auto range = parse_range(inside, "-"); range && inside.find('-') != inside.npos) {
    return alternatives(*range);
  }
  std::string out = "[";
  for (const char c : inside) {
    if (c == '\\' || c == ']' || c == '[' || c == '^') out += '\\';
    out += c;
  }
  return out + "]";
}

std::string glob_to_regex(std::string_view glob) {
  std::string out;
  for (std::size_t at = 0; at < glob.size(); ++at) {
    const char c = glob[at];
    const char close = c == '{' ? '}' : c == '[' ? ']' : '\0';
    const std::size_t end = close == '\0' ? glob.npos : glob.find(close, at);
    if (c == '*') {
      out += ".*";
    } else if (c == '?') {
      out += ".";
    } else if (end != glob.npos && end > at + 1) {
      const std::string_view inside = glob.substr(at + 1, end - at - 1);
      out += c == '{' ? brace_pattern(inside, glob) : bracket_pattern(inside);
      at = end;
    } else {
      out += quoted(glob.substr(at, 1));
    }
  }
  return out;
}

bool is_glob(std::string_view word) {
  return word.find_first_of("*?{[") != word.npos;
}

Test key_test(std::string_view word) {
  if (!is_glob(word)) {
    std::string prefix(word);
    return [prefix](const QueryItem& item) {
      return item.key.starts_with(prefix) &&
             (item.key.size() == prefix.size() || prefix.ends_with('.') ||
              item.key[prefix.size()] == '.');
    };
  }
  // A glob names a key, or everything below it.
  const Regex regex(glob_to_regex(word) + "(?:\\..*)?", {.whole = true});
  return [regex](const QueryItem& item) { return regex.matches(item.key); };
}

/// The number of the segment behind one named like `names`: the layer of "model.layers.3.mlp".
std::optional<std::uint64_t> number_after(std::string_view key,
                                          std::span<const std::string_view> names) {
  std::string_view last;
  while (!key.empty()) {
    const std::size_t dot = std::min(key.find('.'), key.size());
    const std::string_view segment = key.substr(0, dot);
    if (std::find(names.begin(), names.end(), last) != names.end()) {
      if (const auto number = parse_number(segment)) return number;
    }
    last = segment;
    key.remove_prefix(std::min(dot + 1, key.size()));
  }
  return std::nullopt;
}

Test number_test(std::string_view word, std::string_view value, auto number_of) {
  const auto range = parse_range(value, "..");
  if (!range) fail_word(word, "a number or a range like 0..3");
  return [range = *range, number_of](const QueryItem& item) {
    const std::optional<std::uint64_t> number = number_of(item);
    return number && range.contains(*number);
  };
}

Test dtype_test(std::string_view word, std::string_view value) {
  const auto dtype = parse_dtype(value);
  if (!dtype) fail_word(word, "a dtype like BF16");
  return [dtype = *dtype](const QueryItem& item) { return item.dtype == dtype; };
}

/// shape=[*,4096]: extents by commas, * is any.
Test shape_test(std::string_view word, std::string_view value) {
  if (!value.starts_with('[') || !value.ends_with(']')) fail_word(word, "a shape like [*,4096]");
  value = value.substr(1, value.size() - 2);
  std::vector<std::optional<std::uint64_t>> extents;
  while (!value.empty()) {
    const std::size_t comma = std::min(value.find(','), value.size());
    const std::string_view extent = value.substr(0, comma);
    const auto number = parse_number(extent);
    if (!number && extent != "*") fail_word(word, "extents or * by commas");
    extents.push_back(number);
    value.remove_prefix(std::min(comma + 1, value.size()));
  }
  return [extents](const QueryItem& item) {
    return std::equal(
        extents.begin(), extents.end(), item.shape.begin(), item.shape.end(),
        [](const auto& wanted, std::uint64_t extent) { return !wanted || *wanted == extent; });
  };
}

Test bytes_test(std::string_view word, char comparison, std::string_view value) {
  const auto bytes = parse_bytes(value);
  if (!bytes) fail_word(word, "a size like 1GB");
  return [comparison, bytes = *bytes](const QueryItem& item) {
    return comparison == '>'   ? item.bytes > bytes
           : comparison == '<' ? item.bytes < bytes
                               : item.bytes == bytes;
  };
}

/// flag=…: what a tensor is, beside its dtype and shape.
Test flag_test(std::string_view word, std::string_view value) {
  if (value == "scale") {
    return [](const QueryItem& item) { return companion_of(item.key).has_value(); };
  }
  if (value == "quantised") {
    return [](const QueryItem& item) {
      return item.key.ends_with(kBlocksSuffix) ||
             (item.dtype && (is_fp8(*item.dtype) || bits_of(*item.dtype) < 8));
    };
  }
  if (value == "empty") {
    return [](const QueryItem& item) {
      return std::find(item.shape.begin(), item.shape.end(), 0) != item.shape.end();
    };
  }
  if (value == "defect") return [](const QueryItem& item) { return item.defect; };
  fail_word(word, "flag=scale, quantised, empty or defect");
}

constexpr std::array<std::string_view, 4> kLayerNames{"layers", "blocks", "block", "h"};
constexpr std::array<std::string_view, 1> kExpertNames{"experts"};

/// NAME=VALUE words; nullopt when the word is no such thing.
std::optional<Test> attribute_test(std::string_view word) {
  const std::size_t at = word.find_first_of("=<>");
  if (at == word.npos) return std::nullopt;
  const std::string_view name = word.substr(0, at);
  const std::string_view value = word.substr(at + 1);
  if (name == "bytes") return bytes_test(word, word[at], value);
  if (name == "size") fail_word(word, "bytes>1GB, bytes<1GB or bytes=1GB");
  if (word[at] != '=') return std::nullopt;
  if (name == "dtype") return dtype_test(word, value);
  if (name == "shape") return shape_test(word, value);
  if (name == "flag") return flag_test(word, value);
  if (name == "op") {
    return [op = std::string(value)](const QueryItem& item) { return item.op == op; };
  }
  if (name == "rank") {
    return number_test(word, value, [](const QueryItem& item) -> std::optional<std::uint64_t> {
      return item.shape.size();
    });
  }
  if (name == "shard") return number_test(word, value, [](const QueryItem& i) { return i.shard; });
  if (name == "layer") {
    return number_test(word, value,
                       [](const QueryItem& item) { return number_after(item.key, kLayerNames); });
  }
  if (name == "expert") {
    return number_test(word, value,
                       [](const QueryItem& item) { return number_after(item.key, kExpertNames); });
  }
  return std::nullopt;
}

bool is_regex(std::string_view word) {
  return word.size() > 2 && word.starts_with('/') && word.ends_with('/');
}

Query::Word read_word(std::string_view word) {
  if (word.size() > 1 && word.starts_with('!')) {
    Query::Word inner = read_word(word.substr(1));
    inner.unwanted = !inner.unwanted;
    return inner;
  }
  using Kind = Query::Word::Kind;
  Query::Word result{std::string(word), false, Kind::Other, {}};
  if (is_regex(word)) {
    const Regex regex(word.substr(1, word.size() - 2), {.smart_case = true});
    result.test = [regex](const QueryItem& item) { return regex.matches(item.key); };
  } else if (auto attribute = attribute_test(word)) {
    result.test = std::move(*attribute);
  } else {
    if (!word.empty()) result.kind = is_glob(word) ? Kind::Glob : Kind::Plain;
    result.test = key_test(word);
  }
  return result;
}

std::size_t common_prefix(std::string_view a, std::string_view b) {
  const auto [x, y] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  return static_cast<std::size_t>(x - a.begin());
}

/// Letters of `wanted` that occur in `key` in order, and those shared at both ends: cheap, and good
/// enough to suggest a name.
std::size_t likeness(std::string_view wanted, std::string_view key) {
  std::size_t matched = 0;
  for (const char c : key) {
    if (matched < wanted.size() && wanted[matched] == c) ++matched;
  }
  std::size_t suffix = 0;
  while (suffix < wanted.size() && suffix < key.size() &&
         wanted[wanted.size() - 1 - suffix] == key[key.size() - 1 - suffix]) {
    ++suffix;
  }
  return matched * 2 + common_prefix(wanted, key) + suffix;
}

}  // namespace

bool Query::Word::meets(std::span<const QueryItem> names) const {
  return std::any_of(names.begin(), names.end(), test);
}

Query::Query(std::span<const std::string> words) {
  for (const std::string& word : words) words_.push_back(read_word(word));
}

bool Query::matches_any(std::span<const QueryItem> names) const {
  const auto is_wanted = [&](const QueryItem& item) {
    return std::all_of(words_.begin(), words_.end(),
                       [&](const Word& word) { return word.unwanted || word.test(item); });
  };
  return std::any_of(names.begin(), names.end(), is_wanted) &&
         std::none_of(words_.begin(), words_.end(),
                      [&](const Word& word) { return word.unwanted && word.meets(names); });
}

void Query::read_as_text(std::size_t word) {
  const std::string& text = words_[word].text;
  const bool glob = words_[word].kind == Word::Kind::Glob;
  std::string pattern = glob ? "(?<![^.])" + glob_to_regex(text) + "(?![^.])" : quoted(text);
  if (!glob && is_digit(text.front())) pattern = "(?<![0-9])" + pattern;
  if (!glob && is_digit(text.back())) pattern += "(?![0-9])";
  const Regex regex(pattern, {.smart_case = true});
  words_[word].test = [regex](const QueryItem& item) { return regex.matches(item.key); };
}

std::vector<std::string> nearest_keys(std::string_view wanted,
                                      std::span<const std::string_view> keys, std::size_t count) {
  std::vector<std::pair<std::size_t, std::string_view>> ranked;
  for (const std::string_view key : keys) {
    const std::size_t score = likeness(wanted, key);
    if (score * 2 >= wanted.size() * 3) ranked.emplace_back(score, key);
  }
  const auto better = [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first > b.first : a.second < b.second;
  };
  const auto shown = static_cast<std::ptrdiff_t>(std::min(count, ranked.size()));
  std::partial_sort(ranked.begin(), ranked.begin() + shown, ranked.end(), better);
  std::vector<std::string> result;
  for (auto it = ranked.begin(); it != ranked.begin() + shown; ++it)
    result.emplace_back(it->second);
  return result;
}

}  // namespace ckptscope
