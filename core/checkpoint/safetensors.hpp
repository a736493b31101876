// The safetensors file format: reading headers with every check of the reference library, and
// writing them.
//
//   offset 0   u64, little-endian: n, the length of the header in bytes (at most 100,000,000)
//          8   n bytes of UTF-8 JSON, may be padded with spaces:
//                { "__metadata__": {"name": "text", …},
//                  "tensor name": {"dtype": "BF16", "shape": [2, 3], "data_offsets": [0, 12]}, … }
//      8 + n   data; offsets count from here; tensors cover it without hole or overlap
//
// Source: huggingface/safetensors, safetensors/src/tensor.rs (read_metadata, validate). Rejected
// although the reference accepts: duplicate tensor names, duplicate names inside __metadata__,
// tensor info written as an array, dtype written as a map. Nothing that it rejects is accepted.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/arena.hpp"
#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/tensor/tensor_info.hpp"

namespace ckptscope {

inline constexpr std::uint64_t kMaxHeaderBytes = 100'000'000;

/// A parsed header. A file that breaks the format still gives one: `defects` then holds the first
/// error, and `tensors` all tensors when the JSON was good (their offsets must not be trusted),
/// else none. Movable; TensorInfo::name and ::shape stay valid as long as `arena` lives.
struct Header {
  std::vector<TensorInfo> tensors;  // in the order of the JSON text; TensorInfo::shard is 0
  std::map<std::string, std::string> metadata;
  std::uint64_t data_start = 0;  // bytes from the start of the file
  std::uint64_t hash = 0;        // xxh3-64 of the JSON text, seeded with its length; for receipts
  std::vector<Problem> defects;  // Severity::Error: the file is rejected
  std::vector<Problem> notes;
  Arena arena;

  bool damaged() const { return !defects.empty(); }
};

/// Reads and checks the header of `file`; touches no byte of the data. Throws only what File throws
/// (Io, TruncatedSource): whatever is wrong with the content is a defect. Allocates nothing on the
/// word of the file beyond its real size. Thread-safe.
Header read_header(const File& file);

/// What a file that is not safetensors is, if its first bytes tell: "a GGUF file", "a Git-LFS
/// pointer", …; nullopt when unknown, and when they could be the length of a header that fits into
/// the file. `code` is the error to raise for it.
struct ForeignFormat {
  Code code;
  std::string_view name;
};
std::optional<ForeignFormat> recognise_foreign(const File& file);

/// One tensor of a file to be written. Bytes = byte_count(dtype, shape).
struct HeaderEntry {
  std::string name;
  Dtype dtype = Dtype::U8;
  Shape shape;
};

/// The length field and the JSON for `tensors`, laid out one after another in the given order,
/// padded with spaces so that the whole is a multiple of `alignment` bytes (8 at least, a power of
/// two). Throws HeaderTooLarge, which the reference library would not read.
std::string make_header(std::span<const HeaderEntry> tensors,
                        const std::map<std::string, std::string>& metadata,
                        std::uint64_t alignment = 8);

}  // namespace ckptscope
