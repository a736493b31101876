// The first lines of a family's text. All texts are read so far whenever a checkpoint is
// recognised, which is why reading stops at the first other line.
#include <filesystem>

#include "core/language/family_text.hpp"
#include "core/language/line_reader.hpp"
#include "core/language/statements.hpp"

namespace ckptscope {
namespace {

bool is_head(const TokenLine& line) {
  const Word* const word = find_first_word(line);
  return word != nullptr && word->group == Word::Group::Head;
}

/// What a first line says, for this config.
LineFields fields_of(const std::string& file, const TokenLine& line, const Config& config) {
  const MappingOptions options;
  const Surroundings surroundings{config, options, /*exact=*/true};
  const Scope names;
  LineReader reader(file, line, surroundings, names);
  LineFields fields = reader.read(*find_first_word(line));
  reader.expect_end();
  return fields;
}

FamilyHead::Signature signature_of(const LineFields& fields) {
  FamilyHead::Signature signature;
  for (const LineFields& one : fields.repeated) {
    const std::string_view key = one["KEY"].text;
    const bool absent = key.starts_with('!');
    (absent ? signature.absent : signature.present).emplace_back(key.substr(absent ? 1 : 0));
  }
  return signature;
}

FamilySetting setting_of(const std::string& text) {
  const std::size_t equals = text.find('=');
  FamilySetting setting{text.substr(0, equals)};
  if (equals != text.npos) setting.choices = split_choices(text.substr(equals + 1));
  return setting;
}

/// ".model_type == \"hy_v3\"" of a `config` line as "model_type hy_v3".
std::string spoken(const TokenLine& line) {
  std::string text;
  for (const Token& token : std::span(line).subspan(1)) {
    if (token.kind == Token::Kind::End || token.is("==")) continue;
    const bool path = token.kind == Token::Kind::Bare && token.text.starts_with('.');
    text += (text.empty() ? "" : " ") + display(token.text.substr(path ? 1 : 0));
  }
  return text;
}

void take_line(const LineFields& says, const TokenLine& line, FamilyHead& head) {
  if (says.has("family")) {
    head.id = says["NAME"].text;
    head.summary = says["SUMMARY"].text;
  } else if (says.has("config")) {
    head.config.push_back(line);
  } else if (says.has("keys")) {
    head.keys.push_back(signature_of(says));
  } else if (says.has("layout")) {
    head.layouts.push_back({says["NAME"].text, says["START"].text});
  } else if (says.has("settings")) {
    for (const LineFields& one : says.repeated)
      head.settings.push_back(setting_of(one["SETTING"].text));
  } else if (says.has("dtype")) {
    head.dtype = *parse_dtype(says["DTYPE"].text);
  }
}

}  // namespace

FamilyHead read_head(const MappingText& text) {
  FamilyHead head;
  head.id = std::filesystem::path(text.name).stem().string();
  Tokeniser tokeniser(text);
  for (TokenLine line; tokeniser.next(line) && is_head(line);) {
    take_line(fields_of(text.name, line, {}), line, head);
    if (!head.keys.empty() && head.keys.back().present.empty()) {
      fail_at(text.name, line.front().at, "a key without ! is expected");
    }
  }
  if (head.layouts.empty()) head.layouts.push_back({"automodel"});
  return head;
}

std::string named_by(const FamilyHead& head, const Config& config) {
  for (const TokenLine& line : head.config) {
    if (fields_of(head.id, line, config)["VALUE"].value.holds()) return spoken(line);
  }
  return "";
}

std::vector<std::string> config_lines(const FamilyHead& head) {
  std::vector<std::string> lines;
  for (const TokenLine& line : head.config) lines.push_back(spoken(line));
  return lines;
}

}  // namespace ckptscope
