// The stages of planning, in order. Each gives its result as a value; what becomes of the inputs,
// and every problem, is kept here.
#include "core/plan/planner.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "core/base/bytes.hpp"
#include "core/base/display.hpp"
#include "core/base/json_editor.hpp"
#include "core/base/natural_order.hpp"
#include "core/base/problems.hpp"
#include "core/base/regex.hpp"
#include "core/language/rule_text.hpp"
#include "core/mapping/lookup.hpp"
#include "core/names/companions.hpp"
#include "core/names/find.hpp"
#include "core/names/packed_forms.hpp"
#include "core/plan/decoding.hpp"
#include "core/plan/draft.hpp"
#include "core/plan/encoding.hpp"
#include "core/plan/equation_reader.hpp"
#include "core/plan/expert_extents.hpp"

namespace ckptscope {
namespace {

constexpr std::uint64_t kMostFrequencies = 1 << 20;  // a config may claim anything

class Planner {
 public:
  Planner(const TensorList& source, const Mapping& mapping, const PlanOptions& options)
      : source_(source), mapping_(mapping), extents_(options.has_config, options.sets_experts) {
    plan_.options = options;
    plan_.inputs = source.tensors;
    plan_.fates.resize(source.tensors.size());
    for (const Equation& equation : mapping.equations) {
      plan_.lines.push_back({equation.line, to_text(equation)});
    }
  }

  Plan run(const Like* like) {
    drop_inputs();
    const std::vector<LogicalTensor> tensors = logical_tensors();
    apply_equations(tensors);
    if (to() == Side::Native && from() != to()) add_missing();
    exclude();
    if (from() == to() && plan_.options.quantise.keeps) cast_all();
    if (to() == Side::Hf && plan_.options.published) cast_as(*plan_.options.published);
    report_aliases();
    encode(like);
    if (like != nullptr) match(*like);
    settle_outputs();
    settle_fates();
    report_orphans();
    report_identity();
    plan_.problems = problems_.take();
    return std::move(plan_);
  }

 private:
  Side from() const { return plan_.options.from; }
  Side to() const { return plan_.options.to; }
  Values& values() { return *plan_.values; }
  bool sound() const { return count_errors(problems_.list()) == 0; }

  // ---- inputs --------------------------------------------------------------------------------

  void drop_inputs() {
    for (const std::string& key : plan_.options.added_zeros) {
      const auto id = source_.find(key);
      if (!id) continue;
      drop(*id, "receipt.zeros", "zeros that the way to native added");
      plan_.must_be_zero.push_back(*id);
    }
    for (const Drop& rule : mapping_.drops) {
      if (rule.side != from()) continue;
      for (std::uint32_t id = 0; id < source_.tensors.size(); ++id) {
        const std::string_view key = source_.tensors[id].name;
        if (!is_dropped(id) && concerns(key) && rule.applies(key)) drop(id, rule.rule, rule.reason);
      }
    }
  }

  bool is_dropped(std::uint32_t id) const { return plan_.fates[id].kind == Fate::Kind::Dropped; }

  void drop(std::uint32_t id, std::string_view rule, std::string_view reason) {
    plan_.fates[id] = {Fate::Kind::Dropped, number_of_rule(rule, reason)};
  }

  /// The number of the drop rule of this name, which is added if there is none.
  std::uint32_t number_of_rule(std::string_view name, std::string_view reason) {
    auto& rules = plan_.drop_rules;
    const auto found = std::find_if(rules.begin(), rules.end(),
                                    [&](const DropRule& rule) { return rule.name == name; });
    const auto number = static_cast<std::uint32_t>(found - rules.begin());
    if (found == rules.end()) rules.push_back({std::string(name), std::string(reason)});
    return number;
  }

  /// From hf to hf only what belongs to a weight that is decoded goes.
  bool concerns(std::string_view key) const {
    if (from() != to()) return true;
    const Quantise& quantise = plan_.options.quantise;
    const bool decodes = !quantise.keeps && quantise.scheme != QuantScheme::Kind::Fp8;
    return decodes && companion_of(key).has_value();
  }

  /// What is packed as --quantize asks is not packed again.
  const QuantScheme* kept_form() const {
    const auto scheme = plan_.options.quantise.scheme;
    const QuantPreset* const preset = scheme ? mapping_.find_preset(*scheme) : nullptr;
    return preset == nullptr ? nullptr : &preset->scheme();
  }

