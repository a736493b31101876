// Opcodes are stepped over by the form of their arguments.
#include "core/torch/pickle_recalls.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace ckptscope {
namespace {

/// Arguments of an opcode: a number of so many bytes, as many bytes as a number says, or lines.
struct Form {
  std::uint8_t number = 0;  // bytes
  bool sized = false;
  std::uint8_t lines = 0;
};

/// Source: CPython, Lib/pickletools.py. An opcode that is not here has no arguments.
constexpr std::array<Form, 256> kForms = [] {
  std::array<Form, 256> all{};
  const auto set = [&](std::string_view opcodes, Form form) {
    for (const char opcode : opcodes) all[static_cast<unsigned char>(opcode)] = form;
  };
  set("Kqh\x80", {1});
  set("M", {2});
  set("Jrj", {4});
  set("G\x95", {8});
  set("UC\x8A\x8C", {1, true});
  set("XB\x8B", {4, true});
  set("\x8D\x8E\x96", {8, true});
  set("I", {0, false, 1});
  set("ci", {0, false, 2});
  return all;
}();

void skip_line(ByteStream& stream) {
  while (stream.left() > 0 && stream.byte() != '\n') {
  }
}

}  // namespace

RecalledNumbers::RecalledNumbers(std::vector<std::uint8_t> bits) : bits_(std::move(bits)) {
  before_.reserve(bits_.size() + 1);
  before_.push_back(0);
  for (const std::uint8_t byte : bits_) before_.push_back(before_.back() + kOnes[byte]);
}

RecalledNumbers recalled_numbers(ByteStream stream) {
  constexpr std::uint8_t kStop = '.';
  std::vector<std::uint8_t> bits;
  const std::uint64_t begin = stream.at();
  while (stream.left() > 0) {
    const std::uint8_t opcode = stream.byte();
    const Form form = kForms[opcode];
    if (form.number == 0 && form.lines == 0) {
      if (opcode == kStop) break;
      continue;
    }
    if (stream.left() < form.number) break;
    const std::uint64_t number = stream.number(form.number);
    if (form.sized) {
      if (stream.left() < number) break;
      stream.skip(number);
    }
    for (unsigned i = 0; i < form.lines; ++i) skip_line(stream);
    // There are fewer values so far than bytes.
    if ((opcode != 'h' && opcode != 'j') || number >= stream.at() - begin) continue;
    if (number / 8 >= bits.size()) bits.resize(std::max(2 * bits.size(), number / 8 + 1));
    bits[number / 8] = static_cast<std::uint8_t>(bits[number / 8] | 1u << (number % 8));
  }
  return RecalledNumbers(std::move(bits));
}

}  // namespace ckptscope
