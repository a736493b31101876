// A tensor that lies dense in its storage is a range of the file like any other; what does not is a
// piece with strides.
#include <algorithm>
#include <deque>
#include <map>
#include <tuple>

#include "core/base/bytes.hpp"
#include "core/base/display.hpp"
#include "core/checkpoint/contents.hpp"
#include "core/checkpoint/tiling.hpp"
#include "core/torch/element_view.hpp"
#include "core/torch/torch_file.hpp"

namespace ckptscope {
namespace {

constexpr std::size_t kMostObjects = 1000;  // that are kept

/// One tensor of one file.
struct Found {
  std::string_view name;
  ElementView view;
  std::uint32_t shard = 0;
  bool is_part = false;
  ShapeView begin{};  // of a part in the whole
  ShapeView whole{};
};

class TorchReader {
 public:
  /// `of_ranks`: the files are those of the ranks of one run, so that plain tensors are replicas.
  TorchReader(bool of_ranks, const Progress* progress) : of_ranks_(of_ranks), progress_(progress) {}

  void read(const std::string& name, const std::string& path) {
    const File file(path);
    const FileBytes bytes(file);
    const TorchFile torch = with_context(display(name), [&] { return TorchFile(bytes); });
    Shard shard;
    shard.name = name;
    shard.path = path;
    shard.present = true;
    shard.identity = file.identity();
    shard.tensor_count = static_cast<std::uint32_t>(torch.tensors().size());
    result_.shards.push_back(std::move(shard));
    for (const TorchTensor& tensor : torch.tensors()) find(tensor, torch.is_big_endian());
    note_foreign(torch, name);
    for (const TorchObject& object : torch.objects()) {
      if (result_.metadata.size() < kMostObjects)
        result_.metadata.emplace(object.name, object.text);
    }
  }

  Contents finish() {
    std::map<std::string_view, std::vector<const Found*>> by_name;
    for (const Found& one : found_) by_name[one.name].push_back(&one);
    for (const Found& one : found_) {
      const auto& same = by_name[one.name];
      const bool joins = of_ranks_ || one.is_part;
      if (joins && same.front() == &one) add_joined(same);
      if (!joins) add(one);
    }
    result_.arenas.push_back(std::move(arena_));
    return std::move(result_);
  }

 private:
  void find(const TorchTensor& tensor, bool swapped) {
    const pickle::Tensor& from = tensor.view;
    Found one{arena_.copy(std::string_view(tensor.name)),
              {tensor.data + from.offset * size_of(from.dtype), arena_.copy(from.shape),
               arena_.copy(from.stride), from.dtype, swapped && size_of(from.dtype) > 1,
               from.conjugated, from.negated},
              static_cast<std::uint32_t>(result_.shards.size() - 1)};
    if (tensor.part) {
      one.is_part = true;
      one.begin = arena_.copy(tensor.part->begin);
      one.whole = arena_.copy(tensor.part->shape);
    }
    found_.push_back(one);
  }

  /// Dense ones are a range of their file like any other.
  void add(const Found& one) {
    TensorInfo info{one.name, one.view.shape, one.view.begin, 0, one.view.dtype, one.shard};
    note_tied(info, one.view);
    if (is_dense(one.view)) {
      info.end = info.begin + byte_count(one.view.dtype, one.view.shape);
    } else {
      const std::vector<std::uint64_t> zeros(one.view.shape.size(), 0);
      info.begin = result_.pieces.size();
      info.end = info.begin + 1;
      info.shard = TensorInfo::kInPieces;
      result_.pieces.push_back(piece_of(one, arena_.copy(zeros)));
    }
    result_.tensors.push_back(info);
  }

  Piece piece_of(const Found& one, ShapeView begin) {
    Piece piece{begin, one.view.shape, one.view.begin, one.shard};
    if (is_dense(one.view)) return piece;
    piece.form = static_cast<std::uint32_t>(result_.forms.size());
    result_.forms.push_back({PieceForm::Kind::Strided, one.view.swapped, one.view.conjugated,
                             one.view.negated, one.view.stride, 0});
    return piece;
  }