  std::vector<LogicalTensor> logical_tensors() {
    const PlanOptions& options = plan_.options;
    const bool decodes = from() == Side::Hf && (to() == Side::Native || !options.quantise.keeps);
    std::vector<bool> dropped(source_.tensors.size());
    for (std::uint32_t id = 0; id < dropped.size(); ++id) dropped[id] = is_dropped(id);
    Decoded decoded =
        decode(source_, decodes ? mapping_.schemes : std::vector<QuantScheme>(), dropped,
               {options.dtype, options.output_dtype(), options.lenient, kept_form()}, values());
    problems_.append(std::move(decoded.problems));
    for (const std::uint32_t id : decoded.orphan_scales) {
      drop(id, "lenient", "scales without a weight");
    }
    if (to() == Side::Native && from() != to()) {
      for (LogicalTensor& tensor : decoded.tensors) {
        const std::string key = with_prefix(mapping_, tensor.key, Side::Native);
        if (key != tensor.key) tensor.key = keys_.copy(key);
      }
    }
    return std::move(decoded.tensors);
  }

  // ---- equations -----------------------------------------------------------------------------

  void apply_equations(std::span<const LogicalTensor> tensors) {
    EquationResult result = read_equations(mapping_, plan_.options, tensors, extents_, values());
    problems_.append(std::move(result.problems));
    plan_.paddings = std::move(result.paddings);
    if (closes()) report_strangers(std::exchange(result.passing, {}));
    for (const LogicalTensor* passing : result.passing) {
      emit({{std::string(passing->key), passing->value}, passing->origin});
    }
    if (from() == Side::Hf && to() == Side::Native) {
      report_ungrouped(result);
      report_packed(result.passing);
      note_cache_scales(result.passing);
    }
    for (Draft& draft : result.drafts) {
      if (draft.output.line != Output::kNoLine) plan_.lines[draft.output.line].met = true;
      emit(std::move(draft));
    }
    for (const LogicalTensor* other : result.of_other_ranks) {
      for_each_input(*other->value,
                     [&](std::uint32_t id) { drop(id, "rank", "experts of other ranks"); });
    }
  }

  bool closes() const {
    return !mapping_.closed.empty() && from() == Side::Hf && to() == Side::Native;
  }

  /// Where a mapping says that it names every key.
  void report_strangers(std::span<const LogicalTensor* const> passing) {
    for (const LogicalTensor* tensor : passing) {
      problems_.add(Code::Orphan, Severity::Error, tensor->origin, "{}: no rule names it, {}",
                    display(tensor->origin), mapping_.closed);
    }
  }

  /// Errors that the user has been told of and allows.
  Severity unless_allowed(Code code) const {
    return plan_.options.allows(code) ? Severity::Warning : Severity::Error;
  }

  /// A tensor of experts, or of one. Those that every token meets are "shared_experts".
  static bool is_of_experts(std::string_view key) {
    return key.starts_with("experts.") || key.find(".experts.") != key.npos;
  }

  /// A grouped tensor of experts, as every native layout names them.
  static bool is_grouped(const Draft& draft) {
    return is_of_experts(draft.output.key) && draft.output.key.ends_with("_projs");
  }

  /// Experts that no rule knows stay as they are: that is no native checkpoint, whatever its name.
  void report_ungrouped(const EquationResult& result) {
    std::size_t count = 0;
    std::string_view first;
    for (const LogicalTensor* passing : result.passing) {
      if (!is_of_experts(passing->key)) continue;
      if (count++ == 0) first = passing->origin;
    }
    if (count == 0) return;
    const bool grouped = std::any_of(result.drafts.begin(), result.drafts.end(), is_grouped);
    problems_.add(Code::NotGrouped, grouped ? Severity::Warning : unless_allowed(Code::NotGrouped),
                  first, "{} of experts {} no rule of {} and {} as {}, the first {}{}",
                  counted(count, "tensor"), count == 1 ? "fits" : "fit", plan_.options.adapter,
                  count == 1 ? "passes" : "pass", count == 1 ? "it is" : "they are", display(first),
                  grouped ? "" : "; no experts are grouped");
  }

