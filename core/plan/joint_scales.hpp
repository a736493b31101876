// FP8 weights that were quantised two together, head by head, as MiMo-V2-Flash's K and V are in
// its full-attention layers (found by sgl-project/sglang-jax PR 969).
#pragma once

#include <cstdint>
#include <optional>

#include "core/tensor/shape.hpp"
#include "core/value/value.hpp"

namespace ckptscope {

/// Of each head its rows of K, then its rows of V, cut into blocks: a block may begin in K and end
/// in V, and its scale lies with the weight in which it begins. So K has more scales than blocks of
/// its own, and V's first rows are scaled by one of K's.
struct JointScales {
  std::uint64_t heads = 0;
  std::uint64_t k_rows = 0;    // of one head
  std::uint64_t v_rows = 0;    //
  std::uint64_t k_blocks = 0;  // rows of scales of one head
  std::uint64_t v_blocks = 0;  //
  Shape block{};               // rows and columns that share a scale
};

/// What the shapes say where they are of that form for so many heads; nullopt where they are not,
/// or where K's scales are those of blocks of its own.
std::optional<JointScales> fit_joint_scales(std::uint64_t heads, ShapeView k, ShapeView k_scales,
                                            ShapeView v, ShapeView v_scales, ShapeView block);

/// A tensor of the source.
struct StoredTensor {
  std::uint32_t id;
  Dtype dtype;
  ShapeView shape;
};

/// K and V, decoded.
ValuePtr decode_joint_k(const JointScales& joint, const StoredTensor& k, const StoredTensor& scales,
                        Dtype dtype, Values& values);
ValuePtr decode_joint_v(const JointScales& joint, const StoredTensor& v, const StoredTensor& scales,
                        const StoredTensor& k_scales, Dtype dtype, Values& values);

}  // namespace ckptscope
