// What is read from strangers, as functions of any bytes: fed with seeds and their neighbours by
// fuzz_test.cpp in every build, and by libFuzzer (fuzz_main.cpp; cmake -DCKPTSCOPE_FUZZ=ON with
// clang, then ckptscope-fuzz NAME).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ckptscope::testing {

struct FuzzTarget {
  std::string_view name;
  /// True for bytes that are such a thing. Throws for a defect: what is no refusal of the bytes.
  bool (*read)(const std::string& bytes);
  /// Good ones and bad ones, from the tests' own samples.
  std::vector<std::string> (*seeds)();
};

const std::vector<FuzzTarget>& fuzz_targets();

}  // namespace ckptscope::testing
