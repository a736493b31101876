// The first lines of a family's text. All texts are read so far whenever a checkpoint is
// recognised, which is why reading stops at the first other line.
#include <filesystem>
#include <stdexcept>

#include "core/mapping/family_text.hpp"
#include "core/mapping/value_reader.hpp"
#include "core/mapping/words.hpp"

namespace ckptscope {
namespace {

FamilyHead::Signature take_signature(TokenCursor& cursor) {
  FamilyHead::Signature signature;
  while (!cursor.at_end()) {
    const bool absent = cursor.peek().text.starts_with('!');
    const Position at = cursor.peek().at;
    std::string text = cursor.take_text("a key");
    try {
      (absent ? signature.absent : signature.present)
          .emplace_back(std::string_view(text).substr(absent ? 1 : 0));
    } catch (const std::invalid_argument& error) {
      fail_at(cursor.name(), at, "{}", error.what());
    }
  }
  if (signature.present.empty()) cursor.fail_expected("a key");
  return signature;
}

FamilySetting take_setting(TokenCursor& cursor) {
  const std::string text = cursor.take_text("a setting");
  const std::size_t equals = text.find('=');
  FamilySetting setting{text.substr(0, equals)};
  if (equals != text.npos) {
    setting.choices = split_choices(std::string_view(text).substr(equals + 1));
  }
  return setting;
}

/// The rest of a `config` line, behind its word.
TokenLine value_of(const TokenLine& line) {
  return {line.begin() + 1, line.end()};
}

/// Refuses a value that is none; what it comes to without a config says nothing.
void check_value(const std::string& name, const TokenLine& value) {
  TokenCursor cursor(name, value);
  read_quantity(cursor, {Config(), MappingOptions(), true}, {});
  cursor.expect_end();
}

/// ".model_type == \"hy_v3\"" as "model_type hy_v3".
std::string spoken(const TokenLine& value) {
  std::string text;
  for (const Token& token : value) {
    if (token.kind == Token::Kind::End || token.is("==")) continue;
    const bool path = token.kind == Token::Kind::Bare && token.text.starts_with('.');
    text += (text.empty() ? "" : " ") + display(token.text.substr(path ? 1 : 0));
  }
  return text;
}

void take_line(TokenCursor& cursor, const TokenLine& line, FamilyHead& head) {
  const std::string word = cursor.take().text;
  if (word == "family") {
    head.id = cursor.take_name("the name of the family");
    head.summary = cursor.take_text("what it is, in quotes");
  } else if (word == "config") {
    check_value(cursor.name(), head.config.emplace_back(value_of(line)));
    return;
  } else if (word == "keys") {
    head.keys.push_back(take_signature(cursor));
  } else if (word == "layout") {
    NativeLayout& layout = head.layouts.emplace_back();
    layout.name = cursor.take_name("the name of the layout");
    if (!cursor.at_end()) layout.marker = cursor.take_text("a start of keys");
  } else if (word == "settings") {
    while (!cursor.at_end()) head.settings.push_back(take_setting(cursor));
  } else if (word == "dtype") {
    const auto dtype = parse_dtype(cursor.peek().text);
    if (!is_output_dtype(dtype)) cursor.fail_expected("bf16, f16 or f32");
    head.dtype = *dtype;
    cursor.take();
  } else {
    cursor.take_name("the name of a rule");
  }
  cursor.expect_end();
}

}  // namespace

FamilyHead read_head(const MappingText& text) {
  FamilyHead head;
  head.id = std::filesystem::path(text.name).stem().string();
  Tokeniser tokeniser(text);
  for (TokenLine line; tokeniser.next(line);) {
    const Token& first = line.front();
    if (first.kind != Token::Kind::Bare || find_word(Word::Group::Head, first.text) == nullptr)
      break;
    TokenCursor cursor(text.name, line);
    take_line(cursor, line, head);
  }
  if (head.layouts.empty()) head.layouts.push_back({"automodel"});
  return head;
}

std::string named_by(const FamilyHead& head, const Config& config) {
  const MappingOptions none;
  for (const TokenLine& line : head.config) {
    TokenCursor cursor(head.id, line);
    if (read_quantity(cursor, {config, none, true}, {}).holds()) return spoken(line);
  }
  return "";
}

std::vector<std::string> config_lines(const FamilyHead& head) {
  std::vector<std::string> lines;
  for (const TokenLine& line : head.config) lines.push_back(spoken(line));
  return lines;
}

}  // namespace ckptscope
