// The layers of the model proper are those of the path under which most elements lie: a vision
// tower and layers of prediction have paths of their own.
#include "core/inspect/missing_parts.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "core/base/bytes.hpp"
#include "core/base/display.hpp"
#include "core/base/problems.hpp"
#include "core/names/key_pattern.hpp"

namespace ckptscope {
namespace {

constexpr std::string_view kLayers = "layers.";
constexpr std::uint64_t kMostListed = 1000;  // numbers of layers
constexpr std::size_t kMostKinds = 64;       // of layers that are compared with each other

/// "model.layers.", 7, "mlp.gate.weight"; no path for a key outside layers.
struct LayerKey {
  std::string_view path;
  std::uint64_t number = 0;
  std::string_view rest;
};

LayerKey layer_key(std::string_view key) {
  const auto at = key.find(kLayers);
  if (at == key.npos || (at > 0 && key[at - 1] != '.')) return {};
  const std::string_view behind = key.substr(at + kLayers.size());
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(behind.data(), behind.data() + behind.size(), number);
  const auto digits = static_cast<std::size_t>(end - behind.data());
  if (error != std::errc() || digits == behind.size() || behind[digits] != '.') return {};
  return {key.substr(0, at + kLayers.size()), number, behind.substr(digits + 1)};
}

bool has_segment(std::string_view rest, std::string_view segment) {
  for (std::size_t at = 0; at <= rest.size();) {
    const std::size_t end = std::min(rest.find('.', at), rest.size());
    if (rest.substr(at, end - at) == segment) return true;
    at = end + 1;
  }
  return false;
}

bool has_number(std::string_view key) {
  for (std::size_t at = 0; at <= key.size();) {
    const std::size_t end = std::min(key.find('.', at), key.size());
    if (parse_number(key.substr(at, end - at))) return true;
    at = end + 1;
  }
  return false;
}

/// Of "mlp.experts.7.up_proj.weight"; nullopt where experts lie together.
std::optional<std::uint64_t> expert_number(std::string_view rest) {
  constexpr std::string_view kExperts = "experts.";
  const auto at = rest.find(kExperts);
  if (at == rest.npos) return std::nullopt;
  const std::string_view behind = rest.substr(at + kExperts.size());
  return parse_number(behind.substr(0, behind.find('.')));
}

/// What a layer has. Of experts that lie one by one the first stands for all.
struct Layer {
  std::set<std::string_view> keys;
  std::set<std::uint64_t> numbers;  // of experts that lie one by one
  bool router = false;
  bool experts = false;

  void add(std::string_view rest) {
    const bool of_experts = has_segment(rest, "experts");
    experts = experts || of_experts;
    router = router || (!of_experts && (has_segment(rest, "gate") || has_segment(rest, "router")));
    const auto number = of_experts ? expert_number(rest) : std::nullopt;
    if (number) numbers.insert(*number);
    if (number.value_or(0) == 0) keys.insert(rest);
  }
};

struct Layers {
  std::uint64_t elements = 0;
  std::map<std::uint64_t, Layer> by_number;
};

class Search {
 public:
  Search(std::span<const ModelKey> keys, std::uint64_t expected, std::uint64_t experts)
      : expected_(expected), experts_(experts) {
    for (const ModelKey& one : keys) add(one);
  }

  std::vector<Problem> run() {
    if (paths_.empty() && numbered_) return {};  // layers of another name: nobody can say
    look_for_layers();
    look_outside_layers();
    if (!embedding_) missing("no embedding: no key outside the layers has \"embed\" in it");
    if (!norm_) missing("no final norm: no key outside the layers has \"norm\" in it");
    look_for_experts();
    look_for_fewer_keys();
    return problems_.take();
  }

 private:
  void add(const ModelKey& one) {
    const LayerKey key = layer_key(one.key);
    if (!key.path.empty()) {
      Layers& layers = paths_[key.path];
      layers.elements += one.elements;
      layers.by_number[key.number].add(key.rest);
      return;
    }
    outside_.push_back(one.key);
    numbered_ = numbered_ || has_number(one.key);
  }

  /// The embedding and the final norm stand beside the layers; those of a vision tower elsewhere.
  void look_outside_layers() {
    const std::string_view beside =
        stem_.substr(0, stem_.size() - std::min(stem_.size(), kLayers.size()));
    for (std::string_view key : outside_) {
      if (!key.starts_with(beside)) continue;
      key.remove_prefix(beside.size());
      const auto contains = [&](std::string_view part) { return key.find(part) != key.npos; };
      const bool elsewhere = contains("vision") || contains("mtp");
      embedding_ = embedding_ || (!elsewhere && (contains("embed") || contains("wte")));
      norm_ = norm_ || (!elsewhere && (contains("norm") || contains("ln_f")));
    }
  }

  void missing(std::string_view what) {
    problems_.add(Code::Incomplete, Severity::Warning, {}, "{}", what);
  }

  /// "layer 3", "layers [3,5-7]".
  static std::string layers_text(const std::vector<std::uint64_t>& numbers) {
    return fmt::format("{} {}", numbers.size() == 1 ? "layer" : "layers", number_set(numbers));
  }

