// Pairs are found by the suffixes of the schemes; a pair whose shapes do not fit is a problem, and
// neither of the two goes on.
#include "core/plan/decoding.hpp"

#include <algorithm>
#include <initializer_list>
#include <iterator>

#include "core/base/bytes.hpp"
#include "core/base/display.hpp"
#include "core/base/parallel.hpp"
#include "core/base/problems.hpp"
#include "core/plan/joint_scales.hpp"
#include "core/plan/scale_fit.hpp"

namespace ckptscope {
namespace {

using Kind = QuantScheme::Kind;

constexpr std::uint64_t kMxBlock[] = {1, kMxfp4Block};
constexpr std::string_view kWeightOfK = ".k_proj.weight";
constexpr std::string_view kWeightOfV = ".v_proj.weight";

class Pairing {
 public:
  Pairing(const TensorList& source, const std::vector<QuantScheme>& schemes,
          const std::vector<bool>& dropped, const DecodeOptions& options, Values& values)
      : source_(source), schemes_(schemes), dropped_(dropped), options_(options), values_(values) {}

  /// Of the tensors [begin, end); their parts may be any.
  Decoded run(std::uint32_t begin, std::uint32_t end) {
    result_.tensors.reserve(end - begin);
    for (std::uint32_t id = begin; id < end; ++id) {
      near_ = id;
      if (!dropped_[id]) add(id);
    }
    result_.problems = problems_.take();
    return std::move(result_);
  }

 private:
  void give(std::string_view key, ValuePtr value) { result_.tensors.push_back({key, key, value}); }

  void add(std::uint32_t id) {
    const TensorInfo& info = source_.tensors[id];
    bool is_some_part = false;  // of a weight that no scheme decodes
    for (const QuantScheme& scheme : schemes_) {
      for (const std::string* suffix : {&scheme.scale_suffix, &scheme.third_suffix}) {
        if (suffix->empty() || !info.name.ends_with(*suffix)) continue;
        const std::string_view stem = stem_of(info.name, *suffix);
        if (const auto weight = find(stem, scheme.weight_suffix)) {
          if (const auto parts = parts_of(scheme, *weight, stem); parts.found(id)) {
            if (is_kept(scheme)) give(info.name, input(id));
            return;  // else part of its weight's value
          }
          is_some_part = true;
          if (is_scale_of_none(scheme, info, source_.tensors[*weight])) {
            return report_orphan(scheme, id, stem);
          }
        } else if (!is_some_part && is_lone_part(scheme, info, suffix == &scheme.third_suffix)) {
          return report_orphan(scheme, id, stem);
        }
      }
      if (!info.name.ends_with(scheme.weight_suffix) || !holds_codes(scheme.kind, info.dtype)) {
        continue;
      }
      const std::string_view stem = stem_of(info.name, scheme.weight_suffix);
      const Parts parts = parts_of(scheme, id, stem);
      if (parts.complete()) {
        const ValuePtr value = decode(scheme, parts);
        if (value && is_kept(scheme)) {
          give(info.name, input(id));
        } else if (value) {
          give(logical_key(scheme, info.name, stem), value);
        }
        return;
      }
      if (parts.scale || (is_told_by_codes(scheme) && !find(stem, scheme.scale_suffix))) {
        return report_missing(info, scheme, parts, Severity::Error);
      }
    }
    if (!schemes_.empty() && is_fp8(info.dtype) && !is_some_part) {
      report_missing(info, schemes_.back(), {},
                     options_.lenient ? Severity::Warning : Severity::Error);
    }
    give(info.name, input(id));
  }

  bool is_kept(const QuantScheme& scheme) const {
    return options_.keep != nullptr && scheme.kind == options_.keep->kind &&
           scheme.divides == options_.keep->divides;
  }

  /// The tensors of one packed weight, as far as they are there and can be such.
  struct Parts {
    std::uint32_t weight = 0;
    std::optional<std::uint32_t> scale{};
    std::optional<std::uint32_t> third{};
    bool wants_third = false;

