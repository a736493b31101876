// Receipts: read back as written, and which conversions they tell apart.

#include "core/output/receipt.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "core/base/hash.hpp"
#include "core/output/staging.hpp"
#include "tests/support/tensor_files.hpp"
#include "tests/support/zero_plan.hpp"

namespace ckptscope::testing {
namespace {

namespace fs = std::filesystem;

Receipt sample_receipt() {
  Receipt receipt;
  receipt.from = "hf";
  receipt.to = "native";
  receipt.adapter = "hy_v3";
  receipt.layout = "grouped";
  receipt.plan = "0123abcd";
  receipt.options = {{"dtype", "BF16"}, {"exclude", "a\\.\"\n"}};
  receipt.settings = {{"num_experts", "4"}};
  receipt.sources = {{"a.safetensors", 18446744073709551615u, hex64(1)}, {"b", 0, hex64(~0ull)}};
  receipt.outputs = {{"model.safetensors", 7, hex64(255)}, {"n\u00e4me", 8, ""}};
  return receipt;
}

TEST(Receipt, RoundTrip) {
  const TempDir dir;
  const Receipt receipt = sample_receipt();
  write_file(dir / std::string(kReceiptName), receipt.to_json());
  const auto back = read_receipt(dir.path());
  ASSERT_TRUE(back);
  EXPECT_TRUE(back->same_conversion(receipt));
  EXPECT_EQ(back->outputs, receipt.outputs);
  EXPECT_EQ(back->to_json(), receipt.to_json());
  EXPECT_EQ(hex64(255), "00000000000000ff");
}

TEST(Receipt, WhatMakesAnotherConversion) {
  const Receipt receipt = sample_receipt();
  const auto same_after = [&](auto change) {
    Receipt other = receipt;
    change(other);
    return receipt.same_conversion(other);
  };
  EXPECT_TRUE(same_after([](Receipt&) {}));
  EXPECT_TRUE(same_after([](Receipt& r) { r.outputs.clear(); }));
  EXPECT_FALSE(same_after([](Receipt& r) { r.from = "native"; }));
  EXPECT_FALSE(same_after([](Receipt& r) { r.to = "hf"; }));
  EXPECT_FALSE(same_after([](Receipt& r) { r.adapter = "x"; }));
  EXPECT_FALSE(same_after([](Receipt& r) { r.layout = "x"; }));
  EXPECT_FALSE(same_after([](Receipt& r) { r.plan = "x"; }));
  EXPECT_FALSE(same_after([](Receipt& r) { r.options.erase("dtype"); }));
  EXPECT_FALSE(same_after([](Receipt& r) { r.settings["num_experts"] = "5"; }));
  EXPECT_FALSE(same_after([](Receipt& r) { r.sources[0].bytes = 1; }));
  EXPECT_FALSE(same_after([](Receipt& r) { r.sources[0].header_hash = "x"; }));
  EXPECT_FALSE(same_after([](Receipt& r) { r.sources.pop_back(); }));
}

TEST(Receipt, UnreadableIsNone) {
  const TempDir dir;
  const std::string path = dir / std::string(kReceiptName);
  EXPECT_EQ(read_receipt(dir.path()), std::nullopt);
  const std::string good = sample_receipt().to_json();
  const auto replaced = [&](std::string_view from, std::string_view to) {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    return text;
  };
  const std::string texts[] = {
      "",
      "[]",
      "{}",
      good.substr(0, good.size() / 2),
      good + "x",
      replaced("ckptscope.receipt/1", "ckptscope.receipt/2"),
      replaced("\"ckptscope.receipt/1\"", "1"),
      replaced("\"hf\"", "1"),
      replaced("\"BF16\"", "16"),
      replaced("\"adapter\"", "\"from\""),
      replaced("\"adapter\"", "\"adaptor\""),
      replaced("18446744073709551615", "\"1\""),
      replaced("\"a.safetensors\"", "null"),
      std::string(1'000'000, '['),
      "\xff",
  };
  for (const std::string& text : texts) {
    write_file(path, text);
    EXPECT_EQ(read_receipt(dir.path()), std::nullopt) << text.substr(0, 200);
  }
}

TEST(Receipt, TellsOptionsAndSourcesButNoPath) {
  const TempDir dir;
  write_synthetic(dir.path(), synthetic({{"a", Dtype::F32, {2}}, {"b", Dtype::F32, {2}}}, 2));
  const Checkpoint checkpoint = Checkpoint::open(dir.path());
  Plan plan = plan_of({{"a", 1}});
  plan.options.adapter = "hy_v3";
  plan.options.dtype = Dtype::F16;
  plan.options.exclude = "x";
  plan.options.lenient = true;
  plan.options.mapping.settings["num_experts"] = "4";
  const Receipt receipt = make_receipt(checkpoint, plan, 5'000'000'000);
  const std::map<std::string, std::string> options{
      {"dtype", "F16"}, {"exclude", "x"}, {"lenient", "true"}, {"max-shard-size", "5000000000"}};
  EXPECT_EQ(receipt.options, options);
  EXPECT_EQ(receipt.plan, plan.hash());
  ASSERT_EQ(receipt.sources.size(), 2u);
  EXPECT_EQ(receipt.sources[0].name, "model-00001-of-00002.safetensors");
  EXPECT_EQ(receipt.sources[0].bytes, fs::file_size(dir / receipt.sources[0].name));
  EXPECT_EQ(receipt.to_json().find(dir.path()), std::string::npos);
  EXPECT_TRUE(
      receipt.same_conversion(make_receipt(Checkpoint::open(dir.path()), plan, 5'000'000'000)));
  EXPECT_FALSE(receipt.same_conversion(make_receipt(checkpoint, plan, 1)));
}

}  // namespace
}  // namespace ckptscope::testing
