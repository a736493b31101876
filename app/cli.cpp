// What a line without a verb does, and how errors and signals become exit codes.
#include "app/cli.hpp"

#include <malloc.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <iostream>

#include "app/language/help_text.hpp"
#include "app/language/parse_args.hpp"
#include "app/prompt/repl.hpp"
#include "app/reports/picker.hpp"
#include "app/session/cli_progress.hpp"
#include "app/session/completion.hpp"
#include "app/session/run_command.hpp"
#include "app/session/session.hpp"
#include "app/session/user_files.hpp"
#include "app/terminal/signals.hpp"
#include "app/terminal/terminal_ncurses.hpp"
#include "app/terminal/terminal_output.hpp"
#include "app/tui/engine.hpp"
#include "app/tui/key_script.hpp"
#include "core/base/display.hpp"
#include "core/base/file.hpp"
#include "core/checkpoint/locate.hpp"
#include "core/kernels/kernels.hpp"
#include "core/remote/address.hpp"

namespace ckptscope {
namespace {

constexpr std::uint64_t kMaxKeyBytes = 1'000'000;

/// `info` of a directory that is no checkpoint but holds some lists them; for machines it is the
/// error that it is.
bool shows_picker(const Command& command, const Args& args) {
  if (command.name != "info" || args.has("json") || args.has("jsonl")) return false;
  if (is_remote(args.operands.front())) return false;
  try {
    locate(args.operands.front());
    return false;
  } catch (const Error& error) {
    return error.code() == Code::NotACheckpoint &&
           !checkpoints_below(args.operands.front()).empty();
  }
}

/// The checkpoint that a command's first operand names; the other operands stay.
int run_on_path(const Command& command, Args args, Ranks& ranks = this_process()) {
  std::shared_ptr<const Checkpoint> checkpoint;
  if (command.opens) {
    CliProgress progress(progress_style(args), ranks);
    if (shows_picker(command, args)) {
      print_document(picker_of(args.operands.front()), args, standard_outlet());
      return 0;
    }
    checkpoint = std::make_shared<const Checkpoint>(
        Checkpoint::open(args.operands.front(), {args.text("config"), &progress}));
    args.operands.erase(args.operands.begin());
  }
  return run_command(command, std::move(checkpoint), args, standard_outlet(), ranks);
}

int run_prompt(const Args& args) {
  Session session(args);
  if (!args.operands.empty()) session.open(args.operands.front());
  return run_repl(session);
}

/// A script may have `set json`: its failing line is reported so.
int reporting_as_set(Session& session, const std::function<int()>& script) {
  try {
    return script();
  } catch (const Error& error) {
    if (error.code() == Code::Interrupted) throw;
    flush_stdout();
    return report_error(error, "script", session.args_of_report());
  }
}

/// -c and -f, on the checkpoint that an operand names.
int run_scripts(const Args& args) {
  Session session(args);
  if (!args.operands.empty()) session.open(args.operands.front());
  const bool keep_going = args.has("keep-going");
  return reporting_as_set(session, [&] {
    int worst = 0;
    for (const std::string& lines : args.all("command")) {
      worst = std::max(worst, session.run_text("-c", lines, keep_going));
    }
    for (const std::string& file : args.all("file")) {
      worst = std::max(worst, session.run_script(file, keep_going));
    }
    return worst;
  });
}

bool stdin_has_lines() {
  return !stdin_is_terminal() && std::cin.peek() != std::istream::traits_type::eof();
}

bool has_screen() {
  const char* term = std::getenv("TERM");
  const bool dumb = term == nullptr || *term == '\0' || std::string_view(term) == "dumb";
  return stdin_is_terminal() && stdout_is_terminal() && !dumb;
}

int run_screen(const Args& args, const std::string& path) {
  const auto terminal = open_terminal(wants_color(args, true), !args.has("no-mouse"));
  run_tui(path, args, *terminal);
  return 0;
}

/// Without a path: here, if anything is, else what was opened before to choose from.
int run_screen_here(const Args& args) {
  std::string path = ".";
  try {
    locate(path);
  } catch (const Error& error) {
    if (error.code() != Code::NotACheckpoint) throw;
    if (checkpoints_below(path).empty()) path.clear();
    if (path.empty() && read_recent().empty()) throw;
  }
  return run_screen(args, path);
}

/// --keys: what the screen shows after them.
int run_keys(const Args& args) {
  const std::string script = read_text(args.text("keys"), kMaxKeyBytes);
  write_stdout(run_key_script(args.operands.empty() ? "" : args.operands.front(), args, script,
                              parse_size(args.text("screen"))));
  return 0;
}

/// --complete: the candidates, a line each.
int run_complete(const Args& args) {
  Session session(args);
  if (!args.operands.empty()) session.open(args.operands.front());
  const std::string line = args.text("complete");
  const std::size_t blank = line.rfind(' ');
  for (const std::string& word : complete(session, line, blank == line.npos ? 0 : blank + 1).words)
    write_stdout(word + "\n");
  return 0;
}

/// Without a verb: a path is shown, two are compared, stdin is a script, `.` is shown, or a short
/// introduction.
int run_without_verb(const ParsedLine& line) {
  if (line.args.operands.size() == 2) return run_on_path(*find_command("diff"), line.args);
  const bool text = line.args.has("json") || line.args.has("jsonl") || !has_screen();
  if (!line.args.operands.empty()) {
    return text ? run_on_path(*find_command("info"), line.args)
                : run_screen(line.args, line.args.operands.front());
  }
  if (stdin_has_lines()) {
    Session session(line.args);
    return reporting_as_set(session,
                            [&] { return session.run_script("-", line.args.has("keep-going")); });
  }
  try {
    Args here = line.args;
    here.operands = {"."};
    if (!text) return run_screen_here(line.args);
    return run_on_path(*find_command("info"), here);
  } catch (const Error& error) {
    if (error.code() != Code::NotACheckpoint) throw;
    write_stdout(introduction());
    return 2;
  }
}

std::string text_about(const ParsedLine& line) {
  if (line.args.has("version")) return version_text();
  return line.command != nullptr ? help_text(*line.command) : help_overview();
}

/// The verbs that read or write every byte; the rest are for one process.
int run_on_ranks(const ParsedLine& line, Ranks& ranks) {
  if (line.command != nullptr && line.command->takes_ranks) {
    return run_on_path(*line.command, line.args, ranks);
  }
  std::vector<std::string_view> verbs;
  for (const Command* row : commands()) {
    if (row->takes_ranks) verbs.push_back(row->name);
  }
  fail(Code::Usage, "several ranks share these: {}; for all else ckptscope is run by itself",
       fmt::join(verbs, ", "));
}

int run(const ParsedLine& line, Ranks& ranks) {
  if (line.args.has("version") || line.args.has("help")) {
    if (ranks.is_first()) write_stdout(text_about(line));
    return 0;
  }
  if (!ranks.is_one()) return run_on_ranks(line, ranks);
  if (line.command != nullptr) return run_on_path(*line.command, line.args);
  if (line.args.has("complete")) return run_complete(line.args);
  if (line.args.has("keys")) return run_keys(line.args);
  if (line.args.has("interactive")) return run_prompt(line.args);
  const bool script = line.args.has("command") || line.args.has("file");
  return script ? run_scripts(line.args) : run_without_verb(line);
}

int report(const Error& error, const ParsedLine& line) {
  return report_error(error, line.command != nullptr ? line.command->name : "error", line.args);
}

/// CKPTSCOPE_KERNELS: the vector code, for tests and to find out what is at fault.
void choose_kernels_of_environment() {
  const char* asked = std::getenv("CKPTSCOPE_KERNELS");
  if (asked == nullptr || choose_kernels(asked)) return;
  fail(Code::Usage, "CKPTSCOPE_KERNELS={}: this machine has {}", display(asked),
       fmt::join(kernel_targets(), ", "));
}

/// glibc raises the size from which it asks the system for each block by itself, and then keeps
/// what is freed: headers and indexes of half a million tensors leave 40 MiB behind. Fixed, it
/// gives back.
void give_memory_back() {
#ifdef __GLIBC__
  ::mallopt(M_MMAP_THRESHOLD, 128 << 10);
#endif
}

}  // namespace

int run_cli(int argc, char** argv, Ranks& ranks) {
  give_memory_back();
  install_signal_handlers();
  const std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  ParsedLine line;
  int exit = 3;
  bool interrupted = false;
  try {
    with_translated_exceptions([&] {
      choose_kernels_of_environment();
      line = parse_line(words);
      ranks.tell_errors_by([line](const Error& one) { return report(one, line); });
      exit = run(line, ranks);
      flush_stdout();
    });
  } catch (const Error& error) {
    for (const char* flag : {"json", "jsonl"}) {  // also where the line could not be parsed
      if (std::find(words.begin(), words.end(), std::string("--") + flag) != words.end()) {
        line.args.flags[flag] = {};
      }
    }
    interrupted = error.code() == Code::Interrupted && stop_signal() != 0;
    if (!interrupted) {
      exit = ranks.give_up(error, [&](const Error& one) { return report(one, line); });
    } else if (ranks.is_first()) {
      report(error, line);
    }
  }
  try {
    flush_stdout();
  } catch (const Error&) {  // reported above, or the reason for the report
    return 3;
  }
  if (interrupted) die_by_stop_signal();
  return exit;
}

}  // namespace ckptscope
