// A second round is rare: a header is longer than was guessed.
#include "core/remote/header_fetch.hpp"

#include <algorithm>

#include "core/base/bytes.hpp"
#include "core/base/display.hpp"
#include "core/base/error.hpp"
#include "core/base/json_scanner.hpp"
#include "core/remote/file_names.hpp"

namespace ckptscope {
namespace {

constexpr std::uint64_t kMostOfAll = 1'000'000'000;  // bytes of headers
constexpr std::uint64_t kLengthBytes = 8;
constexpr std::uint64_t kLeastGuess = 64u << 10;
constexpr std::uint64_t kMostGuess = 1u << 20;

/// A header has a key and some figures for each key of the index.
std::uint64_t guess_of(std::uint64_t index_bytes, std::size_t shards) {
  constexpr std::uint64_t kTimes = 3;
  return std::clamp(kTimes * index_bytes / std::max<std::size_t>(1, shards), kLeastGuess,
                    kMostGuess);
}

/// Bytes of the file that belong to its header, by its first eight; those that are there of what
/// is none.
std::uint64_t header_end(const RemoteShard& shard) {
  if (shard.bytes.size() < kLengthBytes) return shard.bytes.size();
  const std::uint64_t length =
      read_little_endian(std::as_bytes(std::span(shard.bytes)).first<kLengthBytes>());
  const bool fits = length <= kMostHeader && length <= *shard.size - kLengthBytes;
  return fits ? kLengthBytes + length : shard.bytes.size();
}

void take(RemoteShard& shard, const HttpAnswer& answer, const RefuseShard& refuse) {
  if (answer.status != 206) return refuse(answer, shard);
  if (shard.size && *shard.size != answer.total) {
    fail(Code::BadAnswer, "{}: it has {} bytes, and {} where it is listed", display(shard.name),
         answer.total, *shard.size);
  }
  shard.size = answer.total;
  shard.bytes += answer.body;
}

/// Reads a range of each shard, all of them at once.
class Rounds {
 public:
  Rounds(RemoteFiles& files, const RefuseShard& refuse, Progress* progress)
      : files_(files), refuse_(refuse), progress_(progress) {}

  void read(const std::vector<RemoteShard*>& shards, const auto& range_of) {
    if (shards.empty()) return;
    std::vector<RemoteRange> ranges;
    for (const RemoteShard* shard : shards) {
      ranges.push_back({shard->url, range_of(*shard)});
      bytes_ += ranges.back().range.length;
      if (bytes_ > kMostOfAll) {
        fail(Code::BadAnswer, "{}: the headers take more than {}", display(shards[0]->url),
             format_bytes(kMostOfAll));
      }
    }
    if (progress_ != nullptr) {
      progress_->phase(fmt::format("fetch {}", counted(shards.size(), "header")), bytes_);
    }
    const std::vector<HttpAnswer> answers = files_.read(ranges, progress_);
    for (std::size_t i = 0; i < shards.size(); ++i) take(*shards[i], answers[i], refuse_);
  }

 private:
  RemoteFiles& files_;
  const RefuseShard& refuse_;
  Progress* const progress_;
  std::uint64_t bytes_ = 0;  // asked for
};

}  // namespace

void fetch_headers(RemoteFiles& files, std::span<RemoteShard> shards, std::uint64_t index_bytes,
                   const RefuseShard& refuse, Progress* progress) {
  Rounds rounds(files, refuse, progress);
  const std::uint64_t guess = guess_of(index_bytes, shards.size());
  std::vector<RemoteShard*> open;
  for (RemoteShard& shard : shards) {
    if (shard.size != std::uint64_t{0}) open.push_back(&shard);  // of an empty file is no range
  }
  rounds.read(open, [&](const RemoteShard& shard) {
    return ByteRange{0, std::min(guess, shard.size.value_or(guess))};
  });
  std::erase_if(open, [](const RemoteShard* s) { return header_end(*s) <= s->bytes.size(); });
  rounds.read(open, [](const RemoteShard& shard) {
    return ByteRange{shard.bytes.size(), header_end(shard) - shard.bytes.size()};
  });
  for (RemoteShard& shard : shards) shard.bytes.resize(header_end(shard));
}

std::set<std::string> shards_of_index(const std::string& text) {
  std::set<std::string> names;
  try {
    JsonScanner scan(text);
    std::string_view member;
    scan.enter_object();
    for (bool first = true; scan.next_member(first, member); first = false) {
      if (member != "weight_map" || scan.peek() != '{') {
        scan.skip_value();
        continue;
      }
      scan.enter_object();
      for (bool at_first = true; scan.next_member(at_first, member); at_first = false) {
        if (scan.peek() != '"') {
          scan.skip_value();
        } else {
          names.emplace(scan.string());
        }
      }
    }
  } catch (const Error&) {
    return names;
  }
  return names;
}

}  // namespace ckptscope
