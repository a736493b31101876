// libFuzzer over one target: ckptscope-fuzz NAME [libFuzzer's arguments]. The seeds are written to
// a new directory below $TMPDIR, where what is found stays, too.
#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/fuzz/targets.hpp"

namespace {

using ckptscope::testing::fuzz_targets;
using ckptscope::testing::FuzzTarget;

const FuzzTarget* chosen = nullptr;

std::string corpus_of(const FuzzTarget& target) {
  std::string path = std::filesystem::temp_directory_path() / "ckptscope-fuzz-XXXXXX";
  if (::mkdtemp(path.data()) == nullptr) std::abort();
  std::size_t number = 0;
  for (const std::string& seed : target.seeds()) {
    std::ofstream(fmt::format("{}/seed-{}", path, number++), std::ios::binary) << seed;
  }
  return path;
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  static std::vector<char*> words(*argv, *argv + *argc);
  for (const FuzzTarget& target : fuzz_targets()) {
    if (*argc > 1 && target.name == words[1]) chosen = &target;
  }
  if (chosen == nullptr) {
    fmt::print(stderr, "usage: ckptscope-fuzz NAME …; NAME is one of");
    for (const FuzzTarget& target : fuzz_targets()) fmt::print(stderr, " {}", target.name);
    fmt::print(stderr, "\n");
    std::exit(2);
  }
  static std::string corpus = corpus_of(*chosen);
  words[1] = corpus.data();
  *argv = words.data();
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  chosen->read(std::string(reinterpret_cast<const char*>(data), size));
  return 0;
}
