// Config first, then keys; what the user asked for overrides both.
#include "app/planning/recognition.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "app/planning/names_of.hpp"
#include "core/base/bytes.hpp"
#include "core/base/display.hpp"
#include "core/base/file.hpp"
#include "core/base/parallel.hpp"
#include "core/mapping/lookup.hpp"
#include "core/names/nearest_word.hpp"

namespace ckptscope {
namespace {

/// What a config says of a family that no adapter knows; empty where it says nothing.
std::string unknown_type(const Config& config) {
  std::vector<std::string> says;
  for (const char* path : {"model_type", "text_config.model_type"}) {
    if (const auto type = config.text(path))
      says.push_back(fmt::format("{} {}", path, display(*type)));
  }
  if (says.empty()) return "";
  return fmt::format("config.json says {}, which no adapter knows", fmt::join(says, " and "));
}

/// One of the program's own, which outlive everything.
std::shared_ptr<const Adapter> shared(const Adapter& adapter) {
  return {std::shared_ptr<void>(), &adapter};
}

Family family_by_config(const Config& config) {
  for (const Adapter& one : adapters()) {
    const std::string by = named_by(one.head, config);
    if (!by.empty()) return {shared(one), "config.json says " + by};
  }
  return {nullptr, unknown_type(config)};
}

/// The first key that the pattern matches.
const TensorInfo* find_key(Tensors tensors, const Pattern& pattern) {
  const auto hit = std::find_if(tensors.begin(), tensors.end(),
                                [&](const TensorInfo& info) { return pattern.matches(info.name); });
  return hit == tensors.end() ? nullptr : &*hit;
}

bool has_signature(Tensors tensors, const FamilyHead::Signature& signature) {
  const auto found = [&](const Pattern& one) { return find_key(tensors, one) != nullptr; };
  return std::all_of(signature.present.begin(), signature.present.end(), found) &&
         std::none_of(signature.absent.begin(), signature.absent.end(), found);
}

Family family_by_keys(Tensors tensors) {
  for (const Adapter& one : adapters()) {
    for (const FamilyHead::Signature& signature : one.head.keys) {
      if (!has_signature(tensors, signature)) continue;
      const TensorInfo& example = *find_key(tensors, signature.present.front());
      return {shared(one), "no config.json says so, but keys do: " + display(example.name)};
    }
  }
  return {};
}

const Adapter& as_it_is() {
  static const Adapter none = read_adapter({"none", "family none \"keys as they are\"\n"});
  return none;
}

std::shared_ptr<const Adapter> asked_adapter(const std::string& name) {
  if (name == as_it_is().head.id) return shared(as_it_is());
  if (const Adapter* found = find_adapter(name)) return shared(*found);
  std::vector<std::string_view> names;
  for (const Adapter& one : adapters()) names.push_back(one.head.id);
  fail(Code::UnknownAdapter, "no adapter \"{}\"{}; \"ckptscope adapters\" lists {}", display(name),
       suggestion(name, names), names.size());
}

/// The start of a key, up to and with its first dot; empty without one.
std::string_view first_segment(std::string_view key) {
  const std::size_t dot = key.find('.');
  return dot == key.npos ? std::string_view() : key.substr(0, dot + 1);
}

/// The first segment that nine keys of ten have.
std::string_view common_segment(const std::vector<std::string_view>& keys) {
  std::map<std::string_view, std::size_t> counts;
  for (const std::string_view key : keys) ++counts[first_segment(key)];
  for (const auto& [segment, count] : counts) {
    if (!segment.empty() && 10 * count >= 9 * keys.size()) return segment;
  }
  return "";
}

/// At most a few thousand of them, from all over the checkpoint: enough to see how keys begin.
std::vector<TensorInfo> some_of(Tensors tensors) {
  constexpr std::size_t kMost = 4096;
  const std::size_t step = tensors.size() / kMost + 1;
  std::vector<TensorInfo> some;
  for (std::size_t i = 0; i < tensors.size(); i += step) some.push_back(tensors[i]);
  return some;
}

/// Keys that a line of the family's mapping is about.
std::size_t named_keys(Tensors tensors, const Config& config, const Adapter& adapter) {
  const Mapping mapping = mapping_of(adapter, config);
  return static_cast<std::size_t>(
      std::count_if(tensors.begin(), tensors.end(), [&](const TensorInfo& one) {
        const std::string inner = with_prefix(mapping, one.name, Side::Native);
        return inner != one.name || find_place(mapping, inner, Side::Hf) ||
               find_place(mapping, one.name, Side::Native) ||
               std::any_of(mapping.additions.begin(), mapping.additions.end(),
                           [&](const Addition& made) { return made.beside.matches(inner); });
      }));
}

/// The dict that torch.save had a tensor in: "model/" of "model/lm_head.weight"; empty where in
/// none.
std::string_view dict_of(std::string_view key) {
  const std::size_t slash = key.find('/');
  return slash == key.npos ? std::string_view() : key.substr(0, slash + 1);
}

/// The dict that people save a model under, where it is beside another; empty without one.
std::string_view model_dict(const std::set<std::string_view>& dicts) {
  if (dicts.size() < 2) return "";
  for (const std::string_view name : {"model/", "state_dict/", "model_state_dict/", "module/"}) {
    if (dicts.contains(name)) return name;
  }
  return "";
}

/// Of the keys that begin with `start`: segments are taken off as long as most keys share one, and
/// what is left is looked at each time. It must name more than `named` keys. The start is empty
/// where nothing does.
StrangersPrefix prefix_from(std::string_view start, Tensors tensors, const Config& config,
                            const Family& now, std::size_t named) {
  constexpr int kMostSegments = 3;
  std::vector<TensorInfo> rest;
  for (TensorInfo one : tensors) {
    if (!one.name.starts_with(start)) continue;
    one.name.remove_prefix(start.size());
    rest.push_back(one);
  }
  StrangersPrefix prefix;
  prefix.start = start;
  for (int i = 0; i <= kMostSegments; ++i) {
    const Family found = now.adapter ? now : family_by_keys(rest);
    if (!prefix.start.empty() && found.adapter &&
        named_keys(rest, config, *found.adapter) > named) {
      prefix.family = found.adapter->head.id;
      return prefix;
    }
    std::vector<std::string_view> keys;
    keys.reserve(rest.size());
    for (const TensorInfo& one : rest) keys.push_back(one.name);
    const std::string_view segment = common_segment(keys);
    if (segment.empty()) break;
    prefix.start += segment;
    for (TensorInfo& one : rest) {
      if (one.name.starts_with(segment)) one.name.remove_prefix(segment.size());
    }
  }
  return {};
}

}  // namespace

bool changes_nothing(const Adapter& adapter) {
  return &adapter == &as_it_is();
}

bool is_of_a_user(const Adapter& adapter) {
  const auto known = adapters();
  return !changes_nothing(adapter) &&
         std::none_of(known.begin(), known.end(),
                      [&](const Adapter& one) { return &one == &adapter; });
}

StrangersPrefix find_strangers_prefix(Tensors tensors, const Config& config) {
  const std::vector<TensorInfo> some = some_of(tensors);
  const Family now = family_by_config(config);
  const std::size_t named = now.adapter ? named_keys(some, config, *now.adapter) : 0;
  std::set<std::string_view> dicts;
  for (const TensorInfo& one : tensors) dicts.insert(dict_of(one.name));
  StrangersPrefix prefix;
  for (const std::string_view dict : dicts) {
    prefix = prefix_from(dict, some, config, now, named);
    if (!prefix.start.empty()) break;
  }
  if (prefix.start.empty()) prefix.start = model_dict(dicts);
  if (prefix.start.empty()) return prefix;
  dicts.erase("");
  dicts.erase(dict_of(prefix.start));
  prefix.other_dicts = {dicts.begin(), dicts.end()};
  prefix.keys = static_cast<std::size_t>(
      std::count_if(tensors.begin(), tensors.end(),
                    [&](const TensorInfo& one) { return one.name.starts_with(prefix.start); }));
  return prefix;
}

std::string way_out(const StrangersPrefix& prefix, std::size_t tensors) {
  if (prefix.start.empty()) return "";
  const std::string start = display(prefix.start);
  std::string flags = fmt::format("--rename '{}{{x}} -> {{x}}'", start);
  if (!prefix.other_dicts.empty()) {
    std::string query;
    for (const std::string& dict : prefix.other_dicts) {
      query += fmt::format("{}!{}*", query.empty() ? "" : " ", display(dict));
    }
    flags += fmt::format(" --include '{}'", query);
  }
  return fmt::format("{} of {} keys begin with {}; {}: {}", prefix.keys, tensors, start,
                     prefix.family.empty() ? "they alone, and without it, are the model"
                                           : "without it they are those of " + prefix.family,
                     flags);
}

bool is_whole_model(const Checkpoint& checkpoint) {
  const auto tensors = checkpoint.tensors();
  return !checkpoint.location().one_file &&
         std::none_of(tensors.begin(), tensors.end(), [](const TensorInfo& info) {
           return info.name.find(".lora_") != info.name.npos;
         });
}

std::string choose_layout(Tensors tensors, const Adapter& adapter, const std::string& asked) {
  const auto& layouts = adapter.head.layouts;
  if (!asked.empty()) {
    const bool known = std::any_of(layouts.begin(), layouts.end(), [&](const NativeLayout& layout) {
      return layout.name == asked;
    });
    if (!known) {
      fail(Code::Usage, "--layout {}: adapter {} has: {}", display(asked), adapter.head.id,
           list_of(layouts, [](const NativeLayout& layout) { return layout.name; }));
    }
    return asked;
  }
  for (const NativeLayout& layout : layouts) {
    if (layout.marker.empty()) continue;
    for (const TensorInfo& info : tensors) {
      if (info.name.starts_with(layout.marker)) return std::string(layout.name);
    }
  }
  return std::string(layouts.front().name);
}

std::string_view name_of(DetectedSide side) {
  switch (side) {
    case DetectedSide::Hf:
      return "hf";
    case DetectedSide::Native:
      return "native";
    case DetectedSide::Mixed:
      return "mixed";
    case DetectedSide::Unknown:
      break;
  }
  return "unknown";
}

Family recognise_family(Tensors tensors, const Config& config, const FamilyRequest& asked) {
  if (asked.mapping) {
    return {std::make_shared<const Adapter>(read_adapter(*asked.mapping)),
            "--mapping " + display(asked.mapping->name)};
  }
  if (!asked.adapter.empty()) return {asked_adapter(asked.adapter), "--adapter"};
  // Other families have keys like ours: where a config names one, keys say nothing against it.
  Family by_config = family_by_config(config);
  return by_config.reason.empty() ? family_by_keys(tensors) : by_config;
}

SideEvidence evidence_of_sides(Tensors tensors, const Config& config, const Adapter& adapter) {
  MappingOptions options;
  options.layout = choose_layout(tensors, adapter, "");
  const Mapping mapping = mapping_of(adapter, config, options);
  constexpr std::size_t kTogether = 8192;  // keys
  std::vector<SideEvidence> parts(ceil_div(tensors.size(), kTogether));
  parallel_for(parts.size(), usable_processors(), [&](std::size_t i, unsigned) {
    const auto rest = tensors.subspan(i * kTogether);
    SideEvidence part;
    for (const TensorInfo& info : rest.first(std::min(kTogether, rest.size()))) {
      part.add(mapping, info.name);
    }
    parts[i] = part;
  });
  SideEvidence evidence;
  for (const SideEvidence& part : parts) {
    evidence.hf += part.hf;
    evidence.native += part.native;
  }
  return evidence;
}

DetectedSide recognise_side(Tensors tensors, const Config& config, const Adapter& adapter) {
  if (changes_nothing(adapter)) return DetectedSide::Hf;
  const SideEvidence evidence = evidence_of_sides(tensors, config, adapter);
  if (evidence.hf > 0 && evidence.native > 0) return DetectedSide::Mixed;
  if (evidence.hf > 0) return DetectedSide::Hf;
  return evidence.native > 0 ? DetectedSide::Native : DetectedSide::Unknown;
}

}  // namespace ckptscope
