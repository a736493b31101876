// The archive tells where the elements are; nothing of them is copied.
#include "core/torch/dcp_item.hpp"

#include <zstd.h>

#include <algorithm>

#include "core/base/error.hpp"
#include "core/torch/pickle_text.hpp"
#include "core/torch/torch_file.hpp"

namespace ckptscope {
namespace {

/// Unpacks forwards, and from the start again for what lies behind.
class ZstdBytes final : public ByteSource {
 public:
  ZstdBytes(const File& file, std::uint64_t offset, std::uint64_t length, std::uint64_t most)
      : packed_(file, offset, length), context_(::ZSTD_createDCtx(), ::ZSTD_freeDCtx) {
    if (context_ == nullptr) fail(Code::OutOfMemory, "memory ran out");
    constexpr int kWindow = 27;  // log2 of bytes that unpacking may keep
    ::ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, kWindow);
    skip(most + 1);
    if (at_ > most) fail(Code::BadArchive, "zstd: more than {} bytes", most);
    size_ = at_;
  }
  std::uint64_t size() const override { return size_; }
  void read(std::uint64_t at, std::span<std::byte> out) const override {
    if (at < at_) restart();
    skip(at - at_);
    if (unpack(out) != out.size()) fail(Code::BadArchive, "zstd: the stream is cut");
  }

 private:
  void restart() const {
    ::ZSTD_DCtx_reset(context_.get(), ZSTD_reset_session_only);
    next_ = at_ = 0;
    input_ = {};
  }

  void skip(std::uint64_t bytes) const {
    std::vector<std::byte> buffer(ZSTD_DStreamOutSize());
    while (bytes > 0) {
      const std::uint64_t part = std::min<std::uint64_t>(bytes, buffer.size());
      const std::uint64_t got = unpack(std::span(buffer).first(part));
      if (got < part) return;
      bytes -= got;
    }
  }

  /// Fewer at the end.
  std::uint64_t unpack(std::span<std::byte> out) const {
    ZSTD_outBuffer output{out.data(), out.size(), 0};
    while (output.pos < output.size) {
      if (input_.pos == input_.size && !fill()) {
        // What the decoder has kept comes without input, too.
        const std::size_t before = output.pos;
        decode(output);
        if (output.pos == before) break;
        continue;
      }
      decode(output);
    }
    at_ += output.pos;
    return output.pos;
  }

  void decode(ZSTD_outBuffer& output) const {
    const std::size_t left = ::ZSTD_decompressStream(context_.get(), &output, &input_);
    if (::ZSTD_isError(left) != 0) fail(Code::BadArchive, "zstd: {}", ::ZSTD_getErrorName(left));
  }

  bool fill() const {
    buffer_.resize(std::min<std::uint64_t>(ZSTD_DStreamInSize(), packed_.size() - next_));
    if (buffer_.empty()) return false;
    packed_.read(next_, buffer_);
    next_ += buffer_.size();
    input_ = {buffer_.data(), buffer_.size(), 0};
    return true;
  }

  const FileBytes packed_;
  const std::unique_ptr<ZSTD_DCtx, std::size_t (*)(ZSTD_DCtx*)> context_;
  std::uint64_t size_ = 0;
  mutable std::uint64_t at_ = 0;    // of what is unpacked
  mutable std::uint64_t next_ = 0;  // of what is packed
  mutable std::vector<std::byte> buffer_;
  mutable ZSTD_inBuffer input_{};
};

}  // namespace

std::unique_ptr<ByteSource> open_item(const File& file, std::uint64_t offset, std::uint64_t length,
                                      bool compressed, std::uint64_t most) {
  if (compressed) return std::make_unique<ZstdBytes>(file, offset, length, most);
  return std::make_unique<FileBytes>(file, offset, length);
}

std::unique_ptr<const ItemTensor> locate_tensor(const ByteSource& item, Dtype dtype,
                                                ShapeView shape) {
  const TorchFile file(item);
  const PickleValue root = file.root();
  if (!root.is(PickleValue::Kind::Tensor)) {
    fail(Code::BadDcp, "chunk: {} instead of a tensor", text_of(root));
  }
  const pickle::Tensor& tensor = root.tensor();
  const bool same = tensor.dtype == dtype && same_shape(shape, tensor.shape);
  if (!same) {
    fail(Code::BadDcp, "chunk: {} {} instead of {} {}", name_of(tensor.dtype),
         to_string(tensor.shape), name_of(dtype), to_string(shape));
  }
  auto found = std::make_unique<ItemTensor>();
  found->shape.assign(shape.begin(), shape.end());
  found->stride.assign(tensor.stride.begin(), tensor.stride.end());
  found->view = {file.data_of(*tensor.storage) + tensor.offset * size_of(dtype),
                 found->shape,
                 found->stride,
                 dtype,
                 file.is_big_endian(),
                 tensor.conjugated,
                 tensor.negated};
  return found;
}

std::string object_text(const ByteSource& item) {
  return text_of(TorchFile(item).root());
}

}  // namespace ckptscope
