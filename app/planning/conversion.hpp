// From a checkpoint and what the user asked for to a plan: which family it is and why, which
// namespace and layout its keys are in, which dtype decoded weights get.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "adapters/adapter.hpp"
#include "core/checkpoint/checkpoint.hpp"
#include "core/plan/plan.hpp"
#include "core/plan/planner.hpp"

namespace ckptscope {

/// The flags that shape a plan, as given; empty means "decide".
struct ConversionRequest {
  std::string to;  // "native", "hf", or empty: the other side
  std::string adapter;
  std::string dtype;
  std::string exclude;
  std::string layout;
  std::string quantise;  // "mxfp4", "fp8", "none", or empty
  std::string like;      // path of a checkpoint that the output must be like; may be empty
  std::map<std::string, std::string, std::less<>> settings;  // --set
  bool lenient = false;
};

/// Which family a checkpoint is, and why; adapter is null when nothing fits.
struct Family {
  const Adapter* adapter = nullptr;
  std::string reason;
};

/// Whose keys these are. Mixed: both sides' names occur.
enum class DetectedSide { Hf, Native, Mixed, Unknown };
std::string_view name_of(DetectedSide side);

/// By the config first, then by keys. Throws UnknownAdapter for an `asked` name that does not
/// exist.
Family recognise_family(const Checkpoint& checkpoint, const Config& config,
                        const std::string& asked = "");
DetectedSide recognise_side(const Checkpoint& checkpoint, const Config& config,
                            const Adapter& adapter);

struct PlannedConversion {
  Family family;
  std::shared_ptr<const Checkpoint> like;  // what --like names; null without
  Plan plan;
};

/// Throws NoAdapter without a family, UnknownAdapter, Usage for options that the family does not
/// have, and what opening --like throws. A source without a config has that of --like. Everything
/// that is wrong with the tensors is in the plan.
PlannedConversion plan_conversion(const Checkpoint& checkpoint, const ConversionRequest& request);

}  // namespace ckptscope
