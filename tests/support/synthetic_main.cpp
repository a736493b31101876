// ckptscope-synthetic MODEL DIR [--layers N] [--real] [--seed N]
//
// Writes a published checkpoint (see published.hpp), or a made-up one of many tensors:
// MODEL many:496620:96 is 496,620 tensors in 96 shards. Sparse unless --real.

#include <charconv>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/support/published.hpp"

namespace ckptscope::testing {
namespace {

struct Arguments {
  std::string model;
  std::string directory;
  Reduced reduced;
  std::uint64_t seed = 0;
};

std::uint64_t number_or_stop(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw std::invalid_argument("not a number: " + std::string(text));
  }
  return number;
}

Arguments parse(const std::vector<std::string>& words) {
  Arguments arguments;
  std::vector<std::string> places;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto value = [&] { return number_or_stop(i + 1 < words.size() ? words[++i] : ""); };
    if (words[i] == "--real") {
      arguments.reduced.real = true;
    } else if (words[i] == "--layers") {
      arguments.reduced.layers = value();
    } else if (words[i] == "--seed") {
      arguments.seed = value();
    } else {
      places.push_back(words[i]);
    }
  }
  if (places.size() != 2) throw std::invalid_argument("MODEL and DIR are expected");
  arguments.model = places[0];
  arguments.directory = places[1];
  return arguments;
}

/// "many:COUNT:SHARDS", or the name of a published model.
SyntheticCheckpoint checkpoint_of(const Arguments& arguments) {
  const std::string_view model = arguments.model;
  if (!model.starts_with("many:")) return published(model, arguments.reduced);
  const std::string_view numbers = model.substr(5);
  const std::size_t colon = numbers.find(':');
  if (colon == numbers.npos) throw std::invalid_argument("many:COUNT:SHARDS is expected");
  const std::uint64_t count = number_or_stop(numbers.substr(0, colon));
  if (count < 3) throw std::invalid_argument("many: at least 3 tensors are expected");
  const std::uint64_t shards = number_or_stop(numbers.substr(colon + 1));
  if (shards == 0) throw std::invalid_argument("many: at least 1 shard is expected");
  return many_tensors(count, shards);
}

int run(const std::vector<std::string>& words) {
  try {
    const Arguments arguments = parse(words);
    SyntheticCheckpoint checkpoint = checkpoint_of(arguments);
    checkpoint.seed = arguments.seed;
    write_synthetic(arguments.directory, checkpoint);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "ckptscope-synthetic: %s\n", error.what());
  }
  std::fprintf(stderr, "usage: ckptscope-synthetic MODEL DIR [--layers N] [--real] [--seed N]\n");
  std::fprintf(stderr, "MODEL: many:COUNT:SHARDS");
  for (const std::string& name : published_models()) std::fprintf(stderr, " | %s", name.c_str());
  std::fprintf(stderr, "\n");
  return 2;
}

}  // namespace
}  // namespace ckptscope::testing

int main(int count, char** words) {
  return ckptscope::testing::run({words + 1, words + count});
}
