// Figures of one tensor in the order in which they are read: shape, moments, codes, bars, experts.

#include "app/reports/stat_report.hpp"

#include <algorithm>
#include <cmath>

#include "core/base/bytes.hpp"
#include "core/base/display.hpp"

namespace ckptscope {
namespace {

constexpr std::uint64_t kAskAbove = 2'000'000'000;
constexpr std::size_t kUnusual = 3;
constexpr std::size_t kBarWidth = 24;

std::string real(double value) {
  return fmt::format("{:.4g}", value);
}

std::string percent(std::uint64_t part, std::uint64_t whole, int digits = 2) {
  const double share =
      whole == 0 ? 0 : 100 * static_cast<double>(part) / static_cast<double>(whole);
  const double least = std::pow(10, -digits);
  if (part > 0 && share < least) return fmt::format("<{:.{}f} %", least, digits);
  return fmt::format("{:.{}f} %", share, digits);
}

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

struct Bin {
  std::string label;
  std::uint64_t negative;
  std::uint64_t positive;
};

/// By power of two of |x|, the largest first; zeros last.
std::vector<Bin> powers_of_two(const TensorStats& stats) {
  std::vector<Bin> bins;
  for (const auto& power : stats.distribution.powers()) {
    bins.push_back({power.label(), power.negative, power.positive});
  }
  const std::uint64_t zeros = stats.moments.zeros;
  const std::uint64_t negative_zeros = stats.moments.negative_zeros;
  if (zeros > 0) bins.push_back({"zero", negative_zeros, zeros - negative_zeros});
  return bins;
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
      texts.push_back(fmt::format("{:<6} {:>6}", label, percent(count, total, 1)));
    }
  }
  if (other > 0) texts.push_back(fmt::format("{:<6} {:>6}", "other", percent(other, total)));
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < texts.size(); i += 5) {
    const auto end = texts.begin() + static_cast<std::ptrdiff_t>(std::min(i + 5, texts.size()));
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
       fmt::format("{}   {}{}", format_count(m.zeros), percent(m.zeros, m.count), zeros)});
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

