// A checkpoint that lies elsewhere, as files of this machine that hold its headers: what opens a
// directory opens it, and says the same of it.
#pragma once

#include <memory>
#include <string>

#include "core/base/progress.hpp"
#include "core/remote/remote_values.hpp"

namespace ckptscope {

struct RemoteCopy {
  std::string path;       // to be opened instead: a directory, or one file
  std::string directory;  // of its files, here
  std::string whence;     // that directory, as the user would call it: "hf://org/name"
  std::shared_ptr<RemoteValues> values;  // null where the files are whole: downloaded before
};

/// Finds or makes the copy of what a remote path names (address.hpp). Of a commit that is in a
/// cache, the hub's own first, nothing is fetched; which commit a branch is takes one request.
/// Throws Usage, NotFound, NoPermission, NotACheckpoint, Unreachable, RateLimited, BadAnswer,
/// Interrupted, and what writing throws; then nothing of it is left.
RemoteCopy copy_headers(const std::string& path, Progress* progress);

}  // namespace ckptscope
