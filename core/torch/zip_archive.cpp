// From the end: the end record names the directory, the directory names the records.
#include "core/torch/zip_archive.hpp"

#include <zlib.h>

#include <algorithm>

#include "core/base/display.hpp"
#include "core/base/error.hpp"

namespace ckptscope {
namespace {

constexpr std::uint64_t kEndBytes = 22;
constexpr std::uint64_t kLocatorBytes = 20;
constexpr std::uint64_t kWideEndBytes = 56;
constexpr std::uint64_t kEntryBytes = 46;
constexpr std::uint64_t kLocalBytes = 30;
constexpr std::uint64_t kMostDirectory = 1 << 30;
constexpr std::uint32_t kWide = 0xFFFFFFFF;  // the value stands in the zip64 field
constexpr unsigned kEncrypted = 0x2041;      // any of the flags that say so
constexpr unsigned kSizesBehind = 0x8;       // the local header has none

template <typename... Args>
[[noreturn]] void broken(std::string_view rule, fmt::format_string<Args...> form, Args&&... args) {
  fail(Code::BadArchive, "{}: {}", rule, fmt::format(form, std::forward<Args>(args)...));
}

/// Little-endian fields of some bytes.
class FieldsOf {
 public:
  explicit FieldsOf(std::span<const std::byte> bytes) : bytes_(bytes) {}

  bool begins_with(std::string_view signature, std::size_t at = 0) const {
    return text(at, signature.size()) == signature;
  }
  std::uint64_t number(std::size_t at, unsigned bytes) const {
    std::uint64_t value = 0;
    for (unsigned i = 0; i < bytes; ++i) {
      value |= std::to_integer<std::uint64_t>(bytes_[at + i]) << (8 * i);
    }
    return value;
  }
  std::uint16_t two(std::size_t at) const { return static_cast<std::uint16_t>(number(at, 2)); }
  std::uint32_t four(std::size_t at) const { return static_cast<std::uint32_t>(number(at, 4)); }
  std::uint64_t eight(std::size_t at) const { return number(at, 8); }
  std::string_view text(std::size_t at, std::size_t count) const {
    return {reinterpret_cast<const char*>(bytes_.data()) + at, count};
  }
  std::size_t size() const { return bytes_.size(); }

