// The hub's own words are shown escaped: they are a stranger's.
#include "core/remote/hub.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/base/display.hpp"
#include "core/base/error.hpp"

namespace ckptscope {
namespace {

using Json = nlohmann::json;

constexpr std::uint64_t kMaxTextBytes = 100'000'000;  // as of files on this machine
constexpr std::uint64_t kMaxPageBytes = 32'000'000;
constexpr int kMostPages = 100;
constexpr std::size_t kMostShown = 200;  // bytes of what the hub says

/// One that goes down from where it is: each part a plain name.
bool is_relative(std::string_view name) {
  if (name.empty() || name.size() > 4096) return false;
  while (!name.empty()) {
    const std::size_t end = std::min(name.find('/'), name.size());
    const std::string_view part = name.substr(0, end);
    constexpr std::size_t kMostOfName = 255;
    if (part.empty() || part == "." || part == ".." || part.size() > kMostOfName) return false;
    if (part.find('\0') != part.npos) return false;
    if (end + 1 == name.size()) return false;
    name.remove_prefix(std::min(end + 1, name.size()));
  }
  return true;
}

template <typename T>
T member(const Json& row, const char* name, T otherwise) {
  const auto found = row.find(name);
  if (found == row.end()) return otherwise;
  if constexpr (std::is_same_v<T, std::string>) {
    return found->is_string() ? found->get<std::string>() : otherwise;
  } else {
    return found->is_number_unsigned() ? found->get<T>() : otherwise;
  }
}

/// Throws BadAnswer where this is no JSON.
Json parsed(const HttpAnswer& answer, const std::string& what) {
  Json json = Json::parse(answer.body, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) fail(Code::BadAnswer, "{}: no JSON", what);
  return json;
}

void add_files(const Json& page, const std::string& what, std::vector<HubFile>& files) {
  if (!page.is_array()) fail(Code::BadAnswer, "{}: no list of files", what);
  for (const Json& row : page) {
    if (!row.is_object()) fail(Code::BadAnswer, "{}: no list of files", what);
    if (member<std::string>(row, "type", "") != "file") continue;
    HubFile file;
    file.name = member<std::string>(row, "path", "");
    file.size = member<std::uint64_t>(row, "size", 0);
    if (!is_relative(file.name)) {
      fail(Code::BadAnswer, "{}: a file is named \"{}\"", what, display(file.name));
    }
    if (const auto lfs = row.find("lfs"); lfs != row.end() && lfs->is_object()) {
      file.sha256 = member<std::string>(*lfs, "oid", "");
      file.size = member<std::uint64_t>(*lfs, "size", file.size);
    }
    files.push_back(std::move(file));
  }
}

/// `<https://…>; rel="next"`; empty without it. Source: RFC 8288.
std::string next_page(std::string_view link) {
  const std::size_t at = link.find("; rel=\"next\"");
  if (at == link.npos) return "";
  const std::size_t begin = link.rfind('<', at);
  const std::size_t end = link.rfind('>', at);
  if (begin == link.npos || end == link.npos || end < begin) return "";
  return std::string(link.substr(begin + 1, end - begin - 1));
}

}  // namespace

bool is_commit(std::string_view revision) {
  constexpr std::size_t kDigits = 40;
  return revision.size() == kDigits &&
         revision.find_first_not_of("0123456789abcdef") == revision.npos;
}

std::string Hub::api() const {
  return fmt::format("{}/api/models/{}", address_.endpoint, address_.repository);
}

std::string url_of(const HubAddress& address, const std::string& revision,
                   const std::string& file) {
  return fmt::format("{}/{}/resolve/{}/{}", address.endpoint, address.repository,
                     percent_encoded(revision, false), percent_encoded(file, true));
}

Hub::Commit Hub::commit(const std::string& file, Progress* progress) {
  HttpAnswer answer =
      files_.get(url_of(address_, address_.revision, file), kMaxTextBytes, progress);
  const bool absent = answer.status == 404 && answer.header("x-error-code") == "EntryNotFound";
  if (answer.status != 200 && !absent) refuse(answer, file);
  Commit commit{std::string(answer.header("x-repo-commit")), !absent,
                absent ? "" : std::move(answer.body)};
  if (!is_commit(commit.id)) {
    const std::string what = api() + "/revision/" + percent_encoded(address_.revision, false);
    const HttpAnswer about = files_.get(what, kMaxPageBytes, progress);
    if (about.status != 200) refuse(about, "");
    const Json json = parsed(about, what);
    commit.id = json.is_object() ? member<std::string>(json, "sha", "") : "";
    if (!is_commit(commit.id)) fail(Code::BadAnswer, "{}: it names no commit", what);
  }
  return commit;
}

std::vector<HubFile> Hub::list(const std::string& commit, Progress* progress) {
  const std::string first = fmt::format("{}/tree/{}?recursive=true", api(), commit);
  const std::string what = first.substr(0, first.find('?'));
  std::vector<HubFile> files;
  std::string url = first;
  for (int page = 0; !url.empty(); ++page) {
    if (page == kMostPages) fail(Code::BadAnswer, "{}: more than {} pages", what, kMostPages);
    if (origin_of(url) != origin_of(first)) {
      fail(Code::BadAnswer, "{}: the next page is elsewhere: {}", what, display(url));
    }
    const HttpAnswer answer = files_.get(url, kMaxPageBytes, progress);
    if (answer.status != 200) refuse(answer, "");
    add_files(parsed(answer, what), what, files);
    url = next_page(answer.header("link"));
  }
  return files;
}

void Hub::refuse(const HttpAnswer& answer, const std::string& file) const {
  const std::string_view code = answer.header("x-error-code");
  const std::string name = address_.text();
  if (code == "GatedRepo") {
    fail(Code::NoPermission,
         "{}: its owner asks who downloads it: accept the terms at {}/{}, and set HF_TOKEN to a "
         "token of that account",
         name, address_.endpoint, address_.repository);
  }
  if (code == "RevisionNotFound") {
    fail(Code::NotFound, "{}: there is no revision {}", name, display(address_.revision));
  }
  if (code == "EntryNotFound" && !file.empty()) {
    fail(Code::NotFound, "{}: there is no {}", name, display(file));
  }
  if (code == "RepoNotFound" || answer.status == 401 || answer.status == 404) {
    fail(Code::NotFound,
         "{}: not found on {}, or private: set HF_TOKEN to a token that may read it", name,
         address_.endpoint);
  }
  const std::string_view said = answer.header("x-error-message").substr(0, kMostShown);
  fail(Code::NoPermission, "{}: the server answers {}{}{}", name, answer.status,
       said.empty() ? "" : ": ", display(said));
}

}  // namespace ckptscope
