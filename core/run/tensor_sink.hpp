// Where the bytes of outputs go.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace ckptscope {

/// `write` is called from several threads at once, for disjoint
/// ranges, in no particular order; together the calls cover every output exactly once.
class TensorSink {
 public:
  virtual ~TensorSink() = default;
  /// `bytes` of output number `output` from byte `offset` of that tensor on.
  virtual void write(std::size_t output, std::uint64_t offset,
                     std::span<const std::byte> bytes) = 0;
  /// Where those bytes will lie in a file: the executor computes them at an address that is the
  /// same modulo kDirectIoBlock, so that they can be written without a copy.
  virtual std::uint64_t placement(std::size_t, std::uint64_t) const { return 0; }
  /// Numbers of all outputs in the order in which they had better come; empty: in their own.
  virtual std::span<const std::uint32_t> order() const { return {}; }
};

}  // namespace ckptscope
