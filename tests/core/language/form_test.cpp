// Forms of words: how they are taken apart, and what that means for a line.

#include "core/language/form.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "core/language/line_reader.hpp"

namespace ckptscope::testing {
namespace {

/// Slots in < >, what may be left out in ( )?, what repeats in ( )+ or, by commas, in ( ),+.
std::string structure_of(const std::vector<Form>& forms) {
  std::string text;
  for (const Form& form : forms) {
    if (!text.empty()) text += " ";
    if (form.kind == Form::Kind::One) {
      std::vector<std::string> choices = form.words;
      if (!form.slot.empty()) choices.push_back("<" + form.slot + ">");
      text += fmt::format("{}", fmt::join(choices, "|"));
    } else {
      const bool optional = form.kind == Form::Kind::Optional;
      text += "(" + structure_of(form.inner) + ")" + (form.by_comma ? "," : "") +
              (optional ? "?" : "+");
    }
  }
  return text;
}

TEST(Form, IsTakenApart) {
  struct Row {
    const char* form;
    const char* structure;
  };
  const Row rows[] = {
      {"pass KEY", "pass <KEY>"},
      {"a =|->|<- B", "a =|->|<- <B>"},
      {"as DTYPE|output", "as output|<DTYPE>"},
      {"drop [native] \"REASON\" KEY [where N < VALUE]",
       "drop (native)? <REASON> <KEY> (where <N> < <VALUE>)?"},
      {"except TEXT ...", "except (<TEXT>)+"},
      {"cat(DIM, X [: SIZE], ...)", "cat ( <DIM> , (<X> (: <SIZE>)?),+ )"},
      {"define NAME([PARAMETER [= KEY], ...])", "define <NAME> ( ((<PARAMETER> (= <KEY>)?),+)? )"},
  };
  for (const Row& row : rows) EXPECT_EQ(structure_of(read_form(row.form)), row.structure);
}

/// What a line says by a form, or what is wrong with it.
std::string said_by(const char* form, const std::string& text) {
  const Config config;
  const MappingOptions options;
  const Surroundings surroundings{config, options};
  const Scope scope;
  const MappingText mapping{"m", text};
  TokenLine line;
  Tokeniser(mapping).next(line);
  LineReader reader(mapping.name, line, surroundings, scope);
  static std::map<std::string, std::vector<Form>> forms;  // names of fields point into them
  LineFields fields;
  try {
    reader.read(forms.try_emplace(form, read_form(form)).first->second, fields);
    reader.expect_end();
  } catch (const Error& error) {
    return error.what();
  }
  std::string said;
  for (const char* name : {"a", "b", "NAME", "KEY", "VALUE"}) {
    if (fields.has(name)) said += fmt::format("{}={} ", name, fields[name].text);
  }
  for (const LineFields& one : fields.repeated) said += "[" + one["KEY"].text + "]";
  return said;
}

TEST(Form, ReadsALine) {
  struct Row {
    const char* form;
    const char* text;
    const char* said;
  };
  const Row rows[] = {
      {"x NAME", "x y", "NAME=y "},
      {"x NAME", "x", "m:1:2: NAME is expected, not the end of the line"},
      {"x NAME", "x y z", "m:1:5: the end of the line is expected, not \"z\""},
      {"x a|b", "x b", "b=b "},
      {"x a|b", "x c", "m:1:3: a or b is expected, not \"c\""},
      {"x [a] [b KEY] NAME", "x b k a n", "a=a b=b NAME=n KEY=k "},
      {"x [a] [b KEY] NAME", "x n", "NAME=n "},
      {"x [a] NAME", "x a a", "a=a NAME=a "},
      {"x [a VALUE]", "x a 1 a 2", "m:1:7: the end of the line is expected, not \"a\""},
      {"x KEY ...", "x k l", "[k][l]"},
      {"x KEY ...", "x", "m:1:2: a key is expected, not the end of the line"},
      {"x([KEY, ...])", "x()", ""},
      {"x([KEY, ...])", "x(k, l)", "[k][l]"},
      {"x([KEY, ...])", "x(k,)", "m:1:5: a key is expected, not \")\""},
      {"x(KEY, ...)", "x()", "m:1:3: a key is expected, not \")\""},
  };
  for (const Row& row : rows) EXPECT_EQ(said_by(row.form, row.text), row.said) << row.text;
}

}  // namespace
}  // namespace ckptscope::testing
