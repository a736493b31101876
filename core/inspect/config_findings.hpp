// Where config.json and the tensors say different things: what a loader would stumble over.
#pragma once

#include <vector>

#include "core/base/error.hpp"
#include "core/checkpoint/checkpoint.hpp"
#include "core/inspect/summary.hpp"

namespace ckptscope {

/// Notes, config-mismatch: a quantisation that no tensor has, or packed tensors that the config
/// does not speak of; metadata without the format that transformers asks for. Nothing of the config
/// without one.
std::vector<Problem> config_findings(const Checkpoint& checkpoint, const Summary& summary);

/// "mxfp4", "modelopt", …: quant_method, at the top or under text_config; empty without one.
std::string quantisation_method(const Config& config);

}  // namespace ckptscope
