// A machine for pickles that can call nothing. It runs the opcodes that data needs over symbols
// (see PickleValue): no name is ever imported, no constructor runs, and what a file names beyond
// data is collected, to be shown.
//
// Source of the opcodes: CPython, Lib/pickletools.py; of the rules: what torch.save and
// torch.distributed.checkpoint write (see pickle_names.cpp).
#pragma once

#include <array>
#include <cstdint>
#include <deque>
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
#include "core/torch/pickle_rules.hpp"
#include "core/torch/pickle_value.hpp"

namespace ckptscope {

/// Runs pickles that stand behind each other. Values stay valid as long as the machine lives. Not
/// thread-safe.
class PickleMachine {
 public:
  /// `of_dcp`: records of torch.distributed.checkpoint are data, too.
  PickleMachine(ByteStream& stream, bool of_dcp) : stream_(stream), of_dcp_(of_dcp) {}
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
  using Step = void (PickleMachine::*)();
  static const std::array<Step, 256>& steps();

  // ---- what the stream has next
  void need(std::uint64_t bytes) const;
  std::uint64_t number(unsigned bytes);
  std::string_view bytes_of(std::uint64_t count);
  std::string_view line(std::uint64_t most);
  std::string_view utf8(std::string_view text) const;

  // ---- the stack
  void push(PickleValue value);
  PickleValue pop();
  PickleValue top() const;
  /// What stands above the topmost mark, which goes too.
  std::span<PickleValue> marked();
  void drop_marked(std::span<PickleValue> items);
  /// What stands below the mark of these items, which go.
  void give_marked(void (PickleMachine::*take)(PickleValue, std::span<const PickleValue>));

  // ---- values
  template <typename Node>
  PickleValue make(PickleValue::Kind kind, const Node& node) {
    return PickleValue::of(kind, arena_.copy(std::span(&node, 1)).data());
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
  void op_mark() { push(PickleValue::mark()); }
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
  Arena arena_;
  const PickleValue empty_tuple_ = make(PickleValue::Kind::Tuple, pickle::Sequence{});
  std::vector<PickleValue> stack_;
  std::deque<PickleValue> memo_;                               // 0, 1, 2, …
  std::unordered_map<std::uint64_t, PickleValue> memo_apart_;  // of any other number
  std::map<std::string, bool> foreign_;
  std::map<std::string, const pickle::Storage*, std::less<>> storages_;
  std::string scratch_;
};

}  // namespace ckptscope
