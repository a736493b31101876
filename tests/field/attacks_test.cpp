// What somebody did to the program, or could: pipes and devices where texts are expected, names
// that are flags, commands or controls, outputs that are not what they seem. Nothing hangs, nothing
// of the user's is lost, and what is refused says why.

#include <sys/stat.h>

#include <filesystem>

#include "tests/field/situation.hpp"
#include "tests/support/recorded.hpp"
#include "tests/support/tensor_files.hpp"

namespace ckptscope::testing {
namespace {

namespace fs = std::filesystem;

void put_model(const TempDir& dir) {
  write_synthetic(dir / "in", recorded_case("gpt_oss-mxfp4").source);
  write_file(dir / "in/tokenizer.json", "text of the tokenizer");
}

void put_keys(const TempDir& dir, const std::vector<std::string>& keys) {
  fs::create_directories(dir / "in");
  std::vector<FileTensor> tensors;
  for (const std::string& key : keys)
    tensors.push_back({key, Dtype::F32, {1}, std::string(4, 'x')});
  write_tensors(dir / "in/model.safetensors", tensors);
}

// ---- pipes and devices --------------------------------------------------------------------------

std::vector<Situation> pipes() {
  const auto cache = [](const TempDir& dir) {
    put_model(dir);
    fs::create_directories(dir / "in/snapshots/a");
    fs::create_directory(dir / "in/refs");
  };
  const auto record = [](const TempDir& dir) {
    put_model(dir);
    const std::string records = dir / "in/.cache/huggingface/download";
    fs::create_directories(records);
    return records + "/model-00001-of-00003.safetensors.metadata";
  };
  return {
      {"a_pipe_as_reference",
       [=](const TempDir& dir) {
         cache(dir);
         ::mkfifo((dir / "in/refs/main").c_str(), 0666);
       },
       "timeout 60 ckptscope info in",
       2,
       {"refs/main", "[not-regular]"}},
      {"a_device_as_reference",
       [=](const TempDir& dir) {
         cache(dir);
         fs::create_symlink("/dev/zero", dir / "in/refs/main");
       },
       "timeout 60 ckptscope info in",
       2,
       {"refs/main", "[not-regular]"}},
      {"a_pipe_as_record_of_the_hub",
       [=](const TempDir& dir) { ::mkfifo(record(dir).c_str(), 0666); },
       "timeout 60 ckptscope check --deep in",
       2,
       {"metadata", "[not-regular]"}},
      {"a_device_as_record_of_the_hub",
       [=](const TempDir& dir) { fs::create_symlink("/dev/zero", record(dir)); },
       "timeout 60 ckptscope check --deep in",
       2,
       {"metadata", "[not-regular]"}},
      {"a_pipe_as_journal",
       [](const TempDir& dir) {
         put_model(dir);
         fs::create_directory(dir / "out.partial");
         ::mkfifo((dir / "out.partial/ckptscope.journal").c_str(), 0666);
       },
       "flock out.partial timeout 60 ckptscope convert in -o out -q",
       3,
       {"locked by another process"}},
      {"a_pipe_as_side_file",
       [](const TempDir& dir) {
         put_model(dir);
         ::mkfifo((dir / "in/notes").c_str(), 0666);
       },
       "timeout 60 ckptscope convert in -o out",
       0,
       {"left out notes: no regular file"}},
      {"a_pipe_as_history",
       [](const TempDir& dir) {
         fs::create_directories(dir / "state/ckptscope");
         ::mkfifo((dir / "state/ckptscope/history").c_str(), 0666);
       },
       "echo pwd | XDG_STATE_HOME=$PWD/state timeout 60 ckptscope -f -", 0},
  };
}

// ---- names --------------------------------------------------------------------------------------

std::vector<Situation> names() {
  return {
      {"a_prefix_that_leaves_metadata",
       [](const TempDir& dir) {
         put_keys(dir, {"language_model.__metadata__",
                        "model.layers.0.self_attn.kv_a_proj_with_mqa.weight"});
         write_file(dir / "in/config.json", R"({"model_type":"mistral4"})");
       },
       "ckptscope convert in -o out -q --allow not-grouped",
       1,
       {"__metadata__"}},
      {"json_is_plain_of_controls",
       [](const TempDir& dir) {
         put_keys(dir, {"a\u009b31mred", "b\x7f", "c\u202e", "d\u2028", "e\U000e0041"});
       },
       "ckptscope ls in --json",
       0,
       {R"("a\u009b31mred")", R"("b\u007f")", R"("c\u202e")", R"("d\u2028")", R"("e\udb40\udc41")"},
       {"\u009b", "\x7f", "\u202e", "\u2028", "\U000e0041"}},
      {"names_of_many_dots",
       [](const TempDir& dir) {
         std::vector<std::string> keys;
         for (std::size_t i = 0; i < 2000; ++i) keys.push_back("x" + std::string(i, '.'));
         put_keys(dir, keys);
       },
       "ckptscope tree in | wc -l",
       0,
       {"20"}},
      {"an_index_of_absent_files",
       [](const TempDir& dir) {
         put_keys(dir, {"x"});
         std::string index = R"({"weight_map":{"x":"model.safetensors")";
         for (int i = 0; i < 20'000; ++i) {
           const std::string number = std::to_string(i);
           index += ",\"t" + number + "\":\"" + number + ".safetensors\"";
         }
         write_file(dir / "in/model.safetensors.index.json", index + "}}");
       },
       "ckptscope check in | tail -1",
       0,
       {"DAMAGED  20,000 errors"}},
      {"a_pattern_that_meets_its_limit",
       [](const TempDir& dir) { put_keys(dir, {std::string(40, 'a') + "!x"}); },
       "ckptscope ls in '/(a+)+!y|x$/'",
       2,
       {"(a+)+!y|x$", "too many steps"}},
      {"an_exclusion_that_meets_its_limit",
       [](const TempDir& dir) {
         std::string key = "q.";
         for (int i = 0; i < 9000; ++i) key += "ab";
         put_keys(dir, {key + ".c", "model.norm.weight"});
       },
       R"(ckptscope convert in -o out --adapter gpt_oss --exclude 'q\.(a|b)*\.c$' -q; ls out)",
       2,
       {"too many steps"}},
      {"a_directory_that_ends_a_quote",
       [](const TempDir& dir) {
         put_model(dir);
         fs::rename(dir / "in", dir / "a';touch pwned;'");
       },
       "ckptscope info a* | sed -n 's/^ *next *ckptscop[e] map/printf %s/p' > next; bash next; ls",
       0,
       {"a';touch pwned;'--to"},
       {"\npwned\n"}},
      {"a_directory_that_is_a_command",
       [](const TempDir& dir) {
         put_model(dir);
         fs::rename(dir / "in", dir / "m$(touch pwned)");
         write_file(dir / "keys", "4");
       },
       "ckptscope info m* && ckptscope m* --keys keys",
       0,
       {"ckptscope map 'm$(touch pwned)'", "ckptscope convert 'm$(touch pwned)'"}},
  };
}

// ---- outputs ------------------------------------------------------------------------------------

std::vector<Situation> outputs() {
  const std::string made = "ckptscope convert in -o out -q && ";
  const std::string again = "ckptscope convert in -o out -q --if-exists skip";
  return {
      {"an_output_of_this_conversion_is_skipped",
       put_model,
       made + again + " && " + again + " --verify roundtrip --json",
       0,
       {"\"skipped\":true", "\"verified\":\"round-trip\""}},
      {"a_damaged_output_is_not_skipped",
       put_model,
       made + "printf xxxxxxxx | dd of=out/model.safetensors bs=1 seek=9000 conv=notrunc; " + again,
       1,
       {"has changed", "[exists]"}},
      {"nor_is_one_without_its_config",
       put_model,
       made + "rm out/config.json; " + again,
       1,
       {"config.json"}},
      {"nor_one_with_another_tokenizer",
       put_model,
       made + "echo other > out/tokenizer.json; " + again,
       1,
       {"tokenizer.json"}},
      {"a_receipt_that_names_no_file",
       put_model,
       made +
           "rm out/model.safetensors; sed -i '/\"outputs\"/,$d' out/ckptscope.json; "
           "echo '\"outputs\": []}' >> out/ckptscope.json; " +
           again,
       1,
       {"names no file"}},
      {"a_receipt_of_a_number_beyond_all",
       put_model,
       made + "sed -i 's/\"bytes\": [0-9]*/\"bytes\": 1e83/' out/ckptscope.json; " + again,
       1,
       {"not made by a conversion of ours"}},
      {"a_broken_index_is_not_skipped",
       put_model,
       "ckptscope convert in -o out -q --max-shard-size 100kB && "
       "echo > out/model.safetensors.index.json; " +
           again + " --max-shard-size 100kB",
       1,
       {"model.safetensors.index.json"}},
      {"a_link_to_nothing_as_output",
       [](const TempDir& dir) {
         put_model(dir);
         fs::create_symlink("nowhere", dir / "out");
       },
       "ckptscope convert in -o out -q",
       1,
       {"[exists]"}},
      {"a_log_beside_the_tensors",
       put_model,
       "cd in && ckptscope convert . -o ../out > convert.log 2>&1; code=$?; cat convert.log; exit "
       "$code",
       0,
       {"left out convert.log: it changed during the conversion"}},
      {"a_redirection_twice_to_the_same_file", put_model,
       "cd in && ckptscope -c 'ls > keys.txt; ls > keys.txt' .", 0},
      {"a_redirection_over_a_side_file",
       put_model,
       "ckptscope -c 'ls > in/tokenizer.json' in; code=$?; cat in/tokenizer.json; exit $code",
       1,
       {"[same-files]", "text of the tokenizer"}},
      {"a_record_over_a_side_file",
       put_model,
       "printf ':record in/tokenizer.json<Enter>:ls<Enter><wait>' > keys; "
       "ckptscope in --keys keys > /dev/null; cat in/tokenizer.json",
       0,
       {"text of the tokenizer"}},
  };
}

std::vector<Situation> all() {
  std::vector<Situation> rows;
  for (const auto& group : {pipes(), names(), outputs()}) {
    rows.insert(rows.end(), group.begin(), group.end());
  }
  return rows;
}

class Attack : public ::testing::TestWithParam<Situation> {};

TEST_P(Attack, IsHeld) {
  expect_held(GetParam());
}

INSTANTIATE_TEST_SUITE_P(Field, Attack, ::testing::ValuesIn(all()),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace ckptscope::testing
