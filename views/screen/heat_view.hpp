// A heat map with a cursor: a row a layer, a column an expert, or some where there are more than
// cells.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "views/document/document.hpp"
#include "views/screen/frame_view.hpp"

namespace ckptscope {

struct HeatState {
  std::shared_ptr<const HeatMap> map;
  std::size_t row = 0;
  std::size_t column = 0;
  std::size_t top = 0;  // the first row on the screen
};

/// Moves the cursor within the map, and the part that is on the screen with it.
void move_heat(HeatState& state, std::ptrdiff_t rows, std::ptrdiff_t columns, const Rect& body);
/// To the next or previous cell that stands out, row by row, around the ends; false without any.
bool go_to_odd(HeatState& state, bool forward, const Rect& body);
/// "layer 3, expert 17: 0.0673, +21.1 spreads".
std::string heat_text(const HeatState& state);

/// `colored`: a cell may have two colours, so that it shows two experts.
void draw_heat(const HeatState& state, bool colored, Canvas& canvas, const Rect& body);

}  // namespace ckptscope
