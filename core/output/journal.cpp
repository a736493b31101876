// Names are written as they are displayed: no name can forge a line, and no two are the same.
#include "core/output/journal.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <sstream>

#include "core/base/display.hpp"
#include "core/base/error.hpp"

namespace ckptscope {
namespace {

constexpr std::uint64_t kMaxBytes = 256'000'000;
constexpr std::string_view kHead = "ckptscope conversion in progress";
constexpr std::string_view kOutputLine = "output ";
constexpr std::string_view kFileLine = "file ";
constexpr std::string_view kComplete = "complete";

std::string now_text() {
  char text[32] = {};
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  ::gmtime_r(&now, &utc);
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text;
}

std::string host_name() {
  char host[256] = {};
  ::gethostname(host, sizeof host - 1);
  return host;
}

}  // namespace

bool Journal::is_for(const std::string& out) const {
  return output == display(last_component(out));
}

bool Journal::names(const std::string& file) const {
  return file == kJournalName || files.contains(display(file));
}

std::optional<Journal> read_journal(const std::string& directory) {
  const std::string path = fmt::format("{}/{}", directory, kJournalName);
  if (!exists(path)) return std::nullopt;
  std::istringstream file;
  try {
    file.str(read_text(path, kMaxBytes));
  } catch (const Error& error) {  // a pipe, or larger than any of ours
    if (row_of(error.code()).exit == 3) throw;
    return std::nullopt;
  }
  Journal journal;
  std::string line;
  std::getline(file, line);
  std::getline(file, journal.holder);
  while (std::getline(file, line)) {
    if (line.starts_with(kOutputLine)) journal.output = line.substr(kOutputLine.size());
    if (line.starts_with(kFileLine)) journal.files.insert(line.substr(kFileLine.size()));
    journal.complete = journal.complete || line == kComplete;
  }
  return journal;
}

JournalWriter::JournalWriter(int directory, const std::string& out) {
  const std::string name(kJournalName);
  fd_ = UniqueFd(::openat(directory, name.c_str(),
                          O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666));
  if (!fd_) fail_errno(fmt::format("creating {}", name));
  try {
    append(fmt::format("{}\npid {}, host {}, since {}\n{}{}", kHead, ::getpid(), host_name(),
                       now_text(), kOutputLine, display(last_component(out))));
  } catch (const Error&) {
    ::unlinkat(directory, name.c_str(), 0);
    throw;
  }
}

void JournalWriter::note_file(const std::string& name) {
  append(fmt::format("{}{}", kFileLine, display(name)));
}

void JournalWriter::note_complete() {
  append(std::string(kComplete));
  if (::fsync(fd_.get()) != 0 && !unsupported(errno)) {
    fail_errno(fmt::format("flushing {}", kJournalName));
  }
}

void JournalWriter::append(const std::string& line) {
  const std::string text = line + "\n";
  ssize_t put = 0;
  do {
    put = ::write(fd_.get(), text.data(), text.size());
  } while (put < 0 && errno == EINTR);
  if (put == static_cast<ssize_t>(text.size())) return;
  if (put >= 0) errno = ENOSPC;  // a line in part: the disk is full
  fail_errno(fmt::format("writing {}", kJournalName));
}

}  // namespace ckptscope
