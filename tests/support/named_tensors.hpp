// NamedTensors that are names, dtypes and shapes only, and random ones.
#pragma once

#include <algorithm>
#include <deque>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/names/name_tree.hpp"

namespace ckptscope::testing {

using Random = std::mt19937_64;

inline std::string random_name(Random& random, std::string_view letters) {
  std::string name;
  for (std::size_t k = random() % 9; k > 0; --k) name += letters[random() % letters.size()];
  return name;
}

/// Tensors that own their names and shapes.
class NamedTensors {
 public:
  void add(const std::string& key, Dtype dtype = Dtype::BF16, Shape shape = {2, 4}) {
    const std::string& name = names_.emplace_back(key);
    const Shape& extents = shapes_.emplace_back(std::move(shape));
    TensorInfo info;
    info.name = name;
    info.shape = extents;
    info.dtype = dtype;
    info.end = byte_count(dtype, extents);
    ids_.push_back(static_cast<std::uint32_t>(infos_.size()));
    infos_.push_back(info);
  }
  const std::vector<TensorInfo>& infos() const { return infos_; }
  NameTree tree() const { return NameTree(infos_, ids_); }

 private:
  std::deque<std::string> names_;
  std::deque<Shape> shapes_;
  std::vector<TensorInfo> infos_;
  std::vector<std::uint32_t> ids_;
};

inline NamedTensors random_tensors(Random& random, std::string_view letters) {
  std::set<std::string> names;
  for (std::size_t k = random() % 40; k > 0; --k) names.insert(random_name(random, letters));
  std::vector<std::string> shuffled(names.begin(), names.end());
  std::shuffle(shuffled.begin(), shuffled.end(), random);
  NamedTensors tensors;
  for (const std::string& name : shuffled) tensors.add(name, Dtype::U8, {random() % 3});
  return tensors;
}

}  // namespace ckptscope::testing
