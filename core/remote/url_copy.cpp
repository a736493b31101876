// What is given is written below a name that is the hash of all of it.
#include "core/remote/url_copy.hpp"

#include <map>
#include <optional>
#include <vector>

#include "core/base/display.hpp"
#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/base/hash.hpp"
#include "core/remote/header_cache.hpp"
#include "core/remote/header_fetch.hpp"

namespace ckptscope {
namespace {

/// Without a query, which may be a signature.
std::string shown(const std::string& url) {
  return url.substr(0, url.find_first_of("?#"));
}

[[noreturn]] void refuse(const HttpAnswer& answer, const std::string& url) {
  fail(answer.status == 404 ? Code::NotFound : Code::NoPermission, "{}: the server answers {}",
       display(shown(url)), answer.status);
}

bool is_plain(const std::string& name) {
  return !name.empty() && name.find('/') == name.npos && name != "." && name != "..";
}

class UrlCopy {
 public:
  UrlCopy(const std::string& url, const RemoteSettings& settings, Progress* progress)
      : url_(url),
        folder_(shown(url).substr(0, shown(url).rfind('/'))),
        settings_(settings),
        progress_(progress),
        files_(settings),
        cache_(settings.header_cache),
        draft_(cache_) {}

  RemoteCopy make() {
    const std::string name = percent_decoded(last_component(shown(url_)));
    if (!is_plain(name)) fail(Code::Usage, "{}: no name of a file", display(shown(url_)));
    std::vector<RemoteShard> shards;
    std::uint64_t index_bytes = 0;
    if (name.ends_with(kIndexSuffix)) {
      const std::string index = text();
      index_bytes = index.size();
      keep(name, index, index.size());
      for (const std::string& shard : shards_of_index(index)) {
        if (is_plain(shard)) shards.push_back({shard, beside(shard)});
      }
    } else {
      shards.push_back({name, url_});
    }
    if (const auto config = config_beside())
      keep(std::string(kConfigName), *config, config->size());
    fetch_headers(
        files_, shards, index_bytes,
        [](const HttpAnswer& answer, const RemoteShard& shard) { refuse(answer, shard.url); },
        progress_);
    std::map<std::string, std::string> urls;
    for (const RemoteShard& shard : shards) {
      keep(shard.name, shard.bytes, *shard.size);
      urls[shard.name] = shard.url;
    }
    const std::string directory =
        draft_.finish(place_in_cache(origin_of(url_), hex64(xxh3(url_))), hex64(xxh3(kept_)));
    return {directory + "/" + name, directory, folder_,
            std::make_shared<RemoteValues>(settings_, std::move(urls), shown(url_),
                                           fmt::format("curl -LO '{}'", shown(url_)))};
  }

 private:
  std::string beside(std::string_view name) const {
    return folder_ + "/" + percent_encoded(name, false);
  }

  std::string text() {
    HttpAnswer answer = files_.get(url_, kMostText, progress_);
    if (answer.status != 200) refuse(answer, url_);
    return std::move(answer.body);
  }

  /// Servers that list nothing answer 403 of what is not there, too.
  std::optional<std::string> config_beside() {
    HttpAnswer answer = files_.get(beside(kConfigName), kMostText, progress_);
    if (answer.status != 200) return std::nullopt;
    return std::move(answer.body);
  }

  void keep(const std::string& name, const std::string& bytes, std::uint64_t size) {
    draft_.write(name, bytes, size);
    kept_ += fmt::format("{} {} {} ", name, size, bytes.size()) + bytes;
  }

  const std::string url_;
  const std::string folder_;  // its URL
  const RemoteSettings& settings_;
  Progress* const progress_;
  RemoteFiles files_;
  const HeaderCache cache_;
  HeaderCache::Draft draft_;
  std::string kept_;  // all of it, to be hashed
};

}  // namespace

RemoteCopy copy_of_url(const UrlAddress& address, const RemoteSettings& settings,
                       Progress* progress) {
  if (settings.offline) {
    fail(Code::Unreachable, "{}: HF_HUB_OFFLINE is set", display(shown(address.url)));
  }
  return UrlCopy(address.url, settings, progress).make();
}

}  // namespace ckptscope
