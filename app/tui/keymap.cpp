// The rows themselves, and the texts that are made from them.
#include "app/tui/keymap.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "app/tui/actions.hpp"

namespace ckptscope {
namespace {

using enum KeyKind;

/// Where a key has two meanings, the row of the screen stands before the general one.
constexpr KeyRow kTable[] = {
    {"<Enter>", "0", Motion, "the keys; of a list the checkpoint", "Enter|open", act_enter},
    {"<Enter>", "1", Job, "show KEY, or fold", "Enter|show", act_enter},
    {"<Enter>", "2", Motion, "go to the key", "Enter|go to key", act_enter},
    {"<Enter>", "4", Session, "edit the field, press the button", "Enter|edit", act_enter},
    {"<Enter>", "35", Motion, "open what the line says; of an image zoom in", "Enter|open",
     act_enter},
    {"<Enter>", "p", Motion, "close the page", "Enter|close", act_enter},
    {"h <Left>", "1", Motion, "fold, or to the parent", "", act_left},
    {"l <Right>", "1", Motion, "unfold", "h l|fold", act_right},
    {"h <Left>", "2", Motion, "the source's side", "", act_left},
    {"l <Right>", "2", Motion, "the target's side", "h l|side", act_right},
    {"h <Left>", "3", Motion, "the expert before; a table scrolls", "", act_left},
    {"l <Right>", "3", Motion, "the next expert", "h l|expert", act_right},
    {"h <Left>", "p", Motion, "scroll to the left", "", act_left},
    {"l <Right>", "p", Motion, "scroll to the right", "h l|scroll", act_right},
    {"j <Down>", kEverywhere, Motion, "down", "", act_move},
    {"k <Up>", kEverywhere, Motion, "up", "", act_move},
    {"<C-d>", kEverywhere, Motion, "half a page down", "", act_move},
    {"<C-u>", kEverywhere, Motion, "half a page up", "", act_move},
    {"<C-f> <PageDown> <Space>", kEverywhere, Motion, "a page down", "", act_move},
    {"<C-b> <PageUp>", kEverywhere, Motion, "a page up", "", act_move},
    {"g <Home>", kEverywhere, Motion, "to the first row", "", act_move},
    {"G <End>", kEverywhere, Motion, "to the last row", "", act_move},
    {"/", "01235p", Motion, "search (regex, smart case), inside folds too", "/|search", act_search},
    {"n", "01235p", Motion, "the next match", "", act_match},
    {"N", "01235p", Motion, "the match before", "", act_match},
    {"&", "1", Session, "ls QUERY: show these keys alone", "&|filter", act_filter},
    {"&", "35", Motion, "show the rows alone that a regex matches", "&|filter", act_filter},
    {"m", "013", Motion, "to its row of the mapping", "m|mapping", act_mapping},
    {"x", "0", Job, "stat: all layers and experts as pictures", "x|pictures", act_stats},
    {"x", "12", Job, "stat KEY; of a fold all of it", "x|stats", act_stats},
    {"] [", "1", Motion, "the same key in the next or previous layer or expert", "", act_sibling},
    {"] [", "3", Job, "stat of the same key in the next or previous layer", "] [|next layer",
     act_sibling},
    {"e E", "3", Motion, "the next or previous cell that stands out", "e|next odd", act_problem},
    {"e E", "012", Motion, "the next or previous problem", "", act_problem},
    {"i", "1", Motion, "the pane: details, figures of the tensor, config.json", "i|pane",
     act_details},
    {"< > z", "1", Motion, "move the divider; hide the pane, or show it", "", act_divider},
    {"t", "1", Session, "tree, or one line a tensor", "", act_flat},
    {"+ - *", "1", Motion, "unfold, fold; * all, or fold all where all is unfolded", "", act_fold},
    {"s", "1", Session, "sort: then k key, b bytes; d dtype, s shard without the tree", "",
     act_sort},
    {"I", "1", Session, "the other way round", "", act_invert},
    {"a", "01234", Session, "set adapter NAME", "a|adapter", act_adapter},
    {"v", "3", Session, "the next figure: std, absmax, mean, zeros, …", "v|figure", act_figure},
    {"b", "3", Session, "bins: powers of two, equal steps, codes before their scales", "b|bins",
     act_bins},
    {"D", kEveryScreen, Job, "stat --against OTHER: how far values are apart", "", act_diff},
    {"y", kEverywhere, Motion, "copy the key; without one the command", "", act_copy},
    {"Y", kEverywhere, Motion, "copy the command that shows this in a shell", "", act_copy},
    {"<Tab>", kEveryScreen, Motion, "the next pane", "", act_pane},
    {kScreenKeys, kEverywhere, Motion, "the screen of that number", "", act_screen},
    {":", kEverywhere, Session, "a command", ":|command", act_command},
    {"<C-c>", kEverywhere, Session, "stop the job", "", act_stop},
    {"<C-l>", kEverywhere, Motion, "draw the screen anew", "", act_redraw},
    {"<C-z>", kEverywhere, Motion, "back to the shell until fg", "", act_suspend},
    {"R", kEveryScreen, Job, "open PATH: read it again", "", act_reopen},
    {"? <F1>", kEverywhere, Motion, "help: this screen's keys", "?|help", act_help},
    {"q", "0", Session, "back; at the root quit", "q|quit", act_back},
    {"q", "1", Session, "no filter any more; else back", "q|back", act_back},
    {"q", "35", Session, "no filter any more; else back", "q|back", act_back},
    {"q", "24p", Session, "back", "q|back", act_back},
    {"Q", kEverywhere, Session, "quit", "", act_quit},
};

std::vector<std::string_view> words_of(std::string_view keys) {
  std::vector<std::string_view> words;
  while (!keys.empty()) {
    const std::size_t end = std::min(keys.find(' '), keys.size());
    words.push_back(keys.substr(0, end));
    keys.remove_prefix(std::min(end + 1, keys.size()));
  }
  return words;
}

/// "<Enter>" is "Enter", "<C-d>" is "^D".
std::string shown(std::string_view key) {
  if (key.starts_with("<C-")) return fmt::format("^{}", static_cast<char>(key[3] - 'a' + 'A'));
  if (key.size() > 2 && key.front() == '<') return std::string(key.substr(1, key.size() - 2));
  return std::string(key);
}

bool is_at(const KeyRow& row, const Place& place) {
  return row.places.find(place.letter) != row.places.npos;
}

}  // namespace

std::span<const KeyRow> key_table() {
  return kTable;
}

const KeyRow* find_key(std::string_view key, const Place& place) {
  for (const KeyRow& row : kTable) {
    if (!is_at(row, place)) continue;
    for (const std::string_view word : words_of(row.keys)) {
      if (word == key) return &row;
    }
  }
  return nullptr;
}

std::string shown_keys(const KeyRow& row) {
  std::string keys;
  for (const std::string_view word : words_of(row.keys)) {
    keys += (keys.empty() ? "" : "  ") + shown(word);
  }
  return keys;
}

std::vector<Hint> hints_of(const Place& place) {
  std::vector<Hint> hints;
  for (const KeyRow& row : kTable) {
    if (!is_at(row, place) || row.hint.empty()) continue;
    const std::size_t bar = row.hint.find('|');
    hints.push_back({std::string(row.hint.substr(0, bar)), std::string(row.hint.substr(bar + 1))});
  }
  return hints;
}

std::vector<Line> keys_help(const Place& place) {
  std::vector<Line> lines;
  for (const KeyRow& row : kTable) {
    if (!is_at(row, place)) continue;
    lines.push_back({fmt::format("  {:<24} {}", shown_keys(row), row.command),
                     row.kind == KeyKind::Job ? Role::Title : Role::Plain});
  }
  lines.push_back({""});
  lines.push_back(
      {"  :COMMAND runs what the command line runs, without PATH: :ls dtype=U8, "
       ":map --to hf > plan.txt"});
  lines.push_back(
      {"  :N goes to row N; :record FILE writes what you do as a script; :help lists "
       "the verbs; :q quits."});
  lines.push_back({"  Esc leaves what is open, and never quits."});
  return lines;
}

}  // namespace ckptscope
