// Three panes: numbers, a histogram, one digit an expert.
#include "views/screen/stats_view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/base/bytes.hpp"
#include "core/figures/figure.hpp"
#include "views/document/figures.hpp"

namespace ckptscope {
namespace {

constexpr int kNumbersColumns = 42;
constexpr std::size_t kValueColumns = 26;  // of a number behind its label

// ---- numbers ------------------------------------------------------------------------------------

/// Lines of a heading and labelled figures.
class NumberLines {
 public:
  void heading(std::string title, std::string text = "") {
    lines.push_back({std::move(title), std::move(text)});
  }
  void add(std::string_view label, std::string_view text, Role role = Role::Plain) {
    lines.push_back({"", fmt::format("   {:<11} {}", label, text), role});
  }
  std::vector<DetailLine> lines;
};

void add_moments(NumberLines& to, const Moments& m) {
  to.heading("values");
  to.add("count", format_count(m.count));
  if (m.finite() > 0) {
    to.add("min, max", fmt::format("{}, {}", real(m.least), real(m.most)));
    to.add("mean", real(m.mean()));
    to.add("std", real(m.deviation()));
    to.add("abs max", real(m.largest()));
  }
  const std::string negative =
      m.negative_zeros == 0 ? ""
                            : fmt::format("  ({} % are -0)", percent(m.negative_zeros, m.count));
  to.add("zero", fmt::format("{} %{}", percent(m.zeros, m.count), negative));
  to.add("NaN, Inf", fmt::format("{}, {}", format_count(m.nans), format_count(m.infinities)),
         m.nans + m.infinities > 0 ? Role::Defect : Role::Plain);
}

void add_quantiles(NumberLines& to, const TensorStats& stats) {
  const auto& q = stats.quantiles;
  to.heading("quantiles");
  to.add("0.1, 99.9 %", fmt::format("{}, {}", real(q[0]), real(q[8])));
  to.add("1, 99 %", fmt::format("{}, {}", real(q[1]), real(q[7])));
  const std::string middle = fmt::format("{}, {}, {}", real(q[3]), real(q[4]), real(q[5]));
  if (middle.size() <= kValueColumns) return to.add("25, 50, 75", middle);
  to.add("25, 75 %", fmt::format("{}, {}", real(q[3]), real(q[5])));
  to.add("50 %", real(q[4]));
}

void add_scales(NumberLines& to, const ScaleStats& scales, bool powers) {
  to.heading("scales", format_count(scales.count) + (powers ? " blocks of 32" : ""));
  if (scales.count > 0 && std::isfinite(scales.least)) {
    to.add("min, max",
           powers ? fmt::format("2^{}, 2^{}", std::ilogb(scales.least), std::ilogb(scales.most))
                  : fmt::format("{}, {}", real(scales.least), real(scales.most)));
  }
  if (!powers) return;
  to.add("zero, 255",
         fmt::format("{}, {}", format_count(scales.zeros), format_count(scales.all_ones)));
}

void add_codes(NumberLines& to, const CodeStats& codes, std::uint64_t count, bool done) {
  const bool fp4 = codes.possible == 16;
  to.heading("codes", done ? fmt::format("{} of {} used", codes.used, codes.possible) : "");
  to.add(fp4 ? "+-6" : "largest",
         fmt::format("{:>6} %   saturated", percent(codes.saturated, count)));
  to.add(fp4 ? "+-0.5" : "least",
         fmt::format("{:>6} %   subnormal", percent(codes.subnormal, count)));
}

std::vector<DetailLine> number_lines(const StatsModel& model) {
  const TensorStats& stats = model.stats;
  NumberLines to;
  add_moments(to, stats.moments);
  if (model.done && stats.moments.finite() > 0) add_quantiles(to, stats);
  if (stats.scales) add_scales(to, *stats.scales, model.storage == "MXFP4");
  if (stats.codes) add_codes(to, *stats.codes, stats.moments.count, model.done);
  return std::move(to.lines);
}

// ---- histogram ----------------------------------------------------------------------------------

/// The smallest magnitudes share the last row where there are more than fit.
void shorten(std::vector<MagnitudeBin>& bins, std::size_t rows) {
  if (bins.size() <= rows || rows == 0) return;
  MagnitudeBin rest{"less"};
  for (std::size_t i = rows - 1; i < bins.size(); ++i) {
    rest.negative += bins[i].negative;
    rest.positive += bins[i].positive;
  }
  bins.resize(rows - 1);
  bins.push_back(rest);
}

bool has_code_bins(const StatsModel& model) {
  return model.stats.codes && model.stats.codes->format != CodeFormat::Other;
}

/// The column where the labels stand.
int middle_of(const Rect& area) {
  return area.column + area.columns / 2 - 4;
}

/// What stands over the bins.
struct BinTexts {
  std::string_view title;
  std::string_view label;
};

/// Returns the row below the last bin.
int draw_signed(Canvas& canvas, const Rect& area, std::vector<MagnitudeBin> bins,
                std::uint64_t count, const BinTexts& texts) {
  shorten(bins, static_cast<std::size_t>(std::max(1, area.rows - 3)));
  std::uint64_t most = 1;
  for (const MagnitudeBin& bin : bins) most = std::max({most, bin.negative, bin.positive});
  const int middle = middle_of(area);
  const int side = std::min(middle - area.column - 9,  // cells of a bar
                            area.column + area.columns - middle - 18);
  canvas.put(area.row, area.column + 1, texts.title, Role::Faint);
  canvas.put_right(area.row + 1, middle - 2, "negative", Role::Faint);
  canvas.put(area.row + 1, middle + 2, texts.label, Role::Faint);
  canvas.put(area.row + 1, middle + 10, "positive", Role::Faint);
  int row = area.row + 2;
  for (const MagnitudeBin& bin : bins) {
    if (row >= area.row + area.rows - 1) break;
    canvas.put_right(row, area.column + 7, percent(bin.negative, count));
    canvas.put_right(row, middle - 1, bar(bin.negative, most, side), Role::Bar);
    canvas.put(row, middle, "│", Role::Faint);
    canvas.put(row, middle + 2, bin.label);
    canvas.put(row, middle + 8, "│", Role::Faint);
    canvas.put(row, middle + 10, bar(bin.positive, most, side), Role::Bar);
    canvas.put_right(row, area.column + area.columns, percent(bin.positive, count));
    ++row;
  }
  return row;
}

void draw_powers(Canvas& canvas, const Rect& area, const TensorStats& stats) {
  const std::uint64_t count = stats.moments.count;
  const int row = draw_signed(canvas, area, magnitude_bins(stats), count,
                              {"share of values by magnitude, in %", "|x|"});
  const int middle = middle_of(area);
  canvas.put(row, middle + 2, "zero", Role::Faint);
  canvas.put(row, middle + 10, percent(stats.moments.zeros, count));
}

void draw_codes(Canvas& canvas, const Rect& area, const TensorStats& stats) {
  draw_signed(canvas, area, code_bins(*stats.codes), stats.moments.count,
              {"share of codes before their scales, in %", "code"});
}

/// Equal steps over the range: codes of a quantised tensor stand out as spikes and holes.
void draw_linear(Canvas& canvas, const Rect& area, const TensorStats& stats) {
  const Moments& m = stats.moments;
  canvas.put(area.row, area.column + 1, "share of values in equal steps, in %", Role::Faint);
  if (m.finite() == 0) return;
  const int rows = std::max(1, area.rows - 1);
  const auto bins = stats.distribution.linear(m.least, m.most, static_cast<std::size_t>(rows));
  const std::uint64_t most =
      std::max<std::uint64_t>(1, *std::max_element(bins.begin(), bins.end()));
  for (int i = 0; i < rows; ++i) {
    const std::uint64_t count = bins[static_cast<std::size_t>(i)];
    const int row = area.row + 1 + i;
    canvas.put_right(row, area.column + 11,
                     real(std::lerp(m.least, m.most, static_cast<double>(i) / rows)));
    canvas.put(row, area.column + 12, "│", Role::Faint);
    canvas.put(row, area.column + 14, bar(count, most, area.columns - 23), Role::Bar);
    canvas.put_right(row, area.column + area.columns, percent(count, m.count));
  }
}

void draw_histogram(const StatsView& view, Canvas& canvas, const Rect& area) {
  switch (view.bins) {
    case Bins::Steps:
      return draw_linear(canvas, area, view.model.stats);
    case Bins::Codes:
      if (has_code_bins(view.model)) return draw_codes(canvas, area, view.model.stats);
      break;
    case Bins::Powers:
      break;
  }
  draw_powers(canvas, area, view.model.stats);
}

// ---- experts ------------------------------------------------------------------------------------

double saturated_share(const ExpertStats& expert) {
  return 100 * share(expert.saturated, expert.moments.count);
}

double largest_of(const ExpertStats& expert) {
  return expert.moments.largest();
}

/// The character of one expert: '5' is the median, '.' is not read yet.
char digit_of(const ExpertStats& expert, double value, double median, double step) {
  if (expert.moments.count == 0) return '.';
  if (!(value > 0)) return '0';
  const double digit = std::round(5 + std::log(value / median) / step);
  return static_cast<char>('0' + static_cast<int>(std::clamp(digit, 0.0, 9.0)));
}

/// On a scale of factors, chosen so that the farthest expert is a 0 or a 9.
ExpertDigits digits_of(const std::string& name, const std::vector<ExpertStats>& experts,
                       double (*figure)(const ExpertStats&), const char* unit) {
  std::vector<double> usual;
  for (const ExpertStats& expert : experts) {
    if (const double value = figure(expert); value > 0) usual.push_back(value);
  }
  const double middle = median(usual);
  double farthest = 0;
  for (const double value : usual)
    farthest = std::max(farthest, std::fabs(std::log(value / middle)));
  const double step = std::max(farthest / 4.5, std::log(1.01));
  ExpertDigits result{name, "", ""};
  for (const ExpertStats& expert : experts) {
    result.digits += digit_of(expert, figure(expert), middle, step);
  }
  result.remark = fmt::format("median {:.3g}{}   step x{:.2f}", usual.empty() ? 0 : middle, unit,
                              std::exp(step));
  return result;
}

/// Digits in groups of eight, those that fit.
void draw_digits(Canvas& canvas, int row, const ExpertDigits& line, const StatsView& view,
                 std::size_t first, std::size_t count) {
  canvas.put(row, 1, line.name, Role::Faint, 10);
  int column = 12;
  for (std::size_t i = first; i < std::min(first + count, line.digits.size()); ++i) {
    if (i > first && i % 8 == 0) ++column;
    const bool selected = i == view.expert;
    const char digit = line.digits[i];
    const bool extreme = digit == '0' || digit == '9';
    column = canvas.put(row, column, std::string(1, digit),
                        selected  ? Role::Selected
                        : extreme ? Role::Notice
                                  : Role::Plain);
  }
  canvas.put(row, column + 3, line.remark, Role::Faint);
}

void draw_experts(const StatsView& view, Canvas& canvas, const Rect& area) {
  const StatsModel& model = view.model;
  const std::size_t room = static_cast<std::size_t>(std::max(8, (area.columns - 46) / 9 * 8));
  const std::size_t first = view.expert / room * room;
  const std::size_t experts = model.stats.experts.size();
  int column = 12;
  for (std::size_t i = first; i < std::min(first + room, experts); ++i) {
    if (i > first && i % 8 == 0) ++column;
    if (i % 8 == 0) canvas.put(area.row, column, std::to_string(i), Role::Faint);
    ++column;
  }
  canvas.put(area.row, column + 3, "5 = the median, +1 = one step up", Role::Faint);
  int row = area.row + 1;
  for (const ExpertDigits& line : model.digits) {
    if (row < area.row + area.rows) draw_digits(canvas, row++, line, view, first, room);
  }
  if (row >= area.row + area.rows) return;
  canvas.put(row, 1, "odd", Role::Faint);
  canvas.put(row, 12, model.odd_text, model.odd.empty() ? Role::Faint : Role::Notice);
}

}  // namespace

void describe_experts(StatsModel& model) {
  const auto& experts = model.stats.experts;
  if (experts.empty()) return;
  model.digits = {digits_of("std", experts, deviation_of, ""),
                  digits_of("abs max", experts, largest_of, "")};
  if (model.stats.codes) {
    model.digits.push_back(digits_of("saturated", experts, saturated_share, " %"));
  }
  const std::vector<double> scores = expert_scores(experts);
  model.odd = odd_places(scores);
  model.odd_text = model.odd.empty() ? "none stands out" : "";
  for (const std::size_t expert : model.odd) {
    model.odd_text += fmt::format(
        "{}{}: {}", model.odd_text.empty() ? "" : "    ", expert,
        std::isinf(scores[expert]) ? "all zeros" : fmt::format("{:+.1f} spreads", scores[expert]));
  }
}

std::string expert_text(const StatsModel& model, std::size_t expert) {
  if (expert >= model.stats.experts.size()) return "";
  const ExpertStats& one = model.stats.experts[expert];
  std::string text = fmt::format("expert {} of {}: ", expert, model.stats.experts.size());
  if (one.moments.count == 0) return text + "not read yet";
  if (one.moments.finite() == 0) return text + "no finite value";
  text += fmt::format("mean {}, std {}, abs max {}, zero {} %", real(one.moments.mean()),
                      real(one.moments.deviation()), real(one.moments.largest()),
                      percent(one.moments.zeros, one.moments.count));
  if (model.stats.codes) {
    text += fmt::format(", saturated {} %", percent(one.saturated, one.moments.count));
  }
  return text;
}

Bins next_bins(Bins bins, const StatsModel& model) {
  if (bins == Bins::Powers) return Bins::Steps;
  return bins == Bins::Steps && has_code_bins(model) ? Bins::Codes : Bins::Powers;
}

void draw_stats(const StatsView& view, Canvas& canvas, const Rect& body) {
  const StatsModel& model = view.model;
  const bool wide = body.columns >= 80;
  const int expert_rows =
      model.digits.empty() || body.rows < 18 ? 0 : static_cast<int>(model.digits.size()) + 2;
  const int rows = body.rows - 2 - (expert_rows > 0 ? expert_rows + 1 : 0);
  const int left = wide ? kNumbersColumns : body.columns;
  const std::vector<int> junction{kNumbersColumns};
  const std::vector<int> at = wide ? junction : std::vector<int>{};
  std::vector<RuleText> headings{{2, "numbers"}};
  if (wide) headings.push_back({kNumbersColumns + 3, "histogram"});
  draw_rule(canvas, {body.row, 0, 1, body.columns}, headings, at);
  draw_rule(canvas, {body.row + body.rows - 1, 0, 1, body.columns}, {},
            expert_rows > 0 ? std::vector<int>{} : at, "┴");
  const Rect numbers{body.row + 1, 0, rows, left};
  draw_details(canvas, numbers, number_lines(model));
  if (wide) {
    draw_divider(canvas, {body.row + 1, kNumbersColumns, rows, 1});
    const Rect area{body.row + 1, kNumbersColumns + 1, rows, body.columns - kNumbersColumns - 2};
    draw_histogram(view, canvas, area);
  }
  if (expert_rows == 0) return;
  const int top = body.row + 1 + rows;
  const std::vector<RuleText> experts{{2, "experts"}};
  draw_rule(canvas, {top, 0, 1, body.columns}, experts, at, "┴");
  draw_experts(view, canvas, {top + 1, 0, expert_rows, body.columns});
}

}  // namespace ckptscope
