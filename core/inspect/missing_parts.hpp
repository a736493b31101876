// What a model should have by its config and its own other layers, and has not: told by names.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/base/config.hpp"
#include "core/base/error.hpp"

namespace ckptscope {

struct ModelKey {
  std::string_view key;
  std::uint64_t elements = 0;
};

/// Of either side of a mapping. Warnings (incomplete): layers that the config counts and no key
/// has, no embedding, no final norm, a layer with a router and without experts, or
/// with fewer than the config says or another layer has. Notes: a head that is tied to the
/// embedding; a layer that lacks keys that another one of its kind has, which in published models
/// is mostly as it should be. Nothing without a config that states a number of layers. O(keys).
/// `layers`: a number that holds instead of the config's.
std::vector<Problem> missing_parts(std::span<const ModelKey> keys, const Config& config,
                                   std::optional<std::uint64_t> layers = {});

/// How many layers the model proper has, counted from 0 without a hole; nullopt where one is
/// missing.
std::optional<std::uint64_t> first_layers(std::span<const ModelKey> keys);

}  // namespace ckptscope
