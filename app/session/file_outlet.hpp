// A file or a pipe that output goes to.
#pragma once

#include <cstdio>
#include <memory>
#include <string>

#include "app/session/run_command.hpp"

namespace ckptscope {

/// close() tells whether everything arrived.
class FileOutlet {
 public:
  /// Takes what opening returned; throws Io for null. `name` is for messages.
  FileOutlet(std::FILE* file, int (*closer)(std::FILE*), std::string name);
  /// Valid as long as this is.
  Outlet outlet();
  /// Throws Io when something was not written. A reader that has seen enough (`| head`) is no
  /// failure: `may_break`.
  void close(bool may_break);

 private:
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_;
  std::string name_;
};

/// Throws SameFiles when `path` is a file of the checkpoint, or one beside its tensors that the
/// model needs to be run: output must not go there.
void refuse_file_of(const Checkpoint& checkpoint, const std::string& path);

/// Writes a document as text or JSON to a file, or behind what is there. Throws SameFiles for a
/// file of `open`, which may be null, and Io.
void write_document(const std::string& path, bool append, const Document& document,
                    const Args& args, const Checkpoint* open);

}  // namespace ckptscope
