// Runs a script inside the session.
#include "app/commands/session_note.hpp"
#include "app/session/session.hpp"

namespace ckptscope {
namespace {

Document change_source(Session& session, const Args& args) {
  Document document = session_note("source");
  document.exit = session.run_script(args.operands.front(), session.keeps_going());
  return document;
}

}  // namespace

extern const Command kSource{
    .name = "source",
    .operands = "FILE",
    .summary = "run the lines of a file",
    .opens = false,
    .min_operands = 1,
    .max_operands = 1,
    .examples = {"source nightly.txt", "source setup.txt"},
    .exits = "a line fails",
    .change = change_source,
};

}  // namespace ckptscope
