// At most two shards are open at a time; each is checked to be the file that was planned with.
#include "core/checkpoint/tensor_source.hpp"

#include <algorithm>

#include "core/base/display.hpp"
#include "core/checkpoint/pieces.hpp"

namespace ckptscope {
namespace {

constexpr std::size_t kMaxOpen = 2;

void require_same(const std::string& path, const FileIdentity& then, const FileIdentity& now) {
  if (now.same_content(then)) return;
  fail(Code::SourceChanged, "{}: the file changed since it was opened (size {} then, {} now)",
       display(path), then.size, now.size);
}

/// A file that was there when it was first looked at and is gone has changed.
auto still_there(const std::string& path, const auto& look) {
  try {
    return look();
  } catch (const Error& error) {
    if (error.code() != Code::NotFound) throw;
    fail(Code::SourceChanged, "{}: the file is gone since it was opened", display(path));
  }
}

}  // namespace

File open_unchanged(const std::string& path, const FileIdentity& then) {
  File file = still_there(path, [&] { return File(path); });
  require_same(path, then, file.identity());
  return file;
}

FileIdentity identity_unchanged(const std::string& path, const FileIdentity& then) {
  const FileIdentity now = still_there(path, [&] { return identity_of(path); });
  require_same(path, then, now);
  return now;
}

void CheckpointSource::read(std::uint32_t tensor, std::uint64_t offset, std::span<std::byte> out) {
  const TensorInfo& info = checkpoint_.tensors()[tensor];
  if (info.in_pieces()) return read_pieces(info, offset, out);
  const Shard& shard = checkpoint_.shards()[info.shard];
  const File& file = shard_file(info.shard);
  with_context(display(info.name), [&] { file.read(shard.data_start + info.begin + offset, out); });
}

void CheckpointSource::read_pieces(const TensorInfo& info, std::uint64_t offset,
                                   std::span<std::byte> out) {
  const auto pieces = checkpoint_.pieces().subspan(info.begin, info.end - info.begin);
  with_context(display(info.name), [&] {
    for_each_run(
        info.shape, size_of(info.dtype), pieces, offset, out.size(), [&](const PieceRun& run) {
          const Shard& shard = checkpoint_.shards()[run.shard];
          shard_file(run.shard).read(shard.data_start + run.offset, out.subspan(run.at, run.bytes));
        });
  });
}

const File& CheckpointSource::shard_file(std::uint32_t shard) {
  const auto found = std::find_if(open_.begin(), open_.end(),
                                  [&](const OpenShard& one) { return one.shard == shard; });
  if (found != open_.end()) {
    open_.splice(open_.begin(), open_, found);
    return open_.front().file;
  }
  if (open_.size() == kMaxOpen) open_.pop_back();
  const Shard& row = checkpoint_.shards()[shard];
  File file = open_unchanged(row.path, row.identity);
  open_.push_front({shard, std::move(file)});
  return open_.front().file;
}

bool check_sources_unchanged(const Checkpoint& checkpoint) {
  bool touched = false;
  for (const Shard& shard : checkpoint.shards()) {
    if (!shard.present) continue;
    const FileIdentity now = identity_unchanged(shard.path, shard.identity);
    touched = touched || now.ctime_ns != shard.identity.ctime_ns;
  }
  if (!checkpoint.config_path().empty()) {
    identity_unchanged(checkpoint.config_path(), checkpoint.config_identity());
  }
  return touched;
}

}  // namespace ckptscope
