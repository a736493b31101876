// The tensors that a query of the user's finds.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/checkpoint/checkpoint.hpp"
#include "core/names/find.hpp"

namespace ckptscope {

/// Throws NoMatch, naming the nearest keys, when a query found nothing.
[[noreturn]] void fail_no_match(const Checkpoint& checkpoint,
                                const std::vector<std::string>& words);

/// Numbers of all tensors, in the order of the headers.
std::vector<std::uint32_t> all_tensors(const Checkpoint& checkpoint);

/// Numbers of the tensors that a query finds, in the order of the headers. Throws NoMatch when
/// there is none.
QueryResult matching_tensors(const Checkpoint& checkpoint, const std::vector<std::string>& words);

}  // namespace ckptscope
