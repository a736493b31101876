// Rows of the folded plan, two sides and an op; the plan behind them is not walked.
#include "views/screen/mapping_view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "core/base/bytes.hpp"
#include "core/base/display.hpp"

namespace ckptscope {
namespace {

constexpr int kOpColumns = 16;
constexpr int kCountColumns = 7;
constexpr int kSelectedRows = 3;
constexpr int kAccountRows = 4;

/// Up to and with the first segment that is a number or a set of them: "model.layers.[0-35].".
std::string_view stem_of(std::string_view pattern) {
  std::size_t begin = 0;
  while (begin < pattern.size()) {
    const char first = pattern[begin];
    const std::size_t inside = first == '[' ? pattern.find(']', begin) : begin;  // "[0,2,..,50]"
    const std::size_t end = std::min(pattern.find('.', inside), pattern.size());
    if (first == '[' || (first >= '0' && first <= '9')) {
      return pattern.substr(0, std::min(end + 1, pattern.size()));
    }
    begin = end + 1;
  }
  return {};
}

/// Where the panes are.
struct Areas {
  explicit Areas(const Rect& body) {
    const bool both = body.columns >= 72;
    int rows = body.rows - 2;
    if (rows >= 14) {
      account = Rect{body.row + body.rows - 1 - kAccountRows, 0, kAccountRows, body.columns};
      rows -= kAccountRows + 1;
    }
    if (rows >= 8) {
      const int bottom = account ? account->row - 1 : body.row + body.rows - 1;
      selected = Rect{bottom - kSelectedRows, 0, kSelectedRows, body.columns};
      rows -= kSelectedRows + 1;
    }
    list = {body.row + 1, 0, rows, body.columns};
    const int half = (body.columns - kOpColumns - 2) / 2;
    const bool has_op = body.columns >= 60;  // else the status line says it
    op = both ? half + 1 : has_op ? body.columns - kOpColumns : body.columns + 2;
    target = both ? op + kOpColumns + 1 : 0;
  }
  Rect list;
  int op;      // column behind the divider
  int target;  // column behind the divider; 0: one side is shown at a time
  std::optional<Rect> selected;
  std::optional<Rect> account;
};

class Drawing {
 public:
  Drawing(const MappingView& view, Canvas& canvas, const Rect& body)
      : view_(view), model_(view.model), canvas_(canvas), body_(body), areas_(body) {}

  void run() {
    draw_rules();
    const std::size_t cursor_row = row_at(view_.cursor.cursor);
    for (int i = 0; i < areas_.list.rows; ++i) {
      const std::size_t line = view_.cursor.top + static_cast<std::size_t>(i);
      if (line >= model_.lines.size()) break;
      draw_line(areas_.list.row + i, line, cursor_row);
      canvas_.add_zone({Zone::Kind::Row, {areas_.list.row + i, 0, 1, body_.columns}, line});
    }
    draw_selected(cursor_row);
    if (areas_.account) draw_details(canvas_, *areas_.account, model_.account);
  }

 private:
  /// Where keys begin on a side that begins at `column`.
  static int text_at(int column) { return column + kCountColumns + 1; }

  static constexpr std::size_t kNoRow = ~std::size_t{0};

  std::size_t row_at(std::size_t line) const {
    if (line >= model_.lines.size()) return kNoRow;
    return model_.lines[line].row.value_or(kNoRow);
  }

  void draw_rules() {
    const PlanOptions& options = model_.plan->options;
    const std::string source = fmt::format("source: {}", name_of(options.from));
    const std::string target = fmt::format("target: {}", name_of(options.to));
    std::vector<int> junctions{areas_.op - 1};
    std::vector<RuleText> headings{{2, "keys"}, {areas_.op + 1, "op"}};
    if (areas_.target > 0) {
      headings.push_back({text_at(0), source});
      headings.push_back({areas_.target + 2, "keys"});
      headings.push_back({text_at(areas_.target), target});
      junctions.push_back(areas_.target - 1);
    } else {
      headings.push_back({text_at(0), view_.target_side ? target : source});
    }
    draw_rule(canvas_, {body_.row, 0, 1, body_.columns}, headings, junctions);
    for (const int column : junctions) {
      draw_divider(canvas_, {areas_.list.row, column, areas_.list.rows, 1});
    }
    const int below = areas_.list.row + areas_.list.rows;
    const std::vector<RuleText> selected{{2, "selected"}};
    const std::vector<RuleText> account{{2, "account"}};
    draw_rule(canvas_, {below, 0, 1, body_.columns},
              areas_.selected ? selected : std::vector<RuleText>{}, junctions, "┴");
    if (areas_.account) draw_rule(canvas_, {areas_.account->row - 1, 0, 1, body_.columns}, account);
    draw_rule(canvas_, {body_.row + body_.rows - 1, 0, 1, body_.columns}, {},
              areas_.selected || areas_.account ? std::vector<int>{} : junctions, "┴");
  }

