// Several checkpoints to choose from.
#pragma once

#include <string>

#include "views/document/document.hpp"

namespace ckptscope {

/// The checkpoints below a directory that is none itself, a row each: its path as "key", what its
/// config.json says it is, files and bytes. Without any row where there is none. Reads no header.
Document picker_of(const std::string& path);

}  // namespace ckptscope
