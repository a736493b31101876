// The one filter language: of ls, stat and map, on the command line, in the REPL and in the TUI.
//
//   model.layers.0           a key, or everything below it at a dot
//   *.experts.{0..3}.[gu]*   a glob: * crosses dots, {0..3} and [0-35] are ranges of numbers,
//                            {a,b} alternatives
//   /regex/                  PCRE2, smart case, anywhere in the key
//   dtype=BF16 rank=3 shape=[*,4096] bytes>1GB shard=3 layer=0..3 expert=17 op=drop
//   flag=scale|quantised|empty|defect
//   !word                    not
// All words must hold.
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
  Query() = default;
  /// Throws Usage for a word that cannot be understood.
  explicit Query(std::span<const std::string> words);
  bool empty() const { return wanted_.empty() && unwanted_.empty(); }
  bool matches(const QueryItem& item) const { return matches_any({&item, 1}); }
  /// Of one thing that has several names: one of them is what is wanted, and none is what is not.
  bool matches_any(std::span<const QueryItem> names) const;

 private:
  using Test = std::function<bool(const QueryItem&)>;
  std::vector<Test> wanted_;    // all must hold
  std::vector<Test> unwanted_;  // of "!word", without the !: none may hold
};

/// The keys most like `wanted`, best first, for messages. O(keys x length).
std::vector<std::string> nearest_keys(std::string_view wanted,
                                      std::span<const std::string_view> keys, std::size_t count);

}  // namespace ckptscope