  /// Codes of a form that no scheme decodes would be called weights.
  void report_packed(std::span<const LogicalTensor* const> passing) {
    std::map<std::string_view, std::vector<std::string_view>> keys;  // by form
    for (const LogicalTensor* tensor : passing) {
      if (tensor->value->op != Value::Op::Input || is_fp8(tensor->value->dtype)) continue;
      if (const auto packed = packed_weight(source_, tensor->value->input)) {
        keys[packed->form].push_back(tensor->origin);
      }
    }
    for (const auto& [form, list] : keys) {
      problems_.add(Code::PackedCodes, unless_allowed(Code::PackedCodes), list.front(),
                    "{} packed as {}, which is not decoded, the first {}",
                    list.size() == 1 ? "1 weight is" : fmt::format("{} weights are", list.size()),
                    form, display(list.front()));
    }
  }

  /// Scales of the key and value cache are no weight's: native modules have no place for them.
  void note_cache_scales(std::span<const LogicalTensor* const> passing) {
    std::vector<std::string_view> keys;
    for (const LogicalTensor* tensor : passing) {
      if (tensor->key.ends_with(".k_scale") || tensor->key.ends_with(".v_scale")) {
        keys.push_back(tensor->origin);
      }
    }
    if (keys.empty()) return;
    problems_.add(Code::OrphanScale, Severity::Note, keys.front(),
                  "{} of the key and value cache, which native modules do not have, the first {}",
                  counted(keys.size(), "scale"), display(keys.front()));
  }

  void emit(Draft draft) {
    Output& output = draft.output;
    if (to() == Side::Hf && from() != to()) output.key = with_hf_prefix(output.key);
    if (!checked_byte_count(output.dtype(), output.shape())) {
      return problems_.add(Code::ShapeOverflow, Severity::Error, output.key,
                           "{}: the size of {} {} exceeds 64 bits", display(output.key),
                           name_of(output.dtype()), to_string(output.shape()));
    }
    output.kind = kind_of(output, draft.origin);
    drafts_.push_back(std::move(draft));
  }

  static OutputKind kind_of(const Output& output, std::string_view origin) {
    using Op = Value::Op;
    const Value& value = *output.value;
    const OpSet ops = ops_of(value);
    if (ops.has(Op::Ones)) return OutputKind::Synthesised;
    if (ops.has(Op::Stack)) return OutputKind::Stacked;
    if (ops.has(Op::Select) || ops.has(Op::Slice)) return OutputKind::Split;
    if (!decoded_form_below(value).empty()) return OutputKind::Decoded;
    if (ops.has(Op::Transpose) || ops.has(Op::Concat) || ops.has(Op::Interleave) ||
        ops.has(Op::Deinterleave)) {
      return OutputKind::Transposed;
    }
    if (ops.has(Op::Cast)) return OutputKind::Cast;
    return output.key == origin ? OutputKind::Passed : OutputKind::Renamed;
  }

  // ---- what the rules add and take away --------------------------------------------------------

  void add_missing() {
    std::set<std::string_view> keys;
    for (const Draft& draft : drafts_) keys.insert(draft.output.key);
    std::vector<Draft> made;
    for (const Addition& addition : mapping_.additions) {
      for (const Draft& draft : drafts_) {
        const auto captures = addition.beside.match(draft.output.key);
        if (!captures) continue;
        std::string key = addition.key.expand(*captures).value();
        if (keys.contains(key)) continue;
        const ValuePtr value = added_value(addition, draft.output);
        if (value == nullptr) return;
        const bool copies = addition.kind == Addition::Kind::Copy;
        made.push_back({{std::move(key), value,
                         copies ? OutputKind::Copied : OutputKind::Synthesised, addition.rule}});
      }
    }
    std::move(made.begin(), made.end(), std::back_inserter(drafts_));
  }

  /// Null, and a problem, where its size is not known or makes no sense.
  ValuePtr added_value(const Addition& addition, const Output& beside) {
    switch (addition.kind) {
      case Addition::Kind::Copy:
        return beside.value;
      case Addition::Kind::Frequencies:
        if (addition.dim >= 2 && addition.dim <= kMostFrequencies && addition.theta > 0) {
          return values().frequencies(addition.theta, addition.dim);
        }
        problems_.add(Code::ShapeMismatch, Severity::Error, beside.key,
                      "{}: {} frequencies of theta {}, which config.json should state",
                      addition.rule, addition.dim, addition.theta);
        return nullptr;
      case Addition::Kind::Zeros:
        break;
    }
    const auto extent = added_extent(addition, beside);
    return extent ? values().zeros(Dtype::F32, Shape{*extent}) : nullptr;
  }

