// The temporary name is that of this process: two that write one file meet at the end, and the
// second one is refused.
#include "core/output/new_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "core/base/display.hpp"
#include "core/base/error.hpp"

namespace ckptscope {
namespace {

[[noreturn]] void refuse(const std::string& path) {
  fail(Code::Exists, "{}: exists; nothing is replaced", display(path));
}

UniqueFd open_parent(const OutputPath& path) {
  if (path.is_taken()) refuse(path.text());
  UniqueFd fd = open_at(AT_FDCWD, path.parent(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (!fd) fail_errno(display(path.parent()));
  return fd;
}

}  // namespace

NewFile::NewFile(const OutputPath& path, std::uint64_t size)
    : path_(path.text()),
      partial_(fmt::format("{}.partial-{}", last_component(path.text()), ::getpid())),
      directory_(open_parent(path)),
      file_(directory_.get(), partial_, size) {}

NewFile::~NewFile() {
  if (!committed_) ::unlinkat(directory_.get(), partial_.c_str(), 0);
}

void NewFile::commit() {
  file_.finish();
  const std::string name = last_component(path_);
  if (::renameat2(directory_.get(), partial_.c_str(), directory_.get(), name.c_str(),
                  RENAME_NOREPLACE) != 0) {
    if (errno == EEXIST) refuse(path_);
    fail_errno(display(path_));
  }
  committed_ = true;
  if (::fsync(directory_.get()) != 0 && errno != EINVAL && errno != ENOTSUP) {
    fail_errno(display(path_));
  }
}

void write_new_text(const OutputPath& path, const std::string& text) {
  NewFile file(path, text.size());
  file.write(0, std::as_bytes(std::span(text)));
  file.commit();
}

}  // namespace ckptscope
