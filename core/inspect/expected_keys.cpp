// Keys are looked for in the plan's outputs, among what it drops, and on disk, in that order.
#include "core/inspect/expected_keys.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "core/base/display.hpp"
#include "core/names/key_pattern.hpp"
#include "core/plan/folded_plan.hpp"

namespace ckptscope {
namespace {

bool is_key(std::string_view text) {
  return text.size() > 2 && text.size() < 1000 && text.find('.') != text.npos &&
         text.find_first_of(" \t\r\n/(){}<>=") == text.npos;
}

ExpectedKeys::Key explain(const Plan& plan, const Checkpoint& checkpoint, const std::string& key) {
  const Output* output = plan.find_output(key);
  const auto source = checkpoint.find(key);
  if (output != nullptr && output->kind == OutputKind::Synthesised) {
    return {key, "added",
            fmt::format("not on disk; converting adds zeros {} {}, rule {}",
                        name_of(output->dtype()), to_string(output->shape()), output->rule)};
  }
  if (output != nullptr && !source) {
    return {key, "converted",
            fmt::format("not on disk under this name; converting makes it: {}", op_text(*output))};
  }
  if (std::find(plan.excluded.begin(), plan.excluded.end(), key) != plan.excluded.end()) {
    return {key, "excluded", "--exclude leaves it out"};
  }
  if (!source) return {key, "unknown", "neither on disk nor made by converting"};
  const Fate& fate = plan.fates[*source];
  if (fate.kind == Fate::Kind::Dropped) {
    const DropRule& rule = plan.drop_rules[fate.where];
    return {key, "dropped",
            fmt::format("on disk; converting drops it ({}), rule {}", rule.reason, rule.name)};
  }
  if (output != nullptr)
    return {key, "on disk", "on disk under this name, and after converting too"};
  if (fate.kind == Fate::Kind::Used) {
    return {key, "on disk",
            fmt::format("on disk; converting uses it: {}", op_text(plan.outputs[fate.where]))};
  }
  return {key, "on disk", "on disk; not accounted for"};
}

}  // namespace

std::vector<std::string> quoted_keys(std::string_view text) {
  std::vector<std::string> keys;
  std::set<std::string_view> seen;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char quote = text[at];
    if (quote != '"' && quote != '\'') continue;
    const std::size_t end = text.find(quote, at + 1);
    if (end == text.npos) continue;
    const std::string_view inside = text.substr(at + 1, end - at - 1);
    if (!is_key(inside)) continue;  // the closing quote may open the next name
    if (seen.insert(inside).second) keys.emplace_back(inside);
    at = end;
  }
  return keys;
}

ExpectedKeys explain_keys(const Plan& plan, const Checkpoint& checkpoint, std::string_view text) {
  ExpectedKeys result;
  struct Alike {
    KeySet keys;
    std::uint64_t count = 0;
    ExpectedKeys::Key first;
  };
  std::map<std::string, Alike> groups;
  for (const std::string& key : quoted_keys(text)) {
    result.keys.push_back(explain(plan, checkpoint, key));
    const ExpectedKeys::Key& one = result.keys.back();
    result.unexplained += one.what == "unknown" ? 1 : 0;
    std::vector<std::uint64_t> numbers;
    const std::string pattern = generalise(key, numbers);
    const std::string id = one.what + "\n" + one.why + "\n" + pattern;
    Alike& alike = groups.try_emplace(id, Alike{KeySet(pattern), 0, one}).first->second;
    alike.keys.add(numbers);
    ++alike.count;
  }
  for (const auto& [id, alike] : groups) {
    result.groups.push_back({alike.count, alike.first.what, alike.keys.text(), alike.first.why});
  }
  return result;
}

}  // namespace ckptscope
