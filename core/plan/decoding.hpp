// Quantised weights as the rules see them: packed codes and their scale become one logical tensor,
// before any rule runs.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "core/base/error.hpp"
#include "core/mapping/mapping.hpp"
#include "core/plan/planner.hpp"
#include "core/plan/value.hpp"

namespace ckptscope {

struct LogicalTensor {
  std::string_view key;  // on disk, without the suffix of a scheme
  ValuePtr value;
};

struct DecodeOptions {
  std::optional<Dtype> asked;               // --dtype; MXFP4 decodes to BF16 without it
  Dtype fp8_dtype;                          // what FP8 decodes to
  bool lenient = false;                     // unpaired FP8 weights and scales are warnings
  std::optional<QuantScheme::Kind> keep{};  // pairs of this scheme stay two tensors, checked
};

/// Every tensor that is not `dropped`, in the order of the source; a scale stands in its weight's
/// value and not by itself. Problems with pairs and their shapes are added to `problems`.
std::vector<LogicalTensor> logical_tensors(const PlanSource& source,
                                           const std::vector<QuantScheme>& schemes,
                                           const std::vector<bool>& dropped,
                                           const DecodeOptions& options,
                                           std::vector<Problem>& problems);

}  // namespace ckptscope
