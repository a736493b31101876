// From a checkpoint and what the user asked for to a plan: which family it is and why, which
// namespace and layout its keys are in, which dtype decoded weights get.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "app/planning/recognition.hpp"
#include "app/planning/understood_keys.hpp"
#include "core/checkpoint/checkpoint.hpp"
#include "core/plan/plan.hpp"
#include "core/plan/planner.hpp"

namespace ckptscope {

/// The flags that shape a plan, as given; empty means "decide".
struct ConversionRequest {
  std::string to;  // "native", "hf", or empty: the other side
  std::string adapter;
  std::string mapping;                        // path of a text; empty: the program's own families
  std::optional<MappingText> mapping_text{};  // what it held, where that is known already
  std::vector<std::string> renames;           // 'LEFT -> RIGHT', of keys as they are read
  std::vector<std::vector<std::string>> include;  // queries, a word an element; one must match
  std::string dtype;
  std::string exclude;
  std::string layout;
  std::string hf_prefix;  // "usual", "none", or empty: as the source had it
  std::string quantise;   // "mxfp4", "fp8", "none", or empty
  std::string experts;    // "2/8": those of a rank, "3..5": by number; empty: all
  std::string like;       // path of a checkpoint that the output must be like; may be empty
  std::map<std::string, std::string, std::less<>> settings;  // --set
  /// Native keys of zeros that the way to native added; without it the receipt says so.
  std::optional<std::vector<std::string>> added_zeros{};
  bool edits = false;  // a checkpoint of no family may be changed as it is
  bool lenient = false;
  bool strict = false;                       // what is incomplete is an error
  std::set<std::string, std::less<>> allow;  // codes that do not stop it
};

/// A name beside a checkpoint for its conversion: "gpt-oss-native"; empty where its path ends in no
/// name to go on from.
std::string output_beside(std::string path, Side to);

struct PlannedConversion {
  Family family;
  std::shared_ptr<const UnderstoodKeys> keys;
  std::shared_ptr<const Checkpoint> like;  // what --like names; null without
  Plan plan;
};

/// Throws NoAdapter without a family unless the request only edits, UnknownAdapter, BadMapping,
/// Usage for options that the family does not have or codes that cannot be allowed, and what
/// opening --like throws. A source without a config has that of --like. Everything that is wrong
/// with the tensors is in the plan.
PlannedConversion plan_conversion(const Checkpoint& checkpoint, const ConversionRequest& request);

}  // namespace ckptscope