  void look_for_layers() {
    for (const auto& [path, layers] : paths_) {
      if (main_ != nullptr && layers.elements <= main_->elements) continue;
      main_ = &layers;
      stem_ = path;
    }
    const std::uint64_t there =
        main_ == nullptr ? 0
                         : static_cast<std::uint64_t>(std::distance(
                               main_->by_number.begin(), main_->by_number.lower_bound(expected_)));
    if (there >= expected_) return;
    std::vector<std::uint64_t> absent;
    for (std::uint64_t i = 0; i < expected_ && absent.size() < kMostListed; ++i) {
      if (main_ == nullptr || !main_->by_number.contains(i)) absent.push_back(i);
    }
    const std::string_view more = absent.size() < expected_ - there ? " and more" : "";
    missing(fmt::format("{}{} of {} missing", layers_text(absent), more, expected_));
  }

  void look_for_experts() {
    if (main_ == nullptr) return;
    std::vector<std::uint64_t> without;
    bool any = false;
    std::size_t most = 0;
    for (const auto& [number, layer] : main_->by_number)
      most = std::max(most, layer.numbers.size());
    for (const auto& [number, layer] : main_->by_number) {
      any = any || layer.experts;
      if (!layer.numbers.empty() && layer.numbers.size() < std::max<std::size_t>(most, experts_)) {
        missing(fmt::format("layer {}: {} of {}", number, layer.numbers.size(),
                            counted(std::max<std::size_t>(most, experts_), "expert")));
      }
      if (layer.router && !layer.experts) without.push_back(number);
    }
    if (without.empty()) return;
    missing(fmt::format("{}: a router and no experts{}", layers_text(without),
                        any ? "" : "; no layer has any"));
  }

  /// Layers by what they have: one whose keys are all in another kind lacks the rest of it.
  void look_for_fewer_keys() {
    if (main_ == nullptr) return;
    std::map<std::set<std::string_view>, std::vector<std::uint64_t>> kinds;
    for (const auto& [number, layer] : main_->by_number) {
      if (number < expected_) kinds[layer.keys].push_back(number);  // others predict more tokens
    }
    if (kinds.size() > kMostKinds) return;
    for (const auto& [keys, numbers] : kinds) {
      for (const auto& [others, example] : kinds) {
        if (others.size() <= keys.size() ||
            !std::includes(others.begin(), others.end(), keys.begin(), keys.end())) {
          continue;
        }
        note_fewer_keys(keys, numbers, others, example.front());
        break;
      }
    }
  }

  void note_fewer_keys(const std::set<std::string_view>& keys,
                       const std::vector<std::uint64_t>& numbers,
                       const std::set<std::string_view>& others, std::uint64_t example) {
    const auto absent = std::find_if(others.begin(), others.end(),
                                     [&](std::string_view key) { return !keys.contains(key); });
    problems_.add(Code::Incomplete, Severity::Note, {}, "{}: {} than layer {} has, the first {}",
                  layers_text(numbers), counted(others.size() - keys.size(), "key") + " fewer",
                  example, display(*absent));
  }

  const std::uint64_t expected_;  // layers
  const std::uint64_t experts_;   // of a layer, as the config says; 0 where it does not
  std::map<std::string_view, Layers> paths_;
  std::vector<std::string_view> outside_;  // keys of no layer
  const Layers* main_ = nullptr;
  std::string_view stem_;  // the path of main_
  bool numbered_ = false;  // a key of no layer has a number for a segment: "h.0.attn"
  bool embedding_ = false;
  bool norm_ = false;
  Problems problems_;
};

bool is_true(const Config& config, std::string_view path) {
  return config.json(path) == "true";
}

/// A config that says nothing of ties leaves it open: transformers' classes differ.
std::vector<Problem> missing_head(std::span<const ModelKey> keys, const Config& config) {
  const bool has_head = std::any_of(keys.begin(), keys.end(), [](const ModelKey& one) {
    return layer_key(one.key).path.empty() && one.key.find("head") != one.key.npos;
  });
  if (has_head || !is_true(config, "tie_word_embeddings")) return {};
  return {{Code::Incomplete, Severity::Note,
           "no head: config.json ties it to the embedding (tie_word_embeddings), and so must a "
           "loader"}};
}

}  // namespace

std::vector<Problem> missing_parts(std::span<const ModelKey> keys, const Config& config,
                                   std::optional<std::uint64_t> layers) {
  if (!layers) layers = config.layers();
  if (!layers) return {};
  std::vector<Problem> found = Search(keys, *layers, config.experts().value_or(0)).run();
  append(found, missing_head(keys, config));
  return found;
}

std::optional<std::uint64_t> first_layers(std::span<const ModelKey> keys) {
  std::map<std::string_view, Layers> paths;
  for (const ModelKey& one : keys) {
    const LayerKey key = layer_key(one.key);
    if (key.path.empty()) continue;
    paths[key.path].elements += one.elements;
    paths[key.path].by_number[key.number];
  }
  const auto main = std::max_element(paths.begin(), paths.end(), [](const auto& a, const auto& b) {
    return a.second.elements < b.second.elements;
  });
  if (main == paths.end()) return std::nullopt;
  const auto& layers = main->second.by_number;
  const std::uint64_t count = layers.size();
  return layers.rbegin()->first + 1 == count ? std::optional(count) : std::nullopt;
}

}  // namespace ckptscope
