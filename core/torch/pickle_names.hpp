// The names of a pickle that have a meaning here. Everything else is foreign: it is named, and
// nothing else is done about it.
#pragma once

#include <optional>
#include <string_view>

#include "core/tensor/dtype.hpp"

namespace ckptscope {

/// What a call of a known name stands for.
enum class PickleName {
  TensorV2,   // torch._utils _rebuild_tensor_v2
  TensorV3,   // … with a dtype of its own
  Parameter,  // its first argument
  OrderedDict,
  Size,    // a tuple of whole numbers
  Encode,  // _codecs encode: bytes that were written as text
  Set,
  Record,  // kept as it is: a call with a state
  Data,    // a dtype, a storage class: never called
};

/// nullopt for a foreign name. `of_dcp`: records of torch.distributed.checkpoint are known, too.
std::optional<PickleName> pickle_name(std::string_view module, std::string_view name, bool of_dcp);

/// "torch" "bfloat16".
std::optional<Dtype> torch_dtype(std::string_view module, std::string_view name);
/// "torch" "BFloat16Storage".
std::optional<Dtype> torch_storage_dtype(std::string_view module, std::string_view name);
bool is_untyped_storage(std::string_view module, std::string_view name);

/// What a record of DCP is: "TensorStorageMetadata", under whichever module and version it was
/// written; empty for another name.
std::string_view dcp_record(std::string_view module, std::string_view name);

}  // namespace ckptscope
