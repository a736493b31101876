#include "core/plan/planner.hpp"

#include <algorithm>
#include <iterator>
#include <set>

#include "core/base/display.hpp"
#include "core/base/natural_order.hpp"
#include "core/base/regex.hpp"
#include "core/mapping/lookup.hpp"
#include "core/names/companions.hpp"
#include "core/plan/decoding.hpp"
#include "core/plan/draft.hpp"
#include "core/plan/encoding.hpp"
#include "core/plan/equation_reader.hpp"
#include "core/plan/like.hpp"

namespace ckptscope {
namespace {

class Planner {
 public:
  Planner(const PlanSource& source, const Mapping& mapping, const PlanOptions& options)
      : source_(source), mapping_(mapping) {
    plan_.options = options;
    plan_.sources.assign(source.tensors.begin(), source.tensors.end());
    plan_.fates.resize(source.tensors.size());
  }

  Plan run(const Like* like) {
    drop_sources();
    make_logical();
    apply_equations();
    if (to() == Namespace::Native && from() != to()) synthesise();
    exclude();
    report_aliases();
    encode(like);
    if (like != nullptr) match_like(*like, mapping_, drafts_, plan_);
    settle_outputs();
    settle_fates();
    report_orphans();
    report_identity();
    return std::move(plan_);
  }

 private:
  Namespace from() const { return plan_.options.from; }
  Namespace to() const { return plan_.options.to; }

  template <typename... Args>
  void problem(Code code, Severity severity, std::string_view key,
               fmt::format_string<Args...> format, Args&&... args) {
    plan_.problems.push_back(
        {code, severity, fmt::format(format, std::forward<Args>(args)...), std::string(key)});
  }

  // ---- sources -------------------------------------------------------------------------------

  void drop_sources() {
    if (from() != Namespace::Hf) return;
    for (const Drop& drop : mapping_.drops) {
      for (std::size_t id = 0; id < source_.tensors.size(); ++id) {
        Fate& fate = plan_.fates[id];
        const std::string_view key = source_.tensors[id].name;
        if (fate.kind == Fate::Kind::Dropped || !concerns(key) || !applies(drop, key)) continue;
        fate = {Fate::Kind::Dropped, plan_.rule_named(drop.rule, drop.reason)};
      }
    }
  }

  /// From hf to hf only what belongs to a weight that is decoded goes.
  bool concerns(std::string_view key) const {
    if (from() != to()) return true;
    const bool decodes =
        plan_.options.quantise == Quantise::None || plan_.options.quantise == Quantise::Mxfp4;
    return decodes && companion_of(key).has_value();
  }

  static bool applies(const Drop& drop, std::string_view key) {
    const auto captures = drop.key.match(key);
    if (!captures) return false;
    return drop.variable.empty() || number_of(*captures, drop.variable) >= drop.minimum;
  }

  void make_logical() {
    const bool decode = from() == Namespace::Hf &&
                        (to() == Namespace::Native || plan_.options.quantise != Quantise::Keep);
    std::vector<bool> dropped(source_.tensors.size());
    for (std::size_t id = 0; id < dropped.size(); ++id) {
      dropped[id] = plan_.fates[id].kind == Fate::Kind::Dropped;
    }
    const DecodeOptions options{plan_.options.dtype, plan_.options.output_dtype(),
                                plan_.options.lenient, encoding_of(plan_.options.quantise)};
    const std::vector<LogicalTensor> tensors =
        logical_tensors(source_, decode ? mapping_.schemes : std::vector<QuantScheme>(), dropped,
                        options, plan_.problems);
    for (const LogicalTensor& tensor : tensors) {
      std::string key(tensor.key);
      if (to() == Namespace::Native && from() != to()) {
        key = with_prefix(mapping_, key, Namespace::Native);
      }
      logical_.push_back({tensor.key, std::move(key), tensor.value});
    }
    drop_orphan_scales();
  }

  /// With --lenient a scale without its weight is a warning, and goes.
  void drop_orphan_scales() {
    for (const Problem& one : plan_.problems) {
      if (one.code != Code::OrphanScale || one.severity != Severity::Warning) continue;
      const auto id = source_.index.find(source_.tensors, one.key);
      if (id)
        plan_.fates[*id] = {Fate::Kind::Dropped,
                            plan_.rule_named("lenient", "scales without a weight")};
    }
  }

  // ---- equations -----------------------------------------------------------------------------

  void apply_equations() {
    const EquationResult result = read_equations(mapping_, plan_.options, logical_, plan_.problems);
    for (const Logical* passing : result.unknown) {
      emit(passing->key, passing->value, passing->origin);
    }
    for (const Made& made : result.made) emit(made.key, made.value, made.origin);
    for (const Logical* other : result.of_other_ranks)
      drop(*other, "rank", "experts of other ranks");
  }

