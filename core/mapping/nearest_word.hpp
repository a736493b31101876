// What a word that nobody knows was meant to be.
#pragma once

#include <span>
#include <string_view>

namespace ckptscope {

/// The one of `words` that `found` is likely meant to be: at most two letters are wrong, missing or
/// too many; empty where none is near.
std::string_view nearest_word(std::string_view found, std::span<const std::string_view> words);

}  // namespace ckptscope
