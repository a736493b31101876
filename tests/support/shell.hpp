// A line as a shell runs it, with the program under test in the place of "ckptscope".
#pragma once

#include <sys/wait.h>

#include <cstdlib>
#include <regex>
#include <string>

#include "tests/support/json_contract.hpp"
#include "tests/support/temp_dir.hpp"

namespace ckptscope::testing {

struct ShellResult {
  std::string out;
  std::string err;
  int exit = 0;
};

/// Runs in `dir`, with nothing to read. What it prints with --json is held against the schemas.
inline ShellResult run_shell(const TempDir& dir, const std::string& line) {
  const std::string runnable = std::regex_replace(line, std::regex("\\bckptscope (?=[a-z\\-./]|$)"),
                                                  std::string(CKPTSCOPE_BINARY) + " ");
  const std::string command =
      "cd " + dir.path() + " && { " + runnable + "; } >stdout.txt 2>stderr.txt </dev/null";
  const int status = std::system(command.c_str());
  ShellResult result{read_file(dir / "stdout.txt"), read_file(dir / "stderr.txt"),
                     WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status)};
  expect_contract_of_objects(result.out);
  return result;
}

}  // namespace ckptscope::testing
