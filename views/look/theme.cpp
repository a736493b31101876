// One row a role; those of heat maps follow from one scale of colours.
#include "views/look/theme.hpp"

#include <algorithm>
#include <array>

namespace ckptscope {
namespace {

/// Far below to far above. A usual value has the terminal's own background.
constexpr std::array<Color, kHeatLevels> kScale{Color::Blue, Color::Cyan, Color::Default,
                                                Color::Yellow, Color::Red};
constexpr int kFirstPair = kNamedRoles;
constexpr int kFirstSingle = kFirstPair + kHeatLevels * kHeatLevels;

constexpr std::array<Look, kRoles> kLooks = [] {
  std::array<Look, kRoles> looks{{
      /* Plain     */ {},
      /* Title     */ {.bold = true},
      /* Faint     */ {.dim = true},
      /* Selected  */ {.reverse = true},
      /* Partner   */ {.color = Color::Cyan, .bold = true},
      /* Directory */ {.color = Color::Blue, .bold = true},
      /* Notice    */ {.color = Color::Yellow},
      /* Defect    */ {.color = Color::Red, .bold = true},
      /* Good      */ {.color = Color::Green},
      /* Bar       */ {.color = Color::Cyan},
      /* Match     */ {.color = Color::Yellow, .bold = true, .reverse = true},
  }};
  for (int left = 0; left < kHeatLevels; ++left) {
    for (int right = 0; right < kHeatLevels; ++right) {
      looks[static_cast<std::size_t>(kFirstPair + left * kHeatLevels + right)] = {
          .color = kScale[static_cast<std::size_t>(left)],
          .background = kScale[static_cast<std::size_t>(right)]};
    }
    looks[static_cast<std::size_t>(kFirstSingle + left)] = {
        .color = kScale[static_cast<std::size_t>(left)],
        .bold = left == 0 || left == kHeatLevels - 1};
  }
  return looks;
}();

int step_of(int level) {
  return std::clamp(level, -kHeatSteps, kHeatSteps) + kHeatSteps;
}

}  // namespace

Role heat(int left, int right) {
  return static_cast<Role>(kFirstPair + step_of(left) * kHeatLevels + step_of(right));
}

Role heat(int level) {
  return static_cast<Role>(kFirstSingle + step_of(level));
}

const Look& look_of(Role role) {
  return kLooks[static_cast<std::size_t>(role)];
}

std::string sgr_of(Role role) {
  const Look& look = look_of(role);
  std::string codes;
  const auto add = [&](const std::string& code) { codes += (codes.empty() ? "" : ";") + code; };
  if (look.bold) add("1");
  if (look.dim) add("2");
  if (look.reverse) add("7");
  if (look.color != Color::Default) add("3" + std::to_string(static_cast<int>(look.color)));
  if (look.background != Color::Default)
    add("4" + std::to_string(static_cast<int>(look.background)));
  return codes.empty() ? "" : "\x1b[" + codes + "m";
}

}  // namespace ckptscope
