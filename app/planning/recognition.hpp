// Which family a checkpoint is, and which namespace and layout its keys are in.
#pragma once

#include <string>
#include <string_view>

#include "adapters/adapter.hpp"
#include "core/checkpoint/checkpoint.hpp"

namespace ckptscope {

/// Which family a checkpoint is, and why; adapter is null when nothing fits, and the reason then
/// says what the config names, if anything.
struct Family {
  const Adapter* adapter = nullptr;
  std::string reason;
};

/// Whose keys these are. Mixed: both sides' names occur.
enum class DetectedSide { Hf, Native, Mixed, Unknown };
std::string_view name_of(DetectedSide side);

/// By the config; by keys only where it names no model_type. Throws UnknownAdapter for an `asked`
/// name that does not exist.
Family recognise_family(const Checkpoint& checkpoint, const Config& config,
                        const std::string& asked = "");
DetectedSide recognise_side(const Checkpoint& checkpoint, const Config& config,
                            const Adapter& adapter);
/// A directory, an index or a cache entry of a model: of one file, and of a LoRA, nobody can say
/// what is missing.
bool is_whole_model(const Checkpoint& checkpoint);

/// The layout asked for; else the one whose marker the native keys carry; else the first. Throws
/// Usage for one that the adapter does not have.
std::string choose_layout(const Checkpoint& checkpoint, const Adapter& adapter,
                          const std::string& asked);

/// "gpt_oss, nemotron_v3, …", for messages.
std::string adapter_names();

}  // namespace ckptscope
