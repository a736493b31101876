// Places are found anew for every change: configs are small.
#include "core/base/json_editor.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/base/json_scanner.hpp"

namespace ckptscope {
namespace {

auto find_member(auto& members, std::string_view name) {
  return std::find_if(members.begin(), members.end(),
                      [&](const auto& member) { return member.name == name; });
}

}  // namespace

JsonEditor::JsonEditor(std::string text) : text_(std::move(text)) {
  members();
}

std::vector<JsonEditor::Member> JsonEditor::members() const {
  JsonScanner scan(text_, JsonDialect::Python);
  std::vector<Member> found;
  scan.enter_object();
  std::string_view name;
  std::size_t after = scan.offset();
  for (bool first = true; scan.next_member(first, name); first = false) {
    Member member{std::string(name), text_.find('"', after), 0, 0};
    scan.peek();
    member.value = scan.offset();
    scan.skip_value();
    after = member.end = scan.offset();
    found.push_back(std::move(member));
  }
  scan.finish();
  return found;
}

std::optional<std::string> JsonEditor::value(std::string_view name) const {
  const auto all = members();
  const auto member = find_member(all, name);
  if (member == all.end()) return std::nullopt;
  return text_.substr(member->value, member->end - member->value);
}

void JsonEditor::set(std::string_view name, const std::string& json) {
  const auto all = members();
  if (const auto member = find_member(all, name); member != all.end()) {
    text_.replace(member->value, member->end - member->value, json);
    return;
  }
  const std::size_t open = text_.find('{') + 1;
  const std::string space = all.empty() ? "" : text_.substr(open, all.front().begin - open);
  const std::string member = space + '"' + std::string(name) + "\": " + json;
  text_.insert(all.empty() ? open : all.back().end, all.empty() ? member : "," + member);
}

void JsonEditor::remove(std::string_view name) {
  const auto all = members();
  const auto member = find_member(all, name);
  if (member == all.end()) return;
  const bool last = member + 1 == all.end();
  const std::size_t begin = last && member != all.begin() ? (member - 1)->end : member->begin;
  text_.erase(begin, (last ? member->end : (member + 1)->begin) - begin);
}

std::string json_list(const std::vector<std::string>& texts) {
  return nlohmann::json(texts).dump();
}

}  // namespace ckptscope
