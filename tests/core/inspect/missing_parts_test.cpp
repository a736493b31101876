// What a list of keys lacks of a model.

#include "core/inspect/missing_parts.hpp"

#include <gtest/gtest.h>

#include <string>

namespace ckptscope::testing {
namespace {

std::string found(const std::vector<std::string>& keys, const std::string& config) {
  std::vector<ModelKey> model;
  for (const std::string& key : keys) model.push_back({key, 10});
  std::string text;
  for (const Problem& one : missing_parts(model, Config::parse(config, "c"))) {
    text += (one.severity == Severity::Warning ? "warning: " : "note: ") + one.message + "\n";
  }
  return text;
}

TEST(MissingParts, Rows) {
  const std::vector<std::string> whole{
      "model.embed_tokens.weight",      "model.norm.weight",
      "model.layers.0.mlp.up.weight",   "model.layers.1.mlp.up.weight",
      "model.layers.1.mlp.down.weight", "vision.layers.0.x"};
  const auto without = [&](const std::string& part) {
    std::vector<std::string> keys = whole;
    std::erase_if(keys, [&](const std::string& key) { return key.find(part) != key.npos; });
    return keys;
  };
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.end(), whole.begin(), whole.end());
    return more;
  };
  const std::string two = R"({"num_hidden_layers":2})";
  const std::string fewer =
      "note: layer 0: 1 key fewer than layer 1 has, the first mlp.down.weight\n";
  EXPECT_EQ(found(whole, "{}"), "");
  EXPECT_EQ(found(whole, two), fewer);
  EXPECT_EQ(found(without("layers.0.mlp"), two), "warning: layer 0 of 2 missing\n");
  EXPECT_EQ(found(whole, R"({"text_config":{"num_hidden_layers":5}})"),
            "warning: layers [2-4] of 5 missing\n" + fewer);
  EXPECT_EQ(found(without("embed"), two),
            "warning: no embedding: no key outside the layers has \"embed\" in it\n" + fewer);
  EXPECT_EQ(found(without("norm"), two),
            "warning: no final norm: no key outside the layers has \"norm\" in it\n" + fewer);
  EXPECT_EQ(found(with({"model.layers.0.mlp.gate.weight", "model.layers.1.mlp.gate.weight",
                        "model.layers.1.mlp.experts.0.up.weight",
                        "model.layers.1.mlp.experts.7.up.weight"}),
                  two),
            "warning: layer 0: a router and no experts\n"
            "note: layer 0: 2 keys fewer than layer 1 has, the first mlp.down.weight\n");
  const std::string tied = R"({"num_hidden_layers":2,"tie_word_embeddings":true})";
  EXPECT_EQ(found(whole, tied),
            fewer +
                "note: no head: config.json ties it to the embedding (tie_word_embeddings), and "
                "so must a loader\n");
  EXPECT_EQ(found(with({"lm_head.weight"}), tied), fewer);
  EXPECT_EQ(found({}, R"({"num_hidden_layers":1})").substr(0, 30),
            "warning: layer 0 of 1 missing\n");
  EXPECT_EQ(found(whole, R"({"num_hidden_layers":18446744073709551615})").substr(0, 20),
            "warning: layers [2-1");
}

}  // namespace
}  // namespace ckptscope::testing
