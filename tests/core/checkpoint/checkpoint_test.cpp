// Opening: what a path names, indexes and configs that lie, and that nothing stays open.

#include "core/checkpoint/checkpoint.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "core/base/display.hpp"
#include "core/checkpoint/index_file.hpp"
#include "core/checkpoint/synthetic.hpp"
#include "tests/support/temp_dir.hpp"

namespace ckptscope::testing {
namespace {

namespace fs = std::filesystem;

constexpr const char* kIndex = "model.safetensors.index.json";
constexpr const char* kFirst = "model-00001-of-00002.safetensors";
constexpr const char* kSecond = "model-00002-of-00002.safetensors";

/// a and b in the first shard, c and d in the second, 8 bytes each.
SyntheticCheckpoint two_shards() {
  SyntheticCheckpoint checkpoint;
  for (const char* key : {"a", "b", "c", "d"}) {
    checkpoint.tensors.push_back({key, Dtype::F32, {2}});
  }
  checkpoint.shards = 2;
  return checkpoint;
}

void write_one(const std::string& directory, const std::string& name, const std::string& key) {
  SyntheticCheckpoint one;
  one.tensors.push_back({key, Dtype::F32, {2}});
  write_synthetic(directory + "/.new", one);
  fs::rename(directory + "/.new/model.safetensors", directory + "/" + name);
  fs::remove_all(directory + "/.new");
}

std::string codes_of(const Checkpoint& checkpoint) {
  std::string codes;
  for (const Problem& problem : checkpoint.problems()) {
    codes += (codes.empty() ? "" : " ") + std::string(name_of(problem.code));
  }
  return codes;
}

/// The codes of the problems, or "throws CODE".
std::string codes_or_failure(const std::string& path, const OpenOptions& options = {}) {
  try {
    return codes_of(Checkpoint::open(path, options));
  } catch (const Error& error) {
    EXPECT_EQ(std::string_view(error.what()).find('\x1b'), std::string_view::npos);
    return "throws " + std::string(name_of(error.code()));
  }
}

/// The same without the note on total_size, which most rows here do not state.
std::string opened(const std::string& path, const OpenOptions& options = {}) {
  std::string codes = codes_or_failure(path, options);
  for (const char* note : {" total-size", "total-size ", "total-size"}) {
    if (const auto at = codes.find(note); at != codes.npos)
      codes.erase(at, std::string(note).size());
  }
  return codes;
}

std::string message_of(const std::string& path) {
  try {
    Checkpoint::open(path);
  } catch (const Error& error) {
    return error.what();
  }
  return "opens";
}

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

// ---- config.json --------------------------------------------------------------------------------

TEST(ConfigFile, WhatIsNotUsedIsAWarningAndTheRestOpens) {
  struct Row {
    std::string text;
    bool used;
  };
  const Row rows[] = {
      {"{}", true},
      {R"({"num_hidden_layers":9223372036854775808,"hidden_size":18446744073709551615})", true},
      {R"({"num_hidden_layers":123456789012345678901234567890})", true},
      {R"({"num_hidden_layers":"3","model_type":7,"dtype":[]})", true},
      {R"({"auto_map":{"AutoModel":"evil.py"},"_name_or_path":"http://x"})", true},
      {"", false},
      {"[]", false},
      {"null", false},
      {"\"x\"", false},
      {R"({"x":NaN})", false},
      {R"({"x":Infinity})", false},
      {R"({"x":1e999})", false},
      {R"({"x":1,"x":1})", false},
      {R"({"y":{"x":1,"x":1}})", false},
      {R"({"x":1)", false},
      {R"({"x":1} x)", false},
      {"\xef\xbb\xbf{}", false},
      {"{\"x\":\"\xff\"}", false},
      {R"({"x":)" + std::string(1'000'000, '['), false},
      {R"({"x":)" + std::string(400, '9') + "}", false},
  };
  const TempDir dir;
  write_synthetic(dir.path(), two_shards());
  for (const Row& row : rows) {
    write_file(dir / "config.json", row.text);
    const Checkpoint checkpoint = Checkpoint::open(dir.path());
    EXPECT_EQ(codes_of(checkpoint), row.used ? "" : "bad-config") << row.text.substr(0, 80);
    EXPECT_EQ(checkpoint.config().present(), row.used);
    EXPECT_EQ(checkpoint.config_path().empty(), !row.used);
    EXPECT_EQ(checkpoint.tensors().size(), 4u);
    EXPECT_FALSE(checkpoint.damaged());
    // One that was asked for must be good.
    EXPECT_EQ(opened(dir.path(), {dir / "config.json"}), row.used ? "" : "throws bad-config");
  }
  fs::remove(dir / "config.json");
  EXPECT_EQ(opened(dir.path()), "");
  EXPECT_EQ(opened(dir.path(), {dir / "config.json"}), "throws not-found");
  ASSERT_EQ(::mkfifo((dir / "config.json").c_str(), 0600), 0);
  EXPECT_EQ(opened(dir.path()), "bad-config");
}

TEST(ConfigFile, TooLargeIsNotRead) {
  const TempDir dir;
  write_synthetic(dir.path(), two_shards());
  write_file(dir / "config.json", "{}");
  fs::resize_file(dir / "config.json", 1'000'000'000);
  EXPECT_EQ(opened(dir.path()), "bad-config");
}

/// Once failed: the JSON library quotes the bytes it read, and the message is not escaped. U+009B
/// is CSI.
TEST(ConfigFile, MessagesShowNothingRaw) {
  const TempDir dir;
  write_synthetic(dir.path(), two_shards());
  for (const std::string text : {"{\"x\":\"\u009b31m\u202e\xff\"}", "{\"x\":\"\xff\x9b\"}"}) {
    write_file(dir / "config.json", text);
    const Checkpoint checkpoint = Checkpoint::open(dir.path());
    ASSERT_EQ(codes_of(checkpoint), "bad-config");
    EXPECT_FALSE(needs_escape(checkpoint.problems()[0].message))
        << display(checkpoint.problems()[0].message);
  }
}

/// Once failed: the file's name goes raw into the context of the message.
TEST(Index, MessagesShowNothingRaw) {
  const TempDir dir;
  write_file(dir / "x\x1b[31m.safetensors.index.json", "{}");
  EXPECT_EQ(message_of(dir.path()),
            "x\\u{1b}[31m.safetensors.index.json: \"weight_map\" is missing");
}

TEST(ConfigValues, AnswersByTypeOrNotAtAll) {
  const Config config = Config::parse(
      R"({"n":3,"neg":-1,"f":3.0,"big":18446744073709551615,"huge":99999999999999999999,)"
      R"("s":"x","list":[128,128],"mixed":[1,-1],"o":{"p":{"q":5}},"torch_dtype":"bfloat16",)"
      R"("text_config":{"n":4,"m":6,"dtype":"float32"}})",
      "config.json");
  struct Row {
    std::string_view path;
    std::optional<std::uint64_t> value;
  };
  const Row rows[] = {
      {"n", 3},
      {"neg", {}},
      {"f", {}},
      {"big", 18446744073709551615u},
      {"s", {}},
      {"huge", {}},
      {"list", {}},
      {"o.p.q", 5},
      {"m", 6},
      {"none", {}},
      {"o.p", {}},
      {"o.p.q.r", {}},
      {"n.x", {}},
      {"o", {}},
      {"text_config.n", 4},
  };
  for (const Row& row : rows) EXPECT_EQ(config.integer(row.path), row.value) << row.path;
  EXPECT_EQ(config.integer({"none", "m", "n"}), 6u);
  EXPECT_EQ(config.integer_or("none", 9), 9u);
  EXPECT_EQ(config.text("s"), "x");
  EXPECT_EQ(config.text("n"), std::nullopt);
  EXPECT_EQ(config.integers("list"), (std::vector<std::uint64_t>{128, 128}));
  EXPECT_EQ(config.integers("mixed"), std::nullopt);
  EXPECT_EQ(config.integers("n"), std::nullopt);
  EXPECT_EQ(config.dtypes(), (std::vector<std::string>{"bfloat16", "float32"}));
  EXPECT_FALSE(Config().present());
  EXPECT_EQ(Config().integer("n"), std::nullopt);
  EXPECT_TRUE(Config().dtypes().empty());
}

TEST(ConfigValues, EditedKeepsTheRest) {
  struct Row {
    std::string text;
    bool drop;
    std::string edited;
  };
  const Row rows[] = {
      {R"({"b":1,"a":2})", false, R"({"b":1,"a":2,"dtype":"bfloat16"})"},
      {R"({"torch_dtype":"float32","z":1})", false, R"({"torch_dtype":"bfloat16","z":1})"},
      {R"({"quantization_config":{"x":1},"dtype":"auto"})", true, R"({"dtype":"bfloat16"})"},
      {R"({"quantization_config":{"x":1},"dtype":"auto"})", false,
       R"({"quantization_config":{"x":1},"dtype":"bfloat16"})"},
      {R"({"text_config":{"dtype":"float32","quantization_config":{}}})", true,
       R"({"text_config":{"dtype":"bfloat16"}})"},
  };
  for (const Row& row : rows) {
    std::string edited =
        Config::parse(row.text, "c")
            .edited({"bfloat16", row.drop ? std::optional<std::string>("") : std::nullopt});
    std::erase_if(edited, [](char c) { return c == ' ' || c == '\n'; });
    EXPECT_EQ(edited, row.edited);
  }
}

// ---- what a path names --------------------------------------------------------------------------

class Environment {
 public:
  Environment(const char* name, const std::string& value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    ::setenv(name, value.c_str(), 1);
  }
  ~Environment() { before_ ? ::setenv(name_, before_->c_str(), 1) : ::unsetenv(name_); }

 private:
  const char* name_;
  std::optional<std::string> before_;
};

std::vector<std::string> files_of(const Checkpoint& checkpoint) {
  std::vector<std::string> names;
  for (const Shard& shard : checkpoint.shards()) names.push_back(shard.name);
  return names;
}

using Names = std::vector<std::string>;

TEST(Locate, DirectoryFileAndIndex) {
  const TempDir dir;
  write_synthetic(dir / "m", two_shards());
  write_file(dir / "m/config.json", R"({"n":1})");
  for (const std::string path : {"m", "m/", "m//", "m/model.safetensors.index.json"}) {
    const Checkpoint checkpoint = Checkpoint::open(dir / path);
    EXPECT_EQ(files_of(checkpoint), (Names{kFirst, kSecond})) << path;
    EXPECT_EQ(checkpoint.config().integer("n"), 1u) << path;
    EXPECT_EQ(codes_of(checkpoint), "");
  }
  const Checkpoint one = Checkpoint::open(dir / ("m/" + std::string(kSecond)));
  EXPECT_EQ(files_of(one), Names{kSecond});
  EXPECT_EQ(one.tensors().size(), 2u);
  EXPECT_EQ(one.config().integer("n"), 1u);
  EXPECT_EQ(one.name(), kSecond);
  EXPECT_EQ(Checkpoint::open(dir / "m/").name(), "m");
}

/// Once failed: "the index names renamed.bin, a pickle, which is never opened"; there is no index.
TEST(Locate, TensorsNamedLikeAPickle) {
  const TempDir dir;
  write_synthetic(dir.path(), two_shards());
  fs::rename(dir / kFirst, dir / "renamed.bin");
  EXPECT_EQ(opened(dir / "renamed.bin"), "");
}

TEST(Locate, AFileIsJudgedByItsContent) {
  const TempDir dir;
  write_synthetic(dir.path(), two_shards());
  fs::copy_file(dir / kFirst, dir / "renamed.gguf");
  EXPECT_EQ(files_of(Checkpoint::open(dir / "renamed.gguf")), Names{"renamed.gguf"});
  fs::rename(dir / kIndex, dir / "an_index");
  EXPECT_EQ(Checkpoint::open(dir / "an_index").shards().size(), 2u);
  struct Row {
    std::string content;
    std::string outcome;
  };
  const Row rows[] = {
      {"GGUF\x03" + std::string(20, '\0'), "throws foreign-format"},
      {"PK\x03\x04" + std::string(20, 'x'), "throws foreign-format"},
      {"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "throws lfs-pointer"},
      {"", "header-too-small"},
      {"abc", "header-too-small"},
  };
  for (const Row& row : rows) {
    write_file(dir / "x.safetensors", row.content);
    EXPECT_EQ(opened(dir / "x.safetensors"), row.outcome);
  }
}

TEST(Locate, WhatIsNoCheckpoint) {
  const TempDir dir;
  const auto fresh = [&](const std::string& file) {
    fs::remove_all(dir / "d");
    fs::create_directory(dir / "d");
    if (!file.empty()) write_file(dir / ("d/" + file), "x");
    return opened(dir / "d");
  };
  EXPECT_EQ(fresh(""), "throws not-a-checkpoint");
  EXPECT_EQ(fresh("README.md"), "throws not-a-checkpoint");
  EXPECT_EQ(fresh("pytorch_model.bin"), "throws foreign-format");
  EXPECT_EQ(fresh("model.gguf"), "throws foreign-format");
  EXPECT_EQ(fresh("model.pt"), "throws foreign-format");
  EXPECT_EQ(fresh("__0_0.distcp"), "throws rank-shards");
  EXPECT_EQ(fresh("adapter_config.json"), "throws lora-adapter");
  EXPECT_EQ(opened(dir / "nowhere"), "throws not-found");
  EXPECT_EQ(opened("/dev/null"), "throws not-regular");
  ASSERT_EQ(::mkfifo((dir / "fifo").c_str(), 0600), 0);
  EXPECT_EQ(opened(dir / "fifo"), "throws not-regular");
  fs::create_symlink(dir / "loop", dir / "loop");
  EXPECT_TRUE(opened(dir / "loop").starts_with("throws "));
  fs::create_symlink(dir / "gone", dir / "dangling.safetensors");
  EXPECT_EQ(opened(dir / "dangling.safetensors"), "throws not-found");
}

TEST(Locate, CheckpointsBelowAreListed) {
  const TempDir dir;
  write_synthetic(dir / "run/model/consolidated", two_shards());
  const std::string message = message_of(dir / "run");
  EXPECT_NE(message.find("run/model/consolidated"), message.npos) << message;
}

TEST(Locate, RankSlicesAreNamed) {
  const TempDir dir;
  SyntheticCheckpoint slices = two_shards();
  slices.metadata["DCP_SHARDING_INFO"] = "{}";
  write_synthetic(dir.path(), slices);
  EXPECT_EQ(opened(dir.path()), "throws rank-shards");
}

TEST(Locate, WithoutAnIndexAllFilesButConsolidated) {
  const TempDir dir;
  write_one(dir.path(), "consolidated.safetensors", "z");
  EXPECT_EQ(files_of(Checkpoint::open(dir.path())), Names{"consolidated.safetensors"});
  EXPECT_EQ(opened(dir.path()), "");
  write_one(dir.path(), "part10.safetensors", "b");
  write_one(dir.path(), "part9.safetensors", "a");
  const Checkpoint both = Checkpoint::open(dir.path());
  EXPECT_EQ(files_of(both), (Names{"part9.safetensors", "part10.safetensors"}));
  EXPECT_EQ(codes_of(both), "ignored-file");
  EXPECT_EQ(both.location().ignored, Names{"consolidated.safetensors"});
}

TEST(Locate, WithAnIndexOnlyTheFilesItNames) {
  const TempDir dir;
  write_synthetic(dir.path(), two_shards());
  write_one(dir.path(), "consolidated.safetensors", "a");
  write_one(dir.path(), "extra.safetensors", "a");
  const Checkpoint checkpoint = Checkpoint::open(dir.path());
  EXPECT_EQ(files_of(checkpoint), (Names{kFirst, kSecond}));
  EXPECT_EQ(codes_of(checkpoint), "ignored-file ignored-file");
  EXPECT_FALSE(checkpoint.damaged());
}

/// Once failed: the files that the index names are noted as weights of no part of the checkpoint.
TEST(Locate, AnIndexOfConsolidatedFiles) {
  const TempDir dir;
  write_one(dir.path(), "consolidated-00001-of-00001.safetensors", "a");
  write_file(dir / "consolidated.safetensors.index.json",
             R"({"weight_map":{"a":"consolidated-00001-of-00001.safetensors"}})");
  const Checkpoint checkpoint = Checkpoint::open(dir.path());
  EXPECT_EQ(files_of(checkpoint), Names{"consolidated-00001-of-00001.safetensors"});
  EXPECT_EQ(codes_of(checkpoint), "total-size");
}

TEST(Locate, SeveralIndexes) {
  const TempDir dir;
  write_synthetic(dir.path(), two_shards());
  fs::copy_file(dir / kIndex, dir / "other.safetensors.index.json");
  EXPECT_EQ(opened(dir.path()), "");  // the usual one
  fs::rename(dir / kIndex, dir / "second.safetensors.index.json");
  EXPECT_EQ(opened(dir.path()), "throws ambiguous-index");
  const std::string message = message_of(dir.path());
  EXPECT_NE(message.find("other.safetensors.index.json, second.safetensors.index.json"),
            message.npos);
  EXPECT_EQ(opened(dir / "second.safetensors.index.json"), "");
  fs::remove(dir / "other.safetensors.index.json");
  EXPECT_EQ(opened(dir.path()), "");  // the only one
}

/// A cache as the hub's library makes it: blobs, a snapshot of links, refs/main.
void write_cache(const std::string& entry) {
  write_synthetic(entry + "/blobs", two_shards());
  fs::create_directories(entry + "/snapshots/abc123");
  fs::create_directories(entry + "/refs");
  for (const char* name : {kFirst, kSecond, kIndex}) {
    fs::create_symlink("../../blobs/" + std::string(name), entry + "/snapshots/abc123/" + name);
  }
  write_file(entry + "/refs/main", "abc123");
}

TEST(Locate, HubCache) {
  const TempDir dir;
  const std::string entry = dir / "hub/models--org--name";
  write_cache(entry);
  const Environment home("HF_HOME", dir.path());
  for (const std::string& path : {entry, entry + "/", std::string("org/name")}) {
    const Checkpoint checkpoint = Checkpoint::open(path);
    EXPECT_EQ(checkpoint.tensors().size(), 4u);
    EXPECT_EQ(codes_of(checkpoint), "symlink");  // once for all
    EXPECT_NE(checkpoint.location().resolved_from.find("models--org--name"), std::string::npos);
    EXPECT_TRUE(checkpoint.location().directory.ends_with("/snapshots/abc123"));
    EXPECT_EQ(checkpoint.location().path, path);
  }
  EXPECT_EQ(Checkpoint::open("org/name").name(), "name");
  EXPECT_EQ(opened("org/other"), "throws not-found");
  EXPECT_EQ(opened("org/name/x"), "throws not-found");
  EXPECT_EQ(opened("orgname"), "throws not-found");
  for (const std::string revision : {"", "../../..", "gone", ".."}) {
    write_file(entry + "/refs/main", revision);
    EXPECT_EQ(opened("org/name"), "throws not-a-checkpoint") << revision;
  }
}

TEST(Locate, HubCacheUnderHome) {
  const TempDir dir;
  write_cache(dir / ".cache/huggingface/hub/models--org--name");
  const Environment home("HOME", dir.path());
  if (std::getenv("HF_HOME") != nullptr) GTEST_SKIP() << "HF_HOME is set";
  EXPECT_EQ(Checkpoint::open("org/name").tensors().size(), 4u);
}

// ---- shards -------------------------------------------------------------------------------------

TEST(Shards, ALinkMayPointAnywhereAndIsNoted) {
  const TempDir dir;
  write_synthetic(dir / "disk", two_shards());
  write_synthetic(dir / "m", two_shards());
  fs::remove(dir / ("m/" + std::string(kFirst)));
  fs::create_symlink(dir / ("disk/" + std::string(kFirst)), dir / ("m/" + std::string(kFirst)));
  const Checkpoint checkpoint = Checkpoint::open(dir / "m");
  ASSERT_EQ(codes_of(checkpoint), "symlink");
  EXPECT_EQ(checkpoint.problems()[0].severity, Severity::Note);
  EXPECT_NE(checkpoint.problems()[0].message.find("disk/"), std::string::npos);
  EXPECT_FALSE(checkpoint.damaged());
}

/// Once failed: not-found for the whole directory; a shard that is named but absent is a defect to
/// list.
TEST(Shards, ADanglingLinkIsAMissingShard) {
  const TempDir dir;
  write_synthetic(dir.path(), two_shards());
  fs::remove(dir / kSecond);
  fs::create_symlink("../blobs/gone", dir / kSecond);
  EXPECT_TRUE(opened(dir.path()).starts_with("missing-shard")) << opened(dir.path());
}

TEST(Shards, NotRegular) {
  const TempDir dir;
  write_synthetic(dir.path(), two_shards());
  fs::remove(dir / kFirst);
  ASSERT_EQ(::mkfifo((dir / kFirst).c_str(), 0600), 0);
  EXPECT_EQ(opened(dir.path()), "missing-shard");
  const std::string message = Checkpoint::open(dir.path()).problems()[0].message;
  EXPECT_NE(message.find("not a regular file: 2 tensors lost"), message.npos) << message;
  fs::remove(dir / kFirst);
  fs::create_symlink("/dev/zero", dir / kFirst);
  EXPECT_EQ(opened(dir.path()), "missing-shard symlink");
  fs::remove(dir / kFirst);
  fs::create_directory(dir / kFirst);
  EXPECT_EQ(opened(dir.path()), "missing-shard");
}

TEST(Shards, NumberingIsOnlyANote) {
  const TempDir dir;
  SyntheticCheckpoint zero_based = two_shards();
  zero_based.zero_based = true;  // 00000 and 00001 of 00001
  write_synthetic(dir.path(), zero_based);
  EXPECT_EQ(opened(dir.path()), "file-numbering");
}

TEST(Shards, TensorInTwoFilesWithoutIndex) {
  const TempDir dir;
  write_one(dir.path(), "one.safetensors", "a");
  write_one(dir.path(), "two.safetensors", "a");
  const Checkpoint checkpoint = Checkpoint::open(dir.path());
  EXPECT_EQ(codes_of(checkpoint), "duplicate-tensor");
  EXPECT_TRUE(checkpoint.damaged());
}

TEST(Shards, LookAlikeNames) {
  const TempDir dir;
  SyntheticCheckpoint checkpoint;
  checkpoint.tensors.push_back({"caf\u00e9", Dtype::F32, {1}});
  checkpoint.tensors.push_back({"cafe\u0301", Dtype::F32, {1}});
  write_synthetic(dir.path(), checkpoint);
  EXPECT_EQ(opened(dir.path()), "look-alike");
}

std::size_t open_descriptors() {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator("/proc/self/fd"), {}));
}

TEST(Shards, TenThousandOpensLeaveNothingOpen) {
  const TempDir dir;
  SyntheticCheckpoint one;
  one.tensors.push_back({"a", Dtype::F32, {2}});
  one.config = "{}";
  write_synthetic(dir.path(), one);
  write_file(dir / "bad.safetensors.index.json", "{");
  const std::size_t before = open_descriptors();
  for (int i = 0; i < 10'000; ++i) {
    ASSERT_EQ(Checkpoint::open(dir / "model.safetensors").tensors().size(), 1u);
    ASSERT_EQ(opened(dir / "bad.safetensors.index.json"), "throws bad-index");
  }
  EXPECT_EQ(open_descriptors(), before);
}

}  // namespace
}  // namespace ckptscope::testing
