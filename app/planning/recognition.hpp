// Which family a checkpoint is, and which namespace and layout its keys are in.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "adapters/adapter.hpp"
#include "core/checkpoint/checkpoint.hpp"
#include "core/mapping/lookup.hpp"

namespace ckptscope {

/// Which family a checkpoint is, and why; adapter is null when nothing fits, and the reason then
/// says what the config names, if anything.
struct Family {
  std::shared_ptr<const Adapter> adapter;
  std::string reason;
};

/// What is asked of recognition; empty means "decide".
struct FamilyRequest {
  std::string adapter;                   // --adapter; "none": keys as they are, no family
  std::optional<MappingText> mapping{};  // a text of the user's instead
};

/// Whose keys these are. Mixed: both sides' names occur.
enum class DetectedSide { Hf, Native, Mixed, Unknown };
std::string_view name_of(DetectedSide side);

using Tensors = std::span<const TensorInfo>;

/// By the config; by keys only where it names no model_type. Throws UnknownAdapter for an adapter
/// that does not exist, and BadMapping.
Family recognise_family(Tensors tensors, const Config& config, const FamilyRequest& asked = {});
DetectedSide recognise_side(Tensors tensors, const Config& config, const Adapter& adapter);
SideEvidence evidence_of_sides(Tensors tensors, const Config& config, const Adapter& adapter);
/// The start that most keys have and that hides a family: "_orig_mod.", or the dict of torch.save
/// that holds the model beside others: "model/". Empty where there is none.
struct StrangersPrefix {
  std::string start;
  std::string family;  // of the keys without it; of a dict it may be unknown
  std::size_t keys = 0;
  std::vector<std::string> other_dicts{};  // "optimizer/"
};
StrangersPrefix find_strangers_prefix(Tensors tensors, const Config& config);
/// What a user can do about it, for messages; empty without one.
std::string way_out(const StrangersPrefix& prefix, std::size_t tensors);
/// A directory, an index or a cache entry of a model: of one file, and of a LoRA, nobody can say
/// what is missing.
bool is_whole_model(const Checkpoint& checkpoint);

/// The layout asked for; else the one whose marker the native keys carry; else the first. Throws
/// Usage for one that the adapter does not have.
std::string choose_layout(Tensors tensors, const Adapter& adapter, const std::string& asked);

/// True for the adapter that changes no key, "none".
bool changes_nothing(const Adapter& adapter);
/// True for one that is read from a text of the user's.
bool is_of_a_user(const Adapter& adapter);

}  // namespace ckptscope
