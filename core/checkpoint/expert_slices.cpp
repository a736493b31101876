// All slices or none: what a missing one held nobody knows.
#include "core/checkpoint/expert_slices.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/base/bytes.hpp"
#include "core/base/display.hpp"
#include "core/base/error.hpp"

namespace ckptscope {
namespace {

/// The number of ranks that the name of a slice states; nullopt for any other name.
std::optional<std::uint64_t> ranks_of(std::string_view name) {
  constexpr std::string_view kStart = "ep-";
  constexpr std::string_view kOf = "-of-";
  const std::size_t of = name.find(kOf);
  if (!name.starts_with(kStart) || of == name.npos) return std::nullopt;
  const auto rank = parse_number(name.substr(kStart.size(), of - kStart.size()));
  const auto ranks = parse_number(name.substr(of + kOf.size()));
  const bool is_slice = rank && ranks && *rank < *ranks && name == slice_name(*rank, *ranks);
  return is_slice ? ranks : std::nullopt;
}

}  // namespace

std::string to_json(const FirstExperts& first) {
  return nlohmann::json(first).dump();
}

FirstExperts parse_first_experts(const std::string& text) {
  try {
    const auto root = nlohmann::json::parse(text);
    for (const auto& [key, number] : root.items()) {
      if (!number.is_number_unsigned())
        fail(Code::BadDcp, "{}: {} begins at no expert", kFirstExperts, display(key));
    }
    return root.get<FirstExperts>();
  } catch (const nlohmann::json::exception&) {
    fail(Code::BadDcp, "{} is not what a slice says", kFirstExperts);
  }
}

std::string slice_name(std::uint64_t rank, std::uint64_t ranks) {
  return fmt::format("ep-{:05}-of-{:05}", rank, ranks);
}

std::vector<std::string> slice_names(const std::vector<std::string>& names) {
  std::optional<std::uint64_t> ranks;
  std::vector<std::string> found;
  for (const std::string& name : names) {
    const auto of = ranks_of(name);
    if (!of) continue;
    if (ranks && *ranks != *of) fail(Code::RankShards, "slices of {} ranks and of {}", *ranks, *of);
    ranks = of;
    found.push_back(name);
  }
  std::sort(found.begin(), found.end());
  for (std::uint64_t rank = 0; rank < ranks.value_or(0); ++rank) {
    const std::string name = slice_name(rank, *ranks);
    if (rank < found.size() && found[rank] == name) continue;
    fail(Code::RankShards, "{} is missing: only all slices together are a model", name);
  }
  return found;
}

}  // namespace ckptscope
