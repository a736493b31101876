// What the keys of a rule owe each other: each must be known from what the others capture. All say
// what is wrong, as an error's message; empty where nothing is.
#pragma once

#include <string>
#include <string_view>

#include "core/mapping/mapping.hpp"

namespace ckptscope {

/// `written` is made of what `read` captures: every variable must be known there, but for `index`,
/// which counts.
std::string find_unknown(const Pattern& written, const Pattern& read, std::string_view index = "");
/// A closed set that one of two keys declares holds in both, unless the other has another one of
/// that name.
std::string bind_sets(Pattern& a, Pattern& b);
/// Of every way in which an equation can be used, and of its stack. What a template's texts bring
/// along is known where it is used: its variables are not looked at.
std::string find_fault(const Equation& equation, bool is_template);

}  // namespace ckptscope
