// The first variable that is set counts.
#include "core/remote/remote_settings.hpp"

#include <algorithm>
#include <cstdlib>
#include <initializer_list>

#include "core/base/bytes.hpp"
#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/remote/address.hpp"

namespace ckptscope {
namespace {

constexpr std::uint64_t kMaxTokenBytes = 4096;

std::string first_of(std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const char* value = std::getenv(name);
    if (value != nullptr && *value != '\0') return value;
  }
  return "";
}

bool is_on(std::initializer_list<const char*> names) {
  return std::any_of(names.begin(), names.end(), [](const char* name) {
    std::string value = first_of({name});
    for (char& c : value) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    return value == "1" || value == "ON" || value == "YES" || value == "TRUE";
  });
}

/// A directory for caches; empty where nothing says.
std::string cache_home() {
  if (const char* home = std::getenv("XDG_CACHE_HOME"); home != nullptr && *home == '/') {
    return home;
  }
  const std::string home = first_of({"HOME"});
  return home.empty() ? "" : home + "/.cache";
}

/// HF_HOME.
std::string hub_home() {
  if (std::string home = first_of({"HF_HOME"}); !home.empty()) return home;
  const std::string caches = cache_home();
  return caches.empty() ? "" : caches + "/huggingface";
}

std::string without_space(std::string text) {
  std::erase_if(text, [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; });
  return text;
}

std::string token_of_file(const std::string& home) {
  std::string path = first_of({"HF_TOKEN_PATH"});
  if (path.empty() && !home.empty()) path = home + "/token";
  try {
    return path.empty() || !exists(path) ? "" : without_space(read_text(path, kMaxTokenBytes));
  } catch (const Error&) {
    return "";  // somebody else's: models that all may read are still read
  }
}

std::chrono::seconds seconds_in(const char* name, std::chrono::seconds usual) {
  const auto number = parse_number(first_of({name}));
  constexpr std::uint64_t kMost = 3600;
  return number && *number > 0 ? std::chrono::seconds(std::min(*number, kMost)) : usual;
}

}  // namespace

RemoteSettings RemoteSettings::of_environment() {
  RemoteSettings settings;
  settings.endpoint = first_of({"HF_ENDPOINT"});
  if (settings.endpoint.empty()) settings.endpoint = "https://huggingface.co";
  while (settings.endpoint.ends_with('/')) settings.endpoint.pop_back();
  const std::string origin = origin_of(settings.endpoint);  // hosts are the same in capitals
  settings.endpoint.replace(0, origin.size(), origin);
  const std::string home = hub_home();
  settings.token = without_space(first_of({"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"}));
  if (settings.token.empty()) settings.token = token_of_file(home);
  if (is_on({"HF_HUB_DISABLE_IMPLICIT_TOKEN"})) settings.token.clear();
  settings.certificates = first_of({"SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"});
  settings.hub_cache = first_of({"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"});
  if (settings.hub_cache.empty() && !home.empty()) settings.hub_cache = home + "/hub";
  if (const std::string caches = cache_home(); !caches.empty()) {
    settings.header_cache = caches + "/ckptscope/headers";
  }
  settings.offline = is_on({"HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"});
  settings.allow_http = is_on({"CKPTSCOPE_ALLOW_HTTP"});
  settings.connect = seconds_in("HF_HUB_ETAG_TIMEOUT", settings.connect);
  settings.idle = seconds_in("HF_HUB_DOWNLOAD_TIMEOUT", settings.idle);
  return settings;
}

}  // namespace ckptscope
