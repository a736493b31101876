// What the verbs that change a session answer with.
#pragma once

#include <string>

#include "app/language/command.hpp"

namespace ckptscope {

/// `text`, already safe to show; empty: nothing is said.
Document session_note(std::string verb, std::string text = "");
/// "gpt-oss-20b   411 tensors, 13.76 GB   model.layers.0": what is open, and where in it.
Document where_it_is(std::string verb, const Session& session);

}  // namespace ckptscope
