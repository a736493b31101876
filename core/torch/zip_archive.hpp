// The zip files that torch.save writes: records stored as they are, found by the central directory.
// Strict: nothing is guessed, nothing skipped, nothing inflated.
//
// Source: PKWARE APPNOTE 6.3.10, 4.3 and 4.5.3; pytorch, caffe2/serialize/inline_container.cc.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/torch/byte_source.hpp"

namespace ckptscope {

struct ZipRecord {
  std::uint64_t begin = 0;  // of the data, bytes from the start of the archive
  std::uint64_t bytes = 0;
  std::uint32_t crc = 0;  // 0: none
  bool stored = true;
};

/// The directory of an archive. Immutable and thread-safe.
class ZipArchive {
 public:
  /// Reads the directory and the head of every record. Throws BadArchive, whose text begins with
  /// the rule that is broken: "end record: …".
  explicit ZipArchive(const ByteSource& source);

  const std::map<std::string, ZipRecord, std::less<>>& records() const { return records_; }
  /// The directory inside the archive that holds data.pkl, with its slash: "archive/".
  const std::string& root() const { return root_; }
  /// Null where there is none.
  const ZipRecord* find(std::string_view name) const;
  /// Throws BadArchive where there is none, or one that is compressed.
  const ZipRecord& record(std::string_view name) const;
  /// The bytes of a small record, held against their checksum. Throws BadArchive for more than
  /// `most`.
  std::vector<std::byte> read(std::string_view name, std::uint64_t most) const;

 private:
  struct Directory {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    std::uint64_t records = 0;
  };
  Directory find_directory() const;
  std::vector<std::byte> bytes(std::uint64_t at, std::uint64_t count) const;
  /// Returns where its local header begins and its data ends.
  std::pair<std::uint64_t, std::uint64_t> add(std::string name, std::uint64_t local,
                                              const ZipRecord& record, std::uint64_t packed,
                                              unsigned method);
  void find_root();

  const ByteSource& source_;
  std::map<std::string, ZipRecord, std::less<>> records_;
  std::string root_;
};

}  // namespace ckptscope