  /// The parts of all ranks; of replicas the first, where all of them are equal.
  void add_joined(const std::vector<const Found*>& parts) {
    const Found& first = *parts.front();
    if (!first.is_part) {
      for (const Found* other : parts) {
        if (!is_replica(first, *other)) fault(first, "replicas differ: it is no DTensor");
      }
      return add(first);
    }
    TensorInfo info{first.name, first.whole,      result_.pieces.size(),
                    0,          first.view.dtype, TensorInfo::kInPieces};
    for (const Found* part : parts) {
      const bool fits =
          part->is_part && part->view.dtype == info.dtype && same_shape(part->whole, info.shape);
      if (!fits) fault(first, "ranks disagree");
      const auto held = std::span(result_.pieces).subspan(info.begin);
      const bool again = std::any_of(held.begin(), held.end(), [&](const Piece& piece) {
        return same_shape(piece.begin, part->begin);
      });
      const bool empty = element_count(part->view.shape).value_or(0) == 0;
      if (fits && !again && !empty) result_.pieces.push_back(piece_of(*part, part->begin));
    }
    const std::string wrong = settle_tiling(info.shape, info.begin, result_.pieces);
    if (!wrong.empty()) fault(first, wrong);
    info.end = result_.pieces.size();
    result_.tensors.push_back(info);
  }

  /// Read and compared, whole: nothing else tells a replica from a part.
  bool is_replica(const Found& a, const Found& b) const {
    constexpr std::uint64_t kAtOnce = 4 << 20;
    if (&a == &b) return true;
    const bool alike =
        !b.is_part && a.view.dtype == b.view.dtype && same_shape(a.view.shape, b.view.shape);
    if (!alike) return false;
    const File file_of_a(result_.shards[a.shard].path);
    const File file_of_b(result_.shards[b.shard].path);
    const std::uint64_t bytes = byte_count(a.view.dtype, a.view.shape);
    std::vector<std::byte> of_a;
    std::vector<std::byte> of_b;
    for (std::uint64_t done = 0; done < bytes; done += of_a.size()) {
      if (progress_ != nullptr) progress_->check_stop();
      of_a.resize(std::min(kAtOnce, bytes - done));
      of_b.resize(of_a.size());
      read_elements(FileBytes(file_of_a), a.view, done, of_a);
      read_elements(FileBytes(file_of_b), b.view, done, of_b);
      if (of_a != of_b) return false;
    }
    return true;
  }

  void fault(const Found& tensor, std::string_view what) {
    result_.problems.push_back({Code::BadDcp, Severity::Error,
                                fmt::format("{}: {}", what, display(tensor.name)),
                                std::string(tensor.name), ""});
  }

  /// The same elements under two names: tied weights.
  void note_tied(const TensorInfo& info, const ElementView& view) {
    if (info.elements() == 0) return;
    const auto [first, is_new] = seen_.try_emplace(
        std::tuple(info.shard, view.begin, info.elements(), info.dtype), info.name);
    if (is_new) return;
    result_.problems.push_back({Code::TiedStorage, Severity::Note,
                                fmt::format("{} is the same storage as {}: written once a name",
                                            display(info.name), display(first->second)),
                                std::string(info.name), result_.shards[info.shard].name});
  }

  void note_foreign(const TorchFile& torch, const std::string& name) {
    if (torch.foreign().empty()) return;
    std::vector<std::string> names;
    for (const std::string& one : torch.foreign()) names.push_back(display(one));
    result_.problems.push_back(
        {Code::ForeignNames, Severity::Error,
         fmt::format("{}: names {}: not run, and what they would have made is not here",
                     display(name), fmt::join(names, ", ")),
         "", name});
  }

  const bool of_ranks_;
  const Progress* progress_;
  Contents result_;
  Arena arena_;
  std::deque<Found> found_;
  std::map<std::tuple<std::uint32_t, std::uint64_t, std::uint64_t, Dtype>, std::string_view> seen_;
};

}  // namespace

Contents open_torch_files(const Location& location, const Progress* progress) {
  TorchReader reader(location.ranks > 0, progress);
  for (const std::string& name : location.files) {
    if (progress != nullptr) progress->check_stop();
    reader.read(name, location.path_of(name));
  }
  Contents contents = reader.finish();
  if (location.ranks > location.files.size()) {
    contents.problems.push_back(
        {Code::MissingShard, Severity::Error,
         location.files.size() == 1
             ? fmt::format("the file of one of {} ranks; open the directory that has them all",
                           location.ranks)
             : fmt::format("files of {} ranks, of a run on {}", location.files.size(),
                           location.ranks),
         "", location.files.back()});
  }
  return contents;
}

}  // namespace ckptscope