  Extent added_extent(const Addition& addition, const Output& beside) {
    if (beside.shape().empty()) {
      problems_.add(Code::ShapeMismatch, Severity::Error, beside.key,
                    "{}: shape [], one row an expert expected by {}", display(beside.key),
                    addition.rule);
      return std::nullopt;
    }
    const std::uint64_t rows = beside.shape()[0];
    const std::uint64_t expected = addition.extent.value_or(std::min(rows, kMostExperts));
    if (rows != expected || rows > kMostExperts) {
      problems_.add(
          extents_.count_problem(beside.key, beside.shape(), std::min(expected, kMostExperts)));
      return std::nullopt;
    }
    if (addition.extent || rows == 0) return rows;
    return extents_.infer(rows, fmt::format("the rows of {}", display(beside.key)), beside.key,
                          problems_);
  }

  void exclude() {
    const PlanOptions& options = plan_.options;
    const Regex regex(options.exclude, {.at_start = true});
    const std::vector<bool> included = find_included();
    bool excludes = false;
    std::size_t place = 0;
    std::erase_if(drafts_, [&](const Draft& draft) {
      const Output& output = draft.output;
      const bool out = !options.exclude.empty() && regex.matches(logical_key(output.key));
      excludes = excludes || out;
      const bool in = included[place++];
      if (in && !out) return false;
      for_each_input(*output.value, [&](std::uint32_t id) { excluded_.push_back({id, out}); });
      plan_.excluded.push_back(output.key);
      return true;
    });
    std::sort(plan_.excluded.begin(), plan_.excluded.end(), natural_less);
    if (!options.exclude.empty() && !excludes) {
      problems_.add(Code::NoMatch, Severity::Note, {}, "--exclude {}: no output key begins so",
                    display(options.exclude));
    }
  }

  /// Of each draft, whether some --include finds it; without one all are.
  std::vector<bool> find_included() {
    const auto& queries = plan_.options.include;
    std::vector<bool> included(drafts_.size(), queries.empty());
    const auto see = [&](std::uint32_t i, const SeeNames& see_them) {
      const Output& output = drafts_[i].output;
      const std::string key = logical_key(output.key);
      const QueryItem item{key, output.dtype(),      output.shape(), output.bytes(),
                           {},  name_of(output.kind)};
      see_them({&item, 1});
    };
    for (const auto& words : queries) {
      const auto count = static_cast<std::uint32_t>(drafts_.size());
      QueryResult found = find(words, count, see, Looseness::Text);
      for (const std::uint32_t i : found.things) included[i] = true;
      problems_.append(std::move(found.notes));
      if (!found.things.empty()) continue;
      problems_.add(Code::NoMatch, Severity::Error, {}, "--include {}: no output is such a one",
                    display(fmt::format("{}", fmt::join(words, " "))));
    }
    return included;
  }

  /// --dtype without a change of side: every tensor of numbers gets it. Codes keep their scales as
  /// they are, so weights that are packed must be decoded first.
  void cast_all() {
    if (!plan_.options.dtype) return;
    for (Draft& draft : drafts_) {
      Output& output = draft.output;
      const std::uint32_t id = output.value->input;
      if (is_fp8(output.dtype()) || packed_weight(source_, id)) {
        return problems_.add(
            Code::PackedCodes, Severity::Error, output.key,
            "{}: packed weights are not cast; --quantize none decodes them to --dtype",
            display(output.key));
      }
      if (!is_number(output.dtype()) || output.dtype() == *plan_.options.dtype) continue;
      output.value = values().cast(output.value, *plan_.options.dtype);
      output.kind = OutputKind::Cast;
    }
  }

  /// What was trained in another dtype goes back to the one that it was published in.
  void cast_as(const PublishedForm& published) {
    if (plan_.options.dtype) return;
    for (Draft& draft : drafts_) {
      Output& output = draft.output;
      const auto found = published.dtype_of.find(output.key);
      if (found == published.dtype_of.end() || found->second == output.dtype()) continue;
      if (!is_number(output.dtype()) || is_fp8(output.dtype())) continue;
      output.value = values().cast(output.value, found->second);
      const bool plain = output.kind == OutputKind::Passed || output.kind == OutputKind::Renamed;
      if (plain) output.kind = OutputKind::Cast;
    }
  }

