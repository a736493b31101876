// The mapping functions of the families, one file each. See README.md for how to add one.
#pragma once

#include "core/base/config.hpp"
#include "core/mapping/mapping.hpp"

namespace ckptscope {

Mapping gpt_oss(const Config& config, const MappingOptions& options);
Mapping nemotron_v3(const Config& config, const MappingOptions& options);
Mapping hy_v3(const Config& config, const MappingOptions& options);
Mapping mistral4(const Config& config, const MappingOptions& options);
Mapping mistral4_vlm(const Config& config, const MappingOptions& options);

}  // namespace ckptscope
