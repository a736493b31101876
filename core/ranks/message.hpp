// Results as bytes, for other ranks: machines of one kind that run the same program.
//
// A type says once what it consists of, for writing and for reading:
//
//   void carry(auto& message, DeepReport& report) { message(report.tensors, report.problems); }
//
// Numbers and structs of nothing but numbers go as they lie in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/base/error.hpp"

namespace ckptscope {

template <typename Message, typename T>
concept CarriedBy = requires(Message& message, T& value) {
  carry(message, value);
};

class MessageWriter {
 public:
  void operator()(auto&... values) { (put(values), ...); }
  std::string take() { return std::move(bytes_); }

 private:
  template <typename T>
  void put(T& value) {
    if constexpr (CarriedBy<MessageWriter, T>) {
      carry(*this, value);
    } else {
      static_assert(std::is_trivially_copyable_v<T> && !std::is_pointer_v<T>);
      bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
    }
  }
  void put_size(std::uint64_t size) { put(size); }
  void put(std::string& text) {
    put_size(text.size());
    bytes_ += text;
  }
  template <typename T>
  void put(std::vector<T>& list) {
    put_size(list.size());
    for (T& one : list) put(one);
  }
  template <typename T>
  void put(std::optional<T>& value) {
    put_size(value.has_value() ? 1 : 0);
    if (value) put(*value);
  }

  std::string bytes_;
};

/// Reads what a MessageWriter has written, in the same order.
class MessageReader {
 public:
  explicit MessageReader(std::string_view bytes) : left_(bytes) {}

  void operator()(auto&... values) { (get(values), ...); }
  bool is_at_end() const { return left_.empty(); }

 private:
  std::string_view next(std::uint64_t size) {
    if (size > left_.size()) fail(Code::Internal, "a message of another rank ends early");
    const std::string_view bytes = left_.substr(0, size);
    left_.remove_prefix(size);
    return bytes;
  }
  template <typename T>
  void get(T& value) {
    if constexpr (CarriedBy<MessageReader, T>) {
      carry(*this, value);
    } else {
      static_assert(std::is_trivially_copyable_v<T> && !std::is_pointer_v<T>);
      std::memcpy(&value, next(sizeof value).data(), sizeof value);
    }
  }
  std::uint64_t get_size() {
    std::uint64_t size = 0;
    get(size);
    return size;
  }
  void get(std::string& text) { text = next(get_size()); }
  template <typename T>
  void get(std::vector<T>& list) {
    list.clear();
    for (std::uint64_t left = get_size(); left > 0; --left) get(list.emplace_back());
  }
  template <typename T>
  void get(std::optional<T>& value) {
    value.reset();
    if (get_size() > 0) get(value.emplace());
  }

  std::string_view left_;
};

void carry(auto& message, Problem& one) {
  message(one.code, one.severity, one.message, one.key, one.shard);
}

}  // namespace ckptscope
