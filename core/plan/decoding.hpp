// Quantised weights as the rules see them: packed codes and their scale become one logical tensor,
// before any rule runs.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/base/error.hpp"
#include "core/mapping/mapping.hpp"
#include "core/plan/draft.hpp"
#include "core/tensor/tensor_list.hpp"
#include "core/value/value.hpp"

namespace ckptscope {

struct DecodeOptions {
  std::optional<Dtype> asked;         // --dtype; MXFP4 decodes to BF16 without it
  Dtype fp8_dtype;                    // what FP8 decodes to
  bool lenient = false;               // unpaired FP8 weights and scales are warnings
  const QuantScheme* keep = nullptr;  // pairs of that form stay two tensors, checked
};

struct Decoded {
  std::vector<LogicalTensor> tensors;        // in the order of the source; key is origin
  std::vector<std::uint32_t> orphan_scales;  // without their weight, and let go by `lenient`
  std::vector<Problem> problems;             // of pairs and their shapes
};

/// Every tensor that is not `dropped`; a scale stands in its weight's value and not by itself.
Decoded decode(const TensorList& source, const std::vector<QuantScheme>& schemes,
               const std::vector<bool>& dropped, const DecodeOptions& options, Values& values);

}  // namespace ckptscope
