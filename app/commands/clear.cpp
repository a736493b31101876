// An empty terminal.
#include "app/commands/session_note.hpp"
#include "app/session/session.hpp"

namespace ckptscope {
namespace {

Document change_clear(Session&, const Args&) {
  Session::clear_terminal();
  return session_note("clear");
}

}  // namespace

extern const Command kClear{
    .name = "clear",
    .summary = "empty the terminal",
    .opens = false,
    .examples = {"clear", "clear; ls"},
    .exits = "never",
    .change = change_clear,
};

}  // namespace ckptscope
