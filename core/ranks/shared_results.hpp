// A list of items that threads and ranks share out.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/base/parallel.hpp"
#include "core/ranks/message.hpp"
#include "core/ranks/ranks.hpp"

namespace ckptscope {

/// What make(item, worker) returns for each item, in all ranks; each is made by one of them, by up
/// to `workers.threads` threads, in the order of items. `bytes` of each are what `make` advances
/// `progress` by, in a phase of that name. Throws what `make` throws, and Interrupted.
template <typename Result>
std::vector<Result> shared_results(std::string_view phase, std::span<const std::uint64_t> bytes,
                                   const Workers& workers, Progress& progress, const auto& make) {
  std::vector<Result> results(bytes.size());
  std::vector<std::size_t> mine;
  std::uint64_t total = 0;
  const std::vector<std::size_t> rank_of = deal(bytes, workers.ranks.count());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (rank_of[i] != workers.ranks.number()) continue;
    mine.push_back(i);
    total += bytes[i];
  }
  progress.phase(phase, total);
  parallel_for(mine.size(), workers.threads,
               [&](std::size_t i, unsigned worker) { results[mine[i]] = make(mine[i], worker); });
  if (workers.ranks.is_one()) return results;
  MessageWriter message;
  for (const std::size_t item : mine) message(results[item]);
  const std::vector<std::string> all = workers.ranks.exchange(message.take(), progress);
  std::vector<MessageReader> readers(all.begin(), all.end());
  for (std::size_t i = 0; i < bytes.size(); ++i) readers[rank_of[i]](results[i]);
  for (const MessageReader& reader : readers) {
    if (!reader.is_at_end()) fail(Code::Internal, "ranks share out different items");
  }
  return results;
}

}  // namespace ckptscope
