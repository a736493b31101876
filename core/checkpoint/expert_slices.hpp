// Slices of a native checkpoint for expert parallelism: one directory a rank, "ep-00003-of-00008",
// in which every stack holds that rank's experts and all else is whole. Where a slice begins in its
// stack stands in the metadata of its files.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ckptscope {

/// The member of a file's metadata: JSON, {"key of a stack": number of its first expert}.
inline constexpr std::string_view kFirstExperts = "ckptscope.experts";

using FirstExperts = std::map<std::string, std::uint64_t, std::less<>>;

std::string to_json(const FirstExperts& first);
/// Throws BadDcp for a text that is not of that form.
FirstExperts parse_first_experts(const std::string& text);

/// "ep-00003-of-00008".
std::string slice_name(std::uint64_t rank, std::uint64_t ranks);
/// Of a directory's names those of slices, in the order of the ranks; empty where there are none.
/// Throws RankShards where one of them is missing, or where they are of several numbers of ranks.
std::vector<std::string> slice_names(const std::vector<std::string>& names);

}  // namespace ckptscope
