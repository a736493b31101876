// What several verbs say alike.
#pragma once

#include <span>
#include <string>

#include "app/language/command.hpp"
#include "core/inspect/value_distance.hpp"
#include "core/run/packing.hpp"

namespace ckptscope {

/// "none in headers and index; …" or how many.
std::string defects_text(const Checkpoint& checkpoint);

/// One line a problem for people: severity, message, code; at most `most`, then how many more.
void add_problem_lines(Document& document, std::span<const Problem> problems,
                       std::size_t most = 20);

/// What packing weights lost: sums and the worst for people, a table of all for machines.
void add_losses(Document& document, const std::vector<PackingLoss>& losses);

/// One row a pair: how far the values are apart. `rows` belong to `pairs`, in order.
Table comparison_table(const std::vector<ValuePair>& pairs,
                       std::shared_ptr<const std::vector<Comparison>> rows);

/// Throws NoMatch, naming the nearest keys, when a query found nothing.
[[noreturn]] void fail_no_match(const Checkpoint& checkpoint,
                                const std::vector<std::string>& words);

/// Numbers of the tensors that a query finds, in the order of the headers.
std::vector<std::uint32_t> matching_tensors(const Checkpoint& checkpoint,
                                            const std::vector<std::string>& words);

}  // namespace ckptscope
