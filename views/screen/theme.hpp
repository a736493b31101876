// What the parts of a screen look like: one table. Colour only repeats what a mark or a word says.
#pragma once

#include <cstdint>

namespace ckptscope {

/// What a piece of text is.
enum class Role : std::uint8_t {
  Plain,
  Title,     // what is open, the current screen, headings
  Faint,     // rules, what is not current, hints
  Selected,  // the row of the cursor
  Partner,   // what belongs to the selected row
  Directory,
  Notice,  // something to look at: odd, dropped, a question
  Defect,  // something wrong
  Good,    // verified, done
  Bar,     // of histograms and progress
};
inline constexpr int kRoles = 10;

/// One of the 16 colours of a terminal, or its own.
enum class Color : std::int8_t { Default = -1, Red = 1, Green, Yellow, Blue, Magenta, Cyan };

struct Look {
  Color color = Color::Default;
  bool bold = false;
  bool dim = false;
  bool reverse = false;
};
const Look& look_of(Role role);

}  // namespace ckptscope
