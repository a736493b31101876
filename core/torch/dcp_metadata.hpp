// What `.metadata` of a torch.distributed.checkpoint says: which boxes a tensor was cut into, and
// in which file each lies. It is a pickle; it is read as data.
//
// Source: pytorch, torch/distributed/checkpoint/metadata.py and filesystem.py.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/progress.hpp"
#include "core/tensor/dtype.hpp"
#include "core/tensor/shape.hpp"

namespace ckptscope {

/// A file of torch.save inside a .distcp file.
struct DcpItem {
  std::uint32_t file = 0;    // of DcpMetadata::files
  bool compressed = false;   // as a whole, by zstd
  std::uint64_t offset = 0;  // bytes from the start of the file
  std::uint64_t length = 0;  // bytes
};

struct DcpChunk {
  ShapeView begin;              // of the box in the tensor, in elements by dimension
  ShapeView extent;             // elements by dimension
  std::optional<DcpItem> item;  // nullopt: in no file
};

struct DcpTensor {
  std::string_view name;
  Dtype dtype = Dtype::U8;
  ShapeView shape;
  std::size_t first = 0;  // of DcpMetadata::chunks
  std::size_t count = 0;
};

/// Something else that was saved: a step, a learning rate.
struct DcpObject {
  std::string_view name;
  DcpItem item;
};

/// Views point into what `keep` holds.
struct DcpMetadata {
  std::vector<std::string> files;  // plain names
  std::vector<DcpTensor> tensors;
  std::vector<DcpChunk> chunks;
  std::vector<DcpObject> objects;
  std::vector<std::shared_ptr<const void>> keep;
};

/// Reads `.metadata`, or the `__R.metadata` of all ranks. Throws BadPickle, and BadDcp, whose text
/// begins with the rule that is broken: "relative path: …". `progress` may be null.
DcpMetadata read_dcp_metadata(std::span<const std::string> paths, const Progress* progress);

}  // namespace ckptscope
