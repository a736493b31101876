// A query over the rows of headers, and what is said when it finds nothing.
#include "app/planning/matching_tensors.hpp"

#include <numeric>
#include <set>

#include "core/base/display.hpp"
#include "core/names/query.hpp"

namespace ckptscope {
namespace {

std::vector<std::uint32_t> found_by(const Checkpoint& checkpoint,
                                    const std::vector<std::string>& words) {
  const Query query(words);
  std::set<std::string_view> defects;
  for (const Problem& problem : checkpoint.problems()) defects.insert(problem.key);
  std::vector<std::uint32_t> ids;
  const auto tensors = checkpoint.tensors();
  for (std::uint32_t id = 0; id < tensors.size(); ++id) {
    const TensorInfo& info = tensors[id];
    const QueryItem item{.key = info.name,
                         .dtype = info.dtype,
                         .shape = info.shape,
                         .bytes = info.bytes(),
                         .shard = info.shard + 1,
                         .defect = defects.contains(info.name)};
    if (query.matches(item)) ids.push_back(id);
  }
  return ids;
}

}  // namespace

std::vector<Problem> idle_words(const std::vector<std::string>& words,
                                const std::function<bool(const std::vector<std::string>&)>& finds) {
  std::vector<Problem> notes;
  for (const std::string& word : words) {
    if (word.size() < 2 || word[0] != '!' || finds({word.substr(1)})) continue;
    notes.push_back({Code::NoMatch, Severity::Note,
                     fmt::format("{} leaves nothing out: no key matches {}", display(word),
                                 display(word.substr(1)))});
  }
  return notes;
}

std::vector<Problem> idle_words(const Checkpoint& checkpoint,
                                const std::vector<std::string>& words) {
  return idle_words(words, [&](const auto& some) { return !found_by(checkpoint, some).empty(); });
}

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

std::vector<std::uint32_t> matching_tensors(const Checkpoint& checkpoint,
                                            const std::vector<std::string>& words) {
  std::vector<std::uint32_t> ids = found_by(checkpoint, words);
  if (ids.empty() && !words.empty()) fail_no_match(checkpoint, words);
  return ids;
}

}  // namespace ckptscope
