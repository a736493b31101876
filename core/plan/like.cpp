// What has the same key is compared; what only one side has is borrowed, given up, or a problem.
#include "core/plan/like.hpp"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "core/base/display.hpp"
#include "core/base/problems.hpp"
#include "core/names/companions.hpp"

namespace ckptscope {
namespace {

class LikeMatcher {
 public:
  LikeMatcher(const Like& like, const Mapping& mapping, std::size_t inputs, Values& values)
      : like_(like), mapping_(mapping), inputs_(inputs), values_(values) {}

  LikeMatch run(std::vector<Draft> drafts) {
    std::erase_if(drafts, [&](const Draft& draft) {
      return !like_.source.find(draft.output.key) && give_up_zeros(draft);
    });
    for (const Draft& draft : drafts) {
      compare(draft.output);
      made_.insert(draft.output.key);
    }
    result_.drafts = std::move(drafts);
    const auto theirs = like_.source.tensors;
    for (std::uint32_t id = 0; id < theirs.size(); ++id) {
      if (made_.contains(theirs[id].name)) continue;
      if (can_borrow(theirs[id].name)) {
        borrow(id);
      } else {
        problem(theirs[id].name, "{}: {} has it, the output would not", display(theirs[id].name),
                display(like_.name));
      }
    }
    result_.problems = problems_.take();
    return std::move(result_);
  }

 private:
  template <typename... Args>
  void problem(std::string_view key, fmt::format_string<Args...> format, Args&&... args) {
    problems_.add(Code::Unlike, Severity::Error, key, format, std::forward<Args>(args)...);
  }

  /// What the rules would add as zeros on the way to native may go when it is zeros.
  bool give_up_zeros(const Draft& draft) {
    const bool is_synthetic =
        std::any_of(mapping_.additions.begin(), mapping_.additions.end(), [&](const Addition& one) {
          return one.kind == Addition::Kind::Zeros && one.key.matches(draft.output.key);
        });
    if (!is_synthetic || draft.output.value->op != Value::Op::Input) return false;
    result_.given_up.push_back(draft.output.value->input);
    return true;
  }

  void compare(const Output& output) {
    const auto id = like_.source.find(output.key);
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

  void borrow(std::uint32_t id) {
    const TensorInfo& info = like_.source.tensors[id];
    const auto number = static_cast<std::uint32_t>(inputs_ + result_.borrowed.size());
    result_.borrowed.push_back({info, id});
    Draft draft{{std::string(info.name), values_.input(number, info.dtype, info.shape)}};
    draft.output.kind = OutputKind::Borrowed;
    result_.drafts.push_back(std::move(draft));
  }

  const Like& like_;
  const Mapping& mapping_;
  const std::size_t inputs_;
  Values& values_;
  Problems problems_;
  LikeMatch result_;
  std::set<std::string, std::less<>> made_;
};

}  // namespace

LikeMatch match_like(const Like& like, const Mapping& mapping, std::vector<Draft> drafts,
                     std::size_t inputs, Values& values) {
  return LikeMatcher(like, mapping, inputs, values).run(std::move(drafts));
}

}  // namespace ckptscope
