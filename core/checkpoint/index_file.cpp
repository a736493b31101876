// The index is walked twice rather than kept: once for its files, once against their headers.
#include "core/checkpoint/index_file.hpp"

#include "core/base/display.hpp"
#include "core/base/error.hpp"
#include "core/base/json_scanner.hpp"

namespace ckptscope {
namespace {

constexpr std::size_t kMaxFileName = 255;

void check_file_name(std::string_view tensor, std::string_view file) {
  const bool plain = !file.empty() && file != "." && file != ".." && file.size() <= kMaxFileName &&
                     file.find_first_of(std::string_view("/\\\0", 3)) == file.npos;
  if (!plain || !(file.ends_with(".safetensors") || file.ends_with(".bin"))) {
    fail(Code::BadIndex,
         "weight_map: tensor \"{}\" names \"{}\", a plain name of a .safetensors file is expected",
         display(tensor), elide_middle(display(file), 80));
  }
}

class IndexReader {
 public:
  using Entry = std::function<void(std::string_view, std::string_view)>;
  IndexReader(std::string_view text, const Entry& entry) : scan_(text), entry_(entry) {}

  IndexSummary read() {
    scan_.enter_object();
    std::string_view name;
    bool has_map = false;
    bool has_metadata = false;
    for (bool first = true; scan_.next_member(first, name); first = false) {
      if (name == "weight_map") {
        once(has_map, name);
        read_weight_map();
      } else if (name == "metadata" && scan_.peek() == '{') {
        once(has_metadata, name);
        read_metadata();
      } else {
        scan_.skip_value();
      }
    }
    scan_.finish();
    if (!has_map) fail(Code::BadIndex, "\"weight_map\" is missing");
    return summary_;
  }

 private:
  static void once(bool& seen, std::string_view name) {
    if (std::exchange(seen, true)) fail(Code::DuplicateKey, "\"{}\" stands twice", name);
  }

  void read_weight_map() {
    scan_.enter_object();
    std::string_view key;
    bool empty = true;
    for (; scan_.next_member(empty, key); empty = false) {
      tensor_.assign(key);
      if (scan_.peek() != '"') scan_.fail_expected("a file name");
      const std::string_view file = scan_.string();
      if (first_ || file != file_) {  // names repeat, one after another
        first_ = false;
        check_file_name(tensor_, file);
        file_ = file;
      }
      entry_(tensor_, file);
    }
    if (empty) fail(Code::BadIndex, "\"weight_map\" is empty");
  }

  void read_metadata() {
    scan_.enter_object();
    std::string_view name;
    for (bool first = true; scan_.next_member(first, name); first = false) {
      if (name != "total_size") {
        scan_.skip_value();
        continue;
      }
      JsonScanner attempt = scan_;  // a wrong total_size is only a note
      try {
        summary_.total_size = attempt.unsigned_integer();
      } catch (const Error&) {
        summary_.total_size.reset();
      }
      scan_.skip_value();
    }
  }

  JsonScanner scan_;
  const Entry& entry_;
  IndexSummary summary_;
  std::string tensor_;
  std::string file_;
  bool first_ = true;
};

}  // namespace

IndexSummary scan_index(
    std::string_view text,
    const std::function<void(std::string_view tensor, std::string_view file)>& entry) {
  try {
    if (const auto at = find_invalid_utf8(text); at != text.npos) {
      fail(Code::BadIndex, "byte {} is not UTF-8", at);
    }
    return IndexReader(text, entry).read();
  } catch (const Error& error) {
    throw Error(Code::BadIndex, error.what());
  }
}

}  // namespace ckptscope
