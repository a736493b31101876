// Where these files are, as the XDG base directories say.
#include "app/session/user_files.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <span>
#include <sstream>

#include "core/base/display.hpp"
#include "core/base/file.hpp"
#include "core/remote/address.hpp"

namespace ckptscope {
namespace {

namespace fs = std::filesystem;
constexpr std::uint64_t kMaxHistoryBytes = 16'000'000;
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

/// The directory of a file, made where it is not: whoever changes the file holds it meanwhile.
/// (Where there are no locks, two prompts that end at once may lose each other's lines.)
UniqueFd hold_directory_of(const std::string& path) {
  const std::string directory = fs::path(path).parent_path();
  std::error_code error;
  fs::create_directories(directory, error);
  UniqueFd held = open_at(AT_FDCWD, directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  ::flock(held.get(), LOCK_EX);
  return held;
}

/// Opens or makes a file that is its owner's alone from its first byte, and writes to it; false
/// where not all of it could be written.
bool write_lines(const std::string& path, int flags, const std::vector<std::string>& lines) {
  constexpr mode_t kOwners = S_IRUSR | S_IWUSR;
  const UniqueFd file = open_at(AT_FDCWD, path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, kOwners);
  if (!file) return false;
  ::fchmod(file.get(), kOwners);  // of an older one
  const std::string text = lines.empty() ? "" : fmt::format("{}\n", fmt::join(lines, "\n"));
  std::size_t written = 0;
  while (written < text.size()) {
    const ssize_t put = ::write(file.get(), text.data() + written, text.size() - written);
    if (put <= 0 && errno != EINTR) return false;
    if (put > 0) written += static_cast<std::size_t>(put);
  }
  return true;
}

/// Whole or not at all.
void replace_lines(const std::string& path, const std::vector<std::string>& lines) {
  const std::string aside = path + ".new";
  std::error_code error;
  fs::remove(aside, error);  // of one that was killed
  if (write_lines(aside, O_EXCL, lines)) {
    fs::rename(aside, path, error);
  } else {
    fs::remove(aside, error);
  }
}

/// The lines in the last bytes of a file; none of what cannot be read.
std::vector<std::string> last_lines_of(const std::string& path) {
  std::vector<std::string> lines;
  try {
    if (path.empty() || !exists(path)) return lines;
    const File file(path);
    const std::uint64_t from = file.size() - std::min(file.size(), kMaxHistoryBytes);
    std::string text(file.size() - from, '\0');
    text.resize(file.read_some(from, std::as_writable_bytes(std::span(text))));
    std::istringstream rest(text);
    std::string line;
    if (from > 0) std::getline(rest, line);  // the end of one
    while (std::getline(rest, line)) lines.push_back(line);
  } catch (const Error&) {
    lines.clear();
  }
  return lines;
}

}  // namespace

std::vector<std::string> read_history_lines() {
  std::vector<std::string> lines = last_lines_of(state_path("history"));
  if (lines.size() > kMostHistory) {
    lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(kMostHistory));
  }
  return lines;
}

std::vector<std::string> read_recent() {
  std::vector<std::string> paths = last_lines_of(state_path("recent"));
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
  const UniqueFd held = hold_directory_of(file_path);
  std::vector<std::string> paths = last_lines_of(file_path);
  std::erase(paths, absolute);
  paths.insert(paths.begin(), absolute);
  paths.resize(std::min(paths.size(), kMost));
  replace_lines(file_path, paths);
}

void append_history(const std::vector<std::string>& lines) {
  const std::string path = state_path("history");
  if (lines.empty() || path.empty()) return;
  const UniqueFd held = hold_directory_of(path);
  write_lines(path, O_APPEND, lines);
  if (last_lines_of(path).size() > 2 * kMostHistory || regular_size(path) > kMaxHistoryBytes) {
    replace_lines(path, read_history_lines());
  }
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
