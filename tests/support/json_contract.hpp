// What the program prints with --json, held against the schemas that it publishes.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "tests/support/temp_dir.hpp"

namespace ckptscope::testing {

/// Runs validate_json.py over `text`; what it finds wrong is a failure of the test.
inline void expect_contract(const std::string& text, const std::string& arguments = "") {
  const TempDir dir;
  write_file(dir / "text", text);
  const std::string line = "python3 " CKPTSCOPE_TESTS "/support/validate_json.py " CKPTSCOPE_SCHEMAS
                           " " +
                           arguments + " <" + (dir / "text") + " >" + (dir / "found") + " 2>&1";
  EXPECT_EQ(std::system(line.c_str()), 0) << read_file(dir / "found") << "\nin\n"
                                          << text.substr(0, 2000);
}

/// The same where there is such an object in it at all.
inline void expect_contract_of_objects(const std::string& out) {
  if (out.find("{\"schema\":\"ckptscope.") != out.npos) expect_contract(out);
}

}  // namespace ckptscope::testing
