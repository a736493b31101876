// A shard is read once, front to back, for its checksum and for its tensors.
#include "core/inspect/deep_check.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/base/buffer.hpp"
#include "core/base/display.hpp"
#include "core/base/parallel.hpp"
#include "core/base/problems.hpp"
#include "core/checkpoint/tensor_source.hpp"
#include "core/kernels/kernels.hpp"

namespace ckptscope {
namespace {

constexpr std::uint64_t kChunk = 4ull << 20;

/// Looks at the values of one tensor, chunk by chunk; chunks are whole elements.
class ValueScan {
 public:
  explicit ValueScan(const TensorInfo& info)
      : info_(info), size_(std::max<std::uint64_t>(1, size_of(info.dtype))) {}

  void add(std::span<const std::byte> bytes) {
    if (bytes.empty()) return;
    if (first_.empty())
      first_.assign(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(
                                                       std::min<std::size_t>(size_, bytes.size())));
    constant_ = constant_ && repeats(bytes);
    if (info_.dtype == Dtype::F64) return look_for_special_doubles(bytes);
    if (is_number(info_.dtype)) look_for_specials(bytes);
  }

  bool has_nan() const { return nan_; }
  bool has_inf() const { return inf_; }
  bool is_constant_weight() const {
    return constant_ && info_.shape.size() >= 2 && info_.elements() > 1 && is_number(info_.dtype);
  }

 private:
  /// Every element equals the first: the bytes equal themselves one element further.
  bool repeats(std::span<const std::byte> bytes) const {
    return std::memcmp(bytes.data(), first_.data(), std::min(first_.size(), bytes.size())) == 0 &&
           (bytes.size() <= size_ ||
            std::memcmp(bytes.data(), bytes.data() + size_, bytes.size() - size_) == 0);
  }

  void look_for_specials(std::span<const std::byte> bytes) {
    std::array<float, 1024> floats;
    const std::size_t count = bytes.size() / size_;
    for (std::size_t done = 0; done < count; done += floats.size()) {
      const std::size_t n = std::min(floats.size(), count - done);
      cast_elements(info_.dtype, bytes.data() + done * size_, Dtype::F32,
                    reinterpret_cast<std::byte*>(floats.data()), n);
      for (std::size_t i = 0; i < n; ++i) {
        nan_ = nan_ || std::isnan(floats[i]);
        inf_ = inf_ || std::isinf(floats[i]);
      }
    }
  }

  void look_for_special_doubles(std::span<const std::byte> bytes) {
    for (std::size_t at = 0; at + sizeof(double) <= bytes.size(); at += sizeof(double)) {
      double value = 0;
      std::memcpy(&value, &bytes[at], sizeof value);
      nan_ = nan_ || std::isnan(value);
      inf_ = inf_ || std::isinf(value);
    }
  }

  const TensorInfo& info_;
  std::uint64_t size_;
  std::vector<std::byte> first_;
  bool constant_ = true;
  bool nan_ = false;
  bool inf_ = false;
};

/// One shard, front to back: its checksum and its tensors.
class ShardCheck {
 public:
  ShardCheck(const Checkpoint& checkpoint, std::uint32_t shard, const Checksums& sums,
             Progress& progress)
      : shard_(checkpoint.shards()[shard]), progress_(progress), file_(shard_.path) {
    require_unchanged(shard_, file_.identity());
    const auto sum = sums.find(shard_.name);
    if (sum != sums.end()) expected_ = sum->second;
    for (const TensorInfo& info : checkpoint.tensors()) {
      if (info.shard == shard && info.bytes() > 0) tensors_.push_back(&info);
    }
    std::sort(tensors_.begin(), tensors_.end(),
              [](const TensorInfo* a, const TensorInfo* b) { return a->begin < b->begin; });
  }

  DeepReport run() {
    read(0, shard_.data_start, [](auto) {});
    for (const TensorInfo* info : tensors_) {
      ValueScan scan(*info);
      read(shard_.data_start + info->begin, info->bytes(), [&](auto bytes) { scan.add(bytes); });
      judge(*info, scan);
    }
    if (!expected_.empty()) compare_sum();
    report_.problems = problems_.take();
    return std::move(report_);
  }

 private:
  void read(std::uint64_t offset, std::uint64_t bytes, const auto& use) {
    for (std::uint64_t done = 0; done < bytes;) {
      progress_.check_stop();
      const auto chunk = buffer_.take(std::min(kChunk, bytes - done));
      file_.read(offset + done, chunk);
      if (!expected_.empty()) sha256_.add(chunk);
      use(std::span<const std::byte>(chunk));
      done += chunk.size();
      progress_.advance(chunk.size());
    }
  }

  void problem(Code code, const TensorInfo& info, std::string_view what) {
    problems_.add(code, Severity::Error, {info.name, shard_.name}, "{}: tensor \"{}\" {}",
                  display(shard_.name), display(info.name), what);
  }

  void judge(const TensorInfo& info, const ValueScan& scan) {
    ++report_.tensors;
    report_.bytes += info.bytes();
    if (scan.has_nan()) problem(Code::NanValues, info, "holds NaN");
    if (scan.has_inf()) problem(Code::InfValues, info, "holds infinities");
    if (scan.is_constant_weight())
      problem(Code::ConstantWeight, info, "is constant: every element is the same");
    report_.nan_tensors += scan.has_nan() ? 1 : 0;
    report_.inf_tensors += scan.has_inf() ? 1 : 0;
    report_.constant_weights += scan.is_constant_weight() ? 1 : 0;
  }

  void compare_sum() {
    const std::string found = sha256_.digest();
    ++report_.sums_compared;
    if (found == expected_) {
      ++report_.sums_equal;
      return;
    }
    problems_.add(Code::ChecksumMismatch, Severity::Error, {{}, shard_.name},
                  "{}: sha256 is {}, recorded was {}; download it again", display(shard_.name),
                  found, expected_);
  }

  const Shard& shard_;
  Progress& progress_;
  File file_;
  std::string expected_;
  std::vector<const TensorInfo*> tensors_;
  Sha256 sha256_;
  Buffer buffer_;
  Problems problems_;
  DeepReport report_;
};

void add(DeepReport& total, DeepReport& one) {
  total.tensors += one.tensors;
  total.bytes += one.bytes;
  total.nan_tensors += one.nan_tensors;
  total.inf_tensors += one.inf_tensors;
  total.constant_weights += one.constant_weights;
  total.sums_compared += one.sums_compared;
  total.sums_equal += one.sums_equal;
  std::move(one.problems.begin(), one.problems.end(), std::back_inserter(total.problems));
}

}  // namespace

DeepReport deep_check(const Checkpoint& checkpoint, const Checksums& sums, unsigned threads,
                      Progress& progress) {
  std::vector<std::uint32_t> shards;
  std::uint64_t bytes = 0;
  for (std::uint32_t i = 0; i < checkpoint.shards().size(); ++i) {
    const Shard& shard = checkpoint.shards()[i];
    if (!shard.present || shard.damaged) continue;
    shards.push_back(i);
    bytes += shard.identity.size;
  }
  progress.phase("check", bytes);
  std::vector<DeepReport> reports(shards.size());
  parallel_for(shards.size(), threads, [&](std::size_t i, unsigned) {
    reports[i] = ShardCheck(checkpoint, shards[i], sums, progress).run();
  });
  DeepReport total;
  for (DeepReport& one : reports) add(total, one);
  return total;
}

}  // namespace ckptscope
