// From the lines of a text to rules: lines are read and carried out in one pass, as they stand.
#include <algorithm>
#include <set>

#include "core/mapping/family_text.hpp"
#include "core/mapping/laws.hpp"
#include "core/mapping/lookup.hpp"
#include "core/mapping/nearest_word.hpp"
#include "core/mapping/operand_reader.hpp"
#include "core/mapping/words.hpp"

namespace ckptscope {
namespace {

// A text may come with a checkpoint from anywhere.
constexpr std::size_t kMostBlocks = 32;      // blocks and uses in each other
constexpr std::size_t kMostLines = 100'000;  // that are carried out

using Lines = std::span<const TokenLine>;

struct Parameter {
  std::string name;
  bool is_text = false;
  std::optional<std::string> fallback{};
};

struct Define {
  const std::string* file;
  std::vector<Parameter> parameters;
  Lines body;
};
using Defines = std::map<std::string, Define, std::less<>>;

/// The lines of a text, kept while rules are read: defines point into them.
std::vector<TokenLine> all_lines(const MappingText& text) {
  std::vector<TokenLine> lines;
  Tokeniser tokeniser(text);
  for (TokenLine line; tokeniser.next(line);) lines.push_back(std::move(line));
  return lines;
}

bool begins_with(const TokenLine& line, std::string_view word) {
  return line.front().kind == Token::Kind::Bare && line.front().text == word;
}

bool opens_block(const TokenLine& line) {
  return begins_with(line, "when") || begins_with(line, "define") || begins_with(line, "preset");
}

bool ends_block(const TokenLine& line) {
  return begins_with(line, "end") || begins_with(line, "else");
}

class RuleReader {
 public:
  /// `lenient`: sizes that only a config can tell may be unknown.
  RuleReader(const Surroundings& surroundings, bool lenient, Mapping& mapping)
      : operands_(surroundings, lenient), mapping_(&mapping) {}

  void run(const std::string& file, Lines lines) {
    file_ = &file;
    in_head_ = true;
    Scope scope;
    run_block(lines, scope);
  }

  KeyRename rename(const std::string& file, const TokenLine& line) {
    file_ = &file;
    TokenCursor cursor(file, line);
    const Key from = operands_.key(cursor, {});
    cursor.expect("->");
    const Key to = operands_.key(cursor, {});
    cursor.expect_end();
    KeyRename rename{Pattern(from.text), Pattern(to.text)};
    require(to.at, find_unknown(rename.to, rename.from));
    bind(to.at, rename.from, rename.to);
    return rename;
  }

 private:
  // ---- blocks ----------------------------------------------------------------------------------

  /// All lines of a text, or of a define.
  void run_block(Lines lines, Scope& scope) {
    std::size_t at = 0;
    run_lines(lines, at, scope);
    if (at < lines.size()) fail_at(*file_, lines[at].front().at, "no block is open here");
  }

  /// From line `at` to the `else` or `end` of the block, or to the end.
  void run_lines(Lines lines, std::size_t& at, Scope& scope) {
    if (++nested_ > kMostBlocks && at < lines.size()) {
      fail_at(*file_, lines[at].front().at, "more than {} levels in each other", kMostBlocks);
    }
    for (; at < lines.size() && !ends_block(lines[at]); ++at) {
      if (++lines_run_ > kMostLines)
        fail_at(*file_, lines[at].front().at, "more than {} lines", kMostLines);
      if (opens_block(lines[at])) in_head_ = false;
      if (begins_with(lines[at], "when")) {
        run_when(lines, at, scope);
      } else if (begins_with(lines[at], "define")) {
        run_define(lines, at);
      } else if (begins_with(lines[at], "preset")) {
        run_preset(lines, at, scope);
      } else {
        run_line(lines[at], scope);
      }
    }
    --nested_;
  }

  /// The branch that does not hold is read all the same, so that no line has a fault that only some
  /// config shows.
  void run_when(Lines lines, std::size_t& at, Scope& scope) {
    const TokenLine& first = lines[at++];
    TokenCursor cursor(*file_, first);
    cursor.take();
    const bool holds = operands_.value(cursor, scope).holds();
    cursor.expect_end();
    const Known before = known_;
    run_branch(lines, at, scope, holds);
    Known kept = std::exchange(known_, before);
    if (at < lines.size() && begins_with(lines[at], "else")) {
      if (lines[at].size() > 2) fail_at(*file_, lines[at][1].at, "else stands alone on its line");
      run_branch(lines, ++at, scope, !holds);
      if (!holds) kept = std::move(known_);
    }
    known_ = std::move(kept);
    require_end(lines, at, first);
  }

