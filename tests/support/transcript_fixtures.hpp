// The directories that the transcripts walk through, and the lines that are typed.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tests/support/temp_dir.hpp"

namespace ckptscope::testing {

struct Topic {
  std::string name;                             // of the transcript
  std::function<void(const TempDir&)> prepare;  // makes files; lines run in that directory
  std::vector<std::string> lines;               // for sh; "ckptscope" is the program under test
};

const std::vector<Topic>& topics();

inline void PrintTo(const Topic& topic, std::ostream* out) {
  *out << topic.name;
}

/// What the screens of tests/tui look at: small checkpoints of every family ("gpt-oss", "nemotron",
/// "hy3", "mistral4", "mistral4-vlm"), one with an expert missing, one with a shard cut short
/// ("damaged"), and one with names that a terminal must not see ("hostile").
void make_screens(const TempDir& dir);

/// The text of a safetensors file: length, JSON, data.
std::string safetensors_file(const std::string& json, const std::string& data);

}  // namespace ckptscope::testing
