// The mouse: what is under it was drawn, and says what a click means.
#pragma once

#include <string_view>

#include "app/tui/ui.hpp"

namespace ckptscope {

/// "<Click ROW COLUMN>", "<Drag ROW COLUMN>", "<Release ROW COLUMN>", "<WheelUp>", "<WheelDown>";
/// rows and columns from 0.
bool is_mouse(std::string_view key);
void mouse_key(Ui& ui, std::string_view key);

}  // namespace ckptscope
