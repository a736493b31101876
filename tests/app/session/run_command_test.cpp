// What becomes of exceptions on their way to the user.

#include "app/session/run_command.hpp"

#include <gtest/gtest.h>

#include <new>
#include <stdexcept>

namespace ckptscope::testing {
namespace {

/// "message [code]" of what `body` throws, once it is translated.
std::string translated(const std::function<void()>& body) {
  try {
    with_translated_exceptions(body);
  } catch (const Error& error) {
    const bool is_defect = error.code() == Code::Internal;
    EXPECT_EQ(is_defect, std::string(error.what()).find("defect") != std::string::npos);
    return std::string(error.what()) + " [" + std::string(name_of(error.code())) + "]";
  }
  return "nothing";
}

TEST(Exceptions, BecomeErrors) {
  EXPECT_EQ(translated([] {}), "nothing");
  EXPECT_EQ(translated([] { fail(Code::Locked, "mine"); }), "mine [locked]");
  EXPECT_EQ(translated([] { throw std::bad_alloc(); }), "memory ran out [out-of-memory]");
  EXPECT_EQ(translated([] { throw std::length_error("too long"); }),
            "too long; this is a defect, please report it [internal]");
}

}  // namespace
}  // namespace ckptscope::testing
