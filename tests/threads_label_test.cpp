// The label `threads` is on every test that runs threads, its own or those of the program: the list
// in tests/CMakeLists.txt is what the files say.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/temp_dir.hpp"

namespace ckptscope::testing {
namespace {

namespace fs = std::filesystem;

const std::string kRoot = CKPTSCOPE_ROOT "/";

/// What starts threads or runs on them. A test that includes one, by itself or by tests/support,
/// has the label.
const std::set<std::string> kThreaded{
    "app/jobs/jobs.hpp",
    "app/jobs/worker.hpp",
    "app/tui/engine.hpp",
    "core/base/parallel.hpp",
    "core/convert/convert.hpp",
    "core/convert/verify.hpp",
    "core/inspect/deep_check.hpp",
    "core/inspect/diff.hpp",
    "core/inspect/stats.hpp",
    "core/inspect/summary.hpp",
    "core/inspect/value_distance.hpp",
    "core/plan/decoding.hpp",
    "core/plan/equation_reader.hpp",
    "core/plan/planner.hpp",
    "core/run/executor.hpp",
    "core/run/packing.hpp",
};

/// What a unit starts threads with.
const std::set<std::string> kStarters{"thread", "core/base/parallel.hpp",
                                      "core/ranks/shared_results.hpp",
                                      "core/inspect/tiled_items.hpp"};

/// A thread of the test's own; std::this_thread is not one.
const std::string kThread = std::string("std::") + "thread ";
const std::string kJoiningThread = std::string("std::") + "jthread ";
const std::string kProgram = std::string("CKPTSCOPE") + "_BINARY";

std::set<std::string> includes_of(const std::string& file) {
  std::set<std::string> found;
  std::ifstream lines(kRoot + file);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("#include ")) continue;
    const auto begin = line.find_first_of("<\"") + 1;
    found.insert(line.substr(begin, line.find_first_of(">\"", begin) - begin));
  }
  return found;
}

bool includes_threaded(const std::string& file) {
  for (const std::string& include : includes_of(file)) {
    if (kThreaded.contains(include) || include == "core/ranks/shared_results.hpp") return true;
    if (include.starts_with("tests/") && includes_threaded(include)) return true;
  }
  return false;
}

/// Starts a thread, or the program, which has some; by itself or by tests/support.
bool starts_anything(const std::string& test) {
  const std::string text = read_file(kRoot + test);
  for (const std::string& starter : {kThread, kJoiningThread, kProgram}) {
    if (text.find(starter) != text.npos) return true;
  }
  const std::set<std::string> includes = includes_of(test);
  return std::any_of(includes.begin(), includes.end(), [](const std::string& include) {
    return include.starts_with("tests/") && starts_anything(include);
  });
}

bool starts_threads(const std::string& file) {
  const std::set<std::string> includes = includes_of(file);
  return std::any_of(includes.begin(), includes.end(),
                     [](const std::string& include) { return kStarters.contains(include); });
}

std::vector<std::string> files_below(const std::string& folder, const std::string& ending) {
  std::vector<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(kRoot + folder)) {
    const std::string file = fs::relative(entry.path(), kRoot).string();
    if (file.ends_with(ending)) files.push_back(file);
  }
  return files;
}

/// The source file that a test is named after.
std::string unit_of(const std::string& test) {
  const std::string_view ending = "_test.cpp";
  return test.substr(6, test.size() - 6 - ending.size()) + ".cpp";
}

TEST(ThreadsLabel, IsOnEveryTestThatRunsThreads) {
  std::set<std::string> labelled;
  const std::string cmake = read_file(CKPTSCOPE_TESTS "/CMakeLists.txt");
  const auto begin = cmake.find("set(thread_tests\n") + 17;
  std::istringstream words(cmake.substr(begin, cmake.find(')', begin) - begin));
  for (std::string word; words >> word;) labelled.insert("tests/" + word);
  std::set<std::string> threaded;
  for (const std::string& test : files_below("tests", "_test.cpp")) {
    // Programs of their own: of processes, and of packages, which has the label as a whole.
    if (test.starts_with("tests/mpi/") || test == "tests/app/package_test.cpp") continue;
    if (starts_anything(test) || includes_threaded(test) || starts_threads(unit_of(test)))
      threaded.insert(test);
  }
  EXPECT_EQ(labelled, threaded);
}

/// A unit of core that starts threads, or calls one that does, is one of those above, so that what
/// tests it gets the label; where a unit has no header of its own its test file is named after it.
TEST(ThreadsLabel, EveryUnitWithThreadsIsKnown) {
  const std::set<std::string> without_header{"core/checkpoint/open_checkpoint.hpp"};
  std::set<std::string> found;
  for (const std::string& source : files_below("core", ".cpp")) {
    if (!starts_threads(source) && !includes_threaded(source)) continue;
    const std::string header = source.substr(0, source.size() - 4) + ".hpp";
    if (!without_header.contains(header)) found.insert(header);
  }
  std::set<std::string> known;
  for (const std::string& header : kThreaded) {
    EXPECT_TRUE(fs::exists(kRoot + header)) << header;
    if (header.starts_with("core/")) known.insert(header);
  }
  EXPECT_EQ(found, known);
}

}  // namespace
}  // namespace ckptscope::testing
