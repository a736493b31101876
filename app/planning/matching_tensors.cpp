// A query over the rows of headers, and what is said when it finds nothing.
#include "app/planning/matching_tensors.hpp"

#include <numeric>
#include <set>

#include "core/base/display.hpp"

namespace ckptscope {

void fail_no_match(const Checkpoint& checkpoint, const std::vector<std::string>& words) {
  std::vector<std::string_view> keys;
  for (const TensorInfo& info : checkpoint.tensors()) keys.push_back(info.name);
  std::string hint;
  for (const std::string& key : nearest_keys(words.empty() ? "" : words.front(), keys, 3)) {
    hint += fmt::format("{}{}", hint.empty() ? "; nearest: " : ", ", display(key));
  }
  fail(Code::NoMatch, "{}: no key matches {}{}", display(checkpoint.name()),
       display(fmt::format("{}", fmt::join(words, " "))), hint);
}

std::vector<std::uint32_t> all_tensors(const Checkpoint& checkpoint) {
  std::vector<std::uint32_t> ids(checkpoint.tensors().size());
  std::iota(ids.begin(), ids.end(), 0u);
  return ids;
}

QueryResult matching_tensors(const Checkpoint& checkpoint, const std::vector<std::string>& words) {
  std::set<std::string_view> defects;
  for (const Problem& problem : checkpoint.problems()) defects.insert(problem.key);
  const auto tensors = checkpoint.tensors();
  const auto see_names = [&](std::uint32_t id, const SeeNames& see) {
    const TensorInfo& info = tensors[id];
    const QueryItem item{.key = info.name,
                         .dtype = info.dtype,
                         .shape = info.shape,
                         .bytes = info.bytes(),
                         .shard = checkpoint.shard_of(info) + 1,
                         .defect = defects.contains(info.name)};
    see({&item, 1});
  };
  const auto count = static_cast<std::uint32_t>(tensors.size());
  QueryResult found = find(words, count, see_names, Looseness::Letters);
  if (found.things.empty() && !words.empty()) fail_no_match(checkpoint, words);
  return found;
}

}  // namespace ckptscope
