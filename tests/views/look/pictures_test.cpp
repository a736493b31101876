// Numbers as characters.

#include "views/look/pictures.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace ckptscope::testing {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinite = std::numeric_limits<double>::infinity();

TEST(Spark, Rows) {
  struct Row {
    std::vector<double> values;
    std::size_t cells;
    std::string text;
  };
  const Row rows[] = {
      {{0, 1, 2, 3, 4, 5, 6, 7}, 8, "▁▂▃▄▅▆▇█"},
      {{7, 0}, 8, "█▁"},
      {{2, 2, 2}, 8, "▄▄▄"},
      {{1, kNan, 2}, 8, "▁·█"},
      {{1, kInfinite, 2}, 8, "▁·█"},
      {{kNan}, 8, "·"},
      {{}, 8, ""},
      {{0, 0, 7, 7}, 2, "▁█"},
      {{0, kNan, 7, 7}, 2, "▁█"},
      {{0, 1, 2, 3, 4}, 2, "▁█"},
  };
  for (const Row& row : rows) EXPECT_EQ(spark(row.values, row.cells), row.text);
}

TEST(HeatCells, SharedCellsShowTheFarthest) {
  const std::vector<double> scores{0, 2, 0, 4, 9, 0, -9, 0, kNan, kNan};
  std::vector<Peculiar> peculiar(scores.size());
  peculiar[7] = Peculiar::Zeros;
  const auto text = [&](std::size_t cells, bool colored) {
    return heat_cells({scores, peculiar}, cells, colored).text();
  };
  EXPECT_EQ(text(10, false), "·░·▒▲·▼x  ");
  EXPECT_EQ(text(5, false), "░▒▲x ");
  EXPECT_EQ(text(5, true), "▐▐▲x ");  // halves, but for what stands out
  EXPECT_EQ(text(3, false), "▒x ");
  EXPECT_EQ(per_cell(10, 3, true), 4u);
  EXPECT_EQ(per_cell(192, 96, true), 2u);
  EXPECT_EQ(per_cell(192, 192, false), 1u);
}

TEST(Marks, OfScores) {
  const std::pair<double, Mark> rows[] = {
      {0, Mark::Usual},          {1.4, Mark::Usual}, {-1.6, Mark::Off},   {3.5, Mark::FarOff},
      {5, Mark::FarOff},         {5.1, Mark::Above}, {-5.1, Mark::Below}, {kInfinite, Mark::Above},
      {-kInfinite, Mark::Below}, {kNan, Mark::None}};
  for (const auto& [score, mark] : rows) EXPECT_EQ(mark_of(score, Peculiar::No), mark) << score;
  EXPECT_EQ(mark_of(0, Peculiar::Zeros), Mark::Dead);
  EXPECT_EQ(mark_of(0, Peculiar::NotFinite), Mark::NotFinite);
}

TEST(BrailleChart, DotsAndBars) {
  BrailleChart line(1, 4, 0, 3);
  for (std::size_t i = 0; i < 4; ++i) line.dot(i, 4, static_cast<double>(i));
  EXPECT_EQ(line.rows(), std::vector<std::string>{"⡀⠄⠂⠁"});
  BrailleChart dense(1, 2, 0, 3);
  for (std::size_t i = 0; i < 4; ++i) dense.dot(i, 4, static_cast<double>(i));
  EXPECT_EQ(dense.rows(), std::vector<std::string>{"⡠⠊"});
  BrailleChart band(2, 1, 0, 1);
  band.bar(0, 1, 0, 1);
  EXPECT_EQ(band.rows(), (std::vector<std::string>{"⡇", "⡇"}));
  BrailleChart nothing(1, 2, 0, 1);
  nothing.dot(0, 2, kNan);
  nothing.bar(1, 2, kNan, 1);
  EXPECT_EQ(nothing.rows(), std::vector<std::string>{"⠀⠀"});
  BrailleChart flat(1, 1, 2, 2);  // all values are the same
  flat.dot(0, 1, 2);
  EXPECT_EQ(flat.rows().front().size(), 3u);
}

TEST(PlainPictures, OurCharactersAloneBecomeAscii) {
  EXPECT_EQ(plain_pictures("▁█ ░▲▼x · … ━ ⠀⡇"), "_# :AVx . . =  *");
  EXPECT_EQ(plain_pictures("naïve 漢"), "naïve 漢");
}

}  // namespace
}  // namespace ckptscope::testing
