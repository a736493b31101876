// Where these files are, as the XDG base directories say.
#include "app/session/user_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "core/base/display.hpp"
#include "core/base/file.hpp"
#include "core/remote/address.hpp"

namespace ckptscope {
namespace {

namespace fs = std::filesystem;
constexpr std::uint64_t kMaxHistoryBytes = 64'000'000;
constexpr std::size_t kMostHistory = 10'000;  // lines

std::string xdg_path(const char* variable, const char* below_home, const char* name) {
  const char* base = std::getenv(variable);
  const char* home = std::getenv("HOME");
  if (base != nullptr && *base == '/') return fmt::format("{}/ckptscope/{}", base, name);
  return home == nullptr ? "" : fmt::format("{}/{}/ckptscope/{}", home, below_home, name);
}

/// A file of what was done; empty where there is no home, or no file can be there.
std::string state_path(const char* name) {
  std::string path = xdg_path("XDG_STATE_HOME", ".local/state", name);
  try {
    const FileKind kind = path.empty() ? FileKind::Other : kind_of(path);
    const bool usable = kind == FileKind::Regular || kind == FileKind::Absent;
    return usable ? path : "";
  } catch (const Error&) {
    return "";
  }
}

/// Its directory is made, and it is its owner's alone, if it is there.
void make_private(const std::string& path) {
  if (path.empty()) return;
  std::error_code error;
  fs::create_directories(fs::path(path).parent_path(), error);
  fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write, error);
}

std::vector<std::string> lines_of(const std::string& path) {
  std::vector<std::string> lines;
  try {
    if (path.empty() || !exists(path)) return lines;
    std::istringstream file(read_text(path, kMaxHistoryBytes));
    for (std::string line; std::getline(file, line);) lines.push_back(line);
  } catch (const Error&) {
    lines.clear();
  }
  return lines;
}

}  // namespace

std::vector<std::string> read_history_lines() {
  std::vector<std::string> lines = lines_of(state_path("history"));
  if (lines.size() > kMostHistory) {
    lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(kMostHistory));
  }
  return lines;
}

std::vector<std::string> read_recent() {
  std::vector<std::string> paths = lines_of(state_path("recent"));
  std::erase_if(paths, [](const std::string& path) {
    std::error_code error;
    return !is_remote(path) && (path.empty() || path.front() != '/' || !fs::exists(path, error));
  });
  return paths;
}

void remember_recent(const std::string& path) {
  constexpr std::size_t kMost = 20;
  const std::string file_path = state_path("recent");
  std::error_code error;
  const std::string absolute =
      is_remote(path) ? path : fs::absolute(path, error).lexically_normal().string();
  if (file_path.empty() || error || absolute.find('\n') != absolute.npos) return;
  std::vector<std::string> paths = lines_of(file_path);
  std::erase(paths, absolute);
  paths.insert(paths.begin(), absolute);
  paths.resize(std::min(paths.size(), kMost));
  make_private(file_path);
  std::ofstream file(file_path, std::ios::trunc);
  for (const std::string& one : paths) file << one << "\n";
  file.close();
  make_private(file_path);
}

void append_history(const std::vector<std::string>& lines) {
  const std::string path = state_path("history");
  if (lines.empty() || path.empty()) return;
  make_private(path);
  const bool is_long = lines_of(path).size() > 2 * kMostHistory;
  const std::vector<std::string> kept = is_long ? read_history_lines() : std::vector<std::string>();
  const std::string to = is_long ? path + ".new" : path;
  open_at(AT_FDCWD, to, O_WRONLY | O_CREAT | O_CLOEXEC,
          S_IRUSR | S_IWUSR);  // nobody else's at once
  std::ofstream file(to, is_long ? std::ios::trunc : std::ios::app);
  for (const auto* list : {&kept, &lines}) {
    for (const std::string& line : *list) file << line << "\n";
  }
  file.close();
  std::error_code error;
  if (is_long && file) fs::rename(to, path, error);
}

void read_user_config(Session& session) {
  const std::string path = xdg_path("XDG_CONFIG_HOME", ".config", "config");
  if (path.empty() || !exists(path)) return;
  std::istringstream lines(read_text(path, 1'000'000));
  std::size_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    for (const Step& step : parse_steps(line)) {
      const auto& words = step.words;
      const bool set = words.front() == "set" && (words.size() == 2 || words.size() == 3) &&
                       step.file.empty() && step.pipe.empty();
      if (!set) {
        fail(Code::Usage, "{}:{}: only \"set NAME [VALUE]\" may stand there", display(path),
             number);
      }
      with_context(fmt::format("{}:{}", display(path), number),
                   [&] { session.set(words[1], words.size() == 3 ? words[2] : "on"); });
    }
  }
}

}  // namespace ckptscope
