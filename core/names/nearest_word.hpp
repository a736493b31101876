// What a word that nobody knows was meant to be.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace ckptscope {

/// Letters that must be changed, put in or taken out to make one of the other (Levenshtein).
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The one of `words` that `found` is likely meant to be: at most two letters are wrong, missing or
/// too many; empty where none is near.
std::string_view nearest_word(std::string_view found, std::span<const std::string_view> words);

/// The same for the end of a message: "; did you mean \"stack\"?", or nothing.
std::string suggestion(std::string_view found, std::span<const std::string_view> words);

}  // namespace ckptscope
