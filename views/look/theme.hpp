// What the parts of a picture or a text look like: one table. Colour only repeats what a mark or a
// word says.
#pragma once

#include <cstdint>
#include <string>

namespace ckptscope {

/// What a piece of text is. Behind the last one named here stand the cells of heat maps: see
/// heat().
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
  Match,   // of what is searched for
};
inline constexpr int kNamedRoles = 11;

/// How far a value is from the usual one: -2 far below, 0 usual, 2 far above.
inline constexpr int kHeatSteps = 2;
inline constexpr int kHeatLevels = 2 * kHeatSteps + 1;
/// A cell whose left half has one colour and whose right half another; the glyph is "▌".
Role heat(int left, int right);
/// A cell of one value; the glyph is a character in its colour.
Role heat(int level);

inline constexpr int kRoles = kNamedRoles + kHeatLevels * kHeatLevels + kHeatLevels;

/// One of the 16 colours of a terminal, or its own.
enum class Color : std::int8_t {
  Default = -1,
  Black,
  Red,
  Green,
  Yellow,
  Blue,
  Magenta,
  Cyan,
  White
};

struct Look {
  Color color = Color::Default;
  Color background = Color::Default;
  bool bold = false;
  bool dim = false;
  bool reverse = false;
};
const Look& look_of(Role role);

/// The sequence (ECMA-48 SGR) that makes text look so; empty for Plain.
std::string sgr_of(Role role);
inline constexpr const char* kSgrPlain = "\x1b[0m";

}  // namespace ckptscope
