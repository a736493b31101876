// How the experts of one tensor stand to each other.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "core/inspect/stats.hpp"

namespace ckptscope {

/// One figure of an expert; what is not above 0 (a dead expert, one that is not read yet) does not
/// count as usual.
using ExpertFigure = std::function<double(const ExpertStats&)>;

/// The standard deviation of an expert's values; 0 without finite values.
double deviation_of(const ExpertStats& expert);

/// The middle one of the figures above 0, of an even number the upper one; 0 without any.
double median_of(std::span<const ExpertStats> experts, const ExpertFigure& figure);

/// How many times apart: |log(value / median)|, so that a half is as far as a double; infinite for
/// a value of 0.
double distance_from(double median, double value);

/// The experts that were read, the least usual by their deviation first; ties by number.
std::vector<std::size_t> by_oddity(std::span<const ExpertStats> experts);

}  // namespace ckptscope
