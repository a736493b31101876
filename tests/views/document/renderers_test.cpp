// One Document as every renderer has it.

#include <gtest/gtest.h>

#include "core/base/display.hpp"
#include "views/document/html_renderer.hpp"
#include "views/document/line_renderer.hpp"
#include "views/document/markdown_renderer.hpp"
#include "views/document/text_renderer.hpp"

namespace ckptscope::testing {
namespace {

const std::string kEvil = "a<b>|*\x1b[2J&\"c";

Document evil_document() {
  Document document{"test"};
  document.add(Heading{kEvil}).add(Note{kEvil});
  document.add(Fields{{{"id", "label", kEvil, Format::Text, kEvil}}});
  document.add(Table{"rows",
                     {{"key", "key"}, {"n", "n", Format::Count}, {"part", "part", Format::Share}},
                     2,
                     [](std::size_t i) -> std::vector<Cell> {
                       return {kEvil, std::uint64_t{1234 + i}, 0.25};
                     }});
  HeatMap map{"map", kEvil, "row", "column"};
  map.rows = {"0"};
  map.columns = {"0", "1"};
  map.values = {1, 9};
  map.scores = {0, 9};
  map.peculiar = {Peculiar::No, Peculiar::No};
  document.add(map);
  Chart chart{"chart", kEvil, "row"};
  chart.places = {"0", "1"};
  chart.values = {1, 2};
  document.add(chart);
  return document;
}

std::string rendered(const auto& render) {
  std::string text;
  render(evil_document(), [&](std::string_view part) { text += part; });
  return text;
}

TEST(Renderers, NothingInADocumentActs) {
  const std::string html = rendered(render_html);
  EXPECT_EQ(html.find("<b>"), html.npos);
  EXPECT_EQ(html.find('\x1b'), html.npos);
  EXPECT_EQ(html.find("http"), html.npos) << "nothing is loaded";
  EXPECT_EQ(html.find("<script"), html.npos);
  const std::string markdown = rendered(render_markdown);
  EXPECT_EQ(markdown.find('\x1b'), markdown.npos);
  EXPECT_NE(markdown.find("a&lt;b>\\|\\*"), markdown.npos) << markdown;
  const std::string text = rendered([](const Document& document, const Out& out) {
    render_text(document, {.terminal = true}, out);
  });
  EXPECT_EQ(text.find('\x1b'), text.npos);
}

TEST(Renderers, NoLineIsLongerThanItsWidth) {
  for (std::size_t width = 16; width <= 120; ++width) {
    for (const Block& block : evil_document().blocks) {
      render_lines(block, {width, false},
                   [&](const Line& line) { EXPECT_LE(line.width(), width) << line.text(); });
    }
  }
}

TEST(Renderers, TabbedLinesNameTheirColumnsWhenAsked) {
  Document document{"test"};
  Table table{"rows",
              {{"key", "key"}, {"", "seen"}, {"n", "n", Format::Count}},
              1,
              [](std::size_t) -> std::vector<Cell> {
                return {std::string("k"), true, std::uint64_t{1234}};
              }};
  table.main = true;
  document.add(table);
  std::string text;
  render_text(document, {.headed = true}, [&](std::string_view part) { text += part; });
  EXPECT_EQ(text, "key\tn\nk\t1234\n");
}

}  // namespace
}  // namespace ckptscope::testing
