// Widths are those of all rows, which are made twice: a table of half a million takes no memory.
#include "views/document/table_layout.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/display.hpp"
#include "views/document/figures.hpp"
#include "views/document/line_renderer.hpp"
#include "views/look/pictures.hpp"

namespace ckptscope {
namespace {

constexpr int kBarColumns = 12;
constexpr std::size_t kPercentColumns = 7;  // "100.0 %"
constexpr std::size_t kLeastStart = 8;      // cells that are worth a line
constexpr std::size_t kLeastSpark = 16;     // cells of a sparkline that gives room
constexpr std::size_t kLeastText = 20;      // cells of a column that gives room
constexpr std::size_t kIndent = 6;          // of the rest of a record

class Layout {
 public:
  Layout(const Table& table, std::size_t width, const std::function<void(Line)>& take)
      : table_(table), width_(width), take_(take) {
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      if (is_shown(table, table.columns[i])) shown_.push_back({i});
    }
    measure();
    choose_lead();
    if (width_ > 0 && total() > width_) take_start();
    leave_out();
    narrow();
  }

  void print() {
    if (table_.size == 0) return;  // headings of nothing
    if (!start_.empty()) print_wrapped("  ", "all begin with " + start_);
    const bool fits = width_ == 0 || total() <= width_;
    if (fits && table_.headed) print_row(titles());
    for (std::size_t i = 0; i < table_.size; ++i) {
      row_ = i;
      fits ? print_row(cells(i)) : print_record(cells(i));
    }
    row_.reset();
    if (!left_out_.empty()) say_left_out();
  }

 private:
  struct Shown {
    std::size_t column;
    std::size_t cells = 0;  // that the widest value takes
    bool leads = false;
    std::size_t most = std::string::npos;  // of a sparkline: cells that it may take
  };

  const Column& column(const Shown& one) const { return table_.columns[one.column]; }

  void measure() {
    if (table_.headed) {
      for (Shown& one : shown_) one.cells = display_width(column(one).title);
    }
    for (std::size_t i = 0; i < table_.size; ++i) {
      const std::vector<Line> row = cells(i);
      for (std::size_t c = 0; c < row.size(); ++c) {
        shown_[c].cells = std::max(shown_[c].cells, row[c].width());
      }
    }
  }

  /// The column that says what a row is about: the widest text. Past the end without one.
  std::size_t lead() const {
    const auto found =
        std::find_if(shown_.begin(), shown_.end(), [](const Shown& one) { return one.leads; });
    return static_cast<std::size_t>(found - shown_.begin());
  }

  void choose_lead() {
    Shown* best = nullptr;
    for (Shown& one : shown_) {
      if (column(one).format != Format::Text) continue;
      if (best == nullptr || one.cells > best->cells) best = &one;
    }
    if (best != nullptr) best->leads = true;
  }

  /// What all keys begin with, to the last dot, is said once.
  void take_start() {
    const std::size_t c = lead();
    if (c == shown_.size() || table_.size < 2) return;
    std::string common = cells(0)[c].text();
    for (std::size_t i = 1; i < table_.size && !common.empty(); ++i) {
      const std::string text = cells(i)[c].text();
      const auto end = std::mismatch(common.begin(), common.end(), text.begin(), text.end()).first;
      common.erase(end, common.end());
    }
    common.erase(common.rfind('.') + 1);  // all of it without a dot
    if (common.size() < kLeastStart) return;
    start_ = std::move(common);
    for (Shown& one : shown_) one.cells = 0;
    measure();
  }

  void leave_out() {
    while (width_ > 0 && total() > width_) {
      const auto first = std::max_element(
          shown_.begin(), shown_.end(),
          [&](const Shown& a, const Shown& b) { return column(a).leaves < column(b).leaves; });
      if (first == shown_.end() || column(*first).leaves == 0) return;
      if (column(*first).title.find_first_not_of(' ') != std::string::npos) {
        left_out_.push_back(column(*first).title);
      }
      shown_.erase(first);
    }
  }

  /// Sparklines are drawn shorter. Texts go on below in their column: the widest one gives room
  /// first.
  void narrow() {
    if (width_ == 0) return;
    for (Shown& one : shown_) {
      if (column(one).format != Format::Spark || total() <= width_) continue;
      const std::size_t over =
          std::min(total() - width_, one.cells - std::min(one.cells, kLeastSpark));
      one.most = one.cells -= over;
    }
    while (total() > width_) {
      Shown* widest = nullptr;
      for (Shown& one : shown_) {
        if (column(one).format != Format::Text || one.cells <= kLeastText) continue;
        if (widest == nullptr || one.cells > widest->cells) widest = &one;
      }
      if (widest == nullptr) return;
      --widest->cells;
    }
  }

  std::size_t total() const {
    std::size_t cells = 0;
    for (const Shown& one : shown_) cells += 2 + one.cells;
    return cells;
  }

  std::vector<Line> titles() const {
    std::vector<Line> lines;
    for (const Shown& one : shown_) lines.emplace_back(column(one).title, Role::Title);
    return lines;
  }

  std::vector<Line> cells(std::size_t row) const {
    const std::vector<Cell> values = table_.row(row);
    std::vector<Line> lines;
    for (const Shown& one : shown_)
      lines.push_back(cell(values[one.column], column(one).format, one.most));
    if (!start_.empty()) {
      const std::size_t c = lead();
      lines[c] = Line(lines[c].text().substr(start_.size()));
    }
    return lines;
  }

