// Source: huggingface_hub (file_download.py, hf_api.py), huggingface/hub-docs.
//
// Faults, each as often as it is given, "NAME*" always:
//   limit   429, be patient for a second      down      503
//   gated   403, X-Error-Code: GatedRepo      removed   404, X-Error-Code: EntryNotFound
//   loop    the hub redirects to itself       list      no JSON
//   climb   a file that is named ../x         other     another size, another ETag
//   abroad  the next page is on another host  whole     the CDN answers 200, the whole file
//   short   it closes early                   shifted   another range than was asked for
//   gzip    Content-Encoding: gzip            expired   403 until the hub is asked again
#include "tests/support/stand_in_hub.hpp"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "core/base/bytes.hpp"
#include "core/inspect/checksums.hpp"
#include "core/remote/address.hpp"
#include "tests/support/temp_dir.hpp"

namespace ckptscope::testing {
namespace {

namespace fs = std::filesystem;

/// "/org/name" of "GET /org/name HTTP/1.1".
std::string target_of(const std::string& head) {
  const std::size_t begin = head.find(' ') + 1;
  return head.substr(begin, head.find(' ', begin) - begin);
}

std::string header_of(const std::string& head, const std::string& name) {
  const std::size_t at = head.find("\r\n" + name + ": ");
  if (at == head.npos) return "";
  const std::size_t begin = at + name.size() + 4;
  return head.substr(begin, head.find("\r\n", begin) - begin);
}

std::string sha256_of(const std::string& bytes) {
  Sha256 sum;
  sum.add(std::as_bytes(std::span(bytes)));
  return sum.digest();
}

std::vector<std::string> files_below(const std::string& directory) {
  std::vector<std::string> names;
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    if (entry.is_regular_file()) {
      names.push_back(fs::relative(entry.path(), directory).string());
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

/// Files that the hub keeps elsewhere.
bool is_large(const std::string& name) {
  return name.ends_with(".safetensors") || name.ends_with(".bin");
}

std::string not_found(const std::string& code) {
  return http_answer("404 Not Found", "", {"X-Error-Code: " + code});
}

}  // namespace

const std::string& StandInHub::commit() {
  static const std::string commit = "0123456789abcdef0123456789abcdef01234567";
  return commit;
}

StandInHub::StandInHub(std::string directory, Options options)
    : directory_(std::move(directory)),
      options_(std::move(options)),
      faults_(options_.faults),
      cdn_([this](const std::string& head, std::size_t) { return answer_cdn(head); }, "127.0.0.2"),
      hub_([this](const std::string& head, std::size_t) { return answer_hub(head); }) {}

std::vector<std::string> StandInHub::requests() const {
  std::vector<std::string> all;
  for (const std::string& head : hub_.heads()) {
    all.push_back(head.substr(0, head.find(' ') + 1) + target_of(head));
  }
  for (const std::string& head : cdn_.heads()) all.push_back("cdn GET " + target_of(head));
  return all;
}

bool StandInHub::has_leaked() const {
  const auto heads = cdn_.heads();
  return std::any_of(heads.begin(), heads.end(), [](const std::string& head) {
    return head.find("uthorization") != head.npos;
  });
}

void StandInHub::add_fault(const std::string& fault) {
  const std::lock_guard lock(mutex_);
  faults_.push_back(fault);
}

bool StandInHub::fault(const std::string& name) {
  const std::lock_guard lock(mutex_);
  if (std::find(faults_.begin(), faults_.end(), name + "*") != faults_.end()) return true;
  const auto once = std::find(faults_.begin(), faults_.end(), name);
  if (once == faults_.end()) return false;
  faults_.erase(once);
  return true;
}

std::string StandInHub::answer_hub(const std::string& head) {
  if (!options_.token.empty() && header_of(head, "Authorization") != "Bearer " + options_.token) {
    return http_answer("401 Unauthorized", "", {"X-Error-Code: RepoNotFound"});
  }
  if (fault("limit")) {
    return http_answer("429 Too Many Requests", "",
                       {"Retry-After: 1", "RateLimit: \"resolvers\";r=0;t=1"});
  }
  if (fault("down")) return http_answer("503 Service Unavailable", "");
  if (fault("gated")) return http_answer("403 Forbidden", "", {"X-Error-Code: GatedRepo"});
  const std::string target = target_of(head);
  const std::string path = target.substr(0, target.find('?'));
  const std::string query = target.substr(path.size());
  std::string answer = not_found("RepoNotFound");
  constexpr std::string_view kApi = "/api/models/";
  const bool is_api = path.starts_with(kApi);
  const std::string rest = path.substr(is_api ? kApi.size() : 1);
  const std::size_t end = rest.find('/', rest.find('/') + 1);  // of org/name
  const std::string repository = rest.substr(0, end);
  if (end == rest.npos || !fs::is_directory(directory_ + "/" + repository)) return answer;
  const std::string what = rest.substr(end + 1);  // "resolve/REVISION/FILE", "tree/REVISION"
  const std::size_t slash = what.find('/');
  const std::string verb = what.substr(0, slash);
  const std::string behind = percent_decoded(what.substr(slash + 1));
  const std::string revision = behind.substr(0, behind.find('/'));
  if (revision != "main" && revision != commit()) return not_found("RevisionNotFound");
  if (is_api && verb == "tree") {
    answer = list(repository, query);
  } else if (is_api && verb == "revision") {
    answer = about(repository);
  } else if (verb == "resolve") {
    answer = resolve(repository, behind.substr(revision.size() + 1));
  }
  if (head.starts_with("HEAD ")) answer.resize(answer.find("\r\n\r\n") + 4);
  return answer;
}

std::string StandInHub::about(const std::string& repository) const {
  nlohmann::json files = nlohmann::json::array();
  for (const std::string& name : files_below(directory_ + "/" + repository)) {
    files.push_back({{"rfilename", name}});
  }
  const nlohmann::json model{{"id", repository}, {"sha", commit()}, {"siblings", files}};
  return http_answer("200 OK", model.dump(), {"Content-Type: application/json"});
}

std::string StandInHub::list(const std::string& repository, const std::string& query) {
  if (fault("list")) return http_answer("200 OK", "<html>");
  const std::string folder = directory_ + "/" + repository;
  const std::vector<std::string> names = files_below(folder);
  const std::size_t at = query.find("cursor=");
  const std::size_t first = at == query.npos ? 0 : parse_number(query.substr(at + 7)).value_or(0);
  nlohmann::json rows = nlohmann::json::array();
  for (std::size_t i = first; i < std::min(names.size(), first + options_.page); ++i) {
    nlohmann::json row{{"type", "file"},
                       {"oid", std::string(40, '0')},
                       {"size", fs::file_size(folder + "/" + names[i])},
                       {"path", names[i]}};
    if (is_large(names[i])) {
      const std::lock_guard lock(mutex_);
      std::string& sum = sums_[folder + "/" + names[i]];
      if (sum.empty()) sum = sha256_of(read_file(folder + "/" + names[i]));
      row["lfs"] = {{"oid", sum}, {"size", row["size"]}, {"pointerSize", 134}};
    }
    rows.push_back(std::move(row));
  }
  if (fault("climb")) rows.push_back({{"type", "file"}, {"size", 1}, {"path", "../x"}});
  std::vector<std::string> lines{"Content-Type: application/json"};
  if (first + options_.page < names.size()) {
    const std::string next = fmt::format("{}/api/models/{}/tree/{}?recursive=true&cursor={}",
                                         fault("abroad") ? cdn_.origin() : hub_.origin(),
                                         repository, commit(), first + options_.page);
    lines.push_back("Link: <" + next + ">;rel=next");
  }
  return http_answer("200 OK", rows.dump(), lines);
}

std::string StandInHub::resolve(const std::string& repository, const std::string& file) {
  const std::string name = repository + "/" + file;
  const std::string path = directory_ + "/" + name;
  std::vector<std::string> lines;
  if (options_.commit_in_head) lines.push_back("X-Repo-Commit: " + commit());
  if (!fs::is_regular_file(path) || fault("removed")) {
    lines.emplace_back("X-Error-Code: EntryNotFound");
    return http_answer("404 Not Found", "", lines);
  }
  const std::string bytes = read_file(path);
  if (!is_large(file)) {
    lines.push_back("ETag: \"" + sha256_of(bytes).substr(0, 40) + "\"");
    return http_answer("200 OK", bytes, lines);
  }
  std::string target;
  {
    const std::lock_guard lock(mutex_);
    target = fmt::format("/{}?X-Amz-Expires=3600&sig={}", percent_encoded(name, true), ++serial_);
    signed_.insert(target);
  }
  lines.push_back(fmt::format("X-Linked-Size: {}", bytes.size()));
  lines.push_back("X-Linked-Etag: \"" + sha256_of(bytes) + "\"");
  const std::string itself = "/" + repository + "/resolve/main/" + file;
  lines.push_back("Location: " + (fault("loop") ? itself : cdn_.origin() + target));
  return http_answer("302 Found", "", lines);
}

std::string StandInHub::answer_cdn(const std::string& head) {
  const std::string target = target_of(head);
  {
    const std::lock_guard lock(mutex_);
    if (!signed_.contains(target)) return http_answer("403 Forbidden", "expired");
  }
  const std::string name = percent_decoded(target.substr(1, target.find('?') - 1));
  const std::string bytes = read_file(directory_ + "/" + name);
  const std::string range = header_of(head, "Range");
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  const bool is_range =
      std::sscanf(range.c_str(), "bytes=%lu-%lu", &first, &last) == 2 && first < bytes.size();
  if (!is_range || fault("whole")) return http_answer("200 OK", bytes);
  if (fault("expired")) {
    const std::lock_guard lock(mutex_);
    signed_.erase(target);  // the next one is refused
  }
  last = std::min<std::uint64_t>(last, bytes.size() - 1);
  const bool other = fault("other");
  std::vector<std::string> lines{
      fmt::format("Content-Range: bytes {}-{}/{}", first + (fault("shifted") ? 1 : 0), last,
                  bytes.size() + (other ? 1 : 0)),
      fmt::format("ETag: \"{}\"", other ? "another" : std::to_string(bytes.size()))};
  if (fault("gzip")) lines.emplace_back("Content-Encoding: gzip");
  std::string answer =
      http_answer("206 Partial Content", bytes.substr(first, last - first + 1), lines);
  if (fault("short")) answer.resize(answer.size() - 1);
  return answer;
}

}  // namespace ckptscope::testing
