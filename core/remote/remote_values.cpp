// Small reads that lie close together become one request.
#include "core/remote/remote_values.hpp"

#include <algorithm>
#include <cstring>

#include "core/base/bytes.hpp"
#include "core/base/display.hpp"
#include "core/base/error.hpp"

namespace ckptscope {
namespace {

constexpr std::uint64_t kLeast = 256u << 10;  // bytes of a request

}  // namespace

RemoteValues::RemoteValues(const RemoteSettings& settings, std::map<std::string, std::string> urls,
                           std::string whence, std::string download)
    : settings_(settings),
      urls_(std::move(urls)),
      whence_(std::move(whence)),
      download_(std::move(download)) {}

void RemoteValues::allow(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  blocks_.clear();
  allowed_ = bytes;
  fetched_ = 0;
}

void RemoteValues::require(std::uint64_t bytes) const {
  const std::lock_guard lock(mutex_);
  if (bytes > allowed_) refuse_more(bytes);
}

void RemoteValues::refuse(std::string_view verb) const {
  fail(Code::ValuesElsewhere, "{}: {} reads values, and headers alone are here; download it: {}",
       display(whence_), verb, download_);
}

void RemoteValues::refuse_more(std::uint64_t bytes) const {
  fail(Code::ValuesElsewhere,
       "{}: {} of values would be fetched, {} are allowed (--fetch SIZE allows more); to download "
       "it all: {}",
       display(whence_), format_bytes(bytes), format_bytes(allowed_), download_);
}

void RemoteValues::read(const std::string& shard, std::uint64_t offset, std::span<std::byte> out) {
  const std::lock_guard lock(mutex_);
  const Block& block = block_with(shard, offset, out.size());
  const std::uint64_t at = offset - block.offset;
  if (at + out.size() > block.bytes.size()) {
    fail(Code::TruncatedSource, "{}: {} bytes from {} on are beyond its end", display(shard),
         out.size(), offset);
  }
  std::memcpy(out.data(), block.bytes.data() + at, out.size());
}

const RemoteValues::Block& RemoteValues::block_with(const std::string& shard, std::uint64_t offset,
                                                    std::uint64_t bytes) {
  const auto behind = blocks_.upper_bound({shard, offset});
  if (behind != blocks_.begin()) {
    const auto found = std::prev(behind);
    const Block& block = found->second;
    const bool holds =
        found->first.first == shard && offset + bytes <= block.offset + block.bytes.size();
    if (holds) return block;
  }
  const std::uint64_t left = allowed_ - std::min(allowed_, fetched_);
  if (bytes > left) refuse_more(fetched_ + bytes);
  if (!files_) files_ = std::make_unique<RemoteFiles>(settings_);
  const RemoteRange range{urls_.at(shard), {offset, std::min(std::max(bytes, kLeast), left)}};
  HttpAnswer answer = std::move(files_->read({&range, 1}, nullptr).front());
  if (answer.status != 206) {
    fail(Code::Unreachable, "{}: the server answers {}", display(shard), answer.status);
  }
  fetched_ += answer.body.size();
  return blocks_[{shard, offset}] = {offset, std::move(answer.body)};
}

}  // namespace ckptscope
