// Takes a default back.
#include "app/commands/session_note.hpp"
#include "app/session/session.hpp"

namespace ckptscope {
namespace {

Document change_unset(Session& session, const Args& args) {
  session.unset(args.operands.front());
  return session_note("unset");
}

}  // namespace

extern const Command kUnset{
    .name = "unset",
    .operands = "NAME",
    .summary = "forget a default",
    .opens = false,
    .min_operands = 1,
    .max_operands = 1,
    .examples = {"unset dtype", "unset json"},
    .exits = "it is not set",
    .change = change_unset,
};

}  // namespace ckptscope
