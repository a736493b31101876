// The same figures as on the screen, as fields and tables.
#include "app/reports/stat_report.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "app/reports/problem_lines.hpp"
#include "core/base/bytes.hpp"
#include "core/base/display.hpp"
#include "core/figures/figure.hpp"
#include "views/document/figures.hpp"

namespace ckptscope {
namespace {

constexpr std::uint64_t kAskAbove = 2'000'000'000;
constexpr std::size_t kMostOdd = 8;  // experts that people see
constexpr int kBarWidth = 24;

/// "_blocks U8 + _scales U8": what a decoded tensor is made of.
std::string parts_text(const Checkpoint& checkpoint, const StatsItem& item) {
  std::vector<std::string> parts;
  for_each_input(*item.value, [&](std::uint32_t id) {
    const TensorInfo& info = checkpoint.tensors()[id];
    const std::string name = info.name.starts_with(item.key)
                                 ? std::string(info.name.substr(item.key.size()))
                                 : std::string(info.name);
    parts.push_back(
        fmt::format("{}{}{}", display(name), name.empty() ? "" : " ", name_of(info.dtype)));
  });
  return parts.size() < 2 ? "" : fmt::format(" = {}", fmt::join(parts, " + "));
}

/// "2^-9 1.7 %   2^-8 59.0 %   other 0.1 %" of counts by label, in wrapped lines.
std::vector<std::string> share_lines(
    const std::vector<std::pair<std::string, std::uint64_t>>& counts, std::uint64_t total) {
  std::vector<std::string> texts;
  std::uint64_t other = 0;
  for (const auto& [label, count] : counts) {
    if (share(count, total) < 0.0005) {
      other += count;
    } else {
      texts.push_back(fmt::format("{:<6} {:>4} %", label, percent(count, total, 1)));
    }
  }
  if (other > 0) texts.push_back(fmt::format("{:<6} {:>4} %", "other", percent(other, total)));
  std::vector<std::string> lines;
  constexpr std::size_t kOnALine = 4;
  for (std::size_t i = 0; i < texts.size(); i += kOnALine) {
    const auto end =
        texts.begin() + static_cast<std::ptrdiff_t>(std::min(i + kOnALine, texts.size()));
    lines.push_back(
        fmt::format("{}", fmt::join(texts.begin() + static_cast<std::ptrdiff_t>(i), end, "   ")));
  }
  return lines;
}

void add_lines(Fields& fields, const std::string& label, const std::vector<std::string>& lines) {
  for (std::size_t i = 0; i < lines.size(); ++i) {
    fields.list.push_back({"", i == 0 ? label : " ", lines[i]});
  }
}

void add_values(Fields& fields, const TensorStats& stats) {
  const Moments& m = stats.moments;
  const auto& q = stats.quantiles;
  const std::string zeros =
      m.negative_zeros == 0 ? "" : fmt::format("   of them -0: {}", format_count(m.negative_zeros));
  fields.list.push_back({"", "count", format_count(m.count)});
  fields.list.push_back(
      {"", "zero",
       fmt::format("{}   {} %{}", format_count(m.zeros), percent(m.zeros, m.count), zeros)});
  fields.list.push_back(
      {"", "NaN, Inf", fmt::format("{}, {}", format_count(m.nans), format_count(m.infinities))});
  if (m.finite() == 0) return;
  fields.list.push_back(
      {"", "min, max",
       fmt::format("{}, {}   abs max {}", real(m.least), real(m.most), real(m.largest()))});
  fields.list.push_back(
      {"", "mean", fmt::format("{}   std {}", real(m.mean()), real(m.deviation()))});
  fields.list.push_back({"", "quantiles",
                         fmt::format("0.1% {}   1% {}   5% {}   25% {}   50% {}", real(q[0]),
                                     real(q[1]), real(q[2]), real(q[3]), real(q[4]))});
  fields.list.push_back({"", " ",
                         fmt::format("75% {}   95% {}   99% {}   99.9% {}", real(q[5]), real(q[6]),
                                     real(q[7]), real(q[8]))});
}

void add_scales(Fields& fields, const TensorStats& stats, std::string_view form) {
  const ScaleStats& scales = *stats.scales;
  const bool powers = form == "mxfp4" && scales.least > 0;
  const std::string range =
      powers ? fmt::format("2^{} to 2^{}", std::ilogb(scales.least), std::ilogb(scales.most))
             : fmt::format("{} to {}", real(scales.least), real(scales.most));
  const std::string special = powers
                                  ? fmt::format("   zero {}   255 {}", format_count(scales.zeros),
                                                format_count(scales.all_ones))
                                  : "";
  fields.list.push_back(
      {"", "scales", fmt::format("{}   {}{}", format_count(scales.count), range, special)});
  if (scales.count < 2) return;
  std::vector<std::pair<std::string, std::uint64_t>> counts;
  for (std::size_t i = 0; i < scales.powers.size(); ++i) {
    if (scales.powers[i] == 0) continue;
    counts.emplace_back(fmt::format("2^{}", static_cast<int>(i) - 256), scales.powers[i]);
  }
  add_lines(fields, " ", share_lines(counts, scales.count));
}

void add_codes(Fields& fields, const TensorStats& stats) {
  const CodeStats& codes = *stats.codes;
  const bool fp4 = codes.format == CodeFormat::E2M1;
  fields.list.push_back(
      {"", "codes",
       fmt::format("{} of {}   saturated ({}) {} %   subnormal{} {} %", codes.used, codes.possible,
                   fp4                                ? "+-6"
                   : codes.format == CodeFormat::Int4 ? "-8 and 7"
                                                      : "largest",
                   percent(codes.saturated, stats.moments.count), fp4 ? " (+-0.5)" : "",
                   percent(codes.subnormal, stats.moments.count))});
}

void add_magnitudes(Fields& fields, const TensorStats& stats) {
  std::vector<std::pair<std::string, std::uint64_t>> counts;
  for (const MagnitudeBin& bin : magnitude_bins(stats)) {
    counts.emplace_back(bin.label, bin.negative + bin.positive);
  }
  std::reverse(counts.begin(), counts.end());
  add_lines(fields, "|x|", share_lines(counts, stats.moments.count));
}

Fields machine_fields(const Checkpoint& checkpoint, const StatsItem& item,
                      const TensorStats& stats) {
  const Moments& m = stats.moments;
  const bool any = m.finite() > 0;
  Fields fields{{
      {"key", "", item.key},
      {"format", "", format_name(item)},
      {"shape", "", stored_shape(*item.value)},
      {"bytes", "", stored_bytes(checkpoint, *item.value)},
      {"count", "", m.count},
      {"zeros", "", m.zeros},
      {"negative_zeros", "", m.negative_zeros},
      {"nan", "", m.nans},
      {"inf", "", m.infinities},
      {"min", "", any ? Cell(m.least) : Cell()},
      {"max", "", any ? Cell(m.most) : Cell()},
      {"abs_max", "", any ? Cell(m.largest()) : Cell()},
      {"mean", "", m.mean()},
      {"std", "", m.deviation()},
  }};
  for (std::size_t i = 0; i < TensorStats::kQuantiles.size(); ++i) {
    fields.list.push_back(
        {fmt::format("quantiles.{}", TensorStats::kQuantileNames[i]), "", stats.quantiles[i]});
  }
  if (stats.scales) {
    fields.list.push_back({"scales.count", "", stats.scales->count});
    fields.list.push_back({"scales.min", "", stats.scales->least});
    fields.list.push_back({"scales.max", "", stats.scales->most});
    fields.list.push_back({"scales.zero", "", stats.scales->zeros});
    fields.list.push_back({"scales.all_ones", "", stats.scales->all_ones});
  }
  if (stats.codes) {
    fields.list.push_back({"codes.used", "", stats.codes->used});
    fields.list.push_back({"codes.possible", "", stats.codes->possible});
    fields.list.push_back({"codes.saturated", "", stats.codes->saturated});
    fields.list.push_back({"codes.subnormal", "", stats.codes->subnormal});
  }
  return fields;
}

// ---- histograms ---------------------------------------------------------------------------------

std::string share_text(std::uint64_t part, std::uint64_t whole) {
  return fmt::format("{:>6} %", percent(part, whole));
}

/// A bar that ends at the label on its right.
std::string left_bar(std::uint64_t count, std::uint64_t most) {
  const std::string text = bar(count, most, kBarWidth);
  const std::size_t cells = text.size() / std::string_view("━").size();
  return std::string(static_cast<std::size_t>(kBarWidth) - cells, ' ') + text;
}

/// Bars to the left and to the right of the labels, in shares of `total`.
Table bins_table(std::string id, std::string label, std::vector<MagnitudeBin> bins,
                 std::uint64_t total, Audience audience) {
  std::uint64_t most = 1;
  for (const MagnitudeBin& bin : bins) most = std::max({most, bin.negative, bin.positive});
  const auto rows = std::make_shared<const std::vector<MagnitudeBin>>(std::move(bins));
  if (audience == Audience::Machines) {
    return {std::move(id),
            {{"bin", ""}, {"negative", ""}, {"positive", ""}},
            rows->size(),
            [rows](std::size_t i) -> std::vector<Cell> {
              return {(*rows)[i].label, (*rows)[i].negative, (*rows)[i].positive};
            },
            audience};
  }
  return {"",
          {{"", "negative", Format::Count},
           {"", " ", Format::Text, 1},
           {"", std::move(label)},
           {"", " ", Format::Text, 1},
           {"", "positive"}},
          rows->size(),
          [rows, most, total](std::size_t i) -> std::vector<Cell> {
            const MagnitudeBin& bin = (*rows)[i];
            return {share_text(bin.negative, total), left_bar(bin.negative, most),
                    fmt::format("{:<5}", bin.label), bar(bin.positive, most, kBarWidth),
                    share_text(bin.positive, total)};
          },
          audience};
}

/// By power of two; zeros last.
Table histogram_table(const TensorStats& stats, Audience audience) {
  auto bins = magnitude_bins(stats);
  const std::uint64_t negative_zeros = stats.moments.negative_zeros;
  if (const std::uint64_t zeros = stats.moments.zeros; zeros > 0) {
    bins.push_back({"zero", negative_zeros, zeros - negative_zeros});
  }
  return bins_table("histogram", "|x|", std::move(bins), stats.moments.count, audience);
}

/// Of the codes themselves, before their scales; without rows where there are none.
Table codes_table(const TensorStats& stats, Audience audience) {
  auto bins = stats.codes ? code_bins(*stats.codes) : std::vector<MagnitudeBin>();
  return bins_table("code_histogram", "code", std::move(bins), stats.moments.count, audience);
}

Table linear_table(const TensorStats& stats) {
  const double from = stats.moments.least;
  const double to = stats.moments.most;
  const auto counts = std::make_shared<const std::vector<std::uint64_t>>(
      stats.distribution.linear(from, to, TensorStats::kLinearBins));
  const std::uint64_t most = *std::max_element(counts->begin(), counts->end());
  return {"linear",
          {{"from", "from", Format::Real},
           {"count", "values", Format::Count},
           {"", "share"},
           {"", " "}},
          counts->size(),
          [counts, most, from, to](std::size_t i) -> std::vector<Cell> {
            std::uint64_t total = 0;
            for (const std::uint64_t count : *counts) total += count;
            const double place = static_cast<double>(i) / static_cast<double>(counts->size());
            return {std::lerp(from, to, place), (*counts)[i], share_text((*counts)[i], total),
                    bar((*counts)[i], most, kBarWidth)};
          }};
}

// ---- experts ------------------------------------------------------------------------------------

/// The median over the experts that are not dead; NaN where all are.
double usual_deviation(const std::vector<ExpertStats>& experts) {
  std::vector<double> deviations;
  for (const ExpertStats& one : experts) {
    if (const double value = deviation_of(one); value > 0) deviations.push_back(value);
  }
  return median(std::move(deviations));
}

Table experts_table(const TensorStats& stats, std::vector<std::size_t> order, Audience audience) {
  const auto numbers = std::make_shared<const std::vector<std::size_t>>(std::move(order));
  const auto experts = std::make_shared<const std::vector<ExpertStats>>(stats.experts);
  const double middle = usual_deviation(stats.experts);
  const bool codes = stats.codes.has_value();
  const bool machine = audience == Audience::Machines;
  const auto title = [&](const char* text) { return machine ? "" : std::string(text); };
  return {machine ? "experts" : "",
          {{"expert", title("expert"), Format::Count},
           {"std", title("std"), Format::Real},
           {"std_ratio", title("/ median"), Format::Real},
           {"abs_max", title("abs max"), Format::Real},
           {"zero", title("zero"), Format::Percent},
           {"saturated", codes ? title("saturated") : "", Format::Percent}},
          numbers->size(),
          [numbers, experts, middle](std::size_t i) -> std::vector<Cell> {
            const std::size_t number = (*numbers)[i];
            const ExpertStats& expert = (*experts)[number];
            const Moments& m = expert.moments;
            return {std::uint64_t{number},
                    m.deviation(),
                    middle > 0 ? m.deviation() / middle : 1.0,
                    m.largest(),
                    share(m.zeros, m.count),
                    share(expert.saturated, m.count)};
          },
          audience};
}

void add_experts(Document& document, const TensorStats& stats, bool all) {
  const std::size_t count = stats.experts.size();
  if (count < 2) return;
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  document.add(experts_table(stats, order, Audience::Machines)).add(Note{""});
  if (!all) {
    order = odd_places(expert_scores(stats.experts));
    const std::size_t odd = order.size();
    order.resize(std::min(kMostOdd, odd));
    if (odd == 0) {
      document.add(Note{fmt::format("  none of {} experts stands out; --all lists them", count)});
      return;
    }
    document.add(Note{fmt::format("  {} of {} experts stand out{}; --all lists them", odd, count,
                                  odd > kMostOdd ? fmt::format(", the first {}", kMostOdd) : "")});
  }
  document.add(experts_table(stats, std::move(order), Audience::People));
}

}  // namespace

std::string format_name(const StatsItem& item) {
  const std::string_view form = stored_form(*item.value);
  if (!form.empty()) return in_capitals(form);
  const std::string_view dtype = name_of(item.value->dtype);
  return item.unapplied_scale.empty() ? std::string(dtype) : fmt::format("{} codes", dtype);
}

void add_unapplied_scales(Document& document, const std::vector<StatsItem>& items) {
  std::vector<Problem> problems;
  for (const StatsItem& item : items) {
    if (item.unapplied_scale.empty()) continue;
    problems.push_back({Code::ScaleNotApplied, Severity::Warning,
                        fmt::format("{}: codes, scale {} not applied", display(item.key),
                                    display(item.unapplied_scale)),
                        item.key});
  }
  if (problems.empty()) return;
  document.exit = 1;
  add_problems(document, std::move(problems));
}

std::string item_heading(const Checkpoint& checkpoint, const StatsItem& item) {
  const std::string unapplied =
      item.unapplied_scale.empty()
          ? ""
          : fmt::format(", scale {} not applied", display(item.unapplied_scale));
  return fmt::format("{} {}{}, {}{}", format_name(item), to_string(stored_shape(*item.value)),
                     parts_text(checkpoint, item),
                     format_bytes(stored_bytes(checkpoint, *item.value)), unapplied);
}

void confirm_reading(const Checkpoint& checkpoint, const std::vector<StatsItem>& items,
                     Progress& progress) {
  std::uint64_t bytes = 0;
  for (const StatsItem& item : items) bytes += stored_bytes(checkpoint, *item.value);
  if (RemoteValues* const remote = checkpoint.location().remote.get()) remote->require(bytes);
  if (bytes <= kAskAbove) return;
  const std::string question = fmt::format("{} in {} would be read. Go on?", format_bytes(bytes),
                                           counted(items.size(), "tensor"));
  if (!progress.confirm(question)) fail(Code::Interrupted, "not read");
}

void describe_tensor(Document& document, const Checkpoint& checkpoint, const StatsItem& item,
                     const TensorStats& stats, const Args& args) {
  document.add(Heading{fmt::format("{}   {}", item.key, item_heading(checkpoint, item))});
  document.add(machine_fields(checkpoint, item, stats));
  Fields fields;
  add_values(fields, stats);
  if (stats.scales) add_scales(fields, stats, stored_form(*item.value));
  if (stats.codes) add_codes(fields, stats);
  add_magnitudes(fields, stats);
  document.add(std::move(fields));
  document.add(histogram_table(stats, Audience::Machines));
  document.add(codes_table(stats, Audience::Machines));
  if (args.has("hist")) {
    document.add(Note{""}).add(histogram_table(stats, Audience::People));
    Table codes = codes_table(stats, Audience::People);
    if (codes.size > 0) document.add(Note{""}).add(std::move(codes));
  }
  if (args.has("linear") && stats.moments.finite() > 0) {
    document.add(Note{""}).add(linear_table(stats));
  }
  add_experts(document, stats, args.has("all"));
}

}  // namespace ckptscope
