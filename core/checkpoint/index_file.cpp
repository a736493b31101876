// The JSON is walked once. Names are not copied: where one begins is kept, and it is read again
// there.
#include "core/checkpoint/index_file.hpp"

#include <map>
#include <utility>

#include "core/base/bytes.hpp"
#include "core/base/display.hpp"
#include "core/base/error.hpp"
#include "core/base/json_scanner.hpp"

namespace ckptscope {
namespace {

constexpr std::size_t kMaxFileName = 255;

std::string name_in(std::string_view text, std::size_t at) {
  JsonScanner scan(text.substr(at));
  return std::string(scan.string());
}

void check_file_name(std::string_view tensor, std::string_view file) {
  const bool plain = !file.empty() && file != "." && file != ".." && file.size() <= kMaxFileName &&
                     file.find_first_of(std::string_view("/\\\0", 3)) == file.npos;
  if (!plain || !(file.ends_with(".safetensors") || file.ends_with(".bin"))) {
    fail(Code::BadIndex,
         "weight_map: tensor \"{}\" names \"{}\", a plain name of a .safetensors file is expected",
         display(tensor), elide_middle(display(file), 80));
  }
}

}  // namespace

class IndexReader {
 public:
  explicit IndexReader(IndexFile& index) : index_(index), scan_(index.text_) {}

  void read() {
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
      const std::size_t name_at = scan_.string_offset();
      if (scan_.peek() != '"') scan_.fail_expected("a file name");
      const std::uint32_t file = number_of(scan_.string(), name_at);
      index_.members_.push_back({static_cast<std::uint32_t>(name_at), file});
    }
    if (empty) fail(Code::BadIndex, "\"weight_map\" is empty");
  }

  /// Names repeat, one after another.
  std::uint32_t number_of(std::string_view file, std::size_t name_at) {
    const bool again =
        !index_.members_.empty() && index_.files_[index_.members_.back().file] == file;
    if (again) return index_.members_.back().file;
    if (const auto found = numbers_.find(file); found != numbers_.end()) return found->second;
    check_file_name(name_in(index_.text_, name_at), file);
    const auto number = static_cast<std::uint32_t>(index_.files_.size());
    index_.files_.emplace_back(file);
    numbers_.emplace(file, number);
    return number;
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
        index_.total_size_ = attempt.unsigned_integer();
      } catch (const Error&) {
        index_.total_size_.reset();
      }
      scan_.skip_value();
    }
  }

  IndexFile& index_;
  JsonScanner scan_;
  std::map<std::string, std::uint32_t, std::less<>> numbers_;  // of files
};

IndexFile::IndexFile(std::string text) : text_(std::move(text)) {
  try {
    if (text_.size() > kMaxIndexBytes) {
      fail(Code::BadIndex, "{} is more than the {} that are read", format_bytes(text_.size()),
           format_bytes(kMaxIndexBytes));
    }
    if (const auto at = find_invalid_utf8(text_); at != text_.npos) {
      fail(Code::BadIndex, "byte {} is not UTF-8", at);
    }
    IndexReader(*this).read();
  } catch (const Error& error) {
    throw Error(Code::BadIndex, error.what());
  }
}

void IndexFile::for_each(
    const std::function<void(std::string_view tensor, std::uint32_t file)>& visit) const {
  for (const Member& member : members_) {
    JsonScanner scan(std::string_view(text_).substr(member.name_at));
    visit(scan.string(), member.file);
  }
}

}  // namespace ckptscope
