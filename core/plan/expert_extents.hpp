// The number of experts, where neither the config nor --set states it.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "core/base/problems.hpp"
#include "core/mapping/mapping.hpp"
#include "core/tensor/shape.hpp"

namespace ckptscope {

/// An extent of a tensor without elements may claim anything; no model has more experts than this.
inline constexpr std::uint64_t kMostExperts = 1 << 20;

/// One decision for a whole plan, whoever has to make it: each number is told of once.
class ExpertExtents {
 public:
  /// With a config that does not state it nothing is inferred: that is an error.
  /// `settable`: --set num_experts is there to say it.
  ExpertExtents(bool has_config, bool settable) : has_config_(has_config), settable_(settable) {}

  /// `count` experts, at least one, as `evidence` shows ("the keys"), found at `key`.
  Extent infer(std::uint64_t count, std::string_view evidence, std::string_view key,
               Problems& problems);

  /// Of a tensor whose first dimension is not the number of experts.
  Problem count_problem(std::string_view key, ShapeView found, std::uint64_t expected) const;

 private:
  const bool has_config_;
  const bool settable_;
  std::set<std::uint64_t> told_;
};

}  // namespace ckptscope
