// Pairs are found by the suffixes of the schemes; a pair whose shapes do not fit is a problem, and
// neither of the two goes on.
#include "core/plan/decoding.hpp"

#include <algorithm>

#include "core/base/bytes.hpp"
#include "core/base/display.hpp"
#include "core/base/problems.hpp"
#include "core/plan/scale_fit.hpp"

namespace ckptscope {
namespace {

using Kind = QuantScheme::Kind;

class Pairing {
 public:
  Pairing(const TensorList& source, const std::vector<QuantScheme>& schemes,
          const std::vector<bool>& dropped, const DecodeOptions& options, Values& values)
      : source_(source), schemes_(schemes), dropped_(dropped), options_(options), values_(values) {}

  Decoded run() {
    result_.tensors.reserve(source_.tensors.size());
    for (std::uint32_t id = 0; id < source_.tensors.size(); ++id) {
      if (!dropped_[id]) add(id);
    }
    result_.problems = problems_.take();
    return std::move(result_);
  }

 private:
  void give(std::string_view key, ValuePtr value) { result_.tensors.push_back({key, key, value}); }

  void add(std::uint32_t id) {
    const TensorInfo& info = source_.tensors[id];
    bool is_some_scale = false;  // of a weight that no scheme decodes, like NVFP4's
    for (const QuantScheme& scheme : schemes_) {
      if (info.name.ends_with(scheme.scale_suffix)) {
        const std::string_view stem = stem_of(info.name, scheme.scale_suffix);
        if (const auto weight = find(stem, scheme.weight_suffix)) {
          if (is_pair(scheme, *weight, id)) {
            if (scheme.kind == options_.keep) give(info.name, input(id));
            return;  // else part of its weight's value
          }
          is_some_scale = true;
        } else if (is_scale(scheme, info)) {
          return report_orphan(scheme, id, stem);
        }
      }
      if (!info.name.ends_with(scheme.weight_suffix) || !is_packed(scheme, id)) continue;
      const std::string_view stem = stem_of(info.name, scheme.weight_suffix);
      if (const auto scale = find(stem, scheme.scale_suffix)) {
        if (!is_pair(scheme, id, *scale)) continue;
        const ValuePtr value = decode(scheme, id, *scale);
        if (value && scheme.kind == options_.keep) {
          give(info.name, input(id));
        } else if (value) {
          give(logical_key(scheme, info.name, stem), value);
        }
        return;
      }
      if (scheme.kind == Kind::Mxfp4) return report_missing(info, scheme, Severity::Error);
    }
    if (!schemes_.empty() && is_fp8(info.dtype) && !is_some_scale) {
      report_missing(info, schemes_.back(), options_.lenient ? Severity::Warning : Severity::Error);
    }
    give(info.name, input(id));
  }

  static std::string_view stem_of(std::string_view name, std::string_view suffix) {
    return name.substr(0, name.size() - suffix.size());
  }

  /// The logical name is a prefix of the weight's: its suffix either goes or stays.
  static std::string_view logical_key(const QuantScheme& scheme, std::string_view weight,
                                      std::string_view stem) {
    return weight.substr(0, stem.size() + scheme.logical_suffix.size());
  }

  std::optional<std::uint32_t> find(std::string_view stem, std::string_view suffix) const {
    const auto id = source_.find(std::string(stem) + std::string(suffix));
    return id && !dropped_[*id] ? id : std::nullopt;
  }

  bool is_packed(const QuantScheme& scheme, std::uint32_t id) const {
    const Dtype dtype = source_.tensors[id].dtype;
    switch (scheme.kind) {
      case Kind::Mxfp4:
        return dtype == Dtype::U8;
      case Kind::Fp8:
        return is_fp8(dtype);
    }
    return false;
  }

  /// NVFP4 has the names of MXFP4 in rows, and scales that are numbers.
  bool is_pair(const QuantScheme& scheme, std::uint32_t weight, std::uint32_t scale) const {
    return is_packed(scheme, weight) &&
           (!scheme.in_rows || source_.tensors[scale].dtype == Dtype::U8);
  }

  /// A tensor that only a scale of this scheme can be: MXFP4 scales are bytes, FP8 scales numbers.
  static bool is_scale(const QuantScheme& scheme, const TensorInfo& info) {
    switch (scheme.kind) {
      case Kind::Mxfp4:
        return scheme.lone_scale && info.dtype == Dtype::U8;
      case Kind::Fp8:
        return scheme.lone_scale && is_number(info.dtype);
    }
    return false;
  }

  void report_orphan(const QuantScheme& scheme, std::uint32_t id, std::string_view stem) {
    const std::string_view key = source_.tensors[id].name;
    const bool let_go = options_.lenient && scheme.kind == Kind::Fp8;
    if (let_go) result_.orphan_scales.push_back(id);
    problems_.add(Code::OrphanScale, let_go ? Severity::Warning : Severity::Error, key,
                  "{}: a scale without its weight {}{}", display(key), display(stem),
                  scheme.weight_suffix);
  }

