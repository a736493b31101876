// Help as a document.
#include "app/language/command.hpp"
#include "app/language/help_text.hpp"
#include "core/base/display.hpp"

namespace ckptscope {
namespace {

Document run_help(const Snapshot&, const Args& args, Progress&) {
  Document document{"help"};
  std::string text = help_overview();
  if (!args.operands.empty()) {
    const std::string& topic = args.operands.front();
    const Command* command = find_command(topic);
    if (command == nullptr && topic != "codes") {
      fail(Code::Usage, "help: no verb \"{}\"; \"help\" lists them", display(topic));
    }
    text = command != nullptr ? help_text(*command) : help_codes();
  }
  Fields machine{{{"text", "", text}}};
  document.add(Note{std::move(text)}).add(std::move(machine));
  return document;
}

}  // namespace

extern const Command kHelp{
    .name = "help",
    .operands = "[VERB or codes]",
    .summary = "this list, or one verb's usage, examples and exit codes",
    .opens = false,
    .max_operands = 1,
    .examples = {"help", "help convert"},
    .exits = "never",
    .run = run_help,
};

}  // namespace ckptscope
