// Checkpoints of tests as files, and plans as the checkpoints that they would write.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "core/checkpoint/checkpoint.hpp"
#include "core/checkpoint/synthetic.hpp"
#include "core/plan/plan.hpp"
#include "tests/support/temp_dir.hpp"

namespace ckptscope::testing {

/// A checkpoint written to a directory of its own.
struct OnDisk {
  explicit OnDisk(const SyntheticCheckpoint& checkpoint) {
    write_synthetic(dir.path(), checkpoint);
    opened = Checkpoint::open(dir.path());
  }
  TempDir dir;
  Checkpoint opened;
};

/// What a conversion would write, as headers alone.
inline SyntheticCheckpoint outputs_of(const Plan& plan, const std::string& config) {
  SyntheticCheckpoint checkpoint;
  checkpoint.config = config;
  checkpoint.sparse = true;
  for (const Output& output : plan.outputs) {
    checkpoint.tensors.push_back({output.key, output.dtype(), to_shape(output.shape())});
  }
  return checkpoint;
}

inline void expect_sound(const Plan& plan) {
  for (const Problem& problem : plan.problems) {
    EXPECT_NE(problem.severity, Severity::Error) << name_of(problem.code) << " " << problem.message;
  }
}

}  // namespace ckptscope::testing