  void run_branch(Lines lines, std::size_t& at, Scope& scope, bool holds) {
    if (holds) return run_lines(lines, at, scope);
    Scope own = scope;
    run_idle([&] { run_lines(lines, at, own); });
  }

  /// Reads lines of which nothing is kept.
  void run_idle(const auto& read) {
    Mapping unused;
    Mapping* const mapping = std::exchange(mapping_, &unused);
    const bool lenient = operands_.set_lenient(true);
    Known known = known_;
    read();
    known_ = std::move(known);
    operands_.set_lenient(lenient);
    mapping_ = mapping;
  }

  void require_end(Lines lines, std::size_t at, const TokenLine& first) const {
    if (at < lines.size() && begins_with(lines[at], "end") && lines[at].size() == 2) return;
    fail_at(*file_, first.front().at, "the end of \"{}\" is missing", first.front().text);
  }

  /// The body is read once as it stands, with plain texts, before its name is known.
  void run_define(Lines lines, std::size_t& at) {
    const TokenLine& first = lines[at];
    TokenCursor cursor(*file_, first);
    cursor.take();
    const Position place = cursor.peek().at;
    const std::string name = cursor.take_name("the name of the define");
    Define define{file_, take_parameters(cursor), {}};
    cursor.expect_end();
    Scope scope;
    for (const Parameter& one : define.parameters) {
      if (one.is_text) scope.texts[one.name] = one.fallback.value_or(one.name);
      if (!one.is_text) scope.values[one.name] = {};
    }
    const std::size_t begin = ++at;
    const bool outer = std::exchange(is_template_, true);
    run_idle([&] { run_lines(lines, at, scope); });
    is_template_ = outer;
    require_end(lines, at, first);
    define.body = lines.subspan(begin, at - begin);
    if (!known_.defines.emplace(name, std::move(define)).second) {
      fail_at(*file_, place, "\"{}\" is defined twice", name);
    }
  }

  std::vector<Parameter> take_parameters(TokenCursor& cursor) {
    std::vector<Parameter> parameters;
    cursor.expect("(");
    while (!cursor.accept(")")) {
      Parameter one{cursor.take_text("the name of a parameter")};
      one.is_text = one.name.starts_with('$');
      if (one.is_text) one.name.erase(0, 1);
      if (cursor.accept("=")) one.fallback = operands_.key(cursor, {}).text;
      parameters.push_back(std::move(one));
      if (!cursor.peek().is(")")) cursor.expect(",");
    }
    return parameters;
  }

  void run_use(TokenCursor& cursor, Scope& scope) {
    const Position at = cursor.peek().at;
    const std::string name = cursor.take_name("the name of a define");
    const auto found = known_.defines.find(name);
    if (found == known_.defines.end()) {
      std::vector<std::string_view> names;
      for (const auto& [one, define] : known_.defines) names.push_back(one);
      fail_at(*file_, at, "no define \"{}\" stands above{}", display(name),
              suggestion(name, names));
    }
    const Define define = found->second;
    Scope inner = take_arguments(cursor, scope, define, name);
    const std::string used = used_at_;
    if (used.empty()) used_at_ = fmt::format(" of {}:{}", *file_, at.line);
    const std::string* const outer = std::exchange(file_, define.file);
    run_block(define.body, inner);
    file_ = outer;
    used_at_ = used;
  }

  Scope take_arguments(TokenCursor& cursor, const Scope& scope, const Define& define,
                       const std::string& name) {
    Scope inner;
    cursor.expect("(");
    for (const Parameter& one : define.parameters) {
      const bool given = !cursor.peek().is(")");
      if (!given && !one.fallback) cursor.fail("{} of {} is missing", one.name, name);
      if (!one.is_text) inner.values[one.name] = operands_.value(cursor, scope);
      if (one.is_text)
        inner.texts[one.name] = given ? operands_.key(cursor, scope).text : *one.fallback;
      if (!cursor.peek().is(")")) cursor.expect(",");
    }
    cursor.expect(")");
    return inner;
  }

