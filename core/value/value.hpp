// Values: how an output tensor is made of input tensors, as a small immutable tree. The plan
// prints it, the executor walks it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "core/base/arena.hpp"
#include "core/mapping/quant_scheme.hpp"
#include "core/tensor/dtype.hpp"
#include "core/tensor/shape.hpp"

namespace ckptscope {

/// What four bits stand for, and what scales a group of columns of a row by. The low nibble of a
/// byte comes first, the low byte of a word too.
enum class NibbleForm : std::uint8_t {
  Fp4,           // E2M1 without -0, F8_E8M0 scales, of which code 0 is 0 (DeepSeek-V4)
  Int4,          // a number minus 8, BF16, F16 or F32 scales; a third argument says the shape
  Nvfp4,         // E2M1, E4M3 scales times the third argument (ModelOpt)
  DividedNvfp4,  // the same, divided by it (compressed-tensors)
};

/// One node. Shapes and dtypes are those of the result. Select, Slice, Transpose and the
/// two that interleave are views of their argument: no element changes.
struct Value {
  enum class Op : std::uint8_t {
    Input,      // tensor number `input` of what the plan reads
    Transpose,  // last two dimensions swapped
    Slice,      // [begin, end) along `dim`
    Select,     // element `begin` of dimension 0, which goes away
    Concat,     // args along `dim`
    Stack,      // args along a new dimension 0; `begin` is the number of the first one
    Mxfp4,      // args {blocks [.., G, B], scales [.., G]}: decoded to [.., G * 2B], BF16
    Fp8,        // args {codes, scale}: code * scale in f32, rounded once to dtype
    Nibbles,    // args {codes, scales [, third]} of `nibbles`: the same
    Cast,       // to `dtype`
    Scaled,  // args {x, factor [n]}: element e of dimension 0 of x times factor[e] in f32, rounded
             // once to dtype
    Interleave,    // the two halves of the argument along `dim`, taken in turn
    Deinterleave,  // elements 0, 2, 4, … along `dim`, then 1, 3, 5, …
    Zeros,
    Ones,
    Frequencies,  // F32 [end / 2]: element i is 1 / theta^(2i / end), theta the double of bits
                  // `begin`
    // What a packed form of the argument, floats, is made of. They stand at the top of an output's
    // value, never below. [.., K] becomes, by `packing`:
    PackedCodes,   // Mxfp4 [.., K / 32, 16], Mxfp4Rows [.., K / 2], Int4 [.., K / 8], else [.., K]
    PackedScales,  // Fp8 [] or [E, 1, 1]: one per element of dimension 0 of three; else [.., K /
                   // 32]
    PackedThird,   // Int4: I32 [rank], the shape
  };
  Op op = Op::Input;
  Dtype dtype = Dtype::U8;
  NibbleForm nibbles = NibbleForm::Fp4;
  PackAs packing = PackAs::Mxfp4;
  std::int32_t dim = 0;
  std::uint32_t input = 0;
  ShapeView shape{};
  std::span<const Value* const> args{};
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  ShapeView block{};  // Fp8: rows and columns that share one scale, in each matrix of the last two
                      // dimensions of the codes; empty: one scale for the tensor, or one per
                      // element of dimension 0
};

/// Of an Fp8 value with blocks: the number of the scale of the first column of a row, rows counted
/// over all its matrices.
std::uint64_t first_scale_of(const Value& value, std::uint64_t row);
/// Rows from `row` on that share their scales.
std::uint64_t rows_of_block(const Value& value, std::uint64_t row);

/// A node and all below it, owned by the Values that made or adopted it.
using ValuePtr = const Value*;

/// A node that keeps what owns it alive, where it is handed on without its plan.
using SharedValue = std::shared_ptr<const Value>;

/// Makes values and owns them. They stay where they are until it goes; half a million cost a few
/// dozen bytes each. What is made may be read from any thread; making is for one at a time.
///
/// The makers state shapes and fold what cancels out (a transpose of a transpose, a cast to the
/// same dtype). Arguments must fit, which the planner has checked.
class Values {
 public:
  ValuePtr input(std::uint32_t number, Dtype dtype, ShapeView shape);
  ValuePtr transpose(ValuePtr value);
  ValuePtr slice(ValuePtr value, int dim, std::uint64_t begin, std::uint64_t end);
  ValuePtr select(ValuePtr value, std::uint64_t index);
  ValuePtr concat(std::span<const ValuePtr> parts, int dim);
  ValuePtr stack(std::span<const ValuePtr> parts, std::uint64_t first);
  ValuePtr cast(ValuePtr value, Dtype dtype);
  ValuePtr mxfp4(ValuePtr blocks, ValuePtr scales);
  /// Blocks begin anew in each matrix of the codes; `shape` is what the result is seen as, where it
  /// is not theirs.
  ValuePtr fp8(ValuePtr codes, ValuePtr scale, Dtype dtype, ShapeView block, ShapeView shape = {});
  /// `parts` are codes [.., r, n], scales [.., r, g] and what else belongs to them; `columns` of a
  /// row share one scale.
  ValuePtr nibbles(NibbleForm form, std::span<const ValuePtr> parts, Dtype dtype,
                   std::uint64_t columns);
  /// The result has the wider dtype of the two; F32 for F16 with BF16.
  ValuePtr scaled(ValuePtr value, ValuePtr factor);
  ValuePtr interleave(ValuePtr value, int dim);
  ValuePtr deinterleave(ValuePtr value, int dim);
  ValuePtr zeros(Dtype dtype, ShapeView shape);
  ValuePtr ones(Dtype dtype, ShapeView shape);
  /// `dim` / 2 of them.
  ValuePtr frequencies(double theta, std::uint64_t dim);
  ValuePtr packed_codes(PackAs as, ValuePtr value);
  ValuePtr packed_scales(PackAs as, ValuePtr value);
  ValuePtr packed_third(PackAs as, ValuePtr value);
  /// A value whose elements are whole bytes: sub-byte dtypes, which only pass through, as U8.
  ValuePtr as_bytes(ValuePtr value);
  /// Owns what another one has made from now on; pointers to it stay valid.
  void adopt(Values other);

