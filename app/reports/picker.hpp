// Several checkpoints to choose from.
#pragma once

#include <string>
#include <vector>

#include "views/document/document.hpp"

namespace ckptscope {

/// The checkpoints below a directory that is none itself, a row each: its path as "key", what its
/// config.json says it is, files and bytes. Without any row where there is none. Reads no header.
Document picker_of(const std::string& path);

/// Behind those, or by themselves: paths that were opened before, likewise. Nothing of none.
void add_recent(Document& document, const std::vector<std::string>& paths);

}  // namespace ckptscope