    bool complete() const { return scale && (third || !wants_third); }
    bool found(std::uint32_t id) const { return complete() && (scale == id || third == id); }
  };

  Parts parts_of(const QuantScheme& scheme, std::uint32_t weight, std::string_view stem) const {
    Parts parts{weight, {}, {}, !scheme.third_suffix.empty()};
    if (!holds_codes(scheme.kind, source_.tensors[weight].dtype)) return parts;
    parts.scale = find(stem, scheme.scale_suffix);
    const bool shares_names = scheme.in_rows && scheme.kind != Kind::Int4;
    const bool other = parts.scale && shares_names &&
                       !holds_scales(scheme.kind, source_.tensors[*parts.scale].dtype);
    if (other) parts.scale.reset();  // MXFP4 in rows and NVFP4 are told by their scales
    if (parts.wants_third) parts.third = find(stem, scheme.third_suffix);
    return parts;
  }

  /// Where suffix and dtype of the codes leave no other scheme.
  static bool is_told_by_codes(const QuantScheme& scheme) {
    return scheme.kind == Kind::Int4 || scheme.kind == Kind::Mxfp4;
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
    key_.assign(stem).append(suffix);
    const auto id = find_near(key_);
    return id && !dropped_[*id] ? id : std::nullopt;
  }

  /// Parts of a weight mostly lie side by side, where a look costs less than the index. Of names
  /// that stand twice the index knows which one counts.
  std::optional<std::uint32_t> find_near(std::string_view key) const {
    const std::size_t count = source_.tensors.size();
    if (source_.index.size() != count) return source_.find(key);
    for (const std::uint32_t id : {near_, near_ + 1, near_ - 1, near_ + 2, near_ - 2}) {
      if (id < count && source_.tensors[id].name == key) return id;
    }
    return source_.find(key);
  }

  /// A tensor that can only belong to a weight of this scheme.
  static bool is_lone_part(const QuantScheme& scheme, const TensorInfo& info, bool is_third) {
    if (is_third) return true;
    // MXFP4 scales are bytes, those of FP8 that may stand alone numbers.
    const bool is_scale =
        scheme.kind == Kind::Mxfp4 ? info.dtype == Dtype::U8 : is_number(info.dtype);
    return scheme.lone_scale && is_scale;
  }

  /// The scale of an FP8 weight that is there, but in plain numbers.
  static bool is_scale_of_none(const QuantScheme& scheme, const TensorInfo& info,
                               const TensorInfo& weight) {
    const bool is_plain = is_number(weight.dtype) && !is_fp8(weight.dtype);
    const bool is_scale = is_lone_part(scheme, info, false) || info.dtype == Dtype::F8_E8M0;
    return scheme.kind == Kind::Fp8 && is_plain && is_scale;
  }

  void report_orphan(const QuantScheme& scheme, std::uint32_t id, std::string_view stem) {
    const std::string_view key = source_.tensors[id].name;
    const bool let_go = options_.lenient && scheme.kind == Kind::Fp8;
    if (let_go) result_.orphan_scales.push_back(id);
    const auto weight = find(stem, scheme.weight_suffix);
    problems_.add(Code::OrphanScale, let_go ? Severity::Warning : Severity::Error, key,
                  "{}: a scale {} {}{}", display(key),
                  weight ? fmt::format("beside {}, which has no codes:",
                                       name_of(source_.tensors[*weight].dtype))
                         : "without its weight",
                  display(stem), scheme.weight_suffix);
  }

