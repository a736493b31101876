// One row: what lies in a directory, what a user types there, and what must hold.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "tests/support/shell.hpp"

namespace ckptscope::testing {

struct Situation {
  std::string name;
  std::function<void(const TempDir&)> prepare;
  std::string line;  // for sh
  int exit;
  std::vector<std::string> says{};   // on either stream
  std::vector<std::string> never{};  // on none
};

inline void PrintTo(const Situation& situation, std::ostream* out) {
  *out << situation.name;
}

inline void expect_held(const Situation& row) {
  const TempDir dir;
  row.prepare(dir);
  const ShellResult result = run_shell(dir, row.line);
  const std::string said = result.out + result.err;
  EXPECT_EQ(result.exit, row.exit) << said;
  for (const std::string& text : row.says) {
    EXPECT_NE(said.find(text), std::string::npos) << "\"" << text << "\" in\n" << said;
  }
  for (const std::string& text : row.never) {
    EXPECT_EQ(said.find(text), std::string::npos) << "\"" << text << "\" in\n" << said;
  }
}

}  // namespace ckptscope::testing