  void draw_line(int row, std::size_t number, std::size_t cursor_row) {
    const MapLine& line = model_.lines[number];
    const bool both = areas_.target > 0;
    if (!line.row) return draw_heading(row, line);
    const MapRow& map = model_.rows[*line.row];
    const bool partner = *line.row == cursor_row;
    const bool source_here = both || !view_.target_side;
    const bool target_here = both || view_.target_side;
    const bool first = line.part == 0;
    if (source_here && !map.parts.empty()) {
      draw_side(row, 0, areas_.op - 4, map.parts[line.part].tensors, line.source, partner);
      canvas_.put(row, areas_.op - 3, bracket(map, line.part), Role::Faint);
    }
    const bool left = !map.output;
    if (first) {
      const bool orphan = map.op == "orphan";
      if (orphan) canvas_.put(row, 1, "!", Role::Defect);
      canvas_.put(row, areas_.op + 1, fitted(map.op, kOpColumns - 2),
                  orphan                     ? Role::Defect
                  : left || map.sources == 0 ? Role::Notice
                                             : Role::Plain);
    }
    if (target_here && first && !left) {
      draw_side(row, areas_.target, both ? body_.columns : areas_.op - 2, map.targets, line.target,
                partner);
    } else if (target_here && first) {
      const int column = text_at(areas_.target);
      canvas_.put(row, column, fitted(line.target, body_.columns - column), Role::Faint);
    }
    if (number != view_.cursor.cursor) return;
    const int begin = both && view_.target_side ? areas_.target : 0;
    const int end = both && view_.target_side ? body_.columns : areas_.op - 1;
    canvas_.paint({row, begin, 1, end - begin}, Role::Selected);
  }

  void draw_heading(int row, const MapLine& line) {
    const bool both = areas_.target > 0;
    const auto draw = [&](int column, int end, const std::string& text) {
      canvas_.put(row, text_at(column), fitted(text, end - text_at(column)), Role::Directory);
    };
    if (both || !view_.target_side) draw(0, areas_.op - 1, line.source);
    if (both) draw(areas_.target, body_.columns, line.target);
    if (!both && view_.target_side) draw(0, areas_.op - 1, line.target);
  }

  void draw_side(int row, int column, int end, std::uint64_t count, const std::string& text,
                 bool partner) {
    const Role role = partner ? Role::Partner : Role::Plain;
    if (partner) canvas_.put(row, column, ">", Role::Title);
    canvas_.put_right(row, column + kCountColumns, format_count(count),
                      partner ? role : Role::Faint);
    canvas_.put(row, text_at(column), fitted(text, end - text_at(column)), role);
  }

  static const char* bracket(const MapRow& map, std::size_t part) {
    if (map.parts.size() < 2) return " ";
    return part == 0 ? "┐" : part + 1 == map.parts.size() ? "┘" : "┤";
  }

  void draw_selected(std::size_t row) {
    if (!areas_.selected || row == kNoRow) return;
    const MapRow& map = model_.rows[row];
    std::vector<DetailLine> lines;
    if (map.output) {
      const Output& output = model_.plan->outputs[*map.output];
      lines.push_back(
          {"target",
           fmt::format("{} {} {}", display(map.target == "same" ? map.source : map.target),
                       name_of(output.dtype()), to_string(output.shape()))});
      const int columns = body_.columns - 12;
      for (const std::string& part : wrapped(model_.plan->expression(output), columns)) {
        lines.push_back({lines.size() == 1 ? "value" : "", part, Role::Plain, true});
      }
    } else {
      lines.push_back({"source", display(map.source)});
      lines.push_back({"why", display(map.target), Role::Notice});
    }
    draw_details(canvas_, *areas_.selected, lines);
  }

  const MappingView& view_;
  const MapModel& model_;
  Canvas& canvas_;
  const Rect& body_;
  const Areas areas_;
};

}  // namespace

std::vector<MapLine> lines_of(const std::vector<MapRow>& rows) {
  std::vector<MapLine> lines;
  std::string source_stem;
  std::string target_stem;
  const auto cut = [](const std::string& text, const std::string& stem) {
    return display(text.starts_with(stem) ? text.substr(stem.size()) : text);
  };
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const MapRow& row = rows[i];
    const std::string& target = row.target == "same" ? row.source : row.target;
    const std::string from(row.parts.empty() ? "" : stem_of(row.parts.front().keys));
    const std::string to(row.output ? stem_of(target) : "");
    const bool fits =
        (row.parts.empty() || from == source_stem) && (!row.output || to == target_stem);
    if (!fits) {
      if (!row.parts.empty()) source_stem = from;
      if (row.output) target_stem = to;
      if (!source_stem.empty() || !target_stem.empty()) {
        lines.push_back({std::nullopt, 0, display(source_stem), display(target_stem)});
      }
    }
    const std::string shown_target = row.output ? cut(target, target_stem) : display(target);
    if (row.parts.empty()) lines.push_back({i, 0, "", shown_target});
    for (std::size_t part = 0; part < row.parts.size(); ++part) {
      lines.push_back(
          {i, part, cut(row.parts[part].keys, source_stem), part == 0 ? shown_target : ""});
    }
  }
  return lines;
}

std::vector<DetailLine> op_lines(const std::vector<MapRow>& rows) {
  std::vector<std::string> ops;
  std::map<std::string, std::pair<std::uint64_t, std::uint64_t>> sums;
  for (const MapRow& row : rows) {
    if (!sums.contains(row.op)) ops.push_back(row.op);
    sums[row.op].first += row.sources;
    sums[row.op].second += row.targets;
  }
  std::vector<DetailLine> lines;
  for (const std::string& op : ops) {
    lines.push_back({"", fmt::format("{:>7} -> {:<7} {}", format_count(sums[op].first),
                                     format_count(sums[op].second), op)});
  }
  return lines;
}

std::size_t next_row_line(const MapModel& model, std::size_t line, int direction) {
  std::size_t at = line;
  while (at < model.lines.size() && !model.lines[at].row) {
    if (direction < 0 && at == 0) return next_row_line(model, line, 1);
    at += direction < 0 ? std::size_t(-1) : 1;
  }
  return at < model.lines.size() ? at : line;
}

std::size_t mapping_page(const Rect& body) {
  return static_cast<std::size_t>(std::max(1, Areas(body).list.rows));
}

void draw_mapping(const MappingView& view, Canvas& canvas, const Rect& body) {
  Drawing(view, canvas, body).run();
}

}  // namespace ckptscope
