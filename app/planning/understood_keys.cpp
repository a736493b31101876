// Without a --rename nothing is copied.
#include "app/planning/understood_keys.hpp"

#include "core/base/display.hpp"
#include "core/language/family_text.hpp"

namespace ckptscope {

UnderstoodKeys::UnderstoodKeys(const Checkpoint& checkpoint,
                               const std::vector<std::string>& renames)
    : checkpoint_(checkpoint) {
  if (renames.empty()) return;
  const auto stored = checkpoint.tensors();
  tensors_.assign(stored.begin(), stored.end());
  for (const std::string& text : renames) apply(text);
  for (std::size_t id = 0; id < tensors_.size(); ++id) {
    renamed_ += tensors_[id].name != stored[id].name ? 1 : 0;
  }
  index_ = KeyIndex(tensors_, [&](std::uint32_t id, std::uint32_t other) {
    if (stored[id].name == stored[other].name) return;
    fail(Code::KeyCollision, "--rename: {} and {} both become {}", display(stored[other].name),
         display(stored[id].name), display(tensors_[id].name));
  });
}

void UnderstoodKeys::apply(const std::string& text) {
  const KeyRename rename = [&] {
    try {
      return read_rename({"--rename", text});
    } catch (const Error& error) {
      throw Error(error.code(), fmt::format("{}; 'LEFT -> RIGHT' is expected, for example "
                                            "'_orig_mod.{{x}} -> {{x}}'",
                                            error.what()));
    }
  }();
  std::size_t matched = 0;
  for (TensorInfo& tensor : tensors_) {
    const auto captures = rename.from.match(tensor.name);
    if (!captures) continue;
    ++matched;
    tensor.name = names_.copy(rename.to.expand(*captures).value());
  }
  if (matched == 0) {
    fail(Code::Usage, "--rename '{}': no key of {} tensors is such a key", display(text),
         tensors_.size());
  }
}

}  // namespace ckptscope
