// One tensor: its header, where it maps, and values at its ends or in a box.
#include <algorithm>

#include "app/commands/flags.hpp"
#include "app/planning/matching_tensors.hpp"
#include "core/base/bytes.hpp"
#include "core/base/display.hpp"
#include "core/inspect/element_text.hpp"
#include "core/names/companions.hpp"
#include "core/plan/folded_plan.hpp"
#include "core/run/evaluator.hpp"

namespace ckptscope {
namespace {

constexpr std::uint64_t kMostValues = 4096;
constexpr std::uint64_t kEnds = 4;  // values shown from either end

std::uint64_t parse_bound(std::string_view text, std::uint64_t fallback) {
  if (text.empty()) return fallback;
  const auto value = parse_number(text);
  if (!value) fail(Code::Usage, "--values: \"{}\" is no index", display(text));
  return *value;
}

/// "[0,:,5]" or "[0:2,3]" as a box; missing dimensions are whole.
Region parse_box(std::string_view text, ShapeView shape) {
  if (!text.starts_with('[') || !text.ends_with(']')) {
    fail(Code::Usage, "--values {}: a box like [0,:,5] is expected", display(text));
  }
  text = text.substr(1, text.size() - 2);
  Region box = whole(shape);
  for (std::size_t dim = 0; !text.empty(); ++dim) {
    if (dim == shape.size())
      fail(Code::Usage, "--values: more indices than {} dimensions", shape.size());
    const std::size_t comma = std::min(text.find(','), text.size());
    const std::string_view part = text.substr(0, comma);
    const std::size_t colon = part.find(':');
    const std::uint64_t begin = parse_bound(part.substr(0, colon), 0);
    const std::uint64_t end =
        colon == part.npos ? begin + 1 : parse_bound(part.substr(colon + 1), shape[dim]);
    if (begin >= end || end > shape[dim]) {
      fail(Code::Usage, "--values: {} lies outside dimension {} of {}", display(part), dim,
           to_string(shape));
    }
    box.begin[dim] = begin;
    box.extent[dim] = end - begin;
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return box;
}

std::string elements_text(std::span<const std::byte> bytes, Dtype dtype) {
  std::string text;
  const std::uint64_t size = size_of(dtype);
  for (std::uint64_t at = 0; at < bytes.size(); at += size) {
    text += (at > 0 ? "  " : "") + element_text(bytes.subspan(at, size), dtype);
  }
  return text;
}

std::string box_text(CheckpointSource& source, std::uint32_t id, const TensorInfo& info,
                     const Region& box) {
  const auto count = element_count(box.extent).value_or(kMostValues + 1);
  if (count > kMostValues) {
    fail(Code::Usage, "--values: {} values, at most {} are shown", format_count(count),
         kMostValues);
  }
  std::vector<std::byte> bytes(count * size_of(info.dtype));
  Values values;
  Evaluator(source).evaluate(*values.input(id, info.dtype, info.shape), box, bytes);
  return elements_text(bytes, info.dtype);
}

std::string ends_text(CheckpointSource& source, std::uint32_t id, const TensorInfo& info) {
  const std::uint64_t size = size_of(info.dtype);
  const std::uint64_t count = info.elements();
  const std::uint64_t head = std::min(count, kEnds);
  std::vector<std::byte> bytes(head * size);
  source.read(id, 0, bytes);
  std::string text = elements_text(bytes, info.dtype);
  if (count <= kEnds) return text;
  source.read(id, (count - head) * size, bytes);
  return text + "  …  " + elements_text(bytes, info.dtype);
}

void add_values(Document& document, const Checkpoint& checkpoint, std::uint32_t id,
                const Args& args) {
  const TensorInfo& info = checkpoint.tensors()[id];
  const bool readable = !checkpoint.shards()[info.shard].damaged && bits_of(info.dtype) % 8 == 0;
  if (!readable || info.elements() == 0) {
    if (args.has("values")) {
      fail(Code::Usage, "--values: {} {} has no values to show{}", name_of(info.dtype),
           to_string(info.shape), readable ? "" : " (damaged, or elements smaller than a byte)");
    }
    return;
  }
  CheckpointSource source(checkpoint);
  const std::string text =
      args.has("values") ? box_text(source, id, info, parse_box(args.text("values"), info.shape))
                         : ends_text(source, id, info);
  document.add(Fields{{{"values", "values", text}}});
}

/// A key; else the packed weight whose logical name it is; else what a query finds, if it is one.
std::uint32_t find_one(const Checkpoint& checkpoint, const std::string& word) {
  if (const auto id = checkpoint.find(word)) return *id;
  if (const auto id = checkpoint.find(blocks_of(word))) return *id;
  const auto found = matching_tensors(checkpoint, {word});
  if (found.size() == 1) return found.front();
  fail(Code::Usage, "show {}: {} match, one is shown at a time: {}; ls lists them", display(word),
       counted(found.size(), "key"), display(checkpoint.tensors()[found.front()].name));
}

std::vector<std::string> companions(const Checkpoint& checkpoint, std::string_view key) {
  std::vector<std::string> found;
  for (const std::string& companion : companions_of(key)) {
    const auto id = checkpoint.find(companion);
    if (!id) continue;
    const TensorInfo& info = checkpoint.tensors()[*id];
    found.push_back(fmt::format("{} {} {}", info.name, name_of(info.dtype), to_string(info.shape)));
  }
  return found;
}

/// Where the key maps, if the family is known.
std::string mapping_text(const Checkpoint& checkpoint, std::uint32_t id, const Args& args) {
  if (recognise_family(checkpoint, checkpoint.config(), args.text("adapter")).adapter == nullptr)
    return "";
  const Plan plan = plan_conversion(checkpoint, args.conversion()).plan;
  const Fate& fate = plan.fates[id];
  if (fate.kind == Fate::Kind::Dropped) {
    const DropRule& rule = plan.drop_rules[fate.where];
    return fmt::format("dropped: {}, rule {}", rule.reason, rule.name);
  }
  if (fate.kind == Fate::Kind::Unplaced) return "not accounted for";
  const Output& output = plan.outputs[fate.where];
  return fmt::format("{} {} {}, {}", output.key, name_of(output.dtype()), to_string(output.shape()),
                     op_text(output));
}

Document run_show(const Snapshot& snapshot, const Args& args, Progress&) {
  const Checkpoint& checkpoint = *snapshot.checkpoint;
  const std::uint32_t id = find_one(checkpoint, args.operands.front());
  const TensorInfo& info = checkpoint.tensors()[id];
  const Shard& shard = checkpoint.shards()[info.shard];
  Document document{"show"};
  document.exit = checkpoint.damaged() ? 1 : 0;
  document.problems.assign(checkpoint.problems().begin(), checkpoint.problems().end());
  document.add(Heading{std::string(info.name)});
  Fields fields{{
      {"key", "", std::string(info.name)},
      {"dtype", "dtype", std::string(name_of(info.dtype))},
      {"shape", "shape", to_shape(info.shape)},
      {"elements", "count", info.elements(), Format::Count},
      {"bytes", "bytes", info.bytes(), Format::Count, format_bytes(info.bytes())},
      {"shard", "shard", shard.name},
      {"", "range",
       fmt::format("bytes {} to {} of the file", format_count(shard.data_start + info.begin),
                   format_count(shard.data_start + info.end))},
      {"begin", "", shard.data_start + info.begin},
      {"end", "", shard.data_start + info.end},
  }};
  if (const auto scales = companions(checkpoint, info.name); !scales.empty()) {
    fields.list.push_back({"companions", "scale", scales});
  }
  if (const std::string text = mapping_text(checkpoint, id, args); !text.empty()) {
    fields.list.push_back({"maps_to", "maps to", text});
  }
  document.add(std::move(fields));
  add_values(document, checkpoint, id, args);
  return document;
}

}  // namespace

extern const Command kShow{
    .name = "show",
    .operands = "KEY",
    .summary = "one tensor: where it lies, its scale, where it maps, first and last values",
    .min_operands = 1,
    .max_operands = 1,
    .flags = {{.name = "values", .value = "INDEX", .help = "more values: a box like [0,:,5]"},
              kTo,
              kAdapter,
              kDtype,
              kSet,
              kLayout},
    .examples = {"show gpt-oss-20b model.norm.weight",
                 "show gpt-oss-20b model.norm.weight --values '[0:8]'"},
    .exits = "there is no such key",
    .run = run_show,
};

}  // namespace ckptscope
