// Small reads that lie close together become one request.
#include "core/remote/remote_values.hpp"

#include <algorithm>
#include <cstring>

#include "core/base/bytes.hpp"
#include "core/base/display.hpp"
#include "core/base/error.hpp"

namespace ckptscope {
namespace {

constexpr std::uint64_t kUsual = std::uint64_t{1} << 20;      // allowed to who has not asked
constexpr std::uint64_t kLeast = std::uint64_t{256} << 10;    // bytes of a request, if it may
constexpr std::uint64_t kMostKept = std::uint64_t{64} << 20;  // bytes, in memory

}  // namespace

RemoteValues::RemoteValues(const RemoteSettings& settings, std::map<std::string, std::string> urls,
                           std::string whence, std::string download)
    : settings_(settings),
      urls_(std::move(urls)),
      whence_(std::move(whence)),
      download_(std::move(download)),
      left_(kUsual),
      spare_(kUsual) {}

void RemoteValues::allow(std::uint64_t bytes, Progress* progress) {
  const std::lock_guard lock(mutex_);
  left_ = spare_ = bytes;
  progress_ = progress;
}

void RemoteValues::require(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  if (bytes > left_) refuse_more(bytes);
  spare_ = left_ - bytes;
}

void RemoteValues::refuse(std::string_view verb) const {
  fail(Code::ValuesElsewhere, "{}: {} reads values, and headers alone are here; download it: {}",
       display(whence_), verb, download_);
}

void RemoteValues::refuse_more(std::uint64_t bytes) const {
  fail(Code::ValuesElsewhere,
       "{}: {} of values would be fetched, {} may be (--fetch SIZE says how many); to download it "
       "all: {}",
       display(whence_), format_bytes(bytes), format_bytes(left_), download_);
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
  const auto found = std::find_if(blocks_.begin(), blocks_.end(), [&](const Block& block) {
    return block.shard == shard && offset >= block.offset &&
           offset + bytes <= block.offset + block.bytes.size();
  });
  if (found != blocks_.end()) {
    blocks_.splice(blocks_.begin(), blocks_, found);
    return blocks_.front();
  }
  if (bytes > left_) refuse_more(bytes);
  if (!files_) files_ = std::make_unique<RemoteFiles>(settings_);
  const RemoteRange range{urls_.at(shard), {offset, bytes_to_ask_for(bytes)}};
  HttpAnswer answer = std::move(files_->read({&range, 1}, progress_).front());
  if (answer.status != 206) {
    fail(Code::Unreachable, "{}: the server answers {}", display(shard), answer.status);
  }
  left_ -= std::min<std::uint64_t>(left_, answer.body.size());
  kept_ += answer.body.size();
  blocks_.push_front({shard, offset, std::move(answer.body)});
  for (; kept_ > kMostKept && blocks_.size() > 1; blocks_.pop_back()) {
    kept_ -= blocks_.back().bytes.size();
  }
  return blocks_.front();
}

/// What is asked for beyond what is wanted comes from what nobody else needs.
std::uint64_t RemoteValues::bytes_to_ask_for(std::uint64_t bytes) {
  const std::uint64_t more = bytes < kLeast ? std::min({kLeast - bytes, spare_, left_ - bytes}) : 0;
  spare_ -= more;
  return bytes + more;
}

FetchAllowance::FetchAllowance(RemoteValues* values, std::uint64_t bytes, Progress& progress)
    : values_(values) {
  if (values_ != nullptr) values_->allow(bytes, &progress);
}

FetchAllowance::~FetchAllowance() {
  if (values_ != nullptr) values_->allow(kUsual, nullptr);
}

}  // namespace ckptscope
