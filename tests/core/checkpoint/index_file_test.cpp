// Indexes that lie, and what of them is told.

#include "core/checkpoint/index_file.hpp"

#include <gtest/gtest.h>

#include "tests/support/two_shards.hpp"

namespace ckptscope::testing {
namespace {

namespace fs = std::filesystem;

std::string map_with(const std::string& first, const std::string& more = "") {
  return R"("weight_map":{"a":)" + first + R"(,"b":"model-00001-of-00002.safetensors",)" +
         R"("c":"model-00002-of-00002.safetensors","d":"model-00002-of-00002.safetensors")" + more +
         "}";
}

const std::string kGoodMap = map_with("\"model-00001-of-00002.safetensors\"");

struct IndexRow {
  std::string what;
  std::string text;
  std::string outcome;
};

void expect_indexes(const std::vector<IndexRow>& rows) {
  const TempDir dir;
  write_synthetic(dir.path(), two_shards());
  for (const IndexRow& row : rows) {
    write_file(dir / kIndex, row.text);
    const bool states_total = row.outcome.find("total-size") != row.outcome.npos;
    EXPECT_EQ(states_total ? codes_or_failure(dir.path()) : opened(dir.path()), row.outcome)
        << row.what;
  }
}

TEST(Index, FileNamesMustBePlain) {
  const TempDir dir;
  write_synthetic(dir.path(), two_shards());
  const std::string inside = dir / kFirst;  // exists, and is refused all the same
  const std::string names[] = {
      R"(".")",
      R"("..")",
      R"("/etc/passwd")",
      "\"" + inside + "\"",
      R"("../x.safetensors")",
      R"("./model-00001-of-00002.safetensors")",
      R"("sub/model.safetensors")",
      R"("sub\\model.safetensors")",
      R"("a\u0000.safetensors")",
      R"("a\u002fb.safetensors")",
      R"("model.pth")",
      R"("model")",
      R"("model.safetensors ")",
      R"("model.SAFETENSORS")",
      "\"" + std::string(244, 'x') + ".safetensors\"",
      "null",
      "1",
      "[]",
      "{}",
      "true",
  };
  for (const std::string& name : names) {
    write_file(dir / kIndex, "{" + map_with(name) + "}");
    EXPECT_EQ(opened(dir.path()), "throws bad-index") << name;
  }
  write_file(dir / kIndex, "{" + map_with("\"" + std::string(243, 'x') + ".safetensors\"") + "}");
  EXPECT_EQ(opened(dir.path()), "missing-shard");
  write_file(dir / kIndex, "{" + map_with(R"("pytorch_model.bin")") + "}");
  EXPECT_EQ(opened(dir.path()), "throws foreign-format");
}

/// Once failed: an empty name is taken where it is the first one (it equals the last name seen).
TEST(Index, FileNamesMustNotBeEmpty) {
  const TempDir dir;
  write_synthetic(dir.path(), two_shards());
  write_file(dir / kIndex, R"({"weight_map":{"b":"model-00001-of-00002.safetensors","a":""}})");
  EXPECT_EQ(opened(dir.path()), "throws bad-index");
  write_file(dir / kIndex, "{" + map_with(R"("")") + "}");
  EXPECT_EQ(opened(dir.path()), "throws bad-index");
}

TEST(Index, JsonMustBeOne) {
  expect_indexes({
      {"good", "{" + kGoodMap + "}", ""},
      {"good with space", " {" + kGoodMap + " } \n", ""},
      {"other members", R"({"x":[1,{}],)" + kGoodMap + R"(,"y":null})", ""},
      {"escaped names",
       R"({"weight_m\u0061p":{"\u0061":"model-00001-of-00002.safetensors",)"
       R"("b":"model-00001-of-00002.safetensors",)"
       R"("c":"model-00002-of-00002.safetensor\u0073",)"
       R"("d":"model-00002-of-00002.safetensors"}})",
       ""},
      {"empty file", "", "throws bad-index"},
      {"empty object", "{}", "throws bad-index"},
      {"only metadata", R"({"metadata":{}})", "throws bad-index"},
      {"null map", R"({"weight_map":null})", "throws bad-index"},
      {"list map", R"({"weight_map":["a"]})", "throws bad-index"},
      {"empty map", R"({"weight_map":{}})", "throws bad-index"},
      {"text map", R"({"weight_map":"a"})", "throws bad-index"},
      {"array", "[" + kGoodMap + "]", "throws bad-index"},
      {"truncated", "{" + kGoodMap, "throws bad-index"},
      {"truncated in a name", R"({"weight_map":{"a":"mod)", "throws bad-index"},
      {"trailing text", "{" + kGoodMap + "} x", "throws bad-index"},
      {"trailing comma", "{" + kGoodMap + ",}", "throws bad-index"},
      {"byte order mark", "\xef\xbb\xbf{" + kGoodMap + "}", "throws bad-index"},
      {"invalid UTF-8", "{\"x\":\"\xff\"," + kGoodMap + "}", "throws bad-index"},
      {"NaN", R"({"x":NaN,)" + kGoodMap + "}", "throws bad-index"},
      {"two maps", "{" + kGoodMap + "," + kGoodMap + "}", "throws bad-index"},
      {"deep", R"({"x":)" + std::string(1'000'000, '[') + "}", "throws bad-index"},
      {"duplicate tensor",
       "{" +
           map_with(R"("model-00001-of-00002.safetensors")",
                    R"(,"a":"model-00001-of-00002.safetensors")") +
           "}",
       "throws bad-index"},
      {"duplicate by escape",
       "{" +
           map_with(R"("model-00001-of-00002.safetensors")",
                    R"(,"\u0061":"model-00001-of-00002.safetensors")") +
           "}",
       "throws bad-index"},
      {"duplicate that no shard holds",
       "{" +
           map_with(R"("model-00001-of-00002.safetensors")",
                    R"(,"z":"model-00001-of-00002.safetensors",)"
                    R"("z":"model-00001-of-00002.safetensors")") +
           "}",
       "throws bad-index"},
  });
}

TEST(Index, TotalSizeIsOnlyANote) {
  const auto with = [](const std::string& metadata) {
    return R"({"metadata":)" + metadata + "," + kGoodMap + "}";
  };
  expect_indexes({
      {"right", with(R"({"total_size":32})"), ""},
      {"wrong", with(R"({"total_size":33})"), "total-size"},
      {"zero", with(R"({"total_size":0})"), "total-size"},
      {"negative", with(R"({"total_size":-32})"), "total-size"},
      {"a text", with(R"({"total_size":"32"})"), "total-size"},
      {"a float", with(R"({"total_size":32.0})"), "total-size"},
      {"null", with(R"({"total_size":null})"), "total-size"},
      {"an object", with(R"({"total_size":{"x":1}})"), "total-size"},
      {"beyond 2^53", with(R"({"total_size":9007199254740993})"), "total-size"},
      {"beyond 2^64", with(R"({"total_size":18446744073709551616})"), "total-size"},
      {"not a number at all", with(R"({"total_size":32x})"), "throws bad-index"},
      {"others", with(R"({"total_parameters":8,"total_size":32,"x":{}})"), ""},
  });
}

/// Once failed: safety.md 1.10 asks for a note when total_size is absent; there is none.
TEST(Index, AbsentTotalSizeIsNoted) {
  expect_indexes({{"empty metadata", R"({"metadata":{},)" + kGoodMap + "}", "total-size"}});
}

TEST(Index, AgainstItsFiles) {
  const auto entry = [](const std::string& key, const char* file) {
    return "\"" + key + "\":\"" + file + "\"";
  };
  const auto index = [](const std::string& entries) {
    return R"({"weight_map":{)" + entries + "}}";
  };
  const std::string a = entry("a", kFirst);
  const std::string b = entry("b", kFirst);
  const std::string c = entry("c", kSecond);
  const std::string d = entry("d", kSecond);
  expect_indexes({
      {"all", index(a + "," + b + "," + c + "," + d), ""},
      {"one not in the index", index(a + "," + b + "," + c), "unindexed-tensor"},
      {"one not in its shard", index(a + "," + b + "," + c + "," + d + "," + entry("e", kFirst)),
       "missing-tensor"},
      {"one in the other shard", index(entry("a", kSecond) + "," + b + "," + c + "," + d),
       "missing-tensor"},
      {"a shard that is not there",
       index(a + "," + b + "," + c + "," + d + "," + entry("e", "gone.safetensors")),
       "missing-shard file-numbering"},
      {"a shard that it does not name", index(a + "," + b), "ignored-file file-numbering"},
  });
}

/// Once failed: the shard of a tensor that lies in slices was looked up as one, and the program
/// ended there.
TEST(Index, BesideSlices) {
  const TempDir dir;
  write_file(dir / kFirst, slice_of_a(0, "b"));
  write_file(dir / kSecond, slice_of_a(1, "c"));
  const auto index = [&](const std::string& map) {
    write_file(dir / kIndex, R"({"metadata":{"total_size":6},"weight_map":{)" + map + "}}");
    return opened(dir.path());
  };
  const std::string others = R"("b":")" + std::string(kFirst) + R"(","c":")" + kSecond + "\"";
  const std::string unaligned = "unaligned-data unaligned-data";  // beside the point
  EXPECT_EQ(index(R"("a":")" + std::string(kFirst) + "\"," + others), unaligned);
  EXPECT_EQ(index(R"("a":")" + std::string(kSecond) + "\"," + others), unaligned);
  EXPECT_EQ(index(others), unaligned + " unindexed-tensor");
}

