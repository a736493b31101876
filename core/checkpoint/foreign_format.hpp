// Files that are something else than safetensors, told by their first bytes.
#pragma once

#include <optional>
#include <string_view>

#include "core/base/error.hpp"
#include "core/base/file.hpp"

namespace ckptscope {

/// What a file that is not safetensors is, if its first bytes tell: "a GGUF file", "a Git-LFS
/// pointer", …; nullopt when unknown, and when they could be the length of a header that fits into
/// the file. `code` is the error to raise for it.
struct ForeignFormat {
  Code code;
  std::string_view name;
};
std::optional<ForeignFormat> recognise_foreign(const File& file);

}  // namespace ckptscope
