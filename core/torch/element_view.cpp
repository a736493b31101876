// A range of elements is a list of boxes; a box is read along the dimension in which its elements
// lie closest.
#include "core/torch/element_view.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <vector>

namespace ckptscope {
namespace {

constexpr std::uint64_t kWindow = 256 << 10;  // bytes that are read at a time
constexpr std::uint64_t kAhead = 64 << 10;    // bytes that are read, though fewer are asked for

struct Dim {
  std::uint64_t extent;
  std::uint64_t stride;  // elements, in the source
};

/// Dimensions of more than one element; those that lie dense inside each other are one.
std::vector<Dim> joined(ShapeView shape, ShapeView stride) {
  std::vector<Dim> dims;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == 1) continue;
    if (!dims.empty() && dims.back().stride == stride[i] * shape[i]) {
      dims.back() = {dims.back().extent * shape[i], stride[i]};
    } else {
      dims.push_back({shape[i], stride[i]});
    }
  }
  return dims;
}

/// Bytes of the source near those that were asked for last.
class Window {
 public:
  explicit Window(const ByteSource& source) : source_(source) {}

  const std::byte* at(std::uint64_t begin, std::uint64_t bytes) {
    const bool inside = begin >= begin_ && begin + bytes <= begin_ + bytes_.size();
    if (!inside) {
      bytes_.resize(std::min(std::max(bytes, kAhead), source_.size() - begin));
      source_.read(begin, bytes_);
      begin_ = begin;
    }
    return bytes_.data() + (begin - begin_);
  }

 private:
  const ByteSource& source_;
  std::uint64_t begin_ = 0;
  std::vector<std::byte> bytes_;
};

class Gather {
 public:
  Gather(const ByteSource& source, const ElementView& view, std::span<std::byte> out)
      : source_(source),
        window_(source),
        begin_(view.begin),
        element_(size_of(view.dtype)),
        dims_(joined(view.shape, view.stride)),
        out_(out) {}

  /// `count` elements from number `first` on.
  void run(std::uint64_t first, std::uint64_t count) {
    if (count > 0) rows(0, 0, first, count);
  }

 private:
  std::uint64_t inner_of(std::size_t dim) const {
    std::uint64_t elements = 1;
    for (std::size_t i = dim + 1; i < dims_.size(); ++i) elements *= dims_[i].extent;
    return elements;
  }

  /// Of dimension `dim`, whose element 0 is at `base`: the rest of a row, whole rows, the start of
  /// one.
  void rows(std::size_t dim, std::uint64_t base, std::uint64_t first, std::uint64_t count) {
    if (dim >= dims_.size()) return box(dim, base, 1);
    const std::uint64_t inner = inner_of(dim);
    const std::uint64_t stride = dims_[dim].stride;
    std::uint64_t row = first / inner;
    if (const std::uint64_t skipped = first % inner; skipped > 0) {
      const std::uint64_t part = std::min(count, inner - skipped);
      rows(dim + 1, base + row * stride, skipped, part);
      count -= part;
      ++row;
    }
    if (const std::uint64_t whole = count / inner; whole > 0) {
      box(dim, base + row * stride, whole);
      row += whole;
    }
    if (count % inner > 0) rows(dim + 1, base + row * stride, 0, count % inner);
  }

