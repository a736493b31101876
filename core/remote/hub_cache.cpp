// Names of commits come from files that anybody may have written: they name no other place.
#include "core/remote/hub_cache.hpp"

#include <cstdint>

#include "core/base/file.hpp"

namespace ckptscope {
namespace {

constexpr std::uint64_t kMaxRefBytes = 4096;

}  // namespace

std::string hub_cache_entry(const std::string& cache, const std::string& repository) {
  const auto slash = repository.find('/');
  if (cache.empty() || slash == repository.npos ||
      repository.find('/', slash + 1) != repository.npos)
    return "";
  const std::string entry =
      cache + "/models--" + repository.substr(0, slash) + "--" + repository.substr(slash + 1);
  return is_directory(entry) ? entry : "";
}

std::string read_ref(const std::string& path) {
  if (!exists(path)) return "";
  const std::string text = read_text(path, kMaxRefBytes);
  return text.substr(0, text.find_first_of(" \t\r\n"));
}

std::string commit_in_cache(const std::string& entry, const std::string& revision) {
  const bool is_entry = is_directory(entry + "/snapshots");
  return is_entry ? read_ref(entry + "/refs/" + revision) : "";
}

std::string snapshot_in_cache(const std::string& entry, const std::string& commit) {
  if (commit.empty() || commit.find('/') != commit.npos || commit.starts_with(".")) return "";
  const std::string snapshot = entry + "/snapshots/" + commit;
  return is_directory(snapshot) ? snapshot : "";
}

}  // namespace ckptscope
