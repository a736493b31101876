// By what kind of address it is.
#include "core/remote/remote_copy.hpp"

#include "core/remote/address.hpp"
#include "core/remote/hub_copy.hpp"
#include "core/remote/remote_settings.hpp"
#include "core/remote/url_copy.hpp"

namespace ckptscope {

RemoteCopy copy_headers(const std::string& path, Progress* progress) {
  const RemoteSettings settings = RemoteSettings::of_environment();
  const RemoteAddress address = parse_remote(path, settings.endpoint, settings.allow_http);
  return address.hub ? copy_of_model(*address.hub, settings, progress)
                     : copy_of_url(*address.url, settings, progress);
}

}  // namespace ckptscope
