// ls and tree: one listing, flat or as a tree.
#include <algorithm>

#include "app/commands/flags.hpp"
#include "app/planning/matching_tensors.hpp"
#include "app/reports/problem_lines.hpp"
#include "core/base/bytes.hpp"
#include "core/base/natural_order.hpp"
#include "core/inspect/key_list.hpp"
#include "core/names/folded_tree.hpp"
#include "views/document/figures.hpp"

namespace ckptscope {
namespace {

using Ids = std::vector<std::uint32_t>;

/// Rows keep the checkpoint and the order alive and are made when they are printed.
Table tensor_table(const std::shared_ptr<const Checkpoint>& checkpoint, Ids order) {
  const auto ids = std::make_shared<const Ids>(std::move(order));
  const auto row = [checkpoint, ids](std::size_t i) -> std::vector<Cell> {
    const TensorInfo& info = checkpoint->tensors()[(*ids)[i]];
    return {std::string(info.name), std::string(name_of(info.dtype)), to_shape(info.shape),
            info.bytes(), checkpoint->shard_names(info)};
  };
  Table table{"tensors",
              {{"key", "key"},
               {"dtype", "dtype"},
               {"shape", "shape", Format::Extents},
               {"bytes", "bytes", Format::Bytes},
               {"shard", "shard"}},
              ids->size(),
              row};
  table.main = true;
  return table;
}

/// "mlp.up.weight" of "model.layers.0.mlp.up.weight" below "model.layers.0"; empty of what is
/// above.
std::string_view below(std::string_view path, std::string_view prefix) {
  if (prefix.empty()) return path;
  const bool inside = path.size() > prefix.size() && path.starts_with(prefix);
  return inside ? path.substr(prefix.size() + 1) : "";
}

/// The last part of a path that begins at the session's prefix, further in by what is above it.
std::string label_below(const FoldedRow& row, std::string_view prefix, int depth) {
  const std::string_view path = below(row.path, prefix);
  return std::string(static_cast<std::size_t>(2 * depth), ' ') +
         std::string(path.size() < row.label.size() ? path : row.label);
}

Table folded_table(const Checkpoint& checkpoint, const NameTree& tree, bool as_tree,
                   std::string_view prefix) {
  const FoldedTree folds(tree);
  const auto rows = folds.rows();
  std::vector<std::size_t> shown;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const bool leaf = tree.nodes()[rows[i].node].tensor != NameTree::kNoNode;
    if ((as_tree || leaf) && !below(rows[i].path, prefix).empty()) shown.push_back(i);
  }
  const int top = shown.empty() ? 0 : rows[shown.front()].depth;
  const std::uint64_t all = tree.nodes().front().bytes;
  std::vector<std::vector<Cell>> cells;
  for (const std::size_t i : shown) {
    const FoldedRow& row = rows[i];
    const NameTree::Node& node = tree.nodes()[row.node];
    const TensorInfo* info =
        node.tensor != NameTree::kNoNode ? &checkpoint.tensors()[node.tensor] : nullptr;
    std::string name =
        as_tree ? label_below(row, prefix, row.depth - top) : std::string(below(row.path, prefix));
    if (!row.scale.empty()) name += " " + row.scale;
    cells.push_back(
        {std::string(row.odd ? "~" : ""), std::move(name),
         row.alike > 1 ? Cell(fmt::format("x{}", row.alike)) : Cell(),
         info != nullptr ? Cell(std::string(name_of(info->dtype))) : Cell(),
         info != nullptr ? Cell(to_shape(info->shape)) : Cell(counted(row.tensors, "key")),
         row.bytes, as_tree ? Cell(share(row.bytes, all)) : Cell()});
  }
  const std::size_t count = cells.size();
  Table table{"",
              {{"", " "},
               {"", "key"},
               {"", ""},
               {"", "dtype"},
               {"", "shape", Format::Extents},
               {"", "bytes", Format::Bytes},
               {"", as_tree ? "share" : "", Format::Share, 1}},
              count,
              [cells = std::move(cells)](std::size_t i) { return cells[i]; }};
  table.columns[2].title = "alike";
  table.audience = Audience::People;
  return table;
}

Document list(const Snapshot& snapshot, const Args& args, std::string verb, bool as_tree) {
  const Checkpoint& checkpoint = *snapshot.checkpoint;
  QueryResult found = matching_tensors(checkpoint, args.operands);
  const NameTree tree(checkpoint.tensors(), found.things);
  Document document{std::move(verb)};
  document.exit = checkpoint.damaged() ? 1 : 0;
  document.problems.assign(checkpoint.problems().begin(), checkpoint.problems().end());
  const bool asks_for_rows = args.has("all") || args.has("sort") || args.has("limit");
  const bool folded = (snapshot.terminal || as_tree) && !asks_for_rows;
  if (folded) document.add(folded_table(checkpoint, tree, as_tree, snapshot.prefix));

  Ids order(tree.natural_order().begin(), tree.natural_order().end());
  sort_by(checkpoint, args.text("sort"), order);
  order.resize(std::min<std::size_t>(order.size(), args.number("limit").value_or(order.size())));
  Table table = tensor_table(snapshot.checkpoint, std::move(order));
  if (folded) table.audience = Audience::Machines;
  document.add(std::move(table));
  add_problems(document, std::move(found.notes));
  if (checkpoint.damaged()) {
    document.add(Fields{{{"", "defects", defects_text(checkpoint)}}});
  }
  return document;
}

Document run_ls(const Snapshot& snapshot, const Args& args, Progress&) {
  return list(snapshot, args, "ls", false);
}

Document run_tree(const Snapshot& snapshot, const Args& args, Progress&) {
  return list(snapshot, args, "tree", true);
}

}  // namespace

extern const Command kLs{
    .name = "ls",
    .operands = "[QUERY]",
    .summary = "keys, dtypes, shapes, bytes, shards; in a pipe one tensor a line",
    .max_operands = 64,
    .flags = {kAll, kSort, kLimit},
    .examples = {"ls gpt-oss-20b 'layer=0..3' 'dtype=U8'", "ls gpt-oss-20b | cut -f1"},
    .exits = "nothing matches, or the headers have a defect",
    .run = run_ls,
};

extern const Command kTree{
    .name = "tree",
    .operands = "[QUERY]",
    .summary = "keys as a tree, alike layers and experts folded",
    .max_operands = 64,
    .flags = {kAll},
    .examples = {"tree gpt-oss-20b", "tree gpt-oss-20b model.layers.0 --all"},
    .exits = "nothing matches, or the headers have a defect",
    .run = run_tree,
};

}  // namespace ckptscope
