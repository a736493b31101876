// One window is held at a time.
#include "core/output/read_back.hpp"

#include <algorithm>

#include "core/base/buffer.hpp"
#include "core/base/display.hpp"
#include "core/base/file.hpp"
#include "core/base/hash.hpp"

namespace ckptscope {
namespace {

constexpr std::size_t kWindow = 4 << 20;
constexpr std::size_t kSlice = 256 << 10;  // stays in the caches while it is hashed twice

}  // namespace

std::uint64_t hash_on_disk(
    const std::string& path, std::uint64_t bytes, Progress& progress,
    const std::function<void(std::uint64_t, std::span<const std::byte>)>& visit) {
  const File file(path, File::Caching::Direct);
  Buffer buffer;
  RunningXxh3 whole;
  for (std::uint64_t at = 0; at < bytes;) {
    progress.check_stop();
    const std::span window = buffer.take(kWindow);
    const std::span<const std::byte> read = window.first(file.read_some(at, window));
    if (read.empty()) {
      fail(Code::Mismatch, "{}: ends at byte {} of {}", display(last_component(path)), at, bytes);
    }
    for (std::size_t i = 0; i < read.size(); i += kSlice) {
      const auto slice = read.subspan(i, std::min(kSlice, read.size() - i));
      whole.add(slice);
      if (visit) visit(at + i, slice);
    }
    at += read.size();
    progress.advance(read.size());
  }
  return whole.digest();
}

std::uint64_t WrittenRanges::read_back(const std::string& path, std::string_view name,
                                       std::uint64_t bytes, Progress& progress) {
  std::sort(ranges_.begin(), ranges_.end(),
            [](const Range& a, const Range& b) { return a.offset < b.offset; });
  RunningXxh3 part;
  auto range = ranges_.cbegin();
  const auto compare = [&](std::uint64_t at, std::span<const std::byte> window) {
    while (!window.empty()) {
      const std::uint64_t end = range->offset + range->bytes;
      const std::uint64_t now = std::min<std::uint64_t>(window.size(), end - at);
      part.add(window.first(now));
      window = window.subspan(now);
      at += now;
      if (at < end) return;
      if (part.digest() != range->hash) {
        fail(Code::Mismatch, "{}: read back {} for bytes {} to {}, written was {}", display(name),
             hex64(part.digest()), range->offset, end, hex64(range->hash));
      }
      part.reset();
      ++range;
    }
  };
  return hash_on_disk(path, bytes, progress, compare);
}

}  // namespace ckptscope
