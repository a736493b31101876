// Families as texts: how a mapping is read. words.hpp has the words of the language.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/config.hpp"
#include "core/language/tokens.hpp"
#include "core/mapping/mapping.hpp"

namespace ckptscope {

/// A way in which native names of a family are spelled. `marker` is the start of native keys that
/// only this layout has: a native checkpoint with such keys is recognised by it.
struct NativeLayout {
  std::string name;
  std::string marker{};
};

struct FamilySetting {
  std::string name;
  std::vector<std::string> choices{};  // empty: a number
};

/// What the first lines of a text say of the family.
struct FamilyHead {
  std::string id;  // of a text without a `family` line its own name, without folder and ending
  std::string summary;
  std::vector<TokenLine> config;  // values of which one must hold
  struct Signature {
    std::vector<Pattern> present;
    std::vector<Pattern> absent;
  };
  std::vector<Signature> keys;
  std::vector<NativeLayout> layouts;  // the first is the default; never empty
  std::vector<FamilySetting> settings;
  Dtype dtype = Dtype::BF16;
};

/// Reads the first lines alone, and stops at the first other one. Throws BadMapping.
FamilyHead read_head(const MappingText& text);

/// The `config` line that holds, as people say it ("model_type hy_v3"); empty for none.
std::string named_by(const FamilyHead& head, const Config& config);
/// The same of every line.
std::vector<std::string> config_lines(const FamilyHead& head);

/// The rules of texts that are read one after the other, in the order of their lines, for this
/// config. Later ones may use the defines of earlier ones. Throws BadMapping.
Mapping read_mapping(std::span<const MappingText> texts, const Config& config,
                     const MappingOptions& options);

/// 'LEFT -> RIGHT': another key for every key that LEFT matches as a whole.
struct KeyRename {
  Pattern from;
  Pattern to;
};
/// Throws BadMapping, also where RIGHT has a variable that LEFT does not have.
KeyRename read_rename(const MappingText& text);

/// Reads every line, also those that no config would choose. Throws BadMapping.
void check_mapping(std::span<const MappingText> texts);

}  // namespace ckptscope
