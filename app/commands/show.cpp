// One tensor: its header, where it maps, and values at its ends or in a box.
#include <algorithm>

#include "app/commands/flags.hpp"
#include "app/planning/decoded_items.hpp"
#include "app/planning/matching_tensors.hpp"
#include "app/reports/problem_lines.hpp"
#include "app/reports/stat_report.hpp"
#include "core/base/bytes.hpp"
#include "core/base/display.hpp"
#include "core/figures/oddity.hpp"
#include "core/inspect/code_counter.hpp"
#include "core/inspect/element_text.hpp"
#include "core/inspect/matrix_image.hpp"
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

/// The numbers of a tensor as stat sees them: codes with their scale, everything else as it lies.
class ShownValues {
 public:
  ShownValues(const Checkpoint& checkpoint, std::uint32_t id)
      : source_(checkpoint), evaluator_(source_), item_(item_of(checkpoint, id)) {}

  const StatsItem& item() const { return item_; }
  const Value& node() const { return stored_node(*item_.value); }

  std::vector<std::string> in(const Region& box) {
    const Dtype dtype = node().dtype;
    std::vector<std::byte> bytes(product(box.extent) * size_of(dtype));
    evaluator_.evaluate(node(), box, bytes);
    std::vector<std::string> texts;
    const std::uint64_t size = size_of(dtype);
    for (std::uint64_t at = 0; at < bytes.size(); at += size) {
      texts.push_back(element_text(std::span<const std::byte>(bytes).subspan(at, size), dtype));
    }
    return texts;
  }

  std::vector<std::string> run(std::uint64_t first, std::uint64_t count) {
    std::vector<std::string> texts;
    const Shape one(node().shape.size(), 1);
    for (std::uint64_t i = first; i < first + count; ++i) {
      texts.push_back(in({index_of(node().shape, i), one}).front());
    }
    return texts;
  }

 private:
  /// The decoded weight whose codes the tensor holds, else the tensor.
  static StatsItem item_of(const Checkpoint& checkpoint, std::uint32_t id) {
    for (StatsItem& item : logical_items(checkpoint)) {
      const Value& node = stored_node(*item.value);
      const Value& codes = node.args.empty() ? node : *node.args[0];
      if (codes.input == id) return std::move(item);
    }
    const TensorInfo& info = checkpoint.tensors()[id];
    const auto values = std::make_shared<Values>();
    return {std::string(info.name),
            shared_value(values, values->input(id, info.dtype, info.shape))};
  }

  CheckpointSource source_;
  Evaluator evaluator_;
  StatsItem item_;
};

/// Several rows below each other, for people.
Table grid_table(const Region& box, std::vector<std::string> texts) {
  const std::size_t rank = box.extent.size();
  const std::uint64_t columns = box.extent[rank - 1];
  const std::uint64_t rows = texts.size() / columns;
  Table table{"", {{"", "row"}}, rows, nullptr, Audience::People};
  for (std::uint64_t c = 0; c < columns; ++c) {
    table.columns.push_back({"", std::to_string(box.begin[rank - 1] + c), Format::Real,
                             static_cast<int>(std::min<std::uint64_t>(c, 1'000'000))});
  }
  table.row = [box, columns, texts = std::move(texts)](std::size_t row) {
    std::string index;
    std::uint64_t rest = row;
    for (std::size_t dim = box.extent.size() - 1; dim-- > 0; rest /= box.extent[dim]) {
      index = fmt::format("{}{}{}", box.begin[dim] + rest % box.extent[dim],
                          index.empty() ? "" : ",", index);
    }
    std::vector<Cell> cells{index};
    const auto first = texts.begin() + static_cast<std::ptrdiff_t>(row * columns);
    for (std::uint64_t c = 0; c < columns; ++c)
      cells.emplace_back(*(first + static_cast<std::ptrdiff_t>(c)));
    return cells;
  };
  return table;
}

