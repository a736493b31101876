// A line becomes steps in one pass, a character at a time.
#include "app/language/words.hpp"

#include <fmt/format.h>

#include "core/base/display.hpp"
#include "core/base/error.hpp"

namespace ckptscope {
namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

class Reader {
 public:
  explicit Reader(std::string_view line) : line_(line) {}

  std::vector<Step> run() {
    std::vector<Step> steps;
    Step step;
    const auto finish = [&] {
      if (step.words.empty() && !(step.file.empty() && step.pipe.empty())) {
        fail(Code::Usage, "there is no command before > or |");
      }
      if (!step.words.empty()) steps.push_back(std::move(step));
      step = {};
    };
    for (;;) {
      skip_blanks();
      if (at_end() || peek() == '#') break;
      const char c = peek();
      if (c == ';') {
        ++at_;
        finish();
      } else if (c == '>') {
        ++at_;
        step.append = !at_end() && peek() == '>';
        if (step.append) ++at_;
        skip_blanks();
        step.file = at_end() ? "" : word();
        if (step.file.empty()) fail(Code::Usage, "the file name behind > is missing");
      } else if (c == '|') {
        step.pipe = line_.substr(at_ + 1);
        at_ = line_.size();
        if (step.pipe.find_first_not_of(" \t") == std::string::npos) {
          fail(Code::Usage, "the command behind | is missing");
        }
      } else {
        step.words.push_back(word());
      }
    }
    finish();
    return steps;
  }

 private:
  bool at_end() const { return at_ == line_.size(); }
  char peek() const { return line_[at_]; }
  void skip_blanks() {
    while (!at_end() && is_blank(peek())) ++at_;
  }

  std::string word() {
    std::string text;
    while (!at_end() && !is_blank(peek())) {
      const char c = peek();
      if (c == ';' || c == '|') break;  // > inside a word compares: bytes>1GB
      if (c == '\'') {
        literal(text);
      } else if (c == '"') {
        escaped(text);
      } else if (c == '\\') {
        escape(text);
      } else {
        text += c;
        ++at_;
      }
    }
    return text;
  }

  void literal(std::string& text) {
    const std::size_t end = line_.find('\'', ++at_);
    if (end == line_.npos) fail(Code::Usage, "a ' is not closed");
    text += line_.substr(at_, end - at_);
    at_ = end + 1;
  }

  void escaped(std::string& text) {
    for (++at_; !at_end() && peek() != '"';) {
      if (peek() == '\\') {
        escape(text);
      } else {
        text += line_[at_++];
      }
    }
    if (at_end()) fail(Code::Usage, "a \" is not closed");
    ++at_;
  }

  void escape(std::string& text) { at_ = read_escape(line_, at_, text); }

  std::string_view line_;
  std::size_t at_ = 0;
};

}  // namespace

std::vector<Step> parse_steps(std::string_view line) {
  return Reader(line).run();
}

std::string quoted_word(std::string_view text) {
  std::string shown = display(text);
  const bool plain = !shown.empty() && shown.front() != '#' &&
                     shown.find_first_of(" \t'\";>|") == std::string::npos;
  if (plain) return shown;
  std::string word = "\"";
  for (const char c : shown) {
    if (c == '"') word += '\\';
    word += c;
  }
  return word + "\"";
}

std::string shell_path(std::string_view path) {
  return shell_word(path.starts_with('-') ? "./" + std::string(path) : std::string(path));
}

}  // namespace ckptscope
