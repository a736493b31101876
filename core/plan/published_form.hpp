// How a model lay in files before it was trained: what Automodel keeps of it beside its
// checkpoints, in .hf_metadata. An output in the hf layout follows it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "core/tensor/dtype.hpp"

namespace ckptscope {

struct PublishedForm {
  std::map<std::string, std::uint32_t, std::less<>> file_of;  // hf key -> number of its file
  std::map<std::string, Dtype, std::less<>> dtype_of;         // hf key -> BF16, F16 or F32

  bool operator==(const PublishedForm&) const = default;
};

inline constexpr std::string_view kFileNumbersName = "fqn_to_file_index_mapping.json";
inline constexpr std::string_view kDtypesName = "fqn_to_dtype_mapping.json";

/// The texts of these files, {"key": 3, …} and {"key": "BF16", …}, either of which may be empty:
/// then it says nothing. Other dtypes than those that weights are trained in are those of packed
/// forms, and passed over. Throws BadConfig, which names the file, for what is not this JSON.
PublishedForm read_published_form(std::string_view file_numbers, std::string_view dtypes);

}  // namespace ckptscope
