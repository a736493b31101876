#include "app/cli.hpp"

#include <cstdlib>
#include <exception>
#include <new>

#include "app/cli_progress.hpp"
#include "app/command.hpp"
#include "app/help_text.hpp"
#include "app/parse_args.hpp"
#include "app/signals.hpp"
#include "app/terminal_output.hpp"
#include "core/display.hpp"
#include "core/kernels/kernels.hpp"
#include "views/json_renderer.hpp"
#include "views/text_renderer.hpp"

namespace ckptscope {
namespace {

bool is_set(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0';
}

/// --color beats NO_COLOR beats CLICOLOR_FORCE beats CLICOLOR=0; else a terminal has colour.
bool wants_color(const Args& args) {
  const std::string when = args.text("color", "auto");
  if (when != "auto") return when == "always";
  if (is_set("NO_COLOR")) return false;
  if (is_set("CLICOLOR_FORCE")) return true;
  const char* clicolor = std::getenv("CLICOLOR");
  const char* term = std::getenv("TERM");
  const bool plain = (clicolor != nullptr && std::string_view(clicolor) == "0") ||
                     term == nullptr || std::string_view(term) == "dumb";
  return stdout_is_terminal() && !plain;
}

bool wants_json(const Args& args) {
  return args.has("json") || args.has("jsonl");
}

void print(const Document& document, const Args& args) {
  if (args.has("jsonl")) return render_jsonl(document, write_stdout);
  if (args.has("json")) return render_json(document, write_stdout);
  render_text(document, {stdout_is_terminal(), wants_color(args), args.has("ascii")}, write_stdout);
}

int report(const Error& error, const ParsedLine& line, bool json) {
  if (json) {
    render_json_error(line.command != nullptr ? line.command->name : "error", error.code(),
                      error.what(), write_stdout);
  }
  write_stderr(fmt::format("ckptscope: {} [{}]\n", error.what(), name_of(error.code())));
  const int exit = row_of(error.code()).exit;
  return exit == 0 ? 1 : exit;
}

/// The checkpoint that a command's first operand names; the other operands stay.
Snapshot open_snapshot(const Command& command, Args& args) {
  Snapshot snapshot;
  snapshot.terminal = stdout_is_terminal();
  if (!command.opens) return snapshot;
  snapshot.checkpoint = std::make_shared<const Checkpoint>(
      Checkpoint::open(args.operands.front(), {args.text("config")}));
  args.operands.erase(args.operands.begin());
  return snapshot;
}

int run_command(const Command& command, Args args) {
  CliProgress progress(
      {args.has("quiet"), stderr_is_terminal(), args.has("ascii"), args.has("verbose")});
  const Snapshot snapshot = open_snapshot(command, args);
  const Document document = command.run(snapshot, args, progress);
  print(document, args);
  return document.exit;
}

/// Without a verb: a path is shown, nothing at all gives the short introduction.
int run_without_verb(const ParsedLine& line) {
  if (!line.args.operands.empty()) return run_command(*find_command("info"), line.args);
  try {
    Args here = line.args;
    here.operands = {"."};
    return run_command(*find_command("info"), here);
  } catch (const Error&) {
    write_stdout(introduction());
    return 2;
  }
}

int run(const ParsedLine& line) {
  if (line.args.has("version")) {
    write_stdout(version_text());
    return 0;
  }
  if (line.args.has("help")) {
    write_stdout(line.command != nullptr ? help_text(*line.command) : help_overview());
    return 0;
  }
  return line.command != nullptr ? run_command(*line.command, line.args) : run_without_verb(line);
}

/// CKPTSCOPE_KERNELS: the vector code, for tests and to find out what is at fault.
void choose_kernels_of_environment() {
  const char* asked = std::getenv("CKPTSCOPE_KERNELS");
  if (asked == nullptr || choose_kernels(asked)) return;
  fail(Code::Usage, "CKPTSCOPE_KERNELS={}: this machine has {}", display(asked),
       fmt::join(kernel_targets(), ", "));
}

}  // namespace

int run_cli(int argc, char** argv) {
  install_signal_handlers();
  const std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  const bool json = std::find(words.begin(), words.end(), "--json") != words.end() ||
                    std::find(words.begin(), words.end(), "--jsonl") != words.end();
  ParsedLine line;
  int exit = 3;
  bool interrupted = false;
  try {
    try {
      choose_kernels_of_environment();
      line = parse_line(words);
      exit = run(line);
      flush_stdout();
    } catch (const std::bad_alloc&) {
      fail(Code::OutOfMemory, "memory ran out");
    } catch (const Error&) {
      throw;
    } catch (const std::exception& error) {
      fail(Code::Internal, "{}; this is a defect, please report it", error.what());
    }
  } catch (const Error& error) {
    exit = report(error, line, json || wants_json(line.args));
    interrupted = error.code() == Code::Interrupted && stop_signal() != 0;
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
