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
    if (preset_.scheme().kind == Scheme::Fp8 && result_.weights > 0 && result_.packed > 0) {
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
    const QuantScheme& scheme = preset_.scheme();
    if (!holds_codes(scheme.kind, output.dtype())) return false;
    return scheme.kind == Scheme::Fp8 || output.key.ends_with(scheme.weight_suffix);
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
    // GPT-OSS's blocks are those of the other matrix.
    const ValuePtr rows =
        preset_.as == PackAs::Mxfp4 ? values_.transpose(output.value) : output.value;
    if (preset_.as != PackAs::Fp8 && rows->shape.back() % kMxfp4Block != 0) {
      return problems_.add(Code::Unquantisable, Severity::Error, key,
                           "{}: the input dim {} is no multiple of {}", display(key),
                           rows->shape.back(), kMxfp4Block);
    }
    const QuantScheme& scheme = preset_.scheme();
    add(draft, scheme.weight_suffix, values_.packed_codes(preset_.as, rows));
    add(draft, scheme.scale_suffix, values_.packed_scales(preset_.as, rows));
    if (!scheme.third_suffix.empty()) {
      add(draft, scheme.third_suffix, values_.packed_third(preset_.as, rows));
    }
    ++result_.weights;
  }

  void add(const Draft& draft, const std::string& suffix, ValuePtr value) {
    const std::string& logical = draft.output.key;
    const std::size_t stem = logical.size() - preset_.scheme().logical_suffix.size();
    Draft packed{{logical.substr(0, stem) + suffix, value}, draft.origin};
    packed.output.kind = OutputKind::Encoded;
    packed.output.logical = logical;
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
