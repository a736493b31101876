#include "app/session.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <numeric>

#include "app/parse_args.hpp"
#include "app/run_command.hpp"
#include "app/signals.hpp"
#include "app/terminal_output.hpp"
#include "core/display.hpp"
#include "core/file.hpp"

namespace ckptscope {
namespace {

constexpr int kDeepestScript = 16;
constexpr std::uint64_t kMaxScriptBytes = 64'000'000;

using FilePtr = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

/// An open stream as an outlet; close() tells whether everything arrived.
class StreamOutlet {
 public:
  StreamOutlet(std::FILE* file, int (*closer)(std::FILE*), std::string name)
      : file_(file, closer), name_(std::move(name)) {
    if (!file_) fail_errno(display(name_));
  }
  Outlet outlet() {
    return {
        [this](std::string_view text) { std::fwrite(text.data(), 1, text.size(), file_.get()); },
        false};
  }
  /// A reader that has seen enough (`| head`) is no failure.
  void close(bool may_break) {
    const bool good = std::ferror(file_.get()) == 0 && std::fflush(file_.get()) == 0;
    const int error = errno;
    const auto closer = file_.get_deleter();
    const int closed = closer(file_.release());
    if (may_break || (good && closed == 0)) return;
    errno = error;
    fail_errno(fmt::format("writing {}", display(name_)));
  }

