// What the opcodes put on the stack: containers that grow, and the few calls that stand for data.
#include <algorithm>
#include <optional>

#include "core/base/display.hpp"
#include "core/torch/pickle_machine.hpp"

namespace ckptscope {
namespace {

using Kind = PickleValue::Kind;

std::uint64_t whole_number(PickleValue value) {
  const bool big = value.is(Kind::BigInt);
  if (!big && !value.is(Kind::Int)) broken_pickle("type", "a whole number is expected");
  const bool negative = big ? (value.text().text.back() & 0x80) != 0 : value.integer() < 0;
  if (negative) broken_pickle("negative", "a number below zero");
  if (big) broken_pickle("overflow", "a number of more than 60 bits");
  return static_cast<std::uint64_t>(value.integer());
}

void check_whole_numbers(PickleValue tuple) {
  if (!tuple.is(Kind::Tuple)) broken_pickle("type", "a tuple of whole numbers is expected");
  for (const PickleValue item : tuple.items()) whole_number(item);
}

std::vector<std::uint64_t> whole_numbers(PickleValue tuple) {
  check_whole_numbers(tuple);
  std::vector<std::uint64_t> numbers;
  for (const PickleValue item : tuple.items()) numbers.push_back(whole_number(item));
  return numbers;
}

/// a * b + c, which elements are counted by.
std::uint64_t bounded(std::uint64_t a, std::uint64_t b, std::uint64_t c) {
  std::uint64_t value = 0;
  const bool over =
      __builtin_mul_overflow(a, b, &value) || __builtin_add_overflow(value, c, &value);
  if (over || value > INT64_MAX) broken_pickle("overflow", "more elements than 63 bits count");
  return value;
}

/// What Python can have as the key of a dict.
void check_hashable(PickleValue key, int depth = 0) {
  constexpr int kDeepest = 100;
  const bool plain = !key.is(Kind::List) && !key.is(Kind::Dict) && !key.is(Kind::Set) &&
                     !key.is(Kind::Global) && !key.is(Kind::Storage);
  if (!plain || depth > kDeepest) broken_pickle("type", "a key of a dict that cannot be one");
  if (!key.is(Kind::Tuple)) return;
  for (const PickleValue item : key.items()) check_hashable(item, depth + 1);
}

bool has_bit(PickleValue bits, std::string_view name) {
  if (!bits.is(Kind::Dict)) return false;
  for (const pickle::Entry& entry : bits.entries()) {
    const bool named = entry.key.is(Kind::Text) && entry.key.text().text == name;
    if (named) return entry.value.is(Kind::Bool) && entry.value.boolean();
  }
  return false;
}

}  // namespace

PickleValue PickleMachine::sequence(Kind kind, std::span<const PickleValue> items) {
  const auto count = static_cast<std::uint32_t>(items.size());
  if (kind == Kind::Tuple && count == 0) return empty_tuple_;
  return make(kind, pickle::Sequence{arena_.copy(items).data(), count});
}

PickleValue PickleMachine::text(Kind kind, std::string_view text) {
  return make_lasting(kind, pickle::Text{text});
}

PickleValue PickleMachine::whole(std::span<const std::byte> little_endian) {
  constexpr std::size_t kInline = 7;  // bytes that surely fit 60 bits
  if (little_endian.size() > kInline) {
    const std::string_view bytes(reinterpret_cast<const char*>(little_endian.data()),
                                 little_endian.size());
    return text(Kind::BigInt, lasting_.copy(bytes));
  }
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < little_endian.size(); ++i) {
    value |= std::to_integer<std::uint64_t>(little_endian[i]) << (8 * i);
  }
  const auto unused = static_cast<int>(64 - 8 * little_endian.size());
  const bool none = little_endian.empty();
  return PickleValue::integer(none ? 0 : static_cast<std::int64_t>(value << unused) >> unused);
}

PickleValue PickleMachine::name(std::string_view module, std::string_view name) {
  const auto means = pickle_name(module, name, of_dcp_);
  if (!means) foreign_[std::string(module) + " " + std::string(name)] = true;
  return make(Kind::Global,
              pickle::Global{module, name, means, of_dcp_ ? dcp_record(module, name) : ""});
}

