// A thin layer over PCRE2: compiled once, matched with its just-in-time code where there is one.
#define PCRE2_CODE_UNIT_WIDTH 8
#include "core/base/regex.hpp"

#include <pcre2.h>

#include <algorithm>

#include "core/base/display.hpp"
#include "core/base/error.hpp"

namespace ckptscope {
namespace {

constexpr std::uint32_t kMatchLimit = 200'000;

bool has_capital(std::string_view pattern) {
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '\\') {
      ++i;  // \D, \W: not capitals of the text
    } else if (pattern[i] >= 'A' && pattern[i] <= 'Z') {
      return true;
    }
  }
  return false;
}

template <typename T, void (*Free)(T*)>
struct Deleter {
  void operator()(T* pointer) const { Free(pointer); }
};

}  // namespace

Regex::Regex(std::string_view pattern, Flags flags)
    : pattern_(elide_middle(display(pattern.substr(0, 4096)), 80)) {
  std::uint32_t options = PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_DOTALL;
  if (flags.at_start) options |= PCRE2_ANCHORED;
  if (flags.whole) options |= PCRE2_ANCHORED | PCRE2_ENDANCHORED;
  if (flags.smart_case && !has_capital(pattern)) options |= PCRE2_CASELESS;
  int error = 0;
  PCRE2_SIZE offset = 0;
  pcre2_code* code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                                   options, &error, &offset, nullptr);
  if (code == nullptr) {
    char message[256] = {};
    pcre2_get_error_message(error, reinterpret_cast<PCRE2_UCHAR*>(message), sizeof message);
    fail(Code::Usage, "regular expression \"{}\": {} at offset {}", pattern_, message, offset);
  }
  pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);  // without JIT the interpreter is used
  code_ = std::shared_ptr<void>(
      code, [](void* owned) { pcre2_code_free(static_cast<pcre2_code*>(owned)); });
}

std::optional<std::pair<std::size_t, std::size_t>> Regex::find(std::string_view text) const {
  const auto* code = static_cast<const pcre2_code*>(code_.get());
  const std::unique_ptr<pcre2_match_data, Deleter<pcre2_match_data, pcre2_match_data_free>> data(
      pcre2_match_data_create(1, nullptr));
  const std::unique_ptr<pcre2_match_context, Deleter<pcre2_match_context, pcre2_match_context_free>>
      context(pcre2_match_context_create(nullptr));
  pcre2_set_match_limit(context.get(), kMatchLimit);
  const int found = pcre2_match(code, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), 0, 0,
                                data.get(), context.get());
  if (found < 0 && found != PCRE2_ERROR_NOMATCH) {
    fail(Code::Usage, "regular expression \"{}\": too many steps on \"{}\"; a simpler one may do",
         pattern_, elide_middle(display(text.substr(0, 4096)), 80));
  }
  if (found < 0) return std::nullopt;
  const PCRE2_SIZE* const ends = pcre2_get_ovector_pointer(data.get());
  return std::pair(static_cast<std::size_t>(ends[0]), static_cast<std::size_t>(ends[1]));
}

}  // namespace ckptscope
