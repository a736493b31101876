// A command and its document between a progress bar and an outlet, and errors as users see them.
#include "app/session/run_command.hpp"

#include <cerrno>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <new>

#include "app/terminal/terminal_output.hpp"
#include "core/base/display.hpp"
#include "views/document/json_renderer.hpp"
#include "views/document/markdown_renderer.hpp"
#include "views/document/text_renderer.hpp"

namespace ckptscope {
namespace {

bool is_set(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0';
}

}  // namespace

bool wants_color(const Args& args, bool terminal) {
  const std::string when = args.text("color");
  if (when != "auto") return when == "always";
  if (is_set("NO_COLOR")) return false;
  if (is_set("CLICOLOR_FORCE")) return true;
  const char* clicolor = std::getenv("CLICOLOR");
  const char* term = std::getenv("TERM");
  const bool plain = (clicolor != nullptr && std::string_view(clicolor) == "0") ||
                     term == nullptr || std::string_view(term) == "dumb";
  return terminal && !plain;
}

void print_document(const Document& document, const Args& args, const Outlet& outlet) {
  if (args.has("jsonl")) return render_jsonl(document, outlet.write);
  if (args.has("json")) return render_json(document, outlet.write);
  if (args.has("md")) return render_markdown(document, outlet.write);
  const std::size_t width = args.number("width").value_or(outlet.width);
  render_text(document,
              {.terminal = outlet.terminal || args.has("width"),
               .color = wants_color(args, outlet.terminal),
               .ascii = args.has("ascii"),
               .width = width,
               .headed = args.has("header")},
              outlet.write);
}

CliProgress::Style progress_style(const Args& args) {
  return {args.has("quiet"), stderr_is_terminal(), args.has("ascii"), args.has("verbose")};
}

Outlet standard_outlet() {
  return {write_stdout, stdout_is_terminal(), stdout_columns()};
}

Document run_document(const Command& command, std::shared_ptr<const Checkpoint> checkpoint,
                      const Args& args, bool terminal, const std::string& prefix, Ranks& ranks) {
  CliProgress progress(progress_style(args), ranks);
  const bool person = (terminal && stdout_is_terminal()) || args.has("width") || args.has("md");
  const Snapshot snapshot{std::move(checkpoint), person, prefix, &ranks};
  if (snapshot.checkpoint) snapshot.agree_on(*snapshot.checkpoint, progress);
  return command.run(snapshot, args, progress);
}

int run_command(const Command& command, std::shared_ptr<const Checkpoint> checkpoint,
                const Args& args, const Outlet& outlet, Ranks& ranks) {
  const Document document =
      run_document(command, std::move(checkpoint), args, outlet.terminal, "", ranks);
  if (ranks.is_first()) print_document(document, args, outlet);
  return document.exit;
}

int report_error(const Error& error, std::string_view verb, const Args& args,
                 std::string_view where) {
  if (args.has("json") || args.has("jsonl")) {
    render_json_error(verb, error.code(), error.what(), write_stdout);
  }
  write_stderr(fmt::format("ckptscope: {}{} [{}]\n", where, error.what(), name_of(error.code())));
  const int exit = row_of(error.code()).exit;
  return exit == 0 ? 1 : exit;
}

void with_translated_exceptions(const std::function<void()>& body) {
  try {
    body();
  } catch (const std::bad_alloc&) {
    fail(Code::OutOfMemory, "memory ran out");
  } catch (const Error&) {
    throw;
  } catch (const std::filesystem::filesystem_error& error) {
    errno = error.code().value();
    fail_errno(display(error.path1().string()));
  } catch (const std::exception& error) {
    fail(Code::Internal, "{}; this is a defect, please report it", error.what());
  }
}

}  // namespace ckptscope
