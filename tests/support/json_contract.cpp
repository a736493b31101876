// One validator a process of tests: it takes longer to start than to look at an object.
#include "tests/support/json_contract.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <nlohmann/json.hpp>

namespace ckptscope::testing {
namespace {

using nlohmann::json;

/// validate_json.py at the other ends of two pipes. It ends when this process does.
class Validator {
 public:
  Validator() {
    int requests[2];
    int answers[2];
    if (::pipe2(requests, O_CLOEXEC) != 0 || ::pipe2(answers, O_CLOEXEC) != 0) std::abort();
    if (::fork() == 0) {
      ::dup2(requests[0], STDIN_FILENO);
      ::dup2(answers[1], STDOUT_FILENO);
      ::execlp("python3", "python3", CKPTSCOPE_TESTS "/support/validate_json.py", CKPTSCOPE_SCHEMAS,
               nullptr);
      ::_exit(127);
    }
    ::close(requests[0]);
    ::close(answers[1]);
    to_ = ::fdopen(requests[1], "w");
    from_ = ::fdopen(answers[0], "r");
  }

  /// What is wrong.
  std::string look_at(const std::string& text, const std::string& row) {
    const json request{{"text", text}, {"row", row}};
    const std::string line = request.dump(-1, ' ', true, json::error_handler_t::replace) + "\n";
    std::fwrite(line.data(), 1, line.size(), to_);
    std::fflush(to_);
    std::string answer;
    for (int c = std::fgetc(from_); c != '\n'; c = std::fgetc(from_)) {
      if (c == EOF) return "the validator has ended";
      answer += static_cast<char>(c);
    }
    return json::parse(answer).get<std::string>();
  }

 private:
  std::FILE* to_ = nullptr;
  std::FILE* from_ = nullptr;
};

}  // namespace

void expect_contract(const std::string& text, const std::string& row) {
  static Validator validator;
  EXPECT_EQ(validator.look_at(text, row), "") << "in\n" << text.substr(0, 2000);
}

void expect_contract_of_objects(const std::string& out) {
  if (out.find("{\"schema\":\"ckptscope.") != out.npos) expect_contract(out);
}

}  // namespace ckptscope::testing
