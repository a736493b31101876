// The answers of open and pwd, and the empty one of most others.
#include "app/commands/session_note.hpp"

#include <fmt/format.h>

#include "app/session/session.hpp"
#include "core/base/bytes.hpp"
#include "core/base/display.hpp"

namespace ckptscope {

Document session_note(std::string verb, std::string text) {
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

}  // namespace ckptscope
