// Decides by the words before the cursor what may follow: verbs, flags, values, files or keys.
#include "app/session/completion.hpp"

#include <algorithm>
#include <array>
#include <filesystem>

#include "core/base/display.hpp"
#include "core/base/natural_order.hpp"

namespace ckptscope {
namespace {

constexpr std::size_t kMost = 200;

class Completion {
 public:
  Completion(Session& session, std::string_view line, std::size_t begin)
      : session_(session), word_(line.substr(begin)) {
    const std::string_view before = line.substr(0, begin);
    const std::size_t start = before.find_last_of(";|>");
    words_ = split(before.substr(start == before.npos ? 0 : start + 1));
    redirects_ = start != before.npos && before[start] == '>' && words_.empty();
  }

  Candidates run() {
    if (redirects_) {
      add_paths();
    } else if (words_.empty()) {
      add_verbs();
    } else {
      add_operands();
    }
    return std::move(result_);
  }

 private:
  void add_operands() {
    const Command* command = find_command(words_.front());
    if (word_.starts_with('-') && command != nullptr) return add_flags(*command);
    if (const Flag* flag = flag_before()) return add_values(*flag);
    switch (command == nullptr ? Operands::Path : operands_of(*command)) {
      case Operands::None:
        return;
      case Operands::Keys:
        return add_names();
      case Operands::Path:
        if (command == find_command("open")) add_recent();
        return add_paths();
      case Operands::Flag:
        return add_settings();
      case Operands::Verb:
        return add_verbs();
    }
  }

  static std::vector<std::string> split(std::string_view text) {
    std::vector<std::string> words;
    while (!text.empty()) {
      const std::size_t begin = text.find_first_not_of(" \t");
      if (begin == text.npos) break;
      const std::size_t end = std::min(text.find_first_of(" \t", begin), text.size());
      words.emplace_back(text.substr(begin, end - begin));
      text.remove_prefix(end);
    }
    return words;
  }

  /// Before anything is typed.
  void add_recent() {
    if (!word_.empty()) return;
    for (const std::string& path : session_.recent()) result_.words.push_back(quoted_word(path));
  }

  /// Names of files, as they are safe to show; directories with the slash behind them.
  void add_paths() {
    namespace fs = std::filesystem;
    const std::string typed = raw_word();
    const std::size_t slash = typed.rfind('/');
    const std::string folder = slash == typed.npos ? "" : typed.substr(0, slash + 1);
    const std::string start = typed.substr(folder.size());
    std::vector<std::string> found;
    std::error_code error;
    fs::directory_iterator at(folder.empty() ? "." : folder, error);
    for (; !error && at != fs::directory_iterator(); at.increment(error)) {
      const fs::directory_entry& entry = *at;
      const std::string name = entry.path().filename().string();
      const bool hidden = name.starts_with('.') && !start.starts_with('.');
      if (hidden || !name.starts_with(start)) continue;
      found.push_back(folder + name + (entry.is_directory(error) ? "/" : ""));
    }
    std::sort(found.begin(), found.end(), natural_less);
    found.resize(std::min(found.size(), kMost));
    for (const std::string& path : found) result_.words.push_back(quoted_word(path));
    result_.complete = found.size() == 1 && !found.front().ends_with('/');
  }

  void add(std::string word) {
    if (word.starts_with(word_) && result_.words.size() < kMost) {
      result_.words.push_back(std::move(word));
    }
  }

  void add_verbs() {
    result_.complete = true;
    for (const Command* command : commands()) add(command->name, command->summary);
    if (!result_.words.empty()) return;
    std::vector<std::string_view> like;
    for (const Command* command : commands()) {
      if (has_letters_in_order(command->name, word_)) like.push_back(command->name);
    }
    if (like.size() == 1) result_.words.emplace_back(like.front());
  }

  static bool has_letters_in_order(std::string_view name, std::string_view letters) {
    constexpr std::size_t kFewest = 2;
    for (const char c : letters) {
      const std::size_t at = name.find(c);
      if (at == name.npos) return false;
      name.remove_prefix(at + 1);
    }
    return letters.size() >= kFewest;
  }

  /// A word that says what it does.
  void add(std::string_view word, std::string_view note) {
    const std::size_t before = result_.words.size();
    add(std::string(word));
    if (result_.words.size() > before) result_.notes.emplace_back(note);
  }

