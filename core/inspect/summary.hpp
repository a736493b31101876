// What a checkpoint consists of, from headers alone.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/checkpoint/checkpoint.hpp"

namespace ckptscope {

struct Summary {
  static constexpr std::size_t kMostParts = 1000;
  struct Row {
    std::string name;  // a dtype, or the first segment of keys
    std::uint64_t tensors = 0;
    std::uint64_t elements = 0;  // by dtype: as stored; by part: parameters, packed ones counted
    std::uint64_t bytes = 0;
  };
  /// What lies behind the same numbers: "model.layers".
  struct Stack {
    std::string name;
    /// By layer from `first` on; nullopt: no tensor has that number. Where numbers are far apart
    /// those that there are, one after the other.
    std::vector<std::optional<std::uint64_t>> bytes;
    std::uint64_t first = 0;
    bool far_apart = false;
  };
  struct Packed {
    std::string form;           // "mxfp4", "fp8", "gptq", …
    std::uint64_t weights = 0;  // tensors
    std::uint64_t values = 0;   // that their codes stand for
    std::uint64_t with_one_scale = 0;
    std::uint64_t with_many_scales = 0;
  };
  std::uint64_t tensors = 0;
  std::uint64_t bytes = 0;
  std::uint64_t parameters = 0;      // values of weights, packed ones as many as they stand for
  std::uint64_t scale_elements = 0;  // elements of scales and other parts of packed weights
  std::vector<Row> dtypes;           // most bytes first
  std::vector<Row> parts;            // most bytes first; those beyond kMostParts are one, "…"
  std::vector<Row> kinds;            // most bytes first; see part_kind()
  std::vector<Packed> packed;        // most weights first
  std::vector<Stack> stacks;         // most bytes first; those of fewer than four numbers left out
  std::uint64_t experts = 0;         // routed ones of a layer, as keys and shapes tell
  std::uint64_t layers = 0;          // distinct numbers behind "layers."
  std::uint64_t expert_layers = 0;   // distinct paths to "experts"
  std::uint64_t lora_keys = 0;
};

/// O(tensors). Thread-safe.
Summary summarise(const Checkpoint& checkpoint);

}  // namespace ckptscope