PickleValue PickleMachine::call(PickleValue target, PickleValue arguments) {
  if (!arguments.is(Kind::Tuple)) broken_pickle("type", "a call without a tuple of arguments");
  if (!target.is(Kind::Global) && !target.is(Kind::Call))
    broken_pickle("type", "a call of no name");
  const auto means = target.is(Kind::Global) ? target.global().means : std::nullopt;
  const std::span<const PickleValue> given = arguments.items();
  const auto expect = [&](std::size_t least, std::size_t most) {
    if (given.size() >= least && given.size() <= most) return;
    broken_pickle("arity", "{} arguments of {}", given.size(), display(target.global().name));
  };
  switch (means.value_or(PickleName::Record)) {
    case PickleName::TensorV2:
      expect(6, 7);
      return tensor(given, std::nullopt, given.subspan(6));
    case PickleName::TensorV3: {
      expect(7, 8);
      if (!given[6].is(Kind::Global)) broken_pickle("arity", "a tensor without a dtype");
      const auto dtype = torch_dtype(given[6].global().module, given[6].global().name);
      if (!dtype) broken_pickle("dtype", "{}", display(given[6].global().name));
      return tensor(given, dtype, given.subspan(7));
    }
    case PickleName::Parameter:
      expect(3, 4);
      if (!given[0].is(Kind::Tensor) && !given[0].is(Kind::Call)) {
        broken_pickle("arity", "a parameter of no tensor");
      }
      return given[0];
    case PickleName::OrderedDict:
      expect(0, 1);
      return ordered_dict(given);
    case PickleName::Size: {
      expect(1, 1);
      const PickleValue numbers =
          given[0].is(Kind::List) ? sequence(Kind::Tuple, given[0].items()) : given[0];
      check_whole_numbers(numbers);
      return numbers;
    }
    case PickleName::Encode:
      expect(2, 2);
      return encoded(given);
    case PickleName::Set:
      expect(0, 1);
      return sequence(Kind::Set, given.empty() || !given[0].is(Kind::List)
                                     ? std::span<const PickleValue>()
                                     : given[0].items());
    case PickleName::Record:
    case PickleName::Data:
      break;
  }
  return make(Kind::Call, pickle::Call{target, arguments});
}

/// (storage, offset, size, stride, …); `more` may hold the bits of a view.
PickleValue PickleMachine::tensor(std::span<const PickleValue> arguments,
                                  std::optional<Dtype> dtype, std::span<const PickleValue> more) {
  const PickleValue from = arguments[0];
  if (!from.is(Kind::Storage) && !from.is(Kind::Call))
    broken_pickle("type", "a tensor of no storage");
  const std::uint64_t offset = whole_number(arguments[1]);
  const std::vector<std::uint64_t> shape = whole_numbers(arguments[2]);
  const std::vector<std::uint64_t> stride = whole_numbers(arguments[3]);
  if (shape.size() != stride.size()) {
    broken_pickle("arity", "{} dimensions, {} strides", shape.size(), stride.size());
  }
  if (from.is(Kind::Call)) return from;  // of a foreign storage
  const pickle::Storage& storage = from.storage();
  if (!dtype && !storage.typed) broken_pickle("dtype", "an untyped storage without one");
  if (!dtype) dtype = storage.dtype;

  std::uint64_t count = 1;
  std::uint64_t last = offset;
  for (std::size_t dim = 0; dim < shape.size(); ++dim) {
    count = bounded(count, shape[dim], 0);
    if (shape[dim] > 0) last = bounded(shape[dim] - 1, stride[dim], last);
  }
  const std::uint64_t held = storage.typed ? storage.count : storage.count / size_of(*dtype);
  if (count > 0 && last >= held) {
    broken_pickle("view bounds", "element {} of a storage of {}", last, held);
  }
  const std::uint64_t most =
      PickleLimits::kExpansion * std::max<std::uint64_t>(held, 1) + PickleLimits::kFreeElements;
  if (count > most) {
    broken_pickle("expansion", "{} elements of a storage of {}", count, held);
  }
  const PickleValue bits = more.empty() ? PickleValue() : more[0];
  return make(Kind::Tensor,
              pickle::Tensor{&storage, *dtype, has_bit(bits, "conj"), has_bit(bits, "neg"), offset,
                             arena_.copy(shape), arena_.copy(stride)});
}

