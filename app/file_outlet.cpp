#include "app/file_outlet.hpp"

#include <cerrno>

#include "core/display.hpp"

namespace ckptscope {

FileOutlet::FileOutlet(std::FILE* file, int (*closer)(std::FILE*), std::string name)
    : file_(file, closer), name_(std::move(name)) {
  if (!file_) fail_errno(display(name_));
}

Outlet FileOutlet::outlet() {
  return {
      [this](std::string_view text) { std::fwrite(text.data(), 1, text.size(), file_.get()); },
      false};
}

void FileOutlet::close(bool may_break) {
  const bool good = std::ferror(file_.get()) == 0 && std::fflush(file_.get()) == 0;
  const int error = errno;
  const auto closer = file_.get_deleter();
  const int closed = closer(file_.release());
  if (may_break || (good && closed == 0)) return;
  errno = error;
  fail_errno(fmt::format("writing {}", display(name_)));
}

}  // namespace ckptscope
