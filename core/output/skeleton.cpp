// Headers are written, data is a hole.
#include "core/output/skeleton.hpp"

#include <vector>

#include "core/base/bytes.hpp"
#include "core/base/display.hpp"
#include "core/output/staging.hpp"
#include "core/source/tensor_source.hpp"

namespace ckptscope {
namespace {

constexpr std::uint64_t kMaxText = 256'000'000;

/// Made in a second: nothing of it is worth going on with.
StagedWork work_of(const Checkpoint& checkpoint) {
  StagedWork work;
  for (const Shard& shard : checkpoint.shards()) work.files.push_back(shard.name);
  work.files.push_back("config.json");
  if (const std::string& index = checkpoint.location().index; !index.empty()) {
    work.files.push_back(last_component(index));
  }
  return work;
}

}  // namespace

SkeletonReport write_skeleton(const Checkpoint& checkpoint, const OutputPath& out) {
  refuse_errors(checkpoint.problems(), checkpoint.name());
  const std::string source = checkpoint.location().directory;
  out.refuse_overlap({&source, 1});
  Staging staging(out, work_of(checkpoint), {});
  SkeletonReport report;
  report.notes = staging.notes();
  for (const Shard& shard : checkpoint.shards()) {
    if (!shard.present) continue;
    const File file(shard.path);
    std::vector<std::byte> header(shard.data_start);
    file.read(0, header);
    StagedFile copy = staging.create_sparse(shard.name, shard.identity.size);
    copy.write(0, header);
    copy.finish();
    staging.publish(shard.name);
    ++report.files;
    report.header_bytes += header.size();
    report.apparent_bytes += shard.identity.size;
  }
  if (const std::string& index = checkpoint.location().index; !index.empty()) {
    staging.write_text(last_component(index), read_text(index, kMaxText));
  }
  if (!checkpoint.config_path().empty()) {
    staging.write_text("config.json", read_text(checkpoint.config_path(), kMaxText));
  }
  check_sources_unchanged(checkpoint);
  staging.commit();
  return report;
}

}  // namespace ckptscope
