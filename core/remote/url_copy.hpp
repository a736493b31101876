// A copy of the headers behind one URL: of a shard, or of those that an index names.
#pragma once

#include "core/base/progress.hpp"
#include "core/remote/address.hpp"
#include "core/remote/remote_copy.hpp"
#include "core/remote/remote_settings.hpp"

namespace ckptscope {

/// See copy_headers(). Nobody says whether files behind a URL are what they were: they are asked
/// for each time.
RemoteCopy copy_of_url(const UrlAddress& address, const RemoteSettings& settings,
                       Progress* progress);

}  // namespace ckptscope
