// Values of a checkpoint that lies elsewhere: fetched where somebody asks for a few of them, and
// never more than was allowed. A key that is pressed out of curiosity must not download 5 GB.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

#include "core/base/progress.hpp"
#include "core/remote/remote_files.hpp"

namespace ckptscope {

/// Thread-safe.
class RemoteValues {
 public:
  /// `urls` by name of the shard; `whence` is the checkpoint as the user calls it, `download` the
  /// command that brings all of it here.
  RemoteValues(const RemoteSettings& settings, std::map<std::string, std::string> urls,
               std::string whence, std::string download);

  /// Fills `out` from byte `offset` of a shard's file on. Throws ValuesElsewhere where more would
  /// be fetched than is allowed, and what HttpClient throws.
  void read(const std::string& shard, std::uint64_t offset, std::span<std::byte> out);
  /// Throws ValuesElsewhere where `bytes` are more than is allowed, before any of them is fetched;
  /// else so many are kept for.
  void require(std::uint64_t bytes);

  /// Throws ValuesElsewhere: `verb` reads all of them.
  [[noreturn]] void refuse(std::string_view verb) const;

 private:
  friend class FetchAllowance;
  struct Block {
    std::string shard;
    std::uint64_t offset = 0;
    std::string bytes;
  };
  void allow(std::uint64_t bytes, Progress* progress);
  const Block& block_with(const std::string& shard, std::uint64_t offset, std::uint64_t bytes);
  std::uint64_t bytes_to_ask_for(std::uint64_t bytes);
  [[noreturn]] void refuse_more(std::uint64_t bytes) const;

  const RemoteSettings settings_;
  const std::map<std::string, std::string> urls_;
  const std::string whence_;
  const std::string download_;
  std::mutex mutex_;
  std::unique_ptr<RemoteFiles> files_;  // made when the first value is asked for
  std::list<Block> blocks_;             // the last used first
  std::uint64_t kept_ = 0;              // bytes of them
  std::uint64_t left_ = 0;              // bytes that may still be fetched
  std::uint64_t spare_ = 0;             // of those, not kept for what was required
  Progress* progress_ = nullptr;        // of who is allowed to; may be null
};

/// Allows to fetch so many bytes of values until the end of a scope; before and behind it 1 MiB,
/// for what a plan looks at. Waiting for them stops when `progress` is asked to. Does nothing
/// without values elsewhere (null).
class FetchAllowance {
 public:
  FetchAllowance(RemoteValues* values, std::uint64_t bytes, Progress& progress);
  FetchAllowance(const FetchAllowance&) = delete;
  FetchAllowance& operator=(const FetchAllowance&) = delete;
  ~FetchAllowance();

 private:
  RemoteValues* const values_;
};

}  // namespace ckptscope
