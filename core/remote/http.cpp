// Redirects are followed here, one request a hop: so there is one place that decides, by the URL of
// each, whether the token goes with it and whether the address may be connected to.
#include "core/remote/http.hpp"

#include <fmt/format.h>

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
constexpr std::size_t kMostAtOnce = 32;         // transfers
constexpr long kMostConnections = 8;            // to a host without HTTP/2
constexpr long kLeastSpeed = 64;                // bytes a second, over the time of `idle`
constexpr std::size_t kMostHeader = 64u << 10;  // bytes, of one hop
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
        : owner(&client), request(&wanted), next_url(wanted.url) {}
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
    bool began_private = false;  // its first host is of a private network
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
    std::size_t done = 0;
    std::size_t running = 0;
    while (done < transfers.size()) {
      if (progress != nullptr) progress->check_stop();
      const Clock::time_point now = Clock::now();
      for (Transfer& one : transfers) {
        if (running == kMostAtOnce) break;
        if (one.is_done || one.easy != nullptr || one.not_before > now) continue;
        begin(one);
        ++running;
      }
      int still = 0;
      curl_.multi_perform(multi_, &still);
      int left = 0;
      while (const CURLMsg* message = curl_.multi_info_read(multi_, &left)) {
        if (message->msg != CURLMSG_DONE) continue;
        Transfer& one = transfer_of(transfers, message->easy_handle);
        const CURLcode result = message->data.result;
        finish(one, result);
        --running;
        if (!one.is_done) continue;
        ++done;
        const auto& range = one.request->range;
        if (progress != nullptr && range) progress->advance(range->length);
      }
      constexpr int kMilliseconds = 50;
      if (done < transfers.size()) curl_.multi_poll(multi_, nullptr, 0, kMilliseconds, nullptr);
    }
  }

  static Transfer& transfer_of(std::deque<Transfer>& transfers, const CURL* easy) {
    return *std::find_if(transfers.begin(), transfers.end(),
                         [&](const Transfer& one) { return one.easy == easy; });
  }

  void begin(Transfer& one) {
    const std::string origin = origin_of(one.next_url);
    if (origin.empty()) fail(Code::BadAnswer, "{}: no URL", shown(one));
    one.easy = curl_.easy_init();
    one.answer = HttpAnswer();
    one.answer.url = one.next_url;
    one.answer.headers = one.of_hops;
    one.broken.clear();
    one.header_bytes = 0;
    one.why.fill('\0');
    const auto set = [&](CURLoption option, auto value) {
      curl_.easy_setopt(one.easy, option, value);
    };
    set(CURLOPT_URL, one.next_url.c_str());
    set(CURLOPT_PROTOCOLS_STR, "https,http");  // where http is allowed others decide
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
    set(CURLOPT_PIPEWAIT, 1L);
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_USERAGENT, "ckptscope");
    set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(settings_.connect.count()));
    set(CURLOPT_LOW_SPEED_LIMIT, kLeastSpeed);
    set(CURLOPT_LOW_SPEED_TIME,
        static_cast<long>(std::max<std::int64_t>(1, settings_.idle.count() / 1000)));
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(left_of(one).count()));
    set(CURLOPT_ERRORBUFFER, one.why.data());
    if (!settings_.certificates.empty()) set(CURLOPT_CAINFO, settings_.certificates.c_str());
    set(CURLOPT_WRITEFUNCTION, &take_body);
    set(CURLOPT_WRITEDATA, static_cast<void*>(&one));
    set(CURLOPT_HEADERFUNCTION, &take_header);
    set(CURLOPT_HEADERDATA, static_cast<void*>(&one));
    set(CURLOPT_PREREQFUNCTION, &check_connection);
    set(CURLOPT_PREREQDATA, static_cast<void*>(&one));
    one.headers = curl_.slist_append(nullptr, "Accept-Encoding: identity");
    // The one place where the token is given away.
    if (!settings_.token.empty() && origin == settings_.token_origin) {
      const std::string line = "Authorization: Bearer " + settings_.token;
      one.headers = curl_.slist_append(one.headers, line.c_str());
    }
    set(CURLOPT_HTTPHEADER, one.headers);
    std::string range;
    if (one.request->range) {
      const ByteRange& wanted = *one.request->range;
      range = fmt::format("{}-{}", wanted.offset, wanted.offset + wanted.length - 1);
      set(CURLOPT_RANGE, range.c_str());  // copied
    }
    curl_.multi_add_handle(multi_, one.easy);
  }

  std::chrono::milliseconds left_of(const Transfer& one) const {
    return std::max(
        1ms, std::chrono::duration_cast<std::chrono::milliseconds>(one.give_up - Clock::now()));
  }

  /// Called with the address that was connected to: no trick of a name server comes behind it.
  static int check_connection(void* data, char* address, char*, int, int) {
    Transfer& one = *static_cast<Transfer*>(data);
    const bool inside = is_private_address(address);
    if (one.redirects == 0) {
      one.began_private = inside;
    } else if (inside && !one.began_private) {
      one.broken = fmt::format("redirected to {}, an address inside a private network", address);
      return CURL_PREREQFUNC_ABORT;
    }
    return CURL_PREREQFUNC_OK;
  }

  static std::size_t take_header(const char* data, std::size_t, std::size_t size, void* to) {
    Transfer& one = *static_cast<Transfer*>(to);
    const std::string_view line(data, size);
    if ((one.header_bytes += size) > kMostHeader) {
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
    const std::uint64_t most = one.request->range && one.owner->status_of(one) < 300
                                   ? one.request->range->length
                               : one.request->range ? kMostHeader
                                                    : one.request->most;
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
    const std::string why = one.why[0] != '\0' ? one.why.data() : curl_.easy_strerror(result);
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
    if (status == 401 || status == 403 || status == 404) {
      one.is_done = true;
      return;
    }
    if (status != 200 && status != 206) {
      fail(Code::BadAnswer, "{}: the server answers {}", shown(one), status);
    }
    check(one);
    one.is_done = true;
  }

  void repeat(Transfer& one, Code code, const std::string& why) {
    const auto pause = asked_pause(one.answer);
    const bool last = one.tries == kPauses.size();
    const auto wait = last ? 0s : pause.value_or(kPauses[one.tries]);
    if (last || Clock::now() + wait >= one.give_up) {
      fail(code, "{}: {}{}", shown(one), why,
           pause ? fmt::format("; it asks for {} seconds of patience", pause->count()) : "");
    }
    ++one.tries;
    one.not_before = Clock::now() + wait;
    one.next_url = one.request->url;
    one.redirects = 0;
    one.of_hops.clear();
  }

  void redirect(Transfer& one) {
    const std::string location(one.answer.header("location"));
    const std::string from = origin_of(one.answer.url);
    if (++one.redirects > kMostRedirects) {
      fail(Code::BadAnswer, "{}: more than {} redirects", shown(one), kMostRedirects);
    }
    const std::string target =
        location.starts_with('/') && !location.starts_with("//") ? from + location : location;
    const std::string to = origin_of(target);
    if (to.empty()) fail(Code::BadAnswer, "{}: redirected to no URL", shown(one));
    if (from.starts_with("https://") && !to.starts_with("https://")) {
      fail(Code::BadAnswer, "{}: redirected from https:// to http://", shown(one));
    }
    if (to.starts_with("http://") && !one.began_private && !settings_.allow_http) {
      fail(Code::BadAnswer, "{}: redirected to http://", shown(one));
    }
    for (const auto& [name, value] : one.answer.headers) {
      if (name.starts_with("x-")) one.of_hops[name] = value;
    }
    one.next_url = target;
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
  static std::string shown(const Transfer& one) {
    return display(one.request->url.substr(0, one.request->url.find('?')));
  }

  const CurlLibrary& curl_;
  const HttpSettings settings_;
  CURLM* const multi_;
  bool was_answered_ = false;  // any request
};

HttpClient::HttpClient(HttpSettings settings)
    : implementation_(std::make_unique<Implementation>(std::move(settings))) {}
HttpClient::~HttpClient() = default;

std::vector<HttpAnswer> HttpClient::fetch(std::span<const HttpRequest> requests,
                                          Progress* progress) {
  return implementation_->fetch(requests, progress);
}

}  // namespace ckptscope
