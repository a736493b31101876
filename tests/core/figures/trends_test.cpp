// Split and stacked experts are the same model, and the same is odd in both.

#include "core/figures/trends.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "app/planning/decoded_items.hpp"
#include "core/figures/twins.hpp"
#include "core/inspect/stats.hpp"
#include "tests/support/odd_model.hpp"
#include "tests/support/temp_dir.hpp"

namespace ckptscope::testing {
namespace {

TEST(Trends, PlacesInAModel) {
  const auto text = [](const char* key) {
    const auto place = place_in_model(key);
    if (!place) return std::string("none");
    return place->name + " " + std::to_string(place->layer) +
           (place->expert ? " " + std::to_string(*place->expert) : "");
  };
  EXPECT_EQ(text("model.layers.3.mlp.experts.17.up_proj.weight"),
            "model.layers.*.mlp.experts.*.up_proj.weight 3 17");
  EXPECT_EQ(text("model.layers.12.norm.weight"), "model.layers.*.norm.weight 12");
  EXPECT_EQ(text("h.0.1.2.w"), "h.*.1.2.w 0");
  EXPECT_EQ(text("down_blocks.1.resnets.3.w"), "down_blocks.*.resnets.3.w 1");
  EXPECT_EQ(text("enc.0.layers.3.experts.5.w"), "enc.0.layers.*.experts.*.w 3 5");
  EXPECT_EQ(text("experts.3.w"), "none");
  EXPECT_EQ(text("0.w"), "none");
  EXPECT_EQ(text("layers.03.w"), "layers.*.w 3");
  EXPECT_EQ(text("model.norm.weight"), "none");
  EXPECT_EQ(text("layers.x7.w2"), "none");
}

struct Looked {
  std::vector<Trend> trends;
  std::vector<Twin> twins;
};

Looked look_at(const SyntheticCheckpoint& model) {
  const TempDir dir;
  write_synthetic(dir / "model", model);
  const Checkpoint checkpoint = Checkpoint::open(dir / "model");
  const std::vector<StatsItem> items = logical_items(checkpoint);
  Progress progress;
  TrendCollector collector;
  compute_stats(checkpoint, items, 2, progress, [&](std::size_t i, const TensorStats& stats) {
    collector.add(items[i].key, stats);
  });
  std::vector<Trend> trends = collector.trends();
  std::vector<Twin> twins = find_twins(checkpoint, items, trends, progress);
  return {std::move(trends), std::move(twins)};
}

const Trend& named(const std::vector<Trend>& trends, std::string_view part) {
  return *std::find_if(trends.begin(), trends.end(),
                       [&](const Trend& one) { return one.name.find(part) != one.name.npos; });
}

TEST(Trends, WhatStandsOutIsTheSameSplitAndStacked) {
  for (const bool stacked : {false, true}) {
    const auto [trends, twins] = look_at(odd_model(stacked));
    ASSERT_EQ(trends.size(), 4u);
    const Trend& down = named(trends, "down_proj");
    EXPECT_EQ(down.is_split, !stacked);
    ASSERT_EQ(down.layers.size(), 6u);
    EXPECT_EQ(down.layers.front().number, 2u);
    EXPECT_TRUE(odd_places(down.scores(0)).empty());
    const std::vector<OddExpert> odd = odd_experts(down, 0);
    ASSERT_EQ(odd.size(), 2u);
    EXPECT_EQ(odd[0].peculiar, Peculiar::Zeros);
    EXPECT_EQ(down.layers[odd[0].layer].number, 6u);
    EXPECT_EQ(odd[0].expert, 2u);
    EXPECT_EQ(down.layers[odd[1].layer].number, 3u);
    EXPECT_EQ(odd[1].expert, 7u);
    EXPECT_EQ(down.key_of(odd[1].layer, odd[1].expert),
              stacked ? "model.layers.3.mlp.experts.down_proj"
                      : "model.layers.3.mlp.experts.7.down_proj.weight");
    const Trend& wide = named(trends, "o_proj.weight");
    EXPECT_EQ(odd_places(wide.scores(0)), std::vector<std::size_t>{5});
    EXPECT_EQ(wide.values(0)[5], 4);
    EXPECT_FALSE(wide.has_experts());
    ASSERT_EQ(twins.size(), 2u);  // of down_proj and up_proj
    for (const Twin& twin : twins) {
      EXPECT_EQ(trends[twin.trend].layers[twin.layer].number, 4u);
      EXPECT_EQ(twin.expert, 9u);
      EXPECT_EQ(twin.of, 8u);
    }
  }
}

}  // namespace
}  // namespace ckptscope::testing
