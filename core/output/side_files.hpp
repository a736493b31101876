// The files of a checkpoint that hold no tensors: config, tokenizer, chat template, code.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/file.hpp"
#include "core/plan/plan.hpp"
#include "core/run/inputs.hpp"

namespace ckptscope {

inline constexpr std::uint64_t kMaxSideFile = 256'000'000;

/// By its name: configs, tokenizer, chat template, code.
bool is_needed_to_run(std::string_view name);

/// What an output gets beside its tensors: every other top-level regular file of the source of up
/// to kMaxSideFile, but no weights, no index, no receipt, and no link out of the checkpoint (of a
/// hub cache: out of its repository); everything else that lies there is left out with a reason.
/// Nothing in them is acted on. config.json is the text that the plan was made with; it states the
/// output's dtype and has no quantization_config when the plan decodes, the plan's when it encodes;
/// hf_quant_config.json goes with packed outputs alone. What the source lacks of config, generation
/// config and tokenizer comes from the checkpoint of --like. A source that is a single file brings
/// its config.json alone.
class SideFiles {
 public:
  /// Opens what is there, before anything is written. The sources must outlive it. Throws what the
  /// file system says.
  SideFiles(const PlanInputs& sources, const Plan& plan);

  /// Of all that may be copied.
  std::vector<std::string> names() const;

  struct Report {
    std::vector<std::string> copied;
    std::vector<std::string> lent;      // copied from the checkpoint of --like
    std::vector<std::string> left_out;  // with the reason
    bool config_edited = false;
  };
  /// Calls put(name, text) for each. A file that is no longer the one that was looked at is left
  /// out with that reason (a log, perhaps of this very run), or, where a model needs it to be run,
  /// fails with SourceChanged. Throws what `put` throws.
  using Put = std::function<void(const std::string& name, const std::string& text)>;
  Report copy(const Put& put) const;

 private:
  struct Neighbour {
    std::string name;
    std::string path;
    FileIdentity identity{};
    std::string reason{};  // against copying it; empty: it goes along
  };
  using Wanted = bool (*)(std::string_view name);
  static std::vector<Neighbour> neighbours(const Checkpoint& checkpoint, const Plan& plan,
                                           Wanted wanted);
  static std::string read(const Neighbour& file);

  const PlanInputs sources_;
  const Plan& plan_;
  std::vector<Neighbour> own_;
  std::vector<Neighbour> of_like_;
};

}  // namespace ckptscope
