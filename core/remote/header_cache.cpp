// A copy appears whole, by the renaming of its directory: who is killed before leaves a draft,
// which the next one that finishes removes once it is old.
#include "core/remote/header_cache.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <vector>

#include "core/base/display.hpp"
#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/remote/address.hpp"
#include "core/remote/hub_cache.hpp"

namespace ckptscope {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr auto kInUse = 1h;  // a copy that was opened since then may still be open
constexpr std::string_view kDraft = ".draft-";

/// Throws what filesystem_error tells, as an Error.
void make_directory(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) {
    errno = error.value();
    fail_errno(display(path.string()));
  }
}

/// Bytes on the disk, of all files below.
std::uint64_t bytes_on_disk(const fs::path& directory) {
  std::uint64_t bytes = 0;
  std::error_code error;
  for (fs::recursive_directory_iterator it(directory, error), end; !error && it != end;
       it.increment(error)) {
    struct stat status {};
    constexpr std::uint64_t kBlock = 512;  // as st_blocks counts
    if (::lstat(it->path().c_str(), &status) == 0) {
      bytes += static_cast<std::uint64_t>(status.st_blocks) * kBlock;
    }
  }
  return bytes;
}

struct Kept {
  fs::path path;
  fs::file_time_type used;
  std::uint64_t bytes;
};

/// What lies `depth` levels down, but for refs.
void collect(const fs::path& directory, int depth, std::vector<Kept>& found) {
  std::error_code error;
  for (fs::directory_iterator it(directory, error), end; !error && it != end; it.increment(error)) {
    const fs::path& path = it->path();
    const std::string name = path.filename().string();
    std::error_code unknown;
    if (name == "refs" || !it->is_directory(unknown)) continue;
    if (depth > 0 && !name.starts_with(kDraft)) {
      collect(path, depth - 1, found);
      continue;
    }
    const auto used = fs::last_write_time(path, unknown);
    if (!unknown) found.push_back({path, used, bytes_on_disk(path)});
  }
}

void touch(const std::string& path) {
  ::utimensat(AT_FDCWD, path.c_str(), nullptr, 0);  // somebody else's stays as it is
}

}  // namespace

std::string place_in_cache(const std::string& origin, std::string name) {
  if (const std::size_t slash = name.find('/'); slash != name.npos) name.replace(slash, 1, "--");
  const std::string host = percent_encoded(origin.substr(origin.find("://") + 3), false);
  return (origin.starts_with("https://") ? host : "http-" + host) + "/" + name;
}

HeaderCache::HeaderCache(std::string directory, std::uint64_t most_bytes)
    : directory_(std::move(directory)), most_bytes_(most_bytes) {
  if (directory_.empty()) {
    fail(Code::Io,
         "no directory for the headers that are fetched: neither HOME nor XDG_CACHE_HOME "
         "is set");
  }
}

std::string HeaderCache::find(const std::string& place, const std::string& commit) const {
  std::string path = directory_ + "/" + place + "/" + commit;
  if (!is_directory(path)) return "";
  touch(path);
  return path;
}

std::string HeaderCache::commit_of(const std::string& place, const std::string& revision) const {
  return read_ref(directory_ + "/" + place + "/refs/" + percent_encoded(revision, false));
}

void HeaderCache::remember(const std::string& place, const std::string& revision,
                           const std::string& commit) const {
  const fs::path refs = fs::path(directory_) / place / "refs";
  make_place(refs.string());
  const std::string draft = (refs / (std::string(kDraft) + std::to_string(::getpid()))).string();
  std::ofstream(draft, std::ios::binary) << commit;
  std::error_code ignored;  // it is told again the next time
  fs::rename(draft, refs / percent_encoded(revision, false), ignored);
}

/// Which models somebody looks at is nobody else's business.
void HeaderCache::make_place(const std::string& path) const {
  with_context("the cache of headers, which XDG_CACHE_HOME moves", [&] {
    make_directory(directory_);
    if (::chmod(directory_.c_str(), S_IRWXU) != 0) fail_errno(display(directory_));
    make_directory(path);
  });
}

HeaderCache::Draft::Draft(const HeaderCache& cache) : cache_(cache) {
  cache.make_place(cache.directory_);
  directory_ = cache.directory_ + "/" + std::string(kDraft) + "XXXXXX";
  if (::mkdtemp(directory_.data()) == nullptr) fail_errno(display(cache.directory_));
}

HeaderCache::Draft::~Draft() {
  std::error_code ignored;
  if (!directory_.empty()) fs::remove_all(directory_, ignored);
}

void HeaderCache::Draft::write(const std::string& name, std::string_view bytes,
                               std::uint64_t size) const {
  with_context(fmt::format("{}, kept in {}", display(name), display(cache_.directory_)), [&] {
    const fs::path path = fs::path(directory_) / name;
    make_directory(path.parent_path());
    std::ofstream file(path, std::ios::binary);
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    file.close();
    if (!file) fail_errno("its header");
    std::error_code error;
    if (size > bytes.size()) fs::resize_file(path, size, error);
    if (!error) return;
    errno = error.value();
    fail_errno(fmt::format("a hole of {} bytes", size));
  });
}

std::string HeaderCache::Draft::finish(const std::string& place, const std::string& commit) {
  const std::string parent = cache_.directory_ + "/" + place;
  const std::string path = parent + "/" + commit;
  cache_.make_place(parent);
  std::error_code error;
  fs::rename(directory_, path, error);
  if (!error) {
    directory_.clear();
  } else if (!is_directory(path)) {
    errno = error.value();
    fail_errno(display(path));
  }
  touch(path);
  cache_.drop_what_is_old(path);
  return path;
}

void HeaderCache::drop_what_is_old(const std::string& just_made) const {
  std::vector<Kept> kept;
  collect(directory_, 2, kept);
  std::sort(kept.begin(), kept.end(), [](const Kept& a, const Kept& b) { return a.used < b.used; });
  std::uint64_t bytes = 0;
  for (const Kept& one : kept) bytes += one.bytes;
  const auto now = fs::file_time_type::clock::now();
  for (const Kept& one : kept) {
    const bool stale_draft =
        one.path.filename().string().starts_with(kDraft) && one.used + 24h < now;
    const bool in_use = one.path == just_made || one.used + kInUse > now;
    if (!stale_draft && (bytes <= most_bytes_ || in_use)) continue;
    std::error_code ignored;
    fs::remove_all(one.path, ignored);
    bytes -= one.bytes;
  }
}

}  // namespace ckptscope
