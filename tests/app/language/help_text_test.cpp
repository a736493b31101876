// Help of every verb: as it stands in a terminal, and whether its examples would run.

#include "app/language/help_text.hpp"

#include <gtest/gtest.h>

#include "app/language/parse_args.hpp"
#include "app/language/words.hpp"
#include "tests/support/golden.hpp"
#include "tests/support/temp_dir.hpp"

namespace ckptscope::testing {
namespace {

/// One golden for all: a changed flag or sentence is reviewed as its users will read it.
TEST(Help, OfEveryVerbIsAsRecorded) {
  std::string text;
  for (const Command* command : commands()) {
    text += "$ ckptscope help " + std::string(command->name) + "\n" + help_text(*command) + "\n";
  }
  expect_golden("cli/help.txt", text);
}

TEST(Help, ExamplesOfEveryVerbParse) {
  for (const Command* command : commands()) {
    EXPECT_GE(command->examples.size(), 2u) << command->name;
    for (const std::string_view example : command->examples) {
      const bool session = command->change != nullptr;
      for (const Step& step : parse_steps(example)) {
        EXPECT_NO_THROW(parse_line(step.words, {.session = session})) << example;
      }
    }
  }
}

/// `help VERB` and `VERB --help` say the same, and do nothing else.
TEST(Help, IsTheSameEitherWay) {
  const TempDir dir;
  for (const Command* command : commands()) {
    if (command->change != nullptr) continue;
    const std::string name(command->name);
    const std::string line = "cd " + dir.path() + " && " CKPTSCOPE_BINARY " help " + name +
                             " >a 2>&1 && " CKPTSCOPE_BINARY " " + name + " --help >b 2>&1";
    EXPECT_EQ(std::system(line.c_str()), 0) << name;
    EXPECT_EQ(read_file(dir / "a"), read_file(dir / "b")) << name;
    EXPECT_EQ(read_file(dir / "b"), help_text(*command)) << name;
  }
}

}  // namespace
}  // namespace ckptscope::testing
