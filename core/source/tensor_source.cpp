// At most two shards are open at a time; each is checked to be the file that was planned with.
#include "core/source/tensor_source.hpp"

#include <algorithm>

#include "core/base/display.hpp"
#include "core/checkpoint/pieces.hpp"
#include "core/torch/dcp_item.hpp"
#include "core/torch/element_view.hpp"
#include "core/torch/torch_file.hpp"

namespace ckptscope {
namespace {

constexpr std::size_t kMaxOpen = 2;

void require_same(const std::string& path, const FileIdentity& then, const FileIdentity& now) {
  if (now.same_content(then)) return;
  fail(Code::SourceChanged, "{}: the file changed since it was opened (size {} then, {} now)",
       display(path), then.size, now.size);
}

/// The archive that a piece of a DCP checkpoint is.
std::unique_ptr<ByteSource> open_piece(const File& file, const PieceForm& form, const Piece& piece,
                                       Dtype dtype) {
  return open_item(file, piece.offset, form.length, form.kind == PieceForm::Kind::CompressedItem,
                   most_item_bytes(byte_count(dtype, piece.extent)));
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

std::span<const std::byte> TensorSource::fetch(std::uint32_t tensor, std::uint64_t offset,
                                               std::uint64_t bytes, Buffer& buffer) {
  const std::span<std::byte> out = buffer.take(bytes);
  read(tensor, offset, out);
  return out;
}

void CheckpointSource::read(std::uint32_t tensor, std::uint64_t offset, std::span<std::byte> out) {
  const TensorInfo& info = checkpoint_.tensors()[tensor];
  if (info.in_pieces()) return read_pieces(info, offset, out);
  const Shard& shard = checkpoint_.shards()[info.shard];
  with_context(display(info.name),
               [&] { read_shard(info.shard, shard.data_start + info.begin + offset, out); });
}

std::span<const std::byte> CheckpointSource::fetch(std::uint32_t tensor, std::uint64_t offset,
                                                   std::uint64_t bytes, Buffer& buffer) {
  const TensorInfo& info = checkpoint_.tensors()[tensor];
  if (info.in_pieces() || checkpoint_.location().remote) {
    return TensorSource::fetch(tensor, offset, bytes, buffer);
  }
  const std::uint64_t begin = checkpoint_.shards()[info.shard].data_start + info.begin;
  ShardReader& reader = reader_of(info.shard);
  return with_context(display(info.name),
                      [&] { return reader.fetch(begin + offset, bytes, buffer); });
}

void CheckpointSource::read_pieces(const TensorInfo& info, std::uint64_t offset,
                                   std::span<std::byte> out) {
  with_context(display(info.name), [&] {
    std::uint64_t covered = 0;
    for (const Piece& piece : checkpoint_.pieces_of(info)) {
      // Runs count from the start of a formed piece: where its bytes are is told by its form.
      Piece placed = piece;
      const bool formed = piece.form != Piece::kDense;
      if (formed) placed.offset = 0;
      for_each_run(info.shape, size_of(info.dtype), {&placed, 1}, offset, out.size(),
                   [&](const PieceRun& run) {
                     const auto part = out.subspan(run.at, run.bytes);
                     covered += run.bytes;
                     if (formed) return read_formed(info, piece, run.offset, part);
                     const Shard& shard = checkpoint_.shards()[run.shard];
                     read_shard(run.shard, shard.data_start + run.offset, part);
                   });
    }
    if (covered < out.size()) {
      fail(Code::BadDcp, "hole: {} of {} bytes from {} on are in no piece", out.size() - covered,
           out.size(), offset);
    }
  });
}

struct CheckpointSource::Located {
  const Piece* piece = nullptr;
  File file;
  std::unique_ptr<ByteSource> bytes;
  std::unique_ptr<const ItemTensor> tensor;
};

CheckpointSource::CheckpointSource(const Checkpoint& checkpoint) : checkpoint_(checkpoint) {}
CheckpointSource::~CheckpointSource() = default;

void CheckpointSource::read_formed(const TensorInfo& info, const Piece& piece, std::uint64_t offset,
                                   std::span<std::byte> out) {
  const PieceForm& form = checkpoint_.forms()[piece.form];
  if (form.kind == PieceForm::Kind::Strided) {
    const FileBytes bytes(reader_of(piece.shard).file());
    const std::uint64_t begin = checkpoint_.shards()[piece.shard].data_start + piece.offset;
    const ElementView view{begin,        piece.extent,    form.stride, info.dtype,
                           form.swapped, form.conjugated, form.negated};
    return read_elements(bytes, view, offset, out);
  }
  const Located& item = locate(info, piece);
  read_elements(*item.bytes, item.tensor->view, offset, out);
}

const CheckpointSource::Located& CheckpointSource::locate(const TensorInfo& info,
                                                          const Piece& piece) {
  if (located_ != nullptr && located_->piece == &piece) return *located_;
  const PieceForm& form = checkpoint_.forms()[piece.form];
  const Shard& shard = checkpoint_.shards()[piece.shard];
  auto found = std::make_unique<Located>(
      Located{&piece, open_unchanged(shard.path, shard.identity), nullptr, nullptr});
  found->bytes = open_piece(found->file, form, piece, info.dtype);
  found->tensor = with_context(
      display(shard.name), [&] { return locate_tensor(*found->bytes, info.dtype, piece.extent); });
  located_ = std::move(found);
  return *located_;
}

void CheckpointSource::read_shard(std::uint32_t shard, std::uint64_t offset,
                                  std::span<std::byte> out) {
  if (RemoteValues* const remote = checkpoint_.location().remote.get()) {
    return remote->read(checkpoint_.shards()[shard].name, offset, out);
  }
  reader_of(shard).read(offset, out, scratch_);
}

ShardReader& CheckpointSource::reader_of(std::uint32_t shard) {
  const auto found = std::find_if(open_.begin(), open_.end(),
                                  [&](const OpenShard& one) { return one.shard == shard; });
  if (found != open_.end()) {
    open_.splice(open_.begin(), open_, found);
    return open_.front().reader;
  }
  if (open_.size() == kMaxOpen) open_.pop_back();
  const Shard& row = checkpoint_.shards()[shard];
  ShardReader reader(open_unchanged(row.path, row.identity));
  open_.push_front({shard, std::move(reader)});
  return open_.front().reader;
}

void check_file_sums(const Checkpoint& checkpoint, std::uint32_t shard, Progress& progress) {
  if (checkpoint.location().format != FileFormat::Torch) return;
  const Shard& row = checkpoint.shards()[shard];
  const File file = open_unchanged(row.path, row.identity);
  const FileBytes bytes(file);
  with_context(display(row.name), [&] { TorchFile(bytes).check_sums(progress); });
}

void check_piece_sums(const Checkpoint& checkpoint, const TensorInfo& info, Progress& progress) {
  if (checkpoint.location().format != FileFormat::Dcp) return;
  for (const Piece& piece : checkpoint.pieces_of(info)) {
    const Shard& shard = checkpoint.shards()[piece.shard];
    const File file = open_unchanged(shard.path, shard.identity);
    const auto item = open_piece(file, checkpoint.forms()[piece.form], piece, info.dtype);
    with_context(display(shard.name), [&] { TorchFile(*item).check_sums(progress); });
  }
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
