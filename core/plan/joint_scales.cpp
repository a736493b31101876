// Codes and scales are seen as [heads, rows, columns], where every head's blocks begin anew.
#include "core/plan/joint_scales.hpp"

#include <numeric>
#include <vector>

#include "core/base/bytes.hpp"

namespace ckptscope {
namespace {

/// A matrix as one of each head.
ValuePtr by_head(const StoredTensor& tensor, std::uint64_t heads, Values& values) {
  return values.input(tensor.id, tensor.dtype,
                      Shape{heads, tensor.shape[0] / heads, tensor.shape[1]});
}

}  // namespace

std::optional<JointScales> fit_joint_scales(std::uint64_t heads, ShapeView k, ShapeView k_scales,
                                            ShapeView v, ShapeView v_scales, ShapeView block) {
  for (const ShapeView shape : {k, k_scales, v, v_scales}) {
    if (shape.size() != 2) return std::nullopt;
  }
  if (heads == 0 || k[0] % heads != 0 || v[0] % heads != 0 || k[1] != v[1]) return std::nullopt;
  JointScales joint;
  joint.heads = heads;
  joint.block = block.empty() ? Shape{128, 128} : to_shape(block);
  const std::uint64_t rows = joint.block[0];
  joint.k_rows = k[0] / heads;
  joint.v_rows = v[0] / heads;
  joint.k_blocks = ceil_div(joint.k_rows, rows);
  joint.v_blocks = ceil_div(joint.k_rows + joint.v_rows, rows) - joint.k_blocks;
  const std::uint64_t columns = ceil_div(k[1], joint.block[1]);
  const bool fits = same_shape(k_scales, Shape{heads * joint.k_blocks, columns}) &&
                    same_shape(v_scales, Shape{heads * joint.v_blocks, columns});
  const bool ordinary = heads * joint.k_blocks == ceil_div(k[0], rows);
  return fits && !ordinary ? std::optional(joint) : std::nullopt;
}

ValuePtr decode_joint_k(const JointScales& joint, const StoredTensor& k, const StoredTensor& scales,
                        Dtype dtype, Values& values) {
  return values.fp8(by_head(k, joint.heads, values), by_head(scales, joint.heads, values), dtype,
                    joint.block, k.shape);
}

/// In steps that end where blocks do, from the first row of a head on.
ValuePtr decode_joint_v(const JointScales& joint, const StoredTensor& v, const StoredTensor& scales,
                        const StoredTensor& k_scales, Dtype dtype, Values& values) {
  const std::uint64_t step = std::gcd(joint.k_rows, joint.block[0]);
  const ValuePtr of_k = by_head(k_scales, joint.heads, values);
  const ValuePtr of_v = by_head(scales, joint.heads, values);
  std::vector<ValuePtr> parts;
  for (std::uint64_t row = 0; row < joint.v_rows; row += step) {
    const std::uint64_t number = (joint.k_rows + row) / joint.block[0];
    const bool is_of_k = number < joint.k_blocks;
    const std::uint64_t place = is_of_k ? number : number - joint.k_blocks;
    parts.push_back(values.slice(is_of_k ? of_k : of_v, 1, place, place + 1));
  }
  return values.fp8(by_head(v, joint.heads, values), values.concat(parts, 1), dtype,
                    Shape{step, joint.block[1]}, v.shape);
}

}  // namespace ckptscope
