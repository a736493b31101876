// What stands around every screen: the path and the screens above, status and keys below.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "views/screen/canvas.hpp"

namespace ckptscope {

/// What a key does, for the last line.
struct Hint {
  std::string key;
  std::string what;
};

/// A line that somebody types.
struct PromptLine {
  std::string before;    // ":", "/", a question
  std::string text;      // safe to show
  int cursor = 0;        // cells from the start of `text`
  std::string behind{};  // at the right end, where there is room: "match 3 of 12"
  std::vector<std::string> candidates{};
  std::vector<std::string> notes{};  // what each does; empty, or one a candidate
  std::size_t chosen = 0;
};

struct Frame {
  std::string title;
  std::vector<std::string> screens{};  // "1 Keys", …
  std::size_t current = 0;
  std::string summary{};
  std::string status{};
  Role status_role = Role::Plain;
  std::vector<Hint> hints{};  // the most useful first; the last two always stay
  std::optional<PromptLine> prompt{};
};

/// Smaller terminals show one line that says so.
inline constexpr int kLeastRows = 10;
inline constexpr int kLeastColumns = 40;

/// Where the screen itself goes on a terminal of that size: its first row is the rule with its
/// headings, its last one the rule above the status.
Rect frame_body(int rows, int columns);
/// Draws everything else; returns that.
Rect draw_frame(const Frame& frame, Canvas& canvas);
/// Over the screen: candidates of a prompt.
void draw_prompt(const Frame& frame, Canvas& canvas);

/// A screen's two panes: side by side where there is room, else the second one below, or not at
/// all.
struct Panes {
  Rect main;
  std::optional<Rect> right;
  std::optional<Rect> below;
};
/// `right` columns for the second pane, 0 for none at all, `below` rows where it goes below.
Panes split_panes(const Rect& body, int right, int below);
/// Rules and the divider between the panes, with their headings.
void draw_pane_rules(Canvas& canvas, const Rect& body, const Panes& panes,
                     const std::vector<RuleText>& headings, const std::string& second);

/// "label    text"; without a label the text is a line by itself, or goes on `below` the text of
/// the line before.
struct DetailLine {
  std::string label;
  std::string text;
  Role role = Role::Plain;
  bool below = false;
};
/// As many as fit from number `top` on; texts are elided in the middle.
void draw_details(Canvas& canvas, const Rect& area, const std::vector<DetailLine>& lines,
                  std::size_t top = 0);
/// The same in columns beside each other where the area is wide and low.
void draw_details_wide(Canvas& canvas, const Rect& area, const std::vector<DetailLine>& lines,
                       std::size_t top);

}  // namespace ckptscope
