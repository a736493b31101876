// Where the session is.
#include "app/commands/session_note.hpp"
#include "app/session/session.hpp"

namespace ckptscope {
namespace {

Document change_pwd(Session& session, const Args&) {
  return where_it_is("pwd", session);
}

}  // namespace

extern const Command kPwd{
    .name = "pwd",
    .summary = "what is open, and where in it",
    .opens = false,
    .examples = {"pwd", "open gpt-oss-20b; pwd"},
    .exits = "never",
    .change = change_pwd,
};

}  // namespace ckptscope
