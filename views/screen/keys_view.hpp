// Screen 1: the keys as a folded tree or a flat list, and what is known of the selected one.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/base/regex.hpp"
#include "core/inspect/key_list.hpp"
#include "views/screen/frame_view.hpp"
#include "views/screen/list_state.hpp"
#include "views/screen/tree_state.hpp"

namespace ckptscope {

/// Cells of the right pane, with its divider, unless somebody moves it: more where lines are long.
int usual_detail_columns(int columns);

struct KeysView {
  const KeyList& list;
  const TreeState& tree;
  bool flat = false;
  std::span<const std::uint32_t> order;  // ids, of the flat list
  const ListState& cursor;
  const std::vector<DetailLine>& details;
  std::size_t details_top = 0;
  bool in_details = false;           // keys scroll those
  std::string sorted{};              // "bytes", for the heading; empty: natural order
  const Regex* highlight = nullptr;  // what is searched for, marked where it is seen
  int detail_columns = 0;            // of the pane; 0: hidden
  std::string detail_heading{};
};

/// Rows of keys that fit into the body.
std::size_t keys_page(const Rect& body, int detail_columns);
/// O(rows shown). Reads headers alone.
void draw_keys(const KeysView& view, Canvas& canvas, const Rect& body);

}  // namespace ckptscope
