// A line is known by its first token, an equation by its second.
#include "core/language/statements.hpp"

#include "core/names/nearest_word.hpp"

namespace ckptscope {
namespace {

using Group = Word::Group;

constexpr int kMostBlocks = 32;  // in each other

std::span<const Word> first_words() {
  return words_of(Group::Head, Group::Preset);
}

class StatementReader {
 public:
  explicit StatementReader(const MappingText& text) : name_(text.name), tokeniser_(text) {
    advance();
  }

  std::vector<Statement> read_all() {
    std::vector<Statement> statements = read_block();
    if (!line_.empty()) fail_at(name_, line_.front().at, "no block is open here");
    return statements;
  }

 private:
  /// Empty at the end of the text.
  void advance() { tokeniser_.next(line_); }
  bool stands(std::string_view word) const { return !line_.empty() && line_.front().is(word); }

  /// Up to an `else` or `end`, or the end of the text.
  std::vector<Statement> read_block() {
    std::vector<Statement> statements;
    while (!line_.empty() && !stands("else") && !stands("end")) {
      Statement& one = statements.emplace_back(Statement{word_here(), std::move(line_)});
      advance();
      if (one.word->group == Group::Block) read_body(one);
    }
    return statements;
  }

  void read_body(Statement& block) {
    if (++nested_ > kMostBlocks) {
      fail_at(name_, block.at(), "more than {} levels in each other", kMostBlocks);
    }
    block.body = read_block();
    if (block.word->name == "when" && stands("else")) {
      pass_alone();
      block.otherwise = read_block();
    }
    if (!stands("end")) {
      fail_at(name_, block.at(), "the end of \"{}\" is missing", block.word->name);
    }
    pass_alone();
    --nested_;
  }

  void pass_alone() {
    const Token& first = line_.front();
    if (line_.size() > 2) fail_at(name_, line_[1].at, "{} stands alone on its line", first.text);
    advance();
  }

  const Word* word_here() {
    const Word* const word = find_first_word(line_);
    const bool is_head = word != nullptr && word->group == Group::Head;
    if (is_head && !in_head_) {
      fail_at(name_, line_.front().at, "\"{}\" stands above all other lines", word->name);
    }
    in_head_ = is_head;
    return word != nullptr ? word : equation_here();
  }

  const Word* equation_here() const {
    const Token& second = line_[1];
    if (!second.is("=") && !second.is("|") && !second.is("(")) {
      std::vector<std::string_view> names = names_of(first_words());
      names.insert(names.end(), {"else", "end"});
      fail_at(name_, second.at,
              "= is expected, not {}: a line is KEY = KEY, with blanks, or begins with a word{}",
              second.shown(), suggestion(line_.front().text, names));
    }
    return find_word(first_words(), "=");
  }

  const std::string& name_;
  Tokeniser tokeniser_;
  TokenLine line_;
  int nested_ = 0;
  bool in_head_ = true;  // only first lines have been read
};

}  // namespace

const Word* find_first_word(const TokenLine& line) {
  const Token& first = line.front();
  return first.kind == Token::Kind::Bare ? find_word(first_words(), first.text) : nullptr;
}

std::vector<Statement> read_statements(const MappingText& text) {
  return StatementReader(text).read_all();
}

}  // namespace ckptscope
