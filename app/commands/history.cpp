// The lines of this session, as they were typed.
#include "app/commands/session_note.hpp"
#include "app/session/session.hpp"
#include "core/base/display.hpp"

namespace ckptscope {
namespace {

Document change_history(Session& session, const Args&) {
  std::string text;
  for (const std::string& line : session.history()) text += display(line) + "\n";
  Document document = session_note("history", text);
  document.add(Fields{{{"lines", "", session.history()}}});
  return document;
}

}  // namespace

extern const Command kHistory{
    .name = "history",
    .summary = "the lines of this session",
    .opens = false,
    .examples = {"history", "history > lines.txt"},
    .exits = "never",
    .change = change_history,
};

}  // namespace ckptscope
