// From statements to rules: carried out one after the other, as they stand.
#include <algorithm>
#include <set>

#include "core/language/family_text.hpp"
#include "core/language/part_of.hpp"
#include "core/language/statements.hpp"
#include "core/mapping/laws.hpp"
#include "core/mapping/lookup.hpp"
#include "core/names/nearest_word.hpp"

namespace ckptscope {
namespace {

// A text may come with a checkpoint from anywhere.
constexpr std::size_t kMostLevels = 33;            // the text, blocks and uses in each other
constexpr std::size_t kMostStatements = 100'000;   // that are carried out,
constexpr std::size_t kMostCharacters = 16 << 20;  // and what they say, keys with their texts
constexpr std::size_t kMostParameters = 32;        // of a define

using Statements = std::vector<Statement>;

struct Parameter {
  std::string name;
  bool is_text = false;
  std::optional<std::string> fallback{};
};

struct Define {
  const std::string* file;
  std::vector<Parameter> parameters;
  const Statements* body;
};

class RuleBuilder {
 public:
  RuleBuilder(const Surroundings& surroundings, Mapping& mapping)
      : surroundings_(surroundings), mapping_(&mapping) {}

  void run(const std::string& file, const Statements& statements) {
    file_ = &file;
    Scope scope;
    run(statements, scope);
  }

 private:
  // ---- blocks ----------------------------------------------------------------------------------

  void run(const Statements& statements, Scope& scope) {
    if (++nested_ > kMostLevels) fail("more than {} levels in each other", kMostLevels);
    for (const Statement& one : statements) {
      at_ = one.at();
      if (++statements_run_ > kMostStatements) fail("more than {} lines", kMostStatements);
      const auto step = steps().find(one.word->name);
      if (step != steps().end()) (this->*step->second)(one, scope);  // others: family_head.cpp
    }
    --nested_;
  }

  using Step = void (RuleBuilder::*)(const Statement&, Scope&);
  static const std::map<std::string_view, Step>& steps() {
    static const std::map<std::string_view, Step> kSteps{
        {"closed", &RuleBuilder::run_closed}, {"=", &RuleBuilder::run_equation},
        {"let", &RuleBuilder::run_let},       {"text", &RuleBuilder::run_text},
        {"prefix", &RuleBuilder::run_prefix}, {"drop", &RuleBuilder::run_drop},
        {"pass", &RuleBuilder::run_pass},     {"add", &RuleBuilder::run_add},
        {"use", &RuleBuilder::run_use},       {"when", &RuleBuilder::run_when},
        {"define", &RuleBuilder::run_define}, {"preset", &RuleBuilder::run_preset},
        {"encode", &RuleBuilder::run_stray},  {"except", &RuleBuilder::run_stray},
    };
    return kSteps;
  }

  LineFields read(const Statement& statement, const Scope& scope) {
    LineReader line(*file_, statement.line, surroundings_, scope);
    LineFields fields = line.read(*statement.word);
    line.expect_end();
    count(statement, line);
    return fields;
  }

  void count(const Statement& statement, const LineReader& line) {
    characters_run_ += line.characters();
    for (const Token& token : statement.line) characters_run_ += token.text.size() + 1;
    if (characters_run_ > kMostCharacters) fail("more than {} characters", kMostCharacters);
  }

  /// The branch that does not hold is run all the same, so that faults of its lines do not wait for
  /// a config that chooses them.
  void run_when(const Statement& when, Scope& scope) {
    const bool holds = read(when, scope)["VALUE"].value.holds();
    run_idle(holds ? when.otherwise : when.body, {{}, {}, &scope});
    run(holds ? when.body : when.otherwise, scope);
  }

  /// Nothing is kept.
  void run_idle(const Statements& statements, Scope scope) {
    Mapping unused;
    Mapping* const mapping = std::exchange(mapping_, &unused);
    const bool lenient = std::exchange(surroundings_.lenient, true);
    const auto [defines, rules] = std::pair(defines_in_order_.size(), rules_in_order_.size());
    run(statements, scope);
    forget(defines_, defines_in_order_, defines);
    forget(rules_, rules_in_order_, rules);
    surroundings_.lenient = lenient;
    mapping_ = mapping;
  }

  /// All but the first `kept` that were added.
  static void forget(auto& all, auto& in_order, std::size_t kept) {
    for (; in_order.size() > kept; in_order.pop_back()) all.erase(in_order.back());
  }

