// A screen as cells: views draw on it, a terminal shows it, tests read it as text.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "views/look/line.hpp"

namespace ckptscope {

/// In cells, from the top left corner of the canvas.
struct Rect {
  int row = 0;
  int column = 0;
  int rows = 0;
  int columns = 0;
};

/// One cell: a character with its combining marks. The second cell of a wide character is empty.
struct Glyph {
  std::string text = " ";
  Role role = Role::Plain;
  bool operator==(const Glyph&) const = default;
};

/// Cells that mean something to a click, as they were drawn.
struct Zone {
  enum class Kind { Screen, Hint, Row, Fold, HeatCell, Divider } kind;
  Rect area;
  std::size_t number = 0;  // of the screen, the row or the cell
  std::string key{};       // of a hint
};

class Canvas {
 public:
  /// `ascii`: lines become `- | + =`, and every other character beyond ASCII is
  /// written out, `\u{e9}`.
  Canvas(int rows, int columns, bool ascii = false);

  int rows() const { return rows_; }
  int columns() const { return columns_; }
  bool is_ascii() const { return ascii_; }
  Rect whole() const { return {0, 0, rows_, columns_}; }

  /// Writes text, which must be safe to show (see display()), into at most `width` cells from
  /// there on; what does not fit is cut. Cells outside the canvas are ignored. Returns the column
  /// behind the text.
  int put(int row, int column, std::string_view text, Role role = Role::Plain, int width = 1 << 20);
  /// The same of a line; its first `shift` cells are left out.
  int put_line(int row, int column, const Line& line, int width = 1 << 20, std::size_t shift = 0);
  /// Ends before column `end`.
  void put_right(int row, int end, std::string_view text, Role role = Role::Plain);
  /// Gives the cells of bytes [first, behind) of a text that stands at (row, column) a role.
  void paint_part(int row, int column, std::string_view text, std::size_t first, std::size_t behind,
                  Role role);
  /// Gives cells a role, and leaves their text.
  void paint(const Rect& area, Role role);

  const Glyph& at(int row, int column) const { return cells_[index(row, column)]; }
  /// Lines without spaces at their ends.
  std::string to_text() const;

  void add_zone(Zone zone) { zones_.push_back(std::move(zone)); }
  /// What was drawn there last; null where nothing was.
  const Zone* zone_at(int row, int column) const;

  /// Where the terminal's cursor stands, while somebody types.
  struct Cursor {
    int row;
    int column;
  };
  std::optional<Cursor> cursor;

 private:
  std::size_t index(int row, int column) const {
    return static_cast<std::size_t>(row) * static_cast<std::size_t>(columns_) +
           static_cast<std::size_t>(column);
  }
  int rows_;
  int columns_;
  bool ascii_;
  std::vector<Glyph> cells_;
  std::vector<Zone> zones_;
};

/// A heading inside a rule, where its text begins.
struct RuleText {
  int column;
  std::string text;
};
/// "─ key ──── dtype ─┬─ selected ─": a line over `area`'s first row, with `junction` ("┬", "┴")
/// at each column of `at`.
void draw_rule(Canvas& canvas, const Rect& area, std::span<const RuleText> texts = {},
               std::span<const int> at = {}, std::string_view junction = "┬");
/// "│" over all rows of `area`, in its first column.
void draw_divider(Canvas& canvas, const Rect& area);

}  // namespace ckptscope
