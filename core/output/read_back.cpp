// One window is held at a time.
#include "core/output/read_back.hpp"

#include "core/base/buffer.hpp"
#include "core/base/display.hpp"
#include "core/base/file.hpp"
#include "core/base/hash.hpp"

namespace ckptscope {
namespace {

constexpr std::size_t kWindow = 4 << 20;

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
    whole.add(read);
    if (visit) visit(at, read);
    at += read.size();
    progress.advance(read.size());
  }
  return whole.digest();
}

}  // namespace ckptscope