  void report_missing(const TensorInfo& info, const QuantScheme& scheme, const Parts& parts,
                      Severity severity) {
    if (parts.scale) {
      return problems_.add(Code::MissingScale, severity, info.name, "{}: {} codes without {}",
                           display(info.name), name_of(scheme.kind), scheme.third_suffix);
    }
    const bool is_fp8 = scheme.kind == Kind::Fp8;
    const std::string codes = is_fp8 ? std::string(name_of(info.dtype))
                              : scheme.kind == Kind::Mxfp4
                                  ? "MXFP4 blocks"
                                  : fmt::format("{} codes", name_of(scheme.kind));
    problems_.add(Code::MissingScale, severity, info.name, "{}: {} without a scale ({})",
                  display(info.name), codes,
                  is_fp8 ? "_scale_inv or .weight_scale" : scheme.scale_suffix);
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

  ValuePtr decode(const QuantScheme& scheme, const Parts& parts) {
    switch (scheme.kind) {
      case Kind::Mxfp4:
        return scheme.in_rows ? decode_mxfp4_rows(parts.weight, *parts.scale)
                              : decode_mxfp4(parts.weight, *parts.scale);
      case Kind::Fp8:
        return decode_fp8(scheme, parts.weight, *parts.scale);
      case Kind::Fp4:
        return decode_nibbles(NibbleForm::Fp4, parts, {32}, options_.fp8_dtype);
      case Kind::Int4:
        return decode_int4(parts);
      case Kind::Nvfp4:
        return decode_nibbles(scheme.divides ? NibbleForm::DividedNvfp4 : NibbleForm::Nvfp4, parts,
                              {16}, options_.fp8_dtype);
    }
    return nullptr;
  }

  /// Of compressed-tensors: rounded to BF16 whatever the config says.
  ValuePtr decode_int4(const Parts& parts) {
    const TensorInfo& codes = source_.tensors[parts.weight];
    const std::string_view stem = stem_of(codes.name, "_packed");
    for (const char* suffix : {"_zero_point", "_g_idx"}) {
      const auto other = find(stem, suffix);
      if (!other) continue;
      problems_.add(Code::PackedCodes, Severity::Error, codes.name,
                    "{}: int4 with {}, which is not decoded: only symmetric groups of columns are",
                    display(codes.name), display(source_.tensors[*other].name));
      return nullptr;
    }
    const ValuePtr value = decode_nibbles(NibbleForm::Int4, parts, {32, 64, 128}, Dtype::BF16);
    return value == nullptr ? value : values_.cast(value, options_.asked.value_or(Dtype::BF16));
  }

  /// codes [.., r, n] and scales [.., r, g] of one of the `columns`.
  ValuePtr decode_nibbles(NibbleForm form, const Parts& parts,
                          std::initializer_list<std::uint64_t> columns, Dtype dtype) {
    const TensorInfo& codes = source_.tensors[parts.weight];
    const TensorInfo& scales = source_.tensors[*parts.scale];
    const std::size_t rank = codes.shape.size();
    const bool alike = rank >= 2 && scales.shape.size() == rank &&
                       same_shape(codes.shape.first(rank - 1), scales.shape.first(rank - 1));
    const auto fits = [&](std::uint64_t group) {
      return alike && codes.shape.back() % (group / codes_of(codes.dtype)) == 0 &&
             codes.shape.back() / (group / codes_of(codes.dtype)) == scales.shape.back();
    };
    const auto group = std::find_if(columns.begin(), columns.end(), fits);
    if (group == columns.end()) {
      report_shape(codes, scales,
                   fmt::format("one number for {} columns", fmt::join(columns, ", ")));
      return nullptr;
    }
    std::vector<ValuePtr> values{input(parts.weight), input(*parts.scale)};
    if (parts.third) {
      const TensorInfo& third = source_.tensors[*parts.third];
      const std::uint64_t expected = form == NibbleForm::Int4 ? rank : 1;
      const bool is_such = form == NibbleForm::Int4
                               ? third.dtype == Dtype::I32 || third.dtype == Dtype::I64
                               : is_number(third.dtype);
      if (third.elements() != expected || !is_such) {
        report_shape(codes, third,
                     form == NibbleForm::Int4 ? fmt::format("I32 or I64 [{}]", expected)
                                              : counted(expected, "number"));
        return nullptr;
      }
      values.push_back(input(*parts.third));
    }
    return values_.nibbles(form, values, dtype, *group);
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
    if (const ValuePtr joint = decode_joint(scheme, weight)) return joint;
    auto block = holds_scales(Kind::Fp8, scales.dtype)
                     ? fit_scale(codes.shape, scales.shape, scheme.block)
                     : std::nullopt;
    // What a config says of others does not bind MX.
    if (!block && is_exponent(scales.dtype)) block = fit_scale(codes.shape, scales.shape, kMxBlock);
    if (!block) {
      report_shape(codes, scales, expected_scales(scheme.block));
      return nullptr;
    }
    return values_.fp8(input(weight), input(scale), options_.fp8_dtype, *block);
  }

  /// K or V, where the two were quantised together; nullptr where they were not.
  ValuePtr decode_joint(const QuantScheme& scheme, std::uint32_t weight) {
    const std::string_view key = source_.tensors[weight].name;
    const bool is_k = key.ends_with(kWeightOfK);
    if (scheme.kv_heads == 0 || (!is_k && !key.ends_with(kWeightOfV))) return nullptr;
    const std::string_view stem = stem_of(key, is_k ? kWeightOfK : kWeightOfV);
    std::vector<StoredTensor> found;
    for (const std::string_view name : {kWeightOfK, kWeightOfV}) {
      for (const std::string& suffix : {std::string(), scheme.scale_suffix}) {
        const auto id = find(stem, std::string(name) + suffix);
        if (!id) return nullptr;
        const TensorInfo& info = source_.tensors[*id];
        const bool fits = suffix.empty() ? is_fp8(info.dtype) : holds_scales(Kind::Fp8, info.dtype);
        if (!fits) return nullptr;
        found.push_back({*id, info.dtype, info.shape});
      }
    }
    const StoredTensor &k = found[0], &k_scales = found[1], &v = found[2], &v_scales = found[3];
    const auto joint = fit_joint_scales(scheme.kv_heads, k.shape, k_scales.shape, v.shape,
                                        v_scales.shape, scheme.block);
    if (!joint || k_scales.dtype != v_scales.dtype) return nullptr;
    return is_k ? decode_joint_k(*joint, k, k_scales, options_.fp8_dtype, values_)
                : decode_joint_v(*joint, v, v_scales, k_scales, options_.fp8_dtype, values_);
  }

  const TensorList& source_;
  const std::vector<QuantScheme>& schemes_;
  const std::vector<bool>& dropped_;
  const DecodeOptions& options_;
  Values& values_;
  Problems problems_;
  Decoded result_;
  std::uint32_t near_ = 0;   // the tensor whose parts are looked for
  mutable std::string key_;  // of find(): its memory is used again
};

Decoded joined(std::vector<Decoded> parts) {
  Decoded all;
  const auto join = [&](auto list) {
    std::size_t count = 0;
    for (const Decoded& part : parts) count += (part.*list).size();
    (all.*list).reserve(count);
    for (Decoded& part : parts) {
      auto one = std::move(part.*list);  // is gone before the next one is copied
      std::move(one.begin(), one.end(), std::back_inserter(all.*list));
    }
  };
  join(&Decoded::tensors);
  join(&Decoded::orphan_scales);
  join(&Decoded::problems);
  return all;
}

}  // namespace

Decoded decode(const TensorList& source, const std::vector<QuantScheme>& schemes,
               const std::vector<bool>& dropped, const DecodeOptions& options, Values& values) {
  constexpr std::size_t kPart = 1 << 15;  // tensors
  const std::size_t count = source.tensors.size();
  std::vector<Decoded> parts(ceil_div(count, kPart));
  std::vector<Values> made(parts.size());
  parallel_for(parts.size(), usable_processors(), [&](std::size_t i, unsigned) {
    const std::size_t end = std::min(count, (i + 1) * kPart);
    parts[i] = Pairing(source, schemes, dropped, options, made[i])
                   .run(static_cast<std::uint32_t>(i * kPart), static_cast<std::uint32_t>(end));
  });
  for (Values& one : made) values.adopt(std::move(one));
  return joined(std::move(parts));
}

}  // namespace ckptscope
