// Conversions recorded from the original adapters: tests/golden/recorded.txt.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/checkpoint/synthetic.hpp"

namespace ckptscope::testing {

struct RecordedOutput {
  std::string key;
  Dtype dtype;
  Shape shape;
  std::uint64_t fnv1a64;
};

struct RecordedCase {
  std::string name;
  std::string adapter;
  std::string to;
  std::map<std::string, std::string> options;  // dtype, exclude, attn
  SyntheticCheckpoint source;
  std::vector<RecordedOutput> outputs;
  std::string refused;  // the code, when it is refused
};

const std::vector<RecordedCase>& recorded_cases();
const RecordedCase& recorded_case(const std::string& name);

/// "[2,3]" as a shape.
Shape parse_shape(const std::string& text);

}  // namespace ckptscope::testing
