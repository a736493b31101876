// The table of keys: what each does on which screen, and which command it stands for. Help, the
// last line of the screen and the manual read the rows.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/tui/ui.hpp"

namespace ckptscope {

enum class KeyKind {
  Motion,   // moves about; neither logged nor recorded
  Session,  // changes what is shown or set
  Job,      // runs a command
};

struct KeyRow {
  std::string_view keys;    // "j <Down>", separated by spaces
  std::string_view places;  // letters of screens.hpp: where it acts
  KeyKind kind;
  std::string_view command;  // what it stands for, "stat KEY"; words for motions
  std::string_view hint;     // "h l|fold": for the last line; empty: not there
  void (*act)(Ui& ui, std::string_view key);
};

std::span<const KeyRow> key_table();
/// The row that acts on a key at a place, or null.
const KeyRow* find_key(std::string_view key, const Place& place);
/// "j  Down", "^D": the keys of a row as people write them.
std::string shown_keys(const KeyRow& row);
/// The last line: keys of this place, the most useful first, help and quit last.
std::vector<Hint> hints_of(const Place& place);
/// This place's keys with their commands.
std::vector<Line> keys_help(const Place& place);

}  // namespace ckptscope
