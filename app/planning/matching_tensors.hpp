// The tensors that a query of the user's finds.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/checkpoint/checkpoint.hpp"

namespace ckptscope {

/// Throws NoMatch, naming the nearest keys, when a query found nothing.
[[noreturn]] void fail_no_match(const Checkpoint& checkpoint,
                                const std::vector<std::string>& words);

/// Notes for words "!X" whose X finds nothing: they leave nothing out. `finds` says whether words
/// find anything.
std::vector<Problem> idle_words(const std::vector<std::string>& words,
                                const std::function<bool(const std::vector<std::string>&)>& finds);
/// The same over the tensors of a checkpoint.
std::vector<Problem> idle_words(const Checkpoint& checkpoint,
                                const std::vector<std::string>& words);

/// Numbers of all tensors, in the order of the headers.
std::vector<std::uint32_t> all_tensors(const Checkpoint& checkpoint);

/// Numbers of the tensors that a query finds, in the order of the headers.
std::vector<std::uint32_t> matching_tensors(const Checkpoint& checkpoint,
                                            const std::vector<std::string>& words);

}  // namespace ckptscope
