// What was asked for, checked against the family; what was not, from the checkpoint and its
// receipt.
#include "app/planning/conversion.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "app/planning/names_of.hpp"
#include "core/base/bytes.hpp"
#include "core/base/display.hpp"
#include "core/base/file.hpp"
#include "core/base/problems.hpp"
#include "core/checkpoint/index_file.hpp"
#include "core/convert/refusals.hpp"
#include "core/inspect/missing_parts.hpp"
#include "core/output/receipt.hpp"
#include "core/source/tensor_source.hpp"

namespace ckptscope {
namespace {

void check_settings(const FamilyHead& head, const ConversionRequest& request) {
  for (const auto& given : request.settings) {
    const std::string& name = given.first;
    const std::string& value = given.second;
    const auto setting = std::find_if(head.settings.begin(), head.settings.end(),
                                      [&](const FamilySetting& one) { return one.name == name; });
    if (setting == head.settings.end()) {
      fail(Code::Usage, "--set {}: adapter {} has no such setting; it has: {}", display(name),
           head.id, list_of(head.settings, [](const FamilySetting& one) { return one.name; }));
    }
    const auto& choices = setting->choices;
    if (choices.empty() && !parse_number(value)) {
      fail(Code::Usage, "--set {}={}: a number is expected", name, display(value));
    }
    if (!choices.empty() && std::find(choices.begin(), choices.end(), value) == choices.end()) {
      fail(Code::Usage, "--set {}={}: {} is expected", name, display(value),
           fmt::join(choices, " or "));
    }
  }
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
  return is_output_dtype(stated) ? *stated : adapter.head.dtype;
}

std::optional<Dtype> parse_output_dtype(const std::string& text) {
  if (text.empty()) return std::nullopt;
  const auto dtype = parse_dtype(text);
  if (is_output_dtype(dtype)) return dtype;
  fail(Code::Usage, "--dtype {}: bf16, f16 or f32 is expected", display(text));
}

Quantise parse_quantise(const std::string& text) {
  if (text.empty()) return {};
  if (text == "none") return {false};
  std::set<std::string_view> kinds;
  for (const WrittenForm& form : written_forms()) {
    if (text == name_of(form.scheme.kind)) return {false, form.scheme.kind};
    kinds.insert(name_of(form.scheme.kind));
  }
  fail(Code::Usage, "--quantize {}: {} or none is expected", display(text), fmt::join(kinds, ", "));
}

/// Defects of an index leave tensors that can be trusted, those of a header do not; and what a user
/// may know better than the plan.
constexpr std::array kAllowable{Code::MissingShard,    Code::MissingTensor, Code::UnindexedTensor,
                                Code::DuplicateTensor, Code::BadConfig,     Code::NotGrouped,
                                Code::PackedCodes,     Code::Overflow};

void check_allow(const ConversionRequest& request) {
  for (const std::string& code : request.allow) {
    if (std::any_of(kAllowable.begin(), kAllowable.end(),
                    [&](Code one) { return name_of(one) == code; })) {
      continue;
    }
    fail(Code::Usage, "--allow {}: one of {} is expected", display(code),
         list_of(kAllowable, [](Code one) { return name_of(one); }));
  }
}

/// --quantize is about hf targets.
void check_quantise(const PlanOptions& options, const FamilyHead& head, const Mapping& mapping) {
  const std::string_view asked = name_of(options.quantise);
  if (!options.quantise.keeps && options.to == Side::Native) {
    fail(Code::Usage, "--quantize {}: native weights are not quantised; --to hf", asked);
  }
  const auto scheme = options.quantise.scheme;
  if (!scheme || mapping.find_preset(*scheme) != nullptr) return;
  fail(Code::Usage, "--quantize {}: adapter {} is published {}", asked, head.id,
       mapping.presets.empty() ? "unquantised"
                               : "in " + list_of(mapping.presets, [](const QuantPreset& preset) {
                                   return name_of(preset.scheme().kind);
                                 }));
}

/// Only stacks have slices, and those of one rank are no model of which more could be said.
void check_experts(const PlanOptions& options, const Mapping& mapping) {
  if (!options.experts) return;
  const bool has_stacks = std::any_of(
      mapping.equations.begin(), mapping.equations.end(),
      [](const Equation& one) { return one.counts_rows || find_stack(one.parts) != nullptr; });
  if (options.from == options.to || !has_stacks) {
    fail(Code::Usage, "experts {}: {}", options.experts->text(),
         has_stacks ? "a slice is of a native checkpoint, on the way to it or from it"
                    : "this family has no stacks of experts");
  }
}

/// Without --to, the other side; a quantised form is of the hf side.
Side parse_side(const std::string& text, DetectedSide detected, Quantise quantise) {
  if (text == "native") return Side::Native;
  if (text == "hf") return Side::Hf;
  if (text.empty()) {
    const bool hf = detected == DetectedSide::Native || !quantise.keeps;
    return hf ? Side::Hf : Side::Native;
  }
  fail(Code::Usage, "--to {}: native or hf is expected", display(text));
}

/// The text that --mapping names, or that a receipt kept.
std::optional<MappingText> mapping_text(const ConversionRequest& request) {
  constexpr std::uint64_t kMostBytes = 1 << 20;
  if (request.mapping.empty()) return request.mapping_text;
  if (!request.adapter.empty()) fail(Code::Usage, "--mapping and --adapter: one of them is enough");
  return MappingText{request.mapping, read_text(request.mapping, kMostBytes)};
}

/// What a training run has left: to make whole safetensors of it is a reason to convert.
bool is_of_ranks(const Checkpoint& checkpoint) {
  return checkpoint.location().format != FileFormat::Safetensors || !checkpoint.pieces().empty();
}

/// Throws NoAdapter for a checkpoint of no family, unless it is only to be edited as it is.
Family known_family(const Checkpoint& checkpoint, const UnderstoodKeys& keys, const Config& config,
                    const ConversionRequest& request) {
  Family family =
      recognise_family(keys.tensors(), config, {request.adapter, mapping_text(request)});
  if (family.adapter != nullptr) return family;
  if ((request.edits || is_of_ranks(checkpoint)) && request.to != "native") {
    family = recognise_family(keys.tensors(), config, {"none"});
    family.reason = "no family is known, it is edited as it is";
    return family;
  }
  const std::size_t count = keys.tensors().size();
  const std::string out = way_out(find_strangers_prefix(keys.tensors(), config), count);
  fail(Code::NoAdapter, "{}: no family is recognised{}; {}", display(checkpoint.name()),
       family.reason.empty() ? "" : ": " + family.reason,
       !out.empty()
           ? out
           : "--adapter NAME (ckptscope adapters) or --mapping FILE (help mapping) gives one; "
             "--rename, --include, --exclude, --dtype and --max-shard-size edit it as it is");
}

/// Of slices that are joined the first one's, which is of the whole but for its experts.
std::optional<Receipt> receipt_beside(const Checkpoint& checkpoint) {
  const Location& location = checkpoint.location();
  if (location.slices.empty()) return read_receipt(location.directory);
  auto receipt = read_receipt(location.directory + "/" + location.slices.front());
  if (receipt) receipt->options.erase("ep");
  return receipt;
}

/// A native checkpoint that a conversion made goes back by what made it, where nothing else is
/// asked: by the text that its receipt keeps, or the family that it names where config.json names
/// none.
ConversionRequest with_receipt(const Checkpoint& checkpoint, const Config& config,
                               const ConversionRequest& request) {
  const bool asked = !request.adapter.empty() || !request.mapping.empty() || request.mapping_text;
  if (asked || request.to == "native") return request;
  const auto receipt = receipt_beside(checkpoint);
  if (!receipt || receipt->to != name_of(Side::Native)) return request;
  ConversionRequest with = request;
  if (receipt->mapping) {
    with.mapping_text = receipt->mapping;
  } else if (recognise_family(checkpoint.tensors(), config).adapter != nullptr ||
             find_adapter(receipt->adapter) == nullptr) {
    return request;
  } else {
    with.adapter = receipt->adapter;
  }
  if (with.layout.empty()) with.layout = receipt->layout;
  with.settings.insert(receipt->settings.begin(), receipt->settings.end());
  return with;
}

/// True where no key begins as the mapping has hf keys begin: a model alone, without what it is
/// usually a part of.
bool is_bare(const UnderstoodKeys& keys, const Mapping& mapping) {
  bool any = false;
  for (const Prefix& prefix : mapping.prefixes) {
    if (prefix.hf.empty() || !prefix.to_hf || prefix.hf == prefix.native) continue;
    any = true;
    for (const TensorInfo& info : keys.tensors()) {
      if (prefix.begins(info.name, Side::Hf)) return false;
    }
  }
  return any;
}

bool is_zero(const Checkpoint& checkpoint, std::uint32_t id) {
  constexpr std::uint64_t kMostBytes = 1 << 20;  // what is added has a number an expert
  const std::uint64_t bytes = checkpoint.tensors()[id].bytes();
  CheckpointSource source(checkpoint);
  return bytes == 0 || (bytes <= kMostBytes && every_byte_is(std::byte{0}, source, id, bytes));
}

/// Of the conversion that made this native checkpoint from an hf one of the same family.
std::optional<Receipt> receipt_of_native(const Checkpoint& checkpoint, const PlanOptions& options) {
  if (options.from != Side::Native || options.to != Side::Hf) return std::nullopt;
  auto receipt = receipt_beside(checkpoint);
  const bool made_it =
      receipt && receipt->adapter == options.adapter && receipt->to == name_of(Side::Native);
  return made_it ? std::move(receipt) : std::nullopt;
}

/// "2/8" or "3..5"; nullopt for nothing.
std::optional<ExpertSlice> parse_experts(const std::string& text) {
  if (text.empty()) return std::nullopt;
  const std::size_t slash = text.find('/');
  const std::size_t dots = text.find("..");
  const std::size_t at = std::min(slash, dots);
  const std::size_t length = at == dots ? 2 : 1;
  const auto first = parse_number(std::string_view(text).substr(0, at));
  const auto second =
      at == text.npos ? std::nullopt : parse_number(std::string_view(text).substr(at + length));
  const bool is_rank = slash != text.npos;
  if (first && second && is_rank && *first < *second) return ExpertSlice{*second, *first, 0};
  if (first && second && !is_rank && *first <= *second) return ExpertSlice{0, *first, *second};
  fail(Code::Usage, "{} {}: {} is expected", is_rank ? "--ep" : "--experts", display(text),
       is_rank ? "R/N, R from 0 to N - 1" : "A..B, both included");
}

/// What was added and is still zero does not go back.
void leave_out_zeros(const Checkpoint& checkpoint, const std::vector<std::string>& keys,
                     PlanOptions& options) {
  if (checkpoint.damaged()) return;
  for (const std::string& key : keys) {
    const auto id = checkpoint.find(key);
    if (id && is_zero(checkpoint, *id)) options.added_zeros.insert(key);
  }
}

/// The way back knows from the receipt what the hf checkpoint did not have, where the request does
/// not say it.
void follow_receipt(const Checkpoint& checkpoint, const Receipt& receipt,
                    const ConversionRequest& request, PlanOptions& options) {
  for (const char* name : {"ep", "experts"}) {
    const auto slice = receipt.options.find(name);
    if (slice != receipt.options.end() && !options.experts) {
      options.experts = parse_experts(slice->second);
    }
  }
  const auto prefix = receipt.options.find("hf-prefix");
  options.bare_hf = prefix != receipt.options.end() && prefix->second == "none";
  if (!request.added_zeros) leave_out_zeros(checkpoint, receipt.synthesised, options);
}

/// Without a receipt nobody knows whether the hf keys had the prefix.
void note_prefix(const Mapping& mapping, Plan& plan) {
  for (const Prefix& prefix : mapping.prefixes) {
    if (prefix.hf.empty() || !prefix.native.empty()) continue;
    plan.problems.push_back(
        {Code::Alias, Severity::Note,
         fmt::format("hf keys are written with \"{}\" before them; --hf-prefix none leaves it out",
                     display(prefix.hf))});
  }
}

/// True where native keys are those of hf: such a checkpoint is hf's, and edited as it is.
bool has_one_spelling(const Adapter& adapter, const Config& config) {
  const Mapping mapping = mapping_of(adapter, config);
  return mapping.equations.empty() && mapping.prefixes.empty() &&
         std::none_of(mapping.drops.begin(), mapping.drops.end(),
                      [](const Drop& drop) { return drop.side == Side::Native; });
}

/// Where no key tells a side: the one whose keys could not have told. "model." before every native
/// key would be seen, so keys without it are hf's; elsewhere hf keys would be seen.
Side untold_side(const Adapter& adapter, const Config& config) {
  const Mapping mapping = mapping_of(adapter, config);
  const auto tells = [&](Side side) {
    return std::any_of(mapping.prefixes.begin(), mapping.prefixes.end(), [&](const Prefix& one) {
      return one.reads(side) && !one.start(side).empty() && one.hf != one.native;
    });
  };
  const bool hf_tells = tells(Side::Hf) || !mapping.equations.empty();
  return tells(Side::Native) && !hf_tells ? Side::Hf : Side::Native;
}

/// The side of a source. Of one whose keys tell both, towards hf, the side of most.
Side from_side(const UnderstoodKeys& keys, const Config& config, const Adapter& adapter,
               DetectedSide side, Side to) {
  if (side == DetectedSide::Native) return Side::Native;
  if (side == DetectedSide::Hf || to == Side::Native || has_one_spelling(adapter, config)) {
    return Side::Hf;
  }
  if (side == DetectedSide::Unknown) return untold_side(adapter, config);
  const SideEvidence evidence = evidence_of_sides(keys.tensors(), config, adapter);
  return evidence.hf > evidence.native ? Side::Hf : Side::Native;
}

/// What was asked for, with what the checkpoint itself says where nothing was.
PlanOptions plan_options(const Checkpoint& checkpoint, const UnderstoodKeys& keys,
                         const Config& config, const Adapter& adapter,
                         const ConversionRequest& request) {
  const DetectedSide side = recognise_side(keys.tensors(), config, adapter);
  PlanOptions options;
  options.quantise = parse_quantise(request.quantise);
  options.to = changes_nothing(adapter) && request.to.empty() ? Side::Hf
               : request.to.empty() && is_of_ranks(checkpoint)
                   ? Side::Hf
                   : parse_side(request.to, side, options.quantise);
  options.from = from_side(keys, config, adapter, side, options.to);
  if (changes_nothing(adapter) && options.to == Side::Native) {
    fail(Code::Usage, "--to native: adapter none changes no key");
  }
  options.adapter = adapter.head.id;
  options.mapping = {request.settings, choose_layout(keys.tensors(), adapter, request.layout)};
  if (is_of_a_user(adapter)) options.mapping_text = adapter.text;
  options.renames = request.renames;
  options.include = request.include;
  options.dtype = parse_output_dtype(request.dtype);
  options.default_dtype = default_dtype(config, adapter);
  options.exclude = request.exclude;
  options.experts = parse_experts(request.experts);
  options.lenient = request.lenient;
  options.allow = request.allow;
  options.has_config = config.present();
  const auto& settings = adapter.head.settings;
  options.sets_experts =
      std::any_of(settings.begin(), settings.end(),
                  [](const FamilySetting& one) { return one.name == "num_experts"; });
  return options;
}

std::vector<ModelKey> model_keys(const Plan& plan) {
  std::vector<ModelKey> keys;
  keys.reserve(plan.outputs.size());
  for (const Output& output : plan.outputs) keys.push_back({output.key, product(output.shape())});
  return keys;
}

/// Layers that were left out on purpose, at the end of the model, are not missing: config.json will
/// count those that stay.
void follow_layers(Plan& plan, const Config& config) {
  const auto stated = config.layers();
  if (!stated || plan.excluded.empty()) return;
  std::vector<ModelKey> keys = model_keys(plan);
  const auto kept = first_layers(keys);
  for (const std::string& key : plan.excluded) keys.push_back({key, 0});
  const auto all = first_layers(keys);
  if (kept && all && *kept < *stated && *all >= *stated) plan.layers = kept;
}

/// Adds what the outputs lack of a model.
void look_for_missing_parts(Plan& plan, const Config& config) {
  if (!plan.sound()) return;  // what is not made lacks for that reason
  append(plan.problems, missing_parts(model_keys(plan), config, plan.layers));
}

/// Lines of a user's own mapping that no key met: most likely a key is misspelled there.
void note_idle_lines(Plan& plan, const Mapping& mapping) {
  if (!plan.options.mapping_text) return;
  const std::string start = plan.options.mapping_text->name + ":";
  const auto note = [&](const std::string& line, const std::string& what) {
    const bool own = line.starts_with(start) && line.find(" of ") == line.npos;
    if (!own) return;
    plan.problems.push_back({Code::NoMatch, Severity::Note,
                             fmt::format("{} meets no key: {}", display(line), display(what))});
  };
  for (const PlanLine& line : plan.lines) {
    if (!line.met) note(line.where, line.text);
  }
  for (const Drop& drop : mapping.drops) {
    const bool fired = std::any_of(plan.drop_rules.begin(), plan.drop_rules.end(),
                                   [&](const DropRule& rule) { return rule.name == drop.rule; });
    if (drop.side == plan.options.from && !fired) note(drop.line, "drop " + drop.key.text());
  }
}

/// Experts that fit no rule, or a mapping that meets no key, because of a start that strangers gave
/// the keys; a model that is saved beside its optimizer.
void offer_way_out(PlannedConversion& planned, const Config& config) {
  std::vector<Problem>& problems = planned.plan.problems;
  const auto ungrouped = std::find_if(problems.begin(), problems.end(), [](const Problem& one) {
    return one.code == Code::NotGrouped || one.code == Code::NothingToDo;
  });
  if (ungrouped == problems.end()) return;
  const Tensors tensors = planned.keys->tensors();
  const StrangersPrefix prefix = find_strangers_prefix(tensors, config);
  const bool same_side = planned.plan.options.from == planned.plan.options.to;
  if (same_side && prefix.other_dicts.empty()) return;
  const std::string out = way_out(prefix, tensors.size());
  if (!out.empty()) ungrouped->message += "; " + out;
}

/// What Automodel keeps of the model that it trains, beside the checkpoint. Null without it.
std::shared_ptr<const PublishedForm> published_form(const Checkpoint& checkpoint) {
  const auto text_of = [&](std::string_view name) {
    const std::string path =
        fmt::format("{}/.hf_metadata/{}", checkpoint.location().directory, name);
    return kind_of(path) == FileKind::Regular ? read_text(path, kMaxIndexBytes) : std::string();
  };
  auto form = std::make_shared<PublishedForm>(
      read_published_form(text_of(kFileNumbersName), text_of(kDtypesName)));
  return *form == PublishedForm() ? nullptr : form;
}

void refuse_warnings(Plan& plan) {
  for (Problem& problem : plan.problems) {
    if (problem.severity == Severity::Warning) problem.severity = Severity::Error;
  }
}

}  // namespace

PlannedConversion plan_conversion(const Checkpoint& checkpoint, const ConversionRequest& asked) {
  PlannedConversion result;
  if (checkpoint.location().is_lora) {
    fail(Code::LoraAdapter,
         "{}: a LoRA adapter is no model: merge it into its base first, or name its file to "
         "change names or dtypes",
         display(checkpoint.name()));
  }
  if (!asked.like.empty()) {
    result.like = std::make_shared<const Checkpoint>(Checkpoint::open(asked.like));
  }
  const bool lends_config = result.like && !checkpoint.config().present();
  const Config& config = lends_config ? result.like->config() : checkpoint.config();
  const ConversionRequest request = with_receipt(checkpoint, config, asked);
  result.keys = std::make_shared<const UnderstoodKeys>(checkpoint, request.renames);
  result.family = known_family(checkpoint, *result.keys, config, request);
  const Adapter& adapter = *result.family.adapter;
  check_settings(adapter.head, request);
  check_allow(request);
  PlanOptions options = plan_options(checkpoint, *result.keys, config, adapter, request);
  const Mapping mapping = mapping_of(adapter, config, options.mapping);
  const auto receipt = receipt_of_native(checkpoint, options);
  options.bare_hf = options.from == Side::Hf && is_bare(*result.keys, mapping);
  if (receipt && !result.like) follow_receipt(checkpoint, *receipt, request, options);
  if (request.added_zeros) leave_out_zeros(checkpoint, *request.added_zeros, options);
  if (options.to == Side::Hf) options.published = published_form(checkpoint);
  if (!request.hf_prefix.empty()) options.bare_hf = request.hf_prefix == "none";
  check_quantise(options, adapter.head, mapping);
  check_experts(options, mapping);
  std::optional<Like> like;
  if (result.like) {
    like.emplace(Like{{result.like->tensors(), result.like->keys()},
                      result.like->name(),
                      result.like->config().json("quantization_config"),
                      result.like->config().quantisation_places()});
  }
  result.plan = make_plan(result.keys->list(), mapping, options, like ? &*like : nullptr);
  result.plan.name_inputs(checkpoint.tensors());
  follow_layers(result.plan, config);
  if (result.plan.sound()) note_idle_lines(result.plan, mapping);
  offer_way_out(result, config);
  const bool unsaid = !receipt && request.hf_prefix.empty() && !result.like;
  if (unsaid && options.from == Side::Native && options.to == Side::Hf) {
    note_prefix(mapping, result.plan);
  }
  if (is_whole_model(checkpoint)) look_for_missing_parts(result.plan, config);
  if (request.strict) refuse_warnings(result.plan);
  return result;
}

std::string output_beside(std::string path, Side to) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  for (const std::string_view ending : {".safetensors", ".safetensors.index.json"}) {
    if (path.ends_with(ending)) path.resize(path.size() - ending.size());
  }
  if (path.empty() || path.ends_with('.') || path.ends_with('/')) return "";
  return path + "-" + std::string(name_of(to));
}

}  // namespace ckptscope
