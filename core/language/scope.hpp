// What the names of a text stand for: what lines have bound, and what a config and a user say.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "core/base/config.hpp"
#include "core/language/quantity.hpp"
#include "core/language/tokens.hpp"
#include "core/mapping/mapping.hpp"

namespace ckptscope {

/// What names are made of; what those of texts are, so that $NAME ends at a - or dot; what names
/// begin with.
inline constexpr std::string_view kNameCharacters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
inline constexpr std::string_view kTextNameCharacters = kNameCharacters.substr(0, 63);
inline constexpr std::string_view kLetters = kNameCharacters.substr(0, 52);

struct Surroundings {
  const Config& config;
  const MappingOptions& options;
  bool exact = false;    // paths of the config are looked for where they say, not in its text part
  bool lenient = false;  // numbers that only a config can tell may be unknown

  Quantity of_config(const std::string& path) const;
  Quantity length(const std::string& path) const;  // of a list or a text of the config
  Quantity setting(const std::string& name) const;
};

/// Names that a line sees: values, and texts of keys.
struct Scope {
  std::map<std::string, Quantity, std::less<>> values{};
  std::map<std::string, std::string, std::less<>> texts{};
  const Scope* outer = nullptr;  // whose names are seen too

  /// Null where nothing is bound to that name.
  const Quantity* value(std::string_view name) const;
  const std::string* text(std::string_view name) const;

  /// The text of a pattern: what a key is with its texts and numbers put in. In '…' braces and $
  /// stand for themselves. A number that only a config can tell is 0 where it may be unknown
  /// (`lenient`). Throws std::invalid_argument, which says what is wrong.
  std::string key(const Token& token, bool lenient) const;
};

}  // namespace ckptscope
