// Running and timing, for the benchmarks: whole processes, and loops inside this one.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace ckptscope::bench {

struct Run {
  double seconds = 0;           // wall clock
  double processor = 0;         // user and system seconds
  std::uint64_t anonymous = 0;  // peak of RssAnon in bytes, sampled every 2 ms
  std::uint64_t resident = 0;   // peak resident set in bytes
  int exit = 0;
};

/// What a process holds now, and its largest resident set since it began; bytes.
struct Memory {
  std::uint64_t anonymous = 0;
  std::uint64_t peak_resident = 0;
};
Memory memory_of(pid_t process);

/// Starts a program with its output thrown away, and waits for it.
Run run(const std::vector<std::string>& words);

/// Seconds of the fastest of `times` calls.
double fastest(int times, const std::function<void()>& body);

/// "NAME  1.23 s  (0.40 x YARDSTICK)" and so on: one line of a report, to stdout.
void report(const std::string& line);

/// Writes every file of a directory to the disk and drops it from the page cache.
void make_cold(const std::string& directory);

std::uint64_t directory_bytes(const std::string& directory);

}  // namespace ckptscope::bench
