// A query over many things: a plain word that names none of them is taken more and more loosely,
// and what was done so is said.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "core/base/error.hpp"
#include "core/names/query.hpp"

namespace ckptscope {

/// How far a plain word may be from a key: a text in it, or letters in the same order.
enum class Looseness { Text, Letters };

struct QueryResult {
  std::vector<std::uint32_t> things;  // ascending
  std::vector<Problem> notes;  // NoMatch: words taken loosely, and "!word"s that meet nothing
};

using SeeNames = std::function<void(std::span<const QueryItem> names)>;
/// Calls `see` once with the names of a thing, which need not live longer than that.
using NamesOf = std::function<void(std::uint32_t thing, const SeeNames& see)>;

/// Which of the things 0 to `count` a query finds. All are looked at once, and once more for each
/// way in which a plain word is taken. Throws Usage for a word that cannot be understood.
QueryResult find(const std::vector<std::string>& words, std::uint32_t count,
                 const NamesOf& names_of, Looseness most);

}  // namespace ckptscope
