// Codes are counted in tables and multiplied by their values afterwards: one addition a byte.
#include "core/inspect/code_counter.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/base/bytes.hpp"
#include "core/kernels/kernels.hpp"
#include "core/numbers/formats.hpp"

namespace ckptscope {
namespace {

constexpr std::size_t kHalves = 65536;
constexpr std::uint64_t kWorthTables = 16384;  // elements: below, counting codes costs more

void count_scale(ScaleStats& stats, double scale, std::uint64_t times) {
  stats.count += times;
  if (std::isnan(scale)) return;
  stats.least = std::min(stats.least, scale);
  stats.most = std::max(stats.most, scale);
  if (scale == 0 || std::isinf(scale)) return;
  stats.powers[static_cast<std::size_t>(std::ilogb(scale)) + 256] += times;
}

void put(TileCounts& part, float value, std::uint64_t times) {
  if (times == 0) return;
  part.moments.add(static_cast<double>(value), times);
  part.distribution.add(value, times);
}

}  // namespace

const Value& stored_node(const Value& value) {
  const bool view = value.op == Value::Op::Transpose || value.op == Value::Op::Cast;
  return view ? stored_node(*value.args[0]) : value;
}

const Value& data_of(const Value& node) {
  return node.op == Value::Op::Input ? node : *node.args[0];
}

std::uint64_t codes_in_byte(const Value& node) {
  return node.op == Value::Op::Mxfp4 || node.op == Value::Op::Nibbles ? 2 : 1;
}

bool has_experts(ShapeView shape) {
  constexpr std::uint64_t kMostExpertRows = 65536;
  constexpr std::uint64_t kLeastElements = 16;
  return shape.size() == 3 && shape[0] > 0 && shape[0] <= kMostExpertRows &&
         shape[1] * shape[2] >= kLeastElements;
}

RowLayout layout_of(const Value& node) {
  RowLayout layout;
  const std::uint64_t elements = product(node.shape);
  const bool by_row = codes_in_byte(node) == 2 || !node.block.empty();
  const bool scaled_by_expert =
      node.op == Value::Op::Fp8 && node.block.empty() && product(node.args[1]->shape) > 1;
  if (by_row) layout.row = node.shape.back();
  if (has_experts(node.shape) || scaled_by_expert) layout.groups = node.shape[0];
  layout.rows = elements == 0 ? 0 : elements / layout.row / layout.groups;
  return layout;
}

void merge(ScaleStats& into, const ScaleStats& from) {
  into.least = std::min(into.least, from.least);
  into.most = std::max(into.most, from.most);
  into.count += from.count;
  into.zeros += from.zeros;
  into.all_ones += from.all_ones;
  for (std::size_t i = 0; i < into.powers.size(); ++i) into.powers[i] += from.powers[i];
}

TileCounts CodeCounter::count(const Value& node, const StatsTile& tile) {
  TileCounts part;
  if (distributes_) part.distribution = Distribution();
  switch (node.op) {
    case Value::Op::Mxfp4:
      count_mxfp4(node, tile, part);
      break;
    case Value::Op::Fp8:
      count_fp8(node, tile, part);
      break;
    case Value::Op::Nibbles:
      count_nibbles(node, tile, part);
      break;
    default:
      count_plain(node, tile, part);
  }
  return part;
}

std::span<const std::byte> CodeCounter::read(const Value& source, std::uint64_t begin,
                                             std::uint64_t bytes, Buffer& buffer) {
  const std::span<std::byte> out = buffer.take(bytes);
  source_.read(source.input, begin, out);
  return out;
}

void CodeCounter::count_plain(const Value& node, const StatsTile& tile, TileCounts& part) {
  const std::uint64_t size = size_of(node.dtype);
  const auto bytes = read(node, tile.first_row * size, tile.rows * size, bytes_);
  if (size == 1) {
    count_codes(node.dtype, bytes, 1.0F, part);
  } else {
    count_numbers(node.dtype, bytes, part);
  }
}

void CodeCounter::count_numbers(Dtype dtype, std::span<const std::byte> bytes, TileCounts& part) {
  if (size_of(dtype) == 2 && bytes.size() / 2 >= kWorthTables) {
    count_halves(dtype, bytes, part);
  } else if (dtype == Dtype::F64) {
    count_doubles(bytes, part);
  } else {
    count_floats(dtype, bytes, part);
  }
}

void CodeCounter::count_nibbles(const Value& node, const StatsTile& tile, TileCounts& part) {
  const std::uint64_t row = node.shape.back();
  const MatrixTile matrix{tile.first_row, tile.rows, 0, row};
  count_numbers(node.dtype, {reader_.read(node, matrix), tile.rows * row * size_of(node.dtype)},
                part);
  part.scales.emplace();
  for (const float scale : reader_.nibble_scales()) {
    count_scale(*part.scales, static_cast<double>(scale), 1);
    part.scales->zeros += scale == 0 ? 1 : 0;
  }
  const bool is_int4 = node.nibbles == NibbleForm::Int4;
  for (const std::byte byte : reader_.nibbles()) {
    const auto both = std::to_integer<std::size_t>(byte);
    ++part.codes[both & 15];
    ++part.codes[both >> 4];
  }
  for (std::size_t code = 0; code < 16; ++code) {
    const bool most = is_int4 ? code == 0 || code == 15 : (code & 7) == 7;
    part.saturated += most ? part.codes[code] : 0;
    part.subnormal += !is_int4 && (code & 7) == 1 ? part.codes[code] : 0;
  }
}

void CodeCounter::count_halves(Dtype dtype, std::span<const std::byte> bytes, TileCounts& part) {
  halves_.assign(2 * kHalves, 0);
  std::uint32_t* even = halves_.data();
  std::uint32_t* odd = even + kHalves;
  const std::size_t count = bytes.size() / 2;
  std::size_t i = 0;
  for (; i + 2 <= count; i += 2) {
    std::uint32_t pair;
    std::memcpy(&pair, bytes.data() + 2 * i, sizeof pair);
    ++even[pair & 0xFFFF];
    ++odd[pair >> 16];
  }
  if (i < count) {
    std::uint16_t last;
    std::memcpy(&last, bytes.data() + 2 * i, sizeof last);
    ++even[last];
  }
  for (std::size_t code = 0; code < kHalves; ++code) {
    const auto half = static_cast<std::uint16_t>(code);
    const std::uint64_t times = std::uint64_t{even[code]} + odd[code];
    if (times > 0)
      put(part, dtype == Dtype::BF16 ? bf16_to_float(half) : f16_to_float(half), times);
  }
}

void CodeCounter::count_doubles(std::span<const std::byte> bytes, TileCounts& part) {
  if (distributes_) part.distribution = Distribution(Distribution::Range::Double);
  for (std::size_t at = 0; at < bytes.size(); at += sizeof(double)) {
    double value;
    std::memcpy(&value, bytes.data() + at, sizeof value);
    part.moments.add(value, 1);
    part.distribution.add(value, 1);
  }
}

void CodeCounter::count_floats(Dtype dtype, std::span<const std::byte> bytes, TileCounts& part) {
  std::array<float, 1024> floats;
  const std::uint64_t size = size_of(dtype);
  for (std::size_t done = 0; done < bytes.size() / size; done += floats.size()) {
    const std::size_t n = std::min<std::size_t>(floats.size(), bytes.size() / size - done);
    cast_elements(dtype, bytes.data() + done * size, Dtype::F32,
                  reinterpret_cast<std::byte*>(floats.data()), n);
    part.moments.add(std::span<const float>(floats).first(n));
    for (std::size_t i = 0; i < n; ++i) part.distribution.add(floats[i], 1);
  }
}

void CodeCounter::count_bytes(std::span<const std::byte> bytes, Counts& counts) {
  for (const std::byte byte : bytes) ++counts[std::to_integer<std::size_t>(byte)];
}

void CodeCounter::count_codes(Dtype dtype, std::span<const std::byte> bytes, float scale,
                              TileCounts& part) {
  Counts counts{};
  count_bytes(bytes, counts);
  fold_codes(dtype, counts, scale, part);
}

void CodeCounter::fold_codes(Dtype dtype, const Counts& counts, float scale, TileCounts& part) {
  const Fp8Format& format = fp8_format(dtype);
  for (std::size_t code = 0; code < counts.size(); ++code) {
    if (counts[code] == 0) continue;
    const std::size_t magnitude = code & 0x7F;
    part.codes[code] += counts[code];
    if (magnitude == format.largest) part.saturated += counts[code];
    if (magnitude > 0 && magnitude < format.subnormal) part.subnormal += counts[code];
    put(part, format.values[code] * scale, counts[code]);
  }
}

void CodeCounter::count_fp8(const Value& node, const StatsTile& tile, TileCounts& part) {
  const Value& codes = *node.args[0];
  const std::vector<float>& scales = scales_.of(*node.args[1], source_);
  const RowLayout layout = layout_of(node);
  const std::uint64_t row = layout.row;
  const auto bytes = read(codes, tile.first_row * row, tile.rows * row, bytes_);
  part.scales.emplace();
  if (node.block.empty()) {
    const std::size_t number = scales.size() == 1 ? 0 : tile.group;
    // Each scale is counted with the first tile that has it.
    if (scales.size() == 1 ? tile.first_row == 0 : tile.first_row % layout.rows == 0) {
      count_scale(*part.scales, static_cast<double>(scales[number]), 1);
    }
    return count_codes(codes.dtype, bytes, scales[number], part);
  }
  for (std::uint64_t r = 0; r < tile.rows;) {
    const std::uint64_t number = tile.first_row + r;
    const std::uint64_t band = std::min(rows_of_block(node, number), tile.rows - r);
    count_block_row(node, scales, number, bytes.subspan(r * row, band * row), part);
    r += band;
  }
}

void CodeCounter::count_block_row(const Value& node, const std::vector<float>& scales,
                                  std::uint64_t number, std::span<const std::byte> rows,
                                  TileCounts& part) {
  const std::uint64_t row = node.shape.back();
  const std::uint64_t first = first_scale_of(node, number);
  const bool begins = number == 0 || first_scale_of(node, number - 1) != first;
  for (std::uint64_t block = 0; block * node.block[1] < row; ++block) {
    const float scale = scales[first + block];
    const std::uint64_t begin = block * node.block[1];
    const std::uint64_t length = std::min(node.block[1], row - begin);
    Counts counts{};
    for (std::uint64_t at = begin; at < rows.size(); at += row) {
      count_bytes(rows.subspan(at, length), counts);
    }
    if (begins) count_scale(*part.scales, static_cast<double>(scale), 1);
    fold_codes(node.args[0]->dtype, counts, scale, part);
  }
}

void CodeCounter::count_mxfp4(const Value& node, const StatsTile& tile, TileCounts& part) {
  const Value& blocks = *node.args[0];
  const Value& scales = *node.args[1];
  const std::uint64_t groups = scales.shape.back();
  const std::uint64_t block = blocks.shape.back();
  const auto codes =
      read(blocks, tile.first_row * groups * block, tile.rows * groups * block, bytes_);
  const auto exponents = read(scales, tile.first_row * groups, tile.rows * groups, scale_bytes_);
  pairs_.assign(std::size_t{256} * 256, 0);  // by scale and byte
  std::array<std::uint64_t, 256> by_scale{};
  const std::byte* at = codes.data();
  for (const std::byte scale : exponents) {
    std::uint32_t* row = pairs_.data() + 256 * std::to_integer<std::size_t>(scale);
    ++by_scale[std::to_integer<std::size_t>(scale)];
    for (std::uint64_t i = 0; i < block; ++i) ++row[std::to_integer<std::size_t>(*at++)];
  }
  part.scales.emplace();
  for (std::size_t scale = 0; scale < 256; ++scale) {
    if (by_scale[scale] > 0) fold_scale(scale, by_scale[scale], part);
  }
}

void CodeCounter::fold_scale(std::size_t scale, std::uint64_t blocks, TileCounts& part) {
  const auto byte = static_cast<std::uint8_t>(scale);
  count_scale(*part.scales, e8m0_to_double(byte), blocks);
  part.scales->zeros += scale == 0 ? blocks : 0;
  part.scales->all_ones += scale == 255 ? blocks : 0;
  std::array<std::uint64_t, 16> nibbles{};
  for (std::size_t pair = 0; pair < 256; ++pair) {
    const std::uint32_t times = pairs_[256 * scale + pair];
    nibbles[pair & 15] += times;
    nibbles[pair >> 4] += times;
  }
  const auto values = mxfp4_values(byte);
  for (std::size_t code = 0; code < 16; ++code) {
    part.codes[code] += nibbles[code];
    if ((code & 7) == 7) part.saturated += nibbles[code];
    if ((code & 7) == 1) part.subnormal += nibbles[code];
    put(part, bf16_to_float(values[code]), nibbles[code]);
  }
}

}  // namespace ckptscope