/// "[0,:,:]": which matrix of several.
std::string matrix_text(const Region& box) {
  std::string text;
  for (std::size_t dim = 0; dim + 2 < box.begin.size(); ++dim) {
    text += std::to_string(box.begin[dim]) + ",";
  }
  return "[" + text + ":,:]";
}

Cutting cutting_of(const Region& box, ShapeView shape) {
  const std::size_t rank = box.extent.size();
  Cutting cut;
  for (std::size_t dim = 0; dim + 2 < rank; ++dim) {
    cut.matrix += std::to_string(box.begin[dim]) + ",";
  }
  cut.columns = shape[rank - 1];
  cut.column_begin = box.begin[rank - 1];
  cut.column_end = cut.column_begin + box.extent[rank - 1];
  cut.rows = rank > 1 ? shape[rank - 2] : 1;
  cut.row_begin = rank > 1 ? box.begin[rank - 2] : 0;
  cut.row_end = cut.row_begin + (rank > 1 ? box.extent[rank - 2] : 1);
  return cut;
}

/// Blocks of the matrix by their mean magnitude.
void add_image(Document& document, const Checkpoint& checkpoint, ShownValues& values,
               const Args& args, Progress& progress) {
  constexpr std::uint64_t kMostRows = 32;
  constexpr std::uint64_t kMostColumns = 64;
  Region box = whole(values.node().shape);
  for (std::size_t dim = 0; dim + 2 < box.extent.size(); ++dim) box.extent[dim] = 1;  // the first
  if (args.has("values")) box = parse_box(args.text("values"), values.node().shape);
  const MatrixImage image = image_of([&] { return std::make_unique<CheckpointSource>(checkpoint); },
                                     values.node(), box, kMostRows, kMostColumns, progress);
  HeatMap map;
  map.id = "image";
  map.title = fmt::format("mean magnitude of blocks of {} x {}", image.row_step, image.column_step);
  if (box.extent.size() > 2) map.title += " of " + matrix_text(box);
  map.row_kind = "row";
  map.column_kind = "column";
  const std::size_t rank = box.extent.size();
  for (std::uint64_t r = 0; r < image.rows; ++r) {
    map.rows.push_back(std::to_string((rank > 1 ? box.begin[rank - 2] : 0) + r * image.row_step));
  }
  for (std::uint64_t c = 0; c < image.columns; ++c) {
    map.columns.push_back(std::to_string(box.begin[rank - 1] + c * image.column_step));
  }
  map.cut = cutting_of(box, values.node().shape);
  map.values = image.magnitudes;
  map.scores = odd_scores(image.magnitudes, Scale::Factors);
  for (const std::uint8_t zero : image.zero) {
    map.peculiar.push_back(zero != 0 ? Peculiar::Zeros : Peculiar::No);
  }
  map.legend = "from the median of all blocks";
  document.add(Note{""}).add(std::move(map));
}

void add_box(Document& document, ShownValues& values, std::string_view text) {
  const Region box = parse_box(text, values.node().shape);
  const auto count = element_count(box.extent).value_or(kMostValues + 1);
  if (count > kMostValues) {
    fail(Code::Usage, "--values: {} values, at most {} are shown", format_count(count),
         kMostValues);
  }
  const auto texts = values.in(box);
  const bool grid = !box.extent.empty() && box.extent.back() != texts.size();
  document.add(Fields{{{"", grid ? "" : "values", fmt::format("{}", fmt::join(texts, "  "))},
                       {"values", "", texts},
                       {"box.begin", "", box.begin},
                       {"box.shape", "", box.extent}}});
  if (grid) document.add(grid_table(box, texts));
}

void add_ends(Document& document, ShownValues& values) {
  const std::uint64_t count = product(values.node().shape);
  const std::uint64_t head = std::min(count, kEnds);
  const auto first = values.run(0, head);
  Fields fields{{{"", "values", fmt::format("{}", fmt::join(first, "  "))}, {"values", "", first}}};
  if (count > kEnds) {
    const auto last = values.run(count - head, head);
    fields.list[0].value = fmt::format("{}  …  {}", fmt::join(first, "  "), fmt::join(last, "  "));
    fields.list.push_back({"last_values", "", last});
  }
  document.add(std::move(fields));
}

