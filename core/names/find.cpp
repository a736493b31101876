// Whether a word names a key depends on all things, so it is settled before the query is asked.
#include "core/names/find.hpp"

#include <algorithm>
#include <limits>
#include <optional>

#include "core/base/display.hpp"

namespace ckptscope {
namespace {

constexpr std::size_t kFewestLetters = 3;  // of which a word can be told by its letters alone
constexpr std::size_t kMostStretched = 3;  // times its length, over which they may be spread
constexpr std::size_t kNever = std::numeric_limits<std::size_t>::max();

char small(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// Behind the last letter of `word`, which are looked for in order from `from` on.
std::size_t end_of_letters(std::string_view key, std::string_view word, std::size_t from) {
  std::size_t next = 0;
  for (std::size_t at = from; at < key.size(); ++at) {
    if (small(key[at]) != small(word[next])) continue;
    if (++next == word.size()) return at + 1;
  }
  return kNever;
}

/// The length of the shortest part of `key` that has the letters of `word` in order.
std::size_t spread_of(std::string_view key, std::string_view word) {
  std::size_t shortest = kNever;
  for (std::size_t from = 0; from < key.size(); ++from) {
    if (small(key[from]) != small(word.front())) continue;
    const std::size_t end = end_of_letters(key, word, from);
    if (end == kNever) break;
    shortest = std::min(shortest, end - from);
  }
  return shortest;
}

class Finder {
 public:
  Finder(const std::vector<std::string>& words, std::uint32_t count, const NamesOf& names_of)
      : query_(words), count_(count), names_of_(names_of) {}

  QueryResult find(Looseness most) {
    std::vector<bool> met = find_things();
    for (std::size_t i = 0; i < met.size(); ++i) {
      if (!met[i] && query_.words()[i].kind != Query::Word::Kind::Other) loosen(i, most);
    }
    if (!result_.notes.empty()) met = find_things();
    for (std::size_t i = 0; i < met.size(); ++i) {
      const Query::Word& word = query_.words()[i];
      if (met[i] || !word.unwanted) continue;
      note("!{} leaves nothing out: no key matches {}", display(word.text), display(word.text));
    }
    return std::move(result_);
  }

 private:
  void for_each(const auto& see) const {
    for (std::uint32_t thing = 0; thing < count_; ++thing) {
      names_of_(thing, [&](std::span<const QueryItem> names) { see(thing, names); });
    }
  }

  /// Fills the things; which words some name of some thing meets.
  std::vector<bool> find_things() {
    std::vector<bool> met(query_.words().size());
    result_.things.clear();
    for_each([&](std::uint32_t thing, std::span<const QueryItem> names) {
      if (query_.matches_any(names)) result_.things.push_back(thing);
      for (std::size_t i = 0; i < met.size(); ++i) {
        met[i] = met[i] || query_.words()[i].meets(names);
      }
    });
    return met;
  }

  void loosen(std::size_t place, Looseness most) {
    const Query::Word word = query_.words()[place];
    const bool glob = word.kind == Query::Word::Kind::Glob;
    query_.read_as_text(place);
    if (is_met(place)) {
      return note("{} names no key: it is taken as a {} keys", display(word.text),
                  glob ? "part of" : "text in");
    }
    const bool by_letters = most == Looseness::Letters && !word.unwanted && !glob &&
                            word.text.size() >= kFewestLetters &&
                            word.text.find('.') == word.text.npos;
    if (!by_letters) return;
    const std::size_t spread = shortest_spread(word.text);
    if (spread > kMostStretched * word.text.size()) return;
    query_.replace(place, [text = word.text, spread](const QueryItem& item) {
      return spread_of(item.key, text) == spread;
    });
    note("{} is in no key: those that have its letters in this order, within {}, are meant",
         display(word.text), spread);
  }

  bool is_met(std::size_t place) const {
    bool met = false;
    for_each([&](std::uint32_t, std::span<const QueryItem> names) {
      met = met || query_.words()[place].meets(names);
    });
    return met;
  }

  std::size_t shortest_spread(std::string_view text) const {
    std::size_t shortest = kNever;
    for_each([&](std::uint32_t, std::span<const QueryItem> names) {
      for (const QueryItem& item : names) shortest = std::min(shortest, spread_of(item.key, text));
    });
    return shortest;
  }

  template <typename... Args>
  void note(fmt::format_string<Args...> format, Args&&... args) {
    result_.notes.push_back(
        {Code::NoMatch, Severity::Note, fmt::format(format, std::forward<Args>(args)...)});
  }

  Query query_;
  std::uint32_t count_;
  const NamesOf& names_of_;
  QueryResult result_;
};

}  // namespace

QueryResult find(const std::vector<std::string>& words, std::uint32_t count,
                 const NamesOf& names_of, Looseness most) {
  return Finder(words, count, names_of).find(most);
}

}  // namespace ckptscope
