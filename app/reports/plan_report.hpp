// A plan in a few lines, for map and for the screen of the mapping.
#pragma once

#include <string>

#include "app/planning/conversion.hpp"
#include "core/run/executor.hpp"
#include "views/document/document.hpp"

namespace ckptscope {

/// "hf -> native   adapter gpt_oss (…)   plan 5f0c61b2".
/// `hash`: the plan's, which takes a look at every output.
std::string plan_heading(const PlannedConversion& planned, const std::string& hash);
/// Sums that add up: sources, targets, bytes, what it needs, what it loses.
Fields plan_account(const Plan& plan, const Resources& resources);

}  // namespace ckptscope
