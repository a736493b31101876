// The values of a mapping's text: what `let`, `when` and counts are made of.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "core/base/config.hpp"
#include "core/mapping/mapping.hpp"
#include "core/mapping/quantity.hpp"
#include "core/mapping/token_cursor.hpp"

namespace ckptscope {

/// What a value may name.
struct Surroundings {
  const Config& config;
  const MappingOptions& options;
  bool exact =
      false;  // paths of the config are looked for where they say, not in its text part too
};
using Bindings = std::map<std::string, Quantity, std::less<>>;

/// True for words that begin or join values, which nothing can be bound to.
bool is_value_word(std::string_view name);

/// Reads and computes one value: `or`, `and`, `not`, comparisons, `+ - * /`, `??`, numbers, texts
/// in quotes, `layout`, `set.NAME`, `.path`, `has .path`, `length .path`, names that are bound.
/// Whole numbers are exact in 64 bits; what does not fit, or is divided by zero, is unknown. Throws
/// BadMapping.
Quantity read_quantity(TokenCursor& cursor, const Surroundings& surroundings,
                       const Bindings& bindings);

}  // namespace ckptscope
