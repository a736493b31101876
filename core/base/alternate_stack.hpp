// Where a signal handler of a thread runs whose own stack has overflowed.
#pragma once

#include <csignal>
#include <cstddef>
#include <memory>
#include <new>

namespace ckptscope {

/// Of the thread that makes it, which must be the one that ends it.
class AlternateStack {
 public:
  /// Without memory for it there is none.
  AlternateStack() : bytes_(new (std::nothrow) std::byte[kBytes]) {
    if (!bytes_) return;
    stack_t stack{};
    stack.ss_sp = bytes_.get();
    stack.ss_size = kBytes;
    ::sigaltstack(&stack, nullptr);
  }
  AlternateStack(const AlternateStack&) = delete;
  AlternateStack& operator=(const AlternateStack&) = delete;
  ~AlternateStack() {
    stack_t none{};
    none.ss_flags = SS_DISABLE;
    ::sigaltstack(&none, nullptr);
  }

 private:
  static constexpr std::size_t kBytes = 1 << 16;
  std::unique_ptr<std::byte[]> bytes_;
};

}  // namespace ckptscope
