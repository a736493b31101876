// A checkpoint of two shards on disk, and what opening it or something near it gives.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "core/checkpoint/checkpoint.hpp"
#include "core/checkpoint/synthetic.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/transcript_fixtures.hpp"

namespace ckptscope::testing {

inline constexpr const char* kIndex = "model.safetensors.index.json";
inline constexpr const char* kFirst = "model-00001-of-00002.safetensors";
inline constexpr const char* kSecond = "model-00002-of-00002.safetensors";

/// a and b in the first shard, c and d in the second, 8 bytes each.
inline SyntheticCheckpoint two_shards() {
  SyntheticCheckpoint checkpoint;
  for (const char* key : {"a", "b", "c", "d"}) {
    checkpoint.tensors.push_back({key, Dtype::F32, {2}});
  }
  checkpoint.shards = 2;
  return checkpoint;
}

inline void write_one(const std::string& directory, const std::string& name,
                      const std::string& key) {
  SyntheticCheckpoint one;
  one.tensors.push_back({key, Dtype::F32, {2}});
  write_synthetic(directory + "/.new", one);
  std::filesystem::rename(directory + "/.new/model.safetensors", directory + "/" + name);
  std::filesystem::remove_all(directory + "/.new");
}

/// One row of two of "a" and the whole "only", whose slices say so.
inline std::string slice_of_a(int row, const std::string& only) {
  return safetensors_file(R"({"__metadata__":{"DCP_SHARDING_INFO":"{\"a\":{\"saved_offsets\":[)" +
                              std::to_string(row) + R"(,0]},\")" + only +
                              R"(\":{\"saved_offsets\":[0]}}"},)" +
                              R"("a":{"dtype":"U8","shape":[1,2],"data_offsets":[0,2]},")" + only +
                              R"(":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}})",
                          "xyz");
}

inline std::string codes_of(const Checkpoint& checkpoint) {
  std::string codes;
  for (const Problem& problem : checkpoint.problems()) {
    codes += (codes.empty() ? "" : " ") + std::string(name_of(problem.code));
  }
  return codes;
}

/// The codes of the problems, or "throws CODE".
inline std::string codes_or_failure(const std::string& path, const OpenOptions& options = {}) {
  try {
    return codes_of(Checkpoint::open(path, options));
  } catch (const Error& error) {
    EXPECT_EQ(std::string_view(error.what()).find('\x1b'), std::string_view::npos);
    return "throws " + std::string(name_of(error.code()));
  }
}

/// The same without the note on total_size, which most rows here do not state.
inline std::string opened(const std::string& path, const OpenOptions& options = {}) {
  std::string codes = codes_or_failure(path, options);
  for (const char* note : {" total-size", "total-size ", "total-size"}) {
    if (const auto at = codes.find(note); at != codes.npos)
      codes.erase(at, std::string(note).size());
  }
  return codes;
}

inline std::string message_of(const std::string& path) {
  try {
    Checkpoint::open(path);
  } catch (const Error& error) {
    return error.what();
  }
  return "opens";
}

}  // namespace ckptscope::testing
