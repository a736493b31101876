// Reading over HTTP: many small requests at once, each answer checked against what was asked for.
// The network library is loaded when the first of them is made, so that a program that is given
// paths of this machine neither loads nor needs it.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/progress.hpp"

namespace ckptscope {

struct ByteRange {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

struct HttpRequest {
  std::string url;
  std::optional<ByteRange> range{};
  std::uint64_t most = 0;  // bytes of the body, where no range says it; one more is an error
  /// Where a server has named this URL: whether that one was of a private network. Else the first
  /// host may be any, and the others may be private only if it is.
  std::optional<bool> from_private{};
};

using Headers = std::map<std::string, std::string, std::less<>>;

struct HttpAnswer {
  int status = 0;             // 200 or 206; or 4xx, which the caller knows the meaning of
  std::string url;            // that answered, behind redirects
  std::string body;           // of a range: all of it, or what there is up to the end of the file
  std::uint64_t total = 0;    // bytes of the file, where a range was asked for
  bool from_private = false;  // the first host was of a private network
  Headers headers;            // names in lower case; those with x- of redirects before it, too

  std::string_view header(std::string_view name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string_view() : found->second;
  }
};

struct HttpSettings {
  std::string token;         // sent to `token_origin` and to nobody else
  std::string token_origin;  // as origin_of() writes it
  bool allow_http = false;   // to hosts other than this machine
  std::string certificates;  // a file of authorities; empty: the system's
  std::chrono::milliseconds connect{10'000};
  std::chrono::milliseconds idle{30'000};       // with hardly a byte
  std::chrono::milliseconds together{300'000};  // of one request with all its repetitions
};

/// Keeps its connections from one call to the next. Not thread-safe.
class HttpClient {
 public:
  explicit HttpClient(HttpSettings settings);
  ~HttpClient();

  /// Makes all requests, several at a time, and gives their answers in order; of an empty file a
  /// range from 0 on is empty. What a server asks to repeat later (408, 429, 5xx), or a broken
  /// connection (but not the first one, where nobody is there), is repeated up to five times, after
  /// 1, 2, 4, 8 and 8 seconds or when the server says. At most three redirects are followed, each
  /// to where may_be_asked() allows, never from https:// to http://, and to an address of a private
  /// network only from one, which is decided before it is connected to. (Behind a proxy, which
  /// looks names up by itself, by what the URL says.) `progress` advances by the bytes of ranges,
  /// as they were asked for, and is told of patience. Throws Unreachable (also where there is no
  /// network library), BadAnswer (what breaks a rule), RateLimited, Interrupted.
  std::vector<HttpAnswer> fetch(std::span<const HttpRequest> requests,
                                Progress* progress = nullptr);

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace ckptscope
