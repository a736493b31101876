#include "app/commands/verbs.hpp"
#include "app/reports/problem_lines.hpp"
#include "core/base/bytes.hpp"
#include "core/base/display.hpp"
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

std::string quantised_text(const Summary& summary, const Config& config) {
  std::vector<std::string> parts;
  if (summary.mxfp4_weights > 0) {
    parts.push_back(fmt::format("mxfp4: {} weights as blocks and scales", summary.mxfp4_weights));
  }
  if (summary.fp8_weights > 0) {
    parts.push_back(
        fmt::format("fp8{}: {} weights, {} with one scale, {} with several",
                    config.text("quantization_config.activation_scheme").value_or("").empty()
                        ? ""
                        : " " + *config.text("quantization_config.activation_scheme"),
                    summary.fp8_weights, summary.fp8_with_one_scale, summary.fp8_with_many_scales));
  }
  return parts.empty() ? "no" : fmt::format("{}", fmt::join(parts, "; "));
}

std::string experts_text(const Summary& summary, const Config& config) {
  const auto routed = config.integer({"num_local_experts", "n_routed_experts", "num_experts"});
  if (summary.expert_layers == 0) return "none";
  std::string text = fmt::format("{} layers", summary.expert_layers);
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
                 std::shared_ptr<const Summary> summary, std::vector<Summary::Row> Summary::*rows) {
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

/// As a shell reads it back: quoted where it has to be.
std::string shell_word(const std::string& text) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./+:@%,=";
  if (!text.empty() && text.find_first_not_of(kPlain) == text.npos) return text;
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? "'\\''" : std::string(1, c);
  return out + "'";
}

std::string next_command(const Checkpoint& checkpoint, const Family& family, DetectedSide side) {
  const std::string path = shell_word(checkpoint.location().path);
  if (checkpoint.damaged()) return fmt::format("ckptscope check {}", path);
  if (family.adapter == nullptr) return fmt::format("ckptscope tree {}", path);
  return fmt::format("ckptscope map {} --to {}", path,
                     side == DetectedSide::Native ? "hf" : "native");
}

}  // namespace

Document run_info(const Snapshot& snapshot, const Args& args, Progress&) {
  const Checkpoint& checkpoint = *snapshot.checkpoint;
  const auto summary = std::make_shared<const Summary>(summarise(checkpoint));
  const Family family = recognise_family(checkpoint, checkpoint.config(), args.text("adapter"));
  const DetectedSide side = family.adapter != nullptr
                                ? recognise_side(checkpoint, checkpoint.config(), *family.adapter)
                                : DetectedSide::Unknown;
  const std::string id = family.adapter != nullptr ? std::string(family.adapter->id) : "unknown";

  Document document{"info"};
  document.problems.assign(checkpoint.problems().begin(), checkpoint.problems().end());
  document.exit = checkpoint.damaged() ? 1 : 0;
  document.add(Heading{checkpoint.name()});
  Fields fields{{
      {"name", "", checkpoint.name()},
      {"", "layout", layout_text(checkpoint, name_of(side))},
      {"namespace", "", std::string(name_of(side))},
      {"shards", "", std::uint64_t{checkpoint.shards().size()}},
      {"tensors", "", std::uint64_t{summary->tensors}},
      {"family", "family", id, Format::Text,
       family.adapter != nullptr ? "because " + family.reason
                                 : "no config.json or keys of a known family; --adapter names one"},
      {"parameters", "parameters", summary->parameters, Format::Count,
       summary->scale_elements > 0
           ? fmt::format("and {} scale elements", format_count(summary->scale_elements))
           : ""},
      {"scale_elements", "", summary->scale_elements},
      {"bytes", "bytes", summary->bytes, Format::Count, format_bytes(summary->bytes)},
      {"", "quantised", quantised_text(*summary, checkpoint.config())},
      {"", "experts", experts_text(*summary, checkpoint.config())},
  }};
  if (!checkpoint.location().resolved_from.empty()) {
    fields.list.push_back({"resolved_from", "cache", checkpoint.location().resolved_from});
  }
  if (summary->lora_keys > 0) {
    fields.list.push_back(
        {"lora_keys", "lora", summary->lora_keys, Format::Count, "LoRA keys pass through"});
  }
  document.add(std::move(fields)).add(Note{""});
  document.add(rows_table("dtypes", "dtype", "elements", summary, &Summary::dtypes)).add(Note{""});
  document.add(rows_table("parts", "part", "parameters", summary, &Summary::parts)).add(Note{""});

  Fields tail;
  if (const auto& ignored = checkpoint.location().ignored; !ignored.empty()) {
    tail.list.push_back(
        {"ignored", "ignored", ignored, Format::Text, "not part of this checkpoint"});
  }
  tail.list.push_back({"", "defects", defects_text(checkpoint)});
  tail.list.push_back({"next", "next", next_command(checkpoint, family, side)});
  add_problem_lines(document, checkpoint.problems());
  document.add(std::move(tail));
  return document;
}

}  // namespace ckptscope
