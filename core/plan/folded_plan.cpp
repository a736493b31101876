// Outputs of one pattern, op and pattern of inputs are one row.
#include "core/plan/folded_plan.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

#include "core/names/key_pattern.hpp"

namespace ckptscope {
namespace {

/// Tensors of one pattern.
struct Alike {
  KeySet keys;
  std::uint64_t count = 0;
  std::uint32_t first = 0;
};
using Groups = std::map<std::string, Alike>;

/// Returns the pattern.
std::string add_to(Groups& groups, std::string_view key, std::uint32_t id) {
  std::vector<std::uint64_t> numbers;
  std::string pattern = generalise(key, numbers);
  Alike& one = groups[pattern];
  if (one.count++ == 0) one = {KeySet(pattern), 1, id};
  one.keys.add(numbers);
  return pattern;
}

std::vector<MapPart> parts_of(const Groups& groups) {
  std::vector<MapPart> parts;
  for (const auto& [pattern, one] : groups)
    parts.push_back({one.count, one.keys.text(), one.first});
  return parts;
}

struct Row {
  KeySet target;
  Groups sources;
  std::uint64_t source_count = 0;
  std::uint64_t target_count = 0;
  std::string op;
  std::size_t output = 0;  // the first one
};

/// "a.gate_proj.weight" and "a.up_proj.weight" as "a.{gate,up}_proj.weight".
std::string braced(const std::vector<std::string>& texts) {
  if (texts.size() == 1) return texts.front();
  std::size_t prefix = texts.front().size();
  std::size_t suffix = texts.front().size();
  for (const std::string& text : texts) {
    const auto ahead = std::mismatch(text.begin(), text.end(), texts[0].begin(), texts[0].end());
    prefix = std::min(prefix, static_cast<std::size_t>(ahead.first - text.begin()));
    const auto behind =
        std::mismatch(text.rbegin(), text.rend(), texts[0].rbegin(), texts[0].rend());
    suffix = std::min(suffix, static_cast<std::size_t>(behind.first - text.rbegin()));
  }
  for (const std::string& text : texts) suffix = std::min(suffix, text.size() - prefix);
  // Cut at word boundaries: {gate,up}_proj, not {block,scale}s.
  const auto is_boundary = [](char c) { return c == '.' || c == '_'; };
  while (prefix > 0 && !is_boundary(texts[0][prefix - 1])) --prefix;
  while (suffix > 0 && !is_boundary(texts[0][texts[0].size() - suffix])) --suffix;
  std::string out = texts[0].substr(0, prefix) + "{";
  for (std::size_t i = 0; i < texts.size(); ++i) {
    out += (i > 0 ? "," : "") + texts[i].substr(prefix, texts[i].size() - prefix - suffix);
  }
  return out + "}" + texts[0].substr(texts[0].size() - suffix);
}

constexpr std::size_t kMostLeftRows = 4;

class Folding {
 public:
  Folding(const Plan& plan, bool filtered) : plan_(plan), filtered_(filtered) {}

  FoldedPlan run() {
    for (std::size_t i = 0; i < plan_.outputs.size(); ++i) add(plan_.outputs[i], i);
    for (const Row& row : rows_) result_.rows.push_back(finish(row));
    result_.row_of_left.assign(plan_.fates.size(), FoldedPlan::kNoRow);
    for (std::uint32_t rule = 0; rule < plan_.drop_rules.size(); ++rule) {
      const DropRule& named = plan_.drop_rules[rule];
      add_left(Fate::Kind::Dropped, rule, "drop",
               fmt::format("{}, rule {}", named.reason, named.name));
    }
    if (!filtered_) add_left(Fate::Kind::Unplaced, 0, "orphan", "not accounted for");
    return std::move(result_);
  }

 private:
  void add(const Output& output, std::size_t number) {
    std::vector<std::uint32_t> inputs;
    for_each_input(*output.value, [&](std::uint32_t id) { inputs.push_back(id); });
    std::vector<std::uint64_t> numbers;
    std::vector<std::uint64_t> ignored;
    const std::string pattern = generalise(output.key, numbers);
    const std::string source_pattern =
        inputs.empty() ? "" : generalise(plan_.input(inputs.front()).name, ignored);
    const std::string op = op_text(output);
    const auto [found, is_new] =
        index_.try_emplace(op + "\n" + pattern + "\n" + source_pattern, rows_.size());
    if (is_new) rows_.push_back({KeySet(pattern), {}, 0, 0, op, number});
    Row& row = rows_[found->second];
    result_.row_of_output.push_back(static_cast<std::uint32_t>(found->second));
    row.target.add(numbers);
    ++row.target_count;
    for (const std::uint32_t id : inputs) add_source(row, id);
  }