 private:
  std::span<const std::byte> bytes_;
};

/// What the zip64 field holds stands there in this order, and only where it does not fit.
void widen(std::string_view extra, std::uint64_t& plain, std::uint64_t& packed,
           std::uint64_t& local) {
  const FieldsOf fields(std::as_bytes(std::span(extra)));
  for (std::size_t at = 0; at + 4 <= fields.size();) {
    const std::size_t bytes = fields.two(at + 2);
    const std::size_t body = at + 4;
    if (body + bytes > fields.size()) broken("end record", "an extra field beyond its entry");
    std::size_t next = body;
    for (std::uint64_t* const value : {&plain, &packed, &local}) {
      if (fields.two(at) != 1 || *value != kWide) continue;
      if (next + 8 > body + bytes) broken("end record", "a zip64 field that is too short");
      *value = fields.eight(next);
      next += 8;
    }
    at = body + bytes;
  }
}

}  // namespace

std::vector<std::byte> ZipArchive::bytes(std::uint64_t at, std::uint64_t count) const {
  std::vector<std::byte> read(count);
  source_.read(at, read);
  return read;
}

/// No comment may stand behind the end record: torch writes none, and one could hold another end.
ZipArchive::Directory ZipArchive::find_directory() const {
  constexpr const char* kRule = "end record";
  const std::uint64_t size = source_.size();
  if (size < kEndBytes) broken(kRule, "none in {} bytes", size);
  const std::uint64_t end = size - kEndBytes;
  const std::vector<std::byte> last = bytes(end, kEndBytes);
  const FieldsOf record(last);
  if (!record.begins_with("PK\x05\x06"))
    broken(kRule, "none at the end: the file is cut, or no zip");
  if (record.two(20) != 0) broken(kRule, "a comment behind it");
  Directory found{record.four(16), end, record.two(10)};
  std::uint64_t here = record.two(8);
  std::uint64_t bytes_of_it = record.four(12);
  if (end >= kLocatorBytes) {
    const std::vector<std::byte> before = bytes(end - kLocatorBytes, kLocatorBytes);
    const FieldsOf locator(before);
    if (locator.begins_with("PK\x06\x07")) {
      const std::uint64_t at = locator.eight(8);
      const bool fits = at <= end && kWideEndBytes + kLocatorBytes <= end - at;
      if (!fits) broken(kRule, "of zip64 at {}, beyond it", at);
      const std::vector<std::byte> wide_bytes = bytes(at, kWideEndBytes);
      const FieldsOf wide(wide_bytes);
      const bool agrees = wide.begins_with("PK\x06\x06") &&
                          (found.records == 0xFFFF || found.records == wide.eight(32)) &&
                          (bytes_of_it == kWide || bytes_of_it == wide.eight(40)) &&
                          (found.begin == kWide || found.begin == wide.eight(48));
      if (!agrees) broken(kRule, "of zip64 says something else");
      here = wide.eight(24);
      bytes_of_it = wide.eight(40);
      found = {wide.eight(48), at, wide.eight(32)};
    }
  }
  const bool one_disk = record.two(4) == 0 && record.two(6) == 0 && here == found.records;
  if (!one_disk) broken(kRule, "of an archive on several disks");
  if (found.begin > found.end || found.end - found.begin != bytes_of_it) {
    broken(kRule, "the directory does not end where it begins");
  }
  if (bytes_of_it > kMostDirectory) broken(kRule, "a directory of {} bytes", bytes_of_it);
  return found;
}

ZipArchive::ZipArchive(const ByteSource& source) : source_(source) {
  constexpr const char* kRule = "end record";
  const Directory directory = find_directory();
  const std::vector<std::byte> all = bytes(directory.begin, directory.end - directory.begin);
  const FieldsOf fields(all);
  std::vector<std::pair<std::uint64_t, std::uint64_t>> spans;
  std::size_t at = 0;
  for (std::uint64_t i = 0; i < directory.records; ++i) {
    const bool entry = at + kEntryBytes <= all.size() && fields.begins_with("PK\x01\x02", at);
    if (!entry) broken(kRule, "{} of {} records in the directory", i, directory.records);
    const std::size_t name_bytes = fields.two(at + 28);
    const std::size_t extra_bytes = fields.two(at + 30);
    const std::size_t next = at + kEntryBytes + name_bytes + extra_bytes + fields.two(at + 32);
    if (next > all.size()) broken(kRule, "an entry beyond the directory");
    if ((fields.two(at + 8) & kEncrypted) != 0) broken("encrypted", "record {}", i);
    std::uint64_t packed = fields.four(at + 20);
    std::uint64_t plain = fields.four(at + 24);
    std::uint64_t local = fields.four(at + 42);
    widen(fields.text(at + kEntryBytes + name_bytes, extra_bytes), plain, packed, local);
    const unsigned method = fields.two(at + 10);
    const ZipRecord record{0, plain, fields.four(at + 16), method == 0};
    spans.push_back(
        add(std::string(fields.text(at + kEntryBytes, name_bytes)), local, record, packed, method));
    at = next;
  }
  if (at != all.size()) broken(kRule, "more in the directory than {} records", directory.records);
  std::sort(spans.begin(), spans.end());
  for (std::size_t i = 1; i < spans.size(); ++i) {
    if (spans[i - 1].second > spans[i].first) broken("overlap", "two records share bytes");
  }
  if (!spans.empty() && spans.back().second > directory.begin) {
    broken("overlap", "a record shares bytes with the directory");
  }
  find_root();
}

std::pair<std::uint64_t, std::uint64_t> ZipArchive::add(std::string name, std::uint64_t local,
                                                        const ZipRecord& record,
                                                        std::uint64_t packed, unsigned method) {
  const std::uint64_t size = source_.size();
  if (local > size || size - local < kLocalBytes + name.size()) {
    broken("record bounds", "{} begins at {}", display(name), local);
  }
  const std::vector<std::byte> head = bytes(local, kLocalBytes + name.size());
  const FieldsOf fields(head);
  if (!fields.begins_with("PK\x03\x04")) broken("record bounds", "{} at {}", display(name), local);
  const std::size_t name_bytes = fields.two(26);
  const bool same = name_bytes == name.size() && fields.text(kLocalBytes, name_bytes) == name &&
                    fields.two(8) == method;
  if (!same) broken("local header", "{} is called otherwise there", display(name));
  const bool states_sizes = (fields.two(6) & kSizesBehind) == 0 && fields.four(22) != kWide;
  if (states_sizes && (fields.four(18) != static_cast<std::uint32_t>(packed) ||
                       fields.four(22) != static_cast<std::uint32_t>(record.bytes) ||
                       fields.four(14) != record.crc)) {
    broken("local header", "{} has another size there", display(name));
  }
  ZipRecord kept = record;
  kept.begin = local + kLocalBytes + name_bytes + fields.two(28);
  if (kept.begin > size || packed > size - kept.begin) {
    broken("record bounds", "{} ends beyond the archive", display(name));
  }
  if (kept.stored && packed != kept.bytes) broken("local header", "{}", display(name));
  if (find_invalid_utf8(name) != name.npos) broken("utf-8", "the name of a record");
  const auto [where, is_new] = records_.emplace(std::move(name), kept);
  if (!is_new) broken("duplicate record", "{}", display(where->first));
  return {local, kept.begin + packed};
}

/// "data.pkl", or "NAME/data.pkl".
void ZipArchive::find_root() {
  constexpr std::string_view kPickle = "data.pkl";
  std::vector<std::string_view> roots;
  for (const auto& [name, record] : records_) {
    if (!std::string_view(name).ends_with(kPickle)) continue;
    const std::string_view root = std::string_view(name).substr(0, name.size() - kPickle.size());
    const bool top = root.empty() || (root.ends_with('/') && root.find('/') == root.size() - 1);
    if (top) roots.push_back(root);
  }
  if (roots.empty()) broken("missing record", "no data.pkl: a zip, but not of torch.save");
  if (roots.size() > 1) broken("duplicate record", "{} data.pkl", roots.size());
  root_ = roots.front();
}

const ZipRecord* ZipArchive::find(std::string_view name) const {
  const auto found = records_.find(name);
  return found == records_.end() ? nullptr : &found->second;
}

const ZipRecord& ZipArchive::record(std::string_view name) const {
  const ZipRecord* const found = find(name);
  if (found == nullptr) broken("missing record", "{}", display(name));
  if (!found->stored) broken("compressed", "{}", display(name));
  return *found;
}

std::vector<std::byte> ZipArchive::read(std::string_view name, std::uint64_t most) const {
  const ZipRecord& found = record(name);
  if (found.bytes > most) broken("length", "{} has {} bytes", display(name), found.bytes);
  std::vector<std::byte> read = bytes(found.begin, found.bytes);
  const auto crc = ::crc32_z(0, reinterpret_cast<const Bytef*>(read.data()), read.size());
  if (found.crc != 0 && crc != found.crc) broken("crc", "{}", display(name));
  return read;
}

}  // namespace ckptscope
