// What is inferred is said, and with a config nothing is.
#include "core/plan/expert_extents.hpp"

#include "core/base/bytes.hpp"
#include "core/base/display.hpp"

namespace ckptscope {

Extent ExpertExtents::infer(std::uint64_t count, std::string_view evidence, std::string_view key,
                            Problems& problems) {
  const bool is_new = told_.insert(count).second;
  if (is_new && has_config_) {
    problems.add(Code::ExpertCount, Severity::Error, key,
                 "the config does not state the number of experts, {} show 0..{}; {}", evidence,
                 count - 1,
                 settable_ ? fmt::format("--set num_experts={} says so", count)
                           : "the mapping has to state it");
  }
  if (is_new && !has_config_) {
    problems.add(Code::Inferred, Severity::Warning, key, "no config: {}, inferred from {} 0..{}",
                 counted(count, "expert"), evidence, count - 1);
  }
  return has_config_ ? Extent() : Extent(count);
}

Problem ExpertExtents::count_problem(std::string_view key, ShapeView found,
                                     std::uint64_t expected) const {
  return {
      Code::ExpertCount, Severity::Error,
      fmt::format("{}: {} experts in {}, {} expected{}", display(key), found[0], to_string(found),
                  expected, settable_ ? "; --set num_experts=N overrides the config" : ""),
      std::string(key)};
}

}  // namespace ckptscope
