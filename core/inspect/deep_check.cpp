// A shard is read once, front to back, for its checksum and for its tensors.
#include "core/inspect/deep_check.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <optional>

#include "core/base/buffer.hpp"
#include "core/base/display.hpp"
#include "core/base/problems.hpp"
#include "core/inspect/code_counter.hpp"
#include "core/kernels/kernels.hpp"
#include "core/names/key_pattern.hpp"
#include "core/ranks/shared_results.hpp"
#include "core/source/tensor_source.hpp"

namespace ckptscope {
namespace {

constexpr std::uint64_t kChunk = 4ull << 20;

/// Bytes of the elements that belong together: an expert of a stack, or all of a tensor.
std::uint64_t unit_bytes(const TensorInfo& info) {
  const bool named = info.name.find("experts") != info.name.npos;  // a convolution has none
  const bool experts = named && has_experts(info.shape) && is_number(info.dtype);
  return experts ? info.bytes() / info.shape[0] : info.bytes();
}

/// +0 and -0 alike, of floats.
bool is_zero(std::span<const std::byte> element) {
  return std::to_integer<unsigned>(element.back() & std::byte{0x7F}) == 0 &&
         std::all_of(element.begin(), element.end() - 1,
                     [](std::byte one) { return one == std::byte{0}; });
}

/// Looks at the values of one tensor, chunk by chunk; chunks are whole elements.
class ValueScan {
 public:
  explicit ValueScan(const TensorInfo& info)
      : info_(info),
        size_(std::max<std::uint64_t>(1, size_of(info.dtype))),
        unit_(unit_bytes(info)) {}

  void add(std::span<const std::byte> bytes) {
    if (info_.dtype == Dtype::F64) {
      look_for_special_doubles(bytes);
    } else if (is_number(info_.dtype)) {
      look_for_specials(bytes);
    }
    while (!bytes.empty()) {
      const auto part = bytes.first(std::min<std::uint64_t>(bytes.size(), unit_ - in_unit_));
      look_for_change(part);
      in_unit_ += part.size();
      if (in_unit_ == unit_) finish_unit();
      bytes = bytes.subspan(part.size());
    }
  }

  bool has_nan() const { return nan_; }
  bool has_inf() const { return inf_; }
  bool all_zero() const { return zero_units_ == units_; }
  /// Of a weight: the experts whose elements are all the same number, or 0 for the whole tensor.
  std::vector<std::uint64_t> constant_units() const {
    return is_weight() ? constant_units_ : std::vector<std::uint64_t>();
  }
  std::uint64_t units() const { return units_; }

 private:
  bool is_weight() const {
    return info_.shape.size() >= 2 && unit_ > size_ && is_number(info_.dtype);
  }

  void look_for_change(std::span<const std::byte> bytes) {
    if (in_unit_ == 0) {
      first_.assign(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size_));
      constant_ = zero_ = true;
    }
    constant_ = constant_ && repeats(bytes);
    for (std::size_t at = 0; zero_ && at < bytes.size(); at += size_) {
      zero_ = is_zero(bytes.subspan(at, size_));
    }
  }

  void finish_unit() {
    if (constant_ || zero_) constant_units_.push_back(units_);
    zero_units_ += zero_ ? 1 : 0;
    ++units_;
    in_unit_ = 0;
  }

  /// Every element equals the first: the bytes equal themselves one element further.
  bool repeats(std::span<const std::byte> bytes) const {
    return std::memcmp(bytes.data(), first_.data(), first_.size()) == 0 &&
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
  const std::uint64_t size_;      // of an element
  const std::uint64_t unit_;      // bytes
  std::uint64_t in_unit_ = 0;     // bytes of it that were seen
  std::vector<std::byte> first_;  // element of the unit
  bool constant_ = true;
  bool zero_ = true;
  std::uint64_t units_ = 0;
  std::uint64_t zero_units_ = 0;
  std::vector<std::uint64_t> constant_units_;
  bool nan_ = false;
  bool inf_ = false;
};

bool follow_each_other(const Checkpoint& checkpoint) {
  return checkpoint.location().format == FileFormat::Safetensors && checkpoint.pieces().empty();
}

/// What one worker looks at: a file as a whole, with the tensors that follow each other in it, one
/// tensor by itself, or another slice's copy of one.
struct CheckedPart {
  std::uint32_t shard = 0;  // of the first piece of a tensor
  bool whole_file = false;
  std::vector<const TensorInfo*> tensors{};
  const TensorInfo* copy = nullptr;
};

class PartCheck {
 public:
  PartCheck(const Checkpoint& checkpoint, const CheckedPart& part, const Checksums& sums,
            Progress& progress)
      : checkpoint_(checkpoint),
        source_(checkpoint),
        part_(part),
        shard_(checkpoint.shards()[part.shard]),
        progress_(progress) {
    if (!part.whole_file && part.copy == nullptr) return;
    file_.emplace(open_unchanged(shard_.path, shard_.identity));
    if (part.copy != nullptr) return;
    const auto sum = sums.find(shard_.name);
    if (sum != sums.end()) expected_ = sum->second;
  }

