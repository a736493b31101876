// Names alone tell what a state holds; values are for stat.
#include "app/reports/training_run.hpp"

#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "core/base/bytes.hpp"
#include "core/base/display.hpp"
#include "core/base/file.hpp"
#include "core/base/json_scanner.hpp"
#include "core/torch/byte_source.hpp"
#include "core/torch/torch_file.hpp"

namespace ckptscope {
namespace {

constexpr std::uint64_t kMaxLosses = 1'000'000;  // bytes of losses.json
constexpr std::size_t kShownValue = 40;
constexpr std::size_t kShownValues = 3;  // of a setting that differs between groups

/// "train_loss 1.93, val_loss 1.88": members of one JSON object.
std::string losses_text(const std::string& path) {
  const std::string text = read_text(path, kMaxLosses);
  if (find_invalid_utf8(text) != text.npos) fail(Code::BadJson, "it is not UTF-8");
  JsonScanner scan(text, JsonDialect::Python);  // a loss may be NaN
  scan.enter_object();
  std::string losses;
  std::string_view name;
  for (bool first = true; scan.next_member(first, name); first = false) {
    losses += fmt::format("{}{} ", first ? "" : ", ", name);
    scan.peek();  // white space
    const std::size_t begin = scan.offset();
    scan.skip_value();
    losses += elide_middle(text.substr(begin, scan.offset() - begin), kShownValue);
  }
  scan.finish();
  return losses;
}

/// "step 9, epoch 0": plain values of step_scheduler.pt.
std::string scheduler_text(const std::string& path) {
  const File file(path);
  const FileBytes bytes(file);
  const TorchFile saved(bytes);
  std::string text;
  for (const TorchObject& object : saved.objects()) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", object.name, object.text);
  }
  return text;
}

/// The last segment of a name, where others stand between `word` and it: of
/// "optim.state.a.weight.exp_avg" and "state" "exp_avg".
std::optional<std::string_view> last_behind(std::string_view name, std::string_view word) {
  const auto is_cut = [](char c) { return c == '.' || c == '/'; };
  std::size_t at = name.find(word);
  for (; at != name.npos; at = name.find(word, at + 1)) {
    const bool begins = at == 0 || is_cut(name[at - 1]);
    const std::size_t end = at + word.size();
    if (begins && end < name.size() && is_cut(name[end])) break;
  }
  if (at == name.npos) return std::nullopt;
  const std::string_view rest = name.substr(at + word.size() + 1);
  const std::size_t cut = rest.find_last_of("./");
  if (cut == rest.npos) return std::nullopt;
  return rest.substr(cut + 1);
}

struct Moment {
  std::uint64_t tensors = 0;
  std::uint64_t elements = 0;
  std::uint64_t bytes = 0;
};
using MomentsByKey = std::map<std::string, Moment>;

/// Empty unless every tensor is one of a state.
MomentsByKey moments_of(const Checkpoint& checkpoint) {
  MomentsByKey moments;
  for (const TensorInfo& info : checkpoint.tensors()) {
    const auto last = last_behind(info.name, "state");
    if (!last) return {};
    Moment& moment = moments[std::string(*last)];
    ++moment.tensors;
    moment.elements += info.elements();
    moment.bytes += info.bytes();
  }
  return moments;
}

Fields settings_of(const Checkpoint& checkpoint) {
  std::map<std::string, std::map<std::string, std::size_t>> groups_by_value;
  for (const auto& [name, value] : checkpoint.metadata()) {
    if (const auto last = last_behind(name, "param_groups")) {
      ++groups_by_value[std::string(*last)][value];
    }
  }
  Fields fields;
  for (const auto& [setting, values] : groups_by_value) {
    std::vector<std::string> texts;
    for (const auto& [value, groups] : values) {
      texts.push_back(elide_middle(value, kShownValue));
      if (values.size() > 1) texts.back() += fmt::format(" (of {})", counted(groups, "group"));
    }
    const std::size_t shown = std::min(texts.size(), kShownValues);
    if (shown < texts.size()) texts[shown - 1] += fmt::format(", {} more", texts.size() - shown);
    texts.resize(shown);
    fields.list.push_back({"", fields.list.empty() ? "settings" : " ",
                           fmt::format("{} = {}", setting, fmt::join(texts, ", "))});
  }
  return fields;
}

}  // namespace

Fields step_fields(const Checkpoint& checkpoint) {
  Fields fields;
  const std::string& step = checkpoint.location().step;
  if (step.empty()) return fields;
  const auto add = [&](const char* id, const char* label, const char* name, const auto& read) {
    const std::string path = step + "/" + name;
    if (kind_of(path) != FileKind::Regular) return;
    std::string text;
    try {
      text = read(path);
    } catch (const Error& error) {
      text = fmt::format("{} is not read: {}", name, error.what());
    }
    if (!text.empty()) fields.list.push_back({id, label, text});
  };
  add("training.step", "trained", "step_scheduler.pt", scheduler_text);
  add("training.losses", "losses", "losses.json", losses_text);
  return fields;
}

OptimizerState optimizer_state(const Checkpoint& checkpoint) {
  const auto moments = std::make_shared<const std::vector<std::pair<std::string, Moment>>>([&] {
    const MomentsByKey found = moments_of(checkpoint);
    return std::vector<std::pair<std::string, Moment>>(found.begin(), found.end());
  }());
  OptimizerState state;
  state.moments = {"moments",
                   {{"name", "moment"},
                    {"parameters", "parameters", Format::Count},
                    {"elements", "elements", Format::Count},
                    {"bytes", "bytes", Format::Bytes}},
                   moments->size(),
                   [moments](std::size_t i) -> std::vector<Cell> {
                     const auto& [name, moment] = (*moments)[i];
                     return {name, moment.tensors, moment.elements, moment.bytes};
                   }};
  if (!moments->empty()) state.settings = settings_of(checkpoint);
  return state;
}

}  // namespace ckptscope
