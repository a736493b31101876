// A variable of the environment, as a test needs it.
#pragma once

#include <cstdlib>
#include <optional>
#include <string>

#include "tests/support/temp_dir.hpp"

namespace ckptscope::testing {

/// Set until the end of a scope, to nothing where the value is empty.
class Environment {
 public:
  Environment(const char* name, const std::string& value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    value.empty() ? ::unsetenv(name) : ::setenv(name, value.c_str(), 1);
  }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;
  ~Environment() { before_ ? ::setenv(name_, before_->c_str(), 1) : ::unsetenv(name_); }

 private:
  const char* name_;
  std::optional<std::string> before_;
};

/// A home with nothing in it: no cache, no token, and the network allowed.
struct EmptyHome {
  explicit EmptyHome(const TempDir& dir)
      : home("HOME", dir.path()), caches("XDG_CACHE_HOME", dir / "cache") {}

  Environment home;
  Environment caches;
  Environment hub_home{"HF_HOME", ""};
  Environment hub_cache{"HF_HUB_CACHE", ""};
  Environment token{"HF_TOKEN", ""};
  Environment offline{"HF_HUB_OFFLINE", ""};
};

}  // namespace ckptscope::testing
