// Records are looked up by class and field; what ranks say is merged.
#include "core/torch/dcp_metadata.hpp"

#include <algorithm>
#include <exception>
#include <map>
#include <optional>
#include <unordered_set>

#include "core/base/display.hpp"
#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/torch/pickle_machine.hpp"
#include "core/torch/pickle_text.hpp"

namespace ckptscope {
namespace {

using Kind = PickleValue::Kind;

constexpr std::uint64_t kMostBytes = 1 << 30;

template <typename... Args>
[[noreturn]] void broken(std::string_view rule, fmt::format_string<Args...> form, Args&&... args) {
  fail(Code::BadDcp, "{}: {}", rule, fmt::format(form, std::forward<Args>(args)...));
}

/// One file, and what its values point into.
struct Reading {
  Reading(const std::string& path, PickleEntries& entries)
      : file(path), bytes(file), stream(bytes, 0), machine(stream, true, &entries) {}
  File file;
  FileBytes bytes;
  ByteStream stream;
  PickleMachine machine;
};

bool is_record(PickleValue value, std::string_view record) {
  return value.is(Kind::Call) && value.call().target.is(Kind::Global) &&
         value.call().target.global().record == record;
}

/// The fields of a record of this class; None where it has no such field.
class Fields {
 public:
  Fields(PickleValue value, std::string_view record) {
    if (!is_record(value, record)) broken("record", "a {} is expected", record);
    state_ = value.call().state;
  }
  /// Fields are asked for in their order: each search begins where the last one ended.
  PickleValue operator[](std::string_view name) {
    if (!state_.is(Kind::Dict)) return {};
    const std::span<const pickle::Entry> entries = state_.entries();
    for (std::size_t i = 0; i < entries.size(); ++i, ++next_) {
      if (next_ >= entries.size()) next_ = 0;
      const pickle::Entry& entry = entries[next_];
      if (entry.key.is(Kind::Text) && entry.key.text().text == name) return entry.value;
    }
    return {};
  }

 private:
  PickleValue state_;
  std::size_t next_ = 0;
};

std::uint64_t whole(PickleValue value, std::string_view what) {
  if (!value.is(Kind::Int)) broken("type", "{} that is no number", what);
  if (value.integer() < 0) broken("negative", "{} {}", what, value.integer());
  return static_cast<std::uint64_t>(value.integer());
}

std::string_view text(PickleValue value, std::string_view what) {
  if (!value.is(Kind::Text)) broken("type", "{} that is no text", what);
  return value.text().text;
}

std::span<const PickleValue> items(PickleValue value, std::string_view what) {
  if (!value.is(Kind::Tuple) && !value.is(Kind::List)) broken("type", "{} that is no list", what);
  return value.items();
}

std::span<const pickle::Entry> entries(PickleValue value, std::string_view what) {
  if (!value.is(Kind::Dict)) broken("type", "{} that is no dict", what);
  return value.entries();
}

/// A name in the same directory.
std::string_view plain_name(PickleValue value) {
  const std::string_view name = text(value, "a relative path");
  const bool plain = !name.empty() && name != "." && name != ".." && name.find('/') == name.npos &&
                     name.find('\0') == name.npos;
  if (!plain) broken("relative path", "{}", display(name));
  return name;
}

/// The dtype stands first in what TensorProperties has kept of itself.
Dtype dtype_of(PickleValue properties) {
  if (!is_record(properties, "TensorProperties") || !properties.call().state.is(Kind::Tuple) ||
      properties.call().state.items().empty()) {
    broken("properties", "of another form");
  }
  const PickleValue named = properties.call().state.items()[0];
  const auto dtype = named.is(Kind::Global)
                         ? torch_dtype(named.global().module, named.global().name)
                         : std::nullopt;
  if (!dtype) broken("dtype", "{} is not supported", text_of(named));
  return *dtype;
}

class Merge final : public PickleEntries {
 public:
  explicit Merge(const Progress* progress) : progress_(progress) {}

