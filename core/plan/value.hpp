// Values: how an output tensor is made of source tensors, as a small immutable tree. The plan
// prints it, the executor walks it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/tensor/dtype.hpp"
#include "core/tensor/shape.hpp"

namespace ckptscope {

/// Elements of an MXFP4 block that share one scale.
inline constexpr std::uint64_t kMxfp4Block = 32;

struct Value;
using ValuePtr = std::shared_ptr<const Value>;

/// One node. Shapes and dtypes are those of the result. Select, Slice and Transpose are views of
/// their argument: no element changes.
struct Value {
  enum class Op {
    Source,     // tensor number `source` of the checkpoint
    Transpose,  // last two dimensions swapped
    Slice,      // [begin, end) along `dim`
    Select,     // element `begin` of dimension 0, which goes away
    Concat,     // args along `dim`
    Stack,      // args along a new dimension 0; `begin` is the number of the first one
    Mxfp4,      // args {blocks [.., G, B], scales [.., G]}: decoded to [.., G * 2B], BF16
    Fp8,        // args {codes, scale}: code * scale in f32, rounded once to dtype
    Cast,       // to `dtype`
    Zeros,
    // Packed forms of one float argument. They stand at the top of an output's value, never below.
    Mxfp4Blocks,  // [.., K] -> U8 [.., K / 32, 16]
    Mxfp4Scales,  // [.., K] -> U8 [.., K / 32]
    Fp8Codes,     // the same shape, F8_E4M3
    Fp8Scale,     // BF16 [], or [E, 1, 1]: one per element of dimension 0 of three
  };
  Op op = Op::Source;
  Dtype dtype = Dtype::U8;
  Shape shape;
  std::vector<ValuePtr> args{};
  std::uint32_t source = 0;
  int dim = 0;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::uint64_t block_rows = 0;  // Fp8 with a block scale: rows and columns that share one scale;
  std::uint64_t block_cols = 0;  // 0 x 0: one scale per tensor or per element of dimension 0
};

// Constructors. They state shapes and fold what cancels out (a transpose of a transpose, a cast to
// the same dtype); arguments must fit, which the planner has checked.
ValuePtr source_value(std::uint32_t source, Dtype dtype, ShapeView shape);
ValuePtr transpose(const ValuePtr& value);
ValuePtr slice(ValuePtr value, int dim, std::uint64_t begin, std::uint64_t end);
ValuePtr select(const ValuePtr& value, std::uint64_t index);
ValuePtr concat(std::vector<ValuePtr> parts, int dim);
ValuePtr stack(std::vector<ValuePtr> parts, std::uint64_t first);
ValuePtr cast(ValuePtr value, Dtype dtype);
ValuePtr mxfp4(const ValuePtr& blocks, const ValuePtr& scales);
ValuePtr fp8(const ValuePtr& codes, const ValuePtr& scale, Dtype dtype, std::uint64_t block_rows,
             std::uint64_t block_cols);
ValuePtr zeros(Dtype dtype, Shape shape);
ValuePtr mxfp4_blocks(const ValuePtr& value);
ValuePtr mxfp4_scales(const ValuePtr& value);
ValuePtr fp8_codes(const ValuePtr& value);
ValuePtr fp8_scale(const ValuePtr& value);

/// True for a value that is a packed form: the four above.
bool is_encoded(const Value& value);

/// A value whose elements are whole bytes: sub-byte dtypes, which only pass through, as U8.
ValuePtr as_bytes(ValuePtr value);

/// Calls `visit(source)` for every Source below, left to right.
void for_each_source(const Value& value, const std::function<void(std::uint32_t source)>& visit);
bool contains(const Value& value, Value::Op op);

/// The expression as text: "stack(E=0..191, cat(-1, t(x.{E}.gate), t(x.{E}.up)))". With `fold`,
/// parts of a stack that differ in one integer are written once. `name_of` gives what stands for a
/// source, safe to show.
std::string to_text(const Value& value,
                    const std::function<std::string(std::uint32_t source)>& name_of, bool fold);

}  // namespace ckptscope
