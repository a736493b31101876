// Redirects are followed here, one request a hop: so there is one place that decides, by the URL of
// each, whether the token goes with it and whether the address may be connected to.
#include "core/remote/http.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <deque>

#include "core/base/display.hpp"
#include "core/base/error.hpp"
#include "core/remote/address.hpp"
#include "core/remote/curl_library.hpp"
#include "core/remote/private_network.hpp"

namespace ckptscope {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr int kMostRedirects = 3;
constexpr std::size_t kMostAtOnce = 32;              // transfers
constexpr long kMostConnections = 8;                 // to a host without HTTP/2
constexpr long kLeastSpeed = 64;                     // bytes a second, over the time of `idle`
constexpr std::size_t kMostHeaderLines = 64u << 10;  // bytes, of one hop
constexpr std::array<std::chrono::seconds, 5> kPauses{1s, 2s, 4s, 8s, 8s};

template <typename Number>
std::optional<Number> leading_number(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end == text.data()) return std::nullopt;
  return number;
}

/// "bytes 0-9/100".
struct ContentRange {
  std::uint64_t first;
  std::uint64_t last;
  std::uint64_t total;
};

std::optional<ContentRange> parse_content_range(std::string_view text) {
  constexpr std::string_view kUnit = "bytes ";
  if (!text.starts_with(kUnit)) return std::nullopt;
  text.remove_prefix(kUnit.size());
  const std::size_t dash = text.find('-');
  const std::size_t slash = text.find('/');
  if (dash == text.npos || slash == text.npos || slash < dash) return std::nullopt;
  const auto first = leading_number<std::uint64_t>(text.substr(0, dash));
  const auto last = leading_number<std::uint64_t>(text.substr(dash + 1));
  const auto total = leading_number<std::uint64_t>(text.substr(slash + 1));
  if (!first || !last || !total) return std::nullopt;
  return ContentRange{*first, *last, *total};
}

/// Seconds that the server wants to be left alone for. Source: draft-ietf-httpapi-ratelimit-headers
/// (`"resolvers";r=0;t=55`), RFC 9110, 10.2.3.
std::optional<std::chrono::seconds> asked_pause(const HttpAnswer& answer) {
  const std::string_view limit = answer.header("ratelimit");
  const std::size_t at = limit.find(";t=");
  auto seconds = at == limit.npos ? std::nullopt : leading_number<int>(limit.substr(at + 3));
  if (!seconds) seconds = leading_number<int>(answer.header("retry-after"));
  if (!seconds || *seconds < 0) return std::nullopt;
  return std::chrono::seconds(*seconds);
}

bool is_to_repeat(int status) {
  return status == 408 || status == 429 || (status >= 500 && status <= 504 && status != 501);
}

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

}  // namespace

