// Values that are other columns of the same rows of a tensor: gate and up of an expert, taken
// apart. Computed together they read those rows once, in one piece.
#pragma once

#include <optional>

#include "core/tensor/region.hpp"
#include "core/value/value.hpp"

namespace ckptscope {

/// A box of a tensor, seen as a value through views alone.
struct SourceBox {
  const Value* tensor = nullptr;
  Region region;
  bool transposed = false;  // rows of the value are columns of the tensor
};
/// What `region` of a value is; nullopt for a value that is computed, cast or put together.
std::optional<SourceBox> source_box(const Value& value, Region region);

/// Both are values of one shape, and a few columns of one matrix, of the same rows.
bool share_rows(const Value& a, const Value& b);

}  // namespace ckptscope
