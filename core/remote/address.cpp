// A revision may hold slashes where it is one that the hub itself makes: refs/pr/N, refs/convert/X.
#include "core/remote/address.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "core/base/display.hpp"
#include "core/base/error.hpp"
#include "core/remote/file_names.hpp"
#include "core/remote/private_network.hpp"

namespace ckptscope {
namespace {

constexpr std::string_view kHub = "hf://";
constexpr std::string_view kMain = "main";

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

std::string in_lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

/// The parts between slashes; empty ones count.
std::vector<std::string> segments_of(std::string_view text) {
  std::vector<std::string> segments;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('/'), text.size());
    segments.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return segments;
}

std::string joined(const std::vector<std::string>& segments, std::size_t from) {
  std::string text;
  for (std::size_t i = from; i < segments.size(); ++i) {
    text += (i > from ? "/" : "") + segments[i];
  }
  return text;
}

[[noreturn]] void refuse_address(std::string_view path, std::string_view why) {
  fail(Code::Usage,
       "{}: {}; expected is hf://org/name, hf://org/name@revision, a model's page on the hub or "
       "https://….safetensors",
       display(path), why);
}

/// Letters, digits, '-', '_' and '.', as the hub has names.
bool is_name(std::string_view text) {
  const auto fits = [](char c) {
    return is_letter_or_digit(c) || c == '-' || c == '_' || c == '.';
  };
  return !text.empty() && text != "." && text != ".." && text.size() <= 96 &&
         std::all_of(text.begin(), text.end(), fits);
}

/// Takes a revision from the front: one segment, in which slashes were written as %2F, or three of
/// refs/….
std::string take_revision(std::vector<std::string>& segments) {
  const bool refs = segments.size() >= 3 && segments[0] == "refs" &&
                    (segments[1] == "pr" || segments[1] == "convert");
  const std::size_t count = refs ? 3 : 1;
  std::string revision = segments[0];
  for (std::size_t i = 1; i < count; ++i) revision += "/" + segments[i];
  segments.erase(segments.begin(), segments.begin() + static_cast<std::ptrdiff_t>(count));
  return revision;
}

HubAddress checked(std::string_view path, HubAddress address) {
  const std::size_t slash = address.repository.find('/');
  if (slash == address.repository.npos) refuse_address(path, "a model's name has an owner");
  if (!is_name(std::string_view(address.repository).substr(0, slash)) ||
      !is_name(std::string_view(address.repository).substr(slash + 1))) {
    refuse_address(path, "no name of a model");
  }
  if (address.revision.empty()) refuse_address(path, "a revision is missing behind @");
  for (const std::string* text : {&address.revision, &address.file}) {
    if (needs_escape(*text)) refuse_address(path, "it holds characters that cannot be shown");
    for (const std::string& segment : segments_of(*text)) {
      if (segment.empty() || segment == "." || segment == "..") {
        refuse_address(path, "a revision and a file's path go down alone");
      }
    }
  }
  return address;
}

/// Behind hf://.
HubAddress parse_hub_path(std::string_view path, const std::string& endpoint) {
  std::vector<std::string> segments = segments_of(path.substr(kHub.size()));
  for (const std::string_view kind : {"datasets", "spaces", "buckets"}) {
    if (!segments.empty() && segments[0] == kind) refuse_address(path, "only models are looked at");
  }
  if (!segments.empty() && segments[0] == "models") segments.erase(segments.begin());
  if (segments.size() < 2) refuse_address(path, "a model's name has an owner");
  HubAddress address{endpoint, segments[0] + "/" + segments[1], std::string(kMain), ""};
  segments.erase(segments.begin(), segments.begin() + 2);
  if (const std::size_t at = address.repository.find('@'); at != address.repository.npos) {
    segments.insert(segments.begin(), percent_decoded(address.repository.substr(at + 1)));
    address.repository.resize(at);
    address.revision = take_revision(segments);
  }
  address.file = joined(segments, 0);
  return checked(path, std::move(address));
}

/// Behind the origin of a hub: org/name, and tree/revision/file and the like.
HubAddress parse_page(std::string_view path, std::string_view rest, const std::string& endpoint) {
  std::vector<std::string> segments;
  for (const std::string& segment : segments_of(rest.substr(0, rest.find_first_of("?#")))) {
    if (!segment.empty()) segments.push_back(percent_decoded(segment));
  }
  if (segments.size() < 2) refuse_address(path, "no page of a model");
  for (const std::string_view kind : {"datasets", "spaces", "api", "docs"}) {
    if (segments[0] == kind) refuse_address(path, "no page of a model");
  }
  HubAddress address{endpoint, segments[0] + "/" + segments[1], std::string(kMain), ""};
  segments.erase(segments.begin(), segments.begin() + 2);
  constexpr std::array<std::string_view, 4> kViews{"tree", "blob", "resolve", "raw"};
  if (!segments.empty()) {
    if (std::find(kViews.begin(), kViews.end(), segments[0]) == kViews.end()) {
      refuse_address(path, "no page of a model's files");
    }
    segments.erase(segments.begin());
    if (segments.empty()) refuse_address(path, "a revision is missing");
    address.revision = take_revision(segments);
  }
  address.file = joined(segments, 0);
  return checked(path, std::move(address));
}

/// The host of an origin, without port and brackets.
std::string host_of(std::string_view origin) {
  std::string_view host = origin.substr(origin.find("://") + 3);
  if (host.starts_with('[')) return std::string(host.substr(1, host.find(']') - 1));
  return std::string(host.substr(0, host.find(':')));
}

/// 127.0.0.1 and its like, not names that begin so.
bool is_this_machine(std::string_view origin) {
  const std::string host = host_of(origin);
  in_addr four{};
  const bool loops = ::inet_pton(AF_INET, host.c_str(), &four) == 1 && host.starts_with("127.");
  return host == "localhost" || host == "::1" || loops;
}

bool is_address(const std::string& host) {
  in_addr four{};
  in6_addr six{};
  return ::inet_pton(AF_INET, host.c_str(), &four) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), &six) == 1;
}

}  // namespace

