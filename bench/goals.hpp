// Every goal of the product's speed, with its yardstick, what was measured, and whether it is met.
#pragma once

#include <string>

namespace ckptscope::bench {

/// Prints a table in Markdown, and the same as JSON to goals.json in `directory`, where checkpoints
/// of some GB are made and go again: it wants 60 GB for a while.
void bench_goals(const std::string& directory);

/// The end of that table alone: the same work by others.
void bench_peers(const std::string& directory);

}  // namespace ckptscope::bench
