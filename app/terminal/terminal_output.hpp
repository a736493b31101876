// The only place that writes to stdout and stderr outside the full-screen interface.
#pragma once

#include <cstddef>
#include <string_view>

namespace ckptscope {

/// Writes to stdout through a buffer; a failure is remembered, not thrown, until flush_stdout.
void write_stdout(std::string_view text);
/// Flushes; throws Io when any write failed (a full disk), and ends the process quietly with exit
/// code 141 when nobody reads any more (EPIPE).
void flush_stdout();
/// Unbuffered; failures are ignored.
void write_stderr(std::string_view text);
/// A launcher passes on what is written: no stream is a terminal, though it may look like one.
/// Called before anything else.
void streams_are_passed_on();
bool stdout_is_terminal();
/// Cells of a line of the terminal that stdout is; 0 where it is none, or does not know.
std::size_t stdout_columns();
bool stderr_is_terminal();
bool stdin_is_terminal();

}  // namespace ckptscope
