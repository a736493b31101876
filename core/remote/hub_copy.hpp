// A copy of a model's headers, from its hub or from a cache of it.
#pragma once

#include "core/base/progress.hpp"
#include "core/remote/address.hpp"
#include "core/remote/remote_copy.hpp"
#include "core/remote/remote_settings.hpp"

namespace ckptscope {

/// See copy_headers().
RemoteCopy copy_of_model(const HubAddress& address, const RemoteSettings& settings,
                         Progress* progress);

}  // namespace ckptscope