PickleValue PickleMachine::ordered_dict(std::span<const PickleValue> arguments) {
  const PickleValue dict = make(Kind::Dict, pickle::Dict{});
  if (arguments.empty()) return dict;
  const PickleValue pairs = arguments[0];
  if (!pairs.is(Kind::List) && !pairs.is(Kind::Tuple))
    broken_pickle("type", "an OrderedDict of no list");
  for (const PickleValue pair : pairs.items()) {
    const bool two = (pair.is(Kind::List) || pair.is(Kind::Tuple)) && pair.items().size() == 2;
    if (!two) broken_pickle("type", "an OrderedDict of what are no pairs");
    put(dict, pair.items());
  }
  return dict;
}

/// Bytes as protocol 2 writes them: each a character.
PickleValue PickleMachine::encoded(std::span<const PickleValue> arguments) {
  const bool latin = arguments[0].is(Kind::Text) && arguments[1].is(Kind::Text) &&
                     arguments[1].text().text == "latin1";
  if (!latin) broken_pickle("type", "_codecs.encode of another kind");
  std::string bytes;
  const std::string_view from = arguments[0].text().text;
  for (std::size_t i = 0; i < from.size(); ++i) {
    const auto first = static_cast<unsigned char>(from[i]);
    if (first >= 0x80 && (first & 0xFC) != 0xC0) broken_pickle("type", "a character beyond latin1");
    if (first < 0x80) {
      bytes += from[i];
    } else {
      bytes += static_cast<char>((first << 6) | (static_cast<unsigned char>(from[++i]) & 0x3F));
    }
  }
  return text(Kind::Bytes, lasting_.copy(std::string_view(bytes)));
}

namespace {

/// Room grows to twice as much at the least.
template <typename Node, typename T>
void add_to(Arena& arena, Node& node, const T* Node::*member, std::span<const T> items) {
  constexpr std::uint32_t kMostRoom = 0x7FFFFFFF;
  if (node.count + items.size() > node.room) {
    const std::size_t room = std::max<std::size_t>(2 * node.count, node.count + items.size());
    const std::span<T> larger = arena.room<T>(room);
    std::copy_n(node.*member, node.count, larger.begin());
    node.*member = larger.data();
    node.room = static_cast<std::uint32_t>(room) & kMostRoom;
  }
  std::copy(items.begin(), items.end(), const_cast<T*>(node.*member) + node.count);
  node.count += static_cast<std::uint32_t>(items.size());
}

}  // namespace

void PickleMachine::append(PickleValue to, std::span<const PickleValue> items) {
  if (to.is(Kind::Call)) return;  // of a foreign object
  if (!to.is(Kind::List)) broken_pickle("type", "items for what is no list");
  add_to(arena_, to.sequence(), &pickle::Sequence::items, items);
  pinned_ = pinned_ || to.sequence().recalled;
}

void PickleMachine::insert(PickleValue to, std::span<const PickleValue> items) {
  if (to.is(Kind::Call)) return;
  if (!to.is(Kind::Set)) broken_pickle("type", "items for what is no set");
  add_to(arena_, to.sequence(), &pickle::Sequence::items, items);
  pinned_ = pinned_ || to.sequence().recalled;
}

namespace {

/// Keys and values in turn are what entries are.
std::span<const pickle::Entry> entries_of(std::span<const PickleValue> items) {
  if (items.size() % 2 != 0) broken_pickle("arity", "a key without a value");
  for (std::size_t i = 0; i < items.size(); i += 2) check_hashable(items[i]);
  return {reinterpret_cast<const pickle::Entry*>(items.data()), items.size() / 2};
}

}  // namespace

void PickleMachine::put(PickleValue to, std::span<const PickleValue> items) {
  if (to.is(Kind::Call) || to.is(Kind::Global)) return;
  if (!to.is(Kind::Dict)) broken_pickle("type", "an entry for what is no dict");
  add_to(arena_, to.dict(), &pickle::Dict::entries, entries_of(items));
  pinned_ = pinned_ || to.dict().recalled;
}

