// Screen 2: what becomes of every key: source, op and target beside each other, from headers alone.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/plan/folded_plan.hpp"
#include "core/plan/plan.hpp"
#include "views/screen/frame_view.hpp"
#include "views/screen/list_state.hpp"

namespace ckptscope {

/// One line of the list: a heading with what keys below it begin with, or a part of a row.
struct MapLine {
  std::optional<std::size_t> row;  // of MapModel::rows; none for a heading
  std::size_t part = 0;            // of the row's sources
  std::string source;
  std::string target;  // stands on the first line of a row
};

/// A preview, as it was made. Immutable and thread-safe.
struct MapModel {
  std::shared_ptr<const void> keep;  // what the plan's names point into
  std::shared_ptr<const Plan> plan;
  std::string heading;  // "hf -> native   adapter …"
  std::vector<MapRow> rows;
  std::vector<std::uint32_t> row_of_output;  // as in FoldedPlan
  std::vector<std::uint32_t> row_of_left;
  std::vector<MapLine> lines;
  std::vector<DetailLine> ops;  // "15,168 -> 79  stack t": how many tensors each takes and makes
  std::vector<DetailLine> account;
  std::size_t shards_done = 0;  // by an interrupted conversion to the same output
  Account sums;
};

/// Lines of the list: what the keys of neighbouring rows begin with, up to the first number, stands
/// once above them.
std::vector<MapLine> lines_of(const std::vector<MapRow>& rows);
std::vector<DetailLine> op_lines(const std::vector<MapRow>& rows);
/// The line to move to from `line`: headings are passed over.
std::size_t next_row_line(const MapModel& model, std::size_t line, int direction);

struct MappingView {
  const MapModel& model;
  const ListState& cursor;   // over model.lines
  bool target_side = false;  // whose key is meant
};

std::size_t mapping_page(const Rect& body);
void draw_mapping(const MappingView& view, Canvas& canvas, const Rect& body);

}  // namespace ckptscope