  void emit(std::string key, ValuePtr value, std::string_view origin) {
    if (to() == Namespace::Hf && from() != to()) key = with_prefix(mapping_, key, Namespace::Hf);
    if (!checked_byte_count(value->dtype, value->shape)) {
      return problem(Code::ShapeOverflow, Severity::Error, key,
                     "{}: the size of {} {} exceeds 64 bits", display(key), name_of(value->dtype),
                     to_string(value->shape));
    }
    Output output{std::move(key), std::move(value)};
    output.kind = kind_of(output, origin);
    drafts_.push_back({std::move(output), origin});
  }

  static Kind kind_of(const Output& output, std::string_view origin) {
    using Op = Value::Op;
    const Value& value = *output.value;
    if (contains(value, Op::Stack)) return Kind::Stacked;
    if (contains(value, Op::Select) || contains(value, Op::Slice)) return Kind::Split;
    if (contains(value, Op::Mxfp4) || contains(value, Op::Fp8)) return Kind::Decoded;
    if (contains(value, Op::Transpose) || contains(value, Op::Concat)) return Kind::Transposed;
    if (contains(value, Op::Cast)) return Kind::Cast;
    return output.key == origin ? Kind::Passed : Kind::Renamed;
  }

  void drop(const Logical& logical, std::string_view name, std::string_view reason) {
    const std::uint32_t rule = plan_.rule_named(name, reason);
    for_each_source(*logical.value, [&](std::uint32_t id) {
      plan_.fates[id] = {Fate::Kind::Dropped, rule};
    });
  }

  // ---- what the rules add and take away --------------------------------------------------------

  void synthesise() {
    std::set<std::string_view> keys;
    for (const Draft& draft : drafts_) keys.insert(draft.output.key);
    std::vector<Draft> made;
    for (const Synth& synth : mapping_.synths) {
      for (const auto& [output, origin] : drafts_) {
        const auto captures = synth.trigger.match(output.key);
        if (!captures) continue;
        std::string key = synth.key.expand(*captures).value();
        if (keys.contains(key)) continue;
        const auto extent = synth_extent(synth, output);
        if (!extent) return;
        made.push_back(
            {{std::move(key), zeros(synth.dtype, {*extent}), Kind::Synthesised, synth.rule}, ""});
      }
    }
    std::move(made.begin(), made.end(), std::back_inserter(drafts_));
  }

  Extent synth_extent(const Synth& synth, const Output& trigger) {
    const Extent rows = trigger.shape().empty() ? Extent() : trigger.shape()[0];
    if (rows && *rows > kMostExperts) {
      plan_.problems.push_back(expert_count_problem(trigger.key, trigger.shape(), kMostExperts));
      return std::nullopt;
    }
    if (synth.extent && synth.extent == rows) return rows;
    if (synth.extent && rows) {
      plan_.problems.push_back(expert_count_problem(trigger.key, trigger.shape(), *synth.extent));
      return std::nullopt;
    }
    const bool is_new = rows && reported_extent_.insert(*rows).second;
    if (plan_.options.has_config || !rows) {
      problem(Code::ExpertCount, Severity::Error, trigger.key,
              "the config does not state the number of experts that {} needs; --set num_experts=N",
              synth.rule);
      return std::nullopt;
    }
    if (is_new) {
      problem(Code::Inferred, Severity::Warning, trigger.key,
              "no config: {} experts, inferred from the rows of {}", *rows, display(trigger.key));
    }
    return rows;
  }

  void exclude() {
    if (plan_.options.exclude.empty()) return;
    const Regex regex(plan_.options.exclude, {.at_start = true});
    std::erase_if(drafts_, [&](const Draft& draft) {
      if (!regex.matches(logical_key(draft.output.key))) return false;
      for_each_source(*draft.output.value, [&](std::uint32_t id) { excluded_.push_back(id); });
      plan_.excluded.push_back(draft.output.key);
      return true;
    });
    std::sort(plan_.excluded.begin(), plan_.excluded.end(), natural_less);
  }

  /// With --quantize a scale goes with its weight, also where both came packed.
  std::string logical_key(const std::string& key) const {
    if (plan_.options.quantise == Quantise::Keep) return key;
    constexpr std::string_view kBlocks = "_blocks";
    const auto companion = companion_of(key);
    std::string weight = companion ? companion->weight : key;
    if (weight.ends_with(kBlocks)) weight.resize(weight.size() - kBlocks.size());
    return weight;
  }

