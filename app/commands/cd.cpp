// Narrows the session to keys below a prefix.
#include "app/commands/session_note.hpp"
#include "app/session/session.hpp"

namespace ckptscope {
namespace {

Document change_cd(Session& session, const Args& args) {
  session.change_prefix(args.operands.empty() ? "" : args.operands.front());
  return session_note("cd");
}

}  // namespace

extern const Command kCd{
    .name = "cd",
    .operands = "[PREFIX]",
    .summary = "keys are named from here on; .. goes up, nothing goes to the root",
    .opens = false,
    .max_operands = 1,
    .examples = {"cd model.layers.0", "cd .."},
    .exits = "no key begins so",
    .change = change_cd,
};

}  // namespace ckptscope