  void add_flags(const Command& command) {
    result_.complete = true;
    for (const Flag& flag : command.flags) add(fmt::format("--{}", flag.name), flag.help);
    for (const Flag& flag : global_flags()) add(fmt::format("--{}", flag.name), flag.help);
  }

  const Flag* flag_before() const {
    const std::string& last = words_.back();
    const Flag* flag = last.starts_with("--") ? find_flag(last.substr(2)) : nullptr;
    return flag != nullptr && !flag->value.empty() ? flag : nullptr;
  }

  void add_values(const Flag& flag) {
    constexpr std::array<std::string_view, 3> kPaths{"DIR", "FILE", "PATH"};
    if (std::find(kPaths.begin(), kPaths.end(), flag.value) != kPaths.end()) return add_paths();
    result_.complete = true;
    for (std::string& value : values_of(flag)) add(std::move(value));
  }

  void add_settings() {
    result_.complete = true;
    for (const Flag& flag : global_flags()) add(std::string(flag.name));
    for (const Command* command : commands()) {
      for (const Flag& flag : command->flags) add(std::string(flag.name));
    }
    std::sort(result_.words.begin(), result_.words.end());
    result_.words.erase(std::unique(result_.words.begin(), result_.words.end()),
                        result_.words.end());
  }

  /// Goes down the tree as far as the word goes, then one segment further.
  void add_names() {
    const NameTree* tree = session_.names();
    if (tree == nullptr) return;
    const std::string typed = raw_word();
    if (!session_.prefix().empty()) {
      offer(*tree, session_.prefix() + "." + typed, session_.prefix().size() + 1);
    }
    if (result_.words.empty()) offer(*tree, typed, 0);
  }

  /// The word as bytes; what is typed so far may end in the middle of a quote.
  std::string raw_word() const {
    for (const char* closing : {"", "\"", "'"}) {
      try {
        const auto steps = parse_steps(std::string(word_) + closing);
        if (steps.empty()) return "";
        return steps.front().words.size() == 1 ? steps.front().words.front() : "";
      } catch (const Error&) {
        continue;
      }
    }
    return std::string(word_);
  }

  /// `skip` bytes of every name are the session's prefix, which nobody types.
  void offer(const NameTree& tree, std::string_view wanted, std::size_t skip) {
    const auto nodes = tree.nodes();
    std::uint32_t node = 0;
    std::string path;  // of `node`, with the dot behind it
    std::string_view rest = wanted;
    for (;;) {
      const auto next = child_below(nodes, node, rest);
      if (next == NameTree::kNoNode) break;
      path += std::string(nodes[next].name) + ".";
      rest.remove_prefix(nodes[next].name.size() + 1);
      node = next;
    }
    for (std::uint32_t k = 0; k < nodes[node].child_count; ++k) {
      const NameTree::Node& child = nodes[nodes[node].first_child + k];
      if (!child.name.starts_with(rest)) continue;
      const std::size_t dot = child.name.find('.', rest.size());
      const bool goes_on = dot != child.name.npos || child.child_count > 0;
      const std::string name = path + std::string(child.name.substr(0, dot)) + (goes_on ? "." : "");
      if (result_.words.size() == kMost) return;
      result_.words.push_back(quoted_word(std::string_view(name).substr(skip)));
      result_.complete = !goes_on;
    }
  }

  static std::uint32_t child_below(std::span<const NameTree::Node> nodes, std::uint32_t node,
                                   std::string_view rest) {
    for (std::uint32_t k = 0; k < nodes[node].child_count; ++k) {
      const std::uint32_t number = nodes[node].first_child + k;
      const std::string_view name = nodes[number].name;
      const bool inside = rest.size() > name.size() && rest[name.size()] == '.' &&
                          rest.starts_with(name) && nodes[number].child_count > 0;
      if (inside) return number;
    }
    return NameTree::kNoNode;
  }

  Session& session_;
  std::string_view word_;
  std::vector<std::string> words_;  // before it, of the same command
  bool redirects_ = false;
  Candidates result_;
};

}  // namespace

Candidates complete(Session& session, std::string_view line, std::size_t begin) {
  return Completion(session, line, begin).run();
}

}  // namespace ckptscope
