// The families that the program knows: texts, and what their first lines say.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "core/base/config.hpp"
#include "core/language/family_text.hpp"
#include "core/mapping/mapping.hpp"

namespace ckptscope {

struct Adapter {
  MappingText text;
  FamilyHead head;
};

/// Every family, in the order in which configs and keys are tried. Static storage, immutable; their
/// first lines are read when they are first asked for.
std::span<const Adapter> adapters();
const Adapter* find_adapter(std::string_view id);

/// A text of a user's. Throws BadMapping, also for lines that no config would choose.
Adapter read_adapter(MappingText text);

/// The family's own rules, those that hold for all, and the schemes that weights are packed in.
/// Throws BadMapping where the text wants of the config what it does not state.
Mapping mapping_of(const Adapter& adapter, const Config& config, const MappingOptions& options);

/// The same in the family's first layout, without settings.
Mapping mapping_of(const Adapter& adapter, const Config& config);

/// Every scheme that some family is stored in.
std::vector<QuantScheme> known_schemes(const Config& config);

}  // namespace ckptscope
