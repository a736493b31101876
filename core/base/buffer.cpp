// Large buffers are laid on huge pages where the system allows: strided copies miss fewer pages.
#include "core/base/buffer.hpp"

#include <sys/mman.h>

#include <cstdlib>
#include <new>

namespace ckptscope {
namespace {

constexpr std::size_t kHugePage = 2 << 20;

}  // namespace

/// Large buffers lie in huge pages where the system has them: transposing writes to many places at
/// once, and each would want a translation of its own.
void Buffer::grow(std::size_t capacity) {
  data_.reset();
  capacity_ = 0;
  const std::size_t unit = capacity >= kHugePage ? kHugePage : kDirectIoBlock;
  const std::size_t rounded = (capacity + unit - 1) / unit * unit;
  data_.reset(static_cast<std::byte*>(std::aligned_alloc(unit, rounded)));
  if (!data_) throw std::bad_alloc();
  if (unit == kHugePage) ::madvise(data_.get(), rounded, MADV_HUGEPAGE);  // advice: may fail
  capacity_ = rounded;
}

void Buffer::Free::operator()(std::byte* data) const {
  std::free(data);
}

}  // namespace ckptscope
