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

/// A word without the punctuation of the sentence that it stands in.
std::string_view trimmed(std::string_view word) {
  constexpr std::string_view kAround = ",;:.-*[]{}";
  const auto begin = word.find_first_not_of(kAround);
  if (begin == word.npos) return {};
  return word.substr(begin, word.find_last_not_of(kAround) + 1 - begin);
}

bool speaks_of_keys(std::string_view line) {
  for (const std::string_view word : {"key", "Key", "KEY"}) {
    if (line.find(word) != line.npos) return true;
  }
  return false;
}

class KeySearch {
 public:
  std::vector<std::string> run(std::string_view text) {
    while (!text.empty()) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      add_line(text.substr(0, end));
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    return std::move(keys_);
  }

 private:
  void add_line(std::string_view line) {
    if (add_quoted(line)) return;
    std::vector<std::string_view> words;
    for (std::size_t at = 0; at < line.size();) {
      const std::size_t begin = line.find_first_not_of(" \t\r", at);
      if (begin == line.npos) break;
      at = std::min(line.find_first_of(" \t\r", begin), line.size());
      words.push_back(trimmed(line.substr(begin, at - begin)));
    }
    std::erase(words, std::string_view());
    const bool alone = words.size() == 1;
    if (!alone && !speaks_of_keys(line)) return;
    for (const std::string_view word : words) {
      const bool plain = word.find_first_of("'\"") == word.npos;
      if (plain && is_key(word) && (alone || std::count(word.begin(), word.end(), '.') > 1))
        add(word);
    }
  }

  bool add_quoted(std::string_view line) {
    bool any = false;
    for (std::size_t at = 0; at < line.size(); ++at) {
      const char quote = line[at];
      if (quote != '"' && quote != '\'') continue;
      const std::size_t end = line.find(quote, at + 1);
      if (end == line.npos) continue;
      const std::string_view inside = line.substr(at + 1, end - at - 1);
      if (!is_key(inside)) continue;  // the closing quote may open the next name
      add(inside);
      any = true;
      at = end;
    }
    return any;
  }

  void add(std::string_view key) {
    if (seen_.insert(key).second) keys_.emplace_back(key);
  }

  std::vector<std::string> keys_;
  std::set<std::string_view> seen_;
};

}  // namespace

std::vector<std::string> named_keys(std::string_view text) {
  return KeySearch().run(text);
}

ExpectedKeys explain_keys(const Plan& plan, const Checkpoint& checkpoint, std::string_view text) {
  ExpectedKeys result;
  struct Alike {
    KeySet keys;
    std::uint64_t count = 0;
    ExpectedKeys::Key first;
  };
  std::map<std::string, Alike> groups;
  for (const std::string& key : named_keys(text)) {
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
