// Defaults of flags for the lines after this one.
#include <fmt/format.h>

#include "app/commands/session_note.hpp"
#include "app/session/session.hpp"
#include "core/base/display.hpp"

namespace ckptscope {
namespace {

Document change_set(Session& session, const Args& args) {
  if (args.operands.empty()) {
    std::string text;
    Fields fields;
    for (const auto& [name, value] : session.settings()) {
      text += fmt::format("set {} {}\n", name, display(value));
      fields.list.push_back({"settings." + name, "", value});
    }
    Document document = session_note("set", text);
    document.add(std::move(fields));
    return document;
  }
  session.set(args.operands.front(), args.operands.size() > 1 ? args.operands[1] : "on");
  return session_note("set");
}

}  // namespace

extern const Command kSetVerb{
    .name = "set",
    .operands = "[NAME [VALUE]]",
    .summary = "the default of flag --NAME from now on; alone: all of them",
    .opens = false,
    .max_operands = 2,
    .examples = {"set dtype f32", "set json off"},
    .exits = "there is no such flag",
    .change = change_set,
};

}  // namespace ckptscope
