// Metadata alone: what items hold is looked at when they are read.
#include <algorithm>
#include <filesystem>

#include "core/base/bytes.hpp"
#include "core/base/display.hpp"
#include "core/base/natural_order.hpp"
#include "core/checkpoint/contents.hpp"
#include "core/checkpoint/tiling.hpp"
#include "core/torch/dcp_item.hpp"
#include "core/torch/dcp_metadata.hpp"

namespace ckptscope {
namespace {

class DcpReader {
 public:
  DcpReader(const Location& location, const Progress* progress)
      : location_(location), progress_(progress) {}

  Contents read() {
    std::vector<std::string> paths;
    for (const std::string& name : location_.files) paths.push_back(location_.path_of(name));
    metadata_ = read_dcp_metadata(paths, progress_);
    add_shards();
    result_.pieces.reserve(metadata_.chunks.size());
    result_.forms.reserve(metadata_.chunks.size());
    for (const DcpTensor& tensor : metadata_.tensors) add_tensor(tensor);
    for (const DcpObject& object : metadata_.objects) add_object(object);
    result_.keep = std::move(metadata_.keep);
    return std::move(result_);
  }

 private:
  void add_problem(std::string message, std::string_view key, const std::string& shard) {
    result_.problems.push_back(
        {Code::BadDcp, Severity::Error, std::move(message), std::string(key), shard});
  }

  void add_shards() {
    for (const std::string& name : metadata_.files) {
      Shard shard;
      shard.name = name;
      shard.path = location_.path_of(name);
      try {
        shard.identity = File(shard.path).identity();
        shard.present = true;
      } catch (const Error& error) {
        if (row_of(error.code()).exit != 2) throw;
        add_problem(fmt::format("missing file: {}", error.what()), "", name);
      }
      result_.shards.push_back(std::move(shard));
    }
  }

  /// Whether an item lies in its file; what does not is told once a file.
  bool holds(const DcpItem& item, std::string_view key) {
    Shard& shard = result_.shards[item.file];
    if (!shard.present) return false;
    const bool inside =
        item.offset <= shard.identity.size && item.length <= shard.identity.size - item.offset;
    if (!inside && !shard.damaged) {
      add_problem(fmt::format("storage bounds: {}: {} ends at byte {}, the file has {}",
                              display(shard.name), display(key), item.offset + item.length,
                              shard.identity.size),
                  key, shard.name);
      shard.damaged = true;
    }
    return inside;
  }

  void add_tensor(const DcpTensor& tensor) {
    if (progress_ != nullptr) progress_->check_stop();
    TensorInfo info{tensor.name, tensor.shape, result_.pieces.size(),
                    0,           tensor.dtype, TensorInfo::kInPieces};
    std::string lost;
    for (std::size_t i = tensor.first; i < tensor.first + tensor.count; ++i) {
      const DcpChunk& chunk = metadata_.chunks[i];
      if (!chunk.item)
        lost = fmt::format("missing chunk: {} is in no file", to_string(chunk.begin));
      add_piece(chunk, tensor.name);
    }
    std::string fault = settle_tiling(info.shape, info.begin, result_.pieces);
    if (fault.empty()) fault = lost;
    info.end = result_.pieces.size();
    if (!fault.empty()) {
      add_problem(fmt::format("{}: {}", fault, display(tensor.name)), tensor.name, "");
    }
    result_.tensors.push_back(info);
  }

  void add_piece(const DcpChunk& chunk, std::string_view key) {
    const DcpItem item = chunk.item.value_or(DcpItem());
    if (chunk.item) holds(item, key);
    PieceForm form;
    form.kind = item.compressed ? PieceForm::Kind::CompressedItem : PieceForm::Kind::Item;
    form.length = item.length;
    result_.pieces.push_back({chunk.begin, chunk.extent, item.offset, item.file,
                              static_cast<std::uint32_t>(result_.forms.size())});
    result_.forms.push_back(form);
    if (chunk.item) ++result_.shards[item.file].tensor_count;
  }

  void add_object(const DcpObject& object) {
    if (!holds(object.item, object.name)) return;
    if (progress_ != nullptr) progress_->check_stop();
    const std::string name(object.name);
    try {
      const File file(result_.shards[object.item.file].path);
      const auto item = open_item(file, object.item.offset, object.item.length,
                                  object.item.compressed, kMostObjectBytes);
      result_.metadata[name] = object_text(*item);
    } catch (const Error& error) {
      add_problem(fmt::format("{}: {}", display(name), error.what()), object.name,
                  result_.shards[object.item.file].name);
    }
  }

  const Location& location_;
  const Progress* progress_;
  DcpMetadata metadata_;
  Contents result_;
};

}  // namespace

Contents open_dcp(const Location& location, const Progress* progress) {
  return DcpReader(location, progress).read();
}

}  // namespace ckptscope