  /// NAME = WORD.
  static bool take_property(TokenCursor& cursor, QuantPreset& preset) {
    if (cursor.accept("activation")) {
      cursor.expect("=");
      preset.activation_scales = true;
      preset.is_dynamic = cursor.accept("dynamic");
      if (!preset.is_dynamic) cursor.expect("left_out");
    } else if (cursor.accept("unpacked")) {
      cursor.expect("=");
      preset.unpacked = cursor.take_text("a name in the config");
    } else if (cursor.accept("config")) {
      cursor.expect("=");
      const bool both = cursor.accept("both");
      if (!both) cursor.expect("text");
      preset.places = {both, true};
    } else {
      return false;
    }
    return true;
  }

  void run_preset(Lines lines, std::size_t& at, Scope& scope) {
    const TokenLine& first = lines[at];
    TokenCursor cursor(*file_, first);
    cursor.take();
    QuantPreset preset{take_form(cursor)};
    while (take_property(cursor, preset)) {
    }
    preset.config = cursor.take_text("a quantization_config in quotes");
    cursor.expect_end();
    for (++at; at < lines.size() && !ends_block(lines[at]); ++at) {
      TokenCursor inner(*file_, lines[at]);
      if (inner.accept("encode")) {
        const Key key = operands_.key(inner, scope);
        inner.expect("rank");
        QuantPreset::Weights weights{Pattern(key.text), operands_.required(inner, scope, "a rank"),
                                     preset.as};
        if (inner.accept("as")) weights.as = take_form(inner);
        const bool holds = !inner.accept("when") || operands_.value(inner, scope).holds();
        if (holds) preset.weights.push_back(std::move(weights));
      } else {
        inner.expect("except");
        while (!inner.at_end()) preset.except.push_back(inner.take_text("a part of keys"));
      }
      inner.expect_end();
    }
    require_end(lines, at, first);
    mapping_->presets.push_back(std::move(preset));
  }

  static PackAs take_form(TokenCursor& cursor) {
    std::string names;
    for (const WrittenForm& form : written_forms()) {
      if (cursor.accept(form.name)) return form.as;
      names += fmt::format("{}{}", names.empty() ? "" : ", ", form.name);
    }
    cursor.fail_expected("one of " + names);
  }

  void run_line(const TokenLine& line, Scope& scope) {
    using Run = void (RuleReader::*)(TokenCursor&, Scope&);
    static const std::map<std::string_view, Run> kRuns{
        {"let", &RuleReader::run_let},       {"text", &RuleReader::run_text},
        {"prefix", &RuleReader::run_prefix}, {"drop", &RuleReader::run_drop},
        {"pass", &RuleReader::run_pass},     {"add", &RuleReader::run_add},
        {"use", &RuleReader::run_use},       {"closed", &RuleReader::run_closed},
    };
    TokenCursor cursor(*file_, line);
    const std::string word = line.front().kind == Token::Kind::Bare ? line.front().text : "";
    const auto run = kRuns.find(word);
    const bool head = run == kRuns.end() && find_word(Word::Group::Head, word) != nullptr;
    if (head && !in_head_) cursor.fail("\"{}\" stands above all other lines", word);
    in_head_ = in_head_ && (head || word == "closed");
    if (run != kRuns.end()) {
      cursor.take();
      (this->*run->second)(cursor, scope);
    } else if (head) {
      return;  // family_head.cpp's
    } else {
      run_equation(cursor, scope);
    }
    cursor.expect_end();
  }

  // ---- one line each ---------------------------------------------------------------------------

  void run_let(TokenCursor& cursor, Scope& scope) {
    const std::string name = cursor.take_name("a name");
    if (is_value_word(name)) cursor.fail("\"{}\" is a word of values", name);
    cursor.expect("=");
    scope.values[name] = operands_.value(cursor, scope);
  }

  void run_text(TokenCursor& cursor, Scope& scope) {
    const std::string name = cursor.take_name("a name");
    cursor.expect("=");
    scope.texts[name] = operands_.key(cursor, scope).text;
  }

  void run_closed(TokenCursor& cursor, Scope&) {
    mapping_->closed = cursor.take_name("the name of a rule");
  }

