// Files of given tensors, byte by byte.
#pragma once

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "core/checkpoint/safetensors_writer.hpp"
#include "core/checkpoint/synthetic.hpp"
#include "tests/support/temp_dir.hpp"

namespace ckptscope::testing {

template <typename T>
inline std::string raw(std::initializer_list<T> values) {
  std::string bytes;
  for (const T value : values) bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
  return bytes;
}

struct FileTensor {
  std::string key;
  Dtype dtype;
  Shape shape;
  std::string bytes;
};

inline void write_tensors(const std::string& path, const std::vector<FileTensor>& tensors) {
  std::vector<HeaderEntry> entries;
  std::string data;
  for (const FileTensor& tensor : tensors) {
    entries.push_back({tensor.key, tensor.dtype, tensor.shape});
    data += tensor.bytes;
  }
  write_file(path, make_header(entries, {{"format", "pt"}}) + data);
}

inline SyntheticCheckpoint synthetic(std::vector<SyntheticTensor> tensors, std::size_t shards = 1) {
  SyntheticCheckpoint checkpoint;
  checkpoint.tensors = std::move(tensors);
  checkpoint.shards = shards;
  return checkpoint;
}

}  // namespace ckptscope::testing
