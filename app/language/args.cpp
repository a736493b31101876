#include <charconv>

#include "app/language/command.hpp"
#include "core/base/bytes.hpp"
#include "core/base/display.hpp"
#include "core/base/parallel.hpp"

namespace ckptscope {

std::string Args::text(std::string_view flag, std::string_view fallback) const {
  const auto found = flags.find(flag);
  return std::string(found == flags.end() || found->second.empty() ? fallback
                                                                   : found->second.back());
}

std::vector<std::string> Args::all(std::string_view flag) const {
  const auto found = flags.find(flag);
  return found == flags.end() ? std::vector<std::string>() : found->second;
}

std::uint64_t Args::number(std::string_view flag, std::uint64_t fallback) const {
  if (!has(flag)) return fallback;
  const std::string value = text(flag);
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc() || end != value.data() + value.size()) {
    fail(Code::Usage, "--{} {}: a number is expected", flag, display(value));
  }
  return number;
}

std::uint64_t Args::bytes(std::string_view flag, std::uint64_t fallback) const {
  if (!has(flag)) return fallback;
  const auto bytes = parse_bytes(text(flag));
  if (!bytes || *bytes == 0) {
    fail(Code::Usage, "--{} {}: a size like 512MiB or 5GB is expected", flag, display(text(flag)));
  }
  return *bytes;
}

ConversionRequest Args::conversion() const {
  ConversionRequest request;
  request.to = text("to");
  request.adapter = text("adapter");
  request.dtype = text("dtype");
  request.exclude = text("exclude");
  request.layout = text("layout");
  request.quantise = text("quantize");
  request.like = text("like");
  request.lenient = has("lenient");
  for (const std::string& setting : all("set")) {
    const auto equals = setting.find('=');
    if (equals == setting.npos || equals == 0) {
      fail(Code::Usage, "--set {}: KEY=VALUE is expected", display(setting));
    }
    request.settings[setting.substr(0, equals)] = setting.substr(equals + 1);
  }
  return request;
}

Resources Args::resources() const {
  constexpr std::uint64_t kMostThreads = 1024;
  constexpr std::uint64_t kLeastMemory = 8ull << 20;
  Resources resources;
  resources.memory = bytes("memory", resources.memory);
  if (resources.memory < kLeastMemory) {
    fail(Code::Usage, "--memory {}: at least {} is needed", format_memory(resources.memory),
         format_memory(kLeastMemory));
  }
  const std::uint64_t threads = number("threads", usable_processors());
  if (threads == 0 || threads > kMostThreads) {
    fail(Code::Usage, "-j {}: 1 to {} is expected", threads, kMostThreads);
  }
  resources.threads = static_cast<unsigned>(threads);
  return resources;
}

}  // namespace ckptscope
