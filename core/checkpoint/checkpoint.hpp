// A checkpoint: the tensors of one model over one or many safetensors files, as their headers
// describe them, with config, index and everything that is wrong with them. Headers only: no byte
// of tensor data is read here.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/arena.hpp"
#include "core/base/config.hpp"
#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/base/progress.hpp"
#include "core/checkpoint/locate.hpp"
#include "core/tensor/key_index.hpp"
#include "core/tensor/tensor_info.hpp"

namespace ckptscope {

struct Shard {
  std::string name;              // plain file name, raw
  std::string path;              // as it is opened
  FileIdentity identity;         // when the header was read
  std::uint64_t data_start = 0;  // bytes from the start of the file
  std::uint64_t header_hash = 0;
  std::uint32_t tensor_count = 0;
  bool present = false;  // false: the index names it, the file is not there
  bool damaged = false;  // its header broke a rule; offsets are not to be trusted
};

struct OpenOptions {
  std::string config;  // a config.json to use instead of the one beside the tensors; may be empty
  Progress* progress = nullptr;  // asked now and then whether to stop; may be null
};

/// Read-only and thread-safe once opened. Movable; views into it (names, shapes) survive a move.
class Checkpoint {
 public:
  /// Opens a file, a directory, an *.index.json, a Hugging Face cache entry or "org/name".
  /// Throws what makes opening impossible (exit code 2); a damaged but readable checkpoint opens
  /// and says so in problems().
  static Checkpoint open(const std::string& path, const OpenOptions& options = {});

  const Location& location() const { return location_; }
  /// The last component of the path, for headings and messages.
  const std::string& name() const { return name_; }
  std::span<const Shard> shards() const { return shards_; }
  std::span<const TensorInfo> tensors() const { return tensors_; }
  /// Of the tensors that lie in several: see TensorInfo.
  std::span<const Piece> pieces() const { return pieces_; }
  std::span<const Piece> pieces_of(const TensorInfo& info) const {
    return pieces().subspan(info.begin, info.end - info.begin);
  }
  std::span<const PieceForm> forms() const { return forms_; }
  /// Of slices for expert parallelism: what the others hold, too, of tensors that the first holds
  /// whole.
  std::span<const TensorInfo> copies() const { return copies_; }
  /// Of a tensor in pieces the shard of the first one.
  std::uint32_t shard_of(const TensorInfo& info) const {
    if (!info.in_pieces()) return info.shard;
    return info.begin < info.end ? pieces_[info.begin].shard : 0;
  }
  /// "model-00002-of-00007.safetensors", "__0_0.distcp and 3 more".
  std::string shard_names(const TensorInfo& info) const;
  /// Its bytes cannot be trusted.
  bool is_damaged(const TensorInfo& info) const;
  std::optional<std::uint32_t> find(std::string_view key) const {
    return keys_.find(tensors_, key);
  }
  const KeyIndex& keys() const { return keys_; }
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  const Config& config() const { return config_; }
  const std::string& config_path() const { return config_path_; }
  /// When config.json was read.
  const FileIdentity& config_identity() const { return config_identity_; }
  /// Defects (Severity::Error) and notes, in the order of the files.
  std::span<const Problem> problems() const { return problems_; }
  bool damaged() const;
  /// Throws ValuesElsewhere where headers alone are here; `verb` would read all values.
  void require_values(std::string_view verb) const;
  /// Bytes of tensor data in all shards, by their headers.
  std::uint64_t total_bytes() const;

 private:
  friend class CheckpointOpener;
  Location location_;
  std::string name_;
  std::vector<Shard> shards_;
  std::vector<TensorInfo> tensors_;
  std::vector<Piece> pieces_;
  std::vector<PieceForm> forms_;
  std::vector<TensorInfo> copies_;
  std::vector<Arena> arenas_;
  std::vector<std::shared_ptr<const void>> keep_;  // what names and shapes point into, too
  KeyIndex keys_;
  std::map<std::string, std::string> metadata_;
  Config config_;
  std::string config_path_;
  FileIdentity config_identity_;
  std::vector<Problem> problems_;
};

}  // namespace ckptscope
