// Conversions recorded from the original adapters: tests/golden/recorded*.txt.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/checkpoint/synthetic.hpp"
#include "tests/support/shape_text.hpp"
#include "tests/support/test_names.hpp"

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

const RecordedCase& recorded_case(const std::string& name);

/// Names of all, or of those whose lines `wanted` says true of. Every process of tests has to know
/// which tests there are: no case is read for it.
std::vector<std::string> recorded_names(
    const std::function<bool(std::string_view lines)>& wanted = {});
/// Those that go to native, and are not refused.
bool goes_to_native(std::string_view lines);

}  // namespace ckptscope::testing
