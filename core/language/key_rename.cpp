// A rename is a line with a form of its own.
#include "core/language/family_text.hpp"
#include "core/language/line_reader.hpp"
#include "core/mapping/laws.hpp"

namespace ckptscope {

KeyRename read_rename(const MappingText& text) {
  static const std::vector<Form> kForm = read_form("FROM -> TO");
  const Config config;
  const MappingOptions options;
  const Surroundings surroundings{config, options};
  const Scope scope;
  Tokeniser tokeniser(text);
  TokenLine line;
  if (!tokeniser.next(line)) fail_at(text.name, {}, "'LEFT -> RIGHT' is expected");
  LineReader reader(text.name, line, surroundings, scope);
  LineFields fields;
  reader.read(kForm, fields);
  reader.expect_end();
  if (TokenLine more; tokeniser.next(more)) {
    fail_at(text.name, more.front().at, "one line is expected: 'LEFT -> RIGHT'");
  }
  KeyRename rename{fields["FROM"].text, fields["TO"].text};
  std::string fault = find_unknown(rename.to, rename.from);
  if (fault.empty()) fault = bind_sets(rename.from, rename.to);
  if (!fault.empty()) fail_at(text.name, fields["TO"].at, "{}", display(fault));
  return rename;
}

}  // namespace ckptscope
