// The writer: what it makes is read by the reference library and by safetensors.cpp.
#include "core/checkpoint/safetensors_writer.hpp"

#include <cstring>
#include <nlohmann/json.hpp>

#include "core/base/bytes.hpp"
#include "core/base/error.hpp"
#include "core/checkpoint/safetensors.hpp"

namespace ckptscope {

std::string make_header(std::span<const HeaderEntry> tensors,
                        const std::map<std::string, std::string>& metadata,
                        std::uint64_t alignment) {
  const auto quoted = [](const std::string& text) { return nlohmann::json(text).dump(); };
  std::string text(kHeaderLengthBytes, '\0');
  text += "{\"__metadata__\":" + nlohmann::json(metadata).dump();
  std::uint64_t at = 0;
  for (const HeaderEntry& tensor : tensors) {
    const std::uint64_t end = at + byte_count(tensor.dtype, tensor.shape);
    text += fmt::format(",{}:{{\"dtype\":\"{}\",\"shape\":[{}],\"data_offsets\":[{},{}]}}",
                        quoted(tensor.name), name_of(tensor.dtype), fmt::join(tensor.shape, ","),
                        at, end);
    at = end;
  }
  text += "}";
  text.resize(round_up(text.size(), alignment), ' ');
  const std::uint64_t length = text.size() - kHeaderLengthBytes;
  if (length > kMaxHeaderBytes) {
    fail(Code::HeaderTooLarge, "a header of {} bytes exceeds the {} that readers accept",
         format_count(length), format_count(kMaxHeaderBytes));
  }
  std::memcpy(text.data(), &length, sizeof length);
  return text;
}

}  // namespace ckptscope
