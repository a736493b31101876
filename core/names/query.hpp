// The one filter language: of ls, stat and map, on the command line, in the REPL and in the TUI;
// its words stand in query_words.cpp. All words must hold.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/tensor/dtype.hpp"
#include "core/tensor/shape.hpp"

namespace ckptscope {

/// What a query looks at. Members that a caller does not have stay empty: they match no word.
struct QueryItem {
  std::string_view key;
  std::optional<Dtype> dtype{};
  ShapeView shape{};
  std::uint64_t bytes = 0;
  std::optional<std::uint64_t> shard{};  // number of the file, from 1
  std::string_view op{};
  bool defect = false;  // a problem of the checkpoint names this key
};

class Query {
 public:
  using Test = std::function<bool(const QueryItem&)>;
  struct Word {
    std::string text;                             // without the ! of "!word"
    bool unwanted;                                // it was one
    enum class Kind { Plain, Glob, Other } kind;  // a key or prefix, one with * ? [ {, or neither
    Test test;
    bool meets(std::span<const QueryItem> names) const;  // one of them
  };

  Query() = default;
  /// Throws Usage for a word that cannot be understood.
  explicit Query(std::span<const std::string> words);
  bool empty() const { return words_.empty(); }
  std::span<const Word> words() const { return words_; }
  bool matches(const QueryItem& item) const { return matches_any({&item, 1}); }
  /// Of one thing that has several names: one of them is what is wanted, and none is what is not.
  bool matches_any(std::span<const QueryItem> names) const;

  void replace(std::size_t word, Test test) { words_[word].test = std::move(test); }
  /// A plain word as a text anywhere in a key: a number at its ends is a whole one, and without a
  /// capital letter it is found in any case. A glob as whole segments anywhere in it.
  void read_as_text(std::size_t word);

 private:
  std::vector<Word> words_;
};

/// The keys most like `wanted`, best first, for messages. O(keys x length).
std::vector<std::string> nearest_keys(std::string_view wanted,
                                      std::span<const std::string_view> keys, std::size_t count);

}  // namespace ckptscope
