// Screen 4: what a conversion will do, does, and has done.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "views/screen/frame_view.hpp"
#include "views/screen/list_state.hpp"

namespace ckptscope {

/// A flag of `convert` and what it is set to.
struct ConvertField {
  std::string name;   // "output"
  std::string value;  // as set; empty: what `otherwise` says
  std::string otherwise;
};

/// What a phase of a running job has done.
struct PhaseLine {
  std::string name;
  std::uint64_t done = 0;  // bytes
  std::uint64_t total = 0;
  double seconds = 0;
  bool over = false;
};

/// Columns of the fields, where the plan stands beside them.
inline constexpr int kConvertFieldColumns = 46;

struct ConvertView {
  const std::vector<ConvertField>& fields;
  const std::vector<std::string>& buttons;  // "Start", or "Verify", "Open output"
  const ListState& cursor;                  // over fields, then buttons
  const std::vector<DetailLine>& plan;
  const std::vector<PhaseLine>& phases;
  const std::vector<DetailLine>& lines;  // what the job said, the last ones shown
  std::string command;                   // that does the same
  bool hides_figures = false;            // for goldens: `-` for rates and times
};

void draw_convert(const ConvertView& view, Canvas& canvas, const Rect& body);

/// "━━━━────  62 %  8.53 of 13.76 GB  1.21 GB/s  0:13 left".
std::string phase_text(const PhaseLine& phase, int bar_columns, bool hides_figures);

}  // namespace ckptscope
