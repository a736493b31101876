// Texts become families when they are first asked for.
#include <algorithm>
#include <array>

#include "adapters/adapter.hpp"
#include "adapters/texts.hpp"

namespace ckptscope {
namespace {

std::array<MappingText, 3> with_shared(const MappingText& text) {
  return {blocks_text(), text, everywhere_text()};
}

}  // namespace

std::span<const Adapter> adapters() {
  static const std::vector<Adapter> all = [] {
    std::vector<Adapter> list;
    for (const MappingText& text : family_texts()) list.push_back({text, read_head(text)});
    return list;
  }();
  return all;
}

const Adapter* find_adapter(std::string_view id) {
  const auto all = adapters();
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const Adapter& one) { return one.head.id == id; });
  return found == all.end() ? nullptr : &*found;
}

Adapter read_adapter(MappingText text) {
  check_mapping(with_shared(text));
  FamilyHead head = read_head(text);
  return {std::move(text), std::move(head)};
}

Mapping mapping_of(const Adapter& adapter, const Config& config, const MappingOptions& options) {
  Mapping mapping = read_mapping(with_shared(adapter.text), config, options);
  mapping.schemes = known_schemes(config);
  return mapping;
}

Mapping mapping_of(const Adapter& adapter, const Config& config) {
  return mapping_of(adapter, config, {{}, adapter.head.layouts.front().name});
}

}  // namespace ckptscope
