// sha256 of files, and the records that hubs and people keep of them.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "core/checkpoint/checkpoint.hpp"

struct evp_md_ctx_st;

namespace ckptscope {

/// sha256 by file name, in lower-case hexadecimal.
using Checksums = std::map<std::string, std::string, std::less<>>;

/// What the hub recorded when it downloaded: .cache/huggingface/download/FILE.metadata beside the
/// files, or the names of the blobs that a cache's links point to.
Checksums hub_checksums(const Checkpoint& checkpoint);
/// Lines of sha256sum: 64 digits, two characters, a name. Throws Usage for another text.
Checksums parse_checksums(std::string_view text);

/// The sha256 of bytes that come piece by piece.
class Sha256 {
 public:
  Sha256();
  void add(std::span<const std::byte> bytes);
  /// 64 lower-case hexadecimal digits; the last call.
  std::string digest();

 private:
  std::unique_ptr<evp_md_ctx_st, void (*)(evp_md_ctx_st*)> context_;
};

}  // namespace ckptscope
