// A line of text of which pieces look different, and what it takes to fit text into cells.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "views/look/theme.hpp"

namespace ckptscope {

/// Text here is safe to show (see display()).
struct Span {
  std::string text;
  Role role = Role::Plain;
};

struct Line {
  Line() = default;
  Line(std::string text, Role role = Role::Plain) { add(std::move(text), role); }  // NOLINT
  Line(const char* text) : Line(std::string(text)) {}                              // NOLINT

  Line& add(std::string text, Role role = Role::Plain);
  Line& append(const Line& other);
  /// Blanks up to cell `column`; one where the line is already longer.
  Line& pad_to(std::size_t column);
  /// Without blanks at its end.
  Line& trim();
  std::string text() const;
  std::size_t width() const;  // cells

  std::vector<Span> spans{};
  std::optional<std::size_t> row{};  // of a table: the number of the row that it is of
};

/// Cells that text takes.
int width_of(std::string_view text);
/// Bytes of the character that a text begins with; 1 for what is no UTF-8.
std::size_t character_bytes(std::string_view text);
/// Bytes of as many whole characters as fit.
std::size_t bytes_that_fit(std::string_view text, std::size_t cells);
/// Lines of at most `columns` cells, broken at blanks where there are any, else behind a
/// dot or one of "/_-", else anywhere. At least 8 columns are taken.
std::vector<std::string> wrapped(std::string_view text, int columns);
/// Text for at most `columns` cells: names are elided in the middle.
std::string fitted(std::string_view text, int columns);
/// A key likewise; its layer, its expert and its end stay as long as they can.
std::string fitted_key(std::string_view key, int columns);

}  // namespace ckptscope
