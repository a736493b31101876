// The texts that are compiled in. Static storage.
#pragma once

#include <vector>

#include "core/language/family_text.hpp"

namespace ckptscope {

/// Defines that every text may use.
const MappingText& blocks_text();
/// Rules that hold for every family, behind its own.
const MappingText& everywhere_text();
/// One a family, in the order in which configs and keys are tried.
const std::vector<MappingText>& family_texts();

}  // namespace ckptscope