  /// The body is run once as it stands, with $NAME for texts, before its name is known.
  void run_define(const Statement& statement, Scope&) {
    const LineFields line = read(statement, {});
    Define define{file_, {}, &statement.body};
    Scope scope;
    for (const LineFields& one : line.repeated) add_parameter(one, define, scope);
    const bool outer_is = std::exchange(is_template_, true);
    run_idle(statement.body, std::move(scope));
    is_template_ = outer_is;
    const LineField& name = line["NAME"];
    const auto [added, is_new] = defines_.emplace(name.text, std::move(define));
    if (!is_new) fail_at(*file_, name.at, "\"{}\" is defined twice", name.text);
    defines_in_order_.push_back(added);
  }

  void add_parameter(const LineFields& line, Define& define, Scope& scope) const {
    const LineField& field = line["PARAMETER"];
    Parameter one{field.text};
    one.is_text = one.name.starts_with('$');
    if (one.is_text) one.name.erase(0, 1);
    if (line.has("KEY")) one.fallback = line["KEY"].text;
    check_name(one.name, field.at, one.is_text);
    if (one.fallback && !one.is_text) fail("{} is a value: it has no default", field.text);
    const bool is_new = one.is_text ? scope.texts.emplace(one.name, field.text).second
                                    : scope.values.emplace(one.name, Quantity()).second;
    if (!is_new) fail_at(*file_, field.at, "\"{}\" stands twice", field.text);
    define.parameters.push_back(std::move(one));
    if (define.parameters.size() > kMostParameters)
      fail("more than {} parameters", kMostParameters);
  }

  void run_use(const Statement& use, Scope& scope) {
    LineReader line(*file_, use.line, surroundings_, scope);
    const LineFields fields = line.read(*use.word, 2);  // its arguments are what was defined
    const std::string& name = fields["NAME"].text;
    const Position& at = fields["NAME"].at;
    const auto found = defines_.find(name);
    if (found == defines_.end()) {
      std::vector<std::string_view> names;
      for (const auto& [one, define] : defines_) names.push_back(one);
      fail_at(*file_, at, "no define \"{}\" stands above{}", name, suggestion(name, names));
    }
    const Define define = found->second;
    Scope inner = arguments_of(line, define, name);
    line.expect_end();
    count(use, line);
    const std::string used = used_at_;
    if (used.empty()) used_at_ = fmt::format(" of {}:{}", *file_, at.line);
    const std::string* const file = std::exchange(file_, define.file);
    run(*define.body, inner);
    file_ = file;
    used_at_ = used;
  }

  static Scope arguments_of(LineReader& line, const Define& define, const std::string& name) {
    Scope scope;
    line.expect("(");
    for (const Parameter& one : define.parameters) {
      const bool given = !line.peek().is(")");
      if (given && &one != &define.parameters.front()) line.expect(",");
      if (!given && !one.fallback) line.fail("{} of {} is missing", one.name, name);
      if (!one.is_text) scope.values[one.name] = line.value();
      if (one.is_text) scope.texts[one.name] = given ? line.key() : *one.fallback;
    }
    line.expect(")");
    return scope;
  }

  void run_preset(const Statement& statement, Scope& scope) {
    const LineFields line = read(statement, scope);
    QuantPreset preset{find_written_form(line["SCHEME"].text)->as};
    preset.config = line["CONFIG"].text;
    check_config(line["CONFIG"]);
    preset.unpacked = line["TEXT"].text;
    preset.activation_scales = line.has("activation");
    preset.is_dynamic = line.has("dynamic");
    if (line.has("config")) preset.places = {line.has("both"), true};
    for (const Statement& one : statement.body) {
      at_ = one.at();
      const LineFields inner = read(one, scope);
      if (one.word->group != Word::Group::Preset) fail("encode or except is expected");
      if (one.word->name == "encode") add_weights(inner, preset);
      for (const LineFields& text : inner.repeated) preset.except.push_back(text["TEXT"].text);
    }
    mapping_->presets.push_back(std::move(preset));
  }

  void check_config(const LineField& config) const {
    try {
      Config::parse(config.text, "quantization_config");
    } catch (const Error& error) {
      fail_at(*file_, config.at, "{}", error.what());
    }
  }

