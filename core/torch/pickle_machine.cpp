// One function an opcode; a table says which.
#include "core/torch/pickle_machine.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <optional>

#include "core/base/bytes.hpp"
#include "core/base/display.hpp"
#include "core/base/error.hpp"

namespace ckptscope {
namespace {

using Kind = PickleValue::Kind;

/// `rule` is the word that tests and people know the rule by.
template <typename... Args>
[[noreturn]] void broken(std::string_view rule, fmt::format_string<Args...> form, Args&&... args) {
  fail(Code::BadPickle, "{}: {}", rule, fmt::format(form, std::forward<Args>(args)...));
}

std::uint64_t whole_number(PickleValue value) {
  const bool big = value.is(Kind::BigInt);
  if (!big && !value.is(Kind::Int)) broken("type", "a whole number is expected");
  const bool negative = big ? (value.text().text.back() & 0x80) != 0 : value.integer() < 0;
  if (negative) broken("negative", "a number below zero");
  if (big) broken("overflow", "a number of more than 60 bits");
  return static_cast<std::uint64_t>(value.integer());
}

std::vector<std::uint64_t> whole_numbers(PickleValue tuple) {
  if (!tuple.is(Kind::Tuple)) broken("type", "a tuple of whole numbers is expected");
  std::vector<std::uint64_t> numbers;
  for (const PickleValue item : tuple.items()) numbers.push_back(whole_number(item));
  return numbers;
}

/// a * b + c, which elements are counted by.
std::uint64_t bounded(std::uint64_t a, std::uint64_t b, std::uint64_t c) {
  std::uint64_t value = 0;
  const bool over =
      __builtin_mul_overflow(a, b, &value) || __builtin_add_overflow(value, c, &value);
  if (over || value > INT64_MAX) broken("overflow", "more elements than 63 bits count");
  return value;
}

/// What Python can have as the key of a dict.
void check_hashable(PickleValue key, int depth = 0) {
  constexpr int kDeepest = 100;
  const bool plain = !key.is(Kind::List) && !key.is(Kind::Dict) && !key.is(Kind::Set) &&
                     !key.is(Kind::Global) && !key.is(Kind::Storage);
  if (!plain || depth > kDeepest) broken("type", "a key of a dict that cannot be one");
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

// ---- the stream ---------------------------------------------------------------------------------

void PickleMachine::need(std::uint64_t bytes) const {
  if (bytes > stream_.left()) {
    broken("length", "{} bytes at byte {}, where {} are left", bytes, stream_.at(), stream_.left());
  }
}

std::uint64_t PickleMachine::number(unsigned bytes) {
  need(bytes);
  std::uint64_t value = 0;
  for (unsigned i = 0; i < bytes; ++i) value |= std::uint64_t{stream_.byte()} << (8 * i);
  return value;
}

/// In the arena.
std::string_view PickleMachine::bytes_of(std::uint64_t count) {
  need(count);
  scratch_.resize(count);
  stream_.read(std::as_writable_bytes(std::span(scratch_)));
  return arena_.copy(std::string_view(scratch_));
}

std::string_view PickleMachine::line(std::uint64_t most) {
  scratch_.clear();
  for (;;) {
    if (stream_.left() == 0 || scratch_.size() > most) broken("length", "a line without an end");
    const char c = static_cast<char>(stream_.byte());
    if (c == '\n') return arena_.copy(std::string_view(scratch_));
    scratch_ += c;
  }
}

std::string_view PickleMachine::utf8(std::string_view text) const {
  if (find_invalid_utf8(text) != text.npos) broken("utf-8", "a text before byte {}", stream_.at());
  return text;
}

// ---- the stack ----------------------------------------------------------------------------------

void PickleMachine::push(PickleValue value) {
  if (stack_.size() == PickleLimits::kStack) {
    broken("stack", "more than {} values", PickleLimits::kStack);
  }
  stack_.push_back(value);
}

PickleValue PickleMachine::top() const {
  if (stack_.empty() || stack_.back().is(Kind::Mark)) {
    broken("stack", "empty at byte {}", stream_.at());
  }
  return stack_.back();
}

PickleValue PickleMachine::pop() {
  const PickleValue value = top();
  stack_.pop_back();
  return value;
}

std::span<PickleValue> PickleMachine::marked() {
  const auto mark = std::find_if(stack_.rbegin(), stack_.rend(),
                                 [](PickleValue one) { return one.is(Kind::Mark); });
  if (mark == stack_.rend()) broken("stack", "no mark before byte {}", stream_.at());
  return std::span(stack_).last(static_cast<std::size_t>(mark - stack_.rbegin()));
}

void PickleMachine::drop_marked(std::span<PickleValue> items) {
  stack_.resize(stack_.size() - items.size() - 1);
}

// ---- values -------------------------------------------------------------------------------------

template <typename Node>
PickleValue PickleMachine::make(Kind kind, const Node& node) {
  return PickleValue::of(kind, arena_.copy(std::span(&node, 1)).data());
}

PickleValue PickleMachine::sequence(Kind kind, std::span<const PickleValue> items) {
  const auto count = static_cast<std::uint32_t>(items.size());
  return make(kind, pickle::Sequence{arena_.copy(items).data(), count, count});
}

PickleValue PickleMachine::text(Kind kind, std::string_view text) {
  return make(kind, pickle::Text{text});
}

PickleValue PickleMachine::whole(std::span<const std::byte> little_endian) {
  constexpr std::size_t kInline = 7;  // bytes that surely fit 60 bits
  if (little_endian.size() > kInline) {
    const std::string_view bytes(reinterpret_cast<const char*>(little_endian.data()),
                                 little_endian.size());
    return text(Kind::BigInt, arena_.copy(bytes));
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
  if (!pickle_name(module, name, of_dcp_)) {
    foreign_[std::string(module) + " " + std::string(name)] = true;
  }
  return make(Kind::Global, pickle::Global{module, name});
}

PickleValue PickleMachine::call(PickleValue target, PickleValue arguments) {
  if (!arguments.is(Kind::Tuple)) broken("type", "a call without a tuple of arguments");
  if (!target.is(Kind::Global) && !target.is(Kind::Call)) broken("type", "a call of no name");
  const auto means = target.is(Kind::Global)
                         ? pickle_name(target.global().module, target.global().name, of_dcp_)
                         : std::nullopt;
  const std::span<const PickleValue> given = arguments.items();
  const auto expect = [&](std::size_t least, std::size_t most) {
    if (given.size() >= least && given.size() <= most) return;
    broken("arity", "{} arguments of {}", given.size(), display(target.global().name));
  };
  switch (means.value_or(PickleName::Record)) {
    case PickleName::TensorV2:
      expect(6, 7);
      return tensor(given, std::nullopt, given.subspan(6));
    case PickleName::TensorV3: {
      expect(7, 8);
      if (!given[6].is(Kind::Global)) broken("arity", "a tensor without a dtype");
      const auto dtype = torch_dtype(given[6].global().module, given[6].global().name);
      if (!dtype) broken("dtype", "{}", display(given[6].global().name));
      return tensor(given, dtype, given.subspan(7));
    }
    case PickleName::Parameter:
      expect(3, 4);
      if (!given[0].is(Kind::Tensor) && !given[0].is(Kind::Call)) {
        broken("arity", "a parameter of no tensor");
      }
      return given[0];
    case PickleName::OrderedDict:
      expect(0, 1);
      return ordered_dict(given);
    case PickleName::Size: {
      expect(1, 1);
      const PickleValue numbers =
          given[0].is(Kind::List) ? sequence(Kind::Tuple, given[0].items()) : given[0];
      whole_numbers(numbers);
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
  if (!from.is(Kind::Storage) && !from.is(Kind::Call)) broken("type", "a tensor of no storage");
  const std::uint64_t offset = whole_number(arguments[1]);
  const std::vector<std::uint64_t> shape = whole_numbers(arguments[2]);
  const std::vector<std::uint64_t> stride = whole_numbers(arguments[3]);
  if (shape.size() != stride.size()) {
    broken("arity", "{} dimensions, {} strides", shape.size(), stride.size());
  }
  if (from.is(Kind::Call)) return from;  // of a foreign storage
  const pickle::Storage& storage = from.storage();
  if (!dtype && !storage.typed) broken("dtype", "an untyped storage without one");
  if (!dtype) dtype = storage.dtype;

  std::uint64_t count = 1;
  std::uint64_t last = offset;
  for (std::size_t dim = 0; dim < shape.size(); ++dim) {
    count = bounded(count, shape[dim], 0);
    if (shape[dim] > 0) last = bounded(shape[dim] - 1, stride[dim], last);
  }
  const std::uint64_t held = storage.typed ? storage.count : storage.count / size_of(*dtype);
  if (count > 0 && last >= held) {
    broken("view bounds", "element {} of a storage of {}", last, held);
  }
  const std::uint64_t most =
      PickleLimits::kExpansion * std::max<std::uint64_t>(held, 1) + PickleLimits::kFreeElements;
  if (count > most) {
    broken("expansion", "{} elements of a storage of {}", count, held);
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
  if (!pairs.is(Kind::List) && !pairs.is(Kind::Tuple)) broken("type", "an OrderedDict of no list");
  for (const PickleValue pair : pairs.items()) {
    const bool two = (pair.is(Kind::List) || pair.is(Kind::Tuple)) && pair.items().size() == 2;
    if (!two) broken("type", "an OrderedDict of what are no pairs");
    put(dict, pair.items());
  }
  return dict;
}

/// Bytes as protocol 2 writes them: each a character.
PickleValue PickleMachine::encoded(std::span<const PickleValue> arguments) {
  const bool latin = arguments[0].is(Kind::Text) && arguments[1].is(Kind::Text) &&
                     arguments[1].text().text == "latin1";
  if (!latin) broken("type", "_codecs.encode of another kind");
  std::string bytes;
  const std::string_view from = arguments[0].text().text;
  for (std::size_t i = 0; i < from.size(); ++i) {
    const auto first = static_cast<unsigned char>(from[i]);
    if (first >= 0x80 && (first & 0xFC) != 0xC0) broken("type", "a character beyond latin1");
    if (first < 0x80) {
      bytes += from[i];
    } else {
      bytes += static_cast<char>((first << 6) | (static_cast<unsigned char>(from[++i]) & 0x3F));
    }
  }
  return text(Kind::Bytes, arena_.copy(std::string_view(bytes)));
}

namespace {

/// A copy with room for `more`, twice as large as before at the least.
template <typename T>
std::span<const T> grown(Arena& arena, std::span<const T> items, std::size_t more) {
  std::vector<T> all(items.begin(), items.end());
  all.resize(std::max(2 * items.size(), items.size() + more));
  return arena.copy(std::span<const T>(all));
}

template <typename Node, typename T>
void add_to(Arena& arena, Node& node, const T* Node::*member, std::span<const T> items) {
  if (node.count + items.size() > node.room) {
    const auto larger = grown(arena, std::span<const T>(node.*member, node.count), items.size());
    node.*member = larger.data();
    node.room = static_cast<std::uint32_t>(larger.size());
  }
  std::copy(items.begin(), items.end(), const_cast<T*>(node.*member) + node.count);
  node.count += static_cast<std::uint32_t>(items.size());
}

}  // namespace

void PickleMachine::append(PickleValue to, std::span<const PickleValue> items) {
  if (to.is(Kind::Call)) return;  // of a foreign object
  if (!to.is(Kind::List)) broken("type", "items for what is no list");
  add_to(arena_, to.sequence(), &pickle::Sequence::items, items);
}

/// `items` are keys and values in turn.
void PickleMachine::put(PickleValue to, std::span<const PickleValue> items) {
  if (to.is(Kind::Call) || to.is(Kind::Global)) return;
  if (!to.is(Kind::Dict)) broken("type", "an entry for what is no dict");
  if (items.size() % 2 != 0) broken("arity", "a key without a value");
  std::vector<pickle::Entry> entries;
  entries.reserve(items.size() / 2);
  for (std::size_t i = 0; i < items.size(); i += 2) {
    check_hashable(items[i]);
    entries.push_back({items[i], items[i + 1]});
  }
  add_to(arena_, to.dict(), &pickle::Dict::entries, std::span<const pickle::Entry>(entries));
}

void PickleMachine::remember(std::uint64_t index) {
  if (index == memo_.size()) {
    memo_.push_back(top());
  } else if (index < memo_.size()) {
    memo_[index] = top();
  } else {
    memo_apart_[index] = top();
  }
}

void PickleMachine::recall(std::uint64_t index) {
  if (index < memo_.size()) return push(memo_[index]);
  const auto found = memo_apart_.find(index);
  if (found == memo_apart_.end()) broken("memo", "number {} is not there", index);
  push(found->second);
}

// ---- opcodes ------------------------------------------------------------------------------------

void PickleMachine::op_proto() {
  constexpr std::uint64_t kNewest = 5;
  if (const std::uint64_t protocol = number(1); protocol > kNewest) {
    broken("protocol", "{}", protocol);
  }
}

void PickleMachine::op_frame() {
  need(number(8));
}

void PickleMachine::op_global() {
  const std::string_view module = utf8(line(PickleLimits::kName));
  push(name(module, utf8(line(PickleLimits::kName))));
}

void PickleMachine::op_stack_global() {
  const PickleValue its_name = pop();
  const PickleValue module = pop();
  if (!its_name.is(Kind::Text) || !module.is(Kind::Text)) broken("type", "a name that is no text");
  push(name(module.text().text, its_name.text().text));
}

/// No torch.save writes INST, OBJ or NEWOBJ_EX: even of a known name they are foreign.
void PickleMachine::op_inst() {
  const std::string_view module = utf8(line(PickleLimits::kName));
  const PickleValue target = name(module, utf8(line(PickleLimits::kName)));
  foreign_[std::string(module) + " " + std::string(target.global().name)] = true;
  const std::span<PickleValue> items = marked();
  const PickleValue arguments = sequence(Kind::Tuple, items);
  drop_marked(items);
  push(make(Kind::Call, pickle::Call{target, arguments}));
}

void PickleMachine::op_obj() {
  const std::span<PickleValue> items = marked();
  if (items.empty() || !items[0].is(Kind::Global)) broken("type", "an object of no class");
  const PickleValue target = items[0];
  foreign_[std::string(target.global().module) + " " + std::string(target.global().name)] = true;
  const PickleValue arguments = sequence(Kind::Tuple, items.subspan(1));
  drop_marked(items);
  push(make(Kind::Call, pickle::Call{target, arguments}));
}

void PickleMachine::op_reduce() {
  const PickleValue arguments = pop();
  push(call(pop(), arguments));
}

void PickleMachine::op_newobj_ex() {
  const PickleValue keywords = pop();
  const PickleValue arguments = pop();
  const PickleValue target = pop();
  if (!keywords.is(Kind::Dict) || !target.is(Kind::Global)) broken("type", "an object of no class");
  push(make(Kind::Call, pickle::Call{target, arguments}));
}

void PickleMachine::op_build() {
  const PickleValue state = pop();
  const PickleValue target = top();
  if (target.is(Kind::Call)) {
    target.call().state = state;
  } else if (!target.is(Kind::Global) && !target.is(Kind::Dict) && !target.is(Kind::Tensor)) {
    broken("type", "a state for what has none");
  }
}

/// ("storage", class, key, location, count): what torch.save puts outside.
void PickleMachine::op_persid() {
  constexpr const char* kRule = "persistent id";
  const PickleValue id = pop();
  const std::span<const PickleValue> parts =
      id.is(Kind::Tuple) ? id.items() : std::span<const PickleValue>();
  const bool storage = (parts.size() == 5 || parts.size() == 6) && parts[0].is(Kind::Text) &&
                       parts[0].text().text == "storage";
  if (!storage) broken(kRule, "not of a storage");
  const bool formed = parts[1].is(Kind::Global) && parts[3].is(Kind::Text) &&
                      (parts[2].is(Kind::Text) || parts[2].is(Kind::Int));
  if (!formed) broken(kRule, "of another form");
  if (!parts[4].is(Kind::Int) && !parts[4].is(Kind::BigInt)) broken("type", "a count of no number");
  pickle::Storage one;
  one.count = whole_number(parts[4]);
  one.key = parts[2].is(Kind::Text) ? parts[2].text().text
                                    : arena_.copy(std::to_string(parts[2].integer()));
  if (parts.size() == 6 && !parts[5].is(Kind::None)) broken("storage view", "of {}", one.key);
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
    const PickleValue made = make(Kind::Storage, one);
    storages_.emplace(one.key, &made.storage());
    return push(made);
  }
  const pickle::Storage& first = *known->second;
  if (first.typed != one.typed || first.dtype != one.dtype) {
    broken("storage dtype", "{} has two", display(one.key));
  }
  if (first.count != one.count) broken("storage size", "{} has two", display(one.key));
  push(PickleValue::of(Kind::Storage, &first));
}

void PickleMachine::op_pop() {
  if (stack_.empty()) broken("stack", "empty at byte {}", stream_.at());
  stack_.pop_back();
}

void PickleMachine::op_empty_dict() {
  push(make(Kind::Dict, pickle::Dict{}));
}

void PickleMachine::op_int1() {
  push(PickleValue::integer(static_cast<std::int64_t>(number(1))));
}
void PickleMachine::op_int2() {
  push(PickleValue::integer(static_cast<std::int64_t>(number(2))));
}
void PickleMachine::op_int4() {
  push(PickleValue::integer(static_cast<std::int32_t>(number(4))));
}

void PickleMachine::op_int_text() {
  const std::string_view digits = line(PickleLimits::kTextNumber);
  if (digits == "00" || digits == "01") return push(PickleValue::boolean(digits == "01"));
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  const bool fits = value >= -(std::int64_t{1} << 59) && value < (std::int64_t{1} << 59);
  if (error == std::errc::result_out_of_range) return push(text(Kind::BigInt, digits));
  if (error != std::errc() || end != digits.data() + digits.size()) {
    broken("type", "a number of other characters");
  }
  push(fits ? PickleValue::integer(value) : text(Kind::BigInt, digits));
}

void PickleMachine::op_real() {
  std::uint64_t bits = 0;
  need(8);
  for (int i = 0; i < 8; ++i) bits = bits << 8 | stream_.byte();  // big endian
  push(make(Kind::Real, pickle::Real{std::bit_cast<double>(bits)}));
}

void PickleMachine::op_long1() {
  const std::string_view bytes = bytes_of(number(1));
  push(whole(std::as_bytes(std::span(bytes))));
}

void PickleMachine::op_long4() {
  const std::uint64_t count = number(4);
  if (count > INT32_MAX) broken("length", "a number of a negative length");
  const std::string_view bytes = bytes_of(count);
  push(whole(std::as_bytes(std::span(bytes))));
}

void PickleMachine::op_text1() {
  push(text(Kind::Text, utf8(bytes_of(number(1)))));
}
void PickleMachine::op_text4() {
  push(text(Kind::Text, utf8(bytes_of(number(4)))));
}
void PickleMachine::op_text8() {
  push(text(Kind::Text, utf8(bytes_of(number(8)))));
}
void PickleMachine::op_bytes1() {
  push(text(Kind::Bytes, bytes_of(number(1))));
}
void PickleMachine::op_bytes4() {
  push(text(Kind::Bytes, bytes_of(number(4))));
}
void PickleMachine::op_bytes8() {
  push(text(Kind::Bytes, bytes_of(number(8))));
}

void PickleMachine::op_tuple() {
  const std::span<PickleValue> items = marked();
  const PickleValue tuple = sequence(Kind::Tuple, items);
  drop_marked(items);
  push(tuple);
}

void PickleMachine::op_list() {
  const std::span<PickleValue> items = marked();
  const PickleValue list = sequence(Kind::List, items);
  drop_marked(items);
  push(list);
}

void PickleMachine::op_dict() {
  const std::span<PickleValue> items = marked();
  const PickleValue dict = make(Kind::Dict, pickle::Dict{});
  put(dict, items);
  drop_marked(items);
  push(dict);
}

void PickleMachine::op_frozenset() {
  const std::span<PickleValue> items = marked();
  const PickleValue set = sequence(Kind::Set, items);
  drop_marked(items);
  push(set);
}

template <std::size_t Count>
void PickleMachine::op_tuple_of() {
  std::array<PickleValue, Count> items;
  for (std::size_t i = Count; i-- > 0;) items[i] = pop();
  push(sequence(Kind::Tuple, items));
}

void PickleMachine::op_append() {
  const PickleValue item = pop();
  append(top(), std::span(&item, 1));
}

void PickleMachine::op_appends() {
  const std::span<PickleValue> items = marked();
  const std::vector<PickleValue> kept(items.begin(), items.end());
  drop_marked(items);
  append(top(), kept);
}

void PickleMachine::op_setitem() {
  const PickleValue value = pop();
  const PickleValue entry[] = {pop(), value};
  put(top(), entry);
}

void PickleMachine::op_setitems() {
  const std::span<PickleValue> items = marked();
  const std::vector<PickleValue> kept(items.begin(), items.end());
  drop_marked(items);
  put(top(), kept);
}

void PickleMachine::op_additems() {
  const std::span<PickleValue> items = marked();
  const std::vector<PickleValue> kept(items.begin(), items.end());
  drop_marked(items);
  const PickleValue to = top();
  if (to.is(Kind::Call)) return;
  if (!to.is(Kind::Set)) broken("type", "items for what is no set");
  add_to(arena_, to.sequence(), &pickle::Sequence::items, std::span<const PickleValue>(kept));
}

void PickleMachine::op_memoize() {
  remember(memo_.size());
}
void PickleMachine::op_get1() {
  recall(number(1));
}
void PickleMachine::op_get4() {
  recall(number(4));
}
void PickleMachine::op_put1() {
  remember(number(1));
}
void PickleMachine::op_put4() {
  remember(number(4));
}

/// Source: CPython, Lib/pickle.py. What is not in the table is refused.
const std::array<PickleMachine::Step, 256>& PickleMachine::steps() {
  using Machine = PickleMachine;
  static const std::array<Step, 256> table = [] {
    constexpr std::pair<std::uint8_t, Step> kOpcodes[] = {
        {0x80, &Machine::op_proto},       {0x95, &Machine::op_frame},
        {'c', &Machine::op_global},       {0x93, &Machine::op_stack_global},
        {'i', &Machine::op_inst},         {'o', &Machine::op_obj},
        {'R', &Machine::op_reduce},       {0x81, &Machine::op_reduce},  // NEWOBJ
        {0x92, &Machine::op_newobj_ex},   {'b', &Machine::op_build},
        {'Q', &Machine::op_persid},       {'(', &Machine::op_mark},
        {'0', &Machine::op_pop},          {'N', &Machine::op_none},
        {0x88, &Machine::op_true},        {0x89, &Machine::op_false},
        {')', &Machine::op_empty_tuple},  {']', &Machine::op_empty_list},
        {'}', &Machine::op_empty_dict},   {0x8F, &Machine::op_empty_set},
        {'K', &Machine::op_int1},         {'M', &Machine::op_int2},
        {'J', &Machine::op_int4},         {'I', &Machine::op_int_text},
        {'G', &Machine::op_real},         {0x8A, &Machine::op_long1},
        {0x8B, &Machine::op_long4},       {'X', &Machine::op_text4},
        {0x8C, &Machine::op_text1},       {0x8D, &Machine::op_text8},
        {'U', &Machine::op_text1},        {'C', &Machine::op_bytes1},
        {'B', &Machine::op_bytes4},       {0x8E, &Machine::op_bytes8},
        {0x96, &Machine::op_bytes8},      {'t', &Machine::op_tuple},
        {0x85, &Machine::op_tuple_of<1>}, {0x86, &Machine::op_tuple_of<2>},
        {0x87, &Machine::op_tuple_of<3>}, {'l', &Machine::op_list},
        {'d', &Machine::op_dict},         {'a', &Machine::op_append},
        {'e', &Machine::op_appends},      {'s', &Machine::op_setitem},
        {'u', &Machine::op_setitems},     {0x90, &Machine::op_additems},
        {0x91, &Machine::op_frozenset},   {0x94, &Machine::op_memoize},
        {'h', &Machine::op_get1},         {'j', &Machine::op_get4},
        {'q', &Machine::op_put1},         {'r', &Machine::op_put4},
    };
    std::array<Step, 256> all{};
    for (const auto& [opcode, step] : kOpcodes) all[opcode] = step;
    return all;
  }();
  return table;
}

PickleValue PickleMachine::run() {
  constexpr std::uint8_t kStop = '.';
  stack_.clear();
  memo_.clear();
  memo_apart_.clear();
  for (;;) {
    if (stream_.left() == 0) broken("end of pickle", "no STOP");
    const std::uint8_t opcode = stream_.byte();
    if (opcode == kStop) break;
    const Step step = steps()[opcode];
    if (step == nullptr) broken("opcode", "0x{:02x} at byte {}", opcode, stream_.at() - 1);
    (this->*step)();
  }
  if (stack_.size() != 1) broken("stack", "{} values at STOP", stack_.size());
  memo_ = {};
  memo_apart_ = {};
  return pop();
}

// ---- extent -------------------------------------------------------------------------------------

namespace {

/// Walks containers once each, however often they are shared.
class Extent {
 public:
  void check(PickleValue root) {
    if (!root.is_container()) return;
    enter(root);
    while (!open_.empty()) {
      Open& last = open_.back();
      if (last.next == count_of(last.value)) {
        leave();
      } else {
        visit(child_of(last.value, last.next++));
      }
    }
  }

 private:
  struct Known {
    std::uint64_t paths = 0;
    std::uint64_t depth = 0;
    bool open = true;
  };
  struct Open {
    PickleValue value;
    std::size_t next = 0;
    std::uint64_t paths = 0;
    std::uint64_t depth = 0;  // of the deepest child
  };

  static std::size_t count_of(PickleValue value) {
    return value.is(Kind::Dict) ? value.entries().size() : value.items().size();
  }
  static PickleValue child_of(PickleValue value, std::size_t i) {
    return value.is(Kind::Dict) ? value.entries()[i].value : value.items()[i];
  }

  void enter(PickleValue value) {
    if (open_.size() == PickleLimits::kDepth) {
      broken("depth", "more than {} containers in each other", PickleLimits::kDepth);
    }
    if (value.is(Kind::Dict)) check_keys(value);
    known_[value.identity()] = {};
    open_.push_back({value});
  }

  void visit(PickleValue child) {
    if (!child.is_container()) return add({1, 0, false});
    const auto found = known_.find(child.identity());
    if (found == known_.end()) return enter(child);
    if (found->second.open) broken("cycle", "a value contains itself");
    add(found->second);
  }

  void add(const Known& child) {
    Open& last = open_.back();
    last.paths += child.paths;
    last.depth = std::max(last.depth, child.depth);
    if (last.paths > PickleLimits::kPaths) {
      broken("size", "more than {} values, counted by every path", PickleLimits::kPaths);
    }
    if (last.depth >= PickleLimits::kDepth) {
      broken("depth", "more than {} containers in each other", PickleLimits::kDepth);
    }
  }

  void leave() {
    const Open done = open_.back();
    open_.pop_back();
    const Known known{done.paths, done.depth + 1, false};
    known_[done.value.identity()] = known;
    if (!open_.empty()) add(known);
  }

  /// Texts and whole numbers, which are what keys are.
  void check_keys(PickleValue dict) {
    std::vector<std::pair<Kind, std::string_view>> texts;
    std::vector<std::int64_t> numbers;
    for (const pickle::Entry& entry : dict.entries()) {
      const Kind kind = entry.key.kind();
      if (kind == Kind::Text || kind == Kind::Bytes)
        texts.emplace_back(kind, entry.key.text().text);
      if (kind == Kind::Int) numbers.push_back(entry.key.integer());
    }
    std::sort(texts.begin(), texts.end());
    std::sort(numbers.begin(), numbers.end());
    const auto twice = std::adjacent_find(texts.begin(), texts.end());
    if (twice != texts.end()) broken("duplicate key", "{}", display(twice->second));
    if (std::adjacent_find(numbers.begin(), numbers.end()) != numbers.end()) {
      broken("duplicate key", "a number");
    }
  }

  std::unordered_map<std::uint64_t, Known> known_;
  std::vector<Open> open_;
};

}  // namespace

void check_extent(PickleValue value) {
  Extent().check(value);
}

}  // namespace ckptscope
