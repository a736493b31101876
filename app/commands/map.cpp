// The plan of a conversion, folded, in full, or narrowed by a query; and what a text of keys means.
#include <algorithm>
#include <iostream>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <unordered_set>

#include "app/commands/flags.hpp"
#include "app/planning/matching_tensors.hpp"
#include "app/reports/plan_report.hpp"
#include "app/reports/problem_lines.hpp"
#include "core/base/bytes.hpp"
#include "core/base/display.hpp"
#include "core/base/parallel.hpp"
#include "core/base/problems.hpp"
#include "core/inspect/expected_keys.hpp"
#include "core/names/find.hpp"
#include "core/names/key_pattern.hpp"
#include "core/plan/folded_plan.hpp"
#include "core/run/executor.hpp"

namespace ckptscope {
namespace {

using PlanPtr = std::shared_ptr<const Plan>;

std::vector<std::string> source_keys(const Plan& plan, const Output& output) {
  std::vector<std::string> keys;
  for_each_input(*output.value, [&](std::uint32_t id) { keys.emplace_back(plan.input(id).name); });
  return keys;
}

Table outputs_table(const PlanPtr& plan) {
  const auto row = [plan](std::size_t i) -> std::vector<Cell> {
    const Output& output = plan->outputs[i];
    return {output.key,
            std::string(name_of(output.dtype())),
            to_shape(output.shape()),
            output.bytes(),
            std::string(name_of(output.kind)),
            source_keys(*plan, output),
            plan->expression(output, false)};
  };
  Table table{"outputs",
              {{"key", ""},
               {"dtype", ""},
               {"shape", ""},
               {"bytes", ""},
               {"op", ""},
               {"sources", ""},
               {"expr", ""}},
              plan->outputs.size(),
              row,
              Audience::Machines};
  table.main = true;
  return table;
}

std::vector<std::uint32_t> dropped_inputs(const Plan& plan) {
  std::vector<std::uint32_t> dropped;
  for (std::uint32_t id = 0; id < plan.fates.size(); ++id) {
    if (plan.fates[id].kind == Fate::Kind::Dropped) dropped.push_back(id);
  }
  return dropped;
}

Table dropped_table(const PlanPtr& plan) {
  std::vector<std::uint32_t> ids = dropped_inputs(*plan);
  const std::size_t count = ids.size();
  const auto row = [plan, ids = std::move(ids)](std::size_t i) -> std::vector<Cell> {
    const DropRule& rule = plan->drop_rules[plan->fates[ids[i]].where];
    return {std::string(plan->inputs[ids[i]].name), rule.name, rule.reason};
  };
  return {"dropped", {{"key", ""}, {"rule", ""}, {"reason", ""}}, count, row, Audience::Machines};
}

std::vector<std::string> keys_of_kind(const Plan& plan, OutputKind kind) {
  std::vector<std::string> keys;
  for (const Output& output : plan.outputs) {
    if (output.kind == kind) keys.push_back(output.key);
  }
  return keys;
}

/// Queries as they are typed.
std::vector<std::string> joined(const std::vector<std::vector<std::string>>& queries) {
  std::vector<std::string> texts;
  texts.reserve(queries.size());
  for (const auto& words : queries) texts.push_back(fmt::format("{}", fmt::join(words, " ")));
  return texts;
}

/// The line that made an output, in a line of its own; empty without one.
std::string rule_of(const Plan& plan, const Output& output) {
  if (output.line == Output::kNoLine) return "";
  const PlanLine& line = plan.lines[output.line];
  return fmt::format("  by {}: {}\n", line.where, line.text);
}

Fields heading_fields(const PlannedConversion& planned, const std::string& hash) {
  const PlanOptions& options = planned.plan.options;
  Fields fields{{
      {"adapter", "", options.adapter},
      {"from", "", std::string(name_of(options.from))},
      {"to", "", std::string(name_of(options.to))},
      {"plan", "", hash},
      {"options.layout", "", options.mapping.layout},
      {"options.dtype", "", std::string(name_of(options.output_dtype()))},
      {"options.rename", "", options.renames},
      {"options.include", "", joined(options.include)},
      {"options.exclude", "", options.exclude},
      {"options.quantize", "", std::string(name_of(options.quantise))},
      {"options.lenient", "", options.lenient},
  }};
  for (const auto& [name, value] : options.mapping.settings) {
    fields.list.push_back({"options.set." + name, "", value});
  }
  return fields;
}

Table folded_table(const Plan& plan, bool filtered) {
  std::vector<std::vector<Cell>> cells;
  for (const MapRow& row : fold_plan(plan, filtered).rows) {
    cells.push_back({row.sources > 0 ? Cell(row.sources) : Cell(), row.source, row.op, row.target,
                     row.targets > 0 ? Cell(row.targets) : Cell()});
  }
  const std::size_t count = cells.size();
  return {"",
          {{"", "keys", Format::Count},
           {"", "source"},
           {"", "op"},
           {"", "target"},
           {"", "keys", Format::Count}},
          count,
          [cells = std::move(cells)](std::size_t i) { return cells[i]; },
          Audience::People};
}

/// Which line of the mapping made how many outputs; lines that made none are left out.
Table rules_table(const Plan& plan) {
  struct Made {
    std::size_t outputs = 0;
    std::string first;
  };
  std::map<std::uint32_t, Made> made;  // by number of the line
  for (const Output& output : plan.outputs) {
    Made& one = made[output.line];
    if (one.outputs++ == 0) one.first = output.key;
  }
  std::vector<std::vector<Cell>> cells;
  for (const auto& [number, one] : made) {
    const bool no_line = number == Output::kNoLine;
    cells.push_back({no_line ? "no line" : plan.lines[number].where, std::uint64_t{one.outputs},
                     no_line ? "passed, decoded or added" : plan.lines[number].text, one.first});
  }
  const std::size_t count = cells.size();
  return {"rules",
          {{"where", "line"},
           {"outputs", "keys", Format::Count},
           {"text", "rule"},
           {"first", "the first"}},
          count,
          [cells = std::move(cells)](std::size_t i) { return cells[i]; }};
}

/// One output in full, or what becomes of one source.
std::string detail_of(const Plan& plan, const std::string& key) {
  std::string text;
  if (const Output* output = plan.find_output(key)) {
    text += plan.line(*output, true) + "\n" + rule_of(plan, *output);
  }
  for (std::size_t id = 0; id < plan.inputs.size(); ++id) {
    if (plan.inputs[id].name != key) continue;
    const Fate& fate = plan.fates[id];
    if (fate.kind == Fate::Kind::Dropped) {
      const DropRule& rule = plan.drop_rules[fate.where];
      text += fmt::format("{} is dropped: {}, rule {}\n", display(key), rule.reason, rule.name);
    }
    for (const Output& output : plan.outputs) {
      const auto keys = source_keys(plan, output);
      if (std::find(keys.begin(), keys.end(), key) == keys.end() || output.key == key) continue;
      text += plan.line(output, true) + "\n";
    }
  }
  return text;
}

/// Calls `see` with the names of an output: its own, and those of what it is made of.
void see_names(const Plan& plan, const Output& output, const Checkpoint& checkpoint,
               const SeeNames& see) {
  std::vector<QueryItem> names{
      {output.key, output.dtype(), output.shape(), output.bytes(), {}, name_of(output.kind)}};
  for_each_input(*output.value, [&](std::uint32_t id) {
    const TensorInfo& info = plan.input(id);
    names.push_back({info.name, info.dtype, info.shape, info.bytes(), checkpoint.shard_of(info) + 1,
                     name_of(output.kind)});
  });
  see(names);
}

/// Only what a query finds, on either side, with notes on its words; of nothing it throws NoMatch.
Plan filtered(const Plan& plan, const std::vector<std::string>& words,
              const Checkpoint& checkpoint) {
  const std::vector<std::uint32_t> dropped = dropped_inputs(plan);
  const auto outputs = static_cast<std::uint32_t>(plan.outputs.size());
  const auto see = [&](std::uint32_t i, const SeeNames& see_them) {
    if (i < outputs) return see_names(plan, plan.outputs[i], checkpoint, see_them);
    const TensorInfo& info = plan.input(dropped[i - outputs]);
    const QueryItem item{
        info.name, info.dtype, info.shape, info.bytes(), checkpoint.shard_of(info) + 1, "drop"};
    see_them({&item, 1});
  };
  const auto count = outputs + static_cast<std::uint32_t>(dropped.size());
  QueryResult found = find(words, count, see, Looseness::Letters);
  if (found.things.empty()) fail_no_match(checkpoint, words);
  std::unordered_set<std::string_view> kept;
  std::unordered_set<std::string_view> kept_dropped;
  for (const std::uint32_t i : found.things) {
    if (i < outputs) kept.insert(plan.outputs[i].key);
    if (i >= outputs) kept_dropped.insert(plan.input(dropped[i - outputs]).name);
  }
  Plan result = plan.subset([&](const Output& one) { return kept.contains(one.key); },
                            [&](const TensorInfo& one) { return kept_dropped.contains(one.name); });
  append(result.problems, std::move(found.notes));
  return result;
}

/// A file's, or - for what stdin says.
std::string text_of(const std::string& file) {
  constexpr std::uint64_t kMost = 64'000'000;
  if (file != "-") return read_text(file, kMost);
  std::string text(std::istreambuf_iterator<char>(std::cin), {});
  if (text.size() > kMost) fail(Code::Usage, "--expect -: more than {}", format_bytes(kMost));
  return text;
}

Document explain(const PlannedConversion& planned, const Checkpoint& checkpoint,
                 const std::string& file) {
  const ExpectedKeys expected = explain_keys(planned.plan, checkpoint, text_of(file));
  Document document{"map"};
  document.add(heading_fields(planned, planned.plan.hash()));
  document.add(
      Note{fmt::format("{} names {} keys: {} explained, {} unexplained", file, expected.keys.size(),
                       expected.keys.size() - expected.unexplained, expected.unexplained)});
  const auto rows = std::make_shared<const ExpectedKeys>(expected);
  document.add(Table{"",
                     {{"", "keys", Format::Count}, {"", "what"}, {"", "key"}, {"", "why"}},
                     rows->groups.size(),
                     [rows](std::size_t i) -> std::vector<Cell> {
                       const auto& group = rows->groups[i];
                       return {group.count, group.what, group.pattern, group.why};
                     },
                     Audience::People});
  Table keys{"expected",
             {{"key", ""}, {"what", ""}, {"why", ""}},
             rows->keys.size(),
             [rows](std::size_t i) -> std::vector<Cell> {
               return {rows->keys[i].key, rows->keys[i].what, rows->keys[i].why};
             },
             Audience::Machines};
  keys.main = true;
  document.add(std::move(keys));
  document.exit = expected.unexplained > 0 ? 1 : 0;
  return document;
}

/// The plan as it was asked for: its rules, itself, one key of it, or folded.
Block mapping_block(const Plan& plan, const Args& args, const std::string& detail) {
  if (args.has("rules")) return rules_table(plan);
  if (args.has("full")) return Note{plan.text(false), /*escaped=*/true};
  if (!detail.empty()) return Note{detail, /*escaped=*/true};
  return folded_table(plan, !args.operands.empty());
}

Document run_map(const Snapshot& snapshot, const Args& args, Progress&) {
  const Checkpoint& checkpoint = *snapshot.checkpoint;
  PlannedConversion planned = plan_conversion(checkpoint, args.conversion());
  if (args.has("expect")) return explain(planned, checkpoint, args.text("expect"));

  const bool accounted =
      planned.plan.sound() && planned.plan.account().unplaced == 0 && !checkpoint.damaged();
  const bool one_key = args.operands.size() == 1 && (checkpoint.find(args.operands[0]) ||
                                                     planned.plan.find_output(args.operands[0]));
  const std::string detail = one_key ? detail_of(planned.plan, args.operands[0]) : "";
  Document document{"map"};
  document.keep.push_back(snapshot.checkpoint);
  document.keep.push_back(planned.like);  // whose names borrowed inputs have
  std::optional<Plan> some;
  if (!args.operands.empty()) some = filtered(planned.plan, args.operands, checkpoint);
  std::string hash;
  Block mapping;
  both([&] { hash = planned.plan.hash(); },
       [&] { mapping = mapping_block(some ? *some : planned.plan, args, detail); });
  document.add(Heading{plan_heading(planned, hash)}).add(Note{""});
  document.add(heading_fields(planned, hash));
  const Fields sums = plan_account(planned.plan, args.resources());
  const auto plan = std::make_shared<const Plan>(std::move(some ? *some : planned.plan));

  document.add(std::move(mapping)).add(Note{""}).add(sums);
  document.add(Fields{{{"passed", "", keys_of_kind(*plan, OutputKind::Passed)},
                       {"synthesised", "", keys_of_kind(*plan, OutputKind::Synthesised)},
                       {"excluded", "", plan->excluded}}});
  document.add(outputs_table(plan)).add(dropped_table(plan));
  document.problems = plan->problems;
  document.problems.insert(document.problems.end(), checkpoint.problems().begin(),
                           checkpoint.problems().end());
  add_problem_lines(document, document.problems);
  document.exit = accounted ? 0 : 1;
  return document;
}

}  // namespace

extern const Command kMap{
    .name = "map",
    .operands = "[KEY or QUERY]",
    .summary = "the whole mapping from headers alone: source, op, target",
    .max_operands = 64,
    .flags = {kTo,
              kAdapter,
              kDtype,
              kExclude,
              kQuantise,
              kLike,
              kEp,
              kExperts,
              kSet,
              kLayout,
              kHfPrefix,
              kLenient,
              kStrict,
              kAllow,
              kMapping,
              kRename,
              kInclude,
              kAll,
              {.name = "rules", .help = "which line of the mapping made which keys"},
              {.name = "full", .help = "the plan itself, one line an output"},
              {.name = "expect",
               .value = "FILE",
               .help = "explain every key that a text names, e.g. a traceback; - is stdin"}},
    .examples = {"map gpt-oss-20b --to native",
                 "map gpt-oss-20b model.layers.0.mlp.experts.down_projs"},
    .exits = "some key is not accounted for",
    .run = run_map,
};

}  // namespace ckptscope
