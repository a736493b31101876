// A value is computed as it is read.
#include <array>

#include "core/language/line_reader.hpp"

namespace ckptscope {
namespace {

/// From the weakest on; those of one line are equally strong.
constexpr std::array<std::array<std::string_view, 6>, 6> kOperators{
    {{"or"}, {"and"}, {"==", "!=", "<", "<=", ">", ">="}, {"+", "-"}, {"*", "/"}, {"??"}}};
constexpr std::size_t kComparison = 2;  // `not` stands below these
constexpr int kMostParentheses = 200;

class ValueReader {
 public:
  explicit ValueReader(LineReader& line) : line_(line), surroundings_(line.surroundings()) {}

  /// Operators that bind at least as strongly, from the left.
  Quantity value(std::size_t strength = 0) {
    if (strength == kOperators.size()) return atom();
    if (strength == kComparison && line_.peek().is("not")) {
      bool odd = false;
      while (line_.accept("not")) odd = !odd;
      return {{value(kComparison).holds() != odd}};
    }
    Quantity left = value(strength + 1);
    for (std::string_view op = accept_operator(strength); !op.empty();) {
      left = apply(op, std::move(left), value(strength + 1));
      op = strength == kComparison ? "" : accept_operator(strength);  // a < b < c is none
    }
    return left;
  }

 private:
  std::string_view accept_operator(std::size_t strength) {
    for (const std::string_view op : kOperators[strength]) {
      if (!op.empty() && line_.accept(op)) return op;
    }
    return "";
  }

  Quantity atom() {
    const Token& token = line_.peek();
    if (line_.accept("(")) return in_parentheses();
    if (line_.accept("has")) return {{surroundings_.config.has(path(), surroundings_.exact)}};
    if (line_.accept("length")) return surroundings_.length(path());
    if (line_.accept("layout")) return {{surroundings_.options.layout}};
    if (line_.accept("true")) return {{true}};
    if (line_.accept("false")) return {{false}};
    if (token.is_quoted()) return {{line_.take().text}};
    if (token.kind != Token::Kind::Bare) line_.fail_expected("a value");
    if (token.text.starts_with('.')) return surroundings_.of_config(path());
    if (token.text.starts_with("set.")) return surroundings_.setting(line_.take().text.substr(4));
    return number_or_name();
  }

  Quantity in_parentheses() {
    if (++nested_ > kMostParentheses) line_.fail("more than {} parentheses", kMostParentheses);
    Quantity inside = value();
    line_.expect(")");
    return inside;
  }

  /// ".model_type" as Config has paths: without the first dot.
  std::string path() {
    const Token& token = line_.peek();
    if (token.kind != Token::Kind::Bare || token.text.size() < 2 || token.text.front() != '.') {
      line_.fail_expected("a path into config.json, .NAME,");
    }
    return line_.take().text.substr(1);
  }

  Quantity number_or_name() {
    const std::string& text = line_.peek().text;
    const Quantity number = number_in(text);
    const Quantity* const bound = line_.scope().value(text);
    if (!number.known() && bound == nullptr) {
      line_.fail(
          "\"{}\" is no value: nothing is bound to that name; a path into config.json begins "
          "with a dot",
          display(text));
    }
    line_.take();
    return number.known() ? number : *bound;
  }

  LineReader& line_;
  const Surroundings& surroundings_;
  int nested_ = 0;
};

}  // namespace

Quantity LineReader::value() {
  return ValueReader(*this).value();
}

}  // namespace ckptscope
