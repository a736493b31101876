// A single file that appears whole or not at all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "core/base/file.hpp"
#include "core/output/output_path.hpp"
#include "core/output/staged_file.hpp"

namespace ckptscope {

/// Is written beside its place under a name of its own, and gets its name when it is complete and
/// flushed. Nothing that exists is replaced. write() is thread-safe.
class NewFile {
 public:
  /// Throws Exists where something has the name, and what the file system says. `size` in bytes.
  NewFile(const OutputPath& path, std::uint64_t size);
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;
  /// Without a commit, removes what was written.
  ~NewFile();

  void write(std::uint64_t offset, std::span<const std::byte> bytes) { file_.write(offset, bytes); }
  /// Throws Exists where the name has been taken meanwhile.
  void commit();

 private:
  const std::string path_;
  const std::string partial_;
  UniqueFd directory_;
  StagedFile file_;
  bool committed_ = false;
};

/// A text at once.
void write_new_text(const OutputPath& path, const std::string& text);

}  // namespace ckptscope