void add_values(Document& document, const Checkpoint& checkpoint, std::uint32_t id,
                const Args& args, Progress& progress) {
  const TensorInfo& info = checkpoint.tensors()[id];
  RemoteValues* const remote = checkpoint.location().remote.get();
  if (remote != nullptr && !args.has("values") && !args.has("image")) {
    document.add(Fields{{{"", "values", "elsewhere: --values and --image fetch some"}}});
    return;
  }
  const FetchAllowance fetching(remote, args.bytes("fetch"), progress);
  if (remote != nullptr && !args.has("values")) remote->require(info.bytes());
  const bool readable = !checkpoint.is_damaged(info) && bits_of(info.dtype) % 8 == 0;
  if (!readable || info.elements() == 0) {
    if (args.has("values")) {
      fail(Code::Usage, "--values: {} {} has no values to show{}", name_of(info.dtype),
           to_string(info.shape), readable ? "" : " (damaged, or elements smaller than a byte)");
    }
    return;
  }
  ShownValues values(checkpoint, id);
  if (values.node().op != Value::Op::Input) {
    document.add(Fields{{{"decoded_shape", "decoded", to_shape(values.node().shape)}}});
  }
  if (args.has("image")) {
    add_image(document, checkpoint, values, args, progress);
  } else if (args.has("values")) {
    add_box(document, values, args.text("values"));
  } else {
    add_ends(document, values);
  }
  add_unapplied_scales(document, {values.item()});
}

/// A key; else the packed weight whose logical name it is; else what a query finds, if it is one.
QueryResult find_one(const Checkpoint& checkpoint, const std::string& word) {
  if (const auto id = checkpoint.find(word)) return {{*id}, {}};
  if (const auto id = checkpoint.find(blocks_of(word))) return {{*id}, {}};
  QueryResult found = matching_tensors(checkpoint, {word});
  if (found.things.size() == 1) return found;
  fail(Code::Usage, "show {}: {} match, one is shown at a time: {}; ls lists them", display(word),
       counted(found.things.size(), "key"),
       display(checkpoint.tensors()[found.things.front()].name));
}

/// The scales and other parts that lie beside a tensor.
std::vector<std::uint32_t> companions(const Checkpoint& checkpoint, std::string_view key) {
  std::vector<std::uint32_t> found;
  for (const std::string& companion : companions_of(key)) {
    if (const auto id = checkpoint.find(companion)) found.push_back(*id);
  }
  return found;
}

Field companions_field(const Checkpoint& checkpoint, const std::vector<std::uint32_t>& ids) {
  std::vector<std::string> texts;
  for (const std::uint32_t id : ids) {
    const TensorInfo& info = checkpoint.tensors()[id];
    texts.push_back(fmt::format("{} {} {}", info.name, name_of(info.dtype), to_string(info.shape)));
  }
  return {"", "scale", texts};
}

Table companions_table(const Checkpoint& checkpoint, std::vector<std::uint32_t> ids) {
  const std::size_t count = ids.size();
  const auto tensors = checkpoint.tensors();
  return {"companions",
          {{"key", ""}, {"dtype", ""}, {"shape", ""}},
          count,
          [tensors, ids = std::move(ids)](std::size_t i) -> std::vector<Cell> {
            const TensorInfo& info = tensors[ids[i]];
            return {std::string(info.name), std::string(name_of(info.dtype)), to_shape(info.shape)};
          },
          Audience::Machines};
}

