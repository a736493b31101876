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
      const QuantPreset::Weights* const weights = weights_of(draft.output);
      if (weights != nullptr && !packed) {
        encode(draft, written_form(weights->as));
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
  /// Null for what is not encoded.
  const QuantPreset::Weights* weights_of(const Output& output) const {
    const std::string& key = output.key;
    const auto contains = [&](const std::string& part) { return key.find(part) != key.npos; };
    if (std::any_of(preset_.except.begin(), preset_.except.end(), contains)) return nullptr;
    const auto found = std::find_if(
        preset_.weights.begin(), preset_.weights.end(), [&](const QuantPreset::Weights& weights) {
          return weights.rank == output.shape().size() && weights.key.matches(key);
        });
    return found == preset_.weights.end() ? nullptr : &*found;
  }

  /// Codes that came packed, in one of the preset's forms.
  bool is_packed(const Output& output) const {
    const auto holds = [&](const QuantPreset::Weights& weights) {
      const QuantScheme& scheme = written_form(weights.as).scheme;
      return holds_codes(scheme.kind, output.dtype()) && output.key.ends_with(scheme.weight_suffix);
    };
    return std::any_of(preset_.weights.begin(), preset_.weights.end(), holds);
  }

  /// Why it cannot be packed; empty where it can.
  static std::string refusal(const Output& output, const WrittenForm& form, const Value& rows) {
    if (!is_number(output.dtype())) {
      return fmt::format("{} holds packed codes, which no scheme decodes", name_of(output.dtype()));
    }
    if (output.dtype() == Dtype::F64) return "F64 would be rounded twice; cast it to F32 first";
    const auto [block_rows, block_columns] = form.block;
    const bool may_be_ragged = form.scheme.kind == Scheme::Fp8;
    if (block_rows == 1 && !may_be_ragged && rows.shape.back() % block_columns != 0) {
      return fmt::format("the input dim {} is no multiple of {}", rows.shape.back(), block_columns);
    }
    if (block_rows > 1 && rows.shape.size() < 2) {
      return fmt::format("a vector has no blocks of {} x {}", block_rows, block_columns);
    }
    return "";
  }

  void encode(const Draft& draft, const WrittenForm& form) {
    const Output& output = draft.output;
    // GPT-OSS's blocks are those of the other matrix.
    const ValuePtr rows = form.as == PackAs::Mxfp4 ? values_.transpose(output.value) : output.value;
    if (const std::string why = refusal(output, form, *rows); !why.empty()) {
      const Code code = is_number(output.dtype()) ? Code::Unquantisable : Code::PackedCodes;
      return problems_.add(code, Severity::Error, output.key, "{}: {}", display(output.key), why);
    }
    add(draft, form, form.scheme.weight_suffix, values_.packed_codes(form.as, rows));
    add(draft, form, form.scheme.scale_suffix, values_.packed_scales(form.as, rows));
    if (!form.scheme.third_suffix.empty()) {
      add(draft, form, form.scheme.third_suffix, values_.packed_third(form.as, rows));
    }
    ++result_.weights;
  }

  void add(const Draft& draft, const WrittenForm& form, const std::string& suffix, ValuePtr value) {
    const std::string& logical = draft.output.key;
    const std::size_t stem = logical.size() - form.scheme.logical_suffix.size();
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
