// Parts that are shared are walked once, and counted as often as they are reached.
#include "core/torch/pickle_extent.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/base/display.hpp"
#include "core/torch/pickle_rules.hpp"

namespace ckptscope {
namespace {

using Kind = PickleValue::Kind;

/// Walks containers once each, however often they are shared.
class Extent {
 public:
  void check(PickleValue root) {
    if (!root.is_container()) return;
    enter(root);
    while (!open_.empty()) {
      Open& last = open_.back();
      if (last.next == count_of(last.value)) {
        leave();
      } else {
        visit(child_of(last.value, last.next++));
      }
    }
  }

 private:
  struct Known {
    std::uint64_t paths = 0;
    std::uint64_t depth = 0;
    bool open = true;
  };
  struct Open {
    PickleValue value;
    std::size_t next = 0;
    std::uint64_t paths = 0;
    std::uint64_t depth = 0;  // of the deepest child
  };

  static std::size_t count_of(PickleValue value) {
    return value.is(Kind::Dict) ? value.entries().size() : value.items().size();
  }
  static PickleValue child_of(PickleValue value, std::size_t i) {
    return value.is(Kind::Dict) ? value.entries()[i].value : value.items()[i];
  }

  void enter(PickleValue value) {
    if (open_.size() == PickleLimits::kDepth) {
      broken_pickle("depth", "more than {} containers in each other", PickleLimits::kDepth);
    }
    if (value.is(Kind::Dict)) check_keys(value);
    known_[value.identity()] = {};
    open_.push_back({value});
  }

  void visit(PickleValue child) {
    if (!child.is_container()) return add({1, 0, false});
    const auto found = known_.find(child.identity());
    if (found == known_.end()) return enter(child);
    if (found->second.open) broken_pickle("cycle", "a value contains itself");
    add(found->second);
  }

  void add(const Known& child) {
    Open& last = open_.back();
    last.paths += child.paths;
    last.depth = std::max(last.depth, child.depth);
    if (last.paths > PickleLimits::kPaths) {
      broken_pickle("size", "more than {} values, counted by every path", PickleLimits::kPaths);
    }
    if (last.depth >= PickleLimits::kDepth) {
      broken_pickle("depth", "more than {} containers in each other", PickleLimits::kDepth);
    }
  }

  void leave() {
    const Open done = open_.back();
    open_.pop_back();
    const Known known{done.paths, done.depth + 1, false};
    known_[done.value.identity()] = known;
    if (!open_.empty()) add(known);
  }

  /// Texts and whole numbers, which are what keys are.
  void check_keys(PickleValue dict) {
    std::vector<std::pair<Kind, std::string_view>> texts;
    std::vector<std::int64_t> numbers;
    for (const pickle::Entry& entry : dict.entries()) {
      const Kind kind = entry.key.kind();
      if (kind == Kind::Text || kind == Kind::Bytes)
        texts.emplace_back(kind, entry.key.text().text);
      if (kind == Kind::Int) numbers.push_back(entry.key.integer());
    }
    std::sort(texts.begin(), texts.end());
    std::sort(numbers.begin(), numbers.end());
    const auto twice = std::adjacent_find(texts.begin(), texts.end());
    if (twice != texts.end()) broken_pickle("duplicate key", "{}", display(twice->second));
    if (std::adjacent_find(numbers.begin(), numbers.end()) != numbers.end()) {
      broken_pickle("duplicate key", "a number");
    }
  }

  std::unordered_map<std::uint64_t, Known> known_;
  std::vector<Open> open_;
};

}  // namespace

void check_extent(PickleValue value) {
  Extent().check(value);
}

}  // namespace ckptscope
