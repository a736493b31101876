// model.safetensors.index.json: which shard holds which tensor. Read strictly, in one pass, without
// a DOM; an index of half a million names is 60 MB of text.
//
//   {"metadata": {"total_size": 13761264768}, "weight_map": {"tensor name": "file name", …}}
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ckptscope {

/// The name that an index has where there is but one.
inline constexpr std::string_view kUsualIndex = "model.safetensors.index.json";
inline constexpr std::uint64_t kMaxIndexBytes = 100'000'000;

/// What an index says, half the size of its text: names, and eight bytes of each. Immutable, safe
/// for any number of threads.
class IndexFile {
 public:
  /// The text is not kept. Throws BadIndex: not this JSON, no or an empty weight_map, a file name
  /// that is not a plain name of at most 255 bytes ending in .safetensors or .bin (a path could
  /// lead out of the checkpoint), more than kMaxIndexBytes.
  explicit IndexFile(std::string_view text);

  /// Those that weight_map names, each once, in the order in which it first names them.
  const std::vector<std::string>& files() const { return files_; }
  /// Every member of weight_map, in the order of the text: `file` is a number of files(), the name
  /// a view into this. Names that stand twice come twice.
  void for_each(
      const std::function<void(std::string_view tensor, std::uint32_t file)>& visit) const;
  /// metadata.total_size, bytes; nullopt when it is not a 64-bit integer.
  std::optional<std::uint64_t> total_size() const { return total_size_; }

 private:
  friend class IndexReader;
  struct Member {
    std::uint32_t name_end;  // in names_; it begins where the one before ends
    std::uint32_t file;
  };
  std::string names_;  // one behind the other
  std::vector<std::string> files_;
  std::vector<Member> members_;
  std::optional<std::uint64_t> total_size_;
};

}  // namespace ckptscope