  /// A scale goes with its weight: with --quantize, also where both came packed, and within one
  /// side.
  std::string logical_key(const std::string& key) const {
    const bool alone = plan_.options.quantise.keeps && from() != to();
    return alone ? key : logical_name(key);
  }

  void encode(const Like* like) {
    const auto scheme = plan_.options.quantise.scheme;
    if (!scheme) return;
    const QuantPreset* preset = mapping_.find_preset(*scheme);
    if (preset == nullptr) {
      return problems_.add(Code::Unquantisable, Severity::Error, {}, "{} is not published in {}",
                           plan_.options.adapter, name_of(*scheme));
    }
    Encoded encoded = ckptscope::encode(*preset, std::move(drafts_), values());
    drafts_ = std::move(encoded.drafts);
    problems_.append(std::move(encoded.problems));
    if (encoded.weights + encoded.packed == 0 && sound()) {
      problems_.add(Code::Unquantisable, Severity::Error, {},
                    "no tensor is one that --quantize {} encodes", name_of(*scheme));
    }
    if (encoded.weights == 0) return;
    const bool asks_like = like != nullptr && !like->quantisation_config.empty();
    plan_.quantisation_config = asks_like ? like->quantisation_config : config_of(*preset);
    plan_.quantisation_places = asks_like ? like->places : preset->places;
    if (preset->activation_scales && like == nullptr) {
      problems_.add(Code::ActivationScale, Severity::Note, {},
                    "activation scales cannot be computed from weights and are left out; {}"
                    "--like DIR copies them",
                    preset->is_dynamic ? "the config says dynamic; " : "");
    }
  }

  /// The preset's, with the modules of matrices that stay as they are where it lists them.
  std::string config_of(const QuantPreset& preset) const {
    if (preset.unpacked.empty()) return preset.config;
    constexpr std::string_view kWeight = ".weight";
    std::vector<std::string> modules;
    for (const Draft& draft : drafts_) {
      const Output& output = draft.output;
      const bool is_matrix = output.key.ends_with(kWeight) && output.shape().size() == 2;
      const bool is_packed = !is_number(output.dtype()) || is_fp8(output.dtype());
      if (!is_matrix || is_packed || is_encoded(*output.value)) continue;
      modules.push_back(output.key.substr(0, output.key.size() - kWeight.size()));
    }
    std::sort(modules.begin(), modules.end(), natural_less);
    JsonEditor config(preset.config);
    config.set(preset.unpacked, json_list(modules));
    return config.text();
  }

  void match(const Like& like) {
    LikeMatch found = match_like(like, mapping_, std::move(drafts_), plan_.inputs.size(), values());
    drafts_ = std::move(found.drafts);
    plan_.borrowed = std::move(found.borrowed);
    problems_.append(std::move(found.problems));
    for (const std::uint32_t id : found.given_up) {
      drop(id, "like.zeros", "zeros that the checkpoint of --like does not have");
    }
    plan_.must_be_zero.insert(plan_.must_be_zero.end(), found.given_up.begin(),
                              found.given_up.end());
  }

  // ---- the whole -------------------------------------------------------------------------------

  void settle_outputs() {
    std::stable_sort(drafts_.begin(), drafts_.end(), [](const Draft& a, const Draft& b) {
      return natural_less(a.output.key, b.output.key);
    });
    std::string_view last_origin;
    for (Draft& draft : drafts_) {
      const std::string& key = draft.output.key;
      if (!plan_.outputs.empty() && plan_.outputs.back().key == key) {
        problems_.add(Code::KeyCollision, Severity::Error, key,
                      "{} is made twice, from {} and from {}", display(key), display(last_origin),
                      display(draft.origin));
      }
      if (key == kMetadataName) {
        problems_.add(Code::KeyCollision, Severity::Error, key,
                      "{} would be called {}, which safetensors keeps for other things",
                      display(draft.origin), kMetadataName);
      }
      last_origin = draft.origin;
      plan_.outputs.push_back(std::move(draft.output));
    }
  }

