// Seeds of every fuzz target, and neighbours of them: read or refused, and nothing else happens.

#include <gtest/gtest.h>

#include <chrono>
#include <random>

#include "tests/fuzz/targets.hpp"

namespace ckptscope::testing {

inline void PrintTo(const FuzzTarget& target, std::ostream* out) {
  *out << target.name;
}

namespace {

/// A few cuts, copies and other bytes; pieces of another seed among them.
std::string neighbour(std::string text, const std::string& other, std::mt19937_64& random) {
  const auto pick = [&](std::size_t below) { return static_cast<std::size_t>(random() % below); };
  for (std::size_t i = 0; i <= pick(6); ++i) {
    const std::size_t at = pick(text.size() + 1);
    switch (pick(5)) {
      case 0:
        text.insert(at, other.substr(pick(other.size() + 1), pick(64)));
        break;
      case 1:
        text.erase(at, pick(12));
        break;
      case 2:
        text.insert(at, text.substr(pick(text.size() + 1), pick(64)));
        break;
      case 3:
        if (at < text.size()) text[at] = static_cast<char>(text[at] ^ (1 << pick(8)));
        break;
      default:
        if (at < text.size()) text[at] = static_cast<char>(random());
    }
  }
  return text;
}

class Fuzz : public ::testing::TestWithParam<FuzzTarget> {};

/// The same ones in every run, as many as fit into the time: the first hundred always do.
TEST_P(Fuzz, SeedsAndNeighboursAreReadOrRefused) {
  const FuzzTarget& target = GetParam();
  const std::vector<std::string> seeds = target.seeds();
  ASSERT_FALSE(seeds.empty());
  std::size_t read = 0;
  std::size_t refused = 0;
  const auto take = [&](const std::string& bytes) { (target.read(bytes) ? read : refused) += 1; };
  for (const std::string& seed : seeds) take(seed);
  std::mt19937_64 random(1);
  constexpr std::size_t kLeast = 100;
  constexpr std::size_t kMost = 3000;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(2);
  for (std::size_t i = 0; i < kMost; ++i) {
    if (i >= kLeast && std::chrono::steady_clock::now() > end) break;
    const std::string& seed = seeds[random() % seeds.size()];
    const std::string bytes = neighbour(seed, seeds[random() % seeds.size()], random);
    SCOPED_TRACE(i);
    take(bytes);
  }
  EXPECT_GT(read, 0u);
  EXPECT_GT(refused, 0u);
}

INSTANTIATE_TEST_SUITE_P(Targets, Fuzz, ::testing::ValuesIn(fuzz_targets()),
                         [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace ckptscope::testing
