#include "app/commands/verbs.hpp"
#include "app/language/help_text.hpp"
#include "core/base/display.hpp"

namespace ckptscope {

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

}  // namespace ckptscope
