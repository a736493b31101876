// Tables. Source: pytorch, torch/_utils.py, torch/serialization.py,
// torch/distributed/checkpoint/metadata.py and filesystem.py, 2.4 to 2.13.
#include "core/torch/pickle_names.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace ckptscope {
namespace {

struct NamedCall {
  std::string_view module;
  std::string_view name;
  PickleName means;
};
constexpr NamedCall kCalls[] = {
    {"torch._utils", "_rebuild_tensor_v2", PickleName::TensorV2},
    {"torch._utils", "_rebuild_tensor_v3", PickleName::TensorV3},
    {"torch._utils", "_rebuild_parameter", PickleName::Parameter},
    {"torch._utils", "_rebuild_parameter_with_state", PickleName::Parameter},
    {"collections", "OrderedDict", PickleName::OrderedDict},
    {"torch", "Size", PickleName::Size},
    {"_codecs", "encode", PickleName::Encode},
    {"builtins", "set", PickleName::Set},
    {"__builtin__", "set", PickleName::Set},
    {"torch.serialization", "_get_layout", PickleName::Record},
    {"torch", "device", PickleName::Record},
};

/// Of a DTensor that torch.save has pickled; modules have moved over the years.
constexpr std::pair<std::string_view, std::string_view> kDTensorNames[] = {
    {"torch._tensor", "_rebuild_from_type_v2"},
    {"torch._utils", "_rebuild_wrapper_subclass"},
    {"torch.distributed.tensor", "DTensor"},
    {"torch.distributed._tensor", "DTensor"},
    {"torch.distributed._tensor.api", "DTensor"},
    {"torch.distributed.tensor._api", "DTensor"},
    {"torch.distributed.tensor._dtensor_spec", "DTensorSpec"},
    {"torch.distributed.tensor._dtensor_spec", "TensorMeta"},
    {"torch.distributed.tensor._dtensor_spec", "ShardOrderEntry"},
    {"torch.distributed._tensor.placement_types", "DTensorSpec"},
    {"torch.distributed._tensor.placement_types", "TensorMeta"},
    {"torch.distributed._tensor.placement_types", "Shard"},
    {"torch.distributed._tensor.placement_types", "Replicate"},
    {"torch.distributed.tensor.placement_types", "Shard"},
    {"torch.distributed.tensor.placement_types", "_StridedShard"},
    {"torch.distributed._tensor.placement_types", "_StridedShard"},
    {"torch.distributed.tensor.placement_types", "Replicate"},
    {"torch.distributed.device_mesh", "DeviceMesh"},
    {"torch.distributed._mesh_layout", "_MeshLayout"},
    {"torch.distributed._mesh_layout", "_FlatLayout"},
};

using NamedDtype = std::pair<std::string_view, Dtype>;
constexpr NamedDtype kStorages[] = {
    {"DoubleStorage", Dtype::F64},       {"FloatStorage", Dtype::F32},
    {"HalfStorage", Dtype::F16},         {"BFloat16Storage", Dtype::BF16},
    {"LongStorage", Dtype::I64},         {"IntStorage", Dtype::I32},
    {"ShortStorage", Dtype::I16},        {"CharStorage", Dtype::I8},
    {"ByteStorage", Dtype::U8},          {"BoolStorage", Dtype::BOOL},
    {"ComplexFloatStorage", Dtype::C64}, {"ComplexDoubleStorage", Dtype::C128},
};

/// Dtypes of torch that have no counterpart here: data all the same, and named where they stand.
constexpr std::string_view kOtherDtypes[] = {"complex32", "qint8",
                                             "quint8",    "qint32",
                                             "quint4x2",  "quint2x4",
                                             "bits1x8",   "bits2x4",
                                             "bits4x2",   "bits8",
                                             "bits16",    "uint1",
                                             "uint2",     "uint3",
                                             "uint4",     "uint5",
                                             "uint6",     "uint7",
                                             "int1",      "int2",
                                             "int3",      "int4",
                                             "int5",      "int6",
                                             "int7",      "float4_e2m1fn_x2"};

/// Classes of records, in the modules that have held them.
struct Record {
  std::string_view module;
  std::string_view name;
  std::string_view is;
};
constexpr std::string_view kMetadataModules[] = {"torch.distributed.checkpoint.metadata",
                                                 "torch.distributed._shard.checkpoint.metadata"};
constexpr std::string_view kMetadataRecords[] = {
    "Metadata",      "TensorStorageMetadata", "BytesStorageMetadata", "ChunkStorageMetadata",
    "MetadataIndex", "StorageMeta",           "TensorProperties",     "_MEM_FORMAT_ENCODING"};
constexpr Record kOtherRecords[] = {
    {"torch.distributed.checkpoint.filesystem", "_StorageInfo", "_StorageInfo"},
    {"torch.distributed._shard.checkpoint.filesystem", "_StorageInfo", "_StorageInfo"},
    {"torch.distributed.checkpoint._fsspec_filesystem", "_StorageInfo", "_StorageInfo"},
    {"torch.distributed._shard.checkpoint._fsspec_filesystem", "_StorageInfo", "_StorageInfo"},
    {"nemo_automodel.components.checkpoint._backports.filesystem", "_StorageInfo", "_StorageInfo"},
    {"torch.distributed._shard.sharded_tensor.metadata", "TensorProperties", "TensorProperties"},
    {"torch.distributed._shard.sharded_tensor.metadata", "MEM_FORMAT_ENCODING",
     "_MEM_FORMAT_ENCODING"},
    {"pathlib", "PosixPath", "path"},
    {"pathlib", "WindowsPath", "path"},
    {"pathlib", "PurePosixPath", "path"},
    {"pathlib._local", "PosixPath", "path"},
    {"pathlib._local", "WindowsPath", "path"},
    {"builtins", "getattr", "getattr"},  // of a member of an enum
};

}  // namespace

