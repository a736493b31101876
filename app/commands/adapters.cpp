// The registry of families as a table.
#include "adapters/texts.hpp"
#include "app/language/command.hpp"
#include "app/planning/recognition.hpp"

namespace ckptscope {
namespace {

std::vector<Cell> adapter_row(const FamilyHead& head) {
  std::vector<std::string> layouts;
  for (const NativeLayout& layout : head.layouts) layouts.push_back(layout.name);
  std::vector<std::string> settings;
  for (const FamilySetting& setting : head.settings) settings.push_back(setting.name);
  return {head.id,
          config_lines(head),
          std::move(layouts),
          std::move(settings),
          std::string(name_of(head.dtype)),
          head.summary};
}

/// The text of a family as it is written, or what all of them share.
const MappingText& text_of(const std::string& name) {
  if (name == "blocks") return blocks_text();
  if (name == "everywhere") return everywhere_text();
  return recognise_family({}, {}, {name}).adapter->text;
}

Document run_adapters(const Snapshot&, const Args& args, Progress&) {
  Document document{"adapters"};
  if (!args.operands.empty()) {
    const std::string& text = text_of(args.operands.front()).text;
    document.add(Note{text, /*escaped=*/true}).add(Fields{{{"text", "", text}}});
    return document;
  }
  Table table{"adapters",
              {{"id", "adapter"},
               {"config", "config.json says"},
               {"layouts", "layouts"},
               {"settings", "--set"},
               {"dtype", "dtype"},
               {"summary", "what"}},
              adapters().size(),
              [](std::size_t i) { return adapter_row(adapters()[i].head); }};
  document.add(std::move(table));
  return document;
}

}  // namespace

extern const Command kAdapters{
    .name = "adapters",
    .operands = "[NAME]",
    .summary = "the families, their names in config.json, layouts and settings; the text of one",
    .opens = false,
    .max_operands = 1,
    .examples = {"adapters", "adapters hy_v3 > mine.map"},
    .exits = "never",
    .run = run_adapters,
};

}  // namespace ckptscope