/// Where the key maps, if the family is known.
std::string mapping_text(const Checkpoint& checkpoint, std::uint32_t id, const Args& args) {
  if (recognise_family(checkpoint.tensors(), checkpoint.config(), {args.text("adapter")}).adapter ==
          nullptr &&
      args.text("mapping").empty())
    return "";
  const Plan plan = plan_conversion(checkpoint, args.conversion()).plan;
  const Fate& fate = plan.fates[id];
  if (fate.kind == Fate::Kind::Dropped) {
    const DropRule& rule = plan.drop_rules[fate.where];
    return fmt::format("dropped: {}, rule {}", rule.reason, rule.name);
  }
  if (fate.kind == Fate::Kind::Unplaced) return "not accounted for";
  const Output& output = plan.outputs[fate.where];
  const std::string by =
      output.line == Output::kNoLine ? "" : ", by " + plan.lines[output.line].where;
  std::size_t others = 0;
  for (const Output& one : plan.outputs) {
    bool reads = false;
    for_each_input(*one.value, [&](std::uint32_t input) { reads = reads || input == id; });
    others += reads && &one != &output ? 1 : 0;
  }
  return fmt::format("{} {} {}, {}{}{}", output.key, name_of(output.dtype()),
                     to_string(output.shape()), op_text(output), by,
                     others == 0 ? "" : fmt::format("; and {} more", others));
}

/// Where its bytes are.
void add_place(Fields& fields, const Checkpoint& checkpoint, const TensorInfo& info) {
  if (info.in_pieces()) {
    fields.list.push_back({"pieces", "pieces", info.end - info.begin, Format::Count});
    return;
  }
  const std::uint64_t start = checkpoint.shards()[info.shard].data_start;
  fields.list.push_back({"", "range",
                         fmt::format("bytes {} to {} of the file", format_count(start + info.begin),
                                     format_count(start + info.end))});
  fields.list.push_back({"begin", "", start + info.begin});
  fields.list.push_back({"end", "", start + info.end});
}

Document run_show(const Snapshot& snapshot, const Args& args, Progress& progress) {
  const Checkpoint& checkpoint = *snapshot.checkpoint;
  QueryResult found = find_one(checkpoint, args.operands.front());
  const std::uint32_t id = found.things.front();
  const TensorInfo& info = checkpoint.tensors()[id];
  Document document{"show"};
  document.exit = checkpoint.damaged() ? 1 : 0;
  document.problems.assign(checkpoint.problems().begin(), checkpoint.problems().end());
  add_problems(document, std::move(found.notes));
  document.add(Heading{std::string(info.name)});
  Fields fields{{
      {"key", "", std::string(info.name)},
      {"dtype", "dtype", std::string(name_of(info.dtype))},
      {"shape", "shape", to_shape(info.shape)},
      {"elements", "count", info.elements(), Format::Count},
      {"bytes", "bytes", info.bytes(), Format::Count, format_bytes(info.bytes())},
      {"shard", "shard", checkpoint.shard_names(info)},
  }};
  add_place(fields, checkpoint, info);
  const std::vector<std::uint32_t> scales = companions(checkpoint, info.name);
  if (!scales.empty()) fields.list.push_back(companions_field(checkpoint, scales));
  if (const std::string text = mapping_text(checkpoint, id, args); !text.empty()) {
    fields.list.push_back({"maps_to", "maps to", text});
  }
  document.add(std::move(fields));
  if (!scales.empty()) {
    document.keep.push_back(snapshot.checkpoint);
    document.add(companions_table(checkpoint, scales));
  }
  add_values(document, checkpoint, id, args, progress);
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
              {.name = "image", .help = "a picture of the matrix: blocks by their mean magnitude"},
              kFetch,
              kTo,
              kAdapter,
              kDtype,
              kSet,
              kLayout,
              kMapping},
    .examples = {"show gpt-oss-20b model.norm.weight",
                 "show gpt-oss-20b model.norm.weight --values '[0:8]'",
                 "show gpt-oss-20b model.layers.0.mlp.experts.down_proj --image"},
    .exits = "there is no such key, or a scale is not applied",
    .run = run_show,
};

}  // namespace ckptscope
