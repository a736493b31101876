// One item of a .distcp file: a torch.save file of one tensor, or of an object.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/torch/byte_source.hpp"
#include "core/torch/element_view.hpp"

namespace ckptscope {

/// The bytes of an item: a part of the file, or what it unpacks to. `file` must outlive them. Bytes
/// that are unpacked are so from the start whenever an earlier one is asked for; those are not
/// thread-safe. Throws BadArchive, also for what unpacks to more than `most` bytes.
std::unique_ptr<ByteSource> open_item(const File& file, std::uint64_t offset, std::uint64_t length,
                                      bool compressed, std::uint64_t most);

/// What an item may unpack to: of an object, and of a tensor of that size.
inline constexpr std::uint64_t kMostObjectBytes = 64 << 20;
inline std::uint64_t most_item_bytes(std::uint64_t tensor_bytes) {
  return 64 * tensor_bytes + kMostObjectBytes;  // a view may be of a storage that is larger
}

/// Where the elements of a tensor lie in its item.
struct ItemTensor {
  std::vector<std::uint64_t> shape;
  std::vector<std::uint64_t> stride;
  ElementView view;  // of those two
};
/// Throws BadArchive and BadPickle, and BadDcp ("chunk: …") for what is no tensor of this dtype and
/// shape.
std::unique_ptr<const ItemTensor> locate_tensor(const ByteSource& item, Dtype dtype,
                                                ShapeView shape);

/// What an object says, for people.
std::string object_text(const ByteSource& item);

}  // namespace ckptscope
