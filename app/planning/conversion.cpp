// Config first, then keys; what the user asked for overrides both.
#include "app/planning/conversion.hpp"

#include <algorithm>

#include "core/base/bytes.hpp"
#include "core/base/display.hpp"
#include "core/mapping/lookup.hpp"

namespace ckptscope {
namespace {

std::string list_of(auto&& rows, auto&& name) {
  std::vector<std::string> names;
  names.reserve(std::size(rows));
  for (const auto& row : rows) names.emplace_back(name(row));
  return fmt::format("{}", fmt::join(names, ", "));
}

std::string adapter_names() {
  return list_of(adapters(), [](const Adapter& row) { return row.id; });
}

Family family_by_config(const Config& config) {
  for (const Adapter& row : adapters()) {
    for (const std::string_view path : row.config_paths) {
      const auto type = config.text(path);
      if (!type || std::find(row.model_types.begin(), row.model_types.end(), *type) ==
                       row.model_types.end()) {
        continue;
      }
      return {&row, fmt::format("config.json says {} {}", path, display(*type))};
    }
  }
  return {};
}

/// Every pattern of a signature must match some key.
Family family_by_keys(const Checkpoint& checkpoint) {
  for (const Adapter& row : adapters()) {
    std::string example;
    const bool all =
        std::all_of(row.signature.begin(), row.signature.end(), [&](const Pattern& one) {
          const auto tensors = checkpoint.tensors();
          const auto hit =
              std::find_if(tensors.begin(), tensors.end(),
                           [&](const TensorInfo& info) { return one.matches(info.name); });
          if (hit == tensors.end()) return false;
          if (example.empty()) example = display(hit->name);
          return true;
        });
    if (all && !row.signature.empty())
      return {&row, "no config.json says so, but keys do: " + example};
  }
  return {};
}

void check_settings(const Adapter& adapter, const ConversionRequest& request) {
  for (const auto& [name, value] : request.settings) {
    if (std::find(adapter.settings.begin(), adapter.settings.end(), name) ==
        adapter.settings.end()) {
      fail(Code::Usage, "--set {}: adapter {} has no such setting; it has: {}", display(name),
           adapter.id, fmt::join(adapter.settings, ", "));
    }
    if (name.starts_with("num_") && !parse_number(value)) {
      fail(Code::Usage, "--set {}={}: a number is expected", name, display(value));
    }
    if (name == "attn" && value != "te") {
      fail(Code::Usage, "--set attn={}: te is expected", display(value));
    }
  }
}

/// The layout asked for; else the one whose marker the native keys carry; else the first.
std::string choose_layout(const Checkpoint& checkpoint, const Adapter& adapter,
                          const std::string& asked) {
  const auto& layouts = adapter.layouts;
  if (!asked.empty()) {
    const bool known = std::any_of(layouts.begin(), layouts.end(),
                                   [&](const Layout& layout) { return layout.name == asked; });
    if (!known) {
      fail(Code::Usage, "--layout {}: adapter {} has: {}", display(asked), adapter.id,
           list_of(layouts, [](const Layout& layout) { return layout.name; }));
    }
    return asked;
  }
  for (const Layout& layout : layouts) {
    if (layout.marker.empty()) continue;
    for (const TensorInfo& info : checkpoint.tensors()) {
      if (info.name.starts_with(layout.marker)) return std::string(layout.name);
    }
  }
  return std::string(layouts.front().name);
}

bool is_output_dtype(std::optional<Dtype> dtype) {
  return dtype == Dtype::BF16 || dtype == Dtype::F16 || dtype == Dtype::F32;
}

/// The first dtype that the config states; nullopt where it names none that is known.
std::optional<Dtype> stated_dtype(const Config& config) {
  for (const std::string& name : config.dtypes()) {
    if (const auto dtype = parse_dtype(name)) return dtype;
  }
  return std::nullopt;
}

/// The config's dtype where it is one that weights can be decoded to, else the adapter's.
Dtype default_dtype(const Config& config, const Adapter& adapter) {
  const auto stated = stated_dtype(config);
  return is_output_dtype(stated) ? *stated : adapter.default_dtype;
}

std::optional<Dtype> parse_output_dtype(const std::string& text) {
  if (text.empty()) return std::nullopt;
  const auto dtype = parse_dtype(text);
  if (is_output_dtype(dtype)) return dtype;
  fail(Code::Usage, "--dtype {}: bf16, f16 or f32 is expected", display(text));
}

Quantise parse_quantise(const std::string& text) {
  if (text.empty()) return Quantise::Keep;
  for (const Quantise one : {Quantise::None, Quantise::Mxfp4, Quantise::Fp8}) {
    if (text == name_of(one)) return one;
  }
  fail(Code::Usage, "--quantize {}: mxfp4, fp8 or none is expected", display(text));
}

/// --quantize is about hf targets.
void check_quantise(const PlanOptions& options, const Adapter& adapter, const Mapping& mapping) {
  const std::string_view asked = name_of(options.quantise);
  if (options.quantise != Quantise::Keep && options.to == Side::Native) {
    fail(Code::Usage, "--quantize {}: native weights are not quantised; --to hf", asked);
  }
  if (options.quantise == Quantise::Keep && options.from == options.to && options.dtype) {
    fail(Code::Usage,
         "--dtype: {} -> {} casts nothing by itself; --quantize none decodes to that dtype",
         name_of(options.from), name_of(options.to));
  }
  const auto scheme = encoding_of(options.quantise);
  if (!scheme || mapping.find_preset(*scheme) != nullptr) return;
  fail(Code::Usage, "--quantize {}: adapter {} is published {}", asked, adapter.id,
       mapping.presets.empty() ? "unquantised"
                               : "in " + list_of(mapping.presets, [](const QuantPreset& preset) {
                                   return name_of(preset.scheme.kind);
                                 }));
}

/// Without --to, the other side; a quantised form is of the hf side.
Side parse_side(const std::string& text, DetectedSide detected, Quantise quantise) {
  if (text == "native") return Side::Native;
  if (text == "hf") return Side::Hf;
  if (text.empty()) {
    const bool hf = detected == DetectedSide::Native || quantise != Quantise::Keep;
    return hf ? Side::Hf : Side::Native;
  }
  fail(Code::Usage, "--to {}: native or hf is expected", display(text));
}

}  // namespace

std::string_view name_of(DetectedSide side) {
  switch (side) {
    case DetectedSide::Hf:
      return "hf";
    case DetectedSide::Native:
      return "native";
    case DetectedSide::Mixed:
      return "mixed";
    case DetectedSide::Unknown:
      break;
  }
  return "unknown";
}

Family recognise_family(const Checkpoint& checkpoint, const Config& config,
                        const std::string& asked) {
  if (!asked.empty()) {
    const Adapter* adapter = find_adapter(asked);
    if (adapter == nullptr) {
      fail(Code::UnknownAdapter, "no adapter \"{}\"; there are: {}", display(asked),
           adapter_names());
    }
    return {adapter, "--adapter"};
  }
  const Family by_config = family_by_config(config);
  return by_config.adapter != nullptr ? by_config : family_by_keys(checkpoint);
}

DetectedSide recognise_side(const Checkpoint& checkpoint, const Config& config,
                            const Adapter& adapter) {
  MappingOptions options;
  options.layout = choose_layout(checkpoint, adapter, "");
  const Mapping mapping = mapping_of(adapter, config, options);
  SideEvidence evidence;
  for (const TensorInfo& info : checkpoint.tensors()) evidence.add(mapping, info.name);
  if (evidence.hf > 0 && evidence.native > 0) return DetectedSide::Mixed;
  if (evidence.hf > 0) return DetectedSide::Hf;
  return evidence.native > 0 ? DetectedSide::Native : DetectedSide::Unknown;
}

namespace {

/// Throws NoAdapter for a checkpoint of no family.
Family known_family(const Checkpoint& checkpoint, const Config& config, const std::string& asked) {
  Family family = recognise_family(checkpoint, config, asked);
  if (family.adapter == nullptr) {
    fail(Code::NoAdapter, "{}: no family is recognised; --adapter names one of: {}",
         display(checkpoint.name()), adapter_names());
  }
  return family;
}

/// What was asked for, with what the checkpoint itself says where nothing was.
PlanOptions plan_options(const Checkpoint& checkpoint, const Config& config, const Adapter& adapter,
                         const ConversionRequest& request) {
  const DetectedSide side = recognise_side(checkpoint, config, adapter);
  PlanOptions options;
  options.quantise = parse_quantise(request.quantise);
  options.to = parse_side(request.to, side, options.quantise);
  options.from = side == DetectedSide::Native ? Side::Native
                 : side == DetectedSide::Hf   ? Side::Hf
                                              : other(options.to);
  options.adapter = adapter.id;
  options.mapping = {request.settings, choose_layout(checkpoint, adapter, request.layout)};
  options.dtype = parse_output_dtype(request.dtype);
  options.default_dtype = default_dtype(config, adapter);
  options.exclude = request.exclude;
  options.lenient = request.lenient;
  options.has_config = config.present();
  return options;
}

}  // namespace

PlannedConversion plan_conversion(const Checkpoint& checkpoint, const ConversionRequest& request) {
  PlannedConversion result;
  if (!request.like.empty()) {
    result.like = std::make_shared<const Checkpoint>(Checkpoint::open(request.like));
  }
  const bool lends_config = result.like && !checkpoint.config().present();
  const Config& config = lends_config ? result.like->config() : checkpoint.config();
  result.family = known_family(checkpoint, config, request.adapter);
  const Adapter& adapter = *result.family.adapter;
  check_settings(adapter, request);
  const PlanOptions options = plan_options(checkpoint, config, adapter, request);
  const Mapping mapping = mapping_of(adapter, config, options.mapping);
  check_quantise(options, adapter, mapping);
  const TensorList source{checkpoint.tensors(), checkpoint.keys()};
  if (!result.like) {
    result.plan = make_plan(source, mapping, options);
    return result;
  }
  const Like like{{result.like->tensors(), result.like->keys()},
                  result.like->name(),
                  result.like->config().json("quantization_config")};
  result.plan = make_plan(source, mapping, options, &like);
  return result;
}

}  // namespace ckptscope