TEST(Index, MissingShardSaysHowMuchIsLost) {
  const TempDir dir;
  write_synthetic(dir.path(), two_shards());
  fs::remove(dir / kSecond);
  const Checkpoint checkpoint = Checkpoint::open(dir.path());
  ASSERT_EQ(codes_of(checkpoint), "missing-shard total-size");
  EXPECT_TRUE(checkpoint.damaged());
  EXPECT_EQ(checkpoint.tensors().size(), 2u);
  EXPECT_EQ(checkpoint.problems()[0].shard, kSecond);
  EXPECT_NE(checkpoint.problems()[0].message.find("2 tensors lost, the first c"),
            std::string::npos);
}

/// Once failed: besides duplicate-tensor, the copy that the index names is said to be missing, and
/// the tensor not to be in the index; both are false.
TEST(Index, TensorInTwoShards) {
  const TempDir dir;
  write_one(dir.path(), kFirst, "a");
  write_one(dir.path(), kSecond, "a");
  write_one(dir.path(), "model-00003-of-00003.safetensors", "b");
  write_file(dir / kIndex, R"({"weight_map":{"a":"model-00002-of-00002.safetensors",)"
                           R"("b":"model-00003-of-00003.safetensors"}})");
  EXPECT_EQ(opened(dir.path()), "ignored-file file-numbering");  // the first is not named
  write_file(dir / kIndex, R"({"weight_map":{"a":"model-00002-of-00002.safetensors",)"
                           R"("x":"model-00001-of-00002.safetensors",)"
                           R"("b":"model-00003-of-00003.safetensors"}})");
  EXPECT_EQ(opened(dir.path()), "duplicate-tensor missing-tensor");  // x alone is missing
}

TEST(Index, TooLargeIsNotRead) {
  const TempDir dir;
  write_synthetic(dir.path(), two_shards());
  fs::resize_file(dir / kIndex, kMaxIndexBytes + 1);
  EXPECT_NE(message_of(dir.path()).find("larger than"), std::string::npos);
}

/// Once failed: the code is bad-json, "the header is not the JSON that the format asks for".
TEST(Index, TooLargeIsABadIndex) {
  const TempDir dir;
  write_synthetic(dir.path(), two_shards());
  fs::resize_file(dir / kIndex, kMaxIndexBytes + 1);
  EXPECT_EQ(opened(dir.path()), "throws bad-index");
}

/// Once failed: the file's name goes raw into the context of the message.
TEST(Index, MessagesShowNothingRaw) {
  const TempDir dir;
  write_file(dir / "x\x1b[31m.safetensors.index.json", "{}");
  EXPECT_EQ(message_of(dir.path()),
            "x\\u{1b}[31m.safetensors.index.json: \"weight_map\" is missing");
}

}  // namespace
}  // namespace ckptscope::testing