std::string without_query(std::string_view url) {
  return std::string(url.substr(0, url.find_first_of("?#")));
}

bool may_be_asked(std::string_view url, bool allow_http) {
  const std::string origin = origin_of(url);
  return origin.starts_with("https://") ||
         (origin.starts_with("http://") && (allow_http || is_this_machine(origin)));
}

bool names_private_host(std::string_view url) {
  const std::string origin = origin_of(url);
  const std::string host = origin.empty() ? "" : host_of(origin);
  return host == "localhost" || (is_address(host) && is_private_address(host));
}

std::string origin_of(std::string_view url) {
  const std::string lower = in_lower_case(url.substr(0, url.find_first_of("/?#", 8)));
  const bool is_web = lower.starts_with("https://") || lower.starts_with("http://");
  if (!is_web || lower.find('@') != lower.npos) return "";  // no names and passwords in it
  const std::size_t begin = lower.find("://") + 3;
  return begin < lower.size() ? lower : "";
}

std::string HubAddress::text() const {
  return fmt::format("hf://{}{}{}", repository, revision == kMain ? "" : "@" + revision,
                     file.empty() ? "" : "/" + file);
}

bool is_remote(std::string_view path) {
  const std::string start = in_lower_case(path.substr(0, 8));
  return start.starts_with(kHub) || start == "https://" || start.starts_with("http://");
}

RemoteAddress parse_remote(std::string_view path, const std::string& endpoint, bool allow_http) {
  if (needs_escape(path)) refuse_address(path, "it holds characters that cannot be shown");
  if (!may_be_asked(endpoint, allow_http)) {
    fail(Code::Usage,
         "HF_ENDPOINT {}: expected is https://host (http:// to this machine, or with "
         "CKPTSCOPE_ALLOW_HTTP=1)",
         display(endpoint));
  }
  if (in_lower_case(path.substr(0, kHub.size())) == kHub) {
    return {parse_hub_path(path, endpoint), std::nullopt};
  }
  const std::string origin = origin_of(path);
  if (origin.empty()) refuse_address(path, "no URL");
  if (!may_be_asked(path, allow_http)) {
    refuse_address(path, "http:// is not encrypted (CKPTSCOPE_ALLOW_HTTP=1 allows it)");
  }
  const std::string_view rest = path.substr(origin.size());
  for (const std::string& hub :
       {endpoint, std::string("https://huggingface.co"), std::string("https://hf.co")}) {
    if (origin == hub) return {parse_page(path, rest, endpoint), {}};
  }
  const std::string file = without_query(rest);
  if (!file.ends_with(kShardSuffix) && !file.ends_with(kIndexSuffix)) {
    refuse_address(path, "it ends neither in .safetensors nor in .safetensors.index.json");
  }
  return {std::nullopt, UrlAddress{std::string(path)}};
}

std::string percent_encoded(std::string_view text, bool keep_slashes) {
  std::string encoded;
  for (const char c : text) {
    if (is_letter_or_digit(c) || std::string_view("-._~").find(c) != std::string_view::npos ||
        (c == '/' && keep_slashes)) {
      encoded += c;
    } else {
      encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

std::string percent_decoded(std::string_view text) {
  const auto digit = [](char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
  };
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool two =
        text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) >= 0 && digit(text[i + 2]) >= 0;
    decoded += two ? static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2])) : text[i];
    if (two) i += 2;
  }
  return decoded;
}

}  // namespace ckptscope
