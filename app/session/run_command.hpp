// Running one command and printing what it returns.
#pragma once

#include <functional>
#include <string_view>

#include "app/language/command.hpp"
#include "app/session/cli_progress.hpp"
#include "core/base/error.hpp"

namespace ckptscope {

/// Where a Document goes as text or JSON.
struct Outlet {
  std::function<void(std::string_view)> write;
  bool terminal = false;  // a person reads it there
  std::size_t width = 0;  // cells of its lines; 0: any number
};
/// stdout.
Outlet standard_outlet();

/// Runs a command on a checkpoint (null for those that open none), with progress on stderr. Throws
/// what it throws. `terminal`: a person will read the text; `prefix`: see Snapshot.
Document run_document(const Command& command, std::shared_ptr<const Checkpoint> checkpoint,
                      const Args& args, bool terminal, const std::string& prefix = "",
                      Ranks& ranks = this_process());
/// The same, printed by the first of the ranks; returns the exit code.
int run_command(const Command& command, std::shared_ptr<const Checkpoint> checkpoint,
                const Args& args, const Outlet& outlet, Ranks& ranks = this_process());

/// How a command's work is told of.
CliProgress::Style progress_style(const Args& args);

/// --color beats NO_COLOR beats CLICOLOR_FORCE beats CLICOLOR=0; else a terminal has colour.
bool wants_color(const Args& args, bool terminal);

void print_document(const Document& document, const Args& args, const Outlet& outlet);

/// "ckptscope: …" on stderr, and the object on stdout for --json. `where` ("script:3: ") stands
/// before the message. Returns the exit code.
int report_error(const Error& error, std::string_view verb, const Args& args,
                 std::string_view where = "");

/// Runs `body` with every exception of libraries made an Error.
void with_translated_exceptions(const std::function<void()>& body);

}  // namespace ckptscope
