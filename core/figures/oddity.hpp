// Which of some figures stand out: by a measure that the odd ones themselves do not move.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace ckptscope {

/// What a set of values is besides its figures; each is worth a look by itself, but for Equal.
enum class Peculiar : std::uint8_t {
  No,
  Zeros,      // every value is a zero, of either sign
  NotFinite,  // a NaN or an infinity is among them
  Copy,       // the bytes of another expert of its layer
  Equal,      // to its counterpart in another checkpoint
};

/// True of what stands out whatever its score is.
inline bool is_broken(Peculiar peculiar) {
  return peculiar == Peculiar::Zeros || peculiar == Peculiar::NotFinite;
}

/// How figures are compared: by how many times they are apart (deviations, magnitudes; what is not
/// above 0 is no usual value), or by their difference (means, shares).
enum class Scale { Factors, Differences };

/// A score beyond this stands out: of a million figures that are normally distributed less than one
/// does, and a model of experts has tens of thousands.
inline constexpr double kOddScore = 5;

/// For each figure its distance from the median, in spreads: the median absolute deviation times
/// 1.4826, which is the standard deviation of a normal distribution. A spread is at least one
/// hundredth of the median, so that figures that are nearly equal are not odd. NaN for NaN; with
/// fewer than five usual figures all are 0: nothing can be told. On the scale of factors a figure
/// that is not above 0 is infinitely far below.
std::vector<double> odd_scores(std::span<const double> figures, Scale scale);

/// Enough figures are usual to tell which are not.
bool can_tell(std::span<const double> figures, Scale scale);

/// Places of the scores that stand out, the farthest first; ties by place.
std::vector<std::size_t> odd_places(std::span<const double> scores);

/// The middle one, of an even number the mean of both; NaN counts for nothing; NaN of nothing.
double median(std::vector<double> figures);
/// The value that so large a share (0 to 1) of the figures does not exceed; as median() else.
double quantile(std::vector<double> figures, double share);

}  // namespace ckptscope