 private:
  FilePtr file_;
  std::string name_;
};

std::string read_stdin() {
  return {std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>()};
}

/// A word that names keys, not an attribute, a regex or a glob from the root.
bool is_key_word(std::string_view word) {
  if (word.starts_with('!')) word.remove_prefix(1);
  return !word.empty() && word.front() != '/' && word.find_first_of("=<>") == word.npos;
}

bool takes_keys(const Command& command) {
  constexpr std::array<std::string_view, 5> kVerbs{"ls", "tree", "show", "map", "stat"};
  return std::find(kVerbs.begin(), kVerbs.end(), command.name) != kVerbs.end();
}

}  // namespace

void Session::open(const std::string& path) {
  checkpoint_ =
      std::make_shared<const Checkpoint>(Checkpoint::open(path, {defaults_.text("config")}));
  names_.reset();
  prefix_.clear();
}

void Session::close() {
  checkpoint_.reset();
  names_.reset();
  prefix_.clear();
}

const NameTree* Session::names() {
  if (!checkpoint_) return nullptr;
  if (!names_) {
    std::vector<std::uint32_t> ids(checkpoint_->tensors().size());
    std::iota(ids.begin(), ids.end(), 0u);
    names_.emplace(checkpoint_->tensors(), ids);
  }
  return &*names_;
}

void Session::change_prefix(const std::string& to) {
  if (!checkpoint_) fail(Code::Usage, "cd: nothing is open; open PATH opens a checkpoint");
  if (to.empty() || to == "/") {
    prefix_.clear();
    return;
  }
  if (to == "..") {
    const auto dot = prefix_.rfind('.');
    prefix_.erase(dot == prefix_.npos ? 0 : dot);
    return;
  }
  std::string wanted = prefix_.empty() ? to : prefix_ + "." + to;
  while (wanted.ends_with('.')) wanted.pop_back();
  const auto tensors = checkpoint_->tensors();
  const bool exists = std::any_of(tensors.begin(), tensors.end(), [&](const TensorInfo& info) {
    return info.name.size() > wanted.size() && info.name.starts_with(wanted) &&
           info.name[wanted.size()] == '.';
  });
  if (!exists) fail(Code::NoMatch, "cd: no key begins with {}.", display(wanted));
  prefix_ = std::move(wanted);
}

void Session::set(const std::string& name, const std::string& value) {
  if (find_flag(name) == nullptr) fail(Code::Usage, "set: there is no flag --{}", display(name));
  settings_[name] = value;
}

void Session::unset(const std::string& name) {
  if (settings_.erase(name) == 0) fail(Code::Usage, "unset: {} is not set", display(name));
}

/// A line's own flags beat `set`, which beats the flags of the command line.
Args Session::with_defaults(const Command& command, Args args) const {
  const auto fill = [&](std::span<const Flag> flags) {
    for (const Flag& flag : flags) {
      const std::string name(flag.name);
      if (args.has(name)) continue;
      const auto set = settings_.find(name);
      if (set != settings_.end()) {
        if (!flag.value.empty()) args.flags[name] = {set->second};
        if (flag.value.empty() && set->second != "off") args.flags[name] = {};
      } else if (defaults_.has(name)) {
        args.flags[name] = defaults_.all(name);
      }
    }
  };
  fill(command.flags);
  fill(global_flags());
  check_flag_values(command, args);
  return args;
}

void Session::apply_prefix(const Command& command, Args& args) const {
  if (prefix_.empty() || !takes_keys(command)) return;
  bool narrowed = false;
  for (std::string& word : args.operands) {
    if (!is_key_word(word)) continue;
    const std::size_t at = word.starts_with('!') ? 1 : 0;
    if (checkpoint_->find(word.substr(at))) {
      narrowed = true;  // a whole key, as it was copied from somewhere
      continue;
    }
    word.insert(at, prefix_ + ".");
    narrowed = true;
  }
  if (!narrowed) args.operands.push_back(prefix_);
}

int Session::run_step(const Step& step, bool typed) {
  if (!step.pipe.empty() && !typed) {
    fail(Code::Usage, "a script starts no process: | {}", display(step.pipe));
  }
  ParsedLine line = parse_line(step.words, {.session = true, .shorten = typed});
  if (line.command == nullptr) {  // a path by itself: open it and say what it is
    open(line.args.operands.empty() ? "" : line.args.operands.front());
    line.command = find_command("info");
    line.args.operands.clear();
  }
  const Command& command = *line.command;
  if (line.args.has("help")) {
    line.args.operands = {std::string(command.name)};
    return run_command(*find_command("help"), nullptr, line.args, standard_outlet());
  }
  if (command.opens && !checkpoint_) {
    fail(Code::Usage, "{}: nothing is open; open PATH opens a checkpoint", command.name);
  }
  Args args = with_defaults(command, std::move(line.args));
  apply_prefix(command, args);
  const auto run_to = [&](const Outlet& outlet) {
    if (command.change == nullptr) {
      return run_command(command, command.opens ? checkpoint_ : nullptr, args, outlet);
    }
    const Document document = command.change(*this, args);
    print_document(document, args, outlet);
    return document.exit;
  };
  if (!step.file.empty()) {
    StreamOutlet stream(std::fopen(step.file.c_str(), step.append ? "ae" : "we"), std::fclose,
                        step.file);
    const int exit = run_to(stream.outlet());
    stream.close(false);
    return exit;
  }
  if (!step.pipe.empty()) {
    flush_stdout();
    StreamOutlet stream(::popen(step.pipe.c_str(), "we"), ::pclose, step.pipe);
    const int exit = run_to(stream.outlet());
    stream.close(true);
    return exit;
  }
  return run_to(standard_outlet());
}

int Session::run(std::string_view line, bool typed) {
  int worst = 0;
  for (const Step& step : parse_steps(line)) {
    with_translated_exceptions([&] { worst = std::max(worst, run_step(step, typed)); });
    if (done_) break;
  }
  return worst;
}

int Session::run_text(const std::string& name, const std::string& text, bool keep_going) {
  int worst = 0;
  std::size_t number = 0;
  std::string_view rest = text;
  while (!rest.empty() && !done_) {
    ++number;
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const std::string where = fmt::format("{}:{}", display(name), number);
    try {
      worst = std::max(worst, run(line, /*typed=*/false));
    } catch (const Error& error) {
      if (!keep_going || error.code() == Code::Interrupted) {
        throw Error(error.code(), fmt::format("{}: {}", where, error.what()));
      }
      flush_stdout();
      worst = std::max(worst, report_error(error, "script", defaults_, where + ": "));
    }
  }
  return worst;
}

int Session::run_script(const std::string& path, bool keep_going) {
  if (depth_ == kDeepestScript) {
    fail(Code::Usage, "{}: scripts run scripts, {} deep", display(path), kDeepestScript);
  }
  const bool from_stdin = path == "-";
  const std::string text = from_stdin ? read_stdin() : read_text(path, kMaxScriptBytes);
  keep_going_ = keep_going;
  ++depth_;
  try {
    const int worst = run_text(from_stdin ? "stdin" : path, text, keep_going);
    --depth_;
    return worst;
  } catch (...) {
    --depth_;
    throw;
  }
}

}  // namespace ckptscope
