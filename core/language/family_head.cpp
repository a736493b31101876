// The first lines of a family's text. All texts are read so far whenever a checkpoint is
// recognised, which is why reading stops at the first other line.
#include <filesystem>
#include <set>

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

class HeadReader {
 public:
  explicit HeadReader(const std::string& file) : file_(file) {
    head_.id = std::filesystem::path(file).stem().string();
  }

  void take(const TokenLine& line) {
    const LineFields says = fields_of(file_, line, {});
    const Position& at = line.front().at;
    if (says.has("family")) {
      once("family", at);
      head_.id = says["NAME"].text;
      head_.summary = says["SUMMARY"].text;
    } else if (says.has("config")) {
      head_.config.push_back(line);
    } else if (says.has("keys")) {
      head_.keys.push_back(signature_of(says));
      if (head_.keys.back().present.empty()) fail_at(file_, at, "a key without ! is expected");
    } else if (says.has("layout")) {
      once("layout " + says["NAME"].text, says["NAME"].at);
      head_.layouts.push_back({says["NAME"].text, says["START"].text});
    } else if (says.has("settings")) {
      for (const LineFields& one : says.repeated) take_setting(one["SETTING"]);
    } else if (says.has("dtype")) {
      once("dtype", at);
      head_.dtype = *parse_dtype(says["DTYPE"].text);
    }
  }

  FamilyHead head() {
    if (head_.layouts.empty()) head_.layouts.push_back({"automodel"});
    return std::move(head_);
  }

 private:
  void take_setting(const LineField& field) {
    FamilySetting setting = setting_of(field.text);
    once("setting " + setting.name, field.at);
    head_.settings.push_back(std::move(setting));
  }

  /// Of two the last one would hold, unseen.
  void once(const std::string& what, const Position& at) {
    if (!said_.insert(what).second) fail_at(file_, at, "{} is said twice", display(what));
  }

  const std::string& file_;
  FamilyHead head_;
  std::set<std::string> said_;
};

}  // namespace

FamilyHead read_head(const MappingText& text) {
  HeadReader reader(text.name);
  Tokeniser tokeniser(text);
  for (TokenLine line; tokeniser.next(line) && is_head(line);) reader.take(line);
  return reader.head();
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
