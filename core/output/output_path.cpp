// Two paths are the same when device and inode say so, whatever their spelling.
#include "core/output/output_path.hpp"

#include <sys/statvfs.h>
#include <unistd.h>

#include <filesystem>

#include "core/base/display.hpp"
#include "core/base/error.hpp"
#include "core/base/file.hpp"

namespace ckptscope {
namespace {

namespace fs = std::filesystem;

std::string without_slash(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

std::string parent_of(const std::string& path) {
  const fs::path parent = fs::path(path).parent_path();
  return parent.empty() ? "." : parent.string();
}

/// Throws SameFiles when a directory on the way from `from` to the root is `other`.
void refuse_above(const fs::path& from, const std::string& other, const std::string& out,
                  std::string_view how) {
  const FileIdentity identity = identity_of(other);
  for (fs::path at = from;; at = at.parent_path()) {
    if (kind_of(at.string()) != FileKind::Absent && identity_of(at.string()).same_file(identity)) {
      fail(Code::SameFiles, "{}: {} {}; choose another output", display(out), how, display(other));
    }
    if (at == at.parent_path()) return;
  }
}

}  // namespace

OutputPath::OutputPath(const std::string& path)
    : text_(without_slash(path)), parent_(parent_of(text_)) {
  const std::string name = fs::path(text_).filename().string();
  if (name.empty() || name == "." || name == ".." || name == "/") {
    fail(Code::Usage, "\"{}\" does not end in a name for the output", display(path));
  }
  if (::access(parent_.c_str(), W_OK | X_OK) != 0) {
    fail_errno(fmt::format("{}: {} cannot be written to", display(text_), display(parent_)));
  }
  if (!is_directory(parent_)) {
    fail(Code::NotFound, "{}: {} is no directory", display(text_), display(parent_));
  }
}

bool OutputPath::is_taken() const {
  return exists(text_);
}

void OutputPath::refuse_overlap(std::span<const std::string> directories) const {
  const bool there = is_directory(text_);
  const fs::path real =
      there ? fs::path(real_path(text_)) : fs::path(real_path(parent_)) / last_component(text_);
  for (const std::string& directory : directories) {
    refuse_above(real, directory, text_, "is or lies in the source");
    if (there) refuse_above(real_path(directory), text_, text_, "contains the source");
  }
}

std::uint64_t OutputPath::free_bytes() const {
  struct statvfs status {};
  if (::statvfs(parent_.c_str(), &status) != 0) fail_errno(display(parent_));
  return static_cast<std::uint64_t>(status.f_bavail) * status.f_frsize;
}

}  // namespace ckptscope
