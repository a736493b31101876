// Times and memory of a child process, so that the measuring itself does not count.
#include "bench/measure.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <thread>

namespace ckptscope::bench {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

/// Not fork: what the benchmark itself holds must not count as the program's.
pid_t spawn(const std::vector<std::string>& words) {
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  for (const int fd : {0, 1, 2}) {
    ::posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0);
  }
  std::vector<char*> argv;
  for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  pid_t child = -1;
  ::posix_spawnp(&child, argv[0], &actions, nullptr, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  return child;
}

}  // namespace

Memory memory_of(pid_t process) {
  Memory memory;
  std::ifstream status("/proc/" + std::to_string(process) + "/status");
  for (std::string word; status >> word;) {
    std::uint64_t kilobytes = 0;
    if (word == "VmHWM:" && status >> kilobytes) memory.peak_resident = kilobytes * 1024;
    if (word == "RssAnon:" && status >> kilobytes) memory.anonymous = kilobytes * 1024;
  }
  return memory;
}

Run run(const std::vector<std::string>& words) {
  Run result;
  const auto start = Clock::now();
  const pid_t child = spawn(words);
  rusage usage{};
  int status = 0;
  while (::wait4(child, &status, WNOHANG, &usage) == 0) {
    const Memory memory = memory_of(child);
    result.anonymous = std::max(result.anonymous, memory.anonymous);
    result.resident = std::max(result.resident, memory.peak_resident);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  result.seconds = seconds_since(start);
  result.processor = seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
  result.exit = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
  return result;
}

double fastest(int times, const std::function<void()>& body) {
  double best = 1e9;
  for (int i = 0; i < times; ++i) {
    const auto start = Clock::now();
    body();
    best = std::min(best, seconds_since(start));
  }
  return best;
}

void report(const std::string& line) {
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

void make_cold(const std::string& directory) {
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    const int fd = ::open(entry.path().c_str(), O_RDONLY);
    ::fsync(fd);
    ::posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    ::close(fd);
  }
}

std::uint64_t directory_bytes(const std::string& directory) {
  std::uint64_t bytes = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory))
    bytes += entry.file_size();
  return bytes;
}

}  // namespace ckptscope::bench
