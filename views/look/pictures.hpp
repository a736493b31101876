// Numbers as characters: the same in text, on screens and in tests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/figures/oddity.hpp"
#include "views/look/line.hpp"

namespace ckptscope {

/// The least and the largest of the finite values that it has seen.
struct Bounds {
  double least = std::numeric_limits<double>::infinity();
  double most = -std::numeric_limits<double>::infinity();

  void add(std::span<const double> values);
  /// There was one.
  bool known() const { return least <= most; }
};

/// One block a value, from the least (▁) to the most (█); "·" for NaN, where there is nothing. More
/// values than `cells` are drawn as the means of neighbours. All equal values are "▄".
/// `least`: what a block of no height would be; without one the least of the values.
std::string spark(std::span<const double> values, std::size_t cells,
                  std::optional<double> least = std::nullopt);

/// What a cell of a heat map says besides its number.
enum class Mark { None, Usual, Off, FarOff, Above, Below, Dead, Copy, Equal, NotFinite };
/// Of a distance from the usual value in spreads (see odd_scores()); NaN is None.
Mark mark_of(double score, Peculiar peculiar);
/// "all zeros", "NaN or Inf", …; empty where a figure says it.
std::string_view text_of(Mark mark);
/// One character, its colour the direction: "·░▒▲▼x=!".
Span glyph_of(double score, Peculiar peculiar);
/// What each character means.
std::vector<Line> heat_signs();
/// All of that on one line, for below a map, and what the map is of.
Line heat_legend(std::string_view of);

/// A row of a heat map in at most `cells` cells. More scores than that share a cell: two of them
/// its halves where there are colours, else the farthest of each group stands for all.
struct HeatRow {
  std::span<const double> scores;
  std::span<const Peculiar> peculiar;
};
/// Of scores [begin, end) the one that a cell of them shows.
std::size_t farthest_of(const HeatRow& row, std::size_t begin, std::size_t end);
Line heat_cells(const HeatRow& row, std::size_t cells, bool colored);
/// How many scores a cell of such a row stands for.
std::size_t per_cell(std::size_t scores, std::size_t cells, bool colored);

/// Dots of a chart, two across and four down a cell (Unicode's Braille patterns). Each value is a
/// dot at its place; NaN is none.
class BrailleChart {
 public:
  BrailleChart(std::size_t rows, std::size_t columns, double least, double most);
  /// `place` of `places` across.
  void dot(std::size_t place, std::size_t places, double value);
  /// Every dot from one value to the other.
  void bar(std::size_t place, std::size_t places, double from, double to);
  std::vector<std::string> rows() const;

 private:
  std::size_t row_of(double value) const;
  std::size_t column_of(std::size_t place, std::size_t places) const;
  void set(std::size_t column, std::size_t row);

  std::size_t rows_;
  std::size_t columns_;
  double least_;
  double most_;
  std::vector<unsigned char> cells_;
};

/// The same text with characters of ours as ASCII that is like them, one for one: blocks by their
/// height, lines, marks. Other characters stay: names are not ours.
std::string plain_pictures(std::string_view text);
/// One such character; empty where it is none of ours.
std::string_view plain_of(std::string_view character);

}  // namespace ckptscope
