// What a checkpoint is, whether something is wrong with it, and what to do next: the first screen,
// and what `info` prints.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/checkpoint/checkpoint.hpp"
#include "views/document/document.hpp"

namespace ckptscope {

struct Overview {
  Document document;
  std::string line;  // the same in one: "hf   gpt_oss   459 tensors   21.5 B parameters   …"
};

/// From headers and config.json alone; O(tensors). `adapter` names a family instead of what keys
/// and config say, or is empty. `ranks`: also what each of so many ranks holds where experts are
/// dealt out to them. Exit 1 for a damaged one. Throws Usage for an unknown adapter.
Overview overview_of(const Checkpoint& checkpoint, const std::string& adapter = "",
                     std::optional<std::uint64_t> ranks = std::nullopt);

}  // namespace ckptscope
