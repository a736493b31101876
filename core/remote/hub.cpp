// The hub's own words are shown escaped: they are a stranger's.
#include "core/remote/hub.hpp"

#include <algorithm>
#include <optional>

#include "core/base/display.hpp"
#include "core/base/error.hpp"
#include "core/base/json_scanner.hpp"

namespace ckptscope {
namespace {

constexpr std::uint64_t kMaxPageBytes = 32'000'000;
constexpr int kMostPages = 100;
constexpr std::size_t kMostRows = 10'000;  // of a page
constexpr std::size_t kMostShown = 200;    // bytes of what the hub says

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

/// Reads the members of the object that comes next: read(name) takes a value, or leaves it.
template <typename Read>
void read_object(JsonScanner& scan, const Read& read) {
  scan.enter_object();
  std::string_view view;
  for (bool first = true; scan.next_member(first, view); first = false) {
    const std::string name(view);  // the view goes with the next string
    scan.peek();                   // passes over space
    const std::size_t before = scan.offset();
    read(name);
    if (scan.offset() == before) scan.skip_value();
  }
}

/// What the scanner takes for granted.
void require_utf8(const std::string& text) {
  if (find_invalid_utf8(text) != text.npos) fail(Code::BadUtf8, "not UTF-8");
}

std::string text_or_nothing(JsonScanner& scan) {
  return scan.peek() == '"' ? std::string(scan.string()) : std::string();
}

/// A number of bytes; what is none is not known.
std::optional<std::uint64_t> size_or_nothing(JsonScanner& scan) {
  if (scan.peek() < '0' || scan.peek() > '9') return std::nullopt;
  return scan.unsigned_integer();
}

/// One row of a list; nullopt for a folder.
std::optional<HubFile> read_row(JsonScanner& scan) {
  HubFile file;
  bool is_file = false;
  read_object(scan, [&](const std::string& name) {
    if (name == "type") is_file = text_or_nothing(scan) == "file";
    if (name == "path") file.name = text_or_nothing(scan);
    if (name == "size" && !file.size) file.size = size_or_nothing(scan);
    if (name != "lfs" || scan.peek() != '{') return;
    read_object(scan, [&](const std::string& of_large) {
      if (of_large == "oid") file.sha256 = text_or_nothing(scan);
      if (of_large == "size") file.size = size_or_nothing(scan);
    });
  });
  return is_file ? std::optional(std::move(file)) : std::nullopt;
}

/// An answer is no place for half a truth: what cannot be read is its server's fault.
template <typename Read>
void read_answer(const std::string& url, const Read& read) {
  try {
    read();
  } catch (const Error& error) {
    throw Error(Code::BadAnswer, fmt::format("{}: {}", display(url), error.what()));
  }
}

/// One link of a Link header, `<https://…>; rel="next"`: its URL where it is that of the next page.
std::string next_of(std::string_view link) {
  const std::size_t begin = link.find('<');
  const std::size_t end = link.find('>');
  if (begin == link.npos || end == link.npos || end < begin) {
    fail(Code::BadAnswer, "a Link that cannot be read: {}", display(link));
  }
  std::string behind(link.substr(end + 1));
  std::erase_if(behind, [](char c) { return c == ' ' || c == '\t' || c == '"'; });
  for (char& c : behind) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  const bool is_next = (behind + ";").find(";rel=next;") != behind.npos;
  return is_next ? std::string(link.substr(begin + 1, end - begin - 1)) : "";
}

/// Empty on the last page. Source: RFC 8288.
std::string next_page(std::string_view links) {
  while (links.find_first_not_of(" \t") != links.npos) {
    const std::size_t in_url = std::min(links.find('>'), links.size());
    const std::size_t comma = std::min(links.find(',', in_url), links.size());
    if (std::string next = next_of(links.substr(0, comma)); !next.empty()) return next;
    links.remove_prefix(std::min(comma + 1, links.size()));
  }
  return "";
}

}  // namespace

bool is_commit(std::string_view revision) {
  constexpr std::size_t kDigits = 40;
  return revision.size() == kDigits &&
         revision.find_first_not_of("0123456789abcdef") == revision.npos;
}

std::vector<HubFile> read_hub_list(const std::string& page) {
  constexpr std::uint64_t kMostSize = 1ull << 60;  // of a file; sums of some fit
  require_utf8(page);
  std::vector<HubFile> files;
  JsonScanner scan(page);
  scan.enter_array();
  std::size_t rows = 0;
  for (bool first = true; scan.next_element(first); first = false) {
    if (++rows > kMostRows) fail(Code::BadAnswer, "more than {} files on a page", kMostRows);
    std::optional<HubFile> file = read_row(scan);
    if (!file) continue;
    if (!is_relative(file->name)) {
      fail(Code::BadAnswer, "a file is named \"{}\"", display(file->name));
    }
    if (file->size.value_or(0) > kMostSize) {
      fail(Code::BadAnswer, "{} has {} bytes", display(file->name), *file->size);
    }
    files.push_back(*std::move(file));
  }
  scan.finish();
  return files;
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
  HttpAnswer answer = files_.get(url_of(address_, address_.revision, file), kMostText, progress);
  const bool absent = answer.status == 404 && answer.header("x-error-code") == "EntryNotFound";
  if (answer.status != 200 && !absent) refuse(answer, file);
  Commit commit{std::string(answer.header("x-repo-commit")), !absent,
                absent ? "" : std::move(answer.body)};
  if (!is_commit(commit.id)) {
    const std::string what = api() + "/revision/" + percent_encoded(address_.revision, false);
    const HttpAnswer about = files_.get(what, kMaxPageBytes, progress);
    if (about.status != 200) refuse(about, "");
    read_answer(what, [&] {
      require_utf8(about.body);
      JsonScanner scan(about.body);
      read_object(scan, [&](const std::string& name) {
        if (name == "sha") commit.id = text_or_nothing(scan);
      });
    });
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
    read_answer(what, [&] {
      for (HubFile& file : read_hub_list(answer.body)) files.push_back(std::move(file));
      url = next_page(answer.header("link"));
    });
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