  void report_missing(const TensorInfo& info, const QuantScheme& scheme, Severity severity) {
    const bool is_mxfp4 = scheme.kind == Kind::Mxfp4;
    problems_.add(Code::MissingScale, severity, info.name, "{}: {} without a scale ({})",
                  display(info.name), is_mxfp4 ? "MXFP4 blocks" : name_of(info.dtype),
                  is_mxfp4 ? scheme.scale_suffix : "_scale_inv or .weight_scale");
  }

  void report_shape(const TensorInfo& weight, const TensorInfo& scale, std::string_view expected) {
    problems_.add(Code::ScaleShape, Severity::Error, scale.name,
                  "{}: shape {} {} does not fit {} {}, {} expected", display(scale.name),
                  name_of(scale.dtype), to_string(scale.shape), name_of(weight.dtype),
                  to_string(weight.shape), expected);
  }

  ValuePtr input(std::uint32_t id) {
    const TensorInfo& info = source_.tensors[id];
    return values_.input(id, info.dtype, info.shape);
  }

  ValuePtr decode(const QuantScheme& scheme, std::uint32_t weight, std::uint32_t scale) {
    switch (scheme.kind) {
      case Kind::Mxfp4:
        return scheme.in_rows ? decode_mxfp4_rows(weight, scale) : decode_mxfp4(weight, scale);
      case Kind::Fp8:
        return decode_fp8(scheme, weight, scale);
    }
    return nullptr;
  }

  /// blocks [.., rows, G, B] and scales [.., rows, G] are the logical [.., G * 2B, rows].
  ValuePtr decode_mxfp4(std::uint32_t weight, std::uint32_t scale) {
    const TensorInfo& blocks = source_.tensors[weight];
    const TensorInfo& scales = source_.tensors[scale];
    const bool fits = scales.dtype == Dtype::U8 && scales.shape.size() >= 2 &&
                      blocks.shape.size() == scales.shape.size() + 1 &&
                      same_shape(blocks.shape.first(scales.shape.size()), scales.shape);
    if (!fits) {
      report_shape(blocks, scales, "U8 and the shape of the blocks without its last dimension");
      return nullptr;
    }
    const ValuePtr rows = values_.mxfp4(input(weight), input(scale));
    return values_.cast(values_.transpose(rows), options_.asked.value_or(Dtype::BF16));
  }

  /// codes [r, c / 2] and scales [r, c / 32] are the logical [r, c]: the bytes are those of the
  /// blocks [r, c / 32, 16].
  ValuePtr decode_mxfp4_rows(std::uint32_t weight, std::uint32_t scale) {
    const TensorInfo& codes = source_.tensors[weight];
    const TensorInfo& scales = source_.tensors[scale];
    const bool fits = codes.shape.size() == 2 && scales.shape.size() == 2 &&
                      codes.shape[0] == scales.shape[0] && codes.shape[1] % 16 == 0 &&
                      codes.shape[1] / 16 == scales.shape[1];
    if (!fits) {
      report_shape(codes, scales, "one number for 16 bytes of a row");
      return nullptr;
    }
    const ValuePtr blocks =
        values_.input(weight, codes.dtype, Shape{codes.shape[0], scales.shape[1], 16});
    return values_.cast(values_.mxfp4(blocks, input(scale)), options_.asked.value_or(Dtype::BF16));
  }

  ValuePtr decode_fp8(const QuantScheme& scheme, std::uint32_t weight, std::uint32_t scale) {
    const TensorInfo& codes = source_.tensors[weight];
    const TensorInfo& scales = source_.tensors[scale];
    const bool is_factor =
        is_exponent(scales.dtype) || (is_number(scales.dtype) && !is_fp8(scales.dtype));
    const auto block =
        is_factor ? fit_scale(codes.shape, scales.shape, scheme.block) : std::nullopt;
    if (!block) {
      report_shape(codes, scales, expected_scales(scheme.block));
      return nullptr;
    }
    return values_.fp8(input(weight), input(scale), options_.fp8_dtype, *block);
  }

  const TensorList& source_;
  const std::vector<QuantScheme>& schemes_;
  const std::vector<bool>& dropped_;
  const DecodeOptions& options_;
  Values& values_;
  Problems problems_;
  Decoded result_;
};

}  // namespace

Decoded decode(const TensorList& source, const std::vector<QuantScheme>& schemes,
               const std::vector<bool>& dropped, const DecodeOptions& options, Values& values) {
  return Pairing(source, schemes, dropped, options, values).run();
}

}  // namespace ckptscope
