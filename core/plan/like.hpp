// --like: outputs that must have the keys, dtypes and shapes of another checkpoint.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/base/error.hpp"
#include "core/mapping/mapping.hpp"
#include "core/plan/draft.hpp"
#include "core/tensor/tensor_list.hpp"

namespace ckptscope {

/// The checkpoint of --like, as the planner needs it.
struct Like {
  TensorList source;
  std::string name;                 // for messages
  std::string quantisation_config;  // of its config.json, as JSON; may be empty
  Config::Places places{};          // where it stands there
};

struct LikeMatch {
  std::vector<Draft> drafts;
  std::vector<Borrowed> borrowed;       // read as inputs number `inputs` and on
  std::vector<std::uint32_t> given_up;  // inputs that were to be written and must be all zero
  std::vector<Problem> problems;
};

/// Adds drafts for what `like` has and no weight tells (activation scales), takes away zeros that
/// it has no place for, and reports every other difference. `inputs`: how many tensors the source
/// has, behind which those of `like` are numbered.
LikeMatch match_like(const Like& like, const Mapping& mapping, std::vector<Draft> drafts,
                     std::size_t inputs, Values& values);

}  // namespace ckptscope
