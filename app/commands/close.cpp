// Ends the work on the open checkpoint.
#include "app/commands/session_note.hpp"
#include "app/session/session.hpp"

namespace ckptscope {
namespace {

Document change_close(Session& session, const Args&) {
  session.close();
  return session_note("close");
}

}  // namespace

extern const Command kClose{
    .name = "close",
    .summary = "close the open checkpoint",
    .opens = false,
    .examples = {"close", "close; open other"},
    .exits = "never",
    .change = change_close,
};

}  // namespace ckptscope
