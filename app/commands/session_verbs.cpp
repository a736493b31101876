// Verbs that change the session. They exist in the REPL and in scripts.

#include "app/commands/verbs.hpp"
#include "app/session/session.hpp"
#include "core/base/bytes.hpp"
#include "core/base/display.hpp"

namespace ckptscope {
namespace {

Document said(std::string verb, std::string text) {
  Document document{std::move(verb)};
  if (!text.empty()) document.add(Note{std::move(text), /*escaped=*/true});
  return document;
}

std::string where_text(const Session& session) {
  if (!session.checkpoint()) return "nothing is open";
  const Checkpoint& checkpoint = *session.checkpoint();
  return fmt::format("{}   {}, {}{}", display(checkpoint.location().path),
                     counted(checkpoint.tensors().size(), "tensor"),
                     format_bytes(checkpoint.total_bytes()),
                     session.prefix().empty() ? "" : "   " + display(session.prefix()));
}

}  // namespace

Document change_open(Session& session, const Args& args) {
  session.open(args.operands.front(), args.text("config"));
  return said("open", where_text(session));
}

Document change_close(Session& session, const Args&) {
  session.close();
  return said("close", "");
}

Document change_cd(Session& session, const Args& args) {
  session.change_prefix(args.operands.empty() ? "" : args.operands.front());
  return said("cd", "");
}

Document change_pwd(Session& session, const Args&) {
  return said("pwd", where_text(session));
}

Document change_set(Session& session, const Args& args) {
  if (args.operands.empty()) {
    std::string text;
    for (const auto& [name, value] : session.settings()) {
      text += fmt::format("set {} {}\n", name, display(value));
    }
    return said("set", text);
  }
  session.set(args.operands.front(), args.operands.size() > 1 ? args.operands[1] : "on");
  return said("set", "");
}

Document change_unset(Session& session, const Args& args) {
  session.unset(args.operands.front());
  return said("unset", "");
}

Document change_history(Session& session, const Args&) {
  std::string text;
  for (const std::string& line : session.history()) text += display(line) + "\n";
  return said("history", text);
}

Document change_source(Session& session, const Args& args) {
  Document document = said("source", "");
  document.exit = session.run_script(args.operands.front(), session.keeps_going());
  return document;
}

Document change_quit(Session& session, const Args&) {
  session.quit();
  return said("quit", "");
}

}  // namespace ckptscope