  void run_prefix(TokenCursor& cursor, Scope& scope) {
    const Key hf = operands_.key(cursor, scope);
    const Token sign = cursor.peek();
    const bool both = cursor.accept("=");
    const bool front = !both && cursor.accept("->");
    if (!both && !front && !cursor.accept("<-")) cursor.fail_expected("=, -> or <-");
    const Key native = operands_.key(cursor, scope);
    Prefix prefix(hf.text, native.text);
    prefix.to_native = both || front;
    prefix.to_hf = !front;
    const auto where = condition(cursor, scope, Pattern(hf.text));
    if (prefix.to_native) require_known(native.at, native.text, hf.text);
    if (prefix.to_hf) require_known(hf.at, hf.text, native.text);
    if (!where) prefix.to_native = false;
    if (where) prefix.where = *where;
    refuse_again(sign.at, fmt::format("prefix {} {}", hf.text, native.text));
    mapping_->prefixes.push_back(std::move(prefix));
  }

  void run_drop(TokenCursor& cursor, Scope& scope) {
    const Side side = cursor.accept("native") ? Side::Native : Side::Hf;
    std::string rule = cursor.take_name("the name of a rule");
    std::string reason = cursor.take_text("the reason, in quotes");
    const Key dropped = operands_.key(cursor, scope);
    const Pattern pattern(dropped.text);
    if (const auto where = condition(cursor, scope, pattern)) {
      mapping_->drops.push_back(
          {side, std::move(rule), pattern, std::move(reason), *where, line_at(dropped.at)});
    }
  }

  /// "where L >= layers"; nullopt where the limit is unknown: nothing is known to be beyond it.
  std::optional<Condition> condition(TokenCursor& cursor, Scope& scope, const Pattern& pattern) {
    if (!cursor.accept("where")) return Condition();
    const Position at = cursor.peek().at;
    Condition where{cursor.take_name("a variable of the key")};
    const auto names = pattern.variables();
    if (is_template_) where.variable = "K";
    if (!is_template_ && (std::find(names.begin(), names.end(), where.variable) == names.end() ||
                          where.variable.front() < 'A' || where.variable.front() > 'Z')) {
      fail_at(*file_, at, "{{{}}} is no number of the key", display(where.variable));
    }
    where.below = cursor.accept("<");
    if (!where.below) cursor.expect(">=");
    const Extent limit = operands_.value(cursor, scope).extent();
    if (!limit) return std::nullopt;
    where.limit = *limit;
    return where;
  }

  void run_pass(TokenCursor& cursor, Scope& scope) {
    const Key one = operands_.key(cursor, scope);
    add_equation({Side::Native, {Pattern(one.text)}, tensor_part({one}, Side::Hf)}, one.at);
  }

  void run_add(TokenCursor& cursor, Scope& scope) {
    Addition addition;
    addition.rule = cursor.take_name("the name of a rule");
    const Key made = operands_.key(cursor, scope);
    cursor.expect("=");
    Key beside{"", cursor.peek().at};
    if (cursor.accept("zeros")) {
      cursor.expect("(");
      addition.extent = operands_.value(cursor, scope).extent();
      cursor.expect(")");
    } else if (cursor.accept("frequencies")) {
      addition.kind = Addition::Kind::Frequencies;
      cursor.expect("(");
      addition.theta = operands_.value(cursor, scope).real().value_or(0);
      cursor.expect(",");
      addition.dim = operands_.value(cursor, scope).extent().value_or(0);
      cursor.expect(")");
    } else {
      addition.kind = Addition::Kind::Copy;
      beside = operands_.key(cursor, scope);
    }
    if (addition.kind != Addition::Kind::Copy) {
      cursor.expect("beside");
      beside = operands_.key(cursor, scope);
    }
    addition.key = Pattern(made.text);
    addition.beside = Pattern(beside.text);
    require_known(made.at, addition.key, addition.beside);
    bind(made.at, addition.key, addition.beside);
    mapping_->additions.push_back(std::move(addition));
  }

  // ---- equations -------------------------------------------------------------------------------

