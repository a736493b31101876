// The one file that knows the cryptographic library.
#include "core/inspect/checksums.hpp"

#include <openssl/evp.h>

#include <sstream>

#include "core/base/display.hpp"
#include "core/base/file.hpp"

namespace ckptscope {
namespace {

constexpr std::size_t kDigits = 64;
constexpr std::uint64_t kMaxRecordBytes = 65536;

bool is_sha256(std::string_view text) {
  return text.size() == kDigits && text.find_first_not_of("0123456789abcdef") == text.npos;
}

/// The second line of what the hub's library writes beside a download; empty without it.
std::string recorded_etag(const std::string& directory, const std::string& name) {
  const std::string path = directory + "/.cache/huggingface/download/" + name + ".metadata";
  if (!exists(path)) return "";
  std::istringstream record(read_text(path, kMaxRecordBytes));
  std::string commit;
  std::string etag;
  std::getline(record, commit);
  std::getline(record, etag);
  return is_sha256(etag) ? etag : "";
}

}  // namespace

Sha256::Sha256() : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
  EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr);
}

void Sha256::add(std::span<const std::byte> bytes) {
  EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size());
}

std::string Sha256::digest() {
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_DigestFinal_ex(context_.get(), bytes, &size);
  std::string text;
  for (unsigned i = 0; i < size; ++i) text += fmt::format("{:02x}", bytes[i]);
  return text;
}

Checksums hub_checksums(const Checkpoint& checkpoint) {
  Checksums sums;
  for (const Shard& shard : checkpoint.shards()) {
    std::string sum = recorded_etag(checkpoint.location().directory, shard.name);
    if (sum.empty()) sum = last_component(link_target(shard.path).value_or(""));
    if (is_sha256(sum)) sums[shard.name] = sum;
  }
  return sums;
}

Checksums parse_checksums(std::string_view text) {
  Checksums sums;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    if (line.empty()) continue;
    if (line.size() < kDigits + 3 || !is_sha256(line.substr(0, kDigits))) {
      fail(Code::Usage, "--sums: \"{}\" is no line of sha256sum", display(line.substr(0, 80)));
    }
    sums[last_component(line.substr(kDigits + 2))] = line.substr(0, kDigits);
  }
  return sums;
}

}  // namespace ckptscope
