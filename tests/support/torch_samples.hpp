// Samples of torch.save and torch.distributed.checkpoint: files that the real writers wrote, and
// files with a broken rule. Packed by torch_samples.py.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/checkpoint/checkpoint.hpp"

namespace ckptscope::testing {

struct SampleTensor {
  std::string dtype;
  std::string shape;  // "2,3", "scalar"
  std::string sha256;

  bool operator==(const SampleTensor&) const = default;
};
using SampleTensors = std::map<std::string, SampleTensor>;

struct TorchSample {
  std::string verdict;  // "reads", "foreign", "damaged"
  std::string name;
  std::string why;  // the rule that is broken
  std::vector<std::string> foreign;
  SampleTensors tensors;
  SampleTensors optim;  // beside the model; of a rank's file what all ranks make up
  std::map<std::string, std::string> files;  // by path
  std::map<std::string, std::string> links;

  /// Writes the files below a directory.
  void write(const std::string& directory) const;
};

/// What a checkpoint holds, read in uneven parts as tiles are.
SampleTensors tensors_of(const Checkpoint& checkpoint);

/// Those of tests/field/FILE.
const std::vector<TorchSample>& torch_samples(const std::string& file);
const TorchSample& torch_sample(const std::string& file, std::string_view name);
/// Their names alone, for which nothing is unpacked: every process of tests has to know them.
std::vector<std::string> torch_sample_names(const std::string& file);

}  // namespace ckptscope::testing
