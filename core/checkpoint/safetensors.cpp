// The reader: one pass over the JSON without a DOM, then the rules of the reference in its order.
#include "core/checkpoint/safetensors.hpp"

#include <algorithm>
#include <array>
#include <numeric>

#include "core/base/bytes.hpp"
#include "core/base/display.hpp"
#include "core/base/hash.hpp"
#include "core/base/json_scanner.hpp"
#include "core/checkpoint/foreign_format.hpp"
#include "core/tensor/key_index.hpp"

namespace ckptscope {
namespace {

/// A name in a message: escaped, and short enough for one line.
std::string shown(std::string_view name) {
  return elide_middle(display(name.substr(0, 4096)), 100);
}

/// At most how many tensors a header holds: a vector that doubles would take their memory twice.
std::size_t most_tensors(std::string_view text) {
  constexpr std::size_t kShortest =
      std::string_view(R"("":{"dtype":"U8","shape":[],"data_offsets":[0,1]})").size();
  const auto objects = static_cast<std::size_t>(std::count(text.begin(), text.end(), '}'));
  return std::min(objects, text.size() / kShortest + 1);
}

/// Reads the JSON text into a Header, in one pass and without a DOM.
class HeaderParser {
 public:
  HeaderParser(std::string text, Header& header)
      : text_(std::move(text)), scan_(text_), header_(header) {}

  void parse() {
    header_.tensors.reserve(most_tensors(text_));
    scan_.enter_object();
    std::string_view name;
    bool has_metadata = false;
    for (bool first = true; scan_.next_member(first, name); first = false) {
      if (name != kMetadataName) {
        parse_tensor(header_.arena.copy(name));
        continue;
      }
      if (std::exchange(has_metadata, true)) {
        fail(Code::DuplicateKey, "duplicate key \"__metadata__\"");
      }
      parse_metadata();
    }
    scan_.finish();
  }

 private:
  void parse_metadata() {
    if (scan_.peek() == 'n') return scan_.skip_value();
    scan_.enter_object();
    std::string_view name;
    std::string with_controls;  // the first of them
    std::size_t count = 0;
    for (bool first = true; scan_.next_member(first, name); first = false) {
      std::string key(name);
      const std::string_view value = scan_.string();
      if ((has_control(key) || has_control(value)) && count++ == 0) with_controls = key;
      if (!header_.metadata.emplace(key, value).second) {
        fail(Code::DuplicateKey, "duplicate key \"{}\" in __metadata__", shown(key));
      }
    }
    if (count > 0) note_controls(with_controls, count - 1);
  }

  void note_controls(std::string_view name, std::size_t others) {
    header_.notes.push_back(
        {Code::ControlMetadata, Severity::Note,
         fmt::format("__metadata__ \"{}\" holds control characters{}", shown(name),
                     others == 0 ? "" : fmt::format(", as do {} others", format_count(others)))});
  }

  static bool has_control(std::string_view text) {
    return std::any_of(text.begin(), text.end(),
                       [](char c) { return static_cast<unsigned char>(c) < 0x20; });
  }

  void parse_tensor(std::string_view name) {
    TensorInfo info;
    info.name = name;
    bool has_dtype = false;
    bool has_shape = false;
    bool has_offsets = false;
    bool is_known = true;
    const auto once = [&](bool& seen, std::string_view field) {
      if (std::exchange(seen, true)) {
        fail(Code::DuplicateKey, "tensor \"{}\": duplicate field \"{}\"", shown(name), field);
      }
    };
    scan_.enter_object();
    std::string_view field;
    for (bool first = true; scan_.next_member(first, field); first = false) {
      if (field == "dtype") {
        once(has_dtype, "dtype");
        const auto dtype = parse_dtype_name(name);
        is_known = dtype.has_value();
        info.dtype = dtype.value_or(Dtype::U8);
      } else if (field == "shape") {
        once(has_shape, "shape");
        info.shape = parse_shape();
      } else if (field == "data_offsets") {
        once(has_offsets, "data_offsets");
        parse_offsets(info);
      } else {
        note_unknown_field(name, field);
        scan_.skip_value();
      }
    }
    if (!has_dtype || !has_shape || !has_offsets) {
      const auto missing = !has_dtype ? "dtype" : !has_shape ? "shape" : "data_offsets";
      fail(Code::BadJson, "tensor \"{}\": field \"{}\" is missing", shown(name), missing);
    }
    if (is_known) header_.tensors.push_back(info);
  }