  DeepReport run() {
    if (part_.whole_file) {
      read_file();
    } else if (part_.copy != nullptr) {
      compare_copy(*part_.copy);
    } else {
      for (const TensorInfo* info : part_.tensors) {
        telling(info->name, [&] {
          check_piece_sums(checkpoint_, *info, progress_);
          scan_by_itself(*info);
        });
      }
    }
    report_.problems = problems_.take();
    return std::move(report_);
  }

 private:
  void read_file() {
    telling("", [&] { check_file_sums(checkpoint_, part_.shard, progress_); });
    if (follow_each_other(checkpoint_)) {
      read_in_order();
    } else if (!expected_.empty()) {
      read(0, shard_.identity.size, [](auto) {});
    }
    if (!expected_.empty()) compare_sum();
  }

  void read_in_order() {
    read(0, shard_.data_start, [](auto) {});
    for (const TensorInfo* info : part_.tensors) {
      ValueScan scan(*info);
      read(shard_.data_start + info->begin, info->bytes(), [&](auto bytes) { scan.add(bytes); });
      judge(*info, scan);
    }
  }

  /// What breaks a rule of the format is a problem, and the next tensor is looked at.
  void telling(std::string_view key, const auto& look) {
    try {
      look();
    } catch (const Error& error) {
      const bool of_file = error.code() == Code::BadDcp || error.code() == Code::BadArchive ||
                           error.code() == Code::BadPickle;
      if (!of_file) throw;
      problems_.add(error.code(), Severity::Error, {key, shard_.name}, "{}", error.what());
    }
  }

  void scan_by_itself(const TensorInfo& info) {
    ValueScan scan(info);
    const auto id = static_cast<std::uint32_t>(&info - checkpoint_.tensors().data());
    for (std::uint64_t done = 0; done < info.bytes();) {
      progress_.check_stop();
      const auto chunk = buffer_.take(std::min(kChunk, info.bytes() - done));
      source_.read(id, done, chunk);
      scan.add(chunk);
      done += chunk.size();
      progress_.advance(chunk.size());
    }
    judge(info, scan);
  }

  /// Slices of one model hold the same of what is whole in all of them.
  void compare_copy(const TensorInfo& copy) {
    const std::uint32_t id = checkpoint_.find(copy.name).value();
    Buffer first;
    std::uint64_t done = 0;
    bool same = true;
    read(shard_.data_start + copy.begin, copy.bytes(), [&](std::span<const std::byte> bytes) {
      if (!same) return;
      const auto expected = first.take(bytes.size());
      source_.read(id, done, expected);
      same = std::memcmp(expected.data(), bytes.data(), bytes.size()) == 0;
      done += bytes.size();
    });
    ++report_.copies_compared;
    report_.copies_equal += same ? 1 : 0;
    if (same) return;
    const std::string where = checkpoint_.shard_names(checkpoint_.tensors()[id]);
    problem(Code::RankShards, copy,
            fmt::format("is not what {} holds: slices of different models", display(where)));
  }

  void read(std::uint64_t offset, std::uint64_t bytes, const auto& use) {
    for (std::uint64_t done = 0; done < bytes;) {
      progress_.check_stop();
      const auto chunk = buffer_.take(std::min(kChunk, bytes - done));
      file_->read(offset + done, chunk);
      if (!expected_.empty()) sha256_.add(chunk);
      use(std::span<const std::byte>(chunk));
      done += chunk.size();
      progress_.advance(chunk.size());
    }
  }

  void problem(Code code, const TensorInfo& info, std::string_view what,
               Severity severity = Severity::Error) {
    problems_.add(code, severity, {info.name, shard_.name}, "{}: tensor \"{}\" {}",
                  display(shard_.name), display(info.name), what);
  }

  /// Weights that nobody has trained yet are zeros: biases, and the B of LoRA.
  static bool may_be_zero(std::string_view key) {
    return key.ends_with("bias") || key.find(".lora_B.") != key.npos ||
           key.find(".lora_up.") != key.npos;
  }

