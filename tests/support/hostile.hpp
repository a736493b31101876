// Hostile safetensors files, made in memory, and what the reference library says about each:
// tests/golden/hostile_verdicts.txt.
//
// The first letter of a name tells the group: A the length field and the container, B names, C
// JSON, D duplicates, E dtypes and tensor info, F shapes, G offsets, H metadata, I many tensors and
// tails.
#pragma once

#include <functional>
#include <ostream>
#include <string>
#include <vector>

namespace ckptscope::testing {

/// One file. `bytes` makes its whole content anew at every call: the largest has 100 MB.
struct HostileCase {
  std::string name;  // unique; letters, digits and underscores
  std::function<std::string()> bytes;
};

/// For the test listing, which would show raw bytes of memory otherwise.
inline void PrintTo(const HostileCase& one, std::ostream* out) {
  *out << one.name;
}

/// All 226, ordered by group. Cheap: makes no content of more than some KB.
const std::vector<HostileCase>& hostile_cases();
/// The case of that name; throws std::runtime_error when there is none.
const HostileCase& hostile_case(const std::string& name);

/// What the reference library answers: `kind` is the variant of its error, "-" when it accepts.
struct OfficialVerdict {
  bool accepted = false;
  std::string kind;
};

/// Throws std::runtime_error when the golden file has no line for `name`.
const OfficialVerdict& official_verdict(const std::string& name);

}  // namespace ckptscope::testing
