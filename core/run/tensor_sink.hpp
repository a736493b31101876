// Where the bytes of outputs go.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace ckptscope {

/// `write` is called from several threads at once, for disjoint ranges, in no particular order;
/// together the calls cover every output that is wanted exactly once.
class TensorSink {
 public:
  virtual ~TensorSink() = default;
  /// `bytes` of output number `output` from byte `offset` of that tensor on.
  virtual void write(std::size_t output, std::uint64_t offset,
                     std::span<const std::byte> bytes) = 0;
  /// Whether an output is to be written at all.
  virtual bool wants(std::size_t) const { return true; }
  /// So many values of what `output` is made of, named `key`, became infinite; before the bytes
  /// that hold them are written.
  virtual void overflowed(std::size_t, const std::string&, std::uint64_t) {}
  /// Where those bytes will lie in a file: the executor computes them at an address that is the
  /// same modulo kDirectIoBlock, so that they can be written without a copy.
  virtual std::uint64_t placement(std::size_t, std::uint64_t) const { return 0; }
  /// What the sink itself reads while all is written: progress counts it, too.
  virtual std::uint64_t read_back_bytes() const { return 0; }
  /// Numbers of all outputs in the order in which they had better come; empty: in their own.
  virtual std::span<const std::uint32_t> order() const { return {}; }
};

}  // namespace ckptscope
