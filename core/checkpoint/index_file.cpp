// The JSON is walked once; what it says of half a million tensors is kept until they are known.
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
  IndexReader(std::string_view text, IndexFile& index) : scan_(text), index_(index) {
    index_.names_.reserve(text.size());  // memory that is not touched costs nothing
  }

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
      index_.names_ += key;
      if (scan_.peek() != '"') scan_.fail_expected("a file name");
      const std::uint32_t file = number_of(scan_.string());
      index_.members_.push_back({static_cast<std::uint32_t>(index_.names_.size()), file});
    }
    if (empty) fail(Code::BadIndex, "\"weight_map\" is empty");
  }

  /// Of the file of the name that was added last. Names of files repeat, one after another.
  std::uint32_t number_of(std::string_view file) {
    const auto& members = index_.members_;
    if (!members.empty() && index_.files_[members.back().file] == file) return members.back().file;
    if (const auto found = numbers_.find(file); found != numbers_.end()) return found->second;
    const std::size_t begin = members.empty() ? 0 : members.back().name_end;
    check_file_name(std::string_view(index_.names_).substr(begin), file);
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

  JsonScanner scan_;
  IndexFile& index_;
  std::map<std::string, std::uint32_t, std::less<>> numbers_;  // of files
};

IndexFile::IndexFile(std::string_view text) {
  try {
    if (text.size() > kMaxIndexBytes) {
      fail(Code::BadIndex, "{} is more than the {} that are read", format_bytes(text.size()),
           format_bytes(kMaxIndexBytes));
    }
    if (const auto at = find_invalid_utf8(text); at != text.npos) {
      fail(Code::BadIndex, "byte {} is not UTF-8", at);
    }
    IndexReader(text, *this).read();
  } catch (const Error& error) {
    throw Error(Code::BadIndex, error.what());
  }
}

void IndexFile::for_each(
    const std::function<void(std::string_view tensor, std::uint32_t file)>& visit) const {
  std::size_t begin = 0;
  for (const Member& member : members_) {
    visit(std::string_view(names_).substr(begin, member.name_end - begin), member.file);
    begin = member.name_end;
  }
}

}  // namespace ckptscope