  void add(const std::string& path) {
    const auto reading = std::make_unique<Reading>(path, *this);  // what it says is copied
    if (reading->file.size() > kMostBytes) broken("length", "{} bytes", reading->file.size());
    room_ = reading->file.size();
    taken_.clear();
    broken_ = nullptr;
    const PickleValue root = run(reading->machine);
    if (reading->stream.left() > 0) {
      broken("end of pickle", "{} bytes behind STOP", reading->stream.left());
    }
    Fields fields(root, "Metadata");
    for (const PickleField& field : taken_) {
      const bool kept = field.record == root && field.state == root.call().state &&
                        fields[field.name.text().text] == field.dict;
      if (!kept) broken("record", "{} stands twice", display(field.name.text().text));
    }
    if (broken_) std::rethrow_exception(broken_);
    add_storage(entries(fields["storage_data"], "storage_data"));
    add_state(entries(fields["state_dict_metadata"], "state_dict_metadata"));
  }

  /// What is wrong with them is told when the machine is through: names that are foreign come
  /// first.
  bool take(const PickleField& field, std::span<const pickle::Entry> entries) override {
    if (!is_record(field.record, "Metadata")) return false;
    const bool storage = field.name.text().text == "storage_data";
    if (!storage && field.name.text().text != "state_dict_metadata") return false;
    if (std::find(taken_.begin(), taken_.end(), field) == taken_.end()) taken_.push_back(field);
    if (broken_) return true;
    try {
      storage ? add_storage(entries) : add_state(entries);
    } catch (const Error& error) {
      if (error.code() != Code::BadDcp) throw;
      broken_ = std::current_exception();
    }
    return true;
  }

  DcpMetadata finish() {
    std::stable_sort(storage_.begin(), storage_.end(), before);
    result_.chunks.reserve(storage_.size());
    for (const auto& [name, state] : states_) {
      check_stop();
      if (state.is_object) {
        const auto item = item_of(name, {});
        if (!item) broken("missing chunk", "{} is in no file", display(name));
        result_.objects.push_back({name, *item});
        continue;
      }
      DcpTensor tensor{name, state.dtype, state.shape, result_.chunks.size(), state.boxes.size()};
      for (const Box& box : state.boxes) {
        result_.chunks.push_back({box.begin, box.extent, item_of(name, box.begin)});
      }
      result_.tensors.push_back(tensor);
    }
    for (const auto& [name, number] : files_) {
      if (result_.files.size() <= number) result_.files.resize(number + 1);
      result_.files[number] = name;
    }
    return std::move(result_);
  }

 private:
  struct Box {
    ShapeView begin;
    ShapeView extent;
  };
  struct State {
    bool is_object = false;
    Dtype dtype = Dtype::U8;
    ShapeView shape;
    std::vector<Box> boxes;
  };
  /// Where an item lies, by what it is of.
  struct Stored {
    std::string_view name;
    ShapeView begin;
    DcpItem item;
  };
  static bool before(const Stored& a, const Stored& b) {
    if (a.name.data() != b.name.data()) return a.name < b.name;  // there is one copy of each
    return std::lexicographical_compare(a.begin.begin(), a.begin.end(), b.begin.begin(),
                                        b.begin.end());
  }

  void check_stop() const {
    if (progress_ != nullptr) progress_->check_stop();
  }

  static PickleValue run(PickleMachine& machine) {
    const auto refuse_foreign = [&] {
      if (machine.foreign().empty()) return;
      std::vector<std::string> names;
      for (const auto& [name, seen] : machine.foreign()) names.push_back(display(name));
      broken("global", "{}, which is named and not run", fmt::join(names, ", "));
    };
    PickleValue root;
    try {
      root = machine.run();
    } catch (const Error&) {
      refuse_foreign();
      throw;
    }
    refuse_foreign();
    return root;
  }

  /// One copy of each name.
  std::string_view kept(std::string_view name) {
    const auto found = names_.find(name);
    return found != names_.end() ? *found : *names_.insert(arena_->copy(name)).first;
  }

  ShapeView numbers(PickleValue value, std::string_view what) {
    numbers_.clear();
    for (const PickleValue item : items(value, what)) numbers_.push_back(whole(item, what));
    return arena_->copy(numbers_);
  }

  void add_storage(std::span<const pickle::Entry> entries) {
    for (const pickle::Entry& entry : entries) {
      check_stop();
      Fields index(entry.key, "MetadataIndex");
      Fields info(entry.value, "_StorageInfo");
      Stored stored{kept(text(index["fqn"], "the name of a tensor")), {}, {}};
      if (const PickleValue offset = index["offset"]; !offset.is(Kind::None)) {
        stored.begin = numbers(offset, "an offset");
      }
      stored.item.file = number_of(plain_name(info["relative_path"]));
      stored.item.offset = whole(info["offset"], "the offset of an item");
      stored.item.length = whole(info["length"], "the length of an item");
      stored.item.compressed = is_compressed(info["transform_descriptors"]);
      storage_.push_back(stored);
    }
  }

