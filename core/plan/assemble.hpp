// Reading equations from their parts to the whole.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/mapping/lookup.hpp"
#include "core/plan/reading.hpp"

namespace ckptscope {

/// Collects the tensors that are parts, and makes every whole that has all of its own. Holes and
/// strangers become problems of `reading`; what they touch is not made.
class Assembly {
 public:
  explicit Assembly(Reading& reading) : reading_(reading) {}

  /// `tensor`, which must stay where it is until finish(), stands at `place`. False for an expert
  /// that PlanOptions::expert_range leaves to another rank.
  bool add(const Place& place, const LogicalTensor& tensor);
  /// Adds a draft for every whole, in the order in which their first parts came.
  void finish(std::vector<Draft>& drafts);

 private:
  /// The tensors of one equation that make one whole, by place in the equation and expert.
  struct Group {
    const Equation* equation = nullptr;
    std::string key;  // of the whole
    Captures captures;
    std::map<std::pair<std::size_t, std::uint64_t>, const LogicalTensor*> members;
  };

  Group& group_of(const Place& place);
  bool is_of_other_rank(const Part& stack, std::uint64_t expert) const;
  // Null for what cannot be made; a problem says why.
  ValuePtr make(const Group& group, const Part& part, std::uint64_t expert);
  ValuePtr make_tensor(const Group& group, const Part& tensor, std::uint64_t expert);
  ValuePtr make_concat(const Group& group, const Part& part, std::uint64_t expert);
  ValuePtr make_stack(const Group& group, const Part& part);
  Extent extent_of(const Part& stack);
  bool has_every_expert(const Group& group, const Part& stack, std::uint64_t count);
  bool has_every_expert_of(const Group& group, const Part& tensor, std::uint64_t count);
  bool fits_concat(const Group& group, const Part& part, std::span<const ValuePtr> parts);
  bool fits_stack(const Group& group, std::span<const ValuePtr> parts, std::uint64_t first);

  Reading& reading_;
  std::unordered_map<std::string, Group> groups_;  // by key of the whole
  std::vector<const Group*> order_;
  std::map<const Part*, std::uint64_t> experts_seen_;  // by stack: the highest number and one
};

}  // namespace ckptscope
