// Blocks, shades and dots.
#include "views/look/pictures.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "core/base/display.hpp"
#include "core/figures/oddity.hpp"

namespace ckptscope {
namespace {

constexpr std::array<std::string_view, 8> kBlocks{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
constexpr double kOff = 1.5;  // spreads
constexpr double kFarOff = 3;

/// Of our own characters, as ASCII. Those of equal look in both are not listed.
constexpr std::pair<std::string_view, std::string_view> kPlain[] = {
    {"─", "-"}, {"│", "|"}, {"┬", "+"}, {"┴", "+"}, {"┼", "+"}, {"┐", "\\"}, {"┘", "/"},
    {"┤", "|"}, {"━", "="}, {"…", "."}, {"▁", "_"}, {"▂", "."}, {"▃", ","},  {"▄", "-"},
    {"▅", "="}, {"▆", "*"}, {"▇", "%"}, {"█", "#"}, {"░", ":"}, {"▒", "+"},  {"▓", "%"},
    {"▲", "A"}, {"▼", "V"}, {"▌", "|"}, {"▐", "|"}, {"·", "."}, {"×", "x"},  {"⠀", " "},
};

bool is_braille(std::string_view character) {
  return character.size() == 3 && character[0] == '\xE2' && (character[1] & '\xFC') == '\xA0';
}

/// Neighbours as their mean, of those that are numbers.
std::vector<double> grouped(std::span<const double> values, std::size_t cells) {
  if (values.size() <= cells || cells == 0) return {values.begin(), values.end()};
  std::vector<double> means;
  for (std::size_t i = 0; i < cells; ++i) {
    double sum = 0;
    std::size_t count = 0;
    for (std::size_t k = i * values.size() / cells; k < (i + 1) * values.size() / cells; ++k) {
      if (!std::isfinite(values[k])) continue;
      sum += values[k];
      ++count;
    }
    means.push_back(count == 0 ? std::nan("") : sum / static_cast<double>(count));
  }
  return means;
}

}  // namespace

void Bounds::add(std::span<const double> values) {
  for (const double one : values) {
    if (!std::isfinite(one)) continue;
    least = std::min(least, one);
    most = std::max(most, one);
  }
}

std::string spark(std::span<const double> values, std::size_t cells, std::optional<double> from) {
  const std::vector<double> shown = grouped(values, cells);
  Bounds bounds;
  bounds.add(shown);
  const double least = from.value_or(bounds.least);
  const double most = bounds.most;
  std::string text;
  for (const double one : shown) {
    if (!std::isfinite(one)) {
      text += "·";
      continue;
    }
    const double part = most > least ? (one - least) / (most - least) : 0.45;
    text += kBlocks[std::min<std::size_t>(7, static_cast<std::size_t>(part * 8))];
  }
  return text;
}

// ---- heat maps ----------------------------------------------------------------------------------

Mark mark_of(double score, Peculiar peculiar) {
  switch (peculiar) {
    case Peculiar::Zeros:
      return Mark::Dead;
    case Peculiar::NotFinite:
      return Mark::NotFinite;
    case Peculiar::Copy:
      return Mark::Copy;
    case Peculiar::Equal:
      return Mark::Equal;
    case Peculiar::No:
      break;
  }
  if (std::isnan(score)) return Mark::None;
  const double far = std::fabs(score);
  if (far > kOddScore) return score > 0 ? Mark::Above : Mark::Below;
  return far >= kFarOff ? Mark::FarOff : far >= kOff ? Mark::Off : Mark::Usual;
}

namespace {

int level_of(double score) {
  const int direction = score < 0 ? -1 : 1;
  const double far = std::fabs(score);
  return far > kOddScore ? 2 * direction : far >= kOff ? direction : 0;
}

/// A cell of two; the half that is usual stays as empty as the terminal is.
Span halves_of(int left, int right) {
  if (left == 0) return {"▐", heat(right)};
  return right == 0 ? Span{"▌", heat(left)} : Span{"▌", heat(left, right)};
}

/// Which of a group a cell shows.
double weight_of(double score, Peculiar peculiar) {
  constexpr double kInfinite = std::numeric_limits<double>::infinity();
  if (is_broken(peculiar)) return kInfinite;
  if (peculiar == Peculiar::Copy) return std::max(kOddScore, std::fabs(score));
  return std::isnan(score) ? -1 : std::fabs(score);
}

}  // namespace

std::string_view text_of(Mark mark) {
  switch (mark) {
    case Mark::Dead:
      return "all zeros";
    case Mark::Copy:
      return "the bytes of another";
    case Mark::Equal:
      return "equal in both";
    case Mark::NotFinite:
      return "NaN or Inf";
    default:
      return "";
  }
}

Span glyph_of(double score, Peculiar peculiar) {
  switch (mark_of(score, peculiar)) {
    case Mark::None:
      return {" "};
    case Mark::Usual:
      return {"·", Role::Faint};
    case Mark::Off:
      return {"░", heat(level_of(score))};
    case Mark::FarOff:
      return {"▒", heat(level_of(score))};
    case Mark::Above:
      return {"▲", heat(kHeatSteps)};
    case Mark::Below:
      return {"▼", heat(-kHeatSteps)};
    case Mark::Dead:
      return {"x", Role::Defect};
    case Mark::Copy:
      return {"=", Role::Notice};
    case Mark::Equal:
      return {"=", Role::Faint};
    case Mark::NotFinite:
      return {"!", Role::Defect};
  }
  return {" "};
}

std::vector<Line> heat_signs() {
  const std::pair<Span, const char*> signs[] = {
      {{"·", Role::Faint}, "usual"},      {{"░▒", heat(1)}, "off"},
      {{"▲", heat(2)}, "far above"},      {{"▼", heat(-2)}, "far below"},
      {{"x", Role::Defect}, "all zeros"}, {{"=", Role::Notice}, "equal"},
      {{"!", Role::Defect}, "NaN or Inf"}};
  std::vector<Line> lines;
  for (const auto& [glyph, text] : signs) {
    lines.emplace_back("  ");
    lines.back().add(glyph.text, glyph.role).add(std::string(" ") + text + " ", Role::Faint);
  }
  return lines;
}

Line heat_legend(std::string_view of) {
  Line line;
  for (const Line& one : heat_signs()) line.append(one);
  return line.add("  " + std::string(of), Role::Faint);
}

std::size_t per_cell(std::size_t scores, std::size_t cells, bool colored) {
  if (cells == 0 || scores <= cells) return 1;
  if (colored && scores <= 2 * cells) return 2;
  return (scores + cells - 1) / cells;
}

std::size_t farthest_of(const HeatRow& row, std::size_t begin, std::size_t end) {
  std::size_t farthest = begin;
  for (std::size_t k = begin; k < end; ++k) {
    if (weight_of(row.scores[k], row.peculiar[k]) >
        weight_of(row.scores[farthest], row.peculiar[farthest])) {
      farthest = k;
    }
  }
  return farthest;
}

Line heat_cells(const HeatRow& row, std::size_t cells, bool colored) {
  const std::size_t each = per_cell(row.scores.size(), cells, colored);
  Line line;
  for (std::size_t i = 0; i < row.scores.size(); i += each) {
    const std::size_t end = std::min(i + each, row.scores.size());
    const std::size_t farthest = farthest_of(row, i, end);
    const double score = row.scores[farthest];
    const Peculiar peculiar = row.peculiar[farthest];
    const bool halves = colored && each == 2 && end - i == 2 && peculiar == Peculiar::No &&
                        std::fabs(score) <= kOddScore && std::fabs(score) >= kOff;
    const Span glyph = halves ? halves_of(level_of(row.scores[i]), level_of(row.scores[i + 1]))
                              : glyph_of(score, peculiar);
    line.add(glyph.text, glyph.role);
  }
  return line;
}

// ---- charts -------------------------------------------------------------------------------------

BrailleChart::BrailleChart(std::size_t rows, std::size_t columns, double least, double most)
    : rows_(rows), columns_(columns), least_(least), most_(most), cells_(rows * columns) {}

std::size_t BrailleChart::row_of(double value) const {
  const auto dots = static_cast<double>(4 * rows_ - 1);
  const double part = most_ > least_ ? (value - least_) / (most_ - least_) : 0.5;
  return static_cast<std::size_t>(std::lround((1 - std::clamp(part, 0.0, 1.0)) * dots));
}

std::size_t BrailleChart::column_of(std::size_t place, std::size_t places) const {
  if (places <= columns_) return 2 * place;  // a cell each
  return place * (2 * columns_ - 1) / (places - 1);
}

void BrailleChart::set(std::size_t column, std::size_t row) {
  constexpr unsigned char kDots[4][2] = {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};
  cells_[row / 4 * columns_ + column / 2] |= kDots[row % 4][column % 2];
}

void BrailleChart::dot(std::size_t place, std::size_t places, double value) {
  if (std::isfinite(value)) set(column_of(place, places), row_of(value));
}

void BrailleChart::bar(std::size_t place, std::size_t places, double from, double to) {
  if (!std::isfinite(from) || !std::isfinite(to)) return;
  for (std::size_t row = row_of(to); row <= row_of(from); ++row) set(column_of(place, places), row);
}

std::vector<std::string> BrailleChart::rows() const {
  std::vector<std::string> rows(rows_);
  for (std::size_t i = 0; i < cells_.size(); ++i) {
    append_utf8(rows[i / columns_], static_cast<char32_t>(0x2800 + cells_[i]));
  }
  return rows;
}

// ---- ASCII --------------------------------------------------------------------------------------

std::string_view plain_of(std::string_view character) {
  for (const auto& [ours, plain] : kPlain) {
    if (character == ours) return plain;
  }
  return is_braille(character) ? "*" : "";
}

std::string plain_pictures(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::string_view character = text.substr(0, character_bytes(text));
    const std::string_view plain = character.size() == 1 ? "" : plain_of(character);
    out += plain.empty() ? character : plain;
    text.remove_prefix(character.size());
  }
  return out;
}

}  // namespace ckptscope
