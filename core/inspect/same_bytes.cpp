// A chunk of each at a time.
#include "core/inspect/same_bytes.hpp"

#include <algorithm>
#include <cstring>

namespace ckptscope {

bool ByteComparison::same(From a, From b, std::uint64_t bytes, Progress& progress) {
  constexpr std::uint64_t kChunk = 1ull << 20;
  bool same = true;
  for (std::uint64_t done = 0; done < bytes && same; done += kChunk) {
    progress.check_stop();
    const std::uint64_t n = std::min(kChunk, bytes - done);
    const auto left = left_.take(n);
    const auto right = right_.take(n);
    a_.read(a.tensor, a.offset + done, left);
    b_.read(b.tensor, b.offset + done, right);
    same = std::memcmp(left.data(), right.data(), n) == 0;
  }
  progress.advance(bytes);
  return same;
}

}  // namespace ckptscope
