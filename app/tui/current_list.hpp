// The list that motions move in, and what every subject does to the state: messages, the log,
// pages, jobs.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "app/tui/ui.hpp"

namespace ckptscope {

template <typename Cursor>
struct ListOf {
  Cursor* cursor;
  std::size_t size;
  std::size_t page;  // rows that are seen at once
};
using CurrentList = ListOf<ListState>;
CurrentList current_list(State& state);
ListOf<const ListState> current_list(const State& state);
const Place& current_place(const State& state);
/// The screen's body, between the rules.
/// To another screen, which is the way back from there.
void go_to_screen(State& state, Screen screen);
/// The statistics of several tensors as pictures of the figure that is chosen.
void show_group(State& state);
/// Shows rows of statistics. They fill as they come: the cursor stays on what it was on, and on the
/// first row while nobody moved it.
void tell(State& state, KeyedLines told);
/// Cells of a line on a page.
std::size_t text_columns(const State& state);
Rect body_of(const State& state);

void say(State& state, std::string text, Role role = Role::Plain);
void log(State& state, LogEntry entry);
void open_page(State& state, std::string title, std::vector<Line> lines);
/// What somebody typed, safe to show and no longer than it is: backslashes stay single.
std::string typed_text(std::string_view text);

/// The id of the newest job of a kind; results of others are stale, with 0 all of them.
std::uint64_t& latest_of(State& state, JobKind kind);
/// Runs a job of this kind; older ones of it become stale. Returns its id.
std::uint64_t start(Ui& ui, JobKind kind, std::string title, JobBody body);
/// The list changes when the worker has made it.
void list_keys(Ui& ui, const std::string& filter, const SortOrder& sort, bool flat);
/// The plan of a conversion as flags are set now, on the screen of the mapping when it is made.
void preview_mapping(Ui& ui);

/// The overview for the width of the screen.
void lay_out_overview(State& state);
/// Instead of an overview checkpoints to choose from; the cursor is on the first one.
void show_choices(State& state, Document document);
/// Line 2, and those that were opened before.
void show_nothing_open(State& state);

/// Line 2 without a checkpoint.
inline constexpr std::string_view kNothingOpen = "nothing is open; :open PATH";
/// Nothing of a checkpoint is left: its keys, results, and what was started on it.
void forget_checkpoint(State& state);

}  // namespace ckptscope