 private:
  struct ShapeHash {
    std::size_t operator()(ShapeView shape) const;
  };
  struct SameShape {
    bool operator()(ShapeView a, ShapeView b) const { return same_shape(a, b); }
  };
  ShapeView keep(ShapeView shape);
  ValuePtr keep(const Value& value);
  std::span<const ValuePtr> only(ValuePtr argument);
  ValuePtr permuted(Value::Op op, ValuePtr value, int dim);
  ValuePtr unary(Value::Op op, Dtype dtype, ShapeView shape, ValuePtr argument);
  ValuePtr packed(Value::Op op, PackAs as, Dtype dtype, ShapeView shape, ValuePtr value);

  Arena arena_;
  std::unordered_set<ShapeView, ShapeHash, SameShape> shapes_;  // made here, each kept once
  std::vector<Arena> adopted_;
};

inline SharedValue shared_value(const std::shared_ptr<const Values>& owner, ValuePtr value) {
  return {owner, value};
}

/// True for a value that is part of a packed form: the three above.
bool is_encoded(const Value& value);

/// The packed form that this node decodes: "mxfp4", "fp8", "int4", …; empty for any other node.
std::string_view decoded_form(const Value& value);
/// That of the first node at or below that decodes one.
std::string_view decoded_form_below(const Value& value);
/// Of Nibbles: columns of a row that share a scale.
std::uint64_t columns_of_scale(const Value& value);

/// Calls `visit(input)` for every Input below, left to right.
template <typename Visit>
void for_each_input(const Value& value, const Visit& visit) {
  if (value.op == Value::Op::Input) visit(value.input);
  for (const ValuePtr arg : value.args) for_each_input(*arg, visit);
}

/// A set of operations.
class OpSet {
 public:
  explicit OpSet(Value::Op op) : bits_(1u << static_cast<unsigned>(op)) {}
  void add(OpSet others) { bits_ |= others.bits_; }
  bool has(Value::Op op) const { return (bits_ & OpSet(op).bits_) != 0; }

 private:
  std::uint32_t bits_;
};
/// Those of a value and of all below it.
OpSet ops_of(const Value& value);

}  // namespace ckptscope