  void note_unknown_field(std::string_view name, std::string_view field) {
    if (std::exchange(noted_unknown_, true)) return;
    header_.notes.push_back(
        {Code::UnknownField, Severity::Note,
         fmt::format("tensor \"{}\" has a field \"{}\" that the format does not "
                     "define; ignored",
                     shown(name), shown(field)),
         std::string(name)});
  }

  /// The file is rejected for a dtype that the format does not have; its other tensors are listed.
  std::optional<Dtype> parse_dtype_name(std::string_view tensor) {
    const std::string_view text = scan_.string();
    const auto dtype = parse_dtype_strict(text);
    if (!dtype && header_.defects.size() < kMostUnknown) {
      header_.defects.push_back(
          {Code::BadJson, Severity::Error,
           fmt::format("tensor \"{}\": unknown dtype \"{}\"", shown(tensor), shown(text)),
           std::string(tensor)});
    }
    return dtype;
  }

  ShapeView parse_shape() {
    shape_.clear();
    scan_.enter_array();
    for (bool first = true; scan_.next_element(first); first = false) {
      shape_.push_back(scan_.unsigned_integer());
    }
    return header_.arena.copy(shape_);
  }

  void parse_offsets(TensorInfo& info) {
    scan_.enter_array();
    if (!scan_.next_element(true)) scan_.fail_expected("two offsets");
    info.begin = scan_.unsigned_integer();
    if (!scan_.next_element(false)) scan_.fail_expected("two offsets");
    info.end = scan_.unsigned_integer();
    if (scan_.next_element(false)) scan_.fail_expected("exactly two offsets");
  }

  static constexpr std::size_t kMostUnknown = 20;  // defects of this kind that are told