class HttpClient::Implementation {
 public:
  explicit Implementation(HttpSettings settings)
      : curl_(CurlLibrary::get()), settings_(std::move(settings)), multi_(curl_.multi_init()) {
    curl_.multi_setopt(multi_, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
    curl_.multi_setopt(multi_, CURLMOPT_MAX_HOST_CONNECTIONS, kMostConnections);
  }
  Implementation(const Implementation&) = delete;
  Implementation& operator=(const Implementation&) = delete;
  ~Implementation() { curl_.multi_cleanup(multi_); }

  std::vector<HttpAnswer> fetch(std::span<const HttpRequest> requests, Progress* progress) {
    std::deque<Transfer> transfers;
    for (const HttpRequest& request : requests) transfers.emplace_back(*this, request);
    try {
      run(transfers, progress);
    } catch (...) {
      for (Transfer& one : transfers) one.end();
      throw;
    }
    std::vector<HttpAnswer> answers;
    for (Transfer& one : transfers) answers.push_back(std::move(one.answer));
    return answers;
  }

 private:
  /// One request, over its redirects and repetitions.
  struct Transfer {
    Transfer(Implementation& client, const HttpRequest& wanted)
        : owner(&client),
          request(&wanted),
          next_url(wanted.url),
          began_private(wanted.from_private.value_or(false)) {}
    Transfer(const Transfer&) = delete;
    Transfer& operator=(const Transfer&) = delete;
    ~Transfer() { end(); }

    void end() {
      if (easy != nullptr) {
        owner->curl_.multi_remove_handle(owner->multi_, easy);
        owner->curl_.easy_cleanup(easy);
      }
      owner->curl_.slist_free_all(headers);
      easy = nullptr;
      headers = nullptr;
    }

    Implementation* owner;
    const HttpRequest* request;
    std::string next_url;
    int redirects = 0;
    std::size_t tries = 0;
    bool began_private;  // its first host is of a private network
    bool is_done = false;
    Clock::time_point not_before{};
    Clock::time_point give_up{};
    HttpAnswer answer;
    Headers of_hops;     // what redirects said of the file
    std::string broken;  // the rule that the answer breaks
    std::size_t header_bytes = 0;
    CURL* easy = nullptr;
    curl_slist* headers = nullptr;
    std::array<char, CURL_ERROR_SIZE> why{};
  };

  void run(std::deque<Transfer>& transfers, Progress* progress) {
    const Clock::time_point end = Clock::now() + settings_.together;
    for (Transfer& one : transfers) one.give_up = end;
    progress_ = progress;
    std::size_t done = 0;
    std::size_t running = 0;
    while (done < transfers.size()) {
      if (progress != nullptr) progress->check_stop();
      begin_those_that_may(transfers, running);
      int still = 0;
      curl_.multi_perform(multi_, &still);
      bool any = false;
      int left = 0;
      while (const CURLMsg* message = curl_.multi_info_read(multi_, &left)) {
        if (message->msg != CURLMSG_DONE) continue;
        Transfer& one = transfer_of(message->easy_handle);
        const CURLcode result = message->data.result;  // the message goes with the handle
        finish(one, result);
        --running;
        any = true;
        if (one.is_done) ++done;
      }
      constexpr int kMilliseconds = 50;
      const bool may_sleep = done < transfers.size() && !any;  // else there may be more to begin
      if (may_sleep) curl_.multi_poll(multi_, nullptr, 0, kMilliseconds, nullptr);
    }
  }

  /// As many as may run at once, whose time has come.
  void begin_those_that_may(std::deque<Transfer>& transfers, std::size_t& running) {
    const Clock::time_point now = Clock::now();
    for (Transfer& one : transfers) {
      if (running == kMostAtOnce) break;
      if (one.is_done || one.easy != nullptr || one.not_before > now) continue;
      begin(one);
      ++running;
    }
  }

  Transfer& transfer_of(CURL* easy) const {
    void* transfer = nullptr;
    curl_.easy_getinfo(easy, CURLINFO_PRIVATE, &transfer);
    return *static_cast<Transfer*>(transfer);
  }

  void begin(Transfer& one) {
    if (!may_be_asked(one.next_url, settings_.allow_http)) {
      fail(Code::BadAnswer, "{}: led to {}, which is not https://", shown(one),
           display(origin_of(one.next_url)));
    }
    one.easy = curl_.easy_init();
    one.answer = HttpAnswer();
    one.answer.url = one.next_url;
    one.answer.headers = one.of_hops;
    one.broken.clear();
    one.header_bytes = 0;
    one.why.fill('\0');
    set_connection(one);
    set_callbacks(one);
    set_headers(one);
    curl_.multi_add_handle(multi_, one.easy);
  }

  template <typename Value>
  void set(Transfer& one, CURLoption option, Value value) const {
    curl_.easy_setopt(one.easy, option, value);
  }

  void set_connection(Transfer& one) const {
    set(one, CURLOPT_URL, one.next_url.c_str());
    set(one, CURLOPT_PROTOCOLS_STR, "https,http");  // may_be_asked() decides
    set(one, CURLOPT_FOLLOWLOCATION, 0L);
    set(one, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
    set(one, CURLOPT_PIPEWAIT, 1L);
    set(one, CURLOPT_NOSIGNAL, 1L);
    set(one, CURLOPT_USERAGENT, "ckptscope");
    set(one, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(settings_.connect.count()));
    set(one, CURLOPT_LOW_SPEED_LIMIT, kLeastSpeed);
    set(one, CURLOPT_LOW_SPEED_TIME,
        static_cast<long>(std::max<std::int64_t>(1, settings_.idle.count() / 1000)));
    set(one, CURLOPT_TIMEOUT_MS, static_cast<long>(left_of(one).count()));
    if (names_private_host(one.next_url)) set(one, CURLOPT_NOPROXY, "*");  // nobody else's business
    if (!settings_.certificates.empty()) set(one, CURLOPT_CAINFO, settings_.certificates.c_str());
  }

  static void set_callbacks(Transfer& one) {
    const Implementation& client = *one.owner;
    void* const self = &one;
    client.set(one, CURLOPT_PRIVATE, self);
    client.set(one, CURLOPT_ERRORBUFFER, one.why.data());
    client.set(one, CURLOPT_WRITEFUNCTION, &take_body);
    client.set(one, CURLOPT_WRITEDATA, self);
    client.set(one, CURLOPT_HEADERFUNCTION, &take_header);
    client.set(one, CURLOPT_HEADERDATA, self);
    client.set(one, CURLOPT_OPENSOCKETFUNCTION, &open_socket);
    client.set(one, CURLOPT_OPENSOCKETDATA, self);
    client.set(one, CURLOPT_PREREQFUNCTION, &check_connection);
    client.set(one, CURLOPT_PREREQDATA, self);
  }

  void set_headers(Transfer& one) const {
    one.headers = curl_.slist_append(nullptr, "Accept-Encoding: identity");
    // The one place where the token is given away.
    if (!settings_.token.empty() && origin_of(one.next_url) == settings_.token_origin) {
      const std::string line = "Authorization: Bearer " + settings_.token;
      one.headers = curl_.slist_append(one.headers, line.c_str());
    }
    set(one, CURLOPT_HTTPHEADER, one.headers);
    if (!one.request->range) return;
    const ByteRange& wanted = *one.request->range;
    const std::string range =
        fmt::format("{}-{}", wanted.offset, wanted.offset + wanted.length - 1);
    set(one, CURLOPT_RANGE, range.c_str());  // copied
  }

  std::chrono::milliseconds left_of(const Transfer& one) const {
    return std::max(
        1ms, std::chrono::duration_cast<std::chrono::milliseconds>(one.give_up - Clock::now()));
  }

  /// Whether an address may be connected to, or a connection to it used again.
  static bool allows(Transfer& one, const char* address) {
    const bool inside = is_private_address(address);
    const bool is_first = one.redirects == 0 && !one.request->from_private;
    if (is_first) one.began_private = inside;
    if (is_first || !inside || one.began_private) return true;
    one.broken = fmt::format("led to {}, an address inside a private network", address);
    return false;
  }

  /// Before a connection, with the address that a name stands for now: no trick of a name server
  /// comes behind it.
  static curl_socket_t open_socket(void* data, curlsocktype, curl_sockaddr* to) {
    std::array<char, INET6_ADDRSTRLEN> address{};
    const void* const bytes =
        to->family == AF_INET
            ? static_cast<const void*>(&reinterpret_cast<const sockaddr_in*>(&to->addr)->sin_addr)
            : &reinterpret_cast<const sockaddr_in6*>(&to->addr)->sin6_addr;
    ::inet_ntop(to->family, bytes, address.data(), address.size());
    if (!allows(*static_cast<Transfer*>(data), address.data())) return CURL_SOCKET_BAD;
    return ::socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
  }

  /// Before each request, also on a connection that is there.
  static int check_connection(void* data, char* address, char*, int, int) {
    const bool allowed = allows(*static_cast<Transfer*>(data), address);
    return allowed ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
  }

  static std::size_t take_header(const char* data, std::size_t, std::size_t size, void* to) {
    Transfer& one = *static_cast<Transfer*>(to);
    const std::string_view line(data, size);
    if ((one.header_bytes += size) > kMostHeaderLines) {
      one.broken = "more than 64 KiB of header lines";
      return 0;
    }
    const std::size_t colon = line.find(':');
    if (colon == line.npos) return size;
    std::string name(line.substr(0, colon));
    for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    std::string_view value = line.substr(colon + 1);
    constexpr std::string_view kSpace = " \t\r\n";
    value.remove_prefix(std::min(value.find_first_not_of(kSpace), value.size()));
    value = value.substr(0, value.find_last_not_of(kSpace) + 1);
    one.answer.headers[std::move(name)] = value;
    return size;
  }

  static std::size_t take_body(const char* data, std::size_t, std::size_t size, void* to) {
    Transfer& one = *static_cast<Transfer*>(to);
    const bool is_wanted = one.owner->status_of(one) < 300;
    if (!is_wanted) return size;  // what a server says of an error is for people who browse
    const auto& range = one.request->range;
    const std::uint64_t most = range ? range->length : one.request->most;
    if (one.answer.body.size() + size > most) {
      one.broken = fmt::format("more than the {} bytes that were asked for", most);
      return 0;
    }
    one.answer.body.append(data, size);
    return size;
  }

  int status_of(const Transfer& one) const {
    long status = 0;
    curl_.easy_getinfo(one.easy, CURLINFO_RESPONSE_CODE, &status);
    return static_cast<int>(status);
  }

  /// Nothing that passes: a server that nobody vouches for, or one that has never been there.
  bool is_final(CURLcode result) const {
    const bool absent = result == CURLE_COULDNT_RESOLVE_HOST || result == CURLE_COULDNT_CONNECT;
    return result == CURLE_PEER_FAILED_VERIFICATION || result == CURLE_SSL_CACERT_BADFILE ||
           (absent && !was_answered_);
  }

  /// Done, or to be done once more.
  void finish(Transfer& one, CURLcode result) {
    one.answer.status = status_of(one);
    one.answer.from_private = one.began_private;
    const std::string why = one.why[0] != '\0' ? one.why.data() : curl_.easy_strerror(result);
    const char* target = nullptr;
    curl_.easy_getinfo(one.easy, CURLINFO_REDIRECT_URL, &target);  // whole, of a relative one too
    one.next_url = target == nullptr ? "" : target;
    one.end();
    if (!one.broken.empty()) fail(Code::BadAnswer, "{}: {}", shown(one), one.broken);
    if (result != CURLE_OK && is_final(result)) {
      fail(Code::Unreachable, "{}: {}", shown(one), display(why));
    }
    if (result != CURLE_OK) return repeat(one, Code::Unreachable, display(why));
    was_answered_ = true;
    const int status = one.answer.status;
    if (is_redirect(status)) return redirect(one);
    if (is_to_repeat(status)) {
      return repeat(one, status == 429 ? Code::RateLimited : Code::Unreachable,
                    fmt::format("the server answers {}", status));
    }
    const bool is_refused = status >= 400 && status < 500;
    if (!is_refused && status != 200 && status != 206) {
      fail(Code::BadAnswer, "{}: the server answers {}", shown(one), status);
    }
    if (!is_refused) check(one);
    if (is_empty_file(one)) one.answer.status = 206;
    one.is_done = true;
    const auto& range = one.request->range;
    if (progress_ != nullptr && range) progress_->advance(range->length);
  }

  /// No byte can be given of it: that becomes a range of none.
  static bool is_empty_file(const Transfer& one) {
    return one.answer.status == 416 && one.request->range && one.request->range->offset == 0 &&
           one.answer.header("content-range") == "bytes */0";
  }

  void repeat(Transfer& one, Code code, const std::string& why) {
    const auto pause = asked_pause(one.answer);
    const bool last = one.tries == kPauses.size();
    const auto wait = last ? 0s : pause.value_or(kPauses[one.tries]);
    if (last || Clock::now() + wait >= one.give_up) {
      fail(code, "{}: {}{}", shown(one), why,
           pause ? fmt::format("; it asks for {} seconds of patience", pause->count()) : "");
    }
    if (progress_ != nullptr && code == Code::RateLimited) {
      progress_->line(fmt::format("{}: {}; going on in {} s", origin_of(one.request->url), why,
                                  std::chrono::ceil<std::chrono::seconds>(wait).count()));
    }
    ++one.tries;
    one.not_before = Clock::now() + wait;
    one.next_url = one.request->url;
    one.redirects = 0;
    one.of_hops.clear();
  }

  void redirect(Transfer& one) {
    const std::string from = origin_of(one.answer.url);
    const std::string to = origin_of(one.next_url);
    const auto must = [&](bool holds, const std::string& rule) {
      if (!holds) fail(Code::BadAnswer, "{}: {}", shown(one), rule);
    };
    must(++one.redirects <= kMostRedirects, fmt::format("more than {} redirects", kMostRedirects));
    must(!to.empty(), "redirected to no URL");
    must(!from.starts_with("https://") || to.starts_with("https://"),
         "redirected from https:// to http://");
    must(one.began_private || !names_private_host(one.next_url),
         fmt::format("redirected to {}, inside a private network", display(to)));
    for (const auto& [name, value] : one.answer.headers) {
      if (name.starts_with("x-")) one.of_hops[name] = value;
    }
  }

  static void check(Transfer& one) {
    HttpAnswer& answer = one.answer;
    const auto must = [&](bool holds, const std::string& rule) {
      if (!holds) fail(Code::BadAnswer, "{}: {}", shown(one), rule);
    };
    const std::string_view encoding = answer.header("content-encoding");
    must(encoding.empty() || encoding == "identity",
         fmt::format("Content-Encoding {} was not asked for", display(encoding)));
    if (!one.request->range) {
      answer.total = answer.body.size();
      return;
    }
    must(answer.status == 206, "the server gives the whole file, not the range asked for");
    const auto range = parse_content_range(answer.header("content-range"));
    must(range.has_value(), "a part of a file without a Content-Range");
    const ByteRange& wanted = *one.request->range;
    const std::uint64_t end = std::min(wanted.offset + wanted.length, range->total);
    must(range->first == wanted.offset && wanted.offset < end && range->last == end - 1,
         fmt::format("bytes {}-{} of {} were given, {}-{} asked for", range->first, range->last,
                     range->total, wanted.offset, wanted.offset + wanted.length - 1));
    must(answer.body.size() == end - wanted.offset,
         fmt::format("{} bytes were given, {} announced", answer.body.size(), end - wanted.offset));
    answer.total = range->total;
  }

  /// Without the query, which may be a signature.
  static std::string shown(const Transfer& one) { return display(without_query(one.request->url)); }

  const CurlLibrary& curl_;
  const HttpSettings settings_;
  CURLM* const multi_;
  bool was_answered_ = false;     // any request
  Progress* progress_ = nullptr;  // of the fetch that runs; may be null
};

HttpClient::HttpClient(HttpSettings settings)
    : implementation_(std::make_unique<Implementation>(std::move(settings))) {}
HttpClient::~HttpClient() = default;

std::vector<HttpAnswer> HttpClient::fetch(std::span<const HttpRequest> requests,
                                          Progress* progress) {
  return implementation_->fetch(requests, progress);
}

}  // namespace ckptscope
