// Three forms: a zip since torch 1.6, before it pickles and storages behind each other, and a tar
// of 2017, which is only named.
#include "core/torch/torch_file.hpp"

#include <zlib.h>

#include <algorithm>
#include <optional>
#include <set>

#include "core/base/display.hpp"
#include "core/base/error.hpp"
#include "core/torch/pickle_extent.hpp"
#include "core/torch/pickle_machine.hpp"
#include "core/torch/pickle_text.hpp"
#include "core/torch/zip_archive.hpp"

namespace ckptscope {
namespace {

using Kind = PickleValue::Kind;

constexpr std::uint64_t kMostPickle = 1 << 30;
constexpr std::uint64_t kMostObjects = 10'000;   // that are kept
constexpr std::uint64_t kMostNames = 256 << 20;  // bytes of paths to values
constexpr std::string_view kLegacyMagic = "\x80\x02\x8a\nl\xfc\x9c\x46\xf9 j\xa8P\x19";

std::string first_bytes(const ByteSource& source, std::uint64_t count) {
  std::string bytes(std::min(count, source.size()), '\0');
  source.read(0, std::as_writable_bytes(std::span(bytes)));
  return bytes;
}

std::string key_text(PickleValue key) {
  return key.is(Kind::Text) ? std::string(key.text().text) : text_of(key);
}

std::string joined(const std::string& path, const std::string& key) {
  return path.empty() ? key : path + "/" + key;
}

}  // namespace

bool is_torch_file(const File& file) {
  const std::string first = first_bytes(FileBytes(file), kLegacyMagic.size());
  return first.starts_with("PK\x03\x04") || first == kLegacyMagic;
}

/// The bytes that a pickle is read from, and the machine whose arena its values lie in.
struct TorchFile::Machines {
  std::optional<MemoryBytes> pickle;  // of a zip
  std::optional<ByteStream> stream;
  std::optional<PickleMachine> machine;
  std::map<std::string, bool> foreign;
};

TorchFile::~TorchFile() = default;
TorchFile::TorchFile(TorchFile&&) noexcept = default;

TorchFile::TorchFile(const ByteSource& source)
    : source_(source), machines_(std::make_unique<Machines>()) {
  const auto note_foreign = [&] {
    if (machines_->machine) machines_->foreign = machines_->machine->foreign();
    foreign_.clear();
    for (const auto& [name, seen] : machines_->foreign) foreign_.push_back(name);
  };
  try {
    const std::string first = first_bytes(source, kLegacyMagic.size());
    if (first.starts_with("PK\x03\x04")) {
      read_zip();
    } else if (first == kLegacyMagic) {
      read_legacy();
    } else {
      refuse_other();
    }
  } catch (const Error& error) {
    note_foreign();
    if (foreign_.empty()) throw;
    for (std::string& name : foreign_) name = display(name);
    throw Error(error.code(), fmt::format("names {}, which is not run; {}",
                                          fmt::join(foreign_, ", "), error.what()));
  }
  note_foreign();
  collect();
}

void TorchFile::read_zip() {
  const ZipArchive archive(source_);
  const std::string& root = archive.root();
  machines_->pickle.emplace(archive.read(root + "data.pkl", kMostPickle));
  machines_->stream.emplace(*machines_->pickle, 0);
  machines_->machine.emplace(*machines_->stream, false);
  root_ = machines_->machine->run();
  for (const auto& [name, record] : archive.records()) {
    if (name.starts_with(root + "code/")) {
      fail(Code::BadArchive, "torchscript: {} is a program, not a checkpoint", display(name));
    }
  }
  if (machines_->stream->left() > 0) {
    fail(Code::BadPickle, "end of pickle: {} bytes behind STOP", machines_->stream->left());
  }
  check_extent(root_);
  if (archive.find(root + "byteorder") != nullptr) {
    const std::vector<std::byte> order = archive.read(root + "byteorder", 16);
    const std::string_view text(reinterpret_cast<const char*>(order.data()), order.size());
    if (text != "little" && text != "big") fail(Code::BadArchive, "byteorder: {}", display(text));
    big_endian_ = text == "big";
  }
  const auto& storages = machines_->machine->storages();
  data_.resize(storages.size());
  for (const auto& [key, storage] : storages) {
    const ZipRecord& record = archive.record(fmt::format("{}data/{}", root, key));
    if (record.bytes != storage->bytes()) {
      fail(Code::BadArchive, "storage size: {} has {} bytes, {} are expected", display(key),
           record.bytes, storage->bytes());
    }
    data_[storage->number] = record.begin;
    sums_.push_back({std::string(key), record.begin, record.bytes, record.crc});
  }
}

/// Magic, protocol, system, the object, the keys of storages; then each with its count before it.
void TorchFile::read_legacy() {
  constexpr std::int64_t kProtocol = 1001;
  machines_->stream.emplace(source_, 0);
  ByteStream& stream = *machines_->stream;
  PickleMachine heads(stream, false);
  heads.run();
  const PickleValue protocol = heads.run();
  heads.run();
  if (!protocol.is(Kind::Int) || protocol.integer() != kProtocol) {
    fail(Code::BadPickle, "protocol: {} instead of {}", text_of(protocol), kProtocol);
  }
  machines_->machine.emplace(stream, false);
  root_ = machines_->machine->run();
  check_extent(root_);
  const auto& storages = machines_->machine->storages();
  PickleMachine list(stream, false);
  const PickleValue keys = list.run();
  std::vector<std::string> names;
  if (keys.is(Kind::List)) {
    for (const PickleValue key : keys.items()) names.push_back(key_text(key));
  }
  const bool known = std::all_of(names.begin(), names.end(), [&](const std::string& name) {
    return storages.find(name) != storages.end();
  });
  const std::set<std::string_view> different(names.begin(), names.end());
  if (!known || names.size() != storages.size() || different.size() != names.size()) {
    fail(Code::BadPickle, "missing record: {} storages, {} listed", storages.size(), names.size());
  }
  data_.resize(storages.size());
  for (const std::string& name : names) {
    const pickle::Storage& storage = *storages.find(name)->second;
    constexpr std::uint64_t kCount = 8;  // bytes of it
    if (stream.left() < kCount) fail(Code::BadPickle, "storage size: {} is cut", display(name));
    std::uint64_t count = 0;
    for (unsigned i = 0; i < kCount; ++i) count |= std::uint64_t{stream.byte()} << (8 * i);
    const std::uint64_t begin = stream.at();
    if (count != storage.count || storage.bytes() > stream.left()) {
      fail(Code::BadPickle, "storage size: {} of {} elements, {} in its place, {} bytes left",
           display(name), storage.count, count, stream.left());
    }
    data_[storage.number] = begin;
    stream.skip(storage.bytes());
  }
  if (stream.left() > 0) fail(Code::BadPickle, "trailing bytes: {}", stream.left());
}

/// What it names is told all the same.
void TorchFile::refuse_other() {
  constexpr std::uint64_t kTarMagic = 257;  // bytes. Source: POSIX.1 pax
  const std::string first = first_bytes(source_, kTarMagic + 5);
  if (first.substr(std::min<std::size_t>(kTarMagic, first.size())) == "ustar" ||
      first.starts_with("storages")) {
    fail(Code::BadArchive, "legacy tar: a file of torch 0.1, which nobody reads any more");
  }
  machines_->stream.emplace(source_, 0);
  machines_->machine.emplace(*machines_->stream, false);
  try {
    machines_->machine->run();
  } catch (const Error&) {  // no pickle, or half of one
  }
  fail(Code::BadArchive, "not a torch file: neither a zip nor its pickles");
}

/// Everything that can be reached by dicts, lists and tuples.
void TorchFile::collect() {
  struct Todo {
    std::string path;
    PickleValue value;
  };
  std::vector<Todo> todo{{"", root_}};
  // Parts that are shared are named by every path to them: what a file says in kilobytes may be
  // gigabytes of names.
  std::uint64_t room = kMostNames;
  const auto put = [&](const std::string& path, const std::string& key, PickleValue value) {
    const std::uint64_t bytes = path.size() + key.size() + sizeof(Todo);
    if (bytes > room) fail(Code::BadPickle, "size: more than {} bytes of names", kMostNames);
    room -= bytes;
    todo.push_back({joined(path, key), value});
  };
  while (!todo.empty()) {
    const Todo one = std::move(todo.back());
    todo.pop_back();
    const std::size_t before = todo.size();
    if (one.value.is(Kind::Tensor)) {
      const pickle::Tensor& view = one.value.tensor();
      tensors_.push_back({one.path, view, data_of(*view.storage)});
    } else if (auto part = part_of_dtensor(one.value)) {
      const pickle::Tensor& view = part->local.tensor();
      tensors_.push_back({one.path, view, data_of(*view.storage), std::move(part)});
    } else if (one.value.is(Kind::Dict)) {
      for (const pickle::Entry& entry : one.value.entries()) {
        put(one.path, key_text(entry.key), entry.value);
      }
    } else if (one.value.is(Kind::List) || one.value.is(Kind::Tuple)) {
      for (std::size_t i = 0; i < one.value.items().size(); ++i) {
        put(one.path, std::to_string(i), one.value.items()[i]);
      }
    } else if (objects_.size() < kMostObjects) {
      objects_.push_back({one.path, text_of(one.value)});
    }
    std::reverse(todo.begin() + static_cast<std::ptrdiff_t>(before), todo.end());
  }
}

void TorchFile::check_sums(Progress& progress) const {
  constexpr std::uint64_t kAtOnce = 4 << 20;
  std::vector<std::byte> buffer;
  for (const Sum& one : sums_) {
    if (one.crc == 0) continue;
    uLong crc = 0;
    for (std::uint64_t at = 0; at < one.bytes; at += kAtOnce) {
      progress.check_stop();
      buffer.resize(std::min(kAtOnce, one.bytes - at));
      source_.read(one.begin + at, buffer);
      crc = ::crc32_z(crc, reinterpret_cast<const Bytef*>(buffer.data()), buffer.size());
    }
    if (crc != one.crc) fail(Code::BadArchive, "crc: storage {}", display(one.name));
  }
}

}  // namespace ckptscope