  void add_weights(const LineFields& line, QuantPreset& preset) {
    if (line.has("when") && !line["VALUE"].value.holds()) return;
    const std::size_t rank = line["RANK"].value.extent().value_or(1);
    const bool other = line.has("SCHEME");
    preset.weights.push_back({Pattern(line["KEY"].text), rank,
                              other ? find_written_form(line["SCHEME"].text)->as : preset.as});
  }

  void run_stray(const Statement& statement, Scope&) {
    fail("\"{}\" stands in a preset", statement.word->name);
  }

  // ---- one line each ---------------------------------------------------------------------------

  void run_closed(const Statement& statement, Scope& scope) {
    if (!mapping_->closed.empty()) fail("closed is said twice");
    mapping_->closed = read(statement, scope)["RULE"].text;
  }

  void run_let(const Statement& statement, Scope& scope) {
    const LineFields line = read(statement, scope);
    const LineField& name = line["NAME"];
    check_name(name.text, name.at, /*is_text=*/false);
    scope.values[name.text] = line["VALUE"].value;
  }

  /// Of a value, or of a text, which $NAME inserts.
  void check_name(const std::string& name, const Position& at, bool is_text) const {
    const bool is_word =
        find_word(words_of(Word::Group::Value, Word::Group::Value), name) != nullptr;
    const bool has_letter = !name.empty() && kLetters.find(name[0]) != name.npos;
    if (!has_letter || name.find_first_not_of(kNameCharacters) != name.npos) {
      fail_at(*file_, at, "\"{}\" is no name: letters, digits and _, a letter first, are expected",
              display(name));
    }
    if (is_word) fail_at(*file_, at, "\"{}\" is a word of values", name);
    if (is_text && name.find_first_not_of(kTextNameCharacters) != name.npos) {
      fail_at(*file_, at, "${} would end at the - or dot: letters, digits and _ are expected",
              name);
    }
  }

  void run_text(const Statement& statement, Scope& scope) {
    const LineFields line = read(statement, scope);
    check_name(line["NAME"].text, line["NAME"].at, /*is_text=*/true);
    scope.texts[line["NAME"].text] = line["KEY"].text;
  }

  void run_prefix(const Statement& statement, Scope& scope) {
    const LineFields line = read(statement, scope);
    const LineField& hf = line["HF"];
    const LineField& native = line["NATIVE"];
    const auto where = condition(line, hf.text);
    Prefix prefix(hf.text, native.text);
    prefix.to_native = !line.has("<-");
    prefix.to_hf = !line.has("->");
    if (prefix.to_native) require_known(native, hf);
    if (prefix.to_hf) require_known(hf, native);
    if (where) prefix.where = *where;
    if (!where) prefix.to_native = false;
    refuse_again(fmt::format("prefix {} {}", hf.text, native.text));
    mapping_->prefixes.push_back(std::move(prefix));
  }

  void run_drop(const Statement& statement, Scope& scope) {
    const LineFields line = read(statement, scope);
    const Pattern key(line["KEY"].text);
    if (const auto where = condition(line, key)) {
      mapping_->drops.push_back({line.has("native") ? Side::Native : Side::Hf, line["RULE"].text,
                                 key, line["REASON"].text, *where, line_here()});
    }
  }

  /// "where L >= layers"; nullopt where the limit is unknown: nothing is known to be beyond it.
  std::optional<Condition> condition(const LineFields& line, const Pattern& key) const {
    if (!line.has("where")) return Condition();
    const LineField& number = line["N"];
    const auto names = key.variables();
    if (!is_template_ && std::find(names.begin(), names.end(), number.text) == names.end()) {
      fail_at(*file_, number.at, "{{{}}} is no number of the key", number.text);
    }
    const Extent limit = line["VALUE"].value.extent();
    return limit ? std::optional(Condition{number.text, *limit, line.has("<")}) : std::nullopt;
  }

  void run_pass(const Statement& statement, Scope& scope) {
    const std::string key = read(statement, scope)["KEY"].text;
    add_equation({Side::Native, {Pattern(key)}, part_of({.spellings = {key}}, Side::Hf)});
  }

