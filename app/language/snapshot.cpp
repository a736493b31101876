// What the ranks of one run give a command, and what they must see alike.
#include <fmt/format.h>

#include <vector>

#include "app/language/command.hpp"
#include "core/base/bytes.hpp"
#include "core/base/hash.hpp"

namespace ckptscope {
namespace {

/// "5 files, 411 tensors, headers 1f2e…".
std::string headers_of(const Checkpoint& checkpoint) {
  std::vector<std::uint64_t> hashes;
  for (const Shard& shard : checkpoint.shards()) {
    hashes.push_back(shard.header_hash);
    hashes.push_back(shard.identity.size);
    hashes.push_back(shard.present && !shard.damaged ? 1 : 0);
  }
  hashes.push_back(checkpoint.config().hash());
  return fmt::format("{}, {}, headers {}", counted(checkpoint.shards().size(), "file"),
                     counted(checkpoint.tensors().size(), "tensor"),
                     hex64(xxh3(std::as_bytes(std::span(hashes)))));
}

}  // namespace

Resources Snapshot::resources(const Args& args) const {
  Resources resources = args.resources();
  resources.ranks = ranks;
  return resources;
}

Workers Snapshot::workers(const Args& args) const {
  return {args.resources().threads, *ranks};
}

void Snapshot::agree_on(const Checkpoint& opened, const Progress& progress) const {
  agree(
      *ranks, "checkpoint", [&] { return headers_of(opened); }, progress);
}

}  // namespace ckptscope
