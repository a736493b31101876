// What torch.save wrote: tensors by the path that leads to them, plain objects, and what else the
// pickle names. Nothing of it is ever run.
//
// Source: pytorch, torch/serialization.py (_save, _legacy_save).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/progress.hpp"
#include "core/torch/byte_source.hpp"
#include "core/torch/dtensor.hpp"
#include "core/torch/pickle_value.hpp"

namespace ckptscope {

struct TorchTensor {
  std::string name;                  // "model/embed.weight": keys and numbers of dicts and lists
  pickle::Tensor view;               // what of its storage it is
  std::uint64_t data = 0;            // where the storage begins: bytes from the start of the source
  std::optional<TensorPart> part{};  // of what it is the rank's part; nullopt: of nothing larger
};

/// A number, a text or the like.
struct TorchObject {
  std::string name;
  std::string text;
};

/// Immutable and thread-safe once read.
class TorchFile {
 public:
  /// Reads the directory and the pickle, no storage. Throws BadPickle and BadArchive; where the
  /// pickle names what is no data, the text begins with those names. `source` must outlive it.
  explicit TorchFile(const ByteSource& source);
  ~TorchFile();
  TorchFile(TorchFile&&) noexcept;

  const std::vector<TorchTensor>& tensors() const { return tensors_; }
  const std::vector<TorchObject>& objects() const { return objects_; }
  /// "posix system": named in the file, not run.
  const std::vector<std::string>& foreign() const { return foreign_; }
  /// Elements stand the other way round.
  bool is_big_endian() const { return big_endian_; }
  PickleValue root() const { return root_; }
  std::uint64_t data_of(const pickle::Storage& storage) const { return data_[storage.number]; }

  /// Holds every storage against its checksum. Throws BadArchive ("crc: …") and Interrupted.
  void check_sums(Progress& progress) const;

 private:
  void read_zip();
  void read_legacy();
  void refuse_other();
  void collect();

  struct Machines;
  const ByteSource& source_;
  std::unique_ptr<Machines> machines_;  // what values point into
  PickleValue root_;
  std::vector<std::uint64_t> data_;  // by storage
  struct Sum {
    std::string name;
    std::uint64_t begin = 0;
    std::uint64_t bytes = 0;
    std::uint32_t crc = 0;
  };
  std::vector<Sum> sums_;
  std::vector<TorchTensor> tensors_;
  std::vector<TorchObject> objects_;
  std::vector<std::string> foreign_;
  bool big_endian_ = false;
};

/// By its first bytes: a zip, or the magic number of the older form.
bool is_torch_file(const File& file);

}  // namespace ckptscope
