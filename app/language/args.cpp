// Values of flags, given or by default, as text, numbers, sizes, and as what a conversion asks for.
#include <sys/resource.h>

#include <algorithm>
#include <cassert>

#include "app/language/command.hpp"
#include "app/language/words.hpp"
#include "core/base/bytes.hpp"
#include "core/base/display.hpp"
#include "core/base/parallel.hpp"

namespace ckptscope {

std::vector<std::string> Args::all(std::string_view flag) const {
  const auto found = flags.find(flag);
  return found == flags.end() ? std::vector<std::string>() : found->second;
}

std::string Args::text(std::string_view flag) const {
  const auto given = flags.find(flag);
  if (given != flags.end() && !given->second.empty()) return given->second.back();
  const Flag* row = find_flag(flag);
  assert(row != nullptr && "no command has a flag of this name");
  return row == nullptr ? "" : std::string(row->fallback);
}

std::optional<std::uint64_t> Args::number(std::string_view flag) const {
  const std::string value = text(flag);
  if (value.empty() && !has(flag)) return std::nullopt;
  const auto number = parse_number(value);
  if (!number) fail(Code::Usage, "--{} {}: a number is expected", flag, display(value));
  return number;
}

std::uint64_t Args::bytes(std::string_view flag) const {
  const std::string value = text(flag);
  const auto bytes = parse_bytes(value);
  if (!bytes || *bytes == 0) {
    fail(Code::Usage, "--{} {}: a size like 512MiB or 5GB is expected", flag, display(value));
  }
  return *bytes;
}

ConversionRequest Args::conversion() const {
  ConversionRequest request;
  request.to = text("to");
  request.adapter = text("adapter");
  request.mapping = text("mapping");
  request.renames = all("rename");
  for (const std::string& query : all("include")) {
    const std::vector<Step> steps = parse_steps(query);
    if (steps.size() != 1) fail(Code::Usage, "--include {}: one query is expected", display(query));
    request.include.push_back(steps.front().words);
  }
  for (const char* flag : {"rename", "include", "exclude", "dtype", "max-shard-size"}) {
    request.edits = request.edits || has(flag);
  }
  request.dtype = text("dtype");
  request.exclude = text("exclude");
  request.layout = text("layout");
  request.hf_prefix = text("hf-prefix");
  request.quantise = text("quantize");
  request.like = text("like");
  if (has("ep") && has("experts")) fail(Code::Usage, "--ep and --experts: one of them is enough");
  request.experts = has("ep") ? text("ep") : text("experts");
  request.lenient = has("lenient");
  request.strict = has("strict");
  const std::vector<std::string> allowed = all("allow");
  request.allow.insert(allowed.begin(), allowed.end());
  for (const std::string& setting : all("set")) {
    const auto equals = setting.find('=');
    if (equals == setting.npos || equals == 0) {
      fail(Code::Usage, "--set {}: KEY=VALUE is expected", display(setting));
    }
    request.settings[setting.substr(0, equals)] = setting.substr(equals + 1);
  }
  return request;
}

namespace {

/// Two a processor, so that one computes while another waits for the disk; fewer where the process
/// may not open as many files: two shards of two checkpoints each, by the page cache and past it.
std::uint64_t usual_workers() {
  constexpr std::uint64_t kPerProcessor = 2, kFilesOfAWorker = 8, kOtherFiles = 8;
  std::uint64_t workers = kPerProcessor * usable_processors();
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur != RLIM_INFINITY) {
    const std::uint64_t open = std::max<std::uint64_t>(files.rlim_cur, kOtherFiles) - kOtherFiles;
    workers = std::min(workers, open / kFilesOfAWorker);
  }
  return std::max<std::uint64_t>(1, workers);
}

}  // namespace

Resources Args::resources() const {
  constexpr std::uint64_t kMostThreads = 1024;
  constexpr std::uint64_t kLeastMemory = 8ull << 20;
  Resources resources;
  resources.memory = bytes("memory");
  if (resources.memory < kLeastMemory) {
    fail(Code::Usage, "--memory {}: at least {} is needed", format_memory(resources.memory),
         format_memory(kLeastMemory));
  }
  const std::uint64_t threads =
      number("threads").value_or(std::min<std::uint64_t>(kMostThreads, usual_workers()));
  if (threads == 0 || threads > kMostThreads) {
    fail(Code::Usage, "-j {}: 1 to {} is expected", threads, kMostThreads);
  }
  resources.threads = static_cast<unsigned>(threads);
  return resources;
}

}  // namespace ckptscope
