// The answer of open and pwd, and the empty one of most others.
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

Document where_it_is(std::string verb, const Session& session) {
  const Checkpoint* checkpoint = session.checkpoint().get();
  if (checkpoint == nullptr) {
    Document nothing = session_note(std::move(verb), "nothing is open");
    nothing.add(Fields{{{"path", "", Cell()}, {"prefix", "", std::string()}}});
    return nothing;
  }
  const std::string& path = checkpoint->location().path;
  Document document = session_note(
      std::move(verb),
      fmt::format("{}   {}, {}{}", display(path), counted(checkpoint->tensors().size(), "tensor"),
                  format_bytes(checkpoint->total_bytes()),
                  session.prefix().empty() ? "" : "   " + display(session.prefix())));
  document.add(Fields{{{"path", "", path},
                       {"tensors", "", std::uint64_t{checkpoint->tensors().size()}},
                       {"bytes", "", checkpoint->total_bytes()},
                       {"prefix", "", session.prefix()}}});
  return document;
}

}  // namespace ckptscope
