// A weight that the preset names gives two outputs, codes and scale; nothing else changes.
#include "core/plan/encoding.hpp"

#include <algorithm>

#include "core/base/bytes.hpp"
#include "core/base/display.hpp"
#include "core/base/problems.hpp"

namespace ckptscope {
namespace {

using Scheme = QuantScheme::Kind;

class Encoding {
 public:
  Encoding(const QuantPreset& preset, Values& values) : preset_(preset), values_(values) {}

  Encoded run(std::vector<Draft> drafts) {
    for (Draft& draft : drafts) {
      const bool packed = is_packed(draft.output);
      result_.packed += packed ? 1 : 0;
      if (is_weight(draft.output) && !packed) {
        encode(draft);
      } else {
        result_.drafts.push_back(std::move(draft));
      }
    }
    if (preset_.scheme.kind == Scheme::Fp8 && result_.weights > 0 && result_.packed > 0) {
      problems_.add(
          Code::Unquantisable, Severity::Error, {},
          "{} in FP8 already, {} not, and one config cannot tell of both: --quantize none "
          "decodes them first",
          counted(result_.packed, "weight"), counted(result_.weights, "weight"));
    }
    result_.problems = problems_.take();
    return std::move(result_);
  }

 private:
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

  void encode(const Draft& draft) {
    const Output& output = draft.output;
    const std::string& key = output.key;
    if (!is_number(output.dtype())) {
      return problems_.add(Code::PackedCodes, Severity::Error, key,
                           "{}: {} holds packed codes, which no scheme decodes", display(key),
                           name_of(output.dtype()));
    }
    if (output.dtype() == Dtype::F64) {
      return problems_.add(Code::Unquantisable, Severity::Error, key,
                           "{}: F64 would be rounded twice; cast it to F32 first", display(key));
    }
    preset_.scheme.kind == Scheme::Mxfp4 ? encode_mxfp4(draft) : encode_fp8(draft);
  }

  void encode_fp8(const Draft& draft) {
    add(draft, values_.fp8_codes(draft.output.value), values_.fp8_scale(draft.output.value));
  }

  void encode_mxfp4(const Draft& draft) {
    const ValuePtr rows = values_.transpose(draft.output.value);
    if (rows->shape.back() % kMxfp4Block != 0) {
      return problems_.add(Code::Unquantisable, Severity::Error, draft.output.key,
                           "{}: the input dim {} is no multiple of {}", display(draft.output.key),
                           rows->shape.back(), kMxfp4Block);
    }
    add(draft, values_.mxfp4_blocks(rows), values_.mxfp4_scales(rows));
  }

  void add(const Draft& draft, ValuePtr codes, ValuePtr scale) {
    add(draft, preset_.scheme.weight_suffix, codes);
    add(draft, preset_.scheme.scale_suffix, scale);
    ++result_.weights;
  }

  void add(const Draft& draft, const std::string& suffix, ValuePtr value) {
    Draft packed{{draft.output.key + suffix, value}, draft.origin};
    packed.output.kind = OutputKind::Encoded;
    packed.output.logical = draft.output.key;
    packed.output.line = draft.output.line;
    result_.drafts.push_back(std::move(packed));
  }

  const QuantPreset& preset_;
  Values& values_;
  Problems problems_;
  Encoded result_;
};

}  // namespace

Encoded encode(const QuantPreset& preset, std::vector<Draft> drafts, Values& values) {
  return Encoding(preset, values).run(std::move(drafts));
}

}  // namespace ckptscope
