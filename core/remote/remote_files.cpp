// What is known of a file comes from its first answer.
#include "core/remote/remote_files.hpp"

#include <algorithm>

#include "core/base/display.hpp"
#include "core/base/error.hpp"
#include "core/remote/address.hpp"

namespace ckptscope {
namespace {

HttpSettings http_settings(const RemoteSettings& settings) {
  HttpSettings http;
  http.token = settings.token;
  http.token_origin = origin_of(settings.endpoint);
  http.allow_http = settings.allow_http;
  http.certificates = settings.certificates;
  http.connect = settings.connect;
  http.idle = settings.idle;
  return http;
}

/// Two answers that name the same thing differently are about different things; one that names
/// nothing, or says that its name is a weak one, says nothing.
bool agree(std::string_view a, std::string_view b) {
  return a.empty() || b.empty() || a.starts_with("W/") || b.starts_with("W/") || a == b;
}

}  // namespace

RemoteFiles::RemoteFiles(const RemoteSettings& settings) : http_(http_settings(settings)) {}

HttpAnswer RemoteFiles::get(const std::string& url, std::uint64_t most, Progress* progress) {
  const HttpRequest request{url, {}, most};
  return std::move(http_.fetch({&request, 1}, progress).front());
}

std::vector<HttpAnswer> RemoteFiles::read(std::span<const RemoteRange> ranges, Progress* progress) {
  std::vector<HttpRequest> requests;
  for (const RemoteRange& one : ranges) {
    const auto known = known_.find(one.url);
    const bool direct = known != known_.end() && !known->second.signed_url.empty();
    HttpRequest request{one.url, one.range};
    if (direct) {
      request.url = known->second.signed_url;
      request.from_private = known->second.from_private;
    }
    requests.push_back(std::move(request));
  }
  std::vector<HttpAnswer> answers = http_.fetch(requests, progress);
  std::vector<HttpRequest> again;  // a signed address is good for an hour
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (answers[i].status == 206 || requests[i].url == ranges[i].url) continue;
    again.push_back({ranges[i].url, ranges[i].range});
    places.push_back(i);
  }
  std::vector<HttpAnswer> renewed = http_.fetch(again, progress);
  for (std::size_t i = 0; i < places.size(); ++i) answers[places[i]] = std::move(renewed[i]);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (answers[i].status == 206) remember(ranges[i].url, answers[i]);
  }
  return answers;
}

void RemoteFiles::remember(const std::string& url, const HttpAnswer& answer) {
  const auto [place, is_new] = known_.try_emplace(url);
  Known& known = place->second;
  const std::string etag(answer.header("etag"));
  const std::string linked(answer.header("x-linked-etag"));
  const bool same = is_new || (known.total == answer.total && agree(known.etag, etag) &&
                               agree(known.linked_etag, linked));
  if (!same) {
    fail(Code::BadAnswer,
         "{}: another file than a moment ago: {} bytes and ETag {} then, {} and {} now",
         display(without_query(url)), known.total,
         display(known.linked_etag.empty() ? known.etag : known.linked_etag), answer.total,
         display(linked.empty() ? etag : linked));
  }
  if (!etag.empty()) known.etag = etag;
  if (!linked.empty()) known.linked_etag = linked;
  known.total = answer.total;
  if (answer.url != url && is_new) known.from_private = answer.from_private;
  known.signed_url = answer.url == url ? "" : answer.url;
}

}  // namespace ckptscope
