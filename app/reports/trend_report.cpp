// Tables and pictures are made from one list of trends.
#include "app/reports/trend_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

#include "app/reports/problem_lines.hpp"
#include "views/document/figures.hpp"

namespace ckptscope {
namespace {

constexpr std::size_t kMostOddListed = 12;  // that people see
constexpr double kLowest = 0.05;            // of the band over experts
constexpr double kHighest = 0.95;

using Trends = std::shared_ptr<const std::vector<Trend>>;

std::string layers_text(const Trend& trend) {
  const std::uint64_t first = trend.layers.front().number;
  const std::uint64_t last = trend.layers.back().number;
  const bool whole = last - first + 1 == trend.layers.size();
  return whole ? fmt::format("{}-{}", first, last)
               : fmt::format("{} of {}-{}", trend.layers.size(), first, last);
}

/// "17, 3": the layers that stand out, the farthest first; nothing where none does.
std::string odd_layers_text(const Trend& trend, std::size_t kind) {
  constexpr std::size_t kMost = 4;
  const std::vector<std::size_t> odd = odd_places(trend.scores(kind));
  std::string text;
  for (std::size_t i = 0; i < std::min(odd.size(), kMost); ++i) {
    text += (i == 0 ? "" : ", ") + std::to_string(trend.layers[odd[i]].number);
  }
  return text + (odd.size() > kMost ? fmt::format(", {} more", odd.size() - kMost) : "");
}

/// Holes between the numbers of layers are holes in the line.
std::vector<double> with_holes(const Trend& trend, const std::vector<double>& values) {
  constexpr std::uint64_t kMost = 10'000;
  const std::uint64_t first = trend.layers.front().number;
  const std::uint64_t span = trend.layers.back().number - first + 1;
  if (span > kMost) return values;
  std::vector<double> all(span, std::nan(""));
  for (std::size_t i = 0; i < values.size(); ++i) all[trend.layers[i].number - first] = values[i];
  return all;
}

std::vector<Cell> trend_cells(const Trend& trend, std::size_t kind, const std::string& name) {
  const std::vector<double> values = trend.values(kind);
  return {name,          layers_text(trend),          values.front(), with_holes(trend, values),
          values.back(), odd_layers_text(trend, kind)};
}

std::vector<Column> trend_columns(std::string lead) {
  return {{"key", std::move(lead)},
          {"layers", "layers", Format::Text, 2},
          {"first", "first", Format::Real, 1},
          {"values", "by layer", Format::Spark},
          {"last", "last", Format::Real, 1},
          {"odd_layers", "odd layers"}};
}

Table trends_table(const Trends& trends, std::size_t kind, Audience audience) {
  return {
      "trends", trend_columns("name"), trends->size(),
      [trends, kind](std::size_t i) { return trend_cells((*trends)[i], kind, (*trends)[i].name); },
      audience};
}

/// Every figure that the one trend has.
Table figures_table(const Trends& trends, Audience audience) {
  std::vector<std::size_t> kinds;
  for (std::size_t kind = 0; kind < kFigures; ++kind) {
    const auto values = trends->front().values(kind);
    if (std::any_of(values.begin(), values.end(), [](double v) { return !std::isnan(v); }))
      kinds.push_back(kind);
  }
  auto columns = trend_columns("figure");
  columns[0].id = "figure";
  return {"figures", std::move(columns), kinds.size(),
          [trends, kinds](std::size_t i) {
            return trend_cells(trends->front(), kinds[i], std::string(kFigureKinds[kinds[i]].name));
          },
          audience};
}

std::string title_of(const Trend& trend, std::size_t kind) {
  return fmt::format("{} of {}", kFigureKinds[kind].name, trend.name);
}

Chart chart_of(const Trend& trend, std::size_t kind) {
  Chart chart{"chart", title_of(trend, kind), "layer"};
  chart.values = trend.values(kind);
  for (const Trend::Layer& layer : trend.layers) {
    chart.places.push_back(std::to_string(layer.number));
    if (!trend.has_experts()) continue;
    const std::vector<double> values = values_of(layer.experts, kind);
    chart.low.push_back(quantile(values, kLowest));
    chart.high.push_back(quantile(values, kHighest));
  }
  if (trend.has_experts()) chart.title += ": median and 5 to 95 % of the experts";
  return chart;
}

// ---- what stands out ----------------------------------------------------------------------------

struct OddRow {
  std::string key;
  std::uint64_t layer;
  Cell expert;
  double value;
  double score;
  std::string what;
  Peculiar peculiar = Peculiar::No;
};

/// "+54.7" spreads from the median of the layers, or of the experts of the layer.
std::string distance_text(double score, Peculiar peculiar) {
  if (peculiar == Peculiar::Zeros) return "all zeros";
  return peculiar == Peculiar::NotFinite ? "NaN or Inf" : fmt::format("{:+.1f}", score);
}

void add_odd_rows(const Trend& trend, std::size_t kind, std::vector<OddRow>& rows) {
  const std::vector<double> scores = trend.scores(kind);
  for (std::size_t place = 0; place < trend.layers.size(); ++place) {
    const Trend::Layer& layer = trend.layers[place];
    const Peculiar peculiar = layer.whole.peculiar;
    if (!is_broken(peculiar) && !(std::fabs(scores[place]) > kOddScore)) continue;
    const double score = odd_score(peculiar, scores[place]);
    rows.push_back({layer.key,
                    layer.number,
                    {},
                    layer.whole.values[kind],
                    score,
                    distance_text(score, peculiar),
                    peculiar});
  }
  for (const OddExpert& one : odd_experts(trend, kind)) {
    const Trend::Layer& layer = trend.layers[one.layer];
    if (layer.whole.peculiar == Peculiar::Zeros) continue;  // the layer says it
    rows.push_back({trend.key_of(one.layer, one.expert), layer.number, std::uint64_t{one.expert},
                    layer.experts[one.expert].values[kind], one.score,
                    distance_text(one.score, one.peculiar), one.peculiar});
  }
}

bool can_tell_layers(std::span<const Trend> trends, std::size_t kind) {
  return std::any_of(trends.begin(), trends.end(), [&](const Trend& trend) {
    return can_tell(trend.values(kind), kFigureKinds[kind].scale);
  });
}

bool can_tell_experts(const Trend& trend, std::size_t kind) {
  return std::any_of(trend.layers.begin(), trend.layers.end(), [&](const Trend::Layer& layer) {
    return can_tell(values_of(layer.experts, kind), kFigureKinds[kind].scale);
  });
}

/// Where no row says that something stands out: what that is worth.
std::string none_text(std::span<const Trend> trends, std::size_t kind) {
  const bool untold_experts = std::any_of(trends.begin(), trends.end(), [&](const Trend& trend) {
    return trend.has_experts() && !can_tell_experts(trend, kind);
  });
  if (!can_tell_layers(trends, kind)) {
    return untold_experts || std::none_of(trends.begin(), trends.end(),
                                          [](const Trend& one) { return one.has_experts(); })
               ? "too few layers or experts to tell whether one stands out"
               : "no expert stands out; too few layers to tell of them";
  }
  return untold_experts ? "no layer stands out; too few experts to tell of them"
                        : "none stands out";
}

Table odd_table(const std::shared_ptr<const std::vector<OddRow>>& rows, std::size_t kind,
                Audience audience) {
  return {"odd",
          {{"key", "stands out"},
           {"layer", "layer", Format::Count},
           {"expert", "expert", Format::Count},
           {"value", std::string(kFigureKinds[kind].name), Format::Real},
           {"score", ""},
           {"what", "spreads off"}},
          rows->size(),
          [rows](std::size_t i) -> std::vector<Cell> {
            const OddRow& row = (*rows)[i];
            return {row.key, row.layer, row.expert, row.value, row.score, row.what};
          },
          audience};
}

/// The farthest first.
std::vector<OddRow> odd_rows(std::span<const Trend> trends, std::size_t kind) {
  std::vector<OddRow> rows;
  for (const Trend& trend : trends) {
    if (is_picture(trend)) add_odd_rows(trend, kind, rows);
  }
  std::stable_sort(rows.begin(), rows.end(), [](const OddRow& a, const OddRow& b) {
    return stands_before(a.peculiar, a.score, b.peculiar, b.score);
  });
  return rows;
}

/// Copies of other experts.
std::vector<OddRow> twin_rows(std::span<const Trend> trends, std::span<const Twin> twins,
                              std::size_t kind) {
  std::vector<OddRow> rows;
  for (const Twin& twin : twins) {
    const Trend& trend = trends[twin.trend];
    const Trend::Layer& layer = trend.layers[twin.layer];
    rows.push_back({trend.key_of(twin.layer, twin.expert), layer.number, std::uint64_t{twin.expert},
                    layer.experts[twin.expert].values[kind], std::nan(""),
                    fmt::format("the bytes of expert {}", twin.of)});
  }
  return rows;
}

void add_odd(Document& document, std::span<const Trend> trends, std::span<const Twin> twins,
             std::size_t kind, Audience audience) {
  auto all = twin_rows(trends, twins, kind);
  const std::vector<OddRow> far = odd_rows(trends, kind);
  all.insert(all.end(), far.begin(), far.end());
  const auto rows = std::make_shared<const std::vector<OddRow>>(std::move(all));
  Table table = odd_table(rows, kind, audience);
  if (audience == Audience::Machines) {
    document.add(std::move(table));
    return;
  }
  if (rows->empty()) document.add(Note{none_text(trends, kind)});
  add_in_part(document, std::move(table), kMostOddListed, "  … and {} more; --json has all");
}

}  // namespace

bool is_picture(const Trend& trend) {
  return trend.layers.size() >= kLeastLayers;
}

bool has_pictures(std::span<const Trend> trends) {
  return std::any_of(trends.begin(), trends.end(), is_picture);
}

std::vector<std::string> odd_keys(std::span<const Trend> trends, std::size_t kind) {
  std::vector<std::string> keys;
  for (const OddRow& row : odd_rows(trends, kind)) {
    const bool known = std::find(keys.begin(), keys.end(), row.key) != keys.end();
    if (!known && std::isfinite(row.score)) keys.push_back(row.key);
  }
  return keys;
}

HeatMap heat_map_of(const Trend& trend, std::size_t kind, std::span<const Twin> twins) {
  HeatMap map{"heat_map", title_of(trend, kind), "layer", "expert"};
  std::size_t experts = 0;
  for (const Trend::Layer& layer : trend.layers) experts = std::max(experts, layer.experts.size());
  for (std::size_t i = 0; i < experts; ++i) map.columns.push_back(std::to_string(i));
  for (const Trend::Layer& layer : trend.layers) {
    map.rows.push_back(std::to_string(layer.number));
    std::vector<double> values(experts, std::nan(""));
    for (std::size_t i = 0; i < experts; ++i) {
      const bool known = i < layer.experts.size() && layer.experts[i].known;
      if (known) values[i] = layer.experts[i].values[kind];
      map.peculiar.push_back(known ? layer.experts[i].peculiar : Peculiar::No);
    }
    const std::vector<double> scores = odd_scores(values, kFigureKinds[kind].scale);
    map.values.insert(map.values.end(), values.begin(), values.end());
    map.scores.insert(map.scores.end(), scores.begin(), scores.end());
  }
  for (const Twin& twin : twins) {
    map.peculiar[twin.layer * experts + twin.expert] = Peculiar::Copy;
  }
  map.legend = fmt::format("from the median of the layer, far: over {} spreads", kOddScore);
  return map;
}

std::vector<Twin> twins_of(const Trend& trend, std::span<const Trend> trends,
                           std::span<const Twin> twins) {
  std::vector<Twin> own;
  std::copy_if(twins.begin(), twins.end(), std::back_inserter(own),
               [&](const Twin& twin) { return trends[twin.trend].name == trend.name; });
  return own;
}

void add_trends(Document& document, std::span<const Trend> all, std::span<const Twin> twins,
                std::size_t kind, Audience audience) {
  auto shown = std::make_shared<std::vector<Trend>>();
  const auto has_figure = [&](const Trend& trend) {
    const std::vector<double> values = trend.values(kind);
    return std::any_of(values.begin(), values.end(), [](double one) { return !std::isnan(one); });
  };
  std::copy_if(all.begin(), all.end(), std::back_inserter(*shown),
               [&](const Trend& trend) { return is_picture(trend) && has_figure(trend); });
  if (shown->empty()) {
    if (audience != Audience::Machines && has_pictures(all)) {
      document.add(Note{fmt::format("no tensor has this figure: {}", kFigureKinds[kind].help)});
    }
    return;
  }
  const Trends trends = shown;
  const bool people = audience != Audience::Machines;
  if (trends->size() == 1) {
    const Trend& trend = trends->front();
    if (people) document.add(Heading{trend.name});
    document.add(figures_table(trends, audience));
    if (people) document.add(Note{""});
    Chart chart = chart_of(trend, kind);
    chart.audience = audience;
    document.add(std::move(chart));
    if (trend.has_experts()) {
      HeatMap map = heat_map_of(trend, kind, twins_of(trend, all, twins));
      map.audience = audience;
      if (people) document.add(Note{""});
      document.add(std::move(map));
    }
  } else {
    if (people) document.add(Heading{fmt::format("{}, by layer", kFigureKinds[kind].help)});
    document.add(trends_table(trends, kind, audience));
  }
  if (people) document.add(Note{""});
  add_odd(document, all, twins, kind, audience);
}

}  // namespace ckptscope
