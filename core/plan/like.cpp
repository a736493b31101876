#include "core/plan/like.hpp"

#include <algorithm>
#include <optional>
#include <set>

#include "core/base/display.hpp"
#include "core/names/companions.hpp"

namespace ckptscope {
namespace {

class Matching {
 public:
  Matching(const Like& like, const Mapping& mapping, std::vector<Draft>& drafts, Plan& plan)
      : like_(like), mapping_(mapping), drafts_(drafts), plan_(plan) {}

  void run() {
    std::erase_if(drafts_, [&](const Draft& draft) {
      return !find(draft.output.key) && give_up_zeros(draft);
    });
    for (const Draft& draft : drafts_) {
      compare(draft.output);
      made_.insert(draft.output.key);
    }
    const auto theirs = like_.source.tensors;
    std::vector<Draft> borrowed;
    for (std::uint32_t id = 0; id < theirs.size(); ++id) {
      if (made_.contains(theirs[id].name)) continue;
      if (can_borrow(theirs[id].name)) {
        borrowed.push_back(borrow(id));
      } else {
        problem(theirs[id].name, "{}: {} has it, the output would not", display(theirs[id].name),
                display(like_.name));
      }
    }
    std::move(borrowed.begin(), borrowed.end(), std::back_inserter(drafts_));
  }

 private:
  template <typename... Args>
  void problem(std::string_view key, fmt::format_string<Args...> format, Args&&... args) {
    plan_.problems.push_back({Code::Unlike, Severity::Error,
                              fmt::format(format, std::forward<Args>(args)...), std::string(key)});
  }

  std::optional<std::uint32_t> find(std::string_view key) const {
    return like_.source.index.find(like_.source.tensors, key);
  }

  /// What the rules would add as zeros on the way to native may go when it is zeros.
  bool give_up_zeros(const Draft& draft) {
    const bool is_synthetic =
        std::any_of(mapping_.synths.begin(), mapping_.synths.end(),
                    [&](const Synth& synth) { return synth.key.matches(draft.output.key); });
    if (!is_synthetic || draft.output.value->op != Value::Op::Source) return false;
    const std::uint32_t id = draft.output.value->source;
    plan_.must_be_zero.push_back(id);
    plan_.fates[id] = {
        Fate::Kind::Dropped,
        plan_.rule_named("like.zeros", "zeros that the checkpoint of --like does not have")};
    return true;
  }

  void compare(const Output& output) {
    const auto id = find(output.key);
    if (!id) {
      return problem(output.key, "{}: {} does not have it", display(output.key),
                     display(like_.name));
    }
    const TensorInfo& theirs = like_.source.tensors[*id];
    if (theirs.dtype == output.dtype() && same_shape(theirs.shape, output.shape())) return;
    problem(output.key, "{}: {} {}, {} has {} {}", display(output.key), name_of(output.dtype()),
            to_string(output.shape()), display(like_.name), name_of(theirs.dtype),
            to_string(theirs.shape));
  }

  /// An activation scale whose weight the output has.
  bool can_borrow(std::string_view key) const {
    const auto companion = companion_of(key);
    return companion && companion->activation && made_.contains(companion->weight);
  }

  Draft borrow(std::uint32_t id) {
    const TensorInfo& info = like_.source.tensors[id];
    const auto number = static_cast<std::uint32_t>(plan_.sources.size() + plan_.borrowed.size());
    plan_.borrowed.push_back({info, id});
    Draft draft{{std::string(info.name), source_value(number, info.dtype, info.shape)}, ""};
    draft.output.kind = Kind::Borrowed;
    return draft;
  }

  const Like& like_;
  const Mapping& mapping_;
  std::vector<Draft>& drafts_;
  Plan& plan_;
  std::set<std::string, std::less<>> made_;
};

}  // namespace

void match_like(const Like& like, const Mapping& mapping, std::vector<Draft>& drafts, Plan& plan) {
  Matching(like, mapping, drafts, plan).run();
}

}  // namespace ckptscope
