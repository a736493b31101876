// Each file is made of bytes here; nothing on disk can rot.
#include "tests/support/hostile.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace ckptscope::testing {
namespace {

using namespace std::string_view_literals;

using Cases = std::vector<HostileCase>;

// ---- Pieces of a file. Everything is text on purpose: a row must be able to hold bad JSON.

/// One member of the header object; each field is raw JSON, `name` the raw text between the quotes.
struct TensorText {
  std::string_view name = "a";
  std::string_view dtype = R"("F32")";
  std::string_view shape = "[1]";
  std::string_view offsets = "[0,4]";
  std::string_view extra{};  // further fields, with the leading comma
};

std::string member(const TensorText& t) {
  return fmt::format(R"("{}":{{"dtype":{},"shape":{},"data_offsets":{}{}}})", t.name, t.dtype,
                     t.shape, t.offsets, t.extra);
}

std::string object(const std::vector<std::string>& members) {
  return fmt::format("{{{}}}", fmt::join(members, ","));
}

std::string repeated(std::string_view text, std::size_t count) {
  std::string out;
  out.reserve(text.size() * count);
  for (std::size_t i = 0; i < count; ++i) out += text;
  return out;
}

std::string nested_arrays(std::size_t depth) {
  return repeated("[", depth) + repeated("]", depth);
}

/// Data bytes: their values never matter to a header.
std::string zeros(std::size_t count) {
  return std::string(count, '\0');
}

std::string file_bytes(std::uint64_t length_field, std::string_view header, std::string_view data) {
  std::string bytes(sizeof length_field, '\0');
  std::memcpy(bytes.data(), &length_field, sizeof length_field);
  return bytes.append(header).append(data);
}

// ---- Ways to make a case.

HostileCase raw(std::string name, std::string_view bytes) {
  return {std::move(name), [bytes = std::string(bytes)] { return bytes; }};
}

HostileCase with_data(std::string name, std::string_view header, std::string_view data) {
  return raw(std::move(name), file_bytes(header.size(), header, data));
}

HostileCase with_header(std::string name, std::string_view header, std::size_t data = 4) {
  return with_data(std::move(name), header, zeros(data));
}

/// A good file but for its length field.
HostileCase with_length(std::string name, std::uint64_t length, std::size_t data = 4) {
  return raw(std::move(name), file_bytes(length, object({member({})}), zeros(data)));
}

/// For headers too large to be kept.
HostileCase with_made_header(std::string name, std::function<std::string()> make,
                             std::size_t data = 4) {
  return {std::move(name), [make = std::move(make), data] {
            const std::string header = make();
            return file_bytes(header.size(), header, zeros(data));
          }};
}

struct TensorRow {
  std::string_view name;
  TensorText tensor;
  std::size_t data = 4;
};

Cases one_tensor_each(std::initializer_list<TensorRow> rows) {
  Cases cases;
  for (const TensorRow& row : rows) {
    cases.push_back(with_header(std::string(row.name), object({member(row.tensor)}), row.data));
  }
  return cases;
}

struct HeaderRow {
  std::string_view name;
  std::string_view header;
  std::size_t data = 0;
};

Cases one_header_each(std::initializer_list<HeaderRow> rows) {
  Cases cases;
  for (const HeaderRow& row : rows) {
    cases.push_back(with_header(std::string(row.name), row.header, row.data));
  }
  return cases;
}

// ---- A: the length field, and files of another format.

std::string padded_header(std::size_t size) {
  std::string header = object({member({})});
  header.resize(size, ' ');
  return header;
}

Cases length_cases() {
  const std::uint64_t good = object({member({})}).size();
  return {
      raw("A01_empty", ""),
      raw("A02_len1", "\x02"),
      raw("A02_len7", repeated("\x02", 7)),
      raw("A03_8_zero", zeros(8)),
      raw("A04_8_zero_plus_data", zeros(16)),
      with_header("A05_n2_emptyobj", "{}", 0),
      with_data("A06_emptyobj_trailing_data", "{}", "x"),
      with_length("A07_n_past_eof_by_1", good + 1, 0),
      with_length("A08_n_100000001", 100'000'001),
      with_length("A09_n_u64max", UINT64_MAX),
      with_length("A10_n_2p63", 1ull << 63),
      with_length("A11_n_2p32_plus", (1ull << 32) + good),  // good in 32 bits
      with_length("A12_n_short_by_1", good - 1),
      with_length("A13_n_covers_data_nul", good + 4),
      with_length("A14_n_100MB_small_file", 100'000'000),
      with_made_header("A15_exact_100MB_header_padded", [] { return padded_header(100'000'000); }),
      with_made_header("A16_100MB_plus1_real", [] { return padded_header(100'000'001); }),
      raw("A22_all_zero_4k", zeros(4096)),
  };
}

Cases foreign_cases() {
  return {
      raw("A17_gzip_magic", "\x1f\x8b\x08" + zeros(40)),
      raw("A18_zip_magic", "PK\x03\x04" + zeros(60)),
      raw("A19_git_lfs_pointer",
          fmt::format("version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 12345\n",
                      repeated("a", 64))),
      raw("A20_gguf_magic", "GGUF\x03" + zeros(19)),
      raw("A21_html", "<!DOCTYPE html><html>Access denied</html>"),
  };
}

// ---- B: encodings and escapes, in the name of a tensor.

Cases name_cases() {
  return one_tensor_each({
      {"B01_invalid_ff", {.name = "\xff"}},
      {"B02_overlong_slash", {.name = "\xc0\xaf"}},
      {"B03_cesu_surrogate", {.name = "\xed\xa0\x80"}},
      {"B04_truncated_mb", {.name = "\xe2\x82"}},
      {"B05_gt_10ffff", {.name = "\xf4\x90\x80\x80"}},
      {"B08_raw_nul", {.name = "a\0b"sv}},
      {"B09_raw_esc", {.name = "\x1b[31m"}},
      {"B10_raw_tab", {.name = "a\tb"}},
      {"B11_raw_newline", {.name = "a\nb"}},
      {"B12_raw_del", {.name = "a\u007fb"}},
      {"B13_esc_u0000", {.name = R"(a\u0000b)"}},
      {"B14_esc_u001b", {.name = R"(\u001b]0;pwn\u0007)"}},
      {"B15_raw_C1_9b", {.name = "\u009b31m"}},
      {"B16_bidi", {.name = "\u202eabc"}},
      {"B17_lone_hi", {.name = R"(\ud800)"}},
      {"B18_lone_lo", {.name = R"(\udc00)"}},
      {"B19_pair", {.name = R"(\ud83d\ude00)"}},
      {"B20_bad_esc", {.name = R"(\x41)"}},
      {"B21_short_u", {.name = R"(\u12)"}},
      {"B22_empty_name", {.name = ""}},
      {"B23_path", {.name = "../../etc/passwd"}},
      {"B25_newline_esc", {.name = R"(a\nb)"}},
      {"B26_noncharacter", {.name = "\uffff"}},
      {"B28_swapped_pair", {.name = R"(\ude00\ud83d)"}},
  });
}

std::string as_utf16(std::string_view ascii) {
  std::string out;
  for (const char c : ascii) (out += c) += '\0';
  return out;
}

Cases encoding_cases() {
  const std::string good = object({member({})});
  return {
      with_header("B06_bom", "\ufeff" + good),
      with_header("B07_utf16", as_utf16(good)),
      with_made_header("B24_long_1MB",
                       [] { return object({member({.name = repeated("x", 1'000'000)})}); }),
      with_made_header("B27_combining",
                       [] { return object({member({.name = "a" + repeated("\u0301", 5000)})}); }),
  };
}

// ---- C: JSON.

Cases json_cases() {
  return one_header_each({
      {"C01_array", "[]"},
      {"C02_null", "null"},
      {"C03_string", R"("x")"},
      {"C04_number", "1"},
      {"C05_two_objects", "{}{}"},
      {"C06_trailing_garbage", "{}x"},
      {"C07_trailing_nul", "{}\0"sv},
      {"C08_lead_ws", " \n\t{}"},
      {"C09_trail_ws", "{} \r\n\t"},
      {"C10_only_ws", "   "},
      {"C11_unterminated", "{"},
      {"C12_formfeed_ws", "{}\f"},
      {"C13_nbsp_ws", "{}\u00a0"},
      {"C14_comment", "{}/*x*/"},
      {"C15_true", "true"},
      {"C16_trailing_comma", R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},})", 4},
      {"C17_single_quotes", R"({'a':{'dtype':'F32','shape':[1],'data_offsets':[0,4]}})", 4},
      {"C18_unquoted", R"({a:{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 4},
      {"C20_missing_colon", R"({"a"{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 4},
  });
}

Cases ignored_value_cases() {
  const std::string big_integer = R"(,"x":)" + repeated("9", 400);
  return one_tensor_each({
      {"C19_comment_in", {.shape = "[1/*x*/]"}},
      {"C27_extra_huge_number", {.extra = R"(,"x":1e999)"}},
      {"C28_extra_NaN", {.extra = R"(,"x":NaN)"}},
      {"C29_extra_unknown_ok", {.extra = R"(,"x":{"y":[1,2,null,true,-1.5e3]})"}},
      {"C30_extra_bigint", {.extra = big_integer}},
      {"C31_extra_lonesurr", {.extra = R"(,"x":"\ud800")"}},
  });
}

HostileCase deep_extra(std::string name, std::size_t depth) {
  return with_header(std::move(name),
                     object({member({.extra = R"(,"x":)" + nested_arrays(depth)})}));
}

Cases depth_cases() {
  Cases cases = {
      deep_extra("C21_deep_array_extra_1000", 1000),
      deep_extra("C22_deep_array_extra_120", 120),
      deep_extra("C23_deep_extra_126", 126),
      with_made_header(
          "C24_deep_top_1M", [] { return repeated("[", 1'000'000); }, 0),
      with_made_header(
          "C25_deep_obj_100k", [] { return repeated(R"({"a":)", 100'000); }, 0),
  };
  for (const std::size_t depth : {123, 124, 125, 126, 127, 128}) {
    cases.push_back(deep_extra(fmt::format("C26_depth_extra_{}", depth), depth));
  }
  return cases;
}

// ---- D: names that stand twice.

Cases duplicate_cases() {
  const std::string a = member({});
  const std::string past_end = member({.offsets = "[4,8]"});
  const std::string garbage = member({.dtype = R"("I32")", .offsets = "[99999,100003]"});
  const std::string escaped = member({.name = R"(\u0061)"});
  const std::string composed = member({.name = "\u00e9"});
  const std::string decomposed = member({.name = "e\u0301", .offsets = "[4,8]"});
  return {
      with_header("D01_dup_same", object({a, a})),
      with_header("D02_dup_last_wins_bad", object({a, past_end}), 8),
      with_header("D03_dup_first_bad_last_ok", object({past_end, a})),
      with_header("D04_dup_first_garbage_offsets", object({garbage, a})),
      with_header("D05_dup_escaped", object({a, escaped})),
      with_header("D06_dup_metadata",
                  object({R"("__metadata__":{"x":"1"})", R"("__metadata__":{"x":"2"})", a})),
      with_header("D07_dup_in_metadata", object({R"("__metadata__":{"x":"1","x":"2"})", a})),
      with_header("D08_dup_field_dtype", object({member({.extra = R"(,"dtype":"I32")"})})),
      with_header("D09_dup_field_offsets", object({member({.extra = R"(,"data_offsets":[0,4])"})})),
      with_header("D10_dup_unknown_field", object({member({.extra = R"(,"x":1,"x":2)"})})),
      with_header("D11_nfc_nfd", object({composed, decomposed}), 8),
      with_header("D12_dup_first_wrongtype", object({R"("a":5)", a})),
      with_header("D13_dup_first_unknown_dtype", object({member({.dtype = R"("XYZ")"}), a})),
  };
}

// ---- E: dtypes and the fields of a tensor.

Cases dtype_cases() {
  return one_tensor_each({
      {"E00__f32_", {.dtype = R"("f32")"}},
      {"E01__XYZ_", {.dtype = R"("XYZ")"}},
      {"E02___", {.dtype = R"("")"}},
      {"E03_3", {.dtype = "3"}},
      {"E04_null", {.dtype = "null"}},
      {"E05___F32__", {.dtype = R"(["F32"])"}},
      {"E06___F32__null_", {.dtype = R"({"F32":null})"}},
      {"E07__F32__", {.dtype = R"("F32 ")"}},
      {"E08__F8_E4M3_", {.dtype = R"("F8_E4M3")", .offsets = "[0,1]"}, 1},
      {"E09__F8_E8M0_", {.dtype = R"("F8_E8M0")", .offsets = "[0,1]"}, 1},
      {"E10__F4_", {.dtype = R"("F4")", .shape = "[8]"}},
      {"E11__C64_", {.dtype = R"("C64")", .offsets = "[0,8]"}, 8},
      {"E12__F8_E4M3FNUZ_", {.dtype = R"("F8_E4M3FNUZ")", .offsets = "[0,1]"}, 1},
      {"E13__F6_E2M3_", {.dtype = R"("F6_E2M3")", .shape = "[4]", .offsets = "[0,3]"}, 3},
      {"E14__BOOL_", {.dtype = R"("BOOL")", .offsets = "[0,1]"}, 1},
      {"E15__I4_", {.dtype = R"("I4")"}},
      {"E16__F128_", {.dtype = R"("F128")"}},
      {"E17__Q4_0_", {.dtype = R"("Q4_0")"}},
      {"E18___u0046_u0033_u0032_", {.dtype = R"("\u0046\u0033\u0032")"}},
      {"E30_F4_odd", {.dtype = R"("F4")", .shape = "[3]", .offsets = "[0,2]"}, 2},
      {"E31_F6_3", {.dtype = R"("F6_E3M2")", .shape = "[3]", .offsets = "[0,3]"}, 3},
      {"E32_F4_odd_floor", {.dtype = R"("F4")", .shape = "[3]", .offsets = "[0,1]"}, 1},
      {"E41_shape_with_i64size_dtype_c64_wrong", {.dtype = R"("C64")", .offsets = "[0,16]"}, 16},
  });
}

Cases tensor_info_cases() {
  Cases cases = one_header_each({
      {"E33_missing_dtype", R"({"a":{"shape":[1],"data_offsets":[0,4]}})", 4},
      {"E34_missing_shape", R"({"a":{"dtype":"F32","data_offsets":[0,4]}})", 4},
      {"E35_missing_offsets", R"({"a":{"dtype":"F32","shape":[1]}})", 4},
      {"E36_info_as_array", R"({"a":["F32",[1],[0,4]]})", 4},
      {"E37_info_null", R"({"a":null})"},
      {"E38_info_string", R"({"a":"F32"})"},
      {"E39_info_empty", R"({"a":{}})"},
      {"E40_info_array_extra", R"({"a":["F32",[1],[0,4],1]})", 4},
      {"E42_key_case", R"({"a":{"DType":"F32","shape":[1],"data_offsets":[0,4]}})", 4},
      {"E44_field_order_rev", R"({"a":{"data_offsets":[0,4],"shape":[1],"dtype":"F32"}})", 4},
  });
  const std::string boolean = member({.dtype = R"("BOOL")", .offsets = "[0,1]"});
  cases.push_back(with_data("E43_bool_value_2", object({boolean}), "\x02"));
  return cases;
}

// ---- F: shapes.

Cases shape_cases() {
  return one_tensor_each({
      {"F00___", {.shape = "[]"}},
      {"F01__0_", {.shape = "[0]", .offsets = "[0,0]"}, 0},
      {"F02__2_0_", {.shape = "[2,0]", .offsets = "[0,0]"}, 0},
      {"F03__1_0_", {.shape = "[1.0]"}},
      {"F04__1e0_", {.shape = "[1e0]"}},
      {"F05___1_", {.shape = "[-1]"}},
      {"F06___0_", {.shape = "[-0]", .offsets = "[0,0]"}, 0},
      {"F07__01_", {.shape = "[01]"}},
      {"F08___1__", {.shape = R"(["1"])"}},
      {"F09_null", {.shape = "null"}},
      {"F10_1", {.shape = "1"}},
      {"F11___", {.shape = "{}"}},
      {"F12___1__", {.shape = "[[1]]"}},
      {"F13__null_", {.shape = "[null]"}},
      {"F14__true_", {.shape = "[true]"}},
      {"F15__18446744073709551615_", {.shape = "[18446744073709551615]"}},
      {"F16__18446744073709551616_", {.shape = "[18446744073709551616]"}},
      {"F17__4294967296_4294967296_", {.shape = "[4294967296,4294967296]", .offsets = "[0,0]"}, 0},
      {"F18__9223372036854775808_2_", {.shape = "[9223372036854775808,2]", .offsets = "[0,0]"}, 0},
      {"F19__2_9223372036854775807_",
       {.shape = "[2,9223372036854775807]", .offsets = "[0,16]"},
       16},
      {"F20__2_18446744073709551614_",
       {.shape = "[2,18446744073709551614]", .offsets = "[0,16]"},
       16},
      // The product is taken from left to right: a zero saves only what comes after it.
      {"F21__0_9223372036854775808_4_",
       {.shape = "[0,9223372036854775808,4]", .offsets = "[0,0]"},
       0},
      {"F22__9223372036854775808_4_0_",
       {.shape = "[9223372036854775808,4,0]", .offsets = "[0,0]"},
       0},
      {"F23__2305843009213693952_", {.shape = "[2305843009213693952]", .offsets = "[0,0]"}, 0},
      {"F24__1_1_1_1_1_1_1_1_1_", {.shape = "[1,1,1,1,1,1,1,1,1]"}},
      {"F25___1_", {.shape = "[+1]"}},
      {"F26__1__", {.shape = "[1,]"}},
      {"F27__9007199254740993_0_", {.shape = "[9007199254740993,0]", .offsets = "[0,0]"}, 0},
      {"F28__0x1_", {.shape = "[0x1]"}},
      {"F29__1__", {.shape = "[1 ]", .offsets = "[ 0 , 4 ]"}},
  });
}

std::string header_of_rank(std::size_t rank) {
  return object({member({.shape = "[" + repeated("1,", rank - 1) + "1]"})});
}

Cases rank_cases() {
  return {
      with_made_header("F40_rank_100k", [] { return header_of_rank(100'000); }),
      with_made_header("F41_rank_1M", [] { return header_of_rank(1'000'000); }),
  };
}

// ---- G: offsets.

Cases offset_cases() {
  return one_tensor_each({
      {"G00__4_0__4", {.offsets = "[4,0]"}},
      {"G01__0_4_8__4", {.offsets = "[0,4,8]"}},
      {"G02__0__4", {.offsets = "[0]"}},
      {"G03____4", {.offsets = "[]"}},
      {"G04_null_4", {.offsets = "null"}},
      {"G05___0__0__4", {.offsets = R"({"0":0})"}},
      {"G06___4_0__4", {.offsets = "[-4,0]"}},
      {"G07__0_0_4_0__4", {.offsets = "[0.0,4.0]"}},
      {"G08___0___4___4", {.offsets = R"(["0","4"])"}},
      {"G09__1_5__5", {.offsets = "[1,5]"}, 5},
      {"G10__0_5__5", {.offsets = "[0,5]"}, 5},
      {"G11__0_3__3", {.offsets = "[0,3]"}, 3},
      {"G12__0_4__3", {.offsets = "[0,4]"}, 3},
      {"G13__0_4__5", {.offsets = "[0,4]"}, 5},
      {"G14__0_18446744073709551615__4", {.offsets = "[0,18446744073709551615]"}},
      {"G15__18446744073709551612_0__4", {.offsets = "[18446744073709551612,0]"}},
      {"G16__0_18446744073709551616__4", {.offsets = "[0,18446744073709551616]"}},
      {"G17__0_4294967300__4", {.offsets = "[0,4294967300]"}},  // 4 in 32 bits
      {"G18__4_8__8", {.offsets = "[4,8]"}, 8},
      {"G19__0_4e0__4", {.offsets = "[0,4e0]"}},
      {"G42_one_exabyte_claim",
       {.dtype = R"("U8")",
        .shape = "[1152921504606846976]",
        .offsets = "[0,1152921504606846976]"}},
  });
}

struct PairRow {
  std::string_view name;
  std::string_view offsets_a;
  std::string_view offsets_b;
  std::size_t data;
  std::string_view shape_a = "[1]";
  std::string_view shape_b = "[1]";
};

Cases pair_cases() {
  constexpr PairRow kRows[] = {
      {"G30_overlap_full", "[0,4]", "[0,4]", 4},
      {"G31_overlap_partial", "[0,4]", "[2,6]", 6},
      {"G32_hole", "[0,4]", "[8,12]", 12},
      {"G33_reversed_order", "[4,8]", "[0,4]", 8},
      {"G34_zero_at_start", "[0,0]", "[0,4]", 4, "[0]"},
      {"G35_zero_mid_hole", "[0,4]", "[2,2]", 4, "[1]", "[0]"},
      {"G36_zero_end", "[0,4]", "[4,4]", 4, "[1]", "[0]"},
      {"G37_zero_past_end", "[0,4]", "[8,8]", 4, "[1]", "[0]"},
      {"G38_nested", "[0,12]", "[4,8]", 12, "[3]"},
      {"G39_gap_front", "[4,8]", "[8,12]", 12},
      {"G40_both_zero", "[0,0]", "[0,0]", 0, "[0]", "[0]"},
  };
  Cases cases;
  for (const PairRow& row : kRows) {
    const std::string a = member({.name = "a", .shape = row.shape_a, .offsets = row.offsets_a});
    const std::string b = member({.name = "b", .shape = row.shape_b, .offsets = row.offsets_b});
    cases.push_back(with_header(std::string(row.name), object({a, b}), row.data));
  }
  return cases;
}

std::string bytes_member(std::string_view name, std::uint64_t begin, std::uint64_t count) {
  return member({.name = name,
                 .dtype = R"("U8")",
                 .shape = fmt::format("[{}]", count),
                 .offsets = fmt::format("[{},{}]", begin, begin + count)});
}

/// Tensors without a gap up to offset 2^64 - 1: only the size of the file tells that they lie.
HostileCase chain_to_the_last_offset() {
  constexpr std::uint64_t kPiece = UINT64_MAX / 8;
  std::vector<std::string> members;
  std::uint64_t at = 0;
  for (int i = 0; i < 8; ++i, at += kPiece) {
    members.push_back(bytes_member(fmt::format("t{:02}", i), at, kPiece));
  }
  members.push_back(bytes_member("tz", at, UINT64_MAX - at));
  return with_header("G41_chain_to_u64max", object(members));
}

// ---- H: metadata.

std::string header_with_metadata(std::string_view json) {
  return object({fmt::format(R"("__metadata__":{})", json), member({})});
}

Cases metadata_value_cases() {
  constexpr std::pair<std::string_view, std::string_view> kRows[] = {
      {"H00", "null"},
      {"H01", "{}"},
      {"H02", "[]"},
      {"H03", R"("x")"},
      {"H04", "1"},
      {"H05", R"({"k":1})"},
      {"H06", R"({"k":null})"},
      {"H07", R"({"k":true})"},
      {"H08", R"({"k":{"n":"v"}})"},
      {"H09", R"({"k":["v"]})"},
      {"H10", R"({"k":"v"})"},
      {"H11", R"({"":""})"},
      {"H12", R"({"k":"\u001b[2J"})"},
      {"H14", R"({"k":"\u0000"})"},
      {"H15", R"({1:"v"})"},
  };
  Cases cases;
  for (const auto& [name, json] : kRows) {
    cases.push_back(with_header(std::string(name), header_with_metadata(json)));
  }
  cases.push_back(with_made_header("H13", [] {
    return header_with_metadata(fmt::format(R"({{"k":"{}"}})", repeated("v", 1'000'000)));
  }));
  return cases;
}

Cases metadata_place_cases() {
  const std::string a = member({});
  return {
      with_header("H20_only_metadata", R"({"__metadata__":{"a":"b"}})", 0),
      with_header("H21_meta_as_tensor", object({member({.name = "__metadata__"})})),
      with_header("H22_meta_caps", object({R"("__METADATA__":{"k":"v"})", a})),
      with_header("H23_meta_last", object({a, R"("__metadata__":{"k":"v"})"})),
      with_header("H24_meta_escaped_key", object({R"("\u005f_metadata__":{"k":"v"})", a})),
  };
}

// ---- I: many tensors, and what stands after the header.

std::string many_tensors(std::size_t count, std::string_view shape, std::string_view offsets) {
  std::string header = "{";
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0) header += ',';
    header += member({.name = fmt::format("w{}", i), .shape = shape, .offsets = offsets});
  }
  return header + "}";
}

Cases many_cases() {
  const std::string good = object({member({})});
  return {
      with_made_header(
          "I01_100k_overlap", [] { return many_tensors(100'000, "[2,2]", "[0,16]"); }, 16),
      with_made_header(
          "I02_1M_zero", [] { return many_tensors(1'000'000, "[0]", "[0,0]"); }, 0),
      with_data("I03_polyglot_tail", good, zeros(4) + "PK\x05\x06" + zeros(18)),
      with_header("I04_unaligned_header", good),
      with_header("I05_pad_nul", good + zeros(2)),
      with_header("I06_data_missing_all", good, 0),
  };
}

// ---- All of them.

Cases make_cases() {
  Cases all;
  for (Cases group : {length_cases(), foreign_cases(), name_cases(), encoding_cases(), json_cases(),
                      ignored_value_cases(), depth_cases(), duplicate_cases(), dtype_cases(),
                      tensor_info_cases(), shape_cases(), rank_cases(), offset_cases(),
                      pair_cases(), Cases{chain_to_the_last_offset()}, metadata_value_cases(),
                      metadata_place_cases(), many_cases()}) {
    std::move(group.begin(), group.end(), std::back_inserter(all));
  }
  return all;
}

std::map<std::string, OfficialVerdict> read_verdicts() {
  std::ifstream file(CKPTSCOPE_TESTS "/golden/hostile_verdicts.txt");
  if (!file) throw std::runtime_error("tests/golden/hostile_verdicts.txt");
  std::map<std::string, OfficialVerdict> verdicts;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("#")) continue;
    std::istringstream words(line);
    std::string name, verdict, kind;
    words >> name >> verdict >> kind;
    verdicts[name] = {verdict == "accept", kind};
  }
  return verdicts;
}

}  // namespace

const std::vector<HostileCase>& hostile_cases() {
  static const Cases all = make_cases();
  return all;
}

const HostileCase& hostile_case(const std::string& name) {
  for (const HostileCase& one : hostile_cases()) {
    if (one.name == name) return one;
  }
  throw std::runtime_error("no hostile case " + name);
}

const OfficialVerdict& official_verdict(const std::string& name) {
  static const std::map<std::string, OfficialVerdict> verdicts = read_verdicts();
  const auto found = verdicts.find(name);
  if (found == verdicts.end()) throw std::runtime_error("no verdict for " + name);
  return found->second;
}

}  // namespace ckptscope::testing
