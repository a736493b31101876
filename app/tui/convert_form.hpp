// The form on the screen of conversions: flags of `convert` as fields, and what it would run.
#pragma once

#include <string>
#include <vector>

#include "app/tui/ui.hpp"

namespace ckptscope {

std::vector<ConvertField> convert_fields(const State& state);
std::size_t convert_field_count();
/// "Start", "Verify", …: behind the fields.
std::vector<std::string> convert_buttons(const State& state);
/// What does the same in a shell.
std::string convert_command(const State& state);

/// How a flag's default changes.
enum class Setting {
  Done,   // as `set` or `unset` does when typed: recorded, and when what runs is over
  Tried,  // at once, while somebody chooses: not recorded
};
/// The default of a flag from now on; empty: none any more.
void set_flag(Ui& ui, const std::string& name, const std::string& value,
              Setting how = Setting::Done);
/// Enter on a field or, behind the fields, on a button.
void press_field(Ui& ui, std::size_t number);

}  // namespace ckptscope