  static Line cell(const Cell& value, Format format, std::size_t most) {
    Line line;
    if (const auto* const values = std::get_if<std::vector<double>>(&value)) {
      return line.add(spark(*values, std::min(values->size(), most)), Role::Bar);
    }
    std::string text = to_text(value, format);
    if (format == Format::Faults && text != "0") return line.add(std::move(text), Role::Defect);
    const auto* const part = std::get_if<double>(&value);
    if (format != Format::Share || part == nullptr) return line.add(std::move(text));
    line.add(std::string(kPercentColumns - std::min(kPercentColumns, text.size()), ' ') + text);
    return line.add("  ").add(share_bar(*part, kBarColumns), Role::Bar);
  }

  /// A cell in its column: below each other where it is too wide.
  std::vector<Line> in_column(const Line& cell, const Shown& one) const {
    if (cell.width() <= one.cells) return {cell};
    std::vector<Line> parts;
    const std::string text = cell.text();
    const Role role = cell.spans.front().role;
    const std::size_t in = std::min(text.find_first_not_of(' '), one.cells / 2);
    std::size_t indent = in;
    for (std::string_view rest = std::string_view(text).substr(in); !rest.empty();) {
      const std::string part = wrapped(rest, static_cast<int>(one.cells - indent)).front();
      parts.emplace_back(std::string(indent, ' ') + part, role);
      rest.remove_prefix(part.size());
      rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
      indent = in + 2;
    }
    return parts;
  }

  void print_row(const std::vector<Line>& row) const {
    std::vector<std::vector<Line>> parts;
    std::size_t height = 1;
    for (std::size_t c = 0; c < row.size(); ++c) {
      parts.push_back(in_column(row[c], shown_[c]));
      height = std::max(height, parts.back().size());
    }
    for (std::size_t i = 0; i < height; ++i) {
      Line line;
      std::size_t at = 0;
      for (std::size_t c = 0; c < row.size(); ++c) {
        const Line empty;
        const Line& part = i < parts[c].size() ? parts[c][i] : empty;
        const bool right = is_right_aligned(column(shown_[c]).format);
        if (!part.spans.empty()) {
          line.pad_to(2 + at + (right ? shown_[c].cells - part.width() : 0)).append(part);
        }
        at += 2 + shown_[c].cells;
      }
      give(std::move(line));
    }
  }

  void give(Line line) const {
    line.row = row_;
    take_(std::move(line));
  }

  void say_left_out() const {
    constexpr std::size_t kNamed = 8;
    std::vector<std::string> names(left_out_.rbegin(), left_out_.rend());
    const std::size_t count = names.size();
    if (count > kNamed) names.resize(kNamed);
    const std::string more = count > kNamed ? fmt::format(" and {} more", count - kNamed) : "";
    const std::string text =
        fmt::format("not shown for want of room: {}{}", fmt::join(names, ", "), more);
    for (const std::string& line : wrapped(text, static_cast<int>(width_) - 2)) {
      take_(Line("  " + line, Role::Faint));
    }
  }

  /// The first text, then the other values with their titles, in as many lines as it takes.
  void print_record(const std::vector<Line>& row) const {
    const std::size_t first = lead();
    if (first < shown_.size()) print_wrapped("  ", row[first].text());
    std::string rest;
    for (std::size_t c = 0; c < row.size(); ++c) {
      if (c == first || row[c].spans.empty()) continue;
      const std::string& title = table_.headed ? column(shown_[c]).title : "";
      std::string one = (title.empty() ? "" : title + " ") + row[c].text();
      one.erase(0, std::min(one.find_first_not_of(' '), one.size()));
      const std::size_t joined = kIndent + display_width(rest) + 3 + display_width(one);
      if (!rest.empty() && joined > width_) {
        print_wrapped(std::string(kIndent, ' '), std::exchange(rest, ""));
      }
      rest += (rest.empty() ? "" : "   ") + one;
    }
    if (!rest.empty()) print_wrapped(std::string(kIndent, ' '), rest);
  }

  void print_wrapped(const std::string& indent, const std::string& text) const {
    std::string before = indent;
    std::string_view rest = text;
    while (!rest.empty()) {
      const auto room = static_cast<int>(width_ - std::min(width_, before.size()));
      const std::string part = wrapped(rest, room).front();
      give(Line(before + part));
      rest.remove_prefix(part.size());
      rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
      before = indent + "  ";
    }
  }

  const Table& table_;
  std::size_t width_;
  const std::function<void(Line)>& take_;
  std::vector<Shown> shown_;
  std::string start_;  // of every lead, which is left out of the rows
  std::vector<std::string> left_out_;
  std::optional<std::size_t> row_;  // that is being printed
};

}  // namespace

bool is_right_aligned(Format format) {
  return format != Format::Text && format != Format::Extents && format != Format::Share &&
         format != Format::Spark;
}

bool is_shown(const Table& table, const Column& column) {
  return !column.title.empty() || !table.headed;
}

void layout_table(const Table& table, std::size_t width, const std::function<void(Line)>& take) {
  Layout(table, width, take).print();
}

}  // namespace ckptscope
