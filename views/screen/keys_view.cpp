// Only the rows on the screen are made into text.
#include "views/screen/keys_view.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/bytes.hpp"
#include "core/base/display.hpp"
#include "views/document/figures.hpp"

namespace ckptscope {
namespace {

constexpr int kDetailRows = 5;

constexpr int kShareCells = 8;

/// Where the columns of a row begin; 0 for those that there is no room for.
struct Columns {
  explicit Columns(const Rect& area) {
    const bool wide = area.columns >= 80;
    const int right = area.column + area.columns;
    end = wide ? right - kShareCells - 1 : right;
    share = wide ? right - kShareCells : 0;
    size = end - 8;
    const bool roomy = area.columns >= 56;
    shape = roomy ? size - 16 : 0;
    dtype = roomy ? shape - 9 : 0;
    key = area.column + 2;
    key_end = (roomy ? dtype : size) - 1;
  }
  int key;
  int key_end;
  int dtype;
  int shape;
  int size;
  int end;
  int share;
};

std::string shape_text(ShapeView shape) {
  std::string text = to_string(shape);
  std::erase(text, ' ');
  return text;
}

/// How much of all that is listed these bytes are; nothing of less than half a cell.
void draw_share(const KeysView& view, Canvas& canvas, int row, const Columns& columns,
                std::uint64_t bytes) {
  const std::uint64_t all = view.list.names().nodes().front().bytes;
  const bool seen = 2 * kShareCells * share(bytes, all) >= 1;
  if (columns.share == 0 || !seen) return;
  canvas.put(row, columns.share, bar(bytes, all, kShareCells), Role::Faint);
}

void draw_tensor(Canvas& canvas, int row, const Columns& columns, const TensorInfo& info,
                 std::uint64_t bytes) {
  if (columns.dtype > 0) {
    canvas.put(row, columns.dtype, name_of(info.dtype), Role::Plain, 8);
    canvas.put_right(row, columns.size - 1, fitted(shape_text(info.shape), 15));
  }
  canvas.put_right(row, columns.end, format_bytes(bytes));
}

/// What stands behind a label: "+s", "  x36 alike", or less where there is little room.
std::string behind_label(const FoldedTree& folds, const FoldedRow& one, bool leaf, int room) {
  if (!one.scale.empty()) return " " + one.scale;
  const std::uint32_t above = one.parent == NameTree::kNoNode ? 1 : folds.rows()[one.parent].alike;
  if (leaf || one.alike == above) return "";
  const std::string count = fmt::format("  x{}", format_count(one.alike));
  if (width_of(count) + 6 <= room) return count + " alike";
  return width_of(count) <= room ? count : "";
}

void mark_match(const KeysView& view, Canvas& canvas, int row, int column,
                const std::string& shown) {
  if (view.highlight == nullptr) return;
  const auto found = view.highlight->find(shown);
  if (!found || found->first == found->second) return;
  canvas.paint_part(row, column, shown, found->first, found->second, Role::Match);
}

void draw_folded(const KeysView& view, Canvas& canvas, int row, const Columns& columns,
                 std::uint32_t number) {
  const FoldedTree& folds = view.list.folded();
  const FoldedRow& one = folds.rows()[number];
  const NameTree::Node& node = view.list.names().nodes()[one.node];
  const bool leaf = node.tensor != NameTree::kNoNode && node.child_count == 0;
  const char* mark = leaf ? " " : view.tree.is_open(number) ? "-" : "+";
  if (one.odd) canvas.put(row, columns.key - 1, "~", Role::Notice);
  const int column = columns.key + std::min(2 * one.depth, columns.key_end / 3);
  const std::string label = display(one.label);
  const int room = columns.key_end - column - 2;
  const std::string behind = behind_label(folds, one, leaf, room - width_of(label));
  canvas.put(row, column, mark, Role::Faint);
  if (!leaf) canvas.add_zone({Zone::Kind::Fold, {row, column, 1, 1}, number});
  const std::string shown = fitted(label, room - width_of(behind));
  const int end = canvas.put(row, column + 2, shown, leaf ? Role::Plain : Role::Directory);
  mark_match(view, canvas, row, column + 2, shown);
  canvas.put(row, end, behind, Role::Faint);
  if (leaf) {
    const auto& info = view.list.checkpoint()->tensors()[node.tensor];
    draw_tensor(canvas, row, columns, info, one.bytes);
  } else {
    if (columns.shape > 0)
      canvas.put_right(row, columns.size - 1, counted(one.tensors, "key"), Role::Faint);
    canvas.put_right(row, columns.end, format_bytes(one.bytes));
  }
  draw_share(view, canvas, row, columns, one.bytes);
}

}  // namespace

int usual_detail_columns(int columns) {
  constexpr int kLeast = 33;
  constexpr int kMost = 60;
  constexpr int kForKeys = 120;  // before the pane grows
  return std::clamp(kLeast + (columns - kLeast - kForKeys) / 2, kLeast, kMost);
}

std::size_t keys_page(const Rect& body, int detail_columns) {
  return static_cast<std::size_t>(
      std::max(1, split_panes(body, detail_columns, kDetailRows).main.rows));
}

void draw_keys(const KeysView& view, Canvas& canvas, const Rect& body) {
  const Panes panes = split_panes(body, view.detail_columns, kDetailRows);
  const Columns columns(panes.main);
  std::vector<RuleText> headings{{2, view.sorted.empty() ? "key" : "key, by " + view.sorted}};
  if (columns.dtype > 0) {
    headings.push_back({columns.dtype, "dtype"});
    headings.push_back({columns.size - 6, "shape"});
  }
  headings.push_back({columns.end - 5, "size"});
  if (columns.share > 0) headings.push_back({columns.share, "share"});
  draw_pane_rules(canvas, body, panes, headings,
                  view.in_details ? "[" + view.detail_heading + "]" : view.detail_heading);

  const std::size_t count = view.flat ? view.order.size() : view.tree.visible().size();
  for (int i = 0; i < panes.main.rows; ++i) {
    const std::size_t number = view.cursor.top + static_cast<std::size_t>(i);
    if (number >= count) break;
    const int row = panes.main.row + i;
    canvas.add_zone({Zone::Kind::Row, {row, panes.main.column, 1, panes.main.columns}, number});
    bool defect = false;
    if (view.flat) {
      const std::uint32_t tensor = view.order[number];
      defect = view.list.is_defective(tensor);
      const TensorInfo& info = view.list.checkpoint()->tensors()[tensor];
      const std::string shown = fitted_key(display(info.name), columns.key_end - columns.key);
      canvas.put(row, columns.key, shown);
      mark_match(view, canvas, row, columns.key, shown);
      draw_tensor(canvas, row, columns, info, info.bytes());
      draw_share(view, canvas, row, columns, info.bytes());
    } else {
      const std::uint32_t folded = view.tree.visible()[number];
      draw_folded(view, canvas, row, columns, folded);
      defect = view.list.has_defect(folded);
    }
    if (defect) canvas.put(row, panes.main.column + 1, "!", Role::Defect);
    if (number != view.cursor.cursor) continue;
    canvas.put(row, panes.main.column, ">", Role::Title);
    canvas.paint({row, panes.main.column, 1, panes.main.columns}, Role::Selected);
  }
  if (panes.right) draw_details(canvas, *panes.right, view.details, view.details_top);
  if (panes.below) draw_details_wide(canvas, *panes.below, view.details, view.details_top);
}

}  // namespace ckptscope
