// The files of a checkpoint that hold no tensors: config, tokenizer, chat template, code.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/checkpoint/tensor_source.hpp"
#include "core/output/staging.hpp"
#include "core/plan/plan.hpp"
#include "core/run/inputs.hpp"

namespace ckptscope {

inline constexpr std::uint64_t kMaxSideFile = 256'000'000;

struct SideFiles {
  std::vector<std::string> copied;
  std::vector<std::string> lent;      // copied from the checkpoint of --like
  std::vector<std::string> left_out;  // with the reason
  bool config_edited = false;
};

/// Copies every other top-level regular file of the source of up to kMaxSideFile, but no weights,
/// no index, no receipt; everything else that lies there is left out with a reason. Nothing in them
/// is acted on. The copied config.json states the output's dtype and has no quantization_config
/// when the plan decodes, the plan's when it encodes; hf_quant_config.json is left out then. What
/// the source lacks of config, generation config and tokenizer comes from the checkpoint of --like.
/// A source that is a single file brings its config.json alone.
SideFiles copy_side_files(const PlanInputs& sources, const Plan& plan, Staging& staging);

}  // namespace ckptscope
