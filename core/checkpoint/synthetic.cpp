// Content follows from a seed and the tensor's name, so that a checkpoint is a few lines of text.
#include "core/checkpoint/synthetic.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/base/display.hpp"
#include "core/base/error.hpp"
#include "core/checkpoint/safetensors.hpp"
#include "core/checkpoint/safetensors_writer.hpp"

namespace ckptscope {
namespace {

class WordStream {
 public:
  WordStream(std::string_view key, std::uint64_t seed)
      : state_(fnv1a64(std::as_bytes(std::span(key))) ^ seed) {}

  std::uint64_t next() {
    state_ += 0x9E3779B97F4A7C15;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
  }

 private:
  std::uint64_t state_;
};

template <typename T>
void for_each_lane(std::span<std::byte> bytes, auto change) {
  for (std::size_t at = 0; at + sizeof(T) <= bytes.size(); at += sizeof(T)) {
    T lane;
    std::memcpy(&lane, &bytes[at], sizeof lane);
    lane = static_cast<T>(change(lane));
    std::memcpy(&bytes[at], &lane, sizeof lane);
  }
}

/// Exponents near that of 1, so that numbers are finite, normal, and add up without surprises.
void tame(Dtype dtype, std::span<std::byte> bytes) {
  switch (dtype) {
    case Dtype::BF16:
      return for_each_lane<std::uint16_t>(
          bytes, [](unsigned v) { return (v & 0x807F) | (112 + (v >> 7 & 15)) << 7; });
    case Dtype::F16:
      return for_each_lane<std::uint16_t>(
          bytes, [](unsigned v) { return (v & 0x83FF) | (8 + (v >> 10 & 7)) << 10; });
    case Dtype::F32:
      return for_each_lane<std::uint32_t>(
          bytes, [](unsigned v) { return (v & 0x807FFFFF) | (112 + (v >> 23 & 15)) << 23; });
    case Dtype::F64:
      return for_each_lane<std::uint64_t>(bytes, [](std::uint64_t v) {
        return (v & 0x800FFFFFFFFFFFFF) | (1008 + (v >> 52 & 15)) << 52;
      });
    case Dtype::F8_E4M3:
      return for_each_lane<std::uint8_t>(bytes,
                                         [](unsigned v) { return (v & 0x7F) == 0x7F ? v ^ 1 : v; });
    case Dtype::F8_E5M2:
      return for_each_lane<std::uint8_t>(
          bytes, [](unsigned v) { return (v & 0x7C) == 0x7C ? v ^ 0x40 : v; });
    case Dtype::BOOL:
      return for_each_lane<std::uint8_t>(bytes, [](unsigned v) { return v & 1; });
    default:
      return;
  }
}

void clear_signs(Dtype dtype, std::span<std::byte> bytes) {
  const std::uint64_t size = size_of(dtype);
  for (std::size_t at = size - 1; at < bytes.size(); at += size) bytes[at] &= std::byte{0x7F};
}

std::vector<std::byte> cycled(std::span<const std::uint8_t> cycle, std::size_t count) {
  std::vector<std::byte> bytes(count);
  for (std::size_t i = 0; i < count; ++i) bytes[i] = std::byte{cycle[i % cycle.size()]};
  return bytes;
}

std::string shard_name(const SyntheticCheckpoint& checkpoint, std::size_t shard) {
  if (checkpoint.shards == 1) return "model.safetensors";
  const std::size_t first = checkpoint.zero_based ? 0 : 1;
  return fmt::format("model-{:05}-of-{:05}.safetensors", shard + first,
                     checkpoint.shards - 1 + first);
}

void write_text(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  if (!file) fail_errno("writing " + display(path));
}

void write_shard(const std::string& path, std::span<const SyntheticTensor> tensors,
                 const SyntheticCheckpoint& checkpoint) {
  std::vector<HeaderEntry> entries;
  std::uint64_t bytes = 0;
  for (const SyntheticTensor& tensor : tensors) {
    entries.push_back({tensor.key, tensor.dtype, tensor.shape});
    bytes += byte_count(tensor.dtype, tensor.shape);
  }
  const std::string header = make_header(entries, checkpoint.metadata);
  std::ofstream file(path, std::ios::binary);
  file.write(header.data(), static_cast<std::streamsize>(header.size()));
  for (const SyntheticTensor& tensor : tensors) {
    if (checkpoint.sparse) break;
    const std::vector<std::byte> data = synthetic_bytes(tensor, checkpoint.seed);
    file.write(reinterpret_cast<const char*>(data.data()),
               static_cast<std::streamsize>(data.size()));
  }
  file.close();
  if (!file) fail_errno("writing " + display(path));
  if (checkpoint.sparse &&
      ::truncate(path.c_str(), static_cast<off_t>(header.size() + bytes)) != 0) {
    fail_errno("sizing " + display(path));
  }
}

}  // namespace

std::uint64_t fnv1a64(std::span<const std::byte> bytes) {
  std::uint64_t hash = 0xCBF29CE484222325;
  for (const std::byte byte : bytes) {
    hash = (hash ^ std::to_integer<std::uint64_t>(byte)) * 0x100000001B3;
  }
  return hash;
}

std::vector<std::byte> synthetic_bytes(const SyntheticTensor& tensor, std::uint64_t seed) {
  std::vector<std::byte> bytes(byte_count(tensor.dtype, tensor.shape));
  if (tensor.filling == Filling::EdgeScale) {
    constexpr std::array<std::uint8_t, 10> kEdges{0, 1, 2, 126, 127, 128, 252, 253, 254, 255};
    return cycled(kEdges, bytes.size());
  }
  if (tensor.filling == Filling::Cycled) return cycled(tensor.cycle, bytes.size());
  WordStream words(tensor.key, seed);
  for (std::size_t at = 0; at < bytes.size(); at += 8) {
    const std::uint64_t word = words.next();
    std::memcpy(&bytes[at], &word, std::min<std::size_t>(8, bytes.size() - at));
  }
  if (tensor.filling == Filling::Raw) return bytes;
  if (tensor.filling == Filling::Scale) {
    for (std::byte& byte : bytes)
      byte = static_cast<std::byte>(120 + std::to_integer<unsigned>(byte & std::byte{7}));
    return bytes;
  }
  tame(tensor.dtype, bytes);
  if (tensor.filling == Filling::Positive) clear_signs(tensor.dtype, bytes);
  if (tensor.zero_from) {
    const auto begin =
        std::min<std::uint64_t>(*tensor.zero_from * size_of(tensor.dtype), bytes.size());
    std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(begin), bytes.end(), std::byte{0});
  }
  return bytes;
}

