// A machine for pickles that can call nothing. It runs the opcodes that data needs over symbols
// (see PickleValue): no name is ever imported, no constructor runs, and what a file names beyond
// data is collected, to be shown.
//
// Source of the opcodes: CPython, Lib/pickletools.py; of the rules: what torch.save and
// torch.distributed.checkpoint write (see pickle_names.cpp).
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/base/arena.hpp"
#include "core/torch/byte_source.hpp"
#include "core/torch/pickle_names.hpp"
#include "core/torch/pickle_recalls.hpp"
#include "core/torch/pickle_rules.hpp"
#include "core/torch/pickle_value.hpp"

namespace ckptscope {

/// A dict in a field of the record that a whole pickle is.
struct PickleField {
  PickleValue record;
  PickleValue state;  // the dict that becomes the record's state
  PickleValue name;
  PickleValue dict;

  bool operator==(const PickleField& other) const = default;
};

/// Takes the entries of such dicts as they come, some thousand at a time.
class PickleEntries {
 public:
  virtual ~PickleEntries() = default;
  /// False: the dict is to keep them. Else they are gone afterwards, and the dict never has them.
  /// The record and its state are not finished, and may be replaced yet.
  virtual bool take(const PickleField& field, std::span<const pickle::Entry> entries) = 0;
};

/// Runs pickles that stand behind each other. Values stay valid as long as the machine lives. Not
/// thread-safe.
class PickleMachine {
 public:
  /// `of_dcp`: records of torch.distributed.checkpoint are data, too. `entries` may be null.
  PickleMachine(ByteStream& stream, bool of_dcp, PickleEntries* entries = nullptr)
      : stream_(stream), of_dcp_(of_dcp), entries_(entries) {}
  PickleMachine(const PickleMachine&) = delete;
  PickleMachine& operator=(const PickleMachine&) = delete;

  /// Up to and with STOP. Throws BadPickle, whose text begins with the rule that is broken:
  /// "memo: number 7 is not there".
  PickleValue run();

  /// "posix system": what was named beyond data, in the order of the names.
  const std::map<std::string, bool>& foreign() const { return foreign_; }
  /// By their keys.
  const std::map<std::string, const pickle::Storage*, std::less<>>& storages() const {
    return storages_;
  }

 private:
  using Step = void (*)(PickleMachine&);
  template <auto kStep>
  static void step(PickleMachine& machine) {
    (machine.*kStep)();
  }
  static const std::array<Step, 256>& steps();

  // ---- what the stream has next
  void need(std::uint64_t bytes) const {
    if (bytes > stream_.left()) refuse_length(bytes);
  }
  [[noreturn]] void refuse_length(std::uint64_t bytes) const;
  std::uint64_t number(unsigned bytes) {
    need(bytes);
    return stream_.number(bytes);
  }
  std::span<const std::byte> bytes(std::uint64_t count);
  std::string_view kept_bytes(std::uint64_t count);
  std::string_view line(std::uint64_t most);
  std::string_view utf8(std::string_view text) const;

  // ---- the stack
  void push(PickleValue value) {
    if (stack_.size() == PickleLimits::kStack) refuse_stack();
    stack_.push_back(value);
  }
  PickleValue top() const {
    if (stack_.empty() || stack_.back().is(PickleValue::Kind::Mark)) refuse_empty();
    return stack_.back();
  }
  PickleValue pop() {
    const PickleValue value = top();
    stack_.pop_back();
    return value;
  }
  [[noreturn]] static void refuse_stack();
  [[noreturn]] void refuse_empty() const;
  /// What stands above the topmost mark, which goes too.
  std::span<PickleValue> marked();
  void drop_marked();
  /// What stands below the mark of these items, which go.
  void give_marked(void (PickleMachine::*take)(PickleValue, std::span<const PickleValue>));

  // ---- values
  template <typename Node>
  PickleValue make(PickleValue::Kind kind, const Node& node) {
    return PickleValue::of(kind, arena_.copy(std::span(&node, 1)).data());
  }
  /// Of what outlives the entries that are taken.
  template <typename Node>
  PickleValue make_lasting(PickleValue::Kind kind, const Node& node) {
    return PickleValue::of(kind, lasting_.copy(std::span(&node, 1)).data());
  }
  PickleValue sequence(PickleValue::Kind kind, std::span<const PickleValue> items);
  PickleValue text(PickleValue::Kind kind, std::string_view text);
  PickleValue whole(std::span<const std::byte> little_endian);
  PickleValue name(std::string_view module, std::string_view name);
  PickleValue call(PickleValue target, PickleValue arguments);
  PickleValue tensor(std::span<const PickleValue> arguments, std::optional<Dtype> dtype,
                     std::span<const PickleValue> more);
  PickleValue ordered_dict(std::span<const PickleValue> arguments);
  PickleValue encoded(std::span<const PickleValue> arguments);
  void append(PickleValue to, std::span<const PickleValue> items);
  void insert(PickleValue to, std::span<const PickleValue> items);
  void put(PickleValue to, std::span<const PickleValue> items);
  void remember(std::uint64_t index);
  void recall(std::uint64_t index);
  bool give_entries();

  // ---- opcodes
  void op_proto();
  void op_frame();
  void op_global();
  void op_stack_global();
  void op_inst();
  void op_obj();
  void op_reduce();
  void op_newobj_ex();
  void op_build();
  void op_persid();
  void op_mark();
  void op_pop();
  void op_none() { push({}); }
  void op_true() { push(PickleValue::boolean(true)); }
  void op_false() { push(PickleValue::boolean(false)); }
  void op_empty_tuple() { push(sequence(PickleValue::Kind::Tuple, {})); }
  void op_empty_list() { push(sequence(PickleValue::Kind::List, {})); }
  void op_empty_set() { push(sequence(PickleValue::Kind::Set, {})); }
  void op_empty_dict();
  void op_int1();
  void op_int2();
  void op_int4();
  void op_int_text();
  void op_real();
  void op_long1();
  void op_long4();
  void op_text1();
  void op_text4();
  void op_text8();
  void op_bytes1();
  void op_bytes4();
  void op_bytes8();
  void op_tuple();
  void op_list();
  void op_dict();
  void op_frozenset();
  template <std::size_t Count>
  void op_tuple_of();
  void op_append();
  void op_appends();
  void op_setitem();
  void op_setitems();
  void op_additems();
  void op_memoize();
  void op_get1();
  void op_get4();
  void op_put1();
  void op_put4();

  ByteStream& stream_;
  const bool of_dcp_;
  PickleEntries* const entries_;
  Arena lasting_;  // of texts and storages
  Arena arena_;    // of all else
  const PickleValue empty_tuple_ = make(PickleValue::Kind::Tuple, pickle::Sequence{});
  std::vector<PickleValue> stack_;
  std::vector<std::size_t> marks_;  // their places in it
  RecalledNumbers recalled_;
  std::vector<PickleValue> memo_;                              // of these numbers
  std::uint64_t memoized_ = 0;                                 // 0, 1, 2, … are given to so many
  std::unordered_map<std::uint64_t, PickleValue> memo_apart_;  // of any other number
  Arena::Position before_entries_;                             // that a field's dict gets
  bool pinned_ = false;  // something else uses what they are made of
  std::map<std::string, bool> foreign_;
  std::map<std::string, const pickle::Storage*, std::less<>> storages_;
  std::string scratch_;
};

}  // namespace ckptscope
