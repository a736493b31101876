// The two ways of reading an equation, and what they share: the checks before a tensor is touched,
// and the dtype that it gets.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/problems.hpp"
#include "core/mapping/lookup.hpp"
#include "core/plan/draft.hpp"
#include "core/plan/expert_extents.hpp"
#include "core/plan/plan.hpp"

namespace ckptscope {

/// One pass over the equations of a mapping. Checks answer, and note what is wrong.
struct Reading {
  const Mapping& mapping;
  const PlanOptions& options;
  Values& values;
  ExpertExtents& extents;
  Problems problems{};

  /// What is transformed must be numbers, never packed codes.
  bool are_numbers(const Equation& equation, const LogicalTensor& tensor);
  bool has_expected_rows(const Equation& equation, ValuePtr whole, std::string_view key);
  bool has_rank(ValuePtr value, std::size_t rank, std::string_view key);
  bool has_two_halves(const Part& part, ValuePtr value, std::string_view key);

  /// A note that is made once, whatever number of tensors it holds for.
  void remark(Code code, std::string_view key, std::string text);
  /// Puts the remarks behind the problems.
  std::vector<Problem> take_problems();

  /// Cast to the dtype that the equation or the direction gives its tensors, if any. What is
  /// multiplied is cast afterwards, as a whole: `whole` is true for that.
  ValuePtr with_target_dtype(const Equation& equation, ValuePtr value, bool whole = false);
  /// False, and a problem, where the config does not state what the operation needs.
  bool is_known(const Part& part, std::string_view key);
  void mismatch(std::string_view key, ValuePtr found, std::string_view expected);
  /// A draft of the equation, from a tensor of that key.
  Draft draft(const Equation& equation, std::string key, ValuePtr value, std::string_view origin);

  struct Remark {
    std::string key;
    std::string text;
    std::size_t alike = 0;  // others
  };
  std::map<Code, Remark> remarks{};  // the first of its code
  std::vector<Padding> paddings{};
  /// The experts [first, last) of `count` that this plan is for.
  std::pair<std::uint64_t, std::uint64_t> expert_range(std::uint64_t count) const;
  /// Whether the slice that is asked for has none of so many experts: a problem.
  bool is_empty_slice(std::uint64_t count, std::string_view key);
  /// Of a tensor of all experts those of the slice, where one is asked for; nullptr where it cannot
  /// be told.
  ValuePtr sliced(const Equation& equation, ValuePtr whole, std::string_view key);
};

/// The dimension that `dim` means in a tensor of `rank` dimensions: -1 is the last.
inline int dimension_of(int dim, std::size_t rank) {
  return dim < 0 ? static_cast<int>(rank) + dim : dim;
}
/// The dimensions that a tensor must have for `dim` to mean one of them.
inline std::size_t rank_for(int dim) {
  return static_cast<std::size_t>(dim < 0 ? -dim : dim + 1);
}

// ---- from the whole to its parts: take_apart.cpp ----

/// Adds a draft for every tensor of the equation's expression, cut out of `whole`, which stands at
/// `place`. What does not fit becomes a problem of `reading`, and its part is not made.
void take_apart(const KeyPlace& place, const LogicalTensor& whole, Reading& reading,
                std::vector<Draft>& drafts);

// ---- from the parts to the whole: assemble.cpp ----

/// Collects the tensors that are parts, and makes every whole that has all of its own. Missing and
/// unexpected parts become problems of `reading`, and their whole is not made.
class Assembly {
 public:
  explicit Assembly(Reading& reading) : reading_(reading) {}

  /// `tensor`, which must stay where it is until finish(), stands at `place`. False for an expert
  /// that PlanOptions::expert_range leaves to another rank.
  bool add(const KeyPlace& place, const LogicalTensor& tensor);
  /// Adds a draft for every whole, in the order in which their first parts came.
  void finish(std::vector<Draft>& drafts);

 private:
  /// A tensor and where it stands in its equation.
  struct Member {
    std::size_t place = 0;
    std::uint64_t expert = 0;
    const LogicalTensor* tensor = nullptr;

    std::pair<std::size_t, std::uint64_t> position() const { return {place, expert}; }
  };
  /// The tensors of one equation that make one whole.
  struct Group {
    const Equation* equation = nullptr;
    std::string key;  // of the whole
    Captures captures;
    std::vector<Member> members;  // in order of position once all have come
  };

  Group& group_of(const KeyPlace& place);
  void order_members(Group& group);
  static const Member* find_member(const Group& group, std::size_t place, std::uint64_t expert);
  bool is_of_other_rank(const Part& stack, std::uint64_t expert) const;
  // Null for what cannot be made; a problem says why.
  ValuePtr make(const Group& group, const Part& part, std::uint64_t expert);
  ValuePtr make_tensor(const Group& group, const Part& tensor, std::uint64_t expert);
  ValuePtr make_concat(const Group& group, const Part& part, std::uint64_t expert);
  ValuePtr make_stack(const Group& group, const Part& part);
  ValuePtr make_row(const Group& group, const Part& part, std::uint64_t expert);
  ValuePtr make_head(const Group& group, const Part& part, std::uint64_t expert);
  ValuePtr make_scaled(const Group& group, const Part& part, std::uint64_t expert);
  Extent extent_of(const Part& stack);
  bool has_every_expert(const Group& group, const Part& stack, std::uint64_t count);
  bool has_every_expert_of(const Group& group, const Part& tensor, std::uint64_t count);
  bool fits_concat(const Group& group, const Part& part, std::span<const ValuePtr> parts);
  bool fits_stack(const Group& group, std::span<const ValuePtr> parts, std::uint64_t first);

  Reading& reading_;
  /// Of one equation, by key of the whole: two layouts of one whole are never mixed.
  struct Groups {
    std::map<std::string, Group> by_key;
    Group* last = nullptr;  // mostly the next tensor's, too
  };
  std::map<const Equation*, Groups> groups_;
  std::vector<Group*> order_;
  std::map<const Part*, std::uint64_t> experts_seen_;  // by stack: the highest number and one
};

}  // namespace ckptscope
