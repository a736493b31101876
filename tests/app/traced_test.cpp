// What the program does when the system fails it at any point, and what it never does: under
// strace, which kills it at a call, makes a call fail, or writes down all calls.

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "core/base/file.hpp"
#include "tests/support/recorded.hpp"
#include "tests/support/shell.hpp"

namespace ckptscope::testing {
namespace {

namespace fs = std::filesystem;

constexpr const char* kConvert =
    "ckptscope convert in --to native --max-shard-size 40kB --threads 1 -q -o out";
constexpr int kMostCalls = 2000;  // of one kind: more than any of these runs makes

class Traced : public ::testing::Test {
 protected:
  Traced() {
    write_synthetic(dir / "in", recorded_case("gpt_oss-mxfp4").source);
    if (run("strace -o /dev/null true").exit != 0) return;
    can_trace = true;
    const std::string line = kConvert;
    EXPECT_EQ(run(line.substr(0, line.size() - 3) + "whole").exit, 0);
  }
  void SetUp() override {
    if (!can_trace) GTEST_SKIP() << "strace cannot trace here";
  }

  ShellResult run(const std::string& line) const { return run_shell(dir, line); }
  /// The line with what strace does to the `n`-th call of a kind: "signal=KILL", "error=EIO".
  ShellResult run_with(const std::string& line, const std::string& call, const std::string& what,
                       int n) const {
    return run(fmt::format("strace -f -qq -o /dev/null -e trace={0} -e inject={0}:{1}:when={2} {3}",
                           call, what, n, line));
  }
  ShellResult run_injected(const std::string& line, const std::string& call,
                           const std::string& error, int n) const {
    return run(
        fmt::format("strace -f -qq -o calls.txt -e trace={0} -e inject={0}:error={1}:when={2} {3}",
                    call, error, n, line));
  }
  bool was_injected() const {
    return read_file(dir / "calls.txt").find("(INJECTED)") != std::string::npos;
  }
  bool is_whole(const char* out) const {
    return fs::exists(dir / out) && run(fmt::format("diff -r whole {}", out)).exit == 0;
  }
  std::set<std::string> names() const {
    std::set<std::string> found;
    for (const auto& entry : fs::directory_iterator(dir.path())) {
      if (!entry.path().string().ends_with(".txt")) found.insert(entry.path().filename());
    }
    return found;
  }
  /// Of the shards that have a record: name to inode.
  std::map<std::string, std::uint64_t> done_shards() const {
    std::map<std::string, std::uint64_t> found;
    const fs::path journal = dir / "out.partial/ckptscope.journal";
    if (!fs::exists(journal)) return found;
    for (const auto& entry : fs::directory_iterator(journal)) {
      if (entry.path().extension() != ".done") continue;
      const std::string shard = dir / ("out.partial/" + entry.path().stem().string());
      found[entry.path().stem()] = identity_of(shard).inode;
    }
    return found;
  }
  void clear() const {
    fs::remove_all(dir / "out");
    fs::remove_all(dir / "out.partial");
  }

