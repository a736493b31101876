// How far one set of values is from another, from sums of squares.
#pragma once

#include <cmath>
#include <limits>

namespace ckptscope {

/// sqrt(noise / signal): the error relative to the values; 0 without noise.
inline double relative_l2(double signal, double noise) {
  return noise == 0 ? 0 : std::sqrt(noise / signal);
}

/// Signal to quantisation noise, 10 log10(signal / noise) in dB; infinite without noise.
inline double sqnr(double signal, double noise) {
  return noise == 0 ? std::numeric_limits<double>::infinity() : 10 * std::log10(signal / noise);
}

}  // namespace ckptscope
