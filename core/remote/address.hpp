// Where a checkpoint lies that is not on this machine: a model of the Hugging Face hub, or one file
// behind a URL.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ckptscope {

/// "https://host[:port]", in lower case and without a slash behind it: what a request may be sent
/// to. Empty for what is no URL of http or https.
std::string origin_of(std::string_view url);

/// A model on a hub.
struct HubAddress {
  std::string endpoint;    // "https://huggingface.co"
  std::string repository;  // "org/name"
  std::string revision;    // a branch, a tag, a commit or refs/pr/N
  std::string file;        // within it, with '/'; empty: all of it

  /// As a user writes it: hf://org/name, with @revision where it is not main. Safe to show: an
  /// address that is not is refused.
  std::string text() const;
};

/// One shard or one index anywhere.
struct UrlAddress {
  std::string url;
};

struct RemoteAddress {
  std::optional<HubAddress> hub;
  std::optional<UrlAddress> url;
};

/// Whether a path is meant to be looked for elsewhere: hf://, https:// or http://.
bool is_remote(std::string_view path);

/// Without a query, which may be a signature, and without a fragment.
std::string without_query(std::string_view url);

/// Whether a request may be sent there: by https://, or by http:// to this machine (localhost and
/// its addresses), or to any where `allow_http`.
bool may_be_asked(std::string_view url, bool allow_http);
/// The host of a URL is written as an address of a private network, or is localhost.
bool names_private_host(std::string_view url);

/// Reads hf://[models/]org/name[@revision][/file], the hub's web addresses of a model (tree, blob,
/// resolve, raw) on `endpoint`, huggingface.co and hf.co, and https://….safetensors[.index.json].
/// Throws Usage with what is expected: also where may_be_asked() says no, of the endpoint, too.
/// Source: huggingface_hub, utils/_hf_uris.py.
RemoteAddress parse_remote(std::string_view path, const std::string& endpoint,
                           bool allow_http = false);

/// A segment or a path for a URL: everything but letters, digits and -._~ (and '/', where it is
/// `kept`) as %XX.
std::string percent_encoded(std::string_view text, bool keep_slashes);
/// The other way round; what is no %XX stays.
std::string percent_decoded(std::string_view text);

}  // namespace ckptscope
