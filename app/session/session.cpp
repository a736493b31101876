// Lines and scripts run here: defaults of flags, the prefix of keys, redirections and pipes.
#include "app/session/session.hpp"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <utility>

#include "app/language/parse_args.hpp"
#include "app/planning/matching_tensors.hpp"
#include "app/session/cli_progress.hpp"
#include "app/session/file_outlet.hpp"
#include "app/session/run_command.hpp"
#include "app/terminal/signals.hpp"
#include "app/terminal/terminal_output.hpp"
#include "core/base/display.hpp"
#include "core/base/file.hpp"
#include "views/document/json_renderer.hpp"

namespace ckptscope {
namespace {

constexpr int kDeepestScript = 16;
constexpr std::uint64_t kMaxScriptBytes = 64'000'000;

/// Another value until the end of a scope, however it is left.
template <typename T>
class Restored {
 public:
  Restored(T& variable, T value) : variable_(variable), before_(std::exchange(variable, value)) {}
  Restored(const Restored&) = delete;
  Restored& operator=(const Restored&) = delete;
  ~Restored() { variable_ = before_; }

 private:
  T& variable_;
  const T before_;
};

/// A process of the user's, which gets SIGPIPE as any other does.
std::FILE* open_pipe(const std::string& command) {
  const auto ours = std::signal(SIGPIPE, SIG_DFL);
  std::FILE* pipe = ::popen(command.c_str(), "we");
  std::signal(SIGPIPE, ours);
  return pipe;
}

std::string read_stdin() {
  return {std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>()};
}

/// A word that names keys, not an attribute, a regex or a glob from the root.
bool is_key_word(std::string_view word) {
  if (word.starts_with('!')) word.remove_prefix(1);
  return !word.empty() && word.front() != '/' && word.find_first_of("=<>") == word.npos;
}

}  // namespace

void Session::open(const std::string& path, const std::string& config) {
  CliProgress progress(progress_style(global_args()));
  const std::string& given = config.empty() ? defaults_.text("config") : config;
  adopt(std::make_shared<const Checkpoint>(Checkpoint::open(path, {given, &progress})), nullptr);
}

void Session::adopt(std::shared_ptr<const Checkpoint> checkpoint,
                    std::shared_ptr<const NameTree> names) {
  checkpoint_ = std::move(checkpoint);
  names_ = std::move(names);
  prefix_.clear();
}

void Session::close() {
  checkpoint_.reset();
  names_.reset();
  prefix_.clear();
}

void Session::clear_terminal() {
  if (stdout_is_terminal()) write_stdout("\033[H\033[2J");
}

const NameTree* Session::names() {
  if (!checkpoint_) return nullptr;
  if (!names_) {
    names_ = std::make_shared<const NameTree>(checkpoint_->tensors(), all_tensors(*checkpoint_));
  }
  return names_.get();
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
  const Flag* flag = find_flag(name);
  if (flag == nullptr) fail(Code::Usage, "set: there is no flag --{}", display(name));
  if (flag->value.empty() && value != "on" && value != "off") {
    fail(Code::Usage, "set {} {}: on or off is expected", name, display(value));
  }
  if (!flag->value.empty()) check_flag_value(*flag, value);
  settings_[name] = value;
}

void Session::unset(const std::string& name) {
  if (settings_.erase(name) == 0) fail(Code::Usage, "unset: {} is not set", display(name));
}

void Session::fill_defaults(std::span<const Flag> flags, Args& args) const {
  for (const Flag& flag : flags) {
    const std::string name(flag.name);
    if (args.has(name)) continue;
    const auto set = settings_.find(name);
    if (set == settings_.end()) {
      if (defaults_.has(name)) args.flags[name] = defaults_.all(name);
    } else if (!flag.value.empty()) {
      args.flags[name] = {set->second};
    } else if (set->second == "on") {
      args.flags[name] = {};
    }
  }
}

/// A line's own flags beat `set`, which beats the flags of the command line.
Args Session::with_defaults(const Command& command, Args args) const {
  fill_defaults(command.flags, args);
  fill_defaults(global_flags(), args);
  return args;
}

Args Session::global_args() const {
  Args args;
  fill_defaults(global_flags(), args);
  return args;
}

Args Session::args_of_report() {
  return std::exchange(has_told_, false) ? Args() : global_args();
}

void Session::apply_prefix(const Command& command, Args& args) const {
  if (prefix_.empty() || command.change != nullptr) return;
  if (operands_of(command) != Operands::Keys) return;
  bool narrowed = false;
  for (std::string& word : args.operands) {
    if (!is_key_word(word)) continue;
    const std::size_t at = word.starts_with('!') ? 1 : 0;
    narrowed = narrowed || at == 0;
    if (checkpoint_->find(word.substr(at))) continue;  // a whole key, copied from somewhere
    word.insert(at, prefix_ + ".");
  }
  if (!narrowed) args.operands.push_back(prefix_);
}

Prepared Session::prepare(const Step& step, bool typed) const {
  ParsedLine line = parse_line(step.words, {.session = true, .shorten = typed});
  if (line.command == nullptr && line.args.has("help")) return {find_command("help"), {}};
  if (line.command == nullptr && line.args.operands.empty()) {
    fail(Code::Usage, "flags alone are no command. Try \"help\"");
  }
  if (line.command == nullptr) return {find_command("open"), std::move(line.args)};
  if (line.args.has("help")) {
    line.args.operands = {std::string(line.command->name)};
    return {find_command("help"), std::move(line.args)};
  }
  const Command& command = *line.command;
  if (command.opens && !checkpoint_) {
    fail(Code::Usage, "{}: nothing is open; open PATH opens a checkpoint", command.name);
  }
  Args args = with_defaults(command, std::move(line.args));
  apply_prefix(command, args);
  return {&command, std::move(args)};
}

int Session::run_step(const Step& step, bool typed) {
  if (!step.pipe.empty() && !typed) {
    fail(Code::Usage, "a script starts no process: | {}", display(step.pipe));
  }
  const auto [command, args] = prepare(step, typed);
  try {
    return run_prepared(*command, args, step);
  } catch (const Error& error) {
    const bool asked = args.has("json") || args.has("jsonl");
    if (!asked || has_told_ || error.code() == Code::Interrupted) throw;
    flush_stdout();
    render_json_error(command->name, error.code(), error.what(), write_stdout);
    has_told_ = true;
    throw;
  }
}

int Session::run_prepared(const Command& command, const Args& args, const Step& step) {
  const Document document = command.change != nullptr
                                ? command.change(*this, args)
                                : run_document(command, command.opens ? checkpoint_ : nullptr, args,
                                               step.file.empty() && step.pipe.empty(), prefix_);
  if (!step.file.empty()) {
    write_document(step.file, step.append, document, args, checkpoint_.get());
  } else if (!step.pipe.empty()) {
    flush_stdout();
    FileOutlet stream(open_pipe(step.pipe), ::pclose, step.pipe);
    print_document(document, args, stream.outlet());
    stream.close(true);
  } else {
    print_document(document, args, standard_outlet());
  }
  return document.exit;
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
  const Restored<bool> keep(keep_going_, keep_going);
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
      worst = std::max(worst, report_error(error, "script", args_of_report(), where + ": "));
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
  const Restored<int> nested(depth_, depth_ + 1);
  return run_text(from_stdin ? "stdin" : path, text, keep_going);
}

}  // namespace ckptscope
