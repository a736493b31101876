// Config first, then keys; what the user asked for overrides both.
#include "app/planning/recognition.hpp"

#include <algorithm>

#include "app/planning/names_of.hpp"
#include "core/base/display.hpp"
#include "core/base/file.hpp"
#include "core/mapping/lookup.hpp"

namespace ckptscope {
namespace {

/// What a config says of a family that no adapter knows; empty where it says nothing.
std::string unknown_type(const Config& config) {
  std::vector<std::string> says;
  for (const char* path : {"model_type", "text_config.model_type"}) {
    if (const auto type = config.text(path))
      says.push_back(fmt::format("{} {}", path, display(*type)));
  }
  if (says.empty()) return "";
  return fmt::format("config.json says {}, which no adapter knows", fmt::join(says, " and "));
}

Family family_by_config(const Config& config) {
  for (const Adapter& row : adapters()) {
    for (const std::string_view path : row.config_paths) {
      const auto type = config.text(path);
      if (!type || std::find(row.model_types.begin(), row.model_types.end(), *type) ==
                       row.model_types.end()) {
        continue;
      }
      return {&row, fmt::format("config.json says {} {}", path, display(*type))};
    }
  }
  return {nullptr, unknown_type(config)};
}

/// Every pattern of a signature must match some key.
Family family_by_keys(const Checkpoint& checkpoint) {
  for (const Adapter& row : adapters()) {
    std::string example;
    const bool all =
        std::all_of(row.signature.begin(), row.signature.end(), [&](const Pattern& one) {
          const auto tensors = checkpoint.tensors();
          const auto hit =
              std::find_if(tensors.begin(), tensors.end(),
                           [&](const TensorInfo& info) { return one.matches(info.name); });
          if (hit == tensors.end()) return false;
          if (example.empty()) example = display(hit->name);
          return true;
        });
    if (all && !row.signature.empty())
      return {&row, "no config.json says so, but keys do: " + example};
  }
  return {};
}

}  // namespace

std::string adapter_names() {
  return list_of(adapters(), [](const Adapter& row) { return row.id; });
}

bool is_whole_model(const Checkpoint& checkpoint) {
  const Location& location = checkpoint.location();
  const bool whole =
      is_directory(location.path) || !location.resolved_from.empty() || !location.index.empty();
  const auto tensors = checkpoint.tensors();
  return whole && std::none_of(tensors.begin(), tensors.end(), [](const TensorInfo& info) {
           return info.name.find(".lora_") != info.name.npos;
         });
}

std::string choose_layout(const Checkpoint& checkpoint, const Adapter& adapter,
                          const std::string& asked) {
  const auto& layouts = adapter.layouts;
  if (!asked.empty()) {
    const bool known = std::any_of(layouts.begin(), layouts.end(),
                                   [&](const Layout& layout) { return layout.name == asked; });
    if (!known) {
      fail(Code::Usage, "--layout {}: adapter {} has: {}", display(asked), adapter.id,
           list_of(layouts, [](const Layout& layout) { return layout.name; }));
    }
    return asked;
  }
  for (const Layout& layout : layouts) {
    if (layout.marker.empty()) continue;
    for (const TensorInfo& info : checkpoint.tensors()) {
      if (info.name.starts_with(layout.marker)) return std::string(layout.name);
    }
  }
  return std::string(layouts.front().name);
}

std::string_view name_of(DetectedSide side) {
  switch (side) {
    case DetectedSide::Hf:
      return "hf";
    case DetectedSide::Native:
      return "native";
    case DetectedSide::Mixed:
      return "mixed";
    case DetectedSide::Unknown:
      break;
  }
  return "unknown";
}

Family recognise_family(const Checkpoint& checkpoint, const Config& config,
                        const std::string& asked) {
  if (!asked.empty()) {
    const Adapter* adapter = find_adapter(asked);
    if (adapter == nullptr) {
      fail(Code::UnknownAdapter, "no adapter \"{}\"; there are: {}", display(asked),
           adapter_names());
    }
    return {adapter, "--adapter"};
  }
  // Other families have keys like ours: where a config names one, keys say nothing against it.
  Family by_config = family_by_config(config);
  return by_config.reason.empty() ? family_by_keys(checkpoint) : by_config;
}

DetectedSide recognise_side(const Checkpoint& checkpoint, const Config& config,
                            const Adapter& adapter) {
  MappingOptions options;
  options.layout = choose_layout(checkpoint, adapter, "");
  const Mapping mapping = mapping_of(adapter, config, options);
  SideEvidence evidence;
  for (const TensorInfo& info : checkpoint.tensors()) evidence.add(mapping, info.name);
  if (evidence.hf > 0 && evidence.native > 0) return DetectedSide::Mixed;
  if (evidence.hf > 0) return DetectedSide::Hf;
  return evidence.native > 0 ? DetectedSide::Native : DetectedSide::Unknown;
}

}  // namespace ckptscope
