// The folders are the layers: which may include which. The table is the architecture; a line that
// breaks it fails here.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace ckptscope::testing {
namespace {

namespace fs = std::filesystem;

struct Row {
  std::string folder;
  std::set<std::string> may_include;  // folders, or single headers where only some of a folder's
  std::set<std::string> libraries;    // first segment or name of third-party headers
};

const std::vector<Row> kTable{
    {"core", {"core"}, {"fmt", "nlohmann", "xxhash.h", "pcre2.h", "utf8proc.h", "openssl", "hwy"}},
    {"adapters",
     {"adapters", "core/mapping/mapping.hpp", "core/base/config.hpp", "core/base/error.hpp"},
     {}},
    {"views",
     {"views", "views/document/document.hpp", "core/base/display.hpp", "core/base/bytes.hpp",
      "core/tensor/shape.hpp", "core/tensor/dtype.hpp", "core/base/error.hpp",
      "core/base/progress.hpp", "core/names/name_tree.hpp", "core/names/folded_tree.hpp",
      "core/inspect/key_list.hpp", "core/plan/plan.hpp", "core/plan/folded_plan.hpp",
      "core/inspect/stats.hpp", "core/names/query.hpp"},
     {"fmt", "nlohmann"}},
    {"app",
     {"app", "adapters", "views", "core"},
     {"fmt", "CLI", "nlohmann", "openssl", "pcre2.h", "readline", "utf8proc.h", "xxhash.h",
      "ncurses.h"}},
};

/// Third-party headers that only these files may include.
const std::map<std::string, std::set<std::string>> kOnlyIn{
    {"CLI", {"app/language/parse_args.cpp", "app/language/help_text.cpp"}},
    {"pcre2.h", {"core/base/regex.cpp", "app/language/help_text.cpp"}},
    {"openssl", {"core/inspect/deep_check.cpp", "app/language/help_text.cpp"}},
    {"utf8proc.h", {"core/base/display.cpp", "app/language/help_text.cpp"}},
    {"hwy",
     {"core/kernels/cast.cpp", "core/kernels/encode.cpp", "core/kernels/mxfp4.cpp",
      "core/kernels/target.cpp", "core/kernels/transpose.cpp"}},
    {"ncurses.h", {"app/terminal/terminal_ncurses.cpp"}},
    {"term.h", {"app/terminal/terminal_ncurses.cpp"}},
    {"readline", {"app/prompt/repl.cpp"}},
};

struct Include {
  std::string file;
  std::string name;
  bool quoted;
};

std::vector<Include> includes_of(const std::string& folder) {
  std::vector<Include> found;
  for (const auto& entry : fs::recursive_directory_iterator(fs::path(CKPTSCOPE_ROOT) / folder)) {
    const std::string extension = entry.path().extension().string();
    if (extension != ".cpp" && extension != ".hpp") continue;
    const std::string file = fs::relative(entry.path(), CKPTSCOPE_ROOT).string();
    std::ifstream lines(entry.path());
    for (std::string line; std::getline(lines, line);) {
      if (!line.starts_with("#include ")) continue;
      const auto begin = line.find_first_of("<\"");
      const auto end = line.find_first_of(">\"", begin + 1);
      found.push_back({file, line.substr(begin + 1, end - begin - 1), line[begin] == '"'});
    }
  }
  return found;
}

std::string first_segment(const std::string& name) {
  return name.substr(0, name.find('/'));
}

bool is_third_party(const std::string& name) {
  static const std::set<std::string> known{
      "fmt",       "nlohmann", "xxhash.h", "pcre2.h", "utf8proc.h", "openssl", "CLI",
      "ncurses.h", "curses.h", "readline", "hwy",     "benchmark",  "gtest"};
  return known.contains(first_segment(name));
}

TEST(Layering, IncludesPointDown) {
  for (const Row& row : kTable) {
    for (const Include& include : includes_of(row.folder)) {
      const std::string where = include.file + " includes " + include.name;
      if (include.quoted) {
        EXPECT_TRUE(row.may_include.contains(include.name) ||
                    row.may_include.contains(first_segment(include.name)))
            << where;
      } else if (is_third_party(include.name)) {
        EXPECT_TRUE(row.libraries.contains(first_segment(include.name))) << where;
      }
    }
  }
}

TEST(Layering, LibrariesStayInTheirFiles) {
  for (const Row& row : kTable) {
    for (const Include& include : includes_of(row.folder)) {
      const auto only = kOnlyIn.find(first_segment(include.name));
      if (include.quoted || only == kOnlyIn.end()) continue;
      EXPECT_TRUE(only->second.contains(include.file))
          << include.file << " includes " << include.name;
    }
  }
}

/// JSON stays behind the functions that parse or emit it: no header shows it.
TEST(Layering, NoHeaderShowsJson) {
  for (const char* folder : {"core", "adapters", "views", "app"}) {
    for (const Include& include : includes_of(folder)) {
      const bool is_header = include.file.ends_with(".hpp");
      EXPECT_FALSE(is_header && first_segment(include.name) == "nlohmann") << include.file;
    }
  }
}

/// An adapter is data: no file, no environment, no state; at most 60 lines.
TEST(Layering, AdaptersAreShortAndPure) {
  for (const auto& entry : fs::directory_iterator(fs::path(CKPTSCOPE_ROOT) / "adapters")) {
    if (entry.path().extension() != ".cpp") continue;
    std::ifstream lines(entry.path());
    int count = 0;
    for (std::string line; std::getline(lines, line); ++count) {
      for (const char* word : {"fstream", "getenv", "fopen", "filesystem"}) {
        EXPECT_EQ(line.find(word), line.npos) << entry.path() << ": " << line;
      }
    }
    const bool shared = entry.path().stem() == "blocks" || entry.path().stem() == "registry";
    EXPECT_TRUE(shared || count <= 60) << entry.path() << " has " << count << " lines";
  }
}

/// Only app writes to the terminal.
TEST(Layering, OnlyAppPrints) {
  for (const char* folder : {"core", "adapters", "views"}) {
    for (const Include& include : includes_of(folder)) {
      EXPECT_NE(include.name, "iostream") << include.file;
    }
  }
}

}  // namespace
}  // namespace ckptscope::testing
