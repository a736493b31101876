// Values of a checkpoint that lies elsewhere: fetched where somebody asks for a few of them, and
// never more than was allowed. A key that is pressed out of curiosity must not download 5 GB.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>

#include "core/remote/remote_files.hpp"

namespace ckptscope {

/// Thread-safe.
class RemoteValues {
 public:
  /// `urls` by name of the shard; `whence` is the checkpoint as the user calls it, `download` the
  /// command that brings all of it here.
  RemoteValues(const RemoteSettings& settings, std::map<std::string, std::string> urls,
               std::string whence, std::string download);

  /// So many bytes may be fetched from now on; what was fetched before is forgotten. Before that it
  /// is 1 MiB: for what a plan looks at.
  void allow(std::uint64_t bytes);
  /// Throws ValuesElsewhere where `bytes` are more than was allowed: before any of them is fetched.
  void require(std::uint64_t bytes) const;
  /// Fills `out` from byte `offset` of a shard's file on. Throws ValuesElsewhere, and what
  /// HttpClient throws.
  void read(const std::string& shard, std::uint64_t offset, std::span<std::byte> out);

  /// Throws ValuesElsewhere: `verb` reads all of them.
  [[noreturn]] void refuse(std::string_view verb) const;

 private:
  struct Block {
    std::uint64_t offset = 0;
    std::string bytes;
  };
  const Block& block_with(const std::string& shard, std::uint64_t offset, std::uint64_t bytes);
  [[noreturn]] void refuse_more(std::uint64_t bytes) const;

  const RemoteSettings settings_;
  const std::map<std::string, std::string> urls_;
  const std::string whence_;
  const std::string download_;
  mutable std::mutex mutex_;
  std::unique_ptr<RemoteFiles> files_;  // made when the first value is asked for
  std::map<std::pair<std::string, std::uint64_t>, Block> blocks_;  // by shard and where they begin
  std::uint64_t allowed_ = 1u << 20;
  std::uint64_t fetched_ = 0;
};

}  // namespace ckptscope
