#include "core/plan/encoding.hpp"

#include <algorithm>

#include "core/base/bytes.hpp"
#include "core/base/display.hpp"

namespace ckptscope {
namespace {

using Scheme = QuantScheme::Kind;

class Encoding {
 public:
  Encoding(const QuantPreset& preset, std::vector<Draft>& drafts, std::vector<Problem>& problems)
      : preset_(preset), drafts_(drafts), problems_(problems) {}

  void run() {
    std::vector<Draft> result;
    for (Draft& draft : drafts_) {
      if (is_weight(draft.output) && !is_packed(draft.output)) {
        encode(draft, result);
      } else {
        packed_ += is_packed(draft.output) ? 1 : 0;
        result.push_back(std::move(draft));
      }
    }
    drafts_ = std::move(result);
    if (preset_.scheme.kind == Scheme::Fp8 && encoded_ > 0 && packed_ > 0) {
      problem("",
              "{} in FP8 already, {} not, and one config cannot tell of both: --quantize none "
              "decodes them first",
              counted(packed_, "weight"), counted(encoded_, "weight"));
    }
    if (encoded_ + packed_ == 0 && problems_.empty()) {
      problem("", "no tensor is one that --quantize {} encodes", name_of(preset_.scheme.kind));
    }
  }

 private:
  template <typename... Args>
  void problem(std::string_view key, fmt::format_string<Args...> format, Args&&... args) {
    problems_.push_back({Code::Unquantisable, Severity::Error,
                         fmt::format(format, std::forward<Args>(args)...), std::string(key)});
  }

  bool is_weight(const Output& output) const {
    const std::string& key = output.key;
    const auto contains = [&](const std::string& part) { return key.find(part) != key.npos; };
    const bool excepted = std::any_of(preset_.except.begin(), preset_.except.end(), contains);
    return !excepted && std::any_of(preset_.weights.begin(), preset_.weights.end(),
                                    [&](const QuantPreset::Weights& weights) {
                                      return weights.rank == output.shape().size() &&
                                             weights.key.matches(key);
                                    });
  }

  /// Codes that came packed; those of FP8 keep the key of what they encode.
  bool is_packed(const Output& output) const {
    if (preset_.scheme.kind == Scheme::Fp8) return is_fp8(output.dtype());
    return output.dtype() == Dtype::U8 && output.key.ends_with(preset_.scheme.weight_suffix);
  }

  void encode(Draft& draft, std::vector<Draft>& result) {
    const Output& output = draft.output;
    if (!is_number(output.dtype())) {
      problems_.push_back({Code::PackedCodes, Severity::Error,
                           fmt::format("{}: {} holds packed codes, which no scheme decodes",
                                       display(output.key), name_of(output.dtype())),
                           output.key});
      return;
    }
    if (output.dtype() == Dtype::F64) {
      return problem(output.key, "{}: F64 would be rounded twice; cast it to F32 first",
                     display(output.key));
    }
    const ValuePtr& value = output.value;
    if (preset_.scheme.kind == Scheme::Fp8) {
      add(draft, preset_.scheme.weight_suffix, fp8_codes(value), result);
      add(draft, preset_.scheme.scale_suffix, fp8_scale(value), result);
    } else if (const ValuePtr rows = transpose(value); rows->shape.back() % kMxfp4Block == 0) {
      add(draft, preset_.scheme.weight_suffix, mxfp4_blocks(rows), result);
      add(draft, preset_.scheme.scale_suffix, mxfp4_scales(rows), result);
    } else {
      return problem(output.key, "{}: the input dim {} is no multiple of {}", display(output.key),
                     rows->shape.back(), kMxfp4Block);
    }
    ++encoded_;
  }

  static void add(const Draft& draft, std::string_view suffix, ValuePtr value,
                  std::vector<Draft>& result) {
    Draft packed{{draft.output.key + std::string(suffix), std::move(value)}, draft.origin};
    packed.output.kind = Kind::Encoded;
    packed.output.logical = draft.output.key;
    result.push_back(std::move(packed));
  }

  const QuantPreset& preset_;
  std::vector<Draft>& drafts_;
  std::vector<Problem>& problems_;
  std::size_t encoded_ = 0;
  std::size_t packed_ = 0;
};

}  // namespace

void encode_drafts(const QuantPreset& preset, std::vector<Draft>& drafts,
                   std::vector<Problem>& problems) {
  Encoding(preset, drafts, problems).run();
}

}  // namespace ckptscope
