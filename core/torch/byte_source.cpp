// A buffer that is as large as what is left, up to a limit.
#include "core/torch/byte_source.hpp"

#include <algorithm>

namespace ckptscope {
namespace {

constexpr std::uint64_t kBuffer = 64 << 10;

}  // namespace

void ByteStream::fill() {
  const std::uint64_t bytes = std::min(kBuffer, size_ - next_);
  buffer_.resize(bytes);
  source_.read(next_, buffer_);
  next_ += bytes;
  begin_ = 0;
  end_ = bytes;
}

void ByteStream::read(std::span<std::byte> out) {
  while (!out.empty()) {
    if (begin_ == end_) fill();
    const std::size_t bytes = std::min(out.size(), end_ - begin_);
    std::copy_n(buffer_.begin() + static_cast<std::ptrdiff_t>(begin_), bytes, out.begin());
    begin_ += bytes;
    out = out.subspan(bytes);
  }
}

}  // namespace ckptscope
