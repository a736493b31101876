// A model on a hub: its commit, its files, and what the hub means when it refuses.
// Source: huggingface_hub, hf_api.py and utils/_http.py; huggingface/hub-docs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/progress.hpp"
#include "core/remote/address.hpp"
#include "core/remote/remote_files.hpp"

namespace ckptscope {

struct HubFile {
  std::string name;                     // relative, with '/'; checked to lead nowhere else
  std::optional<std::uint64_t> size{};  // bytes, where the hub says it
  std::string sha256{};                 // of a large file, by what the hub says; may be empty
};

class Hub {
 public:
  /// `files` must outlive this.
  Hub(HubAddress address, RemoteFiles& files) : address_(std::move(address)), files_(files) {}

  /// The commit that the revision stands for now: 40 hexadecimal digits. One request, two where
  /// `file` (which comes along, if it is there) does not tell.
  struct Commit {
    std::string id;
    bool has_file = false;
    std::string file;
  };
  Commit commit(const std::string& file, Progress* progress);
  /// All files of a commit. A request for some thousand of them.
  std::vector<HubFile> list(const std::string& commit, Progress* progress);
  /// Throws what a 401, 403 or 404 means: NotFound or NoPermission, and what to do.
  [[noreturn]] void refuse(const HttpAnswer& answer, const std::string& file) const;

 private:
  std::string api() const;

  HubAddress address_;
  RemoteFiles& files_;
};

/// One page of a list of files, JSON as the hub writes it. Throws BadAnswer, or what the scanner
/// throws, for another text, and for names that lead elsewhere.
std::vector<HubFile> read_hub_list(const std::string& page);

/// Where a file of a commit or another revision is.
std::string url_of(const HubAddress& address, const std::string& revision, const std::string& file);

/// Whether a revision is a commit, which never changes.
bool is_commit(std::string_view revision);

}  // namespace ckptscope