  std::string text_;
  JsonScanner scan_;
  Header& header_;
  std::vector<std::uint64_t> shape_;
  bool noted_unknown_ = false;
};

KeyIndex index_of(std::span<const TensorInfo> tensors, std::string_view& culprit) {
  return KeyIndex(tensors, [&](std::uint32_t id, std::uint32_t) {
    culprit = tensors[id].name;
    fail(Code::DuplicateKey, "duplicate key: tensor \"{}\" stands twice in the header",
         shown(culprit));
  });
}

/// Rules 7 to 9 of the reference, for one tensor whose offsets follow on.
void check_size(const TensorInfo& info) {
  const auto elements = element_count(info.shape);
  const auto bits = elements ? checked_mul(*elements, bits_of(info.dtype)) : std::nullopt;
  if (!bits) {
    fail(Code::ShapeOverflow, "tensor \"{}\": the size of {} {} exceeds 64 bits", shown(info.name),
         name_of(info.dtype), to_string(info.shape));
  }
  if (*bits % 8 != 0) {
    fail(Code::MisalignedDtype,
         "tensor \"{}\": {} {} is {} bits, which is no whole number of bytes", shown(info.name),
         name_of(info.dtype), to_string(info.shape), *bits);
  }
  if (info.end - info.begin != *bits / 8) {
    fail(Code::SizeMismatch, "tensor \"{}\": offsets [{}, {}] span {} bytes but {} {} needs {}",
         shown(info.name), info.begin, info.end, info.end - info.begin, name_of(info.dtype),
         to_string(info.shape), *bits / 8);
  }
}

std::vector<std::uint32_t> order_by_offset(std::span<const TensorInfo> tensors) {
  std::vector<std::uint32_t> order(tensors.size());
  std::iota(order.begin(), order.end(), 0u);
  const auto before = [&](std::uint32_t a, std::uint32_t b) {
    return std::pair(tensors[a].begin, tensors[a].end) <
           std::pair(tensors[b].begin, tensors[b].end);
  };
  if (!std::is_sorted(order.begin(), order.end(), before)) {
    std::stable_sort(order.begin(), order.end(), before);
  }
  return order;
}

/// Rules 6 to 10: tensors, sorted by offset, cover the data exactly.
void check_layout(std::span<const TensorInfo> tensors, std::uint64_t data_start,
                  std::uint64_t file_size, std::string_view& culprit) {
  std::uint64_t covered = 0;
  for (const std::uint32_t id : order_by_offset(tensors)) {
    const TensorInfo& info = tensors[id];
    culprit = info.name;
    if (info.begin != covered || info.end < info.begin) {
      fail(Code::InvalidOffset,
           "tensor \"{}\": offsets [{}, {}] where the data is covered up to {}", shown(info.name),
           info.begin, info.end, covered);
    }
    check_size(info);
    covered = info.end;
  }
  culprit = {};
  const std::uint64_t data = file_size - data_start;
  if (covered > data) {
    const auto lost = [&](const TensorInfo& info) { return info.end > data; };
    const auto first = std::find_if(tensors.begin(), tensors.end(), lost);
    fail(Code::TruncatedShard,
         "header needs {} data bytes, the file has {}: {} lost, the first \"{}\"",
         format_count(covered), format_count(data),
         counted(static_cast<std::uint64_t>(std::count_if(first, tensors.end(), lost)), "tensor"),
         shown(first->name));
  }
  if (covered < data) {
    fail(Code::TrailingData, "header covers {} data bytes, the file has {}", format_count(covered),
         format_count(data));
  }
}

std::string read_header_text(const File& file, Header& header) {
  if (file.size() < kHeaderLengthBytes) {
    fail(Code::HeaderTooSmall, "{} bytes, at least 8 expected", file.size());
  }
  std::array<std::byte, kHeaderLengthBytes> field{};
  file.read(0, field);
  const std::uint64_t length = read_little_endian(field);
  if (length > kMaxHeaderBytes) {
    fail(Code::HeaderTooLarge, "header length {} exceeds the {} that the format allows",
         format_count(length), format_count(kMaxHeaderBytes));
  }
  if (length > file.size() - kHeaderLengthBytes) {
    fail(Code::HeaderTruncated, "header length {} in a file of {} bytes", format_count(length),
         format_count(file.size()));
  }
  header.data_start = kHeaderLengthBytes + length;
  std::string text(length, '\0');
  file.read(kHeaderLengthBytes, std::as_writable_bytes(std::span(text)));
  header.hash = xxh3(text, length);
  if (const auto at = find_invalid_utf8(text); at != std::string_view::npos) {
    fail(Code::BadUtf8, "header byte {} is not UTF-8", at);
  }
  return text;
}

/// What cannot be read as a header is said as what it is, where the first bytes tell.
void name_what_it_is(const File& file, Problem& defect) {
  const auto foreign = recognise_foreign(file);
  if (!foreign) return;
  defect.code = foreign->code;
  defect.message = fmt::format("{}, not safetensors", foreign->name);
}

void note_alignment(Header& header) {
  if (header.data_start % 8 == 0) return;
  header.notes.push_back(
      {Code::UnalignedData, Severity::Note,
       fmt::format("data starts at byte {}, not at a multiple of 8", header.data_start)});
}

void note_names(Header& header) {
  for (const TensorInfo& info : header.tensors) {
    if (!info.name.empty() && !needs_escape(info.name)) continue;
    header.notes.push_back({Code::OddName, Severity::Note,
                            info.name.empty()
                                ? "a tensor has an empty name"
                                : "a tensor name is shown escaped: " + shown(info.name),
                            std::string(info.name)});
    if (header.notes.size() > 20) return;
  }
}

}  // namespace

Header read_header(const File& file) {
  Header header;
  std::string_view culprit;
  const auto holds = [&](auto&& step) {
    try {
      step();
      return true;
    } catch (const Error& error) {
      if (row_of(error.code()).exit == 3) throw;  // the environment, not the content
      header.defects.push_back({error.code(), Severity::Error, error.what(), std::string(culprit)});
      return false;
    }
  };
  if (!holds([&] { HeaderParser(read_header_text(file, header), header).parse(); })) {
    header.tensors.clear();
    name_what_it_is(file, header.defects.back());
    return header;
  }
  note_alignment(header);
  note_names(header);
  if (header.damaged()) return header;
  if (holds([&] { header.keys = index_of(header.tensors, culprit); })) {
    holds([&] { check_layout(header.tensors, header.data_start, file.size(), culprit); });
  }
  return header;
}

}  // namespace ckptscope