/// On the stack lie the record, its state, a mark, names and values of fields, the last of which is
/// the dict, and another mark: what was made above that is reached from nowhere else, or is pinned.
bool PickleMachine::give_entries() {
  if (entries_ == nullptr || marks_.size() != 2 || marks_[0] != 2) return false;
  const std::size_t mark = marks_[1];
  const bool field = mark >= 5 && stack_[0].is(Kind::Call) && stack_[1].is(Kind::Dict) &&
                     stack_[mark - 2].is(Kind::Text) && stack_[mark - 1].is(Kind::Dict);
  if (!field) return false;
  const std::span<PickleValue> items = marked();
  const PickleField of{stack_[0], stack_[1], stack_[mark - 2], stack_[mark - 1]};
  if (!entries_->take(of, entries_of(items))) return false;
  drop_marked();
  if (!pinned_) arena_.rewind(before_entries_);
  return true;
}

namespace {

/// It lies in the value itself, or in what lasts.
bool lasts(PickleValue value) {
  constexpr Kind kLasting[] = {Kind::None, Kind::Bool,  Kind::Int,    Kind::BigInt,
                               Kind::Text, Kind::Bytes, Kind::Storage};
  return std::find(std::begin(kLasting), std::end(kLasting), value.kind()) != std::end(kLasting);
}

}  // namespace

void PickleMachine::remember(std::uint64_t index) {
  const PickleValue value = top();
  const bool in_turn = index <= memoized_;
  if (index == memoized_) ++memoized_;
  if (in_turn && !recalled_.contains(index)) return;
  (in_turn ? memo_[recalled_.place(index)] : memo_apart_[index]) = value;
  pinned_ = pinned_ || !lasts(value);
}

void PickleMachine::recall(std::uint64_t index) {
  const bool in_turn = index < memoized_;
  const auto apart = in_turn ? memo_apart_.end() : memo_apart_.find(index);
  if (!in_turn && apart == memo_apart_.end()) {
    broken_pickle("memo", "number {} is not there", index);
  }
  const PickleValue value = in_turn ? memo_[recalled_.place(index)] : apart->second;
  if (value.is(Kind::List) || value.is(Kind::Set)) value.sequence().recalled = 1;
  if (value.is(Kind::Dict)) value.dict().recalled = 1;
  if (value.is(Kind::Call)) value.call().recalled = true;
  push(value);
}

/// ("storage", class, key, location, count): what torch.save puts outside.
void PickleMachine::op_persid() {
  constexpr const char* kRule = "persistent id";
  const PickleValue id = pop();
  const std::span<const PickleValue> parts =
      id.is(Kind::Tuple) ? id.items() : std::span<const PickleValue>();
  const bool storage = (parts.size() == 5 || parts.size() == 6) && parts[0].is(Kind::Text) &&
                       parts[0].text().text == "storage";
  if (!storage) broken_pickle(kRule, "not of a storage");
  const bool formed = parts[1].is(Kind::Global) && parts[3].is(Kind::Text) &&
                      (parts[2].is(Kind::Text) || parts[2].is(Kind::Int));
  if (!formed) broken_pickle(kRule, "of another form");
  if (!parts[4].is(Kind::Int) && !parts[4].is(Kind::BigInt))
    broken_pickle("type", "a count of no number");
  pickle::Storage one;
  one.count = whole_number(parts[4]);
  one.key = parts[2].is(Kind::Text) ? parts[2].text().text
                                    : lasting_.copy(std::to_string(parts[2].integer()));
  if (parts.size() == 6 && !parts[5].is(Kind::None))
    broken_pickle("storage view", "of {}", one.key);
  const pickle::Global& type = parts[1].global();
  one.typed = !is_untyped_storage(type.module, type.name);
  if (one.typed) {
    const auto dtype = torch_storage_dtype(type.module, type.name);
    if (!dtype) return push(make(Kind::Call, pickle::Call{parts[1], id}));  // foreign
    one.dtype = *dtype;
  }
  const auto known = storages_.find(one.key);
  if (known == storages_.end()) {
    one.number = static_cast<std::uint32_t>(storages_.size());
    const PickleValue made = make_lasting(Kind::Storage, one);
    storages_.emplace(one.key, &made.storage());
    return push(made);
  }
  const pickle::Storage& first = *known->second;
  if (first.typed != one.typed || first.dtype != one.dtype) {
    broken_pickle("storage dtype", "{} has two", display(one.key));
  }
  if (first.count != one.count) broken_pickle("storage size", "{} has two", display(one.key));
  push(PickleValue::of(Kind::Storage, &first));
}

}  // namespace ckptscope
