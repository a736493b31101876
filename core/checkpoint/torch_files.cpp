// A tensor that lies dense in its storage is a range of the file like any other; what does not is a
// piece with strides.
#include <algorithm>
#include <map>
#include <tuple>

#include "core/base/bytes.hpp"
#include "core/base/display.hpp"
#include "core/checkpoint/contents.hpp"
#include "core/torch/element_view.hpp"
#include "core/torch/torch_file.hpp"

namespace ckptscope {
namespace {

constexpr std::size_t kMostObjects = 1000;  // that are kept

class TorchReader {
 public:
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
    Arena arena;
    for (const TorchTensor& tensor : torch.tensors()) add(tensor, torch.is_big_endian(), arena);
    result_.arenas.push_back(std::move(arena));
    note_foreign(torch, name);
    for (const TorchObject& object : torch.objects()) {
      if (result_.metadata.size() < kMostObjects)
        result_.metadata.emplace(object.name, object.text);
    }
  }

  Contents take() { return std::move(result_); }

 private:
  void add(const TorchTensor& tensor, bool swapped, Arena& arena) {
    const auto shard = static_cast<std::uint32_t>(result_.shards.size() - 1);
    const pickle::Tensor& from = tensor.view;
    ElementView view{tensor.data + from.offset * size_of(from.dtype),
                     arena.copy(from.shape),
                     arena.copy(from.stride),
                     from.dtype,
                     swapped && size_of(from.dtype) > 1,
                     from.conjugated,
                     from.negated};
    TensorInfo info{
        arena.copy(std::string_view(tensor.name)), view.shape, view.begin, 0, from.dtype, shard};
    note_tied(info, view);
    if (is_dense(view)) {
      info.end = info.begin + byte_count(from.dtype, view.shape);
    } else {
      const std::vector<std::uint64_t> zeros(view.shape.size(), 0);
      info.begin = result_.pieces.size();
      info.end = info.begin + 1;
      info.shard = TensorInfo::kInPieces;
      result_.pieces.push_back({arena.copy(zeros), view.shape, view.begin, shard,
                                static_cast<std::uint32_t>(result_.forms.size())});
      result_.forms.push_back(
          {PieceForm::Kind::Strided, view.swapped, view.conjugated, view.negated, view.stride, 0});
    }
    result_.tensors.push_back(info);
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
                                std::string(info.name), result_.shards.back().name});
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

  Contents result_;
  std::map<std::tuple<std::uint32_t, std::uint64_t, std::uint64_t, Dtype>, std::string_view> seen_;
};

}  // namespace

Contents open_torch_files(const Location& location, const Progress* progress) {
  TorchReader reader;
  for (const std::string& name : location.files) {
    if (progress != nullptr) progress->check_stop();
    reader.read(name, location.directory == "." ? name : location.directory + "/" + name);
  }
  return reader.take();
}

}  // namespace ckptscope