  void encode(const Like* like) {
    const auto scheme = encoding_of(plan_.options.quantise);
    if (!scheme) return;
    const QuantPreset* preset = mapping_.find_preset(*scheme);
    if (preset == nullptr) {
      return problem(Code::Unquantisable, Severity::Error, "", "{} is not published in {}",
                     plan_.options.adapter, name_of(*scheme));
    }
    encode_drafts(*preset, drafts_, plan_.problems);
    const bool encodes = std::any_of(drafts_.begin(), drafts_.end(), [](const Draft& draft) {
      return draft.output.kind == Kind::Encoded;
    });
    if (!encodes) return;
    const bool asks_like = like != nullptr && !like->quantisation_config.empty();
    plan_.quantisation_config = asks_like ? like->quantisation_config : preset->config;
    if (preset->activation_scales && like == nullptr) {
      problem(Code::ActivationScale, Severity::Note, "",
              "activation scales cannot be computed from weights and are left out; the config says "
              "dynamic; --like DIR copies them");
    }
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
        problem(Code::KeyCollision, Severity::Error, key, "{} is made twice, from {} and from {}",
                display(key), display(last_origin), display(draft.origin));
      }
      last_origin = draft.origin;
      plan_.outputs.push_back(std::move(draft.output));
    }
  }

  void settle_fates() {
    plan_.settle_used();
    for (const std::uint32_t id : excluded_) {
      if (plan_.fates[id].kind != Fate::Kind::Unplaced) continue;
      plan_.fates[id] = {Fate::Kind::Dropped,
                         plan_.rule_named("exclude", "output excluded by --exclude")};
    }
  }

  /// Nothing is lost without a word: a source that nothing accounts for is an error, named by
  /// itself where no other error explains it.
  void report_orphans() {
    if (!plan_.sound()) return;
    for (std::size_t id = 0; id < plan_.fates.size(); ++id) {
      if (plan_.fates[id].kind != Fate::Kind::Unplaced) continue;
      const std::string_view key = source_.tensors[id].name;
      problem(Code::Orphan, Severity::Error, key, "{}: no output uses it and no rule drops it",
              display(key));
    }
  }

  // ---- names -----------------------------------------------------------------------------------

  /// The key that `key` of side `side` gets on the other side: of the whole, or of the first leaf.
  std::string name_on_other_side(std::string_view key, Namespace side) const {
    std::string name =
        side == Namespace::Hf ? with_prefix(mapping_, key, Namespace::Native) : std::string(key);
    if (auto place = find_place(mapping_, name, side)) {
      const Equation& equation = *place->equation;
      const Part* stack_part = find_stack(equation.parts);
      if (stack_part != nullptr && place->leaf == nullptr) {
        place->captures[stack_part->index] =
            fmt::format("{}", plan_.options.expert_range ? plan_.options.expert_range->first : 0);
      }
      const Pattern& pattern = place->leaf != nullptr
                                   ? equation.whole.front()
                                   : first_tensor(equation.parts).spellings.front();
      name = pattern.expand(place->captures).value();
    }
    return side == Namespace::Hf ? name : with_prefix(mapping_, name, Namespace::Hf);
  }

  /// A note when keys would come back under other names.
  void report_aliases() {
    if (from() == to()) return;
    std::size_t count = 0;
    const Draft* first = nullptr;
    for (const Draft& draft : drafts_) {
      if (draft.output.kind == Kind::Synthesised) continue;
      if (name_on_other_side(draft.output.key, to()) == draft.origin) continue;
      ++count;
      if (!first || natural_less(draft.output.key, first->output.key)) first = &draft;
    }
    if (count == 0) return;
    problem(Code::Alias, Severity::Note, "", "{} {} read under an alias: {} would come back as {}",
            count, count == 1 ? "key is" : "keys are", display(first->origin),
            display(name_on_other_side(first->output.key, to())));
  }

  void report_identity() {
    const bool changes = std::any_of(plan_.outputs.begin(), plan_.outputs.end(),
                                     [](const Output& o) { return o.kind != Kind::Passed; });
    if (changes || !plan_.excluded.empty() || !plan_.drop_rules.empty() || !plan_.sound()) return;
    problem(Code::NothingToDo, Severity::Note, "", "nothing changes: every tensor passes through");
  }

  const PlanSource& source_;
  const Mapping& mapping_;
  Plan plan_;
  std::vector<Logical> logical_;
  std::set<std::uint64_t> reported_extent_;
  std::vector<Draft> drafts_;
  std::vector<std::uint32_t> excluded_;  // sources of outputs that --exclude removed
};

}  // namespace

Plan make_plan(const PlanSource& source, const Mapping& mapping, const PlanOptions& options,
               const Like* like) {
  return Planner(source, mapping, options).run(like);
}

}  // namespace ckptscope
