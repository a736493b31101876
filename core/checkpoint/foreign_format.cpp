// One table of first bytes.
#include "core/checkpoint/foreign_format.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "core/base/bytes.hpp"
#include "core/checkpoint/safetensors.hpp"

namespace ckptscope {

namespace {

constexpr std::size_t kTarMagic = 257;  // bytes from the start of a header. Source: POSIX.1 pax

/// Protocol buffers have no magic: field 1 (ir_version, small), then field 2 (a name), as exporters
/// write them. Source: onnx.proto.
bool is_onnx(std::string_view first) {
  return first.size() > 2 && first[0] == '\x08' && first[1] > 0 && first[1] < 32 &&
         first[2] == '\x12';
}

/// Letters and white space: a header length would have a zero byte among its eight. No JSON, which
/// may be an index.
bool is_text(std::string_view first) {
  return first.size() >= kHeaderLengthBytes && first.front() != '{' &&
         std::all_of(first.begin(), first.end(), [](char c) {
           return (c >= 0x20 && c < 0x7F) || c == '\n' || c == '\r' || c == '\t';
         });
}

}  // namespace

std::optional<ForeignFormat> recognise_foreign(const File& file) {
  std::string first(std::min<std::uint64_t>(file.size(), 512), '\0');
  file.read(0, std::as_writable_bytes(std::span(first)));
  if (first.size() >= kHeaderLengthBytes) {
    const std::uint64_t length =
        read_little_endian(std::as_bytes(std::span(first)).first<kHeaderLengthBytes>());
    if (length <= std::min(kMaxHeaderBytes, file.size() - kHeaderLengthBytes)) return std::nullopt;
  }

  constexpr std::array<std::pair<std::string_view, ForeignFormat>, 15> kMagics{{
      {"GGUF", {Code::ForeignFormat, "a GGUF file"}},
      {"version https://git-lfs",
       {Code::LfsPointer, "a Git-LFS pointer, the weights are not here"}},
      {"PK\x03\x04", {Code::ForeignFormat, "a zip archive, maybe a PyTorch pickle"}},
      {"\x1f\x8b", {Code::ForeignFormat, "a gzip archive"}},
      {"\x28\xb5\x2f\xfd", {Code::ForeignFormat, "a zstd archive"}},
      {"\x89HDF", {Code::ForeignFormat, "an HDF5 file"}},
      {"<!DOCTYPE", {Code::ForeignFormat, "an HTML page, maybe an error page of a download"}},
      {"<html", {Code::ForeignFormat, "an HTML page, maybe an error page of a download"}},
      {"<?xml", {Code::ForeignFormat, "an XML page, maybe an error page of a download"}},
      {"\x80\x02", {Code::ForeignFormat, "a pickle"}},
      {"\x80\x03", {Code::ForeignFormat, "a pickle"}},
      {"\x80\x04", {Code::ForeignFormat, "a pickle"}},
      {"\x80\x05", {Code::ForeignFormat, "a pickle"}},
      {"\xFD\x37zXZ", {Code::ForeignFormat, "an xz archive"}},
      {"\x81\xA6params", {Code::ForeignFormat, "a msgpack file, as Flax writes it"}},
  }};
  for (const auto& [magic, format] : kMagics) {
    if (first.starts_with(magic)) return format;
  }
  if (first.size() > kTarMagic + 5 && first.substr(kTarMagic, 5) == "ustar") {
    return ForeignFormat{Code::ForeignFormat, "a tar archive"};
  }
  if (is_onnx(first)) return ForeignFormat{Code::ForeignFormat, "an ONNX model"};
  if (is_text(first)) {
    return ForeignFormat{Code::ForeignFormat, "a text, maybe an error page of a download"};
  }
  return std::nullopt;
}

}  // namespace ckptscope
