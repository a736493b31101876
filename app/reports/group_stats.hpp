// Statistics of several tensors while they are looked at: a row each, and pictures over layers and
// experts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "app/language/command.hpp"
#include "core/figures/trends.hpp"
#include "core/figures/twins.hpp"
#include "core/inspect/stats.hpp"
#include "views/document/document.hpp"

namespace ckptscope {

/// What --figure names, a number of the table of figures. Throws Usage for one of pairs without
/// --against, and for another with it.
std::size_t figure_of(const Args& args);

/// A copy is what was known then. Not thread-safe.
class GroupStats {
 public:
  explicit GroupStats(const std::vector<StatsItem>& items);
  void add(std::size_t item, const TensorStats& stats);
  /// When all are added: reads experts of equal figures once more, and compares them.
  void look_for_twins(const Checkpoint& checkpoint, std::span<const StatsItem> items,
                      Progress& progress);

  /// Of trends().
  std::span<const Twin> twins() const { return twins_; }
  /// In natural order of names.
  std::vector<Trend> trends() const { return collector_.trends(); }
  /// Of the one name that has pictures: the key of its layer number `row` and an expert. Empty
  /// where there is none, or more than one.
  std::string key_at(std::size_t row, std::size_t expert) const;
  /// Tensors with NaN or infinities, the most first, for people; without rows where there are none.
  Table not_finite() const;
  /// Pictures of figure `kind` where there are layers, for that audience, and the table of all
  /// tensors that are done: for people where it `lists` them, or there are no pictures.
  Document document(std::size_t kind, Audience pictures, bool lists) const;

 private:
  /// What the table keeps of a tensor's statistics.
  struct Row {
    std::string key;
    std::string format;
    std::uint64_t count = 0;
    std::uint64_t zeros = 0;
    std::uint64_t nans = 0;
    std::uint64_t infinities = 0;
    Cell mean{};
    Cell deviation{};
    Cell least{};
    Cell most{};
    bool done = false;

    void fill(const Moments& moments);
  };
  Table table() const;
  Fields total(bool for_people) const;

  std::vector<Row> rows_;
  TrendCollector collector_;
  std::vector<Twin> twins_;
};

}  // namespace ckptscope
