// Names of cases as gtest takes them.
#pragma once

#include <string>

namespace ckptscope::testing {

/// Letters and digits stay; everything else is "_".
inline std::string as_identifier(std::string name) {
  for (char& c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!plain) c = '_';
  }
  return name;
}

}  // namespace ckptscope::testing
