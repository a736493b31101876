// A plan as people read it: rows of source, op and target, with keys that differ in numbers written
// once. A model: text and screens draw it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/plan/plan.hpp"

namespace ckptscope {

/// PlanInputs of a row that are alike but for numbers.
struct MapPart {
  std::uint64_t tensors = 0;
  std::string keys;         // "model.layers.[1-79].mlp.experts.[0-191].up_proj.weight"
  std::uint32_t first = 0;  // the number of one of them
};

struct MapRow {
  std::uint64_t sources = 0;  // tensors; 0 for what is synthesised
  std::string source;         // its parts in one: "….{gate,up}_proj.weight"
  std::string op;             // "stack t", "rename", "drop", "orphan"
  std::string target;         // key pattern, or the reason and rule of a drop
  std::uint64_t targets = 0;
  std::vector<MapPart> parts{};
  std::optional<std::size_t> output{};  // the number of its first output; none for a drop
};

struct FoldedPlan {
  static constexpr std::uint32_t kNoRow = 0xFFFFFFFF;
  std::vector<MapRow> rows;
  std::vector<std::uint32_t> row_of_output;  // by number of the output
  std::vector<std::uint32_t> row_of_left;    // by number of a source that no output reads
};
/// Rows in the order of the targets, then drops, then sources that are not accounted for
/// ("orphan"), unless those were filtered out. Sums of `sources` and `targets` are the plan's.
FoldedPlan fold_plan(const Plan& plan, bool filtered = false);

/// What happens to an output in a few words: "stack cat t", "decode mxfp4 t", "rename", "pass".
std::string op_text(const Output& output);

}  // namespace ckptscope
