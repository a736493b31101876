// Outputs are laid one after another; headers are padded so that data starts at a whole block.
#include "core/output/shard_layout.hpp"

#include <algorithm>
#include <numeric>

#include <nlohmann/json.hpp>

#include "core/checkpoint/safetensors.hpp"
#include "core/checkpoint/safetensors_writer.hpp"

namespace ckptscope {
namespace {

/// Of every output the number of its file in the published form; empty where that does not name all
/// of them.
std::vector<std::uint32_t> published_files(const Plan& plan) {
  std::vector<std::uint32_t> files;
  if (plan.options.published == nullptr) return files;
  const auto& file_of = plan.options.published->file_of;
  for (const Output& output : plan.outputs) {
    const auto found = file_of.find(output.key);
    if (found == file_of.end()) return {};
    files.push_back(found->second);
  }
  return files;
}

void close_shard(OutputShard& shard, const std::vector<std::uint32_t>& order, const Plan& plan,
                 const std::map<std::string, std::string>& metadata) {
  std::vector<HeaderEntry> entries;
  for (std::size_t i = shard.first; i < shard.last; ++i) {
    const Output& output = plan.outputs[order[i]];
    entries.push_back({output.key, output.dtype(), to_shape(output.shape())});
  }
  shard.header = make_header(entries, metadata, kHeaderAlignment);
}

}  // namespace

std::uint64_t ShardLayout::file_bytes() const {
  std::uint64_t bytes = 0;
  for (const OutputShard& shard : shards) bytes += shard.file_bytes();
  return bytes;
}

std::string ShardLayout::index_json(const Plan& plan) const {
  if (shards.size() < 2) return "";
  nlohmann::ordered_json weight_map = nlohmann::ordered_json::object();
  std::uint64_t total = 0;
  auto& members = weight_map.get_ref<nlohmann::ordered_json::object_t&>();
  for (std::size_t i = 0; i < plan.outputs.size(); ++i) {
    // push_back, not operator[]: an ordered_json looks names up one by one, keys here are unique.
    members.push_back({plan.outputs[i].key, shards[shard_of[i]].name});
    total += plan.outputs[i].bytes();
  }
  nlohmann::ordered_json index;
  index["metadata"] = {{"total_size", total}};
  index["weight_map"] = std::move(weight_map);
  return index.dump(2) + "\n";
}

ShardLayout lay_out(const Plan& plan, std::optional<std::uint64_t> max_shard_bytes,
                    const std::map<std::string, std::string>& metadata) {
  ShardLayout layout;
  std::vector<std::uint32_t> files;
  if (!max_shard_bytes) files = published_files(plan);
  layout.as_published = !files.empty();
  layout.order.resize(plan.outputs.size());
  std::iota(layout.order.begin(), layout.order.end(), 0);
  if (layout.as_published) {
    std::stable_sort(layout.order.begin(), layout.order.end(),
                     [&](std::uint32_t a, std::uint32_t b) { return files[a] < files[b]; });
  }
  const auto must_close = [&](const OutputShard& open, std::size_t next) {
    const std::uint32_t output = layout.order[next];
    if (layout.as_published) return files[layout.order[next - 1]] != files[output];
    return open.data_bytes + plan.outputs[output].bytes() >
           max_shard_bytes.value_or(kMaxShardBytes);
  };
  layout.shard_of.resize(plan.outputs.size());
  layout.offset_of.resize(plan.outputs.size());
  layout.shards.emplace_back();
  for (std::size_t i = 0; i < plan.outputs.size(); ++i) {
    const std::uint32_t output = layout.order[i];
    const OutputShard& open = layout.shards.back();
    if (open.last > open.first && must_close(open, i)) {
      layout.shards.push_back({});
      layout.shards.back().first = layout.shards.back().last = i;
    }
    OutputShard& shard = layout.shards.back();
    layout.shard_of[output] = static_cast<std::uint32_t>(layout.shards.size() - 1);
    layout.offset_of[output] = shard.data_bytes;
    shard.last = i + 1;
    shard.data_bytes += plan.outputs[output].bytes();
  }
  const std::size_t count = layout.shards.size();
  for (std::size_t i = 0; i < count; ++i) {
    OutputShard& shard = layout.shards[i];
    shard.name = count == 1 ? "model.safetensors"
                            : fmt::format("model-{:05}-of-{:05}.safetensors", i + 1, count);
    close_shard(shard, layout.order, plan, metadata);
    for (std::size_t k = shard.first; k < shard.last; ++k) {
      layout.offset_of[layout.order[k]] += shard.header.size();
    }
  }
  return layout;
}

}  // namespace ckptscope
