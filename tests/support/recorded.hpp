// Conversions recorded from the original adapters: tests/golden/recorded*.txt.
#pragma once

#include <algorithm>
#include <cctype>
#include <map>
#include <string>
#include <vector>

#include "core/checkpoint/synthetic.hpp"
#include "tests/support/shape_text.hpp"

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
  std::string message;  // and what is said then
};

const std::vector<RecordedCase>& recorded_cases();
const RecordedCase& recorded_case(const std::string& name);

/// A name of a case as gtest takes it.
inline std::string as_identifier(std::string name) {
  std::replace_if(
      name.begin(), name.end(), [](char c) { return !std::isalnum(c); }, '_');
  return name;
}

}  // namespace ckptscope::testing
