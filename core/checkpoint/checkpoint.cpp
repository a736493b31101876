// What an open checkpoint answers; how it is opened stands in open_checkpoint.cpp.
#include "core/checkpoint/checkpoint.hpp"

namespace ckptscope {

bool Checkpoint::damaged() const {
  return count_errors(problems_) > 0;
}

std::uint64_t Checkpoint::total_bytes() const {
  std::uint64_t bytes = 0;
  for (const TensorInfo& info : tensors_) bytes += info.bytes();
  return bytes;
}

}  // namespace ckptscope
