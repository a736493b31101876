#include "core/checkpoint/tensor_source.hpp"

#include <algorithm>

#include "core/base/display.hpp"

namespace ckptscope {
namespace {

constexpr std::size_t kMaxOpen = 2;

void check_identity(const Shard& shard, const FileIdentity& now) {
  if (now.same_content(shard.identity)) return;
  fail(Code::SourceChanged, "{}: the file changed since it was opened (size {} then, {} now)",
       display(shard.path), shard.identity.size, now.size);
}

/// A shard that was there when the checkpoint was opened and is gone has changed.
auto still_there(const Shard& shard, const auto& look) {
  try {
    return look();
  } catch (const Error& error) {
    if (error.code() != Code::NotFound) throw;
    fail(Code::SourceChanged, "{}: the file is gone since it was opened", display(shard.path));
  }
}

/// Borrowed tensors are numbered behind the checkpoint's own.
class LendingSource final : public TensorSource {
 public:
  LendingSource(const Sources& sources, const Plan& plan)
      : own_(sources.checkpoint), lender_(*sources.like), plan_(plan) {}

  void read(std::uint32_t tensor, std::uint64_t offset, std::span<std::byte> out) override {
    const std::size_t own = plan_.sources.size();
    if (tensor < own) return own_.read(tensor, offset, out);
    lender_.read(plan_.borrowed[tensor - own].id, offset, out);
  }

 private:
  CheckpointSource own_;
  CheckpointSource lender_;
  const Plan& plan_;
};

}  // namespace

void CheckpointSource::read(std::uint32_t tensor, std::uint64_t offset, std::span<std::byte> out) {
  const TensorInfo& info = checkpoint_.tensors()[tensor];
  const Shard& shard = checkpoint_.shards()[info.shard];
  const File& file = shard_file(info.shard);
  with_context(display(info.name), [&] { file.read(shard.data_start + info.begin + offset, out); });
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
  open_.push_front({shard, still_there(row, [&] { return File(row.path); })});
  check_identity(row, open_.front().file.identity());
  return open_.front().file;
}

std::unique_ptr<TensorSource> Sources::open(const Plan& plan) const {
  if (plan.borrowed.empty()) return std::make_unique<CheckpointSource>(checkpoint);
  return std::make_unique<LendingSource>(*this, plan);
}

bool check_sources_unchanged(const Checkpoint& checkpoint) {
  bool touched = false;
  for (const Shard& shard : checkpoint.shards()) {
    if (!shard.present) continue;
    const FileIdentity now = still_there(shard, [&] { return identity_of(shard.path); });
    check_identity(shard, now);
    touched = touched || now.ctime_ns != shard.identity.ctime_ns;
  }
  return touched;
}

}  // namespace ckptscope
