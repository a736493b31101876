// One function an opcode; a table says which.
#include "core/torch/pickle_machine.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>

#include "core/base/display.hpp"

namespace ckptscope {
namespace {

using Kind = PickleValue::Kind;

}  // namespace

// ---- the stream ---------------------------------------------------------------------------------

void PickleMachine::refuse_length(std::uint64_t bytes) const {
  broken_pickle("length", "{} bytes at byte {}, where {} are left", bytes, stream_.at(),
                stream_.left());
}

/// Until the next call.
std::span<const std::byte> PickleMachine::bytes(std::uint64_t count) {
  need(count);
  if (const auto there = stream_.peek(count); there.size() == count) {
    stream_.skip(count);
    return there;
  }
  scratch_.resize(count);
  const auto out = std::as_writable_bytes(std::span(scratch_));
  stream_.read(out);
  return out;
}

std::string_view PickleMachine::kept_bytes(std::uint64_t count) {
  const auto kept = lasting_.copy(bytes(count));
  return {reinterpret_cast<const char*>(kept.data()), kept.size()};
}

std::string_view PickleMachine::line(std::uint64_t most) {
  scratch_.clear();
  for (;;) {
    if (stream_.left() == 0 || scratch_.size() > most)
      broken_pickle("length", "a line without an end");
    const char c = static_cast<char>(stream_.byte());
    if (c == '\n') return lasting_.copy(std::string_view(scratch_));
    scratch_ += c;
  }
}

std::string_view PickleMachine::utf8(std::string_view text) const {
  if (find_invalid_utf8(text) != text.npos)
    broken_pickle("utf-8", "a text before byte {}", stream_.at());
  return text;
}

// ---- the stack ----------------------------------------------------------------------------------

void PickleMachine::refuse_stack() {
  broken_pickle("stack", "more than {} values", PickleLimits::kStack);
}

void PickleMachine::refuse_empty() const {
  broken_pickle("stack", "empty at byte {}", stream_.at());
}

std::span<PickleValue> PickleMachine::marked() {
  if (marks_.empty()) broken_pickle("stack", "no mark before byte {}", stream_.at());
  return std::span(stack_).subspan(marks_.back() + 1);
}

void PickleMachine::drop_marked() {
  stack_.resize(marks_.back());
  marks_.pop_back();
}

void PickleMachine::give_marked(void (PickleMachine::*take)(PickleValue,
                                                            std::span<const PickleValue>)) {
  const std::span<PickleValue> items = marked();
  const std::size_t mark = marks_.back();
  const bool there = mark > 0 && !stack_[mark - 1].is(Kind::Mark);
  if (!there) refuse_empty();
  (this->*take)(stack_[mark - 1], items);
  drop_marked();
}

// ---- opcodes ------------------------------------------------------------------------------------

void PickleMachine::op_proto() {
  constexpr std::uint64_t kNewest = 5;
  if (const std::uint64_t protocol = number(1); protocol > kNewest) {
    broken_pickle("protocol", "{}", protocol);
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
  if (!its_name.is(Kind::Text) || !module.is(Kind::Text))
    broken_pickle("type", "a name that is no text");
  push(name(module.text().text, its_name.text().text));
}

/// No torch.save writes INST, OBJ or NEWOBJ_EX: even of a known name they are foreign.
void PickleMachine::op_inst() {
  const std::string_view module = utf8(line(PickleLimits::kName));
  const PickleValue target = name(module, utf8(line(PickleLimits::kName)));
  foreign_[std::string(module) + " " + std::string(target.global().name)] = true;
  const std::span<PickleValue> items = marked();
  const PickleValue arguments = sequence(Kind::Tuple, items);
  drop_marked();
  push(make(Kind::Call, pickle::Call{target, arguments}));
}

void PickleMachine::op_obj() {
  const std::span<PickleValue> items = marked();
  if (items.empty() || !items[0].is(Kind::Global)) broken_pickle("type", "an object of no class");
  const PickleValue target = items[0];
  foreign_[std::string(target.global().module) + " " + std::string(target.global().name)] = true;
  const PickleValue arguments = sequence(Kind::Tuple, items.subspan(1));
  drop_marked();
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
  if (!keywords.is(Kind::Dict) || !target.is(Kind::Global))
    broken_pickle("type", "an object of no class");
  push(make(Kind::Call, pickle::Call{target, arguments}));
}

void PickleMachine::op_build() {
  const PickleValue state = pop();
  const PickleValue target = top();
  if (target.is(Kind::Call)) {
    target.call().state = state;
    pinned_ = pinned_ || target.call().recalled;
  } else if (!target.is(Kind::Global) && !target.is(Kind::Dict) && !target.is(Kind::Tensor)) {
    broken_pickle("type", "a state for what has none");
  }
}

void PickleMachine::op_mark() {
  marks_.push_back(stack_.size());
  push(PickleValue::mark());
  if (marks_.size() != 2) return;
  before_entries_ = arena_.position();
  pinned_ = false;
}

void PickleMachine::op_pop() {
  if (stack_.empty()) refuse_empty();
  if (stack_.back().is(Kind::Mark)) marks_.pop_back();
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
    broken_pickle("type", "a number of other characters");
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
  push(whole(bytes(number(1))));
}

void PickleMachine::op_long4() {
  const std::uint64_t count = number(4);
  if (count > INT32_MAX) broken_pickle("length", "a number of a negative length");
  push(whole(bytes(count)));
}

void PickleMachine::op_text1() {
  push(text(Kind::Text, utf8(kept_bytes(number(1)))));
}
void PickleMachine::op_text4() {
  push(text(Kind::Text, utf8(kept_bytes(number(4)))));
}
void PickleMachine::op_text8() {
  push(text(Kind::Text, utf8(kept_bytes(number(8)))));
}
void PickleMachine::op_bytes1() {
  push(text(Kind::Bytes, kept_bytes(number(1))));
}
void PickleMachine::op_bytes4() {
  push(text(Kind::Bytes, kept_bytes(number(4))));
}
void PickleMachine::op_bytes8() {
  push(text(Kind::Bytes, kept_bytes(number(8))));
}

void PickleMachine::op_tuple() {
  const std::span<PickleValue> items = marked();
  const PickleValue tuple = sequence(Kind::Tuple, items);
  drop_marked();
  push(tuple);
}

void PickleMachine::op_list() {
  const std::span<PickleValue> items = marked();
  const PickleValue list = sequence(Kind::List, items);
  drop_marked();
  push(list);
}

void PickleMachine::op_dict() {
  const std::span<PickleValue> items = marked();
  const PickleValue dict = make(Kind::Dict, pickle::Dict{});
  put(dict, items);
  drop_marked();
  push(dict);
}

void PickleMachine::op_frozenset() {
  const std::span<PickleValue> items = marked();
  const PickleValue set = sequence(Kind::Set, items);
  drop_marked();
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
  give_marked(&PickleMachine::append);
}

void PickleMachine::op_setitem() {
  const PickleValue value = pop();
  const PickleValue entry[] = {pop(), value};
  put(top(), entry);
}

void PickleMachine::op_setitems() {
  if (!give_entries()) give_marked(&PickleMachine::put);
}

void PickleMachine::op_additems() {
  give_marked(&PickleMachine::insert);
}

void PickleMachine::op_memoize() {
  remember(memoized_);
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
        {0x80, &step<&Machine::op_proto>},       {0x95, &step<&Machine::op_frame>},
        {'c', &step<&Machine::op_global>},       {0x93, &step<&Machine::op_stack_global>},
        {'i', &step<&Machine::op_inst>},         {'o', &step<&Machine::op_obj>},
        {'R', &step<&Machine::op_reduce>},       {0x81, &step<&Machine::op_reduce>},  // NEWOBJ
        {0x92, &step<&Machine::op_newobj_ex>},   {'b', &step<&Machine::op_build>},
        {'Q', &step<&Machine::op_persid>},       {'(', &step<&Machine::op_mark>},
        {'0', &step<&Machine::op_pop>},          {'N', &step<&Machine::op_none>},
        {0x88, &step<&Machine::op_true>},        {0x89, &step<&Machine::op_false>},
        {')', &step<&Machine::op_empty_tuple>},  {']', &step<&Machine::op_empty_list>},
        {'}', &step<&Machine::op_empty_dict>},   {0x8F, &step<&Machine::op_empty_set>},
        {'K', &step<&Machine::op_int1>},         {'M', &step<&Machine::op_int2>},
        {'J', &step<&Machine::op_int4>},         {'I', &step<&Machine::op_int_text>},
        {'G', &step<&Machine::op_real>},         {0x8A, &step<&Machine::op_long1>},
        {0x8B, &step<&Machine::op_long4>},       {'X', &step<&Machine::op_text4>},
        {0x8C, &step<&Machine::op_text1>},       {0x8D, &step<&Machine::op_text8>},
        {'U', &step<&Machine::op_text1>},        {'C', &step<&Machine::op_bytes1>},
        {'B', &step<&Machine::op_bytes4>},       {0x8E, &step<&Machine::op_bytes8>},
        {0x96, &step<&Machine::op_bytes8>},      {'t', &step<&Machine::op_tuple>},
        {0x85, &step<&Machine::op_tuple_of<1>>}, {0x86, &step<&Machine::op_tuple_of<2>>},
        {0x87, &step<&Machine::op_tuple_of<3>>}, {'l', &step<&Machine::op_list>},
        {'d', &step<&Machine::op_dict>},         {'a', &step<&Machine::op_append>},
        {'e', &step<&Machine::op_appends>},      {'s', &step<&Machine::op_setitem>},
        {'u', &step<&Machine::op_setitems>},     {0x90, &step<&Machine::op_additems>},
        {0x91, &step<&Machine::op_frozenset>},   {0x94, &step<&Machine::op_memoize>},
        {'h', &step<&Machine::op_get1>},         {'j', &step<&Machine::op_get4>},
        {'q', &step<&Machine::op_put1>},         {'r', &step<&Machine::op_put4>},
    };
    std::array<Step, 256> all{};
    for (const auto& [opcode, step] : kOpcodes) all[opcode] = step;
    return all;
  }();
  return table;
}

PickleValue PickleMachine::run() {
  constexpr std::uint8_t kStop = '.';
  const std::array<Step, 256>& all = steps();
  stack_.clear();
  marks_.clear();
  recalled_ = recalled_numbers(stream_);
  memo_.assign(recalled_.size(), {});
  memoized_ = 0;
  memo_apart_.clear();
  for (;;) {
    if (stream_.left() == 0) broken_pickle("end of pickle", "no STOP");
    const std::uint8_t opcode = stream_.byte();
    if (opcode == kStop) break;
    const Step run_step = all[opcode];
    if (run_step == nullptr)
      broken_pickle("opcode", "0x{:02x} at byte {}", opcode, stream_.at() - 1);
    run_step(*this);
  }
  if (stack_.size() != 1) broken_pickle("stack", "{} values at STOP", stack_.size());
  memo_ = {};
  memo_apart_ = {};
  return pop();
}

}  // namespace ckptscope