std::string_view dcp_record(std::string_view module, std::string_view name) {
  const bool metadata = std::find(std::begin(kMetadataModules), std::end(kMetadataModules),
                                  module) != std::end(kMetadataModules);
  if (metadata) {
    const auto found = std::find(std::begin(kMetadataRecords), std::end(kMetadataRecords), name);
    return found == std::end(kMetadataRecords) ? "" : *found;
  }
  const auto found =
      std::find_if(std::begin(kOtherRecords), std::end(kOtherRecords),
                   [&](const Record& one) { return one.module == module && one.name == name; });
  return found == std::end(kOtherRecords) ? "" : found->is;
}

std::optional<PickleName> pickle_name(std::string_view module, std::string_view name, bool of_dcp) {
  const auto found = std::find_if(std::begin(kCalls), std::end(kCalls), [&](const NamedCall& one) {
    return one.module == module && one.name == name;
  });
  if (found != std::end(kCalls)) return found->means;
  if (torch_dtype(module, name) || torch_storage_dtype(module, name) ||
      is_untyped_storage(module, name)) {
    return PickleName::Data;
  }
  const bool other_dtype =
      module == "torch" &&
      std::find(std::begin(kOtherDtypes), std::end(kOtherDtypes), name) != std::end(kOtherDtypes);
  if (other_dtype) return PickleName::Data;
  const auto dtensor =
      std::find(std::begin(kDTensorNames), std::end(kDTensorNames), std::pair(module, name));
  if (dtensor != std::end(kDTensorNames)) return PickleName::Record;
  if (of_dcp && !dcp_record(module, name).empty()) return PickleName::Record;
  return std::nullopt;
}

std::optional<Dtype> torch_dtype(std::string_view module, std::string_view name) {
  if (module != "torch" || name.empty()) return std::nullopt;
  for (const DtypeRow& row : dtype_table()) {
    if (row.alias == name && row.bits >= 8) return row.dtype;
  }
  return std::nullopt;
}

std::optional<Dtype> torch_storage_dtype(std::string_view module, std::string_view name) {
  if (module != "torch") return std::nullopt;
  const auto found = std::find_if(std::begin(kStorages), std::end(kStorages),
                                  [&](const NamedDtype& one) { return one.first == name; });
  return found == std::end(kStorages) ? std::nullopt : std::optional(found->second);
}

bool is_untyped_storage(std::string_view module, std::string_view name) {
  return name == "UntypedStorage" && (module == "torch.storage" || module == "torch");
}

}  // namespace ckptscope
