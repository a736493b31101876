// A JSON object as text, whose members are set and removed in place: what nobody asked to change
// stays as it was written, byte for byte.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ckptscope {

class JsonEditor {
 public:
  /// `text` is one JSON object, as Python's json module reads it, without a name that stands twice
  /// at its top; throws BadJson otherwise.
  explicit JsonEditor(std::string text);

  /// The text of a member's value; nullopt without that member.
  std::optional<std::string> value(std::string_view name) const;
  /// The value becomes `json`, a value on one or more lines; a new member comes last, laid out as
  /// the first one is.
  void set(std::string_view name, const std::string& json);
  void remove(std::string_view name);

  const std::string& text() const { return text_; }

 private:
  struct Member {
    std::string name;
    std::size_t begin;  // of the name, at its quote
    std::size_t value;
    std::size_t end;  // of the value
  };
  std::vector<Member> members() const;

  std::string text_;
};

/// Texts as a JSON array, on one line.
std::string json_list(const std::vector<std::string>& texts);

}  // namespace ckptscope
