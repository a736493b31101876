#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace ckptscope::testing {

/// True for a text that is a mapping. Throws what is no refusal of the text: a defect.
bool read_as_mapping(const std::string& text);

}  // namespace ckptscope::testing
