// Counting is all that the base does.
#include "core/base/progress.hpp"

namespace ckptscope {

void Progress::phase(std::string_view, std::uint64_t total) {
  total_ = total;
  done_ = 0;
}

void Progress::advance(std::uint64_t bytes) {
  done_ += bytes;
}

}  // namespace ckptscope
