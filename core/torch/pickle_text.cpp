// One line a value, whatever is in it.
#include "core/torch/pickle_text.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/display.hpp"

namespace ckptscope {

using Kind = PickleValue::Kind;

std::string text_of(PickleValue value) {
  constexpr std::size_t kMostItems = 8;
  constexpr std::size_t kMostText = 1000;  // characters
  switch (value.kind()) {
    case Kind::None:
      return "None";
    case Kind::Bool:
      return value.boolean() ? "True" : "False";
    case Kind::Int:
      return std::to_string(value.integer());
    case Kind::BigInt:
      return "a number of more than 60 bits";
    case Kind::Real:
      return fmt::format("{}", value.real().value);
    case Kind::Text:
      return elide_middle(value.text().text, kMostText);
    case Kind::Bytes:
      return fmt::format("{} bytes", value.text().text.size());
    case Kind::Tuple:
    case Kind::List:
    case Kind::Set: {
      std::string text;
      for (std::size_t i = 0; i < std::min(value.items().size(), kMostItems); ++i) {
        const PickleValue item = value.items()[i];
        text += (i == 0 ? "" : ", ") + (item.is_container() ? "…" : text_of(item));
      }
      return "[" + text + (value.items().size() > kMostItems ? ", …]" : "]");
    }
    case Kind::Dict:
      return fmt::format("a dict of {}", value.entries().size());
    case Kind::Global:
      return fmt::format("{}.{}", value.global().module, value.global().name);
    case Kind::Call:
      return text_of(value.call().target) + "(…)";
    case Kind::Storage:
      return "a storage";
    case Kind::Tensor:
      return "a tensor " + to_string(value.tensor().shape);
    case Kind::Mark:
      break;
  }
  return "";
}

}  // namespace ckptscope
