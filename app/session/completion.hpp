// What may stand where the cursor is.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/session/session.hpp"

namespace ckptscope {

struct Candidates {
  std::vector<std::string> words;    // whole words, as parse_steps reads them; safe to show
  std::vector<std::string> notes{};  // of verbs and flags what each does; else empty
  bool complete = false;             // a space may follow
};

/// Of a verb that nothing begins with the one that has its letters in order ("cvt": convert).
/// Candidates for the word that begins at `begin` of `line` and ends at the cursor, which is the
/// end of `line`. At most 200; names of tensors go on by dotted segment. Time does not grow with
/// the number of tensors, but with the number of segments and siblings.
Candidates complete(Session& session, std::string_view line, std::size_t begin);

}  // namespace ckptscope
