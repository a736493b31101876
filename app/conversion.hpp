// From a checkpoint and what the user asked for to a plan: which family it is and why, which
// namespace and layout its keys are in, which dtype decoded weights get.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "adapters/adapter.hpp"
#include "core/checkpoint.hpp"
#include "core/plan.hpp"
#include "core/planner.hpp"

namespace ckptscope {

/// The flags that shape a plan, as given; empty means "decide".
struct ConversionRequest {
  std::string to;  // "native", "hf", or empty: the other side
  std::string adapter;
  std::string dtype;
  std::string exclude;
  std::string layout;
  std::map<std::string, std::string, std::less<>> settings;  // --set
  bool lenient = false;
};

/// Which family a checkpoint is, and why; adapter is null when nothing fits.
struct Family {
  const Adapter* adapter = nullptr;
  std::string reason;
};

/// Whose keys these are. Mixed: both sides' names occur.
enum class Side { Hf, Native, Mixed, Unknown };
std::string_view name_of(Side side);

/// By config.json first, then by keys. Throws UnknownAdapter for an `asked` name that does not
/// exist.
Family recognise_family(const Checkpoint& checkpoint, const std::string& asked = "");
Side recognise_side(const Checkpoint& checkpoint, const Adapter& adapter);

struct PlannedConversion {
  Family family;
  Plan plan;
};

/// Throws NoAdapter without a family, UnknownAdapter, Usage for options that the family does not
/// have. Everything that is wrong with the tensors is in the plan.
PlannedConversion plan_conversion(const Checkpoint& checkpoint, const ConversionRequest& request);

}  // namespace ckptscope
