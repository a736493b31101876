// Rows are read whole or in runs, then decoded; nothing here knows where the elements go.
#include "core/run/leaf_reader.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>

#include "core/base/bytes.hpp"
#include "core/kernels/kernels.hpp"
#include "core/numbers/formats.hpp"
#include "core/run/overflow.hpp"

namespace ckptscope {
namespace {

/// Bytes that are read together with what lies between the wanted ones.
constexpr std::uint64_t kReadBytes = std::uint64_t{512} * 1024;
/// Runs shorter than this are read together with what lies between them.
constexpr std::uint64_t kWorthOwnRead = 2048;

/// From this scale on the largest FP4, 6, times it is beyond BF16.
constexpr std::byte kMayOverflow{253};

constexpr float kMostNibble = 8;

/// What the 16 codes stand for.
const std::array<float, 16>& nibble_values(NibbleForm form) {
  using Values = std::array<float, 16>;
  const auto make = [](const auto& value_of) {
    Values values;
    for (std::uint8_t code = 0; code < values.size(); ++code) values[code] = value_of(code);
    return values;
  };
  static const Values int4 = make([](std::uint8_t code) { return static_cast<float>(code) - 8; });
  static const Values e2m1 = make(e2m1_to_float);
  static const Values fp4 =
      make([](std::uint8_t code) { return code == 8 ? 0 : e2m1_to_float(code); });
  return form == NibbleForm::Int4 ? int4 : form == NibbleForm::Fp4 ? fp4 : e2m1;
}

float largest_of(Dtype dtype) {
  return dtype == Dtype::F16 ? 65504.0F : 0x1.FEp127F;  // BF16's, not far from F32's
}

std::uint64_t columns_of(const Value& value) {
  return value.shape.empty() ? 1 : value.shape.back();
}

/// Of rows of `pitch` elements, moves the `cols` from `first` on together.
void keep_columns(std::byte* elements, std::uint64_t rows, std::uint64_t pitch, std::uint64_t first,
                  std::uint64_t cols, std::uint64_t size) {
  for (std::uint64_t row = 0; row < rows; ++row) {
    std::memmove(elements + row * cols * size, elements + (row * pitch + first) * size,
                 cols * size);
  }
}

}  // namespace

const std::byte* LeafReader::read(const Value& leaf, const MatrixTile& tile) {
  if (leaf.op == Value::Op::Mxfp4) return read_mxfp4(leaf, tile);
  if (leaf.op == Value::Op::Fp8) return read_fp8(leaf, tile);
  if (leaf.op == Value::Op::Nibbles) return read_nibbles(leaf, tile);
  const std::uint64_t size = size_of(leaf.dtype);
  return read_rows(leaf.input,
                   {tile.first_row, tile.rows, columns_of(leaf) * size, tile.first_col * size,
                    tile.cols * size},
                   raw_)
      .data();
}

/// Whole blocks are decoded; the wanted columns of them are kept.
const std::byte* LeafReader::read_mxfp4(const Value& leaf, const MatrixTile& tile) {
  const Value& blocks = *leaf.args[0];
  const Value& scales = *leaf.args[1];
  const std::uint64_t block_bytes = blocks.shape.back();
  const std::uint64_t block = 2 * block_bytes;
  const std::uint64_t groups = scales.shape.back();
  const std::uint64_t first = tile.first_col / block;
  const std::uint64_t count = ceil_div(tile.first_col + tile.cols, block) - first;
  const auto codes = read_rows(
      blocks.input,
      {tile.first_row, tile.rows, groups * block_bytes, first * block_bytes, count * block_bytes},
      raw_);
  const auto exponents =
      read_rows(scales.input, {tile.first_row, tile.rows, groups, first, count}, raw_scales_);
  std::byte* decoded = decoded_.take(tile.rows * count * block * sizeof(std::uint16_t)).data();
  decode_mxfp4(codes, exponents, block_bytes, reinterpret_cast<std::uint16_t*>(decoded));
  if (count * block != tile.cols) {
    keep_columns(decoded, tile.rows, count * block, tile.first_col - first * block, tile.cols,
                 sizeof(std::uint16_t));
  }
  const bool large = std::any_of(exponents.begin(), exponents.end(),
                                 [](std::byte one) { return one >= kMayOverflow; });
  if (large) overflows_ += count_infinities(leaf.dtype, decoded, tile.rows * tile.cols);
  return decoded;
}

/// Likewise.
const std::byte* LeafReader::read_nibbles(const Value& leaf, const MatrixTile& tile) {
  const Value& codes = *leaf.args[0];
  const std::uint64_t group = columns_of_scale(leaf);
  const std::uint64_t groups = leaf.args[1]->shape.back();
  const std::uint64_t first = tile.first_col / group;
  const std::uint64_t count = ceil_div(tile.first_col + tile.cols, group) - first;
  nibbles_ = read_rows(
      codes.input,
      {tile.first_row, tile.rows, groups * group / 2, first * group / 2, count * group / 2}, raw_);
  const std::uint64_t scale_bytes = size_of(leaf.args[1]->dtype);
  const auto scales = group_scales(leaf, {tile.first_row, tile.rows, groups * scale_bytes,
                                          first * scale_bytes, count * scale_bytes});
  const std::uint64_t size = size_of(leaf.dtype);
  std::byte* decoded = decoded_.take(tile.rows * count * group * size).data();
  decode_nibbles(nibbles_, nibble_values(leaf.nibbles), scales, group, leaf.dtype, decoded);
  if (count * group != tile.cols) {
    keep_columns(decoded, tile.rows, count * group, tile.first_col - first * group, tile.cols,
                 size);
  }
  const float most = largest_of(leaf.dtype) / kMostNibble;
  const bool large = std::any_of(scales.begin(), scales.end(),
                                 [&](float scale) { return std::fabs(scale) >= most; });
  if (large) overflows_ += count_infinities(leaf.dtype, decoded, tile.rows * tile.cols);
  return decoded;
}

/// Of a range of the bytes of the scales.
std::span<const float> LeafReader::group_scales(const Value& leaf, const RowRange& range) {
  const Value& scales = *leaf.args[1];
  const auto raw = read_rows(scales.input, range, raw_scales_);
  group_scales_.resize(raw.size() / size_of(scales.dtype));
  if (leaf.nibbles == NibbleForm::Fp4) {
    std::transform(raw.begin(), raw.end(), group_scales_.begin(), [](std::byte one) {
      return std::bit_cast<float>(std::to_integer<std::uint32_t>(one) << 23);
    });
    return group_scales_;
  }
  cast_elements(scales.dtype, raw.data(), Dtype::F32,
                reinterpret_cast<std::byte*>(group_scales_.data()), group_scales_.size());
  if (leaf.nibbles == NibbleForm::Int4) {
    check_stated_shape(leaf);
    return group_scales_;
  }
  const float third = scales_.of(*leaf.args[2], source_).front();
  for (float& scale : group_scales_) {
    scale = leaf.nibbles == NibbleForm::Nvfp4 ? scale * third : scale / third;
  }
  return group_scales_;
}

/// The shape that lies beside codes of int4, I32 or I64, must be theirs: they may be padded, or of
/// another width.
void LeafReader::check_stated_shape(const Value& leaf) {
  if (has_its_shape_ == &leaf || leaf.args.size() < 3) return;
  const Value& third = *leaf.args[2];
  const std::size_t size = size_of(third.dtype);
  std::vector<std::byte> raw(leaf.shape.size() * size);
  source_.read(third.input, 0, raw);
  Shape stated(leaf.shape.size());
  for (std::size_t i = 0; i < stated.size(); ++i) std::memcpy(&stated[i], &raw[i * size], size);
  if (!same_shape(stated, leaf.shape)) {
    fail(Code::ScaleShape, "its shape beside it says {}, codes and scales are of {}",
         to_string(stated), to_string(leaf.shape));
  }
  has_its_shape_ = &leaf;
}

const std::byte* LeafReader::read_fp8(const Value& leaf, const MatrixTile& tile) {
  const Value& codes = *leaf.args[0];
  const auto raw = read_rows(
      codes.input, {tile.first_row, tile.rows, columns_of(codes), tile.first_col, tile.cols}, raw_);
  const std::uint64_t elements = tile.rows * tile.cols;
  std::byte* decoded = decoded_.take(elements * size_of(leaf.dtype)).data();
  const std::vector<float>& scales = scales_.of(*leaf.args[1], source_);
  if (!leaf.block.empty()) {
    decode_scaled_blocks(leaf, tile, raw.data(), decoded);
    look_for_overflow(leaf, scales, raw, decoded);
    return decoded;
  }
  const bool per_expert = scales.size() > 1;  // whose rows are those of the last two dimensions
  const std::uint64_t scale = per_expert ? tile.first_row / codes.shape[codes.shape.size() - 2] : 0;
  decode_fp8(codes.dtype, raw.data(), scales[scale], leaf.dtype, decoded, elements);
  look_for_overflow(leaf, scales, raw, decoded);
  return decoded;
}

/// Products that became infinite of codes that are not. Only where a scale is so large that one
/// can.
void LeafReader::look_for_overflow(const Value& leaf, const std::vector<float>& scales,
                                   std::span<const std::byte> codes, const std::byte* decoded) {
  const Fp8Format& format = fp8_format(leaf.args[0]->dtype);
  const float most = largest_of(leaf.dtype) / format.values[format.largest];
  const bool large = std::any_of(scales.begin(), scales.end(),
                                 [&](float scale) { return std::fabs(scale) >= most; });
  if (!large) return;
  const std::uint64_t size = size_of(leaf.dtype);
  for (std::size_t i = 0; i < codes.size(); ++i) {
    const float code = format.values[std::to_integer<std::size_t>(codes[i])];
    if (std::isfinite(code)) overflows_ += count_infinities(leaf.dtype, decoded + i * size, 1);
  }
}

void LeafReader::decode_scaled_blocks(const Value& leaf, const MatrixTile& tile,
                                      const std::byte* codes, std::byte* decoded) {
  const std::uint64_t block_cols = leaf.block[1];
  const std::uint64_t size = size_of(leaf.dtype);
  const std::vector<float>& scales = scales_.of(*leaf.args[1], source_);
  for (std::uint64_t row = 0; row < tile.rows; ++row) {
    const std::uint64_t scale_row = first_scale_of(leaf, tile.first_row + row);
    for (std::uint64_t col = 0; col < tile.cols;) {
      const std::uint64_t block = (tile.first_col + col) / block_cols;
      const std::uint64_t end = std::min(tile.cols, (block + 1) * block_cols - tile.first_col);
      const std::uint64_t at = row * tile.cols + col;
      decode_fp8(leaf.args[0]->dtype, codes + at, scales[scale_row + block], leaf.dtype,
                 decoded + at * size, end - col);
      col = end;
    }
  }
}

std::span<const std::byte> LeafReader::read_rows(std::uint32_t tensor, const RowRange& range,
                                                 Buffer& buffer) {
  const std::uint64_t start = range.first * range.pitch + range.begin;
  if (range.bytes == range.pitch || range.rows == 1) {
    return source_.fetch(tensor, start, range.rows * range.bytes, buffer);
  }
  const std::span<std::byte> out = buffer.take(range.rows * range.bytes);
  if (range.bytes >= kWorthOwnRead) {
    for (std::uint64_t row = 0; row < range.rows; ++row) {
      source_.read(tensor, start + row * range.pitch, out.subspan(row * range.bytes, range.bytes));
    }
    return out;
  }
  // Short runs: read what lies between them too, a bounded number of rows at a time.
  const std::uint64_t at_once = std::max<std::uint64_t>(1, kReadBytes / range.pitch);
  for (std::uint64_t row = 0; row < range.rows; row += at_once) {
    const std::uint64_t rows = std::min(at_once, range.rows - row);
    const auto between = between_.take((rows - 1) * range.pitch + range.bytes);
    source_.read(tensor, start + row * range.pitch, between);
    for (std::uint64_t i = 0; i < rows; ++i) {
      std::memcpy(out.data() + (row + i) * range.bytes, between.data() + i * range.pitch,
                  range.bytes);
    }
  }
  return out;
}

}  // namespace ckptscope