  TempDir dir;
  bool can_trace = false;
};

// ---- killed -------------------------------------------------------------------------------------

class TracedKill : public Traced, public ::testing::WithParamInterface<const char*> {};

TEST_P(TracedKill, AtEveryCallAndResumed) {
  int kills = 0;
  for (int n = 1;; ++n) {
    ASSERT_LT(n, kMostCalls);
    SCOPED_TRACE(fmt::format("{} {}", GetParam(), n));
    const ShellResult killed = run_with(kConvert, GetParam(), "signal=KILL", n);
    if (killed.exit == 0) break;
    ++kills;
    EXPECT_TRUE(!fs::exists(dir / "out") || run("ckptscope verify in out -q").exit == 0)
        << "there, but not whole";
    const auto done = done_shards();
    const ShellResult resumed = run(std::string(kConvert) + " --resume --if-exists skip");
    ASSERT_EQ(resumed.exit, 0) << resumed.err;
    ASSERT_TRUE(is_whole("out"));
    for (const auto& [shard, inode] : done) {
      EXPECT_EQ(identity_of(dir / ("out/" + shard)).inode, inode) << shard << " was written again";
    }
    ASSERT_EQ(names(), (std::set<std::string>{"in", "out", "whole"}));
    clear();
  }
  EXPECT_GT(kills, 0) << "it makes no such call";
}

INSTANTIATE_TEST_SUITE_P(Calls, TracedKill,
                         ::testing::Values("mkdir", "mkdirat", "linkat", "openat", "fallocate",
                                           "pwrite64", "fsync", "close", "renameat", "renameat2",
                                           "unlinkat"),
                         [](const auto& test) { return std::string(test.param); });

/// A part that is killed before the last rename: its shards are done, and somebody commits them.
TEST_F(Traced, CommitAfterAKill) {
  const std::string part = std::string(kConvert) + " --part ";
  ASSERT_EQ(run(part + "0/2").exit, 0);
  int n = 1;
  for (; n < kMostCalls; ++n) {
    const ShellResult killed = run_with(part + "1/2", "renameat,renameat2", "signal=KILL", n);
    if (killed.exit == 0) break;
    const ShellResult committed = run("ckptscope commit out");
    if (committed.exit == 0) break;
    EXPECT_EQ(committed.exit, 1) << committed.err;
  }
  EXPECT_GT(n, 3);
  EXPECT_TRUE(is_whole("out"));
  EXPECT_EQ(names(), (std::set<std::string>{"in", "out", "whole"}));
}

// ---- two at once --------------------------------------------------------------------------------

class TracedRace : public Traced, public ::testing::WithParamInterface<const char*> {};

/// One is held up before its `n`-th call of a kind while another runs from beginning to end.
TEST_P(TracedRace, OneOfTwoConversionsMakesTheOutput) {
  int met = 0;
  for (int n = 1; n < kMostCalls; ++n) {
    SCOPED_TRACE(fmt::format("{} {}", GetParam(), n));
    const ShellResult both = run(fmt::format(
        "strace -f -qq -o calls.txt -e trace={0} -e inject={0}:delay_enter=300000:when={1} {2} "
        "2>one.txt & sleep 0.15; {2} 2>two.txt; two=$?; wait $!; echo $? $two",
        GetParam(), n, kConvert));
    const bool waited = read_file(dir / "calls.txt").find("(DELAYED)") != std::string::npos;
    if (!waited) break;
    const std::string exits = both.out.substr(both.out.rfind('\n', both.out.size() - 2) + 1);
    EXPECT_TRUE(std::regex_match(exits, std::regex("0 [13]\n|[13] 0\n"))) << both.out;
    const std::string said = read_file(dir / (exits.starts_with("0") ? "two.txt" : "one.txt"));
    EXPECT_TRUE(std::regex_search(said, std::regex("\\[(locked|exists)\\]"))) << said;
    met += said.find("[locked]") != said.npos ? 1 : 0;
    EXPECT_TRUE(is_whole("out"));
    EXPECT_EQ(names(), (std::set<std::string>{"in", "out", "whole"}));
    clear();
  }
  EXPECT_TRUE(met > 0 || std::string(GetParam()) == "mkdir") << "they have never met";
}

INSTANTIATE_TEST_SUITE_P(Calls, TracedRace,
                         ::testing::Values("mkdir", "flock", "linkat", "renameat2"),
                         [](const auto& test) { return std::string(test.param); });

// ---- calls that fail ----------------------------------------------------------------------------

struct Failing {
  const char* call;
  const char* error;
};

class TracedError : public Traced, public ::testing::WithParamInterface<Failing> {};

/// Never exit 0 with a wrong or a missing output, and never something that a later run cannot do
/// without.
TEST_P(TracedError, AtEveryCallOfAConversion) {
  int failures = 0;
  for (int n = 1;; ++n) {
    ASSERT_LT(n, kMostCalls);
    SCOPED_TRACE(fmt::format("{} {} {}", GetParam().call, GetParam().error, n));
    const ShellResult found = run_injected(kConvert, GetParam().call, GetParam().error, n);
    if (!was_injected()) break;
    failures += found.exit == 0 ? 0 : 1;
    const bool there = fs::exists(dir / "out");
    if (found.exit == 0 || there) {
      ASSERT_TRUE(is_whole("out") || fs::exists(dir / "out/ckptscope.journal")) << found.err;
    }
    ASSERT_TRUE(there || found.exit != 0);
    const ShellResult again = run(std::string(kConvert) + " --restart --if-exists skip");
    ASSERT_EQ(again.exit, 0) << again.err;
    ASSERT_TRUE(is_whole("out"));
    ASSERT_EQ(names(), (std::set<std::string>{"in", "out", "whole"}));
    clear();
  }
  RecordProperty("failures", failures);
}

INSTANTIATE_TEST_SUITE_P(
    Calls, TracedError,
    ::testing::Values(
        Failing{"openat", "EIO"}, Failing{"openat", "EINTR"}, Failing{"pwrite64", "ENOSPC"},
        Failing{"pwrite64", "EINTR"}, Failing{"pwrite64", "EIO"}, Failing{"pread64", "EIO"},
        Failing{"pread64", "EINTR"}, Failing{"fallocate", "ENOSPC"},
        Failing{"fallocate", "EOPNOTSUPP"}, Failing{"fsync", "EIO"}, Failing{"close", "EIO"},
        Failing{"renameat2", "EPERM"}, Failing{"renameat", "EIO"}, Failing{"linkat", "EPERM"},
        Failing{"mkdir", "EPERM"}, Failing{"mkdirat", "EIO"}, Failing{"unlinkat", "EIO"},
        Failing{"flock", "EINTR"}, Failing{"getdents64", "EIO"}),
    [](const auto& test) { return std::string(test.param.call) + test.param.error; });

/// A call that a signal interrupts is made again.
TEST_F(Traced, InterruptedCallsAreMadeAgain) {
  for (const char* call : {"pread64", "pwrite64", "openat"}) {
    for (int n = 1; n < kMostCalls; ++n) {
      SCOPED_TRACE(fmt::format("{} {}", call, n));
      const ShellResult found = run_injected(kConvert, call, "EINTR", n);
      const bool is_of_loader = found.err.find("shared libraries") != std::string::npos;
      EXPECT_TRUE(is_of_loader || found.exit == 0) << found.err;
      EXPECT_TRUE(is_of_loader || is_whole("out"));
      clear();
      if (!was_injected()) break;
    }
  }
}

/// Verbs that read: the same words, or an error.
TEST_F(Traced, ReadersNeverMakeSomethingUp) {
  const char* lines[] = {"ckptscope verify in whole", "ckptscope check --deep in",
                         "ckptscope stat in", "ckptscope diff in whole --decoded",
                         "ckptscope export in bare"};
  for (const std::string line : lines) {
    const ShellResult good = run(line);
    fs::remove_all(dir / "bare");
    for (const char* call : {"pread64", "openat"}) {
      for (int n = 1; n < kMostCalls; ++n) {
        SCOPED_TRACE(fmt::format("{}: {} {}", line, call, n));
        const ShellResult found = run_injected(line + " -j 1", call, "EIO", n);
        fs::remove_all(dir / "bare");
        if (!was_injected()) break;
        EXPECT_TRUE(found.exit != good.exit || found.out == good.out) << found.out;
        EXPECT_NE(found.exit, 128 + 6) << found.err;
      }
    }
  }
}

// ---- what it never does -------------------------------------------------------------------------

TEST_F(Traced, NoNetworkAndNoChild) {
  const char* lines[] = {"info in",
                         "check --deep in",
                         "map in",
                         "stat in",
                         "verify in whole",
                         "diff in whole --decoded",
                         "convert in --to native -o out -q",
                         "export in bare",
                         "report in -o page.html -q",
                         "extract in model.norm.weight -o norm.npy",
                         "-c 'open in; ls; stat model.norm.weight'"};
  for (const std::string line : lines) {
    const ShellResult found =
        run("strace -f -qq -o calls.txt -e trace=%network,execve,fork,vfork ckptscope " + line);
    EXPECT_EQ(found.exit, 0) << line << found.err;
    const std::string calls = read_file(dir / "calls.txt");
    EXPECT_EQ(calls.find("socket"), std::string::npos) << line << "\n" << calls;
    EXPECT_EQ(std::count(calls.begin(), calls.end(), '\n'), 1) << line << "\n" << calls;
  }
}

/// One call of a log: "123 fsync(7</tmp/x/out.partial/a>) = 0".
struct LoggedCall {
  std::string name;
  std::vector<std::string> paths;  // of descriptors, and in quotes
};

std::vector<LoggedCall> logged_calls(const std::string& log) {
  std::vector<LoggedCall> calls;
  std::istringstream lines(log);
  static const std::regex head(R"(^\d+ +(\w+)\()");
  static const std::regex path(R"re(\d+<([^>]*)>|AT_FDCWD<([^>]*)>|"([^"]*)")re");
  for (std::string line; std::getline(lines, line);) {
    std::smatch found;
    if (!std::regex_search(line, found, head) || line.find(") = -1") != line.npos) continue;
    LoggedCall call{found[1], {}};
    for (std::sregex_iterator one(line.begin(), line.end(), path), end; one != end; ++one) {
      call.paths.push_back((*one)[1].matched   ? (*one)[1].str()
                           : (*one)[2].matched ? (*one)[2].str()
                                               : (*one)[3].str());
    }
    calls.push_back(std::move(call));
  }
  return calls;
}

/// What a power cut may lose at any point: data of files, and names in directories. Nothing gets a
/// name before its data is safe, and OUT not before all names in it are.
TEST_F(Traced, APowerCutLosesNothingThatHasAName) {
  const ShellResult found =
      run(std::string("strace -f -y -qq -o calls.txt -e trace=pwrite64,fallocate,fsync,renameat,"
                      "renameat2,linkat ") +
          kConvert);
  ASSERT_EQ(found.exit, 0) << found.err;
  std::set<std::string> unsafe_data;
  std::set<std::string> unsafe_names;  // directories
  const std::string partial = fs::canonical(dir.path()).string() + "/out.partial";
  bool committed = false;
  bool commit_is_safe = false;
  int renames = 0;
  for (const LoggedCall& call : logged_calls(read_file(dir / "calls.txt"))) {
    if (call.name == "pwrite64" || call.name == "fallocate") {
      unsafe_data.insert(call.paths.at(0));
    } else if (call.name == "fsync") {
      unsafe_data.erase(call.paths.at(0));
      unsafe_names.erase(call.paths.at(0));
      if (committed && partial.starts_with(call.paths.at(0) + "/")) commit_is_safe = true;
    } else {  // descriptor, old name, descriptor, new name
      ASSERT_EQ(call.paths.size(), 4u);
      const fs::path from = fs::path(call.paths[0]) / call.paths[1];
      const fs::path to = fs::path(call.paths[2]) / call.paths[3];
      EXPECT_FALSE(unsafe_data.contains(from.string())) << to << " got its name before its data";
      ++renames;
      if (to.filename() == "out") {
        committed = true;
        EXPECT_TRUE(unsafe_data.empty()) << *unsafe_data.begin();
        for (const std::string& directory : unsafe_names) {
          EXPECT_FALSE(directory.starts_with(partial)) << directory;
        }
      } else {
        // A record says that a shard has its name: that must be safe before.
        EXPECT_FALSE(to.extension() == ".done" && unsafe_names.contains(partial)) << to;
        unsafe_names.insert(to.parent_path().string());
      }
    }
  }
  EXPECT_GT(renames, 10);
  EXPECT_TRUE(committed);
  EXPECT_TRUE(commit_is_safe) << "the parent directory is flushed behind the commit";
}

}  // namespace
}  // namespace ckptscope::testing
