// The folders are the layers: which may include which. The table is the architecture; a line that
// breaks it fails here.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace ckptscope::testing {
namespace {

namespace fs = std::filesystem;

std::set<std::string> with(std::set<std::string> rooms, const std::set<std::string>& more) {
  rooms.insert(more.begin(), more.end());
  return rooms;
}

/// A room is a folder; it may include itself, the rooms named, and these libraries. A room that is
/// named stands for itself alone: what it includes is not included by the way.
struct Row {
  std::string room;
  std::set<std::string> may_include;
  std::set<std::string> libraries;  // first segment or name of third-party headers
};

// clang-format off
const std::set<std::string> kCore{
    "core/base", "core/tensor", "core/numbers", "core/kernels", "core/names", "core/mapping",
    "core/language", "core/torch", "core/remote", "core/checkpoint", "core/source", "core/value", "core/plan", "core/ranks", "core/run", "core/output", "core/inspect", "core/figures", "core/convert"};
const std::set<std::string> kModels{  // of core, for views: what is shown, nothing that reads or runs
    "core/base", "core/tensor", "core/names", "core/value", "core/plan", "core/inspect", "core/figures"};

const std::vector<Row> kTable{
    {"core/base", {}, {"fmt", "nlohmann", "xxhash.h", "xxh_x86dispatch.h", "pcre2.h", "utf8proc.h"}},
    {"core/tensor", {"core/base"}, {"fmt"}},
    {"core/numbers", {"core/base", "core/tensor"}, {"fmt"}},
    {"core/kernels", {"core/base", "core/tensor", "core/numbers"}, {"fmt", "hwy"}},
    {"core/names", {"core/base", "core/tensor"}, {"fmt"}},
    {"core/mapping", {"core/base", "core/tensor"}, {"fmt"}},
    {"core/language", {"core/base", "core/tensor", "core/names", "core/mapping"}, {"fmt"}},
    {"core/torch", {"core/base", "core/tensor"}, {"fmt", "zlib.h", "zstd.h"}},
    {"core/remote", {"core/base"}, {"fmt", "curl"}},
    {"core/checkpoint", {"core/base", "core/tensor", "core/torch", "core/remote"}, {"fmt", "nlohmann"}},
    {"core/source", {"core/base", "core/tensor", "core/torch", "core/checkpoint"}, {"fmt"}},
    {"core/value", {"core/base", "core/tensor", "core/mapping"}, {"fmt"}},
    {"core/plan", {"core/base", "core/tensor", "core/names", "core/mapping", "core/language", "core/value"}, {"fmt"}},
    {"core/ranks", {"core/base"}, {}},
    {"core/run", {"core/base", "core/tensor", "core/numbers", "core/kernels", "core/mapping",
                  "core/checkpoint", "core/source", "core/value", "core/plan", "core/ranks"}, {"fmt"}},
    {"core/output", {"core/base", "core/tensor", "core/mapping", "core/checkpoint", "core/source",
                     "core/plan", "core/run"}, {"fmt", "nlohmann"}},
    {"core/inspect", {"core/base", "core/tensor", "core/numbers", "core/kernels", "core/names",
                      "core/mapping", "core/torch", "core/checkpoint", "core/source", "core/value", "core/plan", "core/ranks", "core/run"}, {"fmt", "openssl"}},
    {"core/figures", {"core/base", "core/tensor", "core/plan", "core/checkpoint", "core/source",
                      "core/inspect"},
     {"fmt"}},
    {"core/convert", {"core/base", "core/tensor", "core/names", "core/checkpoint", "core/source", "core/value", "core/plan",
                      "core/ranks", "core/run", "core/output"}, {"fmt"}},
    {"adapters", {"core/mapping", "core/language", "core/base/config.hpp", "core/base/error.hpp"}, {}},
    {"views/look", {"core/base", "core/figures/oddity.hpp"}, {"fmt"}},
    {"views/document", {"core/base", "core/tensor", "core/figures/oddity.hpp", "views/look"}, {"fmt", "nlohmann"}},
    {"views/screen", with(kModels, {"views/look", "views/document"}), {"fmt"}},
    {"app/terminal", {"core/base", "views/look", "views/document", "views/screen"}, {"fmt", "ncurses.h", "term.h"}},
    {"app/planning", with(kCore, {"adapters"}), {"fmt"}},
    {"app/language", with(kCore, {"adapters", "views/look", "views/document", "app/planning"}),
     {"fmt", "CLI", "nlohmann", "openssl", "pcre2.h", "utf8proc.h"}},
    {"app/reports", with(kCore, {"adapters", "views/look", "views/document", "app/planning", "app/language"}), {"fmt"}},
    {"app/session", with(kCore, {"adapters", "views/look", "views/document", "app/planning", "app/language",
                                 "app/terminal"}), {"fmt", "nlohmann"}},
    {"app/commands", with(kCore, {"adapters", "views/look", "views/document", "app/planning", "app/language",
                                  "app/reports", "app/session"}), {"fmt"}},
    {"app/prompt", with(kCore, {"views/look", "views/document", "app/planning", "app/language", "app/session",
                                "app/terminal"}), {"fmt", "readline"}},
    {"app/jobs", with(kCore, {"adapters", "views/look", "views/document", "views/screen",
                              "app/planning", "app/language", "app/reports", "app/session"}),
     {"fmt"}},
    {"app/tui", with(kCore, {"adapters", "views/look", "views/document", "views/screen", "app/planning",
                             "app/language", "app/reports", "app/session", "app/commands", "app/jobs",
                             "app/terminal"}), {"fmt"}},
    {"app/mpi", {"core/base", "core/ranks", "app/cli.hpp", "app/terminal/terminal_output.hpp"}, {"fmt", "mpi.h"}},
    {"app", with(kCore, {"adapters", "views/look", "views/document", "views/screen", "app/terminal",
                         "app/planning", "app/language", "app/reports", "app/session",
                         "app/commands", "app/prompt", "app/tui"}), {"fmt"}},
};
// clang-format on

/// Third-party headers that only these files may include.
const std::map<std::string, std::set<std::string>> kOnlyIn{
    {"CLI", {"app/language/parse_args.cpp", "app/language/help_text.cpp"}},
    {"pcre2.h", {"core/base/regex.cpp", "app/language/help_text.cpp"}},
    {"openssl", {"core/inspect/checksums.cpp", "app/language/help_text.cpp"}},
    {"utf8proc.h", {"core/base/display.cpp", "app/language/help_text.cpp"}},
    {"xxhash.h", {"core/base/hash.cpp"}},
    {"xxh_x86dispatch.h", {"core/base/hash.cpp"}},
    {"hwy",
     {"core/kernels/bf16-inl.hpp", "core/kernels/cast.cpp", "core/kernels/encode.cpp",
      "core/kernels/encode-inl.hpp", "core/kernels/encode_int4.cpp", "core/kernels/mxfp4.cpp",
      "core/kernels/nibbles.cpp", "core/kernels/target.cpp", "core/kernels/transpose.cpp"}},
    {"ncurses.h", {"app/terminal/terminal_ncurses.cpp"}},
    {"term.h", {"app/terminal/terminal_ncurses.cpp"}},
    {"readline", {"app/prompt/repl.cpp"}},
    {"mpi.h", {"app/mpi/mpi_main.cpp"}},
};

struct Include {
  std::string file;
  std::string name;
  bool quoted;
};

/// The folder that a file lies in, without "scalar": that belongs to its kernels.
std::string room_of(const std::string& file) {
  std::string room = file.substr(0, file.rfind('/'));
  if (room == "core/kernels/scalar") room = "core/kernels";
  return room;
}

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
      "fmt",     "nlohmann", "xxhash.h",  "xxh_x86dispatch.h", "pcre2.h",  "utf8proc.h",
      "openssl", "CLI",      "ncurses.h", "curses.h",          "readline", "hwy",
      "term.h",  "gtest",    "mpi.h"};
  return known.contains(first_segment(name));
}

