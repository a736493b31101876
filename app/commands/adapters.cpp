// The registry of families as a table.
#include "app/language/command.hpp"

namespace ckptscope {
namespace {

std::vector<std::string> strings(const std::vector<std::string_view>& views) {
  return {views.begin(), views.end()};
}

std::vector<Cell> adapter_row(const Adapter& row) {
  std::vector<std::string> config;
  for (std::size_t i = 0; i < row.config_paths.size(); ++i) {
    for (const std::string_view type : row.model_types) {
      config.push_back(fmt::format("{} {}", row.config_paths[i], type));
    }
  }
  std::vector<std::string> layouts;
  for (const Layout& layout : row.layouts) layouts.emplace_back(layout.name);
  return {std::string(row.id),
          config,
          layouts,
          strings(row.settings),
          std::string(name_of(row.default_dtype)),
          std::string(row.summary)};
}

Document run_adapters(const Snapshot&, const Args&, Progress&) {
  Document document{"adapters"};
  Table table{"adapters",
              {{"id", "adapter"},
               {"config", "config.json says"},
               {"layouts", "layouts"},
               {"settings", "--set"},
               {"dtype", "dtype"},
               {"summary", "what"}},
              adapters().size(),
              [](std::size_t i) { return adapter_row(adapters()[i]); }};
  document.add(std::move(table));
  return document;
}

}  // namespace

extern const Command kAdapters{
    .name = "adapters",
    .summary = "the families, their names in config.json, layouts and settings",
    .opens = false,
    .examples = {"adapters", "adapters --json"},
    .exits = "never",
    .run = run_adapters,
};

}  // namespace ckptscope