  static bool is_compressed(PickleValue descriptors) {
    constexpr std::string_view kZstd = "stream.zstd/1";
    if (descriptors.is(Kind::None) || items(descriptors, "a list of transforms").empty()) {
      return false;
    }
    const auto all = descriptors.items();
    const bool known =
        all.size() == 1 && all[0].is(Kind::Text) && all[0].text().text.starts_with(kZstd);
    if (!known) broken("transform", "items are packed in another way than {}", kZstd);
    return true;
  }

  void add_state(std::span<const pickle::Entry> entries) {
    for (const pickle::Entry& entry : entries) {
      check_stop();
      const std::string_view name = kept(text(entry.key, "the name of a tensor"));
      const auto [place, is_new] = states_.try_emplace(name);
      State& state = place->second;
      const bool is_object = is_record(entry.value, "BytesStorageMetadata");
      if (!is_new && is_object != state.is_object)
        broken("ranks disagree", "about {}", display(name));
      state.is_object = is_object;
      if (is_object) continue;
      Fields tensor(entry.value, "TensorStorageMetadata");
      const Dtype dtype =
          with_context(display(name), [&] { return dtype_of(tensor["properties"]); });
      const ShapeView shape = numbers(tensor["size"], "a size");
      const bool same = dtype == state.dtype && same_shape(shape, state.shape);
      if (!is_new && !same) broken("ranks disagree", "about {}", display(name));
      state.dtype = dtype;
      state.shape = shape;
      const auto chunks = items(tensor["chunks"], "a list of chunks");
      // Lists may be shared, but then they are not what torch writes: a chunk takes some bytes.
      if (chunks.size() > room_) broken("size", "more chunks than bytes");
      room_ -= chunks.size();
      for (const PickleValue chunk : chunks) {
        Fields fields(chunk, "ChunkStorageMetadata");
        add_box(state,
                {numbers(fields["offsets"], "an offset"), numbers(fields["sizes"], "a size")},
                !is_new);
      }
    }
  }

  /// Of several ranks the same one is one.
  static void add_box(State& state, const Box& box, bool merges) {
    const auto same = [&](const Box& one) {
      return same_shape(one.begin, box.begin) && same_shape(one.extent, box.extent);
    };
    if (merges && std::any_of(state.boxes.begin(), state.boxes.end(), same)) return;
    state.boxes.push_back(box);
  }

  std::uint32_t number_of(std::string_view name) {
    const auto found = files_.find(name);
    if (found != files_.end()) return found->second;
    const auto number = static_cast<std::uint32_t>(files_.size());
    return files_.emplace(name, number).first->second;
  }

  std::optional<DcpItem> item_of(std::string_view name, ShapeView begin) const {
    const Stored wanted{name, begin, {}};
    const auto found = std::lower_bound(storage_.begin(), storage_.end(), wanted, before);
    const bool there = found != storage_.end() && !before(wanted, *found);
    return there ? std::optional(found->item) : std::nullopt;
  }

  const Progress* progress_;
  DcpMetadata result_;
  std::shared_ptr<Arena> arena_ = [this] {
    auto arena = std::make_shared<Arena>();
    result_.keep.push_back(arena);
    return arena;
  }();
  std::unordered_set<std::string_view> names_;
  std::vector<PickleField> taken_;      // of the file of the moment
  std::exception_ptr broken_;           // of its entries
  std::uint64_t room_ = 0;              // chunks that the file can yet hold
  std::vector<std::uint64_t> numbers_;  // of the moment
  std::map<std::string, std::uint32_t, std::less<>> files_;
  std::map<std::string_view, State> states_;
  std::vector<Stored> storage_;
};

}  // namespace

DcpMetadata read_dcp_metadata(std::span<const std::string> paths, const Progress* progress) {
  Merge merge(progress);
  for (const std::string& path : paths) {
    with_context(display(path.substr(path.rfind('/') + 1)), [&] { merge.add(path); });
  }
  return merge.finish();
}

}  // namespace ckptscope
