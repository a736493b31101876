// Lines from GNU readline, or from libedit in its clothes, with completion, history and signals.
#include "app/prompt/repl.hpp"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <clocale>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <optional>

#ifdef CKPTSCOPE_HAVE_READLINE
#include <readline/history.h>
#include <readline/readline.h>
#else
#include <editline/readline.h>
#endif

#include "app/language/help_text.hpp"
#include "app/session/completion.hpp"
#include "app/session/run_command.hpp"
#include "app/session/user_files.hpp"
#include "app/terminal/rescue.hpp"
#include "app/terminal/signals.hpp"
#include "app/terminal/terminal_output.hpp"
#include "core/base/display.hpp"
#include "core/base/file.hpp"

namespace ckptscope {
namespace {

std::string prompt_of(const Session& session) {
  if (!session.checkpoint()) return "ckptscope> ";
  const std::string name = elide_middle(display(session.checkpoint()->name()), 32);
  const std::string prefix = elide_middle(display(session.prefix()), 40);
  return name + (prefix.empty() ? "" : ":" + prefix) + "> ";
}

Session* completing = nullptr;  // readline calls plain functions

char* copy_of(const std::string& text) {
  return ::strdup(text.c_str());  // readline frees it
}

/// Readline wants an array: what all words share first, then the words, then null; libedit looks at
/// a third word even where there is one.
char** matches_of(const std::vector<std::string>& words) {
  std::string common = words.front();
  for (const std::string& word : words) {
    const auto differs =
        std::mismatch(common.begin(), common.end(), word.begin(), word.end()).first;
    common.erase(differs, common.end());
  }
  auto** matches = static_cast<char**>(std::calloc(words.size() + 3, sizeof(char*)));
  if (matches == nullptr) return nullptr;
  matches[0] = copy_of(common);
  const std::size_t listed = words.size() == 1 ? 0 : words.size();
  for (std::size_t i = 0; i < listed; ++i) matches[i + 1] = copy_of(words[i]);
  return matches;
}

/// A place in the line that is edited: libedit counts letters, readline bytes.
std::size_t byte_at(int place) {
  const auto number = static_cast<std::size_t>(place);
#ifdef CKPTSCOPE_HAVE_READLINE
  return number;
#else
  const std::string_view line = rl_line_buffer;
  std::size_t letters = 0;
  for (std::size_t at = 0; at < line.size(); ++at) {
    const bool begins = (static_cast<unsigned char>(line[at]) & 0xC0) != 0x80;
    if (begins && letters++ == number) return at;
  }
  return line.size();
#endif
}

/// In a quote that is open, words do not begin with it and end with it. Readline sees to that.
void fit_to_quote([[maybe_unused]] Candidates& found, [[maybe_unused]] std::string_view before) {
#ifndef CKPTSCOPE_HAVE_READLINE
  const char quote = before.empty() ? '\0' : before.back();
  if (quote != '"' && quote != '\'') return;
  for (std::string& word : found.words) {
    if (word.starts_with(quote)) word.erase(0, 1);
    if (found.complete && !word.ends_with(quote)) word += quote;
  }
#endif
}

char** complete_word(const char*, int begin, int end) {
  rl_attempted_completion_over = 1;  // readline's own names of files would be raw
  const std::string line(rl_line_buffer, byte_at(end));
  const std::size_t word = byte_at(begin);
  Candidates found = complete(*completing, line, word);
  fit_to_quote(found, std::string_view(line).substr(0, word));
  rl_completion_append_character = found.complete ? static_cast<unsigned char>(' ') : 0;
  rl_completion_suppress_append = found.complete ? 0 : 1;
  return found.words.empty() ? nullptr : matches_of(found.words);
}

/// Signals are held back while a line is read and they are not waited for: none is missed between a
/// look and the wait, and none interrupts readline's writing, which would leave stdout in error.
class HeldSignals {
 public:
  HeldSignals() {
    sigset_t held;
    sigemptyset(&held);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGWINCH}) sigaddset(&held, signal);
    ::pthread_sigmask(SIG_BLOCK, &held, &before_);
  }
  ~HeldSignals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  /// True when there is something to read; false when a signal came.
  bool wait_for_input(int fd) const {
    pollfd input{fd, POLLIN, 0};
    return ::ppoll(&input, 1, nullptr, &before_) > 0;
  }

 private:
  sigset_t before_{};
};

const HeldSignals* held_signals = nullptr;  // by the line that is being read
bool given_up = false;                      // that line, by ^C

