// Keys in, screens out: the whole interface without a terminal, as goldens in tests/golden/tui.
// CKPTSCOPE_REGENERATE=1 writes them anew, for review by eye.

#include <gtest/gtest.h>

#include <filesystem>

#include "app/tui/key_script.hpp"
#include "tests/support/golden.hpp"
#include "tests/support/masked.hpp"
#include "tests/support/prepared.hpp"
#include "tests/support/published.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/test_names.hpp"
#include "tests/support/transcript_fixtures.hpp"
#include "tests/support/two_shards.hpp"

namespace ckptscope::testing {
namespace {

namespace fs = std::filesystem;

/// The current directory for the time of a test, so that paths on screens are short and the same.
class InDirectory {
 public:
  explicit InDirectory(const std::string& path) : before_(fs::current_path()) {
    fs::current_path(path);
  }
  ~InDirectory() { fs::current_path(before_); }

 private:
  const fs::path before_;
};

std::vector<std::string> split(const std::string& text, const std::string& at) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  for (auto end = text.find(at); end != text.npos; end = text.find(at, begin)) {
    parts.push_back(text.substr(begin, end - begin));
    begin = end + at.size();
  }
  parts.push_back(text.substr(begin));
  return parts;
}

/// The line above a screen: the keys since the one before. A script may begin with <dump>, and end
/// with one.
std::string heading(const std::string& keys, bool is_first) {
  if (!keys.empty()) return "== after \"" + keys + "\"\n";
  return is_first ? "== at first\n" : "== at the end\n";
}

/// Every screen below a line that says which. Keys that quit show no last one.
/// `first` are keys that come before all.
std::string screens(const std::string& path, const std::string& keys, const std::string& size,
                    const std::string& first = "") {
  const std::string text = masked(run_key_script(path, {}, first + keys, parse_size(size)));
  const std::vector<std::string> lines = split(text, "\n");
  const std::vector<std::string> steps = split(keys, "<dump>");
  const auto rows = static_cast<std::size_t>(parse_size(size).rows);
  const std::size_t count = (lines.size() - 1) / rows;
  EXPECT_EQ((lines.size() - 1) % rows, 0u) << "half a screen";
  EXPECT_TRUE(count == steps.size() || count + 1 == steps.size());
  std::string out;
  for (std::size_t i = 0; i < (lines.size() - 1); ++i) {
    if (i % rows == 0) out += heading(steps.at(i / rows), i == 0);
    out += lines[i] + "\n";
  }
  return out;
}

// ---- the published checkpoints, at four sizes ---------------------------------------------------

struct Look {
  std::string model;
  std::string size;
};

void PrintTo(const Look& look, std::ostream* out) {
  *out << look.model << " " << look.size;
}

class FirstLook : public ::testing::TestWithParam<Look> {};

TEST_P(FirstLook, IsAsRecorded) {
  const auto& [model, size] = GetParam();
  const TempDir dir;
  write_synthetic(dir / model, published(model));
  const InDirectory here(dir.path());
  expect_golden("tui/" + model + "-" + size + ".txt",
                screens(model, "<dump>1<dump>2jj<dump>4", size));
}

std::vector<Look> looks() {
  std::vector<Look> all;
  for (const char* model : {"gpt-oss-20b", "nemotron-nano", "hy3", "mistral4", "mistral4-text"}) {
    for (const char* size : {"60x20", "80x24", "120x40", "200x60", "40x12"})
      all.push_back({model, size});
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(Tui, FirstLook, ::testing::ValuesIn(looks()), [](const auto& test) {
  return as_identifier(test.param.model + "_" + test.param.size);
});

// ---- what keys do -------------------------------------------------------------------------------

struct Row {
  std::string name;
  std::string path;
  std::string keys;
  std::string size = "100x30";
  std::string first = "1";  // keys before all: to the screen of keys
};

void PrintTo(const Row& row, std::ostream* out) {
  *out << row.name;
}

class KeyRows : public ::testing::TestWithParam<Row> {};

TEST_P(KeyRows, DoAsRecorded) {
  const Row& row = GetParam();
  const TempDir dir;
  make_screens(dir);
  const InDirectory here(dir.path());
  expect_golden("tui/" + row.name + ".txt",
                "keys " + row.keys + "\n\n" + screens(row.path, row.keys, row.size, row.first));
}

INSTANTIATE_TEST_SUITE_P(
    Tui, KeyRows,
    ::testing::Values(
        Row{"overview", "split", "<dump>e<dump>/routed<Enter><dump><Enter><dump>q<dump>qq",
            "100x30", ""},
        Row{"overview-damaged", "damaged", "<dump>e<dump>", "80x24", ""},
        Row{"pictures", "split",
            "x<wait><dump>/experts<Enter><Enter><wait><dump>e<dump>e<dump>vv<dump>jl<dump><Enter>"
            "<wait><dump>q<dump>q<dump>q<dump>",
            "100x30", ""},
        Row{"heat-map-narrow", "stacked", ":stat down_proj<Enter><wait><dump>GG<dump>E<dump>",
            "50x14", ""},
        Row{"completion-of-verbs", "gpt-oss",
            ":ex<Tab><dump><Tab><dump><Esc>:vfy<Tab><dump>"
            "<Esc>:stat --<Tab><dump>",
            "100x30"},
        Row{"filter-as-typed", "hy3", "&expert<wait><dump>s.0<wait><dump><Esc><wait><dump>",
            "80x24"},
        Row{"picker", ".", "<dump>jj<Enter><wait><dump>", "80x24", ""},
        Row{"mouse", "gpt-oss",
            "<Click 0 56><dump><Click 6 20><dump><Click 6 2><dump><Click 6 "
            "6><dump><WheelDown><dump>"
            "<Click 10 67><Drag 10 50><Release 10 50><dump><lt><dump>z<dump>z>><dump>"
            "<Click 29 2><wait><dump>",
            "100x30", ""},
        Row{"mouse-on-a-heat-map", "stacked",
            ":stat down_proj<Enter><wait><Click 4 17><dump><Click 4 17><wait><dump>", "80x24", ""},
        Row{"against", "split",
            "Ddrifted<Enter><wait><dump>jjj<Enter><wait><dump>jj<Enter><wait><dump>q<dump>q<dump>",
            "100x30", ""},
        Row{"pictures-of-a-fold", "stacked", "jjj<dump>x<wait><dump>q<dump>", "80x24"},
        Row{"three-looks-at-the-tensor", "gpt-oss", "jj3<wait><dump>q3<dump>1j3<wait><dump>",
            "80x24"},
        Row{"sorted-inside-the-tree", "gpt-oss",
            "jjjsb<dump>I<dump>t<wait><dump>t<dump>sk<dump>sd<wait><dump>", "80x24"},
        Row{"pane-of-figures", "gpt-oss",
            "i<wait><dump>jjjjjjjjj<wait><dump>k<wait><dump>i<dump><Tab>jj<dump>i<dump>", "100x24"},
        Row{"image", "gpt-oss",
            ":show model.layers.0.mlp.experts.down_proj --image<Enter><wait><dump>jl<Enter><wait>"
            "<dump>llllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll"
            "<wait><dump>q<dump>Y<dump>qq",
            "100x30"},
        Row{"line-filter", "split",
            ":stat layers<Enter><wait>3&down<dump><Enter>Y<dump>q<dump>5&exit<dump><Enter>"
            "<dump>q<dump>",
            "90x24"},
        Row{"commands-of-views", "gpt-oss",
            "Y<dump>0Y<dump>2Y<dump>4Y<dump>1&layer=1 *proj*<Enter><wait>sb<dump>tY<wait>Y<dump>"
            "jj3<wait>Y<dump>1jj<Enter><wait>Y<dump>",
            "100x12"},
        Row{"fold", "gpt-oss", "jjjjh<dump>h<dump>l<dump>*<dump>*<dump>G"},
        Row{"siblings", "gpt-oss",
            "/down_proj_blocks<wait><Enter>]<dump>]<dump>[<dump><Tab>jj<dump>"},
        Row{"search", "hy3", "/experts.3.up<wait><dump><Enter>n<dump>N<dump>/nothing<wait><Esc>"},
        Row{"flat", "gpt-oss", "t<dump>sb<wait><dump>I<wait><dump>sk<wait>/router<wait><Enter>n"},
        Row{"filter", "nemotron",
            "&layer=1 *experts*<Enter><wait><dump>q<wait><dump>&x(<Enter><wait>"
            "<Esc>&kproj<Enter><wait><dump>"},
        Row{"show", "gpt-oss", "Gk<Enter><wait><dump>q<dump>i<wait>"},
        Row{"mapping", "mistral4", "2jjj<dump>l<dump>/gate_up<Enter><dump><Enter>"},
        Row{"mapping-of-key", "hy3", "/layers.2.*down<wait><Enter>m<dump>l<Enter><wait>"},
        Row{"adapter", "gpt-oss", "ajjj<wait><dump><Enter><wait><dump>5<dump>2ak<wait><Esc><wait>"},
        Row{"stats", "gpt-oss",
            "/down_proj_blocks<wait><Enter>3<wait><dump>lll<dump>b<dump>b<dump>]<wait>"},
        Row{"stats-fp8", "mistral4", "/experts.down_proj<wait><Enter>3<wait>"},
        Row{"stats-group", "gpt-oss",
            ":stat layer=1 *proj*<Enter><wait>jjj<dump><Enter><wait><dump>5"},
        Row{"stats-narrow", "gpt-oss", "/down_proj_blocks<wait><Enter>3<wait>", "60x20"},
        Row{"convert", "gpt-oss",
            "4<Enter>out<Enter><wait><dump>G<Enter><wait><dump><Enter><wait><dump>G<Enter><wait>"},
        Row{"convert-fields", "gpt-oss",
            "4j<Enter><wait><Enter><wait><dump><Enter><wait>jj<Enter><wait><dump>jjjj<Enter><"
            "wait>"},
        Row{"convert-refused", "missing", "4<Enter>out<Enter><wait>G<Enter><wait><dump>2ee"},
        Row{"damaged", "damaged", "<dump>e<dump>e<dump>E<dump>2<dump>4"},
        Row{"damaged-80x24", "damaged", "e<dump>2<dump>4", "80x24"},
        Row{"damaged-120x40", "damaged", "e<dump>2<dump>4", "120x40"},
        Row{"damaged-40x12", "damaged", "e<dump>2<dump>4", "40x12"},
        Row{"not-openable", "nowhere", "<dump>:open gpt-oss<Enter><wait>"},
        Row{"nothing", "", "<dump>:ls<Enter><dump>2<dump>3<dump>4<dump>x"},
        Row{"hostile", "hostile", "<dump>t<dump>jj<Enter><wait><dump>:show \"<Tab>"},
        Row{"commands", "gpt-oss",
            ":ls dtype=U8 layer=0<Enter><wait><dump>q:covert<Enter><dump>:set dtype f32; map"
            "<Enter><wait><dump>:unset dtype<Enter><wait>:5<Enter>1:5<Enter><dump>:ls|cat<Enter>"},
        Row{"complete", "gpt-oss",
            ":st<Tab><dump>model.l<Tab><Tab><dump>0.mlp.<Tab><dump><Esc>:ls --so<Tab><dump><C-u>"
            "ls > li<Enter><wait><dump>:<Up><Up>"},
        Row{"help", "gpt-oss", "?<dump>q2?<dump>q4<F1><dump><Esc>:help stat<Enter><wait>"},
        Row{"diff", "gpt-oss", "Dgpt-oss<Enter><wait><dump>qDh<Tab><Enter><wait>"},
        Row{"back", "gpt-oss", "2q<dump>i<wait>q<dump><Esc><Esc><dump>zq"},
        Row{"ascii-less", "gpt-oss", "<dump>2", "39x9"}),
    [](const auto& test) { return as_identifier(test.param.name); });

/// Found by reviews; each once crashed, ran what it should not, or showed something else.
INSTANTIATE_TEST_SUITE_P(
    Mended, KeyRows,
    ::testing::Values(
        Row{"mended-search-while-filtering", "gpt-oss", "&layer=0<Enter>/layers.1<Enter><wait>n"},
        Row{"mended-next-after-close", "gpt-oss",
            "/down<wait><Enter>:close<Enter>n<dump>:open hy3<Enter><wait>"},
        Row{"mended-flags-alone", "gpt-oss", ":--help<Enter><wait><dump>q:--json<Enter>"},
        Row{"mended-steps-in-order", "gpt-oss",
            ":set dtype f32; convert -o o1; verify o1<Enter><wait><dump>5"},
        Row{"mended-overwriting", "gpt-oss",
            ":record gpt-oss/model-00001-of-00003.safetensors<Enter><dump>"
            ":adapters > gpt-oss/config.json<Enter><wait>"},
        Row{"mended-scales-are-matches", "gpt-oss",
            "/_scales<wait><Enter><dump>n<dump>n<dump>n<dump>n"},
        Row{"mended-sibling-of-the-flat-list", "gpt-oss", "tjjjjj<dump>]"},
        Row{"mended-failed-open", "gpt-oss", ":open nowhere<Enter><wait><dump>4"},
        Row{"mended-names-are-no-commands", "hostile", ":stat<Enter><wait>jj<Enter><wait><dump>5"},
        Row{"mended-history-to-a-file", "gpt-oss", ":history > lines.txt<Enter><wait>"},
        Row{"mended-adapter-as-recognised", "gpt-oss", "a<Enter><wait>"},
        Row{"mended-typed-conversion", "gpt-oss",
            ":set output o1; convert -o o3<Enter><wait><dump><Enter><wait>"},
        Row{"mended-expression-with-backslashes", "gpt-oss",
            "4jjjj<Enter>model\\.layers\\.0<Enter><wait><dump><Enter>"},
        Row{"mended-filter-stays", "gpt-oss", "&dtype=U8<Enter><wait>&xyz<Enter><wait>"},
        Row{"mended-first-match-of-lines", "gpt-oss", "2/router<Enter><dump>n"}),
    [](const auto& test) { return as_identifier(test.param.name); });

/// A script that runs itself ends.
TEST(Mended, AScriptThatRunsItself) {
  const TempDir dir;
  make_screens(dir);
  const InDirectory here(dir.path());
  write_file("self", "source self\n");
  const std::string screen = run_key_script("gpt-oss", {}, ":source self<Enter><wait>", {});
  EXPECT_NE(screen.find("more than 16 scripts"), screen.npos) << screen;
}

/// Keys of a checkpoint that look like flags and lines are shown, looked at and recorded as keys.
TEST(Mended, KeysThatLookLikeFlags) {
  const TempDir dir;
  SyntheticCheckpoint odd;
  odd.tensors.push_back({"--json", Dtype::F32, {4}});
  odd.tensors.push_back({"a; quit", Dtype::F32, {4}});
  write_synthetic(dir / "odd", odd);
  const InDirectory here(dir.path());
  const std::string screen =
      run_key_script("odd", {}, "1:record did<Enter>g<Enter><wait><dump>qjx<wait><dump>qqq", {});
  EXPECT_NE(screen.find(" --json\n   dtype     F32"), screen.npos) << screen;
  EXPECT_NE(screen.find(" a; quit   F32 [4], 16 B"), screen.npos) << screen;
  EXPECT_EQ(read_file("did"), "open odd\nshow -- --json\nstat \"a; quit\"\n");
}

/// Once failed: of a problem that is about a shard its first tensor was looked for, and the shard
/// of one that lies in slices looked up as one.
TEST(Mended, AProblemOfAShardOfSlices) {
  const TempDir dir;
  fs::create_directory(dir / "ranks");
  write_file(dir / ("ranks/" + std::string(kFirst)), slice_of_a(0, "b"));
  write_file(dir / ("ranks/" + std::string(kSecond)), slice_of_a(1, "c"));
  const InDirectory here(dir.path());
  const std::string screen = run_key_script("ranks", {}, "1e<dump>", {});
  EXPECT_NE(screen.find("1 of 2: "), screen.npos) << screen;
  EXPECT_NE(screen.find("unaligned-data"), screen.npos) << screen;
}

// ---- recording ----------------------------------------------------------------------------------

/// What was done by keys, done again by the script that :record wrote.
TEST(Record, ReplayGivesTheSameConversion) {
  const TempDir dir;
  make_screens(dir);
  const InDirectory here(dir.path());
  run_key_script("gpt-oss", {},
                 ":set dtype f32<Enter><wait>:record did.txt<Enter>jjj2ll4<Enter>by-keys<Enter>"
                 "<wait>G<Enter><wait>:verify by-keys<Enter><wait>:record<Enter>i<wait>",
                 {});
  const std::string script = read_file("did.txt");
  EXPECT_EQ(script,
            "open gpt-oss\nset dtype f32\nset output by-keys\n"
            "convert --output by-keys --dtype f32\nverify by-keys\n");
  fs::rename("by-keys", "first");
  const std::string line = std::string(CKPTSCOPE_BINARY) + " -q -f did.txt >out.txt 2>&1";
  ASSERT_EQ(std::system(line.c_str()), 0) << read_file("out.txt");
  EXPECT_EQ(std::system("diff -r first by-keys"), 0);
}

TEST(KeyScript, OfTheCommandLine) {
  const TempDir dir;
  make_screens(dir);
  const InDirectory here(dir.path());
  write_file("keys", "2<dump>\nq");
  const std::string program = CKPTSCOPE_BINARY;
  const auto run = [&](const std::string& rest) {
    return std::system((program + " " + rest + " >out.txt 2>&1").c_str());
  };
  EXPECT_EQ(run("--keys keys --screen 80x24 gpt-oss"), 0);
  const std::string out = read_file("out.txt");
  EXPECT_EQ(std::count(out.begin(), out.end(), '\n'), 48);
  EXPECT_EQ(masked(out), masked(run_key_script("gpt-oss", {}, "2<dump>\nq", parse_size("80x24"))));
  EXPECT_NE(run("--keys keys --screen 80 gpt-oss"), 0);
  EXPECT_NE(run("--keys nowhere gpt-oss"), 0);
  write_file("keys", "<Enter");
  EXPECT_NE(run("--keys keys gpt-oss"), 0);
}

/// What a killed conversion has left is offered to go on with.
TEST(Tui, GoesOnWithWhatIsDone) {
  const TempDir dir;
  make_screens(dir);
  const Checkpoint checkpoint = Checkpoint::open(dir / "gpt-oss");
  const Plan plan = plan_conversion(checkpoint, {}).plan;
  ConvertOptions options;
  options.out = dir / "gpt-oss-native";
  options.max_shard_bytes = 100'000;
  options.resources.threads = 1;
  options.leftover = Leftover::Resume;
  StoppingProgress progress(2);
  EXPECT_EQ(code_of([&] { convert(checkpoint, plan, options, progress); }), Code::Interrupted);
  const InDirectory here(dir.path());
  expect_golden("tui/resume.txt",
                screens("gpt-oss",
                        ":set max-shard-size 100kB<Enter><wait>:set threads 1<Enter><wait>4<wait>G"
                        "<dump>k<Enter><wait><dump>",
                        "100x30"));
}

}  // namespace
}  // namespace ckptscope::testing
