// One row a role.
#include "views/screen/theme.hpp"

#include <array>

namespace ckptscope {

const Look& look_of(Role role) {
  static constexpr std::array<Look, kRoles> kLooks{{
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
  }};
  return kLooks[static_cast<std::size_t>(role)];
}

}  // namespace ckptscope
