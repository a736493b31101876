// What keys do: the functions behind the rows of the key table, and what they share.
#pragma once

#include <string>
#include <string_view>

#include "app/tui/keymap.hpp"

namespace ckptscope {

// ---- shared -------------------------------------------------------------------------------------

/// The list that motions move in.
template <typename Cursor>
struct ListOf {
  Cursor* cursor;
  std::size_t size;
  std::size_t page;
};
using CurrentList = ListOf<ListState>;
CurrentList current_list(State& state);
ListOf<const ListState> current_list(const State& state);
/// '1'…'5' or 'p'.
char place_of(const State& state);
/// The screen's body, between the rules.
Rect body_of(const State& state);

void say(State& state, std::string text, Role role = Role::Plain);
void log(State& state, std::string text, Role role = Role::Plain,
         std::shared_ptr<const std::vector<PageLine>> page = nullptr);
void open_page(State& state, std::string title, std::vector<PageLine> lines);
/// The id of the newest job of a kind; results of others are stale, with 0 all of them.
std::uint64_t& latest_of(State& state, JobKind kind);
/// Runs a job of this kind; older ones of it become stale. Returns its id.
std::uint64_t start(Ui& ui, JobKind kind, std::string title, JobBody body);

/// Line 2 without a checkpoint.
inline constexpr std::string_view kNothingOpen = "nothing is open; :open PATH";
/// Nothing of a checkpoint is left: its keys, results, and what was started on it.
void forget_checkpoint(State& state);
/// What somebody typed, safe to show and no longer than it is: backslashes stay single.
std::string typed_text(std::string_view text);

/// There is a list of keys, and something in it.
bool has_keys(const State& state);
/// The row of the folded tree under the cursor; kNoNode on the flat list and without keys.
std::uint32_t current_row(const State& state);
/// The node of it that is meant.
std::uint32_t current_node(const State& state);
/// The tensor under the cursor, or nullopt.
std::optional<std::uint32_t> current_tensor(const State& state);
/// The key under the cursor: of a tensor or the path of a directory; of the screen's subject.
std::string current_key(const State& state);
/// Puts the cursor on a place of order_of(), opening what hides it.
void go_to_place(State& state, std::uint32_t place);
/// Puts the cursor on a tensor, opening what hides it. False when it is not listed.
bool go_to_tensor(State& state, std::uint32_t tensor);
/// Puts the cursor of the mapping on the row of a source.
void go_to_mapping_of(State& state, std::uint32_t tensor);
void reset_keys(State& state);
std::vector<DetailLine> details_of(const State& state);
std::span<const std::uint32_t> order_of(const State& state);

/// Runs a line as if it were typed: one command after the other.
void run_line(Ui& ui, std::string_view line);
/// Goes on with the steps that wait.
void run_next_step(Ui& ui);
void preview_mapping(Ui& ui);
/// The list changes when the worker has made it.
void list_keys(Ui& ui, const std::string& filter, const SortOrder& sort, bool flat);
/// `moves`: what is found moves the cursor.
void search_now(Ui& ui, bool moves);
/// To the next (or, backwards, the previous) match.
void go_to_match(Ui& ui, bool forward, bool from_origin);

/// Fields of the screen of conversions, and what it would run.
std::vector<ConvertField> convert_fields(const State& state);
std::vector<std::string> convert_buttons(const State& state);
std::string convert_line(const State& state);     // in the session
std::string convert_command(const State& state);  // in a shell
/// As `set NAME VALUE`; empty: `unset NAME`.
void set_field(Ui& ui, const std::string& name, const std::string& value);
/// Enter on a field or, behind the fields, on a button.
void press_field(Ui& ui, std::size_t number);

// ---- prompts ------------------------------------------------------------------------------------

void open_prompt(State& state, PromptKind kind, std::string label, std::string text = "");
void prompt_key(Ui& ui, std::string_view key);

// ---- behind rows of the table -------------------------------------------------------------------

void act_move(Ui& ui, std::string_view key);
void act_left(Ui& ui, std::string_view key);
void act_right(Ui& ui, std::string_view key);
void act_enter(Ui& ui, std::string_view key);
void act_pane(Ui& ui, std::string_view key);
void act_screen(Ui& ui, std::string_view key);
void act_sibling(Ui& ui, std::string_view key);
void act_problem(Ui& ui, std::string_view key);
void act_flat(Ui& ui, std::string_view key);
void act_fold(Ui& ui, std::string_view key);
void act_sort(Ui& ui, std::string_view key);
void act_invert(Ui& ui, std::string_view key);
void act_search(Ui& ui, std::string_view key);
void act_match(Ui& ui, std::string_view key);
void act_filter(Ui& ui, std::string_view key);
void act_card(Ui& ui, std::string_view key);
void act_mapping(Ui& ui, std::string_view key);
void act_stats(Ui& ui, std::string_view key);
void act_adapter(Ui& ui, std::string_view key);
void act_diff(Ui& ui, std::string_view key);
void act_copy(Ui& ui, std::string_view key);
void act_bins(Ui& ui, std::string_view key);
void act_command(Ui& ui, std::string_view key);
void act_stop(Ui& ui, std::string_view key);
void act_redraw(Ui& ui, std::string_view key);
void act_reopen(Ui& ui, std::string_view key);
void act_help(Ui& ui, std::string_view key);
void act_back(Ui& ui, std::string_view key);
void act_quit(Ui& ui, std::string_view key);
void act_suspend(Ui& ui, std::string_view key);

}  // namespace ckptscope
