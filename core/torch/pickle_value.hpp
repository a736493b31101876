// What a pickle says, as symbols: numbers, texts, containers, and names that nobody calls.
//
// A value is eight bytes and copied like a number; what it points to lies in the arena of the
// machine that read it. `.metadata` of a large run has millions of them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "core/tensor/dtype.hpp"
#include "core/tensor/shape.hpp"
#include "core/torch/pickle_names.hpp"

namespace ckptscope {

class PickleValue;

namespace pickle {

struct alignas(16) Text {
  std::string_view text;  // of Bytes: any; else UTF-8
};
/// Tuples never change; lists and sets grow.
struct alignas(16) Sequence {
  const PickleValue* items = nullptr;
  std::uint32_t count = 0;
  std::uint32_t room : 31 = 0;
  std::uint32_t recalled : 1 = 0;  // by the machine, from its memo
};
struct Entry;
struct alignas(16) Dict {
  const Entry* entries = nullptr;
  std::uint32_t count = 0;
  std::uint32_t room : 31 = 0;
  std::uint32_t recalled : 1 = 0;
};
/// "torch._utils" "_rebuild_tensor_v2": a name, not what it names.
struct alignas(16) Global {
  std::string_view module;
  std::string_view name;
  std::optional<PickleName> means{};  // nullopt: foreign
  std::string_view record{};          // dcp_record of it, where such records are data
};
struct Call;
struct alignas(16) Real {
  double value = 0;
};
/// torch.FloatStorage and the like: bytes that lie outside the pickle.
struct alignas(16) Storage {
  std::string_view key;
  std::uint64_t count = 0;  // elements; bytes of an untyped one
  Dtype dtype = Dtype::U8;
  bool typed = true;
  std::uint32_t number = 0;  // in the order of PickleResult::storages

  /// Bytes of it.
  std::uint64_t bytes() const { return typed ? count * size_of(dtype) : count; }
};
/// A view of a storage. Everything is checked to lie inside it.
struct alignas(16) Tensor {
  const Storage* storage = nullptr;
  Dtype dtype = Dtype::U8;
  bool conjugated = false;
  bool negated = false;
  std::uint64_t offset = 0;  // elements
  ShapeView shape;
  ShapeView stride;  // elements
};

}  // namespace pickle

class PickleValue {
 public:
  enum class Kind : std::uint8_t {
    None,
    Bool,
    Int,     // 60 bits
    BigInt,  // of any size: a text of its bytes
    Real,
    Text,
    Bytes,
    Tuple,
    List,
    Set,
    Dict,
    Global,
    Call,
    Storage,
    Tensor,
    Mark,  // of the machine; never inside another value
  };

  PickleValue() = default;
  static PickleValue boolean(bool value) { return {Kind::Bool, value ? 1u : 0u}; }
  static PickleValue integer(std::int64_t value) {  // must fit 60 bits
    return {Kind::Int, static_cast<std::uint64_t>(value)};
  }
  static PickleValue mark() { return {Kind::Mark, 0}; }
  template <typename Node>
  static PickleValue of(Kind kind, const Node* node) {
    return {kind, reinterpret_cast<std::uintptr_t>(node) >> kKindBits};
  }

  Kind kind() const { return static_cast<Kind>(bits_ & kKindMask); }
  bool is(Kind kind) const { return this->kind() == kind; }
  bool boolean() const { return identity() != 0; }
  std::int64_t integer() const { return static_cast<std::int64_t>(bits_) >> kKindBits; }

  const pickle::Text& text() const { return *node<pickle::Text>(); }
  const pickle::Real& real() const { return *node<pickle::Real>(); }
  const pickle::Global& global() const { return *node<pickle::Global>(); }
  const pickle::Storage& storage() const { return *node<pickle::Storage>(); }
  const pickle::Tensor& tensor() const { return *node<pickle::Tensor>(); }
  pickle::Sequence& sequence() const { return *node<pickle::Sequence>(); }
  pickle::Dict& dict() const { return *node<pickle::Dict>(); }
  pickle::Call& call() const { return *node<pickle::Call>(); }

  bool is_container() const {
    return is(Kind::Tuple) || is(Kind::List) || is(Kind::Set) || is(Kind::Dict);
  }
  /// Of a tuple, a list or a set.
  std::span<const PickleValue> items() const { return {sequence().items, sequence().count}; }
  std::span<const pickle::Entry> entries() const;

  /// The same object: equal numbers, or one node.
  bool operator==(const PickleValue& other) const = default;
  std::uint64_t identity() const { return bits_ >> kKindBits; }

 private:
  static constexpr int kKindBits = 4;  // which are zero in the address of a node
  static constexpr std::uint64_t kKindMask = (1 << kKindBits) - 1;

  PickleValue(Kind kind, std::uint64_t payload)
      : bits_(payload << kKindBits | static_cast<std::uint64_t>(kind)) {}
  template <typename Node>
  Node* node() const {
    return reinterpret_cast<Node*>(static_cast<std::uintptr_t>(bits_ & ~kKindMask));
  }

  std::uint64_t bits_ = 0;
};
static_assert(sizeof(PickleValue) == 8);

namespace pickle {

struct Entry {
  PickleValue key;
  PickleValue value;
};
/// REDUCE, NEWOBJ and the like of a name: what it would have been called with.
struct alignas(16) Call {
  PickleValue target;
  PickleValue arguments;
  PickleValue state{};  // by BUILD
  bool recalled = false;
};

}  // namespace pickle

inline std::span<const pickle::Entry> PickleValue::entries() const {
  return {dict().entries, dict().count};
}

}  // namespace ckptscope
