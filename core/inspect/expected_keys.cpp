// Keys are looked for in the plan's outputs, among what it drops, and on disk, in that order.
#include "core/inspect/expected_keys.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <set>

#include "core/base/bytes.hpp"
#include "core/base/display.hpp"
#include "core/names/key_pattern.hpp"
#include "core/plan/folded_plan.hpp"

namespace ckptscope {
namespace {

bool is_key(std::string_view text) {
  return text.size() > 2 && text.size() < 1000 && text.find('.') != text.npos &&
         text.find_first_of(" \t\r\n/(){}<>=") == text.npos;
}

/// Names under which vLLM holds several tensors as one, and the tensors.
struct Fused {
  std::string_view name;
  std::array<std::string_view, 3> parts;
};
constexpr Fused kFused[] = {{"qkv_proj", {"q_proj", "k_proj", "v_proj"}},
                            {"gate_up_proj", {"gate_proj", "up_proj", ""}}};

/// Of a name that a loader makes itself; empty where its parts are not there either.
std::string fused_text(const Plan& plan, const Checkpoint& checkpoint, const std::string& key) {
  for (const Fused& one : kFused) {
    const std::size_t at = key.find(one.name);
    if (at == key.npos) continue;
    std::string part = key;
    part.replace(at, one.name.size(), one.parts[0]);
    const bool here = checkpoint.find(part).has_value();
    if (!here && plan.find_output(part) == nullptr) continue;
    std::string parts = fmt::format("{} and {}", one.parts[0], one.parts[1]);
    if (!one.parts[2].empty())
      parts = fmt::format("{}, {} and {}", one.parts[0], one.parts[1], one.parts[2]);
    return fmt::format("a loader's own name for {}, which {} under theirs", parts,
                       here ? "are on disk" : "converting makes");
  }
  return "";
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
  if (!source) {
    const std::string fused = fused_text(plan, checkpoint, key);
    if (!fused.empty()) return {key, "fused", fused};
    return {key, "unknown", "neither on disk nor made by converting"};
  }
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
  for (const std::string_view word : {"key", "Key", "KEY", "size mismatch for"}) {
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
    if (add_quoted(line) || add_row(line)) return;
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

  /// A row of a report, "a.{0...31}.b.weight | MISSING |": keys with their numbers counted out.
  bool add_row(std::string_view line) {
    const std::size_t bar = line.find('|');
    if (bar == line.npos) return false;
    std::string_view name = line.substr(0, bar);
    name.remove_prefix(std::min(name.find_first_not_of(" \t"), name.size()));
    name = name.substr(0, name.find_last_not_of(" \t") + 1);
    const std::size_t before = keys_.size();
    add_counted(std::string(name), 0);
    return keys_.size() > before;
  }

  void add_counted(const std::string& name, int nested) {
    constexpr int kMostNested = 3;
    constexpr std::uint64_t kMost = 10'000;
    const std::size_t open = name.find('{');
    const std::size_t close = name.find('}', open);
    const std::size_t dots = name.find("...", open);
    if (open == name.npos || close == name.npos || dots > close) {
      if (is_key(name)) add(name);
      return;
    }
    const auto first = parse_number(std::string_view(name).substr(open + 1, dots - open - 1));
    const auto last = parse_number(std::string_view(name).substr(dots + 3, close - dots - 3));
    if (!first || !last || nested == kMostNested || *last - *first > kMost) return;
    for (std::uint64_t i = *first; i <= *last; ++i) {
      std::string one = name;
      add_counted(one.replace(open, close - open + 1, std::to_string(i)), nested + 1);
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
    if (seen_.emplace(key).second) keys_.emplace_back(key);
  }

  std::vector<std::string> keys_;
  std::set<std::string, std::less<>> seen_;
};

/// "size mismatch for KEY: … the shape in current model is torch.Size([2, 3])": the model's shapes.
std::map<std::string, std::string> wanted_shapes(std::string_view text) {
  constexpr std::string_view kBegin = "size mismatch for ";
  constexpr std::string_view kShape = "current model is torch.Size(";
  std::map<std::string, std::string> shapes;
  for (std::size_t at = text.find(kBegin); at != text.npos; at = text.find(kBegin, at)) {
    at += kBegin.size();
    const std::size_t colon = text.find(':', at);
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::size_t shape = text.find(kShape, at);
    if (colon > end || shape > end) continue;
    const std::size_t begin = shape + kShape.size();
    shapes.emplace(text.substr(at, colon - at), text.substr(begin, text.find(')', begin) - begin));
  }
  return shapes;
}

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
  const std::map<std::string, std::string> wanted = wanted_shapes(text);
  for (const std::string& key : named_keys(text)) {
    ExpectedKeys::Key& one = result.keys.emplace_back(explain(plan, checkpoint, key));
    if (const auto shape = wanted.find(key); shape != wanted.end()) {
      one.what = "shape";
      one.why += "; the model's own is " + shape->second;
    }
    result.unexplained += one.what == "unknown" ? 1 : 0;
    std::vector<std::uint64_t> numbers;
    const std::string pattern = generalise(key, numbers);
    const std::string id = one.what + "\n" + one.why + "\n" + pattern;
    auto alike = groups.find(id);
    if (alike == groups.end()) alike = groups.emplace(id, Alike{KeySet(pattern), 0, one}).first;
    alike->second.keys.add(numbers);
    ++alike->second.count;
  }
  for (const auto& [id, alike] : groups) {
    result.groups.push_back({alike.count, alike.first.what, alike.keys.text(), alike.first.why});
  }
  return result;
}

}  // namespace ckptscope