void write_synthetic(const std::string& directory, const SyntheticCheckpoint& checkpoint) {
  std::filesystem::create_directories(directory);
  nlohmann::json weight_map = nlohmann::json::object();
  std::uint64_t total = 0;
  const std::size_t count = checkpoint.tensors.size();
  std::size_t begin = 0;
  for (std::size_t shard = 0; shard < checkpoint.shards; ++shard) {
    // Tensor i lies in shard i * shards / count.
    std::size_t end = begin;
    while (end < count && end * checkpoint.shards / count == shard) ++end;
    const std::string name = shard_name(checkpoint, shard);
    const std::span tensors = std::span(checkpoint.tensors).subspan(begin, end - begin);
    write_shard(fmt::format("{}/{}", directory, name), tensors, checkpoint);
    for (const SyntheticTensor& tensor : tensors) {
      weight_map[tensor.key] = name;
      total += byte_count(tensor.dtype, tensor.shape);
    }
    begin = end;
  }
  if (checkpoint.shards > 1) {
    const nlohmann::json index{{"metadata", {{"total_size", total}}}, {"weight_map", weight_map}};
    write_text(directory + "/model.safetensors.index.json", index.dump(1));
  }
  if (!checkpoint.config.empty()) write_text(directory + "/config.json", checkpoint.config);
}

}  // namespace ckptscope
