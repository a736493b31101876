// Reads the equations of a mapping over logical tensors, in whichever direction the plan goes: an
// equation whose whole lies on the source side is taken apart, else it is assembled.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/mapping/mapping.hpp"
#include "core/plan/plan.hpp"

namespace ckptscope {

/// An extent of a tensor without elements may claim anything; no model has more experts than this.
inline constexpr std::uint64_t kMostExperts = 1 << 20;

/// A source tensor, or a decoded pair of them, as the rules see it.
struct Logical {
  std::string_view origin;  // the key on disk, without a scheme's suffix
  std::string key;          // after prefixes
  ValuePtr value;
};

/// A tensor that an equation gives: its key before prefixes, and the first key that it came from.
struct Made {
  std::string key;
  ValuePtr value;
  std::string_view origin;
};

struct EquationResult {
  std::vector<Made> made;
  std::vector<const Logical*> unknown;         // no equation has their keys: they pass
  std::vector<const Logical*> of_other_ranks;  // experts outside PlanOptions::expert_range
};

/// Holes, strangers and shapes that do not go together become problems; what they touch is not
/// made.
EquationResult read_equations(const Mapping& mapping, const PlanOptions& options,
                              std::span<const Logical> tensors, std::vector<Problem>& problems);

/// Of a tensor whose first dimension is not the number of experts.
Problem expert_count_problem(std::string_view key, ShapeView found, std::uint64_t expected);

}  // namespace ckptscope