  void judge_constant(const TensorInfo& info, const ValueScan& scan) {
    const auto units = scan.constant_units();
    if (units.empty()) return;
    ++report_.constant_weights;
    const bool fresh = scan.all_zero() && may_be_zero(info.name);
    const bool whole = units.size() == scan.units();
    problem(Code::ConstantWeight, info,
            whole && fresh ? "is zero everywhere"
            : whole        ? "is constant: every element is the same"
                           : fmt::format("has constant experts: {}", number_set(units)),
            fresh ? Severity::Note : Severity::Error);
  }

  void judge(const TensorInfo& info, const ValueScan& scan) {
    ++report_.tensors;
    report_.bytes += info.bytes();
    if (scan.has_nan()) problem(Code::NanValues, info, "holds NaN");
    if (scan.has_inf()) problem(Code::InfValues, info, "holds infinities");
    judge_constant(info, scan);
    report_.nan_tensors += scan.has_nan() ? 1 : 0;
    report_.inf_tensors += scan.has_inf() ? 1 : 0;
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

  const Checkpoint& checkpoint_;
  CheckpointSource source_;
  const CheckedPart& part_;
  const Shard& shard_;
  Progress& progress_;
  std::optional<File> file_;  // of a whole one
  std::string expected_;
  Sha256 sha256_;
  Buffer buffer_;
  Problems problems_;
  DeepReport report_;
};

/// Files in their order, each with its tensors or followed by them.
std::vector<CheckedPart> parts_of(const Checkpoint& checkpoint) {
  std::vector<std::vector<const TensorInfo*>> tensors(checkpoint.shards().size());
  for (const TensorInfo& info : checkpoint.tensors()) {
    if (info.bytes() > 0) tensors[checkpoint.shard_of(info)].push_back(&info);
  }
  std::vector<CheckedPart> parts;
  for (std::uint32_t shard = 0; shard < tensors.size(); ++shard) {
    if (!checkpoint.shards()[shard].present || checkpoint.shards()[shard].damaged) continue;
    parts.push_back({shard, true});
    if (!follow_each_other(checkpoint)) {
      for (const TensorInfo* info : tensors[shard]) parts.push_back({shard, false, {info}});
      continue;
    }
    std::sort(tensors[shard].begin(), tensors[shard].end(),
              [](const TensorInfo* a, const TensorInfo* b) { return a->begin < b->begin; });
    parts.back().tensors = std::move(tensors[shard]);
  }
  for (const TensorInfo& copy : checkpoint.copies()) {
    if (!checkpoint.shards()[copy.shard].damaged) parts.push_back({copy.shard, false, {}, &copy});
  }
  return parts;
}

void add(DeepReport& total, DeepReport& one) {
  total.tensors += one.tensors;
  total.bytes += one.bytes;
  total.nan_tensors += one.nan_tensors;
  total.inf_tensors += one.inf_tensors;
  total.constant_weights += one.constant_weights;
  total.copies_compared += one.copies_compared;
  total.copies_equal += one.copies_equal;
  total.sums_compared += one.sums_compared;
  total.sums_equal += one.sums_equal;
  std::move(one.problems.begin(), one.problems.end(), std::back_inserter(total.problems));
}

}  // namespace

void carry(auto& message, DeepReport& one) {
  message(one.tensors, one.bytes, one.nan_tensors, one.inf_tensors, one.constant_weights,
          one.copies_compared, one.copies_equal, one.sums_compared, one.sums_equal, one.problems);
}

DeepReport deep_check(const Checkpoint& checkpoint, const Checksums& sums, const Workers& workers,
                      Progress& progress) {
  const std::vector<CheckedPart> parts = parts_of(checkpoint);
  std::vector<std::uint64_t> bytes;
  for (const CheckedPart& part : parts) {
    const Shard& shard = checkpoint.shards()[part.shard];
    const bool read = follow_each_other(checkpoint) || sums.contains(shard.name);
    bytes.push_back(part.copy != nullptr ? part.copy->bytes()
                    : !part.whole_file   ? part.tensors.front()->bytes()
                    : read               ? shard.identity.size
                                         : 0);
  }
  DeepReport total;
  for (DeepReport& one :
       shared_results<DeepReport>("check", bytes, workers, progress, [&](std::size_t i, unsigned) {
         return PartCheck(checkpoint, parts[i], sums, progress).run();
       })) {
    add(total, one);
  }
  return total;
}

}  // namespace ckptscope