  void run_equation(TokenCursor& cursor, Scope& scope) {
    const Token first = cursor.peek();
    const Position& at = first.at;
    Part left = operands_.side(cursor, scope, Side::Hf);
    if (!cursor.accept("=")) refuse_line(first, cursor.peek());
    Part right = operands_.side(cursor, scope, Side::Native);
    const bool bare_left = left.op == Part::Op::Tensor;
    const bool bare_right = right.op == Part::Op::Tensor;
    if (!bare_left && !bare_right)
      fail_at(*file_, at, "operations on both sides: one side must be a key");
    Equation equation;
    equation.side = bare_right ? Side::Native : Side::Hf;
    equation.whole = (bare_right ? right : left).spellings;
    equation.parts = std::move(bare_right ? left : right);
    for (;;) {
      if (cursor.accept("as")) {
        equation.as_output = cursor.accept("output");
        if (!equation.as_output) equation.fixed = take_dtype(cursor);
      } else if (cursor.accept("rows")) {
        equation.counts_rows = true;
        equation.rows = operands_.value(cursor, scope).extent();
      } else {
        break;
      }
    }
    add_equation(std::move(equation), at);
  }

  /// A line that is no equation either.
  [[noreturn]] void refuse_line(const Token& first, const Token& found) const {
    const bool end = found.kind == Token::Kind::End;
    fail_at(*file_, found.at,
            "= is expected, not {}: a line is an equation, KEY = KEY, or begins "
            "with a word{}",
            end ? found.text : fmt::format("\"{}\"", display(found.text)),
            suggestion(first.text, words_of({Word::Group::Line, Word::Group::Head})));
  }

  void add_equation(Equation equation, const Position& at) {
    equation.line = line_at(at);
    equation.settle();
    require(at, find_fault(equation, is_template_));
    std::string text = equation.whole.front().text() + " =";
    for_each_tensor(equation.parts,
                    [&](const Part& one) { text += " " + one.spellings.front().text(); });
    refuse_again(at, text);
    mapping_->equations.push_back(std::move(equation));
  }

  void require(const Position& at, const std::string& fault) const {
    if (!fault.empty()) fail_at(*file_, at, "{}", fault);
  }

  void require_known(const Position& at, const Pattern& written, const Pattern& read) const {
    if (!is_template_) require(at, find_unknown(written, read));
  }

  /// A closed set that one of two keys declares holds in both.
  void bind(const Position& at, Pattern& a, Pattern& b) const {
    require(at, find_contradiction({a, b}));
    a.bind_sets(b);
    b.bind_sets(a);
  }

  /// "hy_v3.map:15", or "blocks.map:5 of hy_v3.map:7" inside a define.
  std::string line_at(const Position& at) const {
    return fmt::format("{}:{}{}", *file_, at.line, used_at_);
  }

  void refuse_again(const Position& at, const std::string& text) {
    if (!known_.rules.insert(text).second) fail_at(*file_, at, "the same stands above: {}", text);
  }

  static Dtype take_dtype(TokenCursor& cursor) {
    const auto dtype = parse_dtype(cursor.peek().text);
    if (!is_output_dtype(dtype)) cursor.fail_expected("bf16, f16, f32 or output");
    cursor.take();
    return *dtype;
  }

  OperandReader operands_;
  Mapping* mapping_;
  const std::string* file_ = nullptr;
  std::string used_at_;  // " of FILE:LINE" inside a define: of the outermost use
  /// What the lines above have said.
  struct Known {
    Defines defines;
    std::set<std::string> rules;  // equations and prefixes
  };
  Known known_;
  std::size_t nested_ = 0;
  std::size_t lines_run_ = 0;
  bool in_head_ = true;       // only first lines have been read
  bool is_template_ = false;  // a define is read with its parameters' names for texts
};

Mapping read(std::span<const MappingText> texts, const Surroundings& surroundings, bool lenient) {
  std::vector<std::vector<TokenLine>> lines;  // which defines point into
  for (const MappingText& text : texts) lines.push_back(all_lines(text));
  Mapping mapping;
  RuleReader reader(surroundings, lenient, mapping);
  for (std::size_t i = 0; i < texts.size(); ++i) reader.run(texts[i].name, lines[i]);
  return mapping;
}

}  // namespace

Mapping read_mapping(std::span<const MappingText> texts, const Config& config,
                     const MappingOptions& options) {
  return read(texts, {config, options}, false);
}

KeyRename read_rename(const MappingText& text) {
  const std::vector<TokenLine> lines = all_lines(text);
  if (lines.size() != 1) fail_at(text.name, {}, "one line is expected: 'LEFT -> RIGHT'");
  const Config config;
  const MappingOptions options;
  Mapping unused;
  return RuleReader({config, options}, false, unused).rename(text.name, lines.front());
}

void check_mapping(std::span<const MappingText> texts) {
  read(texts, {Config(), MappingOptions()}, true);
}

}  // namespace ckptscope