const std::vector<std::string> kFolders{"core", "adapters", "views", "app"};

const Row* row_of(const std::string& room) {
  const auto found =
      std::find_if(kTable.begin(), kTable.end(), [&](const Row& row) { return row.room == room; });
  return found == kTable.end() ? nullptr : &*found;
}

TEST(Layering, IncludesPointDown) {
  for (const std::string& folder : kFolders) {
    for (const Include& include : includes_of(folder)) {
      const std::string where = include.file + " includes " + include.name;
      const Row* row = row_of(room_of(include.file));
      ASSERT_NE(row, nullptr) << include.file << " lies in a room without a row";
      if (include.quoted) {
        const std::string room = room_of(include.name);
        EXPECT_TRUE(room == row->room || row->may_include.contains(room) ||
                    row->may_include.contains(include.name))
            << where;
      } else if (is_third_party(include.name)) {
        EXPECT_TRUE(row->libraries.contains(first_segment(include.name))) << where;
      }
    }
  }
}

/// Rows stand below the rooms that they may include, so that there is no circle.
TEST(Layering, TheTableHasNoCircle) {
  std::set<std::string> below;
  for (const Row& row : kTable) {
    for (const std::string& room : row.may_include) {
      if (room.ends_with(".hpp")) continue;
      EXPECT_TRUE(below.contains(room)) << row.room << " and " << room;
    }
    below.insert(row.room);
  }
}

TEST(Layering, EveryRoomIsThereAndNotTooFull) {
  constexpr std::size_t kMostFiles = 30;
  for (const Row& row : kTable) {
    std::size_t files = 0;
    for (const auto& entry : fs::directory_iterator(fs::path(CKPTSCOPE_ROOT) / row.room)) {
      const bool text = entry.path().extension() == ".map";  // families are data
      files += entry.is_regular_file() && !text ? 1 : 0;
    }
    EXPECT_GT(files, 0u) << row.room;
    EXPECT_LE(files, kMostFiles) << row.room << ": can a stranger still find something there?";
  }
}

TEST(Layering, LibrariesStayInTheirFiles) {
  for (const std::string& folder : kFolders) {
    for (const Include& include : includes_of(folder)) {
      const auto only = kOnlyIn.find(first_segment(include.name));
      if (include.quoted || only == kOnlyIn.end()) continue;
      EXPECT_TRUE(only->second.contains(include.file))
          << include.file << " includes " << include.name;
    }
  }
}

/// JSON stays behind the functions that parse or emit it: no header shows it.
TEST(Layering, NoHeaderShowsJson) {
  for (const std::string& folder : kFolders) {
    for (const Include& include : includes_of(folder)) {
      const bool is_header = include.file.ends_with(".hpp");
      EXPECT_FALSE(is_header && first_segment(include.name) == "nlohmann") << include.file;
    }
  }
}

/// A family is a text that a person can check by eye.
TEST(Layering, FamiliesAreShort) {
  for (const auto& entry : fs::directory_iterator(fs::path(CKPTSCOPE_ROOT) / "adapters")) {
    if (entry.path().extension() != ".map" || entry.path().stem() == "blocks") continue;
    std::ifstream lines(entry.path());
    int count = 0;
    for (std::string line; std::getline(lines, line);) ++count;
    EXPECT_LE(count, 60) << entry.path();
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
