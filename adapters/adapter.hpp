// What the program knows of a family: a row of data and one function that gives its mapping.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "core/base/config.hpp"
#include "core/mapping/mapping.hpp"

namespace ckptscope {

/// A way in which native names of a family are spelled. `marker` is the start of native keys that
/// only this layout has: a native checkpoint with such keys is recognised by it.
struct Layout {
  std::string_view name;
  std::string_view marker{};
};

struct Adapter {
  std::string_view id;
  std::string_view summary;
  std::vector<std::string_view> model_types;   // values of config.json's model_type
  std::vector<std::string_view> config_paths;  // where that value must stand, e.g. "model_type"
  std::vector<Pattern> signature;              // without a config: keys that only this family has
  std::vector<Layout> layouts;                 // the first one is the default; never empty
  std::vector<std::string_view> settings;      // names that --set accepts
  Dtype default_dtype = Dtype::BF16;  // of decoded and stacked weights, without --dtype and config
  Mapping (*mapping)(const Config& config, const MappingOptions& options) = nullptr;
};

/// Every family, in the order in which configs and keys are tried. Static storage, immutable.
std::span<const Adapter> adapters();
const Adapter* find_adapter(std::string_view id);

/// The family's own rules, and the FP8 schemes that hold for every family.
Mapping mapping_of(const Adapter& adapter, const Config& config, const MappingOptions& options);

/// Every scheme that some family is stored in, for tensors of no known family.
std::vector<QuantScheme> known_schemes(const Config& config);

}  // namespace ckptscope
