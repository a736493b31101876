// The texts of the families, and texts that are nearly theirs.

#include <gtest/gtest.h>

#include <set>

#include "adapters/adapter.hpp"

namespace ckptscope::testing {
namespace {

/// Every line of every family, whatever a config says.
TEST(Families, AreTextsWithoutFaults) {
  std::set<std::string> names;
  for (const Adapter& one : adapters()) {
    EXPECT_NO_THROW(read_adapter(one.text)) << one.text.name;
    EXPECT_EQ(one.head.id + ".map", one.text.name);
    EXPECT_TRUE(names.insert(one.head.id).second) << one.head.id;
    EXPECT_FALSE(one.head.summary.empty()) << one.head.id;
    EXPECT_FALSE(one.head.config.empty()) << one.head.id;
  }
  EXPECT_GE(names.size(), 45u);
}

TEST(Families, HaveOneSpellingOfEveryRule) {
  for (const Adapter& one : adapters()) {
    EXPECT_EQ(one.text.text.find('\t'), std::string::npos) << one.text.name;
    EXPECT_TRUE(one.text.text.starts_with("# "))
        << one.text.name << ": the first line says what it is";
  }
}

}  // namespace
}  // namespace ckptscope::testing
