// The one file that knows the cryptographic library.
#include "core/inspect/checksums.hpp"

#include <openssl/evp.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "core/base/display.hpp"
#include "core/base/file.hpp"

namespace ckptscope {
namespace {

constexpr std::size_t kDigits = 64;

bool is_sha256(std::string_view text) {
  return text.size() == kDigits && text.find_first_not_of("0123456789abcdef") == text.npos;
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
  std::error_code error;
  for (const Shard& shard : checkpoint.shards()) {
    std::ifstream record(checkpoint.location().directory + "/.cache/huggingface/download/" +
                         shard.name + ".metadata");
    std::string commit, etag;
    if (std::getline(record, commit) && std::getline(record, etag) && is_sha256(etag)) {
      sums[shard.name] = etag;
      continue;
    }
    const std::string blob = std::filesystem::read_symlink(shard.path, error).filename().string();
    if (!error && is_sha256(blob)) sums[shard.name] = blob;
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
