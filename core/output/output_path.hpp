// Where a conversion's result will appear.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace ckptscope {

/// A path that can become the output directory: it ends in a name, and its parent is a directory
/// that can be written to. Immutable; whether something is there already is asked each time.
class OutputPath {
 public:
  OutputPath() = default;  // nowhere
  /// Throws Usage for a path that ends in no name ("", ".", ".."), NotFound or NoPermission when
  /// its parent is no directory that can be written to.
  OutputPath(const std::string& path);  // NOLINT: a path as people write it

  const std::string& text() const { return text_; }  // without a slash at the end
  const std::string& parent() const { return parent_; }
  bool is_taken() const;

  /// Throws SameFiles when it is, lies in, or contains one of `directories`: by device and inode of
  /// every component, not by the spelling of paths.
  void refuse_overlap(std::span<const std::string> directories) const;
  /// Free bytes for this user on the file system of the parent.
  std::uint64_t free_bytes() const;

 private:
  std::string text_;
  std::string parent_;
};

}  // namespace ckptscope
