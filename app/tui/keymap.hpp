// The table of keys: what each does on which screen, and which command it stands for. Help, the
// last line of the screen and the manual read the rows.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/tui/ui.hpp"

namespace ckptscope {

/// An update under way.
struct Ui {
  State& state;
  std::vector<Effect>& effects;
};

enum class KeyKind {
  Motion,   // moves about; neither logged nor recorded
  Session,  // changes what is shown or set
  Job,      // runs a command
};

struct KeyRow {
  std::string_view keys;     // "j <Down>", separated by spaces
  std::string_view screens;  // digits of the screens, "12345"; 'p' is a page of text
  KeyKind kind;
  std::string_view command;  // what it stands for, "stat KEY"; words for motions
  std::string_view hint;     // "h l|fold": for the last line; empty: not there
  void (*act)(Ui& ui, std::string_view key);
};

std::span<const KeyRow> key_table();
/// The row that acts on a key on a screen ('1'…'5', 'p'), or null.
const KeyRow* find_key(std::string_view key, char screen);
/// "j  Down", "^D": the keys of a row as people write them.
std::string shown_keys(const KeyRow& row);
/// The last line: keys of this screen, the most useful first, help and quit last.
std::vector<Hint> hints_of(char screen);
/// This screen's keys with their commands.
std::vector<PageLine> keys_help(char screen);

}  // namespace ckptscope
