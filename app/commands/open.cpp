// The checkpoint that the lines after this one are about.
#include "app/commands/session_note.hpp"
#include "app/session/session.hpp"

namespace ckptscope {
namespace {

Document change_open(Session& session, const Args& args) {
  session.open(args.operands.front(), args.text("config"));
  return where_it_is("open", session);
}

}  // namespace

extern const Command kOpen{
    .name = "open",
    .operands = "PATH",
    .summary = "open a checkpoint in the session",
    .opens = false,
    .min_operands = 1,
    .max_operands = 1,
    .examples = {"open gpt-oss-20b", "open model.safetensors"},
    .exits = "it is not openable",
    .change = change_open,
};

}  // namespace ckptscope
