// The names of keys in a script, and a loop that feeds them to the engine and waits where it says.
#include "app/tui/key_script.hpp"

#include <unistd.h>

#include <algorithm>
#include <set>

#include "app/terminal/signals.hpp"
#include "app/tui/engine.hpp"
#include "app/tui/mouse.hpp"
#include "core/base/bytes.hpp"
#include "core/base/display.hpp"

namespace ckptscope {
namespace {

bool is_known_key(const std::string& key) {
  static const std::set<std::string> kNames{
      "<Enter>",  "<Esc>",   "<Tab>",  "<S-Tab>", "<Space>",    "<Up>",     "<Down>",
      "<Left>",   "<Right>", "<Home>", "<End>",   "<PageDown>", "<PageUp>", "<Backspace>",
      "<Delete>", "<F1>",    "<lt>",   "<gt>",    "<wait>",     "<dump>"};
  return kNames.contains(key) || is_mouse(key) || (key.size() == 5 && key.starts_with("<C-"));
}

std::vector<std::string> keys_of(const std::string& script) {
  std::vector<std::string> keys;
  std::string_view rest = script;
  while (!rest.empty()) {
    std::size_t bytes = 1;
    if (rest.front() == '<') {
      const std::size_t end = rest.find('>');
      if (end == rest.npos) fail(Code::Usage, "keys: a key begins with < and does not end; <lt>");
      bytes = end + 1;
    } else {
      while (bytes < rest.size() && (static_cast<unsigned char>(rest[bytes]) & 0xC0) == 0x80)
        ++bytes;
    }
    const std::string key(rest.substr(0, bytes));
    if (key.size() > 1 && key.front() == '<' && !is_known_key(key)) {
      fail(Code::Usage, "keys: there is no key {}", display(key));
    }
    if (key != "\n")
      keys.push_back(key == " " ? "<Space>" : key == "<lt>" ? "<" : key == "<gt>" ? ">" : key);
    rest.remove_prefix(bytes);
  }
  return keys;
}

/// Until nothing runs, or something asks.
void settle(Engine& engine) {
  for (;;) {
    const bool idle = engine.idle();  // asked first: what it posted before is there then
    const bool any = engine.take();
    if (idle && !any) break;
    if (engine.state().prompt && engine.state().prompt->kind == PromptKind::Question) break;
    if (stop_signal() != 0) fail(Code::Interrupted, "stopped");
    if (!any) ::usleep(500);
  }
  engine.tick();
}

}  // namespace

std::string run_key_script(const std::string& path, const Args& args, const std::string& script,
                           Size size) {
  Engine engine(path, args, nullptr);
  engine.state().size = size;
  engine.state().ascii = args.has("ascii");
  engine.state().hides_figures = true;
  const std::vector<std::string> keys = keys_of(script);
  engine.begin();
  settle(engine);
  std::string screens;
  for (const std::string& key : keys) {
    if (engine.over()) break;
    if (key == "<wait>") {
      settle(engine);
    } else if (key == "<dump>") {
      screens += draw(engine.state()).to_text();
    } else {
      engine.handle(KeyPressed{key});
    }
  }
  settle(engine);
  return screens + (engine.over() ? "" : draw(engine.state()).to_text());
}

Size parse_size(const std::string& text) {
  constexpr std::uint64_t kMost = 1000;
  const std::size_t cross = std::min(text.find('x'), text.size());
  const auto columns = parse_number(std::string_view(text).substr(0, cross));
  const auto rows = parse_number(std::string_view(text).substr(std::min(cross + 1, text.size())));
  const auto fits = [](const auto& one) { return one && *one > 0 && *one <= kMost; };
  if (!fits(columns) || !fits(rows)) {
    fail(Code::Usage, "--screen {}: COLUMNSxROWS is expected, like {}", display(text),
         find_flag("screen")->fallback);
  }
  return {.rows = static_cast<int>(*rows), .columns = static_cast<int>(*columns)};
}

}  // namespace ckptscope
