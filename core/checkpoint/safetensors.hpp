// The safetensors file format: reading headers with every check of the reference library.
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
#include <string>
#include <string_view>
#include <vector>

#include "core/base/arena.hpp"
#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/tensor/key_index.hpp"
#include "core/tensor/tensor_info.hpp"

namespace ckptscope {

inline constexpr std::uint64_t kHeaderLengthBytes = 8;  // of the length field
inline constexpr std::uint64_t kMaxHeaderBytes = 100'000'000;

/// A parsed header. A file that breaks the format still gives one: `defects` then holds the first
/// error, and `tensors` all tensors of known dtypes when the JSON was good (their offsets must not
/// be trusted), else none. Movable; TensorInfo::name and ::shape stay valid as long as `arena`
/// lives.
struct Header {
  std::vector<TensorInfo> tensors;  // in the order of the JSON text; TensorInfo::shard is 0
  std::map<std::string, std::string> metadata;
  std::uint64_t data_start = 0;  // bytes from the start of the file
  std::uint64_t hash = 0;        // xxh3-64 of the JSON text, seeded with its length; for receipts
  std::vector<Problem> defects;  // Severity::Error: the file is rejected
  std::vector<Problem> notes;
  Arena arena;
  KeyIndex keys;  // of `tensors`; without room for any where the file is damaged

  bool damaged() const { return !defects.empty(); }
};

/// Reads and checks the header of `file`; touches no byte of the data. Throws only what File throws
/// (Io, TruncatedSource): whatever is wrong with the content is a defect. Allocates nothing on the
/// word of the file beyond its real size. Thread-safe.
Header read_header(const File& file);

}  // namespace ckptscope
