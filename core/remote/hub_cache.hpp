// What the hub's own library has downloaded:
//
//   models--ORG--NAME/refs/REVISION         a commit, as text
//   models--ORG--NAME/snapshots/COMMIT/…    links to the files
//
// Source: huggingface_hub, file_download.py.
#pragma once

#include <string>

namespace ckptscope {

/// "models--org--name" in `cache`; empty where that is no directory, or `repository` no
/// "org/name".
std::string hub_cache_entry(const std::string& cache, const std::string& repository);
/// The commit that a ref's file holds; empty without the file. Throws what reading throws.
std::string read_ref(const std::string& path);
/// The commit that refs/REVISION names.
std::string commit_in_cache(const std::string& entry, const std::string& revision);
/// The directory of a commit's files; empty without it.
std::string snapshot_in_cache(const std::string& entry, const std::string& commit);

}  // namespace ckptscope
