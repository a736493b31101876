// What headers and config.json tell: pure figures, no value is read.
#include "app/reports/overview.hpp"

#include <algorithm>
#include <cmath>

#include "app/language/words.hpp"
#include "app/planning/recognition.hpp"
#include "app/reports/problem_lines.hpp"
#include "app/reports/training_run.hpp"
#include "core/base/bytes.hpp"
#include "core/base/display.hpp"
#include "core/base/parallel.hpp"
#include "core/base/problems.hpp"
#include "core/figures/oddity.hpp"
#include "core/inspect/config_findings.hpp"
#include "core/inspect/summary.hpp"
#include "core/names/part_kinds.hpp"
#include "views/document/figures.hpp"

namespace ckptscope {
namespace {

constexpr std::uint64_t kBf16Bytes = 2;
constexpr std::size_t kMostStacks = 6;  // that people see

std::string layout_text(const Checkpoint& checkpoint, std::string_view side) {
  const Location& location = checkpoint.location();
  std::string how = "one file";
  if (!location.index.empty())
    how = location.index.substr(location.index.rfind('/') + 1);
  else if (checkpoint.shards().size() != 1)
    how = "no index";
  return fmt::format("{}: {}, {}, {}", side, how, counted(checkpoint.shards().size(), "shard"),
                     counted(checkpoint.tensors().size(), "tensor"));
}

std::string packed_text(const Summary::Packed& one) {
  const std::string scales = one.form != "fp8"  // published with scales of many shapes
                                 ? ""
                                 : fmt::format(", {} with one scale, {} with several",
                                               one.with_one_scale, one.with_many_scales);
  return fmt::format("{}: {}{}", one.form, counted(one.weights, "weight"), scales);
}

/// What tensors are packed as, and what the config says of it.
std::string quantised_text(const Summary& summary, const Config& config) {
  std::vector<std::string> parts;
  for (const Summary::Packed& one : summary.packed) parts.push_back(packed_text(one));
  if (parts.empty()) parts.emplace_back("no");
  if (std::string said = quantisation_method(config); !said.empty()) {
    const auto scheme = config.text("quantization_config.activation_scheme");
    parts.push_back(fmt::format("config.json says {}{}", said, scheme ? ", " + *scheme : ""));
  }
  return fmt::format("{}", fmt::join(parts, "; "));
}

Table packed_table(const std::shared_ptr<const Summary>& summary) {
  return {"quantised",
          {{"form", ""}, {"weights", ""}, {"values", ""}},
          summary->packed.size(),
          [summary](std::size_t i) -> std::vector<Cell> {
            const Summary::Packed& one = summary->packed[i];
            return {one.form, one.weights, one.values};
          },
          Audience::Machines};
}

std::string experts_text(const Summary& summary, const Config& config) {
  const auto routed = config.experts();
  if (summary.expert_layers == 0) return "none";
  std::string text = counted(summary.expert_layers, "layer");
  if (routed) text += fmt::format(" x {} routed", *routed);
  if (const auto per_token = config.experts_per_token()) {
    text += fmt::format(", {} per token", *per_token);
  }
  if (const auto shared = config.integer({"n_shared_experts", "num_shared_experts"})) {
    text += fmt::format(", {} shared", *shared);
  }
  return text;
}

/// The first of a list that may be long.
std::vector<std::string> shortened(std::vector<std::string> list) {
  constexpr std::size_t kMost = 6;
  if (list.size() <= kMost) return list;
  const std::size_t rest = list.size() - kMost;
  list.resize(kMost);
  list.push_back(fmt::format("{} more", rest));
  return list;
}

Table rows_table(std::string id, std::string title, std::string elements,
                 const std::shared_ptr<const Summary>& summary,
                 std::vector<Summary::Row> Summary::*rows) {
  const auto row = [summary, rows](std::size_t i) -> std::vector<Cell> {
    const Summary::Row& one = ((*summary).*rows)[i];
    const double share = summary->bytes > 0
                             ? static_cast<double>(one.bytes) / static_cast<double>(summary->bytes)
                             : 0;
    return {one.name, one.tensors, one.elements, one.bytes, share};
  };
  return {std::move(id),
          {{"name", std::move(title)},
           {"tensors", "tensors", Format::Count, 2},
           {elements, elements, Format::Count},
           {"bytes", "bytes", Format::Bytes},
           {"share", "share", Format::Share, 1}},
          ((*summary).*rows).size(),
          row};
}

/// A blank line follows where there are rows; machines get a table without rows too.
void add_with_gap(Document& document, Table table) {
  const bool rows = table.size > 0;
  document.add(std::move(table));
  if (rows) document.add(Note{""});
}

std::string next_command(const Checkpoint& checkpoint, const Family& family, DetectedSide side) {
  const std::string path = shell_path(checkpoint.location().path);
  if (checkpoint.damaged()) return fmt::format("ckptscope check {}", path);
  if (family.adapter == nullptr) return fmt::format("ckptscope tree {}", path);
  return fmt::format("ckptscope map {} --to {}", path,
                     side == DetectedSide::Native ? "hf" : "native");
}

DetectedSide side_of(const Checkpoint& checkpoint, const Family& family) {
  return family.adapter == nullptr
             ? DetectedSide::Unknown
             : recognise_side(checkpoint.tensors(), checkpoint.config(), *family.adapter);
}

Field family_field(const Family& family) {
  const bool known = family.adapter != nullptr;
  return {"family", "family", known ? std::string(family.adapter->head.id) : "unknown",
          Format::Text,
          known ? "because " + family.reason
                : (family.reason.empty() ? "neither config.json nor keys are of a known one"
                                         : family.reason) +
                      ": native is as it lies; \"help mapping\" says how a mapping is written"};
}

/// "Qwen3MoeForCausalLM (qwen3_moe): 24 layers, 2,048 wide, …": what config.json says, of any
/// model.
std::string model_text(const Config& config) {
  std::vector<std::string> names;
  for (const ConfigValue::Scalar& one : config.value("architectures").list) {
    if (const auto* name = std::get_if<std::string>(&one)) names.push_back(display(*name));
  }
  std::string text = fmt::format("{}", fmt::join(names, ", "));
  if (const auto type = config.text("model_type")) {
    text += text.empty() ? display(*type) : fmt::format(" ({})", display(*type));
  }
  std::vector<std::string> says;
  const auto number = [&](std::optional<std::uint64_t> value, std::string_view form) {
    if (value) says.push_back(fmt::format(fmt::runtime(form), format_count(*value)));
  };
  number(config.layers(), "{} layers");
  number(config.integer({"hidden_size", "n_embd", "d_model"}), "{} wide");
  number(config.integer({"num_attention_heads", "n_head"}), "{} heads");
  number(config.integer({"num_key_value_heads", "num_kv_heads"}), "{} for keys and values");
  number(config.experts(), "{} experts");
  number(config.integer("vocab_size"), "vocabulary {}");
  number(config.integer({"max_position_embeddings", "n_positions", "max_sequence_length"}),
         "context {}");
  if (text.empty() || says.empty()) return text + fmt::format("{}", fmt::join(says, ", "));
  return fmt::format("{}: {}", text, fmt::join(says, ", "));
}

/// A start of keys that hides a known family.
void add_clues(const Checkpoint& checkpoint, Fields& fields) {
  const auto tensors = checkpoint.tensors();
  const std::string out =
      way_out(find_strangers_prefix(tensors, checkpoint.config()), tensors.size());
  if (!out.empty()) fields.list.push_back({"way_out", "hidden", out});
}

const Summary::Row* kind_named(const Summary& summary, std::string_view name) {
  const auto found = std::find_if(summary.kinds.begin(), summary.kinds.end(),
                                  [&](const Summary::Row& row) { return row.name == name; });
  return found == summary.kinds.end() ? nullptr : &*found;
}

/// Of a mixture of experts how many take part in a token.
std::optional<std::uint64_t> active_parameters(const Config& config, const Summary& summary) {
  const Summary::Row* const routed = kind_named(summary, kRoutedExperts);
  const auto used = config.experts_per_token();
  if (routed == nullptr || !used || summary.experts == 0 || *used > summary.experts) {
    return std::nullopt;
  }
  return summary.parameters - routed->elements + routed->elements / summary.experts * *used;
}

std::string parameters_remark(const Config& config, const Summary& summary) {
  std::vector<std::string> remarks;
  if (const auto active = active_parameters(config, summary)) {
    remarks.push_back(fmt::format("{} active for a token", format_count(*active)));
  }
  if (summary.scale_elements > 0) {
    remarks.push_back(fmt::format("and {} scale elements", format_count(summary.scale_elements)));
  }
  return fmt::format("{}", fmt::join(remarks, ", "));
}

/// What the largest of so many ranks holds: its experts, and all else whole.
std::vector<Field> by_rank(const Summary& summary, std::uint64_t ranks) {
  const Summary::Row* const routed = kind_named(summary, kRoutedExperts);
  if (routed == nullptr || summary.experts == 0) {
    return {{"", "by rank", "no routed experts: every rank holds all"}};
  }
  if (ranks > summary.experts) {
    fail(Code::Usage, "--ep {}: the checkpoint has {}, each further rank would hold none", ranks,
         counted(summary.experts, "expert"));
  }
  const std::uint64_t own = (summary.experts + ranks - 1) / ranks;
  const std::uint64_t bytes = summary.bytes - routed->bytes + routed->bytes / summary.experts * own;
  const std::uint64_t parameters =
      summary.parameters - routed->elements + routed->elements / summary.experts * own;
  return {
      {"", "by rank",
       fmt::format(
           "the first of {} ranks, no other is larger: {} of {} experts and the rest whole, "
           "{}, as BF16 {}",
           ranks, own, summary.experts, format_bytes(bytes),
           format_bytes(kBf16Bytes * parameters))},
      {"ranks.count", "", ranks},
      {"ranks.experts", "", own},
      {"ranks.bytes", "", bytes},
      {"ranks.bytes_bf16", "", kBf16Bytes * parameters},
  };
}

/// Layer by layer: bytes, holes, and which are unlike the others.
Table stacks_table(const std::shared_ptr<const Summary>& summary) {
  return {"stacks",
          {{"name", "layers"},
           {"first", "from", Format::Count},
           {"count", "numbers", Format::Count, 1},
           {"bytes", "bytes by layer", Format::Spark},
           {"usual", "usual", Format::Bytes},
           {"missing", "missing"},
           {"odd", "unlike"}},
          summary->stacks.size(),
          [summary](std::size_t i) -> std::vector<Cell> {
            const Summary::Stack& stack = summary->stacks[i];
            std::vector<double> bytes;
            std::vector<std::string> missing;
            for (std::size_t k = 0; k < stack.bytes.size(); ++k) {
              const auto one = stack.bytes[k];
              bytes.push_back(one ? static_cast<double>(*one) : std::nan(""));
              if (!one) missing.push_back(std::to_string(stack.first + k));
            }
            if (stack.far_apart) missing = {"numbers are far apart"};
            std::vector<std::string> odd;
            for (const std::size_t k : odd_places(odd_scores(bytes, Scale::Factors))) {
              if (stack.far_apart) break;
              odd.push_back(std::to_string(stack.first + k));
            }
            return {stack.name,
                    stack.first,
                    std::uint64_t{stack.bytes.size()},
                    bytes,
                    static_cast<std::uint64_t>(median(bytes)),
                    shortened(missing),
                    shortened(odd)};
          }};
}

Fields what_it_is(const Checkpoint& checkpoint, const Summary& summary, const Family& family,
                  DetectedSide side, std::optional<std::uint64_t> ranks) {
  const std::string model = model_text(checkpoint.config());
  Fields fields{{
      {"name", "", checkpoint.name()},
      {"model", model.empty() ? "" : "model", model},
      {"", "layout", layout_text(checkpoint, name_of(side))},
      {"namespace", "", std::string(name_of(side))},
      {"shards", "", std::uint64_t{checkpoint.shards().size()}},
      {"tensors", "", std::uint64_t{summary.tensors}},
      family_field(family),
      {"parameters", "parameters", summary.parameters, Format::Count,
       parameters_remark(checkpoint.config(), summary)},
      {"scale_elements", "", summary.scale_elements},
      {"bytes", "bytes", summary.bytes, Format::Count,
       fmt::format("{}, as BF16 {}", format_bytes(summary.bytes),
                   format_bytes(kBf16Bytes * summary.parameters))},
      {"bytes_bf16", "", kBf16Bytes * summary.parameters},
      {"", "quantised", quantised_text(summary, checkpoint.config())},
      {"", "experts", experts_text(summary, checkpoint.config())},
      {"family_reason", "", family.reason},
      {"quantisation_method", "", quantisation_method(checkpoint.config())},
      {"expert_layers", "", summary.expert_layers},
      {"layers", "", summary.layers},
  }};
  if (ranks) {
    for (Field& field : by_rank(summary, *ranks)) fields.list.push_back(std::move(field));
  }
  add_clues(checkpoint, fields);
  if (!checkpoint.location().resolved_from.empty()) {
    fields.list.push_back({"resolved_from", "found by", checkpoint.location().resolved_from});
  }
  for (Field& field : step_fields(checkpoint).list) fields.list.push_back(std::move(field));
  if (summary.lora_keys > 0) {
    fields.list.push_back(
        {"lora_keys", "lora", summary.lora_keys, Format::Count, "LoRA keys pass through"});
  }
  return fields;
}

/// Training facts and the like that people put into files; a few lines, the rest for machines.
Table metadata_table(const Checkpoint& checkpoint) {
  const auto& all = checkpoint.metadata();
  const auto rows = std::make_shared<const std::vector<std::pair<std::string, std::string>>>(
      all.begin(), all.end());
  return {"metadata",
          {{"name", ""}, {"value", ""}},
          rows->size(),
          [rows](std::size_t i) -> std::vector<Cell> {
            return {(*rows)[i].first, (*rows)[i].second};
          },
          Audience::Machines};
}

Fields metadata_fields(const Checkpoint& checkpoint) {
  constexpr std::size_t kShown = 6;
  constexpr std::size_t kWidth = 60;
  Fields fields;
  for (const auto& [name, value] : checkpoint.metadata()) {
    if (name == "format") continue;  // "pt" everywhere
    if (fields.list.size() == kShown) {
      fields.list.push_back(
          {"", " ", fmt::format("{} in all; --json has them", checkpoint.metadata().size())});
      break;
    }
    fields.list.push_back({"", fields.list.empty() ? "metadata" : " ",
                           fmt::format("{} = {}", name, elide_middle(value, kWidth))});
  }
  return fields;
}

Fields what_next(const Checkpoint& checkpoint, const Family& family, DetectedSide side) {
  Fields fields;
  if (const auto& ignored = checkpoint.location().ignored; !ignored.empty()) {
    fields.list.push_back(
        {"ignored", "ignored", ignored, Format::Text, "not part of this checkpoint"});
  }
  fields.list.push_back({"", "defects", defects_text(checkpoint)});
  fields.list.push_back({"next", "next", next_command(checkpoint, family, side), Format::Text, "",
                         /*escaped=*/true});
  return fields;
}

/// "119.4 B": parameters as people say them.
std::string short_count(std::uint64_t count) {
  constexpr std::pair<double, const char*> kUnits[] = {{1e12, "T"}, {1e9, "B"}, {1e6, "M"}};
  for (const auto& [size, unit] : kUnits) {
    if (static_cast<double>(count) >= size)
      return fmt::format("{:.4g} {}", static_cast<double>(count) / size, unit);
  }
  return format_count(count);
}

std::string line_of(const Checkpoint& checkpoint, const Summary& summary, const Family& family,
                    DetectedSide side) {
  const std::size_t errors = count_errors(checkpoint.problems());
  return fmt::format("{}   {}   {} parameters   {}   {}   {}",
                     family.adapter == nullptr
                         ? "unknown family"
                         : fmt::format("{}   {}", name_of(side), family.adapter->head.id),
                     counted(summary.tensors, "tensor"), short_count(summary.parameters),
                     format_bytes(summary.bytes), counted(checkpoint.shards().size(), "shard"),
                     errors == 0 ? "no defects" : counted(errors, "defect"));
}

}  // namespace

Overview overview_of(const Checkpoint& checkpoint, const std::string& adapter,
                     std::optional<std::uint64_t> ranks) {
  std::shared_ptr<const Summary> summary;
  const Family family = recognise_family(checkpoint.tensors(), checkpoint.config(), {adapter});
  DetectedSide side = DetectedSide::Unknown;
  both([&] { summary = std::make_shared<const Summary>(summarise(checkpoint)); },
       [&] { side = side_of(checkpoint, family); });  // each looks at every key
  Document document{"info"};
  document.problems.assign(checkpoint.problems().begin(), checkpoint.problems().end());
  append(document.problems, config_findings(checkpoint, *summary));
  document.exit = checkpoint.damaged() ? 1 : 0;
  document.add(Heading{checkpoint.name()});
  if (checkpoint.damaged()) add_problem_lines(document, document.problems);
  document.add(what_it_is(checkpoint, *summary, family, side, ranks)).add(Note{""});
  add_with_gap(document, rows_table("kinds", "part", "parameters", summary, &Summary::kinds));
  add_with_gap(document, rows_table("dtypes", "dtype", "elements", summary, &Summary::dtypes));
  if (!summary->stacks.empty()) add_in_part(document, stacks_table(summary), kMostStacks);
  Table parts = rows_table("parts", "", "parameters", summary, &Summary::parts);
  parts.audience = Audience::Machines;
  document.add(std::move(parts)).add(packed_table(summary));
  if (!summary->stacks.empty()) document.add(Note{""});
  OptimizerState optimizer = optimizer_state(checkpoint);
  if (optimizer.moments.size > 0) add_with_gap(document, std::move(optimizer.moments));
  document.add(optimizer.settings.list.empty() ? metadata_fields(checkpoint)
                                               : std::move(optimizer.settings));
  document.add(metadata_table(checkpoint));
  if (!checkpoint.damaged()) add_problem_lines(document, document.problems);
  document.add(what_next(checkpoint, family, side));
  return {std::move(document), line_of(checkpoint, *summary, family, side)};
}

}  // namespace ckptscope
