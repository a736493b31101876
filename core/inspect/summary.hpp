// What a checkpoint consists of, from headers alone.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/checkpoint/checkpoint.hpp"

namespace ckptscope {

struct Summary {
  struct Row {
    std::string name;  // a dtype, or the first segment of keys
    std::uint64_t tensors = 0;
    std::uint64_t elements = 0;  // by dtype: as stored; by part: parameters, packed ones counted
    std::uint64_t bytes = 0;
  };
  std::uint64_t tensors = 0;
  std::uint64_t bytes = 0;
  std::uint64_t parameters = 0;      // elements of weights; two to a byte of MXFP4 blocks
  std::uint64_t scale_elements = 0;  // elements of scales of every kind
  std::vector<Row> dtypes;           // most bytes first
  std::vector<Row> parts;            // most bytes first
  std::uint64_t fp8_weights = 0;
  std::uint64_t fp8_with_one_scale = 0;
  std::uint64_t fp8_with_many_scales = 0;
  std::uint64_t mxfp4_weights = 0;
  std::uint64_t layers = 0;         // distinct numbers behind "layers."
  std::uint64_t expert_layers = 0;  // distinct paths to "experts"
  std::uint64_t lora_keys = 0;
};

/// O(tensors). Thread-safe.
Summary summarise(const Checkpoint& checkpoint);

}  // namespace ckptscope