/// Readline takes a letter byte by byte, libedit whole: the bytes of UTF-8 behind its first one.
int whole_letter([[maybe_unused]] std::FILE* in, unsigned char first) {
#ifdef CKPTSCOPE_HAVE_READLINE
  return first;
#else
  const int more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : first >= 0xC0 ? 1 : 0;
  int letter = more == 0 ? first : first & (0x3F >> more);
  for (int i = 0; i < more; ++i) {
    unsigned char next = 0;
    if (::read(::fileno(in), &next, 1) != 1) return EOF;
    letter = letter << 6 | (next & 0x3F);
  }
  return letter;
#endif
}

/// A key, or the end of the line when a signal came: ^C gives this line up. Readline's own reader
/// would wait for one key more.
int read_key(std::FILE* in) {
  for (;;) {
    if (stop_signal() == SIGINT) {
      clear_stop_signal();
      std::fputs("^C", rl_outstream);
      given_up = true;  // libedit does not empty the line
      rl_replace_line("", 0);
      return '\n';
    }
    if (stop_signal() != 0) return EOF;
    if (!held_signals->wait_for_input(::fileno(in))) {
#ifdef CKPTSCOPE_HAVE_READLINE
      rl_check_signals();  // the window may have another size
#endif
      continue;
    }
    unsigned char key = 0;
    const ssize_t got = ::read(::fileno(in), &key, 1);
    given_up = false;  // what ^C ended was a question, not the line
    if (got == 1) return whole_letter(in, key);
    if (got == 0 || errno != EINTR) return EOF;
  }
}

class LineReader {
 public:
  explicit LineReader(Session& session) : session_(session) {
    completing = &session;
    std::setlocale(LC_CTYPE, "");  // whose letters are typed; numbers stay as they are
    rl_readline_name = "ckptscope";
    rl_attempted_completion_function = complete_word;
    rl_completer_word_break_characters = const_cast<char*>(" \t\n;|>");
    rl_completer_quote_characters = "\"'";
    rl_getc_function = read_key;
    rl_catch_signals = 0;  // our handlers notice them
    using_history();
    for (const std::string& line : read_history_lines()) add_history(line.c_str());
  }
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;
  ~LineReader() { append_history(session_.history()); }

  std::optional<std::string> read(const std::string& prompt) {
    const HeldSignals held;
    held_signals = &held;
    given_up = false;
    arm_rescue(terminal_modes(), "\033[?2004l\r\n");  // readline asks for pasted text to be marked
    char* typed = ::readline(prompt.c_str());
    disarm_rescue();
    held_signals = nullptr;
    if (typed == nullptr) return std::nullopt;
    const std::string line = given_up ? "" : typed;
    std::free(typed);
    if (!line.empty() && line.front() != ' ') {
      add_history(line.c_str());
      session_.history().push_back(line);
    }
    return line;
  }

 private:
  Session& session_;
};

int run_line(Session& session, const std::string& line) {
  try {
    const int exit = session.run(line, /*typed=*/true);
    flush_stdout();
    return exit;
  } catch (const Error& error) {
    const int signal = stop_signal();
    if (signal == SIGTERM || signal == SIGHUP) throw;
    clear_stop_signal();
    return report_error(error, "repl", session.args_of_report());
  }
}

}  // namespace

int run_repl(Session& session) {
  keep_after_interrupt();
  try {
    read_user_config(session);
  } catch (const Error& error) {
    report_error(error, "repl", {});
  }
  session.recent() = read_recent();
  std::shared_ptr<const Checkpoint> open;
  const auto remember = [&] {
    if (session.checkpoint() == open) return;
    open = session.checkpoint();
    if (open && stdin_is_terminal()) remember_recent(open->location().path);
  };
  LineReader reader(session);
  if (stdin_is_terminal()) {
    write_stdout("\"help\" lists the verbs, \"open PATH\" opens a checkpoint, ^D quits.\n");
  }
  int exit = 0;
  while (!session.done()) {
    remember();
    flush_stdout();
    const auto line = reader.read(prompt_of(session));
    const int signal = stop_signal();
    if (signal == SIGTERM || signal == SIGHUP) fail(Code::Interrupted, "stopped");
    clear_stop_signal();
    if (!line) {
      if (stdin_is_terminal()) write_stdout("\n");
      break;
    }
    exit = run_line(session, *line);
  }
  return exit;
}

}  // namespace ckptscope
