// Bytes of tensors, wherever they lie.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <span>

#include "core/base/buffer.hpp"
#include "core/checkpoint/checkpoint.hpp"
#include "core/source/shard_reader.hpp"

namespace ckptscope {

/// Bytes of source tensors by number. One per worker: implementations need not be thread-safe.
class TensorSource {
 public:
  virtual ~TensorSource() = default;
  /// Fills `out` with the tensor's bytes from `offset` on (bytes from its start, row-major), or
  /// throws.
  virtual void read(std::uint32_t tensor, std::uint64_t offset, std::span<std::byte> out) = 0;
  /// `bytes` of them somewhere in `buffer`; valid until that is taken anew.
  virtual std::span<const std::byte> fetch(std::uint32_t tensor, std::uint64_t offset,
                                           std::uint64_t bytes, Buffer& buffer);
};

/// Makes one source per worker; called from the worker's thread.
using MakeSource = std::function<std::unique_ptr<TensorSource>()>;

/// Reads the shards of a checkpoint with exact positional reads, of one that lies elsewhere what
/// may be fetched (ValuesElsewhere for more); keeps at most two files open, so that descriptors
/// stay bounded whatever the number of shards. A shard whose identity is no longer what it was when
/// the checkpoint was opened is an error (SourceChanged). No memory maps: a file that is truncated
/// while it is read must be an error, not a signal.
class CheckpointSource final : public TensorSource {
 public:
  explicit CheckpointSource(const Checkpoint& checkpoint);
  ~CheckpointSource() override;
  void read(std::uint32_t tensor, std::uint64_t offset, std::span<std::byte> out) override;
  std::span<const std::byte> fetch(std::uint32_t tensor, std::uint64_t offset, std::uint64_t bytes,
                                   Buffer& buffer) override;

 private:
  struct OpenShard {
    std::uint32_t shard;
    ShardReader reader;
  };
  /// Where the elements of a piece are that is an item.
  struct Located;

  ShardReader& reader_of(std::uint32_t shard);
  /// Bytes of a file, here or elsewhere.
  void read_shard(std::uint32_t shard, std::uint64_t offset, std::span<std::byte> out);
  void read_pieces(const TensorInfo& info, std::uint64_t offset, std::span<std::byte> out);
  void read_formed(const TensorInfo& info, const Piece& piece, std::uint64_t offset,
                   std::span<std::byte> out);
  const Located& locate(const TensorInfo& info, const Piece& piece);

  const Checkpoint& checkpoint_;
  std::list<OpenShard> open_;         // the most recently used one first
  Buffer scratch_;                    // of their readers
  std::unique_ptr<Located> located_;  // of the piece that was read last
};

/// A file of the checkpoint, opened or looked at once more; throws SourceChanged where it is gone
/// or not what it was `then`.
File open_unchanged(const std::string& path, const FileIdentity& then);
FileIdentity identity_unchanged(const std::string& path, const FileIdentity& then);

/// Archives of torch.save have checksums of their elements: files of them as a whole, pieces of a
/// DCP checkpoint each. These hold them against what is read, and do nothing for other formats.
/// Throw BadArchive ("crc: …"), what reading throws, and Interrupted. Thread-safe.
void check_file_sums(const Checkpoint& checkpoint, std::uint32_t shard, Progress& progress);
void check_piece_sums(const Checkpoint& checkpoint, const TensorInfo& info, Progress& progress);

/// Throws SourceChanged when a shard or config.json is not the file that was opened. Returns
/// whether a shard differs in its change time alone, which is worth a note.
bool check_sources_unchanged(const Checkpoint& checkpoint);

}  // namespace ckptscope
