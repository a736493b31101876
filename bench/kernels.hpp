// The loops that touch every element, each beside memcpy in the same minute.
#pragma once

#include <string>
#include <vector>

namespace ckptscope::bench {

struct KernelFigure {
  std::string name;
  double ratio = 0;      // time of memcpy of as much over its own
  double gigabytes = 0;  // a second, of what memcpy is of
};
/// On one thread, of arrays of 8 MiB.
std::vector<KernelFigure> measure_kernels();

}  // namespace ckptscope::bench