  /// `count` rows of dimension `dim` with all that is inside them, behind what is written.
  void box(std::size_t dim, std::uint64_t base, std::uint64_t count) {
    std::vector<Dim> dims(dims_.begin() + static_cast<std::ptrdiff_t>(dim), dims_.end());
    if (dims.empty()) dims.push_back({1, 0});
    dims.front().extent = count;
    std::vector<std::uint64_t> steps(dims.size(), 1);  // elements, in what is written
    for (std::size_t i = dims.size() - 1; i-- > 0;) steps[i] = steps[i + 1] * dims[i + 1].extent;
    // The closest dimension last, the others as they follow each other in the source.
    std::vector<std::size_t> order(dims.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](auto a, auto b) { return dims[a].stride > dims[b].stride; });
    std::vector<std::uint64_t> index(dims.size(), 0);
    const std::size_t run = order.back();
    for (;;) {
      std::uint64_t from = base;
      std::uint64_t to = 0;
      for (std::size_t i = 0; i < dims.size(); ++i) {
        from += index[i] * dims[i].stride;
        to += index[i] * steps[i];
      }
      copy_run(from, dims[run], to, steps[run]);
      std::size_t i = order.size() - 1;  // the last but one, and so on, counts on
      while (i-- > 0 && ++index[order[i]] == dims[order[i]].extent) index[order[i]] = 0;
      if (i == static_cast<std::size_t>(-1)) break;
    }
    written_ += steps[0] * dims[0].extent;
  }

  void copy_run(std::uint64_t from, const Dim& run, std::uint64_t to, std::uint64_t step) {
    std::byte* const out = out_.data() + (written_ + to) * element_;
    if (run.stride == 1 && step == 1) {  // dense on both sides
      return source_.read(begin_ + from * element_, {out, run.extent * element_});
    }
    const std::uint64_t apart = std::max<std::uint64_t>(run.stride, 1) * element_;
    const std::uint64_t at_once = std::max<std::uint64_t>(1, kWindow / apart);
    for (std::uint64_t i = 0; i < run.extent; i += at_once) {
      const std::uint64_t count = std::min(at_once, run.extent - i);
      const std::uint64_t span = (count - 1) * run.stride + 1;
      const std::byte* in =
          window_.at(begin_ + (from + i * run.stride) * element_, span * element_);
      scatter(in, run.stride * element_, out + i * step * element_, step * element_, count);
    }
  }

  void scatter(const std::byte* in, std::uint64_t apart, std::byte* out, std::uint64_t step,
               std::uint64_t count) const {
    const auto copy = [&]<std::size_t Bytes>() {
      for (std::uint64_t i = 0; i < count; ++i) std::memcpy(out + i * step, in + i * apart, Bytes);
    };
    switch (element_) {
      case 1:
        return copy.operator()<1>();
      case 2:
        return copy.operator()<2>();
      case 4:
        return copy.operator()<4>();
      case 8:
        return copy.operator()<8>();
      default:
        return copy.operator()<16>();
    }
  }

  const ByteSource& source_;
  Window window_;
  const std::uint64_t begin_;
  const std::uint64_t element_;
  const std::vector<Dim> dims_;
  const std::span<std::byte> out_;
  std::uint64_t written_ = 0;  // elements
};

bool is_complex(Dtype dtype) {
  return dtype == Dtype::C64 || dtype == Dtype::C128;
}

/// Little endian, and with the signs that the view has.
void finish(const ElementView& view, std::span<std::byte> out) {
  const std::uint64_t element = size_of(view.dtype);
  const std::uint64_t part = is_complex(view.dtype) ? element / 2 : element;
  if (view.swapped) {
    for (std::size_t i = 0; i < out.size(); i += part) {
      std::reverse(out.begin() + static_cast<std::ptrdiff_t>(i),
                   out.begin() + static_cast<std::ptrdiff_t>(i + part));
    }
  }
  constexpr std::byte kSign{0x80};  // of the last byte
  if (view.conjugated) {
    for (std::size_t i = element; i <= out.size(); i += element) out[i - 1] ^= kSign;
  }
  if (view.negated) {
    for (std::size_t i = element; i <= out.size(); i += element) out[i - 1] ^= kSign;
  }
}

}  // namespace

bool is_dense(const ElementView& view) {
  if (view.swapped || view.conjugated || view.negated) return false;
  const std::vector<Dim> dims = joined(view.shape, view.stride);
  return dims.empty() || (dims.size() == 1 && dims.front().stride == 1);
}

void read_elements(const ByteSource& source, const ElementView& view, std::uint64_t offset,
                   std::span<std::byte> out) {
  const std::uint64_t element = size_of(view.dtype);
  const bool whole = offset % element == 0 && out.size() % element == 0;
  if (!whole) {  // a part of an element: all of it is read
    const std::uint64_t first = offset / element * element;
    const std::uint64_t end = (offset + out.size() + element - 1) / element * element;
    std::vector<std::byte> wide(end - first);
    read_elements(source, view, first, wide);
    std::copy_n(wide.begin() + static_cast<std::ptrdiff_t>(offset - first), out.size(),
                out.begin());
    return;
  }
  Gather(source, view, out).run(offset / element, out.size() / element);
  finish(view, out);
}

}  // namespace ckptscope
