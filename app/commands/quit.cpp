// Ends the session after the line that it stands in.
#include "app/commands/session_note.hpp"
#include "app/session/session.hpp"

namespace ckptscope {
namespace {

Document change_quit(Session& session, const Args&) {
  session.quit();
  return session_note("quit");
}

}  // namespace

extern const Command kQuit{
    .name = "quit",
    .summary = "end the session",
    .opens = false,
    .examples = {"quit", "ls; quit"},
    .exits = "never",
    .change = change_quit,
};

}  // namespace ckptscope
