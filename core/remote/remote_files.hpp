// Files behind URLs, read in ranges. A hub answers a request with a redirect to a signed address of
// another host, which is good for some time: ranges that follow go there directly, without the
// token and without asking the hub again, until it is refused.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "core/base/progress.hpp"
#include "core/remote/http.hpp"
#include "core/remote/remote_settings.hpp"

namespace ckptscope {

struct RemoteRange {
  std::string url;
  ByteRange range;
};

/// Not thread-safe.
class RemoteFiles {
 public:
  explicit RemoteFiles(const RemoteSettings& settings);

  /// A whole small file, at most `most` bytes of it. The answer may be a 401, 403 or 404. Throws
  /// what HttpClient throws.
  HttpAnswer get(const std::string& url, std::uint64_t most, Progress* progress);
  /// All at once; their bytes in order. Throws BadAnswer, too, where a file is not what it was when
  /// the first of it was read.
  std::vector<HttpAnswer> read(std::span<const RemoteRange> ranges, Progress* progress);

 private:
  struct Known {
    std::string signed_url;
    bool from_private = false;  // who signed it is of a private network
    std::string etag;
    std::string linked_etag;
    std::uint64_t total = 0;
  };
  void remember(const std::string& url, const HttpAnswer& answer);

  HttpClient http_;
  std::map<std::string, Known> known_;
};

}  // namespace ckptscope
