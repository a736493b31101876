// One table of first bytes.
#include "core/checkpoint/foreign_format.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "core/base/bytes.hpp"
#include "core/checkpoint/safetensors.hpp"

namespace ckptscope {

std::optional<ForeignFormat> recognise_foreign(const File& file) {
  std::string first(std::min<std::uint64_t>(file.size(), 64), '\0');
  file.read(0, std::as_writable_bytes(std::span(first)));
  if (first.size() >= kHeaderLengthBytes) {
    const std::uint64_t length =
        read_little_endian(std::as_bytes(std::span(first)).first<kHeaderLengthBytes>());
    if (length <= std::min(kMaxHeaderBytes, file.size() - kHeaderLengthBytes)) return std::nullopt;
  }

  constexpr std::array<std::pair<std::string_view, ForeignFormat>, 10> kMagics{{
      {"GGUF", {Code::ForeignFormat, "a GGUF file"}},
      {"version https://git-lfs",
       {Code::LfsPointer, "a Git-LFS pointer, the weights are not here"}},
      {"PK\x03\x04", {Code::ForeignFormat, "a zip archive, maybe a PyTorch pickle"}},
      {"\x1f\x8b", {Code::ForeignFormat, "a gzip archive"}},
      {"\x28\xb5\x2f\xfd", {Code::ForeignFormat, "a zstd archive"}},
      {"\x89HDF", {Code::ForeignFormat, "an HDF5 file"}},
      {"<!DOCTYPE", {Code::ForeignFormat, "an HTML page, maybe an error page of a download"}},
      {"<html", {Code::ForeignFormat, "an HTML page, maybe an error page of a download"}},
      {"\x80\x02", {Code::ForeignFormat, "a pickle"}},
      {"\x80\x04", {Code::ForeignFormat, "a pickle"}},
  }};
  for (const auto& [magic, format] : kMagics) {
    if (first.starts_with(magic)) return format;
  }
  return std::nullopt;
}

}  // namespace ckptscope
