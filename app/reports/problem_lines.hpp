// What several verbs say alike of problems and losses.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "app/language/command.hpp"
#include "core/run/executor.hpp"

namespace ckptscope {

/// "none in headers and index; …" or how many.
std::string defects_text(const Checkpoint& checkpoint);

/// One line a problem for people: severity, message, code; those of one code whose keys differ in
/// numbers alone are one line. At most `most`, then how many more.
void add_problem_lines(Document& document, std::span<const Problem> problems,
                       std::size_t most = 20);

/// The same of problems that this adds to the document's own.
void add_problems(Document& document, std::vector<Problem> problems);

/// All rows for machines; for people the first, and a line of how many `more` there are.
void add_in_part(Document& document, Table table, std::size_t most = 20,
                 const char* more = "… and {} more");

/// What packing weights lost: sums and the worst for people, a table of all for machines; and what
/// became infinite.
void add_losses(Document& document, const Losses& losses);

}  // namespace ckptscope
