// Help as a document.
#include "app/language/command.hpp"
#include "app/language/help_text.hpp"
#include "app/language/schemas.hpp"
#include "core/base/display.hpp"

namespace ckptscope {
namespace {

std::string text_on(const std::string& topic, const Args& args) {
  const Command* command = find_command(topic);
  if (command != nullptr) return args.has("schema") ? schema_text(*command) : help_text(*command);
  if (topic == "codes") return help_codes();
  if (topic == "query") return help_query();
  if (topic == "mapping") return help_mapping();
  fail(Code::Usage, "help: no verb \"{}\"; \"help\" lists them", display(topic));
}

Document run_help(const Snapshot&, const Args& args, Progress&) {
  Document document{"help"};
  std::string text = args.operands.empty() ? help_overview() : text_on(args.operands.front(), args);
  Fields machine{{{"text", "", text}}};
  document.add(Note{std::move(text), /*escaped=*/true}).add(std::move(machine));
  return document;
}

}  // namespace

extern const Command kHelp{
    .name = "help",
    .operands = "[VERB, codes, query or mapping]",
    .summary = "this list, or one verb's usage, examples and exit codes",
    .opens = false,
    .max_operands = 1,
    .flags = {{.name = "schema", .help = "the JSON Schema of what VERB --json prints"}},
    .examples = {"help convert", "help --schema map"},
    .exits = "never",
    .run = run_help,
};

}  // namespace ckptscope
