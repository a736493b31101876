// What verbs print with --json, as JSON Schemas (draft 2020-12): the texts of app/schemas, each
// with the members that all verbs share. The build makes them into one table.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "app/language/command.hpp"

namespace ckptscope {

struct Schema {
  std::string_view verb;
  std::string_view text;
};

/// One a verb. Static storage. Defined by the build, from app/schemas.
std::span<const Schema> schemas();

/// That of a verb.
std::string schema_text(const Command& command);

}  // namespace ckptscope
