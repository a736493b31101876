#include "app/tui/page.hpp"

#include <algorithm>

#include "core/bytes.hpp"
#include "views/text_renderer.hpp"

namespace ckptscope {
namespace {

constexpr std::size_t kMostLines = 20'000;

}  // namespace

std::vector<PageLine> page_of(const Document& document) {
  std::vector<PageLine> lines;
  std::size_t left_out = 0;
  render_text(document, {.terminal = true}, [&](std::string_view line) {
    if (lines.size() == kMostLines) {
      ++left_out;
      return;
    }
    line.remove_suffix(line.ends_with('\n') ? 1 : 0);
    const Role role = line.starts_with("VERIFIED") || line.starts_with("EQUAL")      ? Role::Good
                      : line.starts_with("DIFFERENT") || line.starts_with("  error") ? Role::Defect
                                                                                     : Role::Plain;
    lines.push_back({std::string(line), role});
  });
  if (left_out > 0) {
    lines.push_back({"… " + counted(left_out, "line") + " more; > FILE writes all", Role::Notice});
  }
  return lines;
}

std::vector<PageLine> page_of(std::string_view text) {
  std::vector<PageLine> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back({std::string(text.substr(0, end))});
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

}  // namespace ckptscope
