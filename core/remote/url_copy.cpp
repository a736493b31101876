// What is given is written below a name that is the hash of all of it.
#include "core/remote/url_copy.hpp"

#include <map>
#include <optional>
#include <vector>

#include "core/base/bytes.hpp"
#include "core/base/display.hpp"
#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/base/hash.hpp"
#include "core/remote/file_names.hpp"
#include "core/remote/header_cache.hpp"
#include "core/remote/header_fetch.hpp"

namespace ckptscope {
namespace {

[[noreturn]] void refuse(const HttpAnswer& answer, const std::string& url) {
  fail(answer.status == 404 ? Code::NotFound : Code::NoPermission, "{}: the server answers {}",
       display(without_query(url)), answer.status);
}

bool is_plain(const std::string& name) {
  return !name.empty() && name.find('/') == name.npos && name != "." && name != "..";
}

class UrlCopy {
 public:
  UrlCopy(const std::string& url, const RemoteSettings& settings, Progress* progress)
      : url_(url),
        folder_(without_query(url).substr(0, without_query(url).rfind('/'))),
        settings_(settings),
        progress_(progress),
        files_(settings),
        cache_(settings.header_cache),
        draft_(cache_) {}

  RemoteCopy make() {
    const std::string name = percent_decoded(last_component(without_query(url_)));
    if (!is_plain(name)) fail(Code::Usage, "{}: no name of a file", display(without_query(url_)));
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
        [&](const HttpAnswer& answer, const RemoteShard& shard) {
          const bool is_absent =
              index_bytes > 0 && answer.status == 404;  // as files on disk may be
          if (!is_absent) refuse(answer, shard.url);
        },
        progress_);
    std::map<std::string, std::string> urls;
    for (const RemoteShard& shard : shards) {
      if (!shard.size) continue;
      keep(shard.name, shard.bytes, *shard.size);
      urls[shard.name] = shard.url;
    }
    const std::string directory =
        draft_.finish(place_in_cache(origin_of(url_), hex64(xxh3(url_))), hex64(xxh3(kept_)));
    const std::string download =
        index_bytes > 0 ? fmt::format("the {} that it names", counted(urls.size(), "file"))
                        : "curl -LO " + shell_word(without_query(url_)) +
                              (url_ == without_query(url_) ? "" : " with its query");
    return {
        directory + "/" + name, directory, folder_,
        std::make_shared<RemoteValues>(settings_, std::move(urls), without_query(url_), download)};
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
    fail(Code::Unreachable, "{}: HF_HUB_OFFLINE is set", display(without_query(address.url)));
  }
  return UrlCopy(address.url, settings, progress).make();
}

}  // namespace ckptscope