  void add_source(Row& row, std::uint32_t id) {
    add_to(row.sources, plan_.input(id).name, id);
    const bool own = id < plan_.inputs.size();
    if (!own || seen_[id]) return;
    seen_[id] = true;
    ++row.source_count;
  }

  static MapRow finish(const Row& row) {
    std::vector<std::string> sources;
    for (const auto& [pattern, group] : row.sources) sources.push_back(group.keys.text());
    const std::string source = sources.empty() ? "" : braced(sources);
    const std::string target = row.target.text();
    return {row.source_count, source,
            row.op,           target == source ? "same" : target,
            row.target_count, parts_of(row.sources),
            row.output};
  }

  /// PlanInputs that no output reads.
  void add_left(Fate::Kind kind, std::uint32_t rule, const std::string& op,
                const std::string& why) {
    Groups groups;
    std::map<std::string, std::vector<std::uint32_t>> ids;
    for (std::uint32_t id = 0; id < plan_.fates.size(); ++id) {
      const Fate& fate = plan_.fates[id];
      if (fate.kind != kind || (kind == Fate::Kind::Dropped && fate.where != rule)) continue;
      ids[add_to(groups, plan_.inputs[id].name, id)].push_back(id);
    }
    const bool in_one = groups.size() > kMostLeftRows;
    if (in_one) result_.rows.push_back(row_of_all(groups, op, why));
    for (const auto& [pattern, one] : groups) {
      if (!in_one) {
        const std::string keys = one.keys.text();
        result_.rows.push_back({one.count, keys, op, why, 0, {{one.count, keys, one.first}}, {}});
      }
      for (const std::uint32_t id : ids[pattern]) {
        result_.row_of_left[id] = static_cast<std::uint32_t>(result_.rows.size() - 1);
      }
    }
  }

  /// One row for a whole layer: "model.layers.80.*".
  static MapRow row_of_all(const Groups& groups, const std::string& op, const std::string& why) {
    std::uint64_t count = 0;
    std::string common = groups.begin()->second.keys.text();
    for (const auto& [pattern, one] : groups) {
      const std::string text = one.keys.text();
      const auto differs = std::mismatch(common.begin(), common.end(), text.begin(), text.end());
      common.erase(differs.first, common.end());
      count += one.count;
    }
    common.erase(common.rfind('.') == common.npos ? 0 : common.rfind('.') + 1);
    const std::string keys = fmt::format("{}* ({} names)", common, groups.size());
    return {count, keys, op, why, 0, {{count, keys, groups.begin()->second.first}}, {}};
  }

  const Plan& plan_;
  const bool filtered_;
  FoldedPlan result_;
  std::vector<Row> rows_;
  std::unordered_map<std::string, std::size_t> index_;
  std::vector<bool> seen_ = std::vector<bool>(plan_.inputs.size());  // by number of the input
};

std::string_view name_of_constant(Value::Op op) {
  return op == Value::Op::Zeros ? "zeros" : op == Value::Op::Ones ? "ones" : "frequencies";
}

}  // namespace

std::string op_text(const Output& output) {
  if (output.kind == OutputKind::Renamed) return "rename";
  if (output.kind == OutputKind::Passed) return "pass";
  if (output.kind == OutputKind::Synthesised) {
    return fmt::format("add {}", name_of_constant(output.value->op));
  }
  if (output.kind == OutputKind::Copied) return "copy";
  if (output.kind == OutputKind::Borrowed) return "copy like";
  using Op = Value::Op;
  std::string text;
  const OpSet ops = ops_of(*output.value);
  const auto say = [&](Op op, std::string_view word) {
    if (ops.has(op)) text += (text.empty() ? "" : " ") + std::string(word);
  };
  if (const std::string_view form = decoded_form_below(*output.value); !form.empty()) {
    text = fmt::format("decode {}", form);
  }
  say(Op::Stack, "stack");
  say(Op::Concat, "cat");
  say(Op::Select, "select");
  say(Op::Slice, "slice");
  say(Op::Transpose, "t");
  say(Op::Interleave, "interleave");
  say(Op::Deinterleave, "deinterleave");
  say(Op::Scaled, "scale");
  if (ops.has(Op::Cast)) {
    text += fmt::format("{}cast {}", text.empty() ? "" : " ", name_of(output.dtype()));
  }
  if (is_encoded(*output.value)) {
    const WrittenForm& form = written_form(output.value->packing);
    text += text.empty() ? "" : " ";
    text += output.value->op == Op::PackedCodes
                ? fmt::format("encode {}", form.word)
                : fmt::format("{} {}", form.word,
                              output.value->op == Op::PackedThird ? form.third : form.scales);
  }
  return text;
}

FoldedPlan fold_plan(const Plan& plan, bool filtered) {
  return Folding(plan, filtered).run();
}

}  // namespace ckptscope
