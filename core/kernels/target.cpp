// Highway chooses among what the machine can run; the environment may choose otherwise.
#include "core/kernels/target.hpp"

#include <fmt/format.h>
#include <hwy/highway.h>

#include <algorithm>
#include <bit>
#include <cctype>

#include "core/kernels/kernels.hpp"

namespace ckptscope {
namespace {

constexpr std::string_view kScalar = "scalar";
bool use_scalar = false;  // NOLINT: the choice is the process's, as Highway's own is

bool same_word(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
    return std::tolower(x) == std::tolower(y);
  });
}

/// Of the vector code that is compiled, what this machine runs; a lower bit is a better target.
std::vector<std::int64_t> vector_targets() {
  std::vector<std::int64_t> targets;
  hwy::SetSupportedTargetsForTest(0);
  constexpr std::int64_t kVectors = HWY_TARGETS & ~HWY_SCALAR;
  for (auto left = static_cast<std::uint64_t>(hwy::SupportedTargets() & kVectors); left != 0;
       left &= left - 1) {
    targets.push_back(static_cast<std::int64_t>(left & -left));
  }
  return targets;
}

bool is_named(std::int64_t target, std::string_view name) {
  const std::string_view own = hwy::TargetName(target);
  return same_word(own, name) || (same_word(name, "avx512") && own.starts_with("AVX3"));
}

void use(std::int64_t targets) {
  hwy::SetSupportedTargetsForTest(targets);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

}  // namespace

bool scalar_kernels() {
  return use_scalar;
}

std::vector<std::string> kernel_targets() {
  std::vector<std::string> names;
  for (const std::int64_t target : vector_targets()) names.emplace_back(hwy::TargetName(target));
  names.emplace_back(kScalar);
  return names;
}

bool choose_kernels(std::string_view name) {
  const auto targets = vector_targets();
  const auto found = std::find_if(targets.begin(), targets.end(),
                                  [&](std::int64_t target) { return is_named(target, name); });
  const bool best = name.empty() && !targets.empty();
  use_scalar = same_word(name, kScalar) || targets.empty();
  if (!best && !use_scalar && found == targets.end()) return false;
  use(best || use_scalar ? 0 : *found);
  return true;
}

std::string highway_version() {
  return fmt::format("{}.{}.{}", HWY_MAJOR, HWY_MINOR, HWY_PATCH);
}

std::string kernel_target() {
  if (use_scalar) return std::string(kScalar);
  const auto left = static_cast<std::uint64_t>(hwy::SupportedTargets() & HWY_TARGETS);
  return hwy::TargetName(static_cast<std::int64_t>(left & -left));
}

}  // namespace ckptscope
