// Half a million keys: read in one pass, without a DOM.
#include "core/plan/published_form.hpp"

#include <limits>

#include "core/base/display.hpp"
#include "core/base/error.hpp"
#include "core/base/json_scanner.hpp"

namespace ckptscope {
namespace {

/// Calls `read(scan, key)` at every value of the one object that the text is.
void scan_members(std::string_view text, std::string_view file, const auto& read) {
  if (text.empty()) return;
  try {
    if (find_invalid_utf8(text) != text.npos) fail(Code::BadJson, "it is not UTF-8");
    JsonScanner scan(text);
    scan.enter_object();
    std::string_view name;
    for (bool first = true; scan.next_member(first, name); first = false) {
      std::string key(name);
      read(scan, std::move(key));
    }
    scan.finish();
  } catch (const Error& error) {
    fail(Code::BadConfig, ".hf_metadata/{}: {}", file, error.what());
  }
}

void once(bool is_new, const std::string& key) {
  if (!is_new) fail(Code::DuplicateKey, "\"{}\" stands twice", display(key));
}

}  // namespace

PublishedForm read_published_form(std::string_view file_numbers, std::string_view dtypes) {
  PublishedForm form;
  scan_members(file_numbers, kFileNumbersName, [&](JsonScanner& scan, std::string key) {
    const std::uint64_t number = scan.unsigned_integer();
    if (number > std::numeric_limits<std::uint32_t>::max()) {
      fail(Code::BadJson, "\"{}\" is in file {}", display(key), number);
    }
    once(form.file_of.emplace(key, static_cast<std::uint32_t>(number)).second, key);
  });
  scan_members(dtypes, kDtypesName, [&](JsonScanner& scan, std::string key) {
    const auto dtype = parse_dtype_strict(scan.string());
    if (is_output_dtype(dtype)) once(form.dtype_of.emplace(key, *dtype).second, key);
  });
  return form;
}

}  // namespace ckptscope
