// A click selects; a click on what is selected is Enter; on a key of the last line it is that key.
#include "app/tui/mouse.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "app/tui/actions.hpp"
#include "app/tui/current_list.hpp"
#include "app/tui/cursor.hpp"
#include "app/tui/keymap.hpp"

namespace ckptscope {
namespace {

constexpr int kWheelRows = 3;
constexpr int kLeastPane = 20;  // cells of either pane

struct At {
  int row = 0;
  int column = 0;
};

/// The two numbers behind the name.
std::optional<At> place_in(std::string_view key) {
  At place;
  const std::size_t first = key.find(' ');
  const std::size_t second = key.find(' ', first + 1);
  if (first == key.npos || second == key.npos) return std::nullopt;
  const char* const text = key.data();
  const bool row = std::from_chars(text + first + 1, text + second, place.row).ec == std::errc();
  const bool column =
      std::from_chars(text + second + 1, text + key.size() - 1, place.column).ec == std::errc();
  return row && column ? std::optional(place) : std::nullopt;
}

/// Presses the key as the row of the table of keys has it.
void press_key(Ui& ui, std::string_view key) {
  if (const KeyRow* row = find_key(key, current_place(ui.state))) row->act(ui, key);
}

/// "Enter" of the last line is "<Enter>", "h l" is "h", "^D" is "<C-d>".
std::string key_of_hint(const std::string& shown) {
  const std::string first = shown.substr(0, shown.find(' '));
  if (first.size() == 1) return first;
  if (first.starts_with('^')) return std::string("<C-") + static_cast<char>(first[1] + 32) + ">";
  return "<" + first + ">";
}

void click_row(Ui& ui, std::size_t number) {
  const CurrentList list = current_list(ui.state);
  if (list.cursor->cursor == number) return press_key(ui, "<Enter>");
  list.cursor->go(number, list.size, list.page);
  ui.state.keys.member = 0;
  ui.state.keys.details_top = 0;
}

void click_fold(Ui& ui, std::size_t row) {
  State& state = ui.state;
  const FoldedTree& folds = state.keys.list->folded();
  const auto number = static_cast<std::uint32_t>(row);
  state.keys.tree.set_open(folds, number, !state.keys.tree.is_open(number));
  const CurrentList list = current_list(state);
  list.cursor->go(state.keys.tree.position_of(folds, number), list.size, list.page);
}

void click_cell(Ui& ui, std::size_t cell) {
  HeatState& heat = *ui.state.stats.heat;
  const std::size_t columns = heat.map->columns.size();
  const bool again = heat.row == cell / columns && heat.column == cell % columns;
  if (again) return press_key(ui, "<Enter>");
  heat.row = cell / columns;
  heat.column = cell % columns;
}

void click(Ui& ui, const At& at) {
  const Canvas canvas = draw(ui.state);
  const Zone* const zone = canvas.zone_at(at.row, at.column);
  ui.state.drags_divider = zone != nullptr && zone->kind == Zone::Kind::Divider;
  if (zone == nullptr) return;
  switch (zone->kind) {
    case Zone::Kind::Screen:
      return press_key(ui, std::string(1, kPlaces[zone->number].letter));
    case Zone::Kind::Hint:
      return press_key(ui, key_of_hint(zone->key));
    case Zone::Kind::Row:
      return click_row(ui, zone->number);
    case Zone::Kind::Fold:
      return click_fold(ui, zone->number);
    case Zone::Kind::HeatCell:
      return click_cell(ui, zone->number);
    case Zone::Kind::Divider:
      return;
  }
}

void resize_pane(State& state, int columns) {
  const int most = std::max(kLeastPane, state.size.columns - 60);
  state.keys.detail_columns = std::clamp(columns, kLeastPane, most);
}

}  // namespace

bool is_mouse(std::string_view key) {
  for (const std::string_view name :
       {"<Click ", "<Drag ", "<Release ", "<WheelUp>", "<WheelDown>"}) {
    if (key.starts_with(name)) return true;
  }
  return false;
}

void mouse_key(Ui& ui, std::string_view key) {
  State& state = ui.state;
  const bool up = key == "<WheelUp>";
  if (up || key == "<WheelDown>") {
    for (int i = 0; i < kWheelRows; ++i) act_move(ui, up ? "k" : "j");
    return;
  }
  const auto at = place_in(key);
  if (!at) return;
  if (key.starts_with("<Click ")) return click(ui, *at);
  if (state.drags_divider) resize_pane(state, state.size.columns - at->column);
  if (key.starts_with("<Release ")) state.drags_divider = false;
}

/// `<` and `>` move the divider, `z` hides the pane and shows it again.
void act_divider(Ui& ui, std::string_view key) {
  constexpr int kStep = 4;
  State& state = ui.state;
  const int now = detail_columns(state);
  if (key == "z" && now == 0) {
    state.keys.detail_columns.reset();
  } else if (key == "z") {
    state.keys.detail_columns = 0;
    state.keys.in_details = false;
  } else {
    resize_pane(state, (now == 0 ? kLeastPane : now) + (key == ">" ? -kStep : kStep));
  }
  const CurrentList list = current_list(state);
  list.cursor->go(list.cursor->cursor, list.size, list.page);
}

}  // namespace ckptscope
