// Closing reports what buffered writes have hidden.
#include "app/session/file_outlet.hpp"

#include <cerrno>

#include "core/base/display.hpp"
#include "core/base/file.hpp"
#include "core/output/side_files.hpp"

namespace ckptscope {

void refuse_file_of(const Checkpoint& checkpoint, const std::string& path) {
  if (kind_of(path) != FileKind::Regular) return;
  const FileIdentity target = identity_of(path);
  const auto refuse_same = [&](const std::string& own) {
    if (kind_of(own) == FileKind::Regular && identity_of(own).same_file(target)) {
      fail(Code::SameFiles, "> {}: a file of the open checkpoint", display(path));
    }
  };
  const std::string& directory = checkpoint.location().directory;
  const std::string name = last_component(path);
  if (is_needed_to_run(name)) refuse_same(directory + "/" + name);
  if (!checkpoint.location().index.empty()) refuse_same(checkpoint.location().index);
  for (const Shard& shard : checkpoint.shards()) refuse_same(shard.path);
  if (!checkpoint.config_path().empty()) refuse_same(checkpoint.config_path());
}

FileOutlet::FileOutlet(std::FILE* file, int (*closer)(std::FILE*), std::string name)
    : file_(file, closer), name_(std::move(name)) {
  if (!file_) fail_errno(display(name_));
}

Outlet FileOutlet::outlet() {
  return {[this](std::string_view text) { std::fwrite(text.data(), 1, text.size(), file_.get()); },
          false};
}

void FileOutlet::close(bool may_break) {
  const bool good = std::ferror(file_.get()) == 0 && std::fflush(file_.get()) == 0;
  const int error = errno;
  const auto closer = file_.get_deleter();
  const int closed = closer(file_.release());
  if (may_break || (good && closed == 0)) return;
  if (!good) errno = error;
  fail_errno(fmt::format("writing {}", display(name_)));
}

void write_document(const std::string& path, bool append, const Document& document,
                    const Args& args, const Checkpoint* open) {
  if (open != nullptr) refuse_file_of(*open, path);
  FileOutlet stream(std::fopen(path.c_str(), append ? "ae" : "we"), std::fclose, path);
  print_document(document, args, stream.outlet());
  stream.close(false);
}

}  // namespace ckptscope