  void settle_fates() {
    plan_.fates = with_used(std::move(plan_.fates), plan_.outputs);
    for (const auto& [id, by_exclude] : excluded_) {
      if (plan_.fates[id].kind != Fate::Kind::Unplaced) continue;
      if (by_exclude) drop(id, "exclude", "output excluded by --exclude");
      if (!by_exclude) drop(id, "include", "output that no --include names");
    }
  }

  /// Nothing is lost without a word: an input that nothing accounts for is an error, named by
  /// itself where no other error explains it.
  void report_orphans() {
    if (!sound()) return;
    for (std::size_t id = 0; id < plan_.fates.size(); ++id) {
      if (plan_.fates[id].kind != Fate::Kind::Unplaced) continue;
      const std::string_view key = source_.tensors[id].name;
      problems_.add(Code::Orphan, Severity::Error, key,
                    "{}: no output uses it and no rule drops it", display(key));
    }
  }

  // ---- names -----------------------------------------------------------------------------------

  std::string with_hf_prefix(const std::string& key) const {
    const bool bare = plan_.options.bare_hf && to() == Side::Hf;
    return bare ? key : with_prefix(mapping_, key, Side::Hf);
  }

  /// The key that `key` of side `side` gets on the other side, before prefixes of hf: of the whole,
  /// or of the first tensor.
  std::string name_on_other_side(std::string_view key, Side side) const {
    std::string name =
        side == Side::Hf ? with_prefix(mapping_, key, Side::Native) : std::string(key);
    if (auto place = find_place(mapping_, name, side)) {
      const Equation& equation = *place->equation;
      const Part* stack = find_stack(equation.parts);
      if (stack != nullptr && place->leaf == nullptr) {
        place->captures[stack->index] =
            fmt::format("{}", stack->extent && plan_.options.experts
                                  ? plan_.options.experts->of(*stack->extent).first
                                  : 0);
      }
      const Pattern& pattern = place->leaf != nullptr
                                   ? equation.whole.front()
                                   : first_tensor(equation.parts).spellings.front();
      name = pattern.expand(place->captures).value();
    }
    return name;
  }

  /// The key that an output's would come back as.
  std::string name_back(const Output& output) const {
    const std::string name = name_on_other_side(output.key, to());
    return to() == Side::Hf ? name : with_hf_prefix(name);
  }

  /// A note when keys would come back under other names.
  void report_aliases() {
    if (from() == to()) return;
    std::size_t count = 0;
    const Draft* first = nullptr;
    bool only_prefix = plan_.options.bare_hf && from() == Side::Hf;
    for (const Draft& draft : drafts_) {
      if (draft.origin.empty() || name_back(draft.output) == draft.origin) continue;
      ++count;
      only_prefix = only_prefix && name_on_other_side(draft.output.key, to()) == draft.origin;
      if (!first || natural_less(draft.output.key, first->output.key)) first = &draft;
    }
    if (from() == Side::Hf) plan_.options.bare_hf = count > 0 && only_prefix;
    if (count == 0) return;
    problems_.add(Code::Alias, Severity::Note, {},
                  "{} {} read under an alias: {} would come back as {}{}", count,
                  count == 1 ? "key is" : "keys are", display(first->origin),
                  display(name_back(first->output)),
                  only_prefix ? "; with the receipt beside the output it comes back as it is" : "");
  }

  void report_identity() {
    const bool changes =
        std::any_of(plan_.outputs.begin(), plan_.outputs.end(),
                    [](const Output& output) { return output.kind != OutputKind::Passed; });
    if (changes || !plan_.excluded.empty() || !plan_.drop_rules.empty() || !sound()) return;
    if (!plan_.options.renames.empty()) return;
    problems_.add(Code::NothingToDo, Severity::Note, {},
                  "nothing changes: every tensor passes through");
  }

  const TensorList& source_;
  const Mapping& mapping_;
  ExpertExtents extents_;
  Problems problems_;
  Plan plan_;
  Arena keys_;  // of logical tensors, as prefixes have made them
  std::vector<Draft> drafts_;
  std::vector<std::pair<std::uint32_t, bool>> excluded_;  // inputs of outputs that were removed,
                                                          // and whether by --exclude
};

}  // namespace

Plan make_plan(const TensorList& source, const Mapping& mapping, const PlanOptions& options,
               const Like* like) {
  return Planner(source, mapping, options).run(like);
}

}  // namespace ckptscope
