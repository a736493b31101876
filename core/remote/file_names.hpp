// What the files of a checkpoint are called, and how much of them is read.
#pragma once

#include <cstdint>
#include <string_view>

namespace ckptscope {

inline constexpr std::string_view kShardSuffix = ".safetensors";
inline constexpr std::string_view kIndexSuffix = ".safetensors.index.json";
inline constexpr std::string_view kConfigName = "config.json";
inline constexpr std::uint64_t kMostText = 100'000'000;    // bytes of an index or config
inline constexpr std::uint64_t kMostHeader = 100'000'000;  // as the format allows

}  // namespace ckptscope
