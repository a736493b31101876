// Where a signal handler of a thread runs whose own stack has overflowed.
#pragma once

#include <csignal>
#include <cstddef>
#include <vector>

namespace ckptscope {

/// Of the thread that makes it, which must be the one that ends it.
class AlternateStack {
 public:
  AlternateStack() : bytes_(std::size_t{1} << 16) {
    stack_t stack{};
    stack.ss_sp = bytes_.data();
    stack.ss_size = bytes_.size();
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
  std::vector<std::byte> bytes_;
};

}  // namespace ckptscope
