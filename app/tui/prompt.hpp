// The line at the bottom that somebody types into.
#pragma once

#include <string>
#include <string_view>

#include "app/tui/ui.hpp"

namespace ckptscope {

void open_prompt(State& state, PromptKind kind, std::string label, std::string text = "");
/// A key while a prompt is open.
void prompt_key(Ui& ui, std::string_view key);

}  // namespace ckptscope