void add_scales(Fields& fields, const TensorStats& stats, Storage storage) {
  const ScaleStats& scales = *stats.scales;
  const bool powers = storage == Storage::Mxfp4;
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

void add_codes(Fields& fields, const TensorStats& stats, Storage storage) {
  const CodeStats& codes = *stats.codes;
  const bool fp4 = storage == Storage::Mxfp4;
  fields.list.push_back(
      {"", "codes",
       fmt::format("{} of {}   saturated ({}) {}   subnormal{} {}", codes.used, codes.possible,
                   fp4 ? "+-6" : "largest", percent(codes.saturated, stats.moments.count),
                   fp4 ? " (+-0.5)" : "", percent(codes.subnormal, stats.moments.count))});
}

void add_magnitudes(Fields& fields, const TensorStats& stats) {
  std::vector<std::pair<std::string, std::uint64_t>> counts;
  for (const Bin& bin : powers_of_two(stats)) {
    if (bin.label != "zero") counts.emplace_back(bin.label, bin.negative + bin.positive);
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
      {"format", "", format_name(*item.value)},
      {"shape", "", stored_shape(*item.value)},
      {"bytes", "", stored_bytes(checkpoint, *item.value)},
      {"count", "", m.count},
      {"zeros", "", m.zeros},
      {"negative_zeros", "", m.negative_zeros},
      {"nan", "", m.nans},
      {"inf", "", m.infinities},
      {"min", "", any ? Cell(static_cast<double>(m.least)) : Cell()},
      {"max", "", any ? Cell(static_cast<double>(m.most)) : Cell()},
      {"abs_max", "", any ? Cell(static_cast<double>(m.largest())) : Cell()},
      {"mean", "", m.mean()},
      {"std", "", m.deviation()},
  }};
  for (std::size_t i = 0; i < TensorStats::kQuantiles.size(); ++i) {
    fields.list.push_back({fmt::format("quantiles.{}", TensorStats::kQuantileNames[i]), "",
                           static_cast<double>(stats.quantiles[i])});
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

std::string bar(std::uint64_t count, std::uint64_t most, bool to_the_left) {
  const auto width =
      static_cast<std::size_t>(std::ceil(share(count, most) * static_cast<double>(kBarWidth)));
  std::string text;
  for (std::size_t i = 0; i < width; ++i) text += "━";
  const std::string padding(kBarWidth - width, ' ');
  return to_the_left ? padding + text : text;
}

Table histogram_table(const TensorStats& stats, Audience audience) {
  const auto bins = std::make_shared<const std::vector<Bin>>(powers_of_two(stats));
  std::uint64_t most = 1;
  for (const Bin& bin : *bins) most = std::max({most, bin.negative, bin.positive});
  const std::uint64_t total = stats.moments.count;
  if (audience == Audience::Machines) {
    return {"histogram",
            {{"bin", ""}, {"negative", ""}, {"positive", ""}},
            bins->size(),
            [bins](std::size_t i) -> std::vector<Cell> {
              return {(*bins)[i].label, (*bins)[i].negative, (*bins)[i].positive};
            },
            audience};
  }
  return {"",
          {{"", "negative", Format::Count}, {"", " "}, {"", "|x|"}, {"", " "}, {"", "positive"}},
          bins->size(),
          [bins, most, total](std::size_t i) -> std::vector<Cell> {
            const Bin& bin = (*bins)[i];
            return {fmt::format("{:>8}", percent(bin.negative, total)),
                    bar(bin.negative, most, true), fmt::format("{:<5}", bin.label),
                    bar(bin.positive, most, false),
                    fmt::format("{:>8}", percent(bin.positive, total))};
          },
          audience};
}

Table linear_table(const TensorStats& stats) {
  const float from = stats.moments.least;
  const float to = stats.moments.most;
  const auto counts = std::make_shared<const std::vector<std::uint64_t>>(
      stats.distribution.linear(from, to, TensorStats::kLinearBins));
  const std::uint64_t most = *std::max_element(counts->begin(), counts->end());
  const double width = (static_cast<double>(to) - static_cast<double>(from)) /
                       static_cast<double>(TensorStats::kLinearBins);
  return {"linear",
          {{"from", "from", Format::Real},
           {"count", "values", Format::Count},
           {"", "share"},
           {"", " "}},
          counts->size(),
          [counts, most, from, width](std::size_t i) -> std::vector<Cell> {
            std::uint64_t total = 0;
            for (const std::uint64_t count : *counts) total += count;
            return {static_cast<double>(from) + width * static_cast<double>(i), (*counts)[i],
                    fmt::format("{:>8}", percent((*counts)[i], total)),
                    bar((*counts)[i], most, false)};
          }};
}

// ---- experts ------------------------------------------------------------------------------------

struct ExpertRow {
  std::size_t number;
  double deviation;
  double ratio;  // to the median
};

std::vector<ExpertRow> expert_rows(const std::vector<ExpertStats>& experts) {
  std::vector<ExpertRow> rows;
  std::vector<double> deviations;
  for (std::size_t i = 0; i < experts.size(); ++i) {
    rows.push_back({i, experts[i].moments.deviation(), 1});
    if (std::isfinite(rows.back().deviation)) deviations.push_back(rows.back().deviation);
  }
  if (deviations.empty()) return rows;
  std::sort(deviations.begin(), deviations.end());
  const double median = deviations[deviations.size() / 2];
  for (ExpertRow& row : rows) row.ratio = median > 0 ? row.deviation / median : 1;
  return rows;
}

/// How far from usual: a half and a double are as far.
double oddity(const ExpertRow& row) {
  return row.ratio > 0 ? std::fabs(std::log(row.ratio)) : std::numeric_limits<double>::infinity();
}

Table experts_table(const TensorStats& stats, std::vector<ExpertRow> rows, Audience audience) {
  const auto kept = std::make_shared<const std::vector<ExpertRow>>(std::move(rows));
  const auto experts = std::make_shared<const std::vector<ExpertStats>>(stats.experts);
  const bool codes = stats.codes.has_value();
  const bool machine = audience == Audience::Machines;
  const auto title = [&](const char* text) { return machine ? "" : std::string(text); };
  Table table{machine ? "experts" : "",
              {{"expert", title("expert"), Format::Count},
               {"std", title("std"), Format::Real},
               {"std_ratio", title("/ median"), Format::Real},
               {"abs_max", title("abs max"), Format::Real},
               {"zero", title("zero"), Format::Percent},
               {"saturated", codes ? title("saturated") : "", Format::Percent}},
              kept->size(),
              [kept, experts](std::size_t i) -> std::vector<Cell> {
                const ExpertRow& row = (*kept)[i];
                const ExpertStats& expert = (*experts)[row.number];
                const Moments& m = expert.moments;
                return {std::uint64_t{row.number},
                        row.deviation,
                        row.ratio,
                        static_cast<double>(m.largest()),
                        share(m.zeros, m.count),
                        share(expert.saturated, m.count)};
              },
              audience};
  return table;
}

void add_experts(Document& document, const TensorStats& stats, bool all) {
  if (stats.experts.size() < 2) return;
  std::vector<ExpertRow> rows = expert_rows(stats.experts);
  document.add(experts_table(stats, rows, Audience::Machines));
  if (!all && rows.size() > kUnusual) {
    std::stable_sort(rows.begin(), rows.end(),
                     [](const ExpertRow& a, const ExpertRow& b) { return oddity(a) > oddity(b); });
    rows.resize(kUnusual);
    document.add(Note{""}).add(Note{
        fmt::format("  the {} least usual of {} experts; --all", kUnusual, stats.experts.size())});
  } else {
    document.add(Note{""});
  }
  document.add(experts_table(stats, std::move(rows), Audience::People));
}

}  // namespace

std::string format_name(const Value& value) {
  switch (storage_of(value)) {
    case Storage::Mxfp4:
      return "MXFP4";
    case Storage::Fp8:
      return "FP8";
    case Storage::Plain:
      break;
  }
  return std::string(name_of(value.dtype));
}

std::string item_heading(const Checkpoint& checkpoint, const StatsItem& item) {
  return fmt::format("{} {}{}, {}", format_name(*item.value), to_string(stored_shape(*item.value)),
                     parts_text(checkpoint, item),
                     format_bytes(stored_bytes(checkpoint, *item.value)));
}

void confirm_reading(const Checkpoint& checkpoint, const std::vector<StatsItem>& items,
                     Progress& progress) {
  std::uint64_t bytes = 0;
  for (const StatsItem& item : items) bytes += stored_bytes(checkpoint, *item.value);
  if (bytes <= kAskAbove) return;
  const std::string question = fmt::format("{} in {} would be read. Go on?", format_bytes(bytes),
                                           counted(items.size(), "tensor"));
  if (!progress.confirm(question)) fail(Code::Interrupted, "not read");
}

void describe_tensor(Document& document, const Checkpoint& checkpoint, const StatsItem& item,
                     const TensorStats& stats, const Args& args) {
  const Storage storage = storage_of(*item.value);
  document.add(Heading{fmt::format("{}   {}", item.key, item_heading(checkpoint, item))});
  document.add(machine_fields(checkpoint, item, stats));
  Fields fields;
  add_values(fields, stats);
  if (stats.scales) add_scales(fields, stats, storage);
  if (stats.codes) add_codes(fields, stats, storage);
  add_magnitudes(fields, stats);
  document.add(std::move(fields));
  document.add(histogram_table(stats, Audience::Machines));
  if (args.has("hist")) {
    document.add(Note{""}).add(histogram_table(stats, Audience::People));
  }
  if (args.has("linear") && stats.moments.finite() > 0) {
    document.add(Note{""}).add(linear_table(stats));
  }
  add_experts(document, stats, args.has("all"));
}

}  // namespace ckptscope
