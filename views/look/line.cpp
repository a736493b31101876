// Cells are what a terminal counts; bytes are what a string counts.
#include "views/look/line.hpp"

#include <algorithm>

#include "core/base/display.hpp"

namespace ckptscope {

Line& Line::add(std::string text, Role role) {
  if (!spans.empty() && spans.back().role == role) {
    spans.back().text += text;
  } else if (!text.empty()) {
    spans.push_back({std::move(text), role});
  }
  return *this;
}

Line& Line::append(const Line& other) {
  for (const Span& span : other.spans) add(span.text, span.role);
  return *this;
}

Line& Line::pad_to(std::size_t column) {
  const std::size_t at = width();
  return at == column ? *this : add(std::string(at < column ? column - at : 1, ' '));
}

Line& Line::trim() {
  while (!spans.empty()) {
    std::string& last = spans.back().text;
    last.erase(last.find_last_not_of(' ') + 1);
    if (!last.empty()) break;
    spans.pop_back();
  }
  return *this;
}

std::string Line::text() const {
  std::string all;
  for (const Span& span : spans) all += span.text;
  return all;
}

std::size_t Line::width() const {
  std::size_t cells = 0;
  for (const Span& span : spans) cells += display_width(span.text);
  return cells;
}

int width_of(std::string_view text) {
  return static_cast<int>(display_width(text));
}

std::size_t character_bytes(std::string_view text) {
  const auto first = static_cast<unsigned char>(text.front());
  const std::size_t bytes = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  return std::min(bytes, text.size());
}

std::size_t bytes_that_fit(std::string_view text, std::size_t cells) {
  std::size_t bytes = 0;
  while (bytes < text.size()) {
    const std::string_view character = text.substr(bytes, character_bytes(text.substr(bytes)));
    const std::size_t width = character.size() == 1 ? 1 : display_width(character);
    if (width > cells) break;
    cells -= width;
    bytes += character.size();
  }
  return bytes;
}

namespace {

/// Where a line that holds `fits` bytes of `text` ends best.
std::size_t break_in(std::string_view text, std::size_t fits) {
  if (fits >= text.size()) return text.size();
  const std::size_t blank = text.rfind(' ', fits);
  if (blank != text.npos && blank > 0) return blank;
  for (const char* marks : {".", "/_-"}) {
    const std::size_t mark = text.find_last_of(marks, fits - 1);
    if (mark != text.npos && mark >= fits / 3) return mark + 1;
  }
  return fits;
}

}  // namespace

std::vector<std::string> wrapped(std::string_view text, int columns) {
  std::vector<std::string> lines;
  const auto width = static_cast<std::size_t>(std::max(8, columns));
  while (!text.empty()) {
    const std::size_t cut = break_in(text, std::max<std::size_t>(1, bytes_that_fit(text, width)));
    lines.emplace_back(text.substr(0, cut));
    text.remove_prefix(cut);
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  }
  return lines;
}

std::string fitted(std::string_view text, int columns) {
  if (columns <= 0) return "";
  return elide_middle(text, static_cast<std::size_t>(columns));
}

std::string fitted_key(std::string_view key, int columns) {
  if (width_of(key) <= columns) return std::string(key);
  std::string from_layer;  // "…3.mlp.experts.17.up_proj.weight"
  std::string numbers;     // "…3…17.up_proj.weight"
  for (std::size_t at = 0; at < key.size();) {
    const std::size_t end = std::min(key.find('.', at), key.size());
    const std::string_view segment = key.substr(at, end - at);
    const bool number = !segment.empty() && segment.find_first_not_of("0123456789") == segment.npos;
    if (number && from_layer.empty()) from_layer = "…" + std::string(key.substr(at));
    if (number && key.find_first_of("0123456789", end) != key.npos) {
      numbers += "…" + std::string(segment);
    } else if (number) {
      numbers += "…" + std::string(key.substr(at));
      break;
    }
    at = end + 1;
  }
  for (const std::string& shorter : {from_layer, numbers}) {
    if (!shorter.empty() && width_of(shorter) <= columns) return shorter;
  }
  return fitted(numbers.empty() ? key : std::string_view(numbers), columns);
}

}  // namespace ckptscope
