// Synthetic checkpoints: any list of tensors, with real values made by a rule, or as sparse files
// with real headers and no payload. Tests, benchmarks and the demo make theirs with it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/tensor/dtype.hpp"
#include "core/tensor/shape.hpp"

namespace ckptscope {

/// How elements are made from a stream of random words (splitmix64 of the key and the seed).
enum class Filling {
  ByDtype,    // numbers of moderate size, without NaN and Inf; other dtypes raw
  Positive,   // the same with the sign bit cleared
  Scale,      // bytes 120..127, MXFP4 exponents of usual weights
  EdgeScale,  // bytes cycling through 0 1 2 126 127 128 252 253 254 255
  Cycled,     // bytes cycling through those of the tensor's `cycle`
  Raw,        // the stream itself
};

struct SyntheticTensor {
  std::string key;
  Dtype dtype = Dtype::BF16;
  Shape shape;
  Filling filling = Filling::ByDtype;
  std::vector<std::uint8_t> cycle{};         // Cycled: the bytes
  std::optional<std::uint64_t> zero_from{};  // elements from there on are 0
};

struct SyntheticCheckpoint {
  std::vector<SyntheticTensor> tensors;
  std::string config;      // text of config.json; empty writes none
  std::size_t shards = 1;  // files; tensors are dealt out in order, evenly by number
  std::uint64_t seed = 0;
  bool sparse = false;  // headers only; the payload is a hole
  std::map<std::string, std::string> metadata{{"format", "pt"}};
  bool zero_based = false;  // model-00000-of-NN, as GPT-OSS numbers its files
};

/// The bytes of one tensor: a rule of key, dtype, element count and seed alone.
/// Elements take consecutive little-endian lanes of the words; word i (from 1) is splitmix64 of
/// fnv1a64(key) ^ seed.
std::vector<std::byte> synthetic_bytes(const SyntheticTensor& tensor, std::uint64_t seed);

/// Writes shards, index (for more than one shard) and config.json into `directory`, which is made.
/// Existing files of the same names are replaced.
void write_synthetic(const std::string& directory, const SyntheticCheckpoint& checkpoint);

/// FNV-1a, 64 bits: the hash in which recorded conversions state their outputs.
std::uint64_t fnv1a64(std::span<const std::byte> bytes);

}  // namespace ckptscope
