// Text compared with a file under tests/golden; CKPTSCOPE_REGENERATE=1 writes the file instead, and
// the diff is read by a person.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string>
#include <string_view>

#include "tests/support/temp_dir.hpp"

namespace ckptscope::testing {

inline bool regenerates_goldens() {
  const char* value = std::getenv("CKPTSCOPE_REGENERATE");
  return value != nullptr && std::string_view(value) == "1";
}

/// The first line in which two texts differ, numbered, from both.
inline std::string first_difference(const std::string& expected, const std::string& found) {
  std::istringstream left(expected);
  std::istringstream right(found);
  for (int number = 1;; ++number) {
    std::string a;
    std::string b;
    const bool has_a = static_cast<bool>(std::getline(left, a));
    const bool has_b = static_cast<bool>(std::getline(right, b));
    if (has_a != has_b || a != b) {
      return "line " + std::to_string(number) + "\n  golden: " + (has_a ? a : "(end)") +
             "\n  found:  " + (has_b ? b : "(end)");
    }
    if (!has_a) return "no line; the ends of lines differ";
  }
}

/// `path` is relative to tests/golden. A non-fatal failure shows the first line that differs.
inline void expect_golden(const std::string& path, const std::string& text) {
  const std::string full = std::string(CKPTSCOPE_TESTS "/golden/") + path;
  if (regenerates_goldens()) {
    std::filesystem::create_directories(std::filesystem::path(full).parent_path());
    write_file(full, text);
    return;
  }
  ASSERT_TRUE(std::filesystem::exists(full)) << full << ": CKPTSCOPE_REGENERATE=1 writes it";
  const std::string golden = read_file(full);
  EXPECT_TRUE(golden == text) << full << " differs in " << first_difference(golden, text);
}

}  // namespace ckptscope::testing
