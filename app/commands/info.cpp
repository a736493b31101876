// What a checkpoint is, from its headers and its config alone.
#include "app/commands/flags.hpp"
#include "app/language/words.hpp"
#include "app/reports/problem_lines.hpp"
#include "core/base/bytes.hpp"
#include "core/base/display.hpp"
#include "core/base/problems.hpp"
#include "core/inspect/config_findings.hpp"
#include "core/inspect/summary.hpp"

namespace ckptscope {
namespace {

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
  if (const auto per_token = config.integer({"num_experts_per_tok", "experts_per_token"})) {
    text += fmt::format(", {} per token", *per_token);
  }
  if (const auto shared = config.integer({"n_shared_experts", "num_shared_experts"})) {
    text += fmt::format(", {} shared", *shared);
  }
  return text;
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
           {"tensors", "tensors", Format::Count},
           {elements, elements, Format::Count},
           {"bytes", "bytes", Format::Bytes},
           {"share", "share", Format::Percent}},
          ((*summary).*rows).size(),
          row};
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
          known                   ? "because " + family.reason
          : family.reason.empty() ? "no config.json or keys of a known family; --adapter names one"
                                  : family.reason + "; --adapter names one"};
}

/// What config.json says of a model that no family is known of.
std::string config_says(const Config& config) {
  std::vector<std::string> says;
  const auto architectures = config.value("architectures");
  for (const ConfigValue::Scalar& one : architectures.list) {
    if (const auto* name = std::get_if<std::string>(&one)) says.push_back(display(*name));
  }
  const auto number = [&](std::optional<std::uint64_t> value, std::string_view what) {
    if (value) says.push_back(fmt::format("{} {}", format_count(*value), what));
  };
  number(config.layers(), "layers");
  number(config.integer({"hidden_size", "n_embd", "d_model"}), "wide");
  number(config.integer({"num_attention_heads", "n_head"}), "heads");
  number(config.experts(), "experts");
  number(config.integer("vocab_size"), "words");
  return fmt::format("{}", fmt::join(says, ", "));
}

/// Of an unknown family what config.json says; a start of keys that hides a known one.
void add_clues(const Checkpoint& checkpoint, const Family& family, Fields& fields) {
  const std::string says = family.adapter ? "" : config_says(checkpoint.config());
  if (!says.empty()) fields.list.push_back({"config_says", "config", says});
  const auto tensors = checkpoint.tensors();
  const std::string out =
      way_out(find_strangers_prefix(tensors, checkpoint.config()), tensors.size());
  if (!out.empty()) fields.list.push_back({"way_out", "hidden", out});
}

Fields what_it_is(const Checkpoint& checkpoint, const Summary& summary, const Family& family,
                  DetectedSide side) {
  Fields fields{{
      {"name", "", checkpoint.name()},
      {"", "layout", layout_text(checkpoint, name_of(side))},
      {"namespace", "", std::string(name_of(side))},
      {"shards", "", std::uint64_t{checkpoint.shards().size()}},
      {"tensors", "", std::uint64_t{summary.tensors}},
      family_field(family),
      {"parameters", "parameters", summary.parameters, Format::Count,
       summary.scale_elements > 0
           ? fmt::format("and {} scale elements", format_count(summary.scale_elements))
           : ""},
      {"scale_elements", "", summary.scale_elements},
      {"bytes", "bytes", summary.bytes, Format::Count, format_bytes(summary.bytes)},
      {"", "quantised", quantised_text(summary, checkpoint.config())},
      {"", "experts", experts_text(summary, checkpoint.config())},
      {"family_reason", "", family.reason},
      {"quantisation_method", "", quantisation_method(checkpoint.config())},
      {"expert_layers", "", summary.expert_layers},
      {"layers", "", summary.layers},
  }};
  add_clues(checkpoint, family, fields);
  if (!checkpoint.location().resolved_from.empty()) {
    fields.list.push_back({"resolved_from", "cache", checkpoint.location().resolved_from});
  }
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

Document run_info(const Snapshot& snapshot, const Args& args, Progress&) {
  const Checkpoint& checkpoint = *snapshot.checkpoint;
  const auto summary = std::make_shared<const Summary>(summarise(checkpoint));
  const Family family =
      recognise_family(checkpoint.tensors(), checkpoint.config(), {args.text("adapter")});
  const DetectedSide side = side_of(checkpoint, family);  // looks at every key
  Document document{"info"};
  document.problems.assign(checkpoint.problems().begin(), checkpoint.problems().end());
  append(document.problems, config_findings(checkpoint, *summary));
  document.exit = checkpoint.damaged() ? 1 : 0;
  document.add(Heading{checkpoint.name()});
  document.add(what_it_is(checkpoint, *summary, family, side)).add(Note{""});
  document.add(rows_table("dtypes", "dtype", "elements", summary, &Summary::dtypes)).add(Note{""});
  add_in_part(document, rows_table("parts", "part", "parameters", summary, &Summary::parts));
  document.add(Note{""});
  document.add(packed_table(summary));
  document.add(metadata_fields(checkpoint)).add(metadata_table(checkpoint));
  add_problem_lines(document, document.problems);
  document.add(what_next(checkpoint, family, side));
  return document;
}

}  // namespace

extern const Command kInfo{
    .name = "info",
    .summary = "what this is: family, parameters, bytes, dtypes, parts, defects",
    .flags = {kAdapter},
    .examples = {"info gpt-oss-20b", "info model.safetensors --json"},
    .exits = "the headers or the index have a defect",
    .run = run_info,
};

}  // namespace ckptscope
