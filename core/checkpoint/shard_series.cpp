// Names are taken apart at "-of-".
#include "core/checkpoint/shard_series.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "core/base/bytes.hpp"
#include "core/base/natural_order.hpp"

namespace ckptscope {
namespace {

constexpr std::string_view kOf = "-of-";
constexpr std::size_t kMostMissing = 1000;

struct Numbered {
  std::string around;  // the name without its number
  std::uint64_t number = 0;
  std::uint64_t total = 0;
};

std::optional<Numbered> take_apart(const std::string& name) {
  const auto of = name.rfind(kOf);
  if (of == name.npos) return std::nullopt;
  std::size_t begin = of;
  while (begin > 0 && is_digit(name[begin - 1])) --begin;
  std::size_t end = of + kOf.size();
  while (end < name.size() && is_digit(name[end])) ++end;
  const auto number = parse_number(name.substr(begin, of - begin));
  const auto total = parse_number(name.substr(of + kOf.size(), end - of - kOf.size()));
  if (!number || !total) return std::nullopt;
  return Numbered{name.substr(0, begin) + name.substr(of), *number, *total};
}

}  // namespace

std::vector<std::uint64_t> ShardSeries::missing() const {
  const std::uint64_t first = numbers.front() == 0 ? 0 : 1;
  const std::uint64_t stated = first == 0 && total > 0 ? total - 1 : total;
  const std::uint64_t end = std::max(stated, numbers.back());
  std::vector<std::uint64_t> absent;
  auto next = numbers.begin();
  for (std::uint64_t i = first; i <= end && absent.size() < kMostMissing; ++i) {
    if (next != numbers.end() && *next == i) {
      ++next;
    } else {
      absent.push_back(i);
    }
  }
  return absent;
}

std::vector<ShardSeries> numbered_series(std::span<const Shard> shards) {
  std::map<std::string, ShardSeries> series;
  for (const Shard& shard : shards) {
    const auto parts = take_apart(shard.name);
    if (!parts) continue;
    ShardSeries& one = series[parts->around];
    one.total = parts->total;
    one.numbers.push_back(parts->number);
    one.last = shard.name;
  }
  std::vector<ShardSeries> found;
  for (auto& [around, one] : series) {
    std::sort(one.numbers.begin(), one.numbers.end());
    one.numbers.erase(std::unique(one.numbers.begin(), one.numbers.end()), one.numbers.end());
    found.push_back(std::move(one));
  }
  return found;
}

}  // namespace ckptscope