  void run_add(const Statement& statement, Scope& scope) {
    const LineFields line = read(statement, scope);
    if (line.has("zeros") && line.has("frequencies")) fail("either zeros or frequencies");
    Addition addition;
    addition.kind = line.has("zeros")         ? Addition::Kind::Zeros
                    : line.has("frequencies") ? Addition::Kind::Frequencies
                                              : Addition::Kind::Copy;
    addition.rule = line["RULE"].text;
    addition.key = Pattern(line["KEY"].text);
    addition.beside = Pattern(line["NATIVE"].text);
    addition.extent = line["COUNT"].value.extent();
    addition.theta = line["THETA"].value.real().value_or(0);
    addition.dim = line["SIZE"].value.extent().value_or(0);
    require_known(line["KEY"], line["NATIVE"]);
    require(line["KEY"].at, bind_sets(addition.key, addition.beside));
    mapping_->additions.push_back(std::move(addition));
  }

  void run_equation(const Statement& statement, Scope& scope) {
    const LineFields line = read(statement, scope);
    const Part left = part_of(line["LEFT"], Side::Hf);
    const Part right = part_of(line["RIGHT"], Side::Native);
    const bool from_hf = right.op == Part::Op::Tensor;
    if (!from_hf && left.op != Part::Op::Tensor) {
      fail("operations on both sides: one side must be a key");
    }
    Equation equation;
    equation.side = from_hf ? Side::Native : Side::Hf;
    equation.whole = (from_hf ? right : left).spellings;
    equation.parts = from_hf ? left : right;
    equation.as_output = line.has("output");
    equation.fixed = parse_dtype(line["DTYPE"].text);
    equation.counts_rows = line.has("rows");
    equation.rows = line["COUNT"].value.extent();
    add_equation(std::move(equation));
  }

  void add_equation(Equation equation) {
    equation.line = line_here();
    equation.settle();
    require(at_, find_fault(equation, is_template_));
    const std::string& whole = equation.whole.front().text();
    std::string parts;
    for_each_tensor(equation.parts, [&](const Part& one) {
      parts += (parts.empty() ? "" : ", ") + one.spellings.front().text();
    });
    const bool from_hf = equation.side == Side::Native;
    refuse_again(fmt::format("{} = {}", from_hf ? parts : whole, from_hf ? whole : parts));
    mapping_->equations.push_back(std::move(equation));
  }

  void require(const Position& at, const std::string& fault) const {
    if (!fault.empty()) fail_at(*file_, at, "{}", display(fault));
  }

  /// What the texts of a define bring along is known where it is used.
  void require_known(const LineField& written, const LineField& read) const {
    if (!is_template_) require(written.at, find_unknown(written.text, read.text));
  }

  void refuse_again(const std::string& text) {
    const auto [added, is_new] = rules_.insert(text);
    if (!is_new) fail("the same stands above: {}", display(text));
    rules_in_order_.push_back(added);
  }

  template <typename... Args>
  [[noreturn]] void fail(fmt::format_string<Args...> format, Args&&... args) const {
    fail_at(*file_, at_, format, std::forward<Args>(args)...);
  }

  /// "hy_v3.map:15", or "blocks.map:5 of hy_v3.map:7" inside a define.
  std::string line_here() const { return fmt::format("{}:{}{}", *file_, at_.line, used_at_); }

  Surroundings surroundings_;
  Mapping* mapping_;
  const std::string* file_ = nullptr;
  Position at_;          // of the statement that is carried out
  std::string used_at_;  // " of FILE:LINE" inside a define: of the outermost use
  // What the lines above have said; an idle branch takes back what it has added.
  std::map<std::string, Define, std::less<>> defines_;
  std::vector<decltype(defines_)::iterator> defines_in_order_;
  std::set<std::string> rules_;  // equations and prefixes
  std::vector<decltype(rules_)::iterator> rules_in_order_;
  std::size_t nested_ = 0;
  std::size_t statements_run_ = 0;
  std::size_t characters_run_ = 0;
  bool is_template_ = false;  // a define is run with its parameters' names for texts
};

Mapping build(std::span<const MappingText> texts, const Surroundings& surroundings) {
  std::vector<Statements> statements;  // which defines point into
  for (const MappingText& text : texts) statements.push_back(read_statements(text));
  Mapping mapping;
  RuleBuilder builder(surroundings, mapping);
  for (std::size_t i = 0; i < texts.size(); ++i) builder.run(texts[i].name, statements[i]);
  return mapping;
}

}  // namespace

Mapping read_mapping(std::span<const MappingText> texts, const Config& config,
                     const MappingOptions& options) {
  return build(texts, {config, options});
}

void check_mapping(std::span<const MappingText> texts) {
  build(texts, {Config(), MappingOptions(), /*exact=*/false, /*lenient=*/true});
}

}  // namespace ckptscope
