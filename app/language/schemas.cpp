// Every verb has a schema: tests/app/language/schemas_test.cpp sees to that.
#include "app/language/schemas.hpp"

#include <algorithm>

namespace ckptscope {

std::string schema_text(const Command& command) {
  const auto all = schemas();
  const auto found = std::find_if(
      all.begin(), all.end(), [&](const Schema& schema) { return schema.verb == command.name; });
  if (found == all.end()) fail(Code::Internal, "{} has no schema", command.name);
  return std::string(found->text);
}

}  // namespace ckptscope
