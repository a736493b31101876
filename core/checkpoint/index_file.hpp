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

namespace ckptscope {

/// The name that an index has where there is but one.
inline constexpr std::string_view kUsualIndex = "model.safetensors.index.json";
inline constexpr std::uint64_t kMaxIndexBytes = 100'000'000;

/// Calls `entry(tensor, file)` for every member of weight_map, in the order of the text; the views
/// are valid during the call. Returns metadata.total_size where that is a number.
/// Throws BadIndex: not this JSON, no or an empty weight_map, a file name that is not a plain name
/// of at most 255 bytes ending in .safetensors or .bin (a path could lead out of the checkpoint).
/// Duplicate names are the caller's to find.
struct IndexSummary {
  std::optional<std::uint64_t> total_size;  // bytes; nullopt when it is not a 64-bit integer
};
IndexSummary scan_index(
    std::string_view text,
    const std::function<void(std::string_view tensor, std::string_view file)>& entry);

}  // namespace ckptscope
