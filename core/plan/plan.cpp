#include "core/plan/plan.hpp"

#include <xxhash.h>

#include <algorithm>
#include <map>

#include "core/base/bytes.hpp"
#include "core/base/display.hpp"
#include "core/base/natural_order.hpp"

namespace ckptscope {

std::string_view name_of(Kind kind) {
  switch (kind) {
    case Kind::Stacked:
      return "stacked";
    case Kind::Split:
      return "split";
    case Kind::Decoded:
      return "decoded";
    case Kind::Transposed:
      return "transposed";
    case Kind::Cast:
      return "cast";
    case Kind::Encoded:
      return "encoded";
    case Kind::Renamed:
      return "renamed";
    case Kind::Passed:
      return "passed through";
    case Kind::Synthesised:
      return "synthesised";
    case Kind::Borrowed:
      return "copied from --like";
  }
  return "";
}

std::string_view name_of(Quantise quantise) {
  switch (quantise) {
    case Quantise::Keep:
      return "keep";
    case Quantise::None:
      return "none";
    case Quantise::Mxfp4:
      return "mxfp4";
    case Quantise::Fp8:
      return "fp8";
  }
  return "";
}

std::optional<QuantScheme::Kind> encoding_of(Quantise quantise) {
  if (quantise == Quantise::Mxfp4) return QuantScheme::Kind::Mxfp4;
  if (quantise == Quantise::Fp8) return QuantScheme::Kind::Fp8;
  return std::nullopt;
}

bool Plan::sound() const {
  return count_errors(problems) == 0;
}

void Plan::require_sound(const std::string& source) const {
  refuse_errors(problems, source);
}

bool Plan::lossless() const {
  const auto changes_bytes = [](const Output& output) {
    return output.kind == Kind::Synthesised || output.kind == Kind::Borrowed ||
           is_encoded(*output.value) || contains(*output.value, Value::Op::Cast) ||
           contains(*output.value, Value::Op::Mxfp4) || contains(*output.value, Value::Op::Fp8);
  };
  const auto is_alias = [](const Problem& problem) { return problem.code == Code::Alias; };
  return drop_rules.empty() && excluded.empty() &&
         std::none_of(outputs.begin(), outputs.end(), changes_bytes) &&
         std::none_of(problems.begin(), problems.end(), is_alias);
}

Account Plan::account() const {
  Account account;
  account.sources = sources.size();
  account.targets = outputs.size();
  account.excluded = excluded.size();
  for (std::size_t id = 0; id < sources.size(); ++id) {
    account.bytes_in += sources[id].bytes();
    switch (fates[id].kind) {
      case Fate::Kind::Used:
        ++account.sources_by_kind[static_cast<std::size_t>(outputs[fates[id].where].kind)];
        break;
      case Fate::Kind::Dropped:
        ++account.dropped;
        break;
      case Fate::Kind::Unplaced:
        ++account.unplaced;
        break;
    }
  }
  for (const Output& output : outputs) {
    ++account.targets_by_kind[static_cast<std::size_t>(output.kind)];
    account.bytes_out += output.bytes();
    account.largest = std::max(account.largest, output.bytes());
    if (output.value->op != Value::Op::Fp8Scale) continue;
    for_each_source(*output.value,
                    [&](std::uint32_t id) { account.read_twice += source(id).bytes(); });
  }
  return account;
}

std::string Plan::expression(const Output& output, bool fold) const {
  return to_text(
      *output.value, [this](std::uint32_t id) { return source_text(id); }, fold);
}

const TensorInfo& Plan::source(std::uint32_t id) const {
  return id < sources.size() ? sources[id] : borrowed[id - sources.size()].info;
}

std::string Plan::source_text(std::uint32_t id) const {
  const std::string key = display(source(id).name);
  return id < sources.size() ? key : fmt::format("like({})", key);
}

std::string Plan::line(const Output& output, bool fold) const {
  return fmt::format("{} {} {} <- {}", display(output.key), name_of(output.dtype()),
                     to_string(output.shape(), 1000), expression(output, fold));
}

std::string Plan::text(bool fold) const {
  std::string text;
  for (const Output& output : outputs) text += line(output, fold) + "\n";
  std::vector<std::pair<std::string_view, std::string_view>> dropped;
  for (std::size_t id = 0; id < fates.size(); ++id) {
    if (fates[id].kind != Fate::Kind::Dropped) continue;
    dropped.emplace_back(sources[id].name, drop_rules[fates[id].where].name);
  }
  std::sort(dropped.begin(), dropped.end(),
            [](const auto& a, const auto& b) { return natural_less(a.first, b.first); });
  for (const auto& [key, rule] : dropped) text += fmt::format("drop {}: {}\n", display(key), rule);
  return text;
}

std::string Plan::hash() const {
  const std::string canonical =
      fmt::format("{} -> {} {} {}\n{}", name_of(options.from), name_of(options.to), options.adapter,
                  options.mapping.layout, text());
  return fmt::format("{:016x}", XXH3_64bits(canonical.data(), canonical.size())).substr(0, 8);
}

std::vector<std::string> Plan::losses() const {
  std::vector<std::string> losses;
  std::vector<std::size_t> dropped(drop_rules.size());
  std::vector<std::uint64_t> dropped_bytes(drop_rules.size());
  for (std::size_t id = 0; id < fates.size(); ++id) {
    if (fates[id].kind != Fate::Kind::Dropped) continue;
    ++dropped[fates[id].where];
    dropped_bytes[fates[id].where] += sources[id].bytes();
  }
  for (std::size_t i = 0; i < drop_rules.size(); ++i) {
    losses.push_back(fmt::format("{} dropped, {}: {}, rule {}", counted(dropped[i], "tensor"),
                                 format_bytes(dropped_bytes[i]), drop_rules[i].reason,
                                 drop_rules[i].name));
  }
  std::map<std::string, std::size_t> changes;
  const auto count_changes = [&](const Value& value, const auto& self) -> void {
    const Value* from = value.args.empty() ? nullptr : value.args[0].get();
    const bool widens = from != nullptr &&
                        (from->dtype == Dtype::BF16 || from->dtype == Dtype::F16) &&
                        (value.dtype == Dtype::F32 || value.dtype == Dtype::F64);
    if (value.op == Value::Op::Cast) {
      ++changes[fmt::format("{} -> {}{}", name_of(from->dtype), name_of(value.dtype),
                            widens ? ", exact" : ", rounded")];
    }
    if (value.op == Value::Op::Fp8) ++changes[fmt::format("FP8 -> {}", name_of(value.dtype))];
    if (value.op == Value::Op::Mxfp4) ++changes["MXFP4 -> BF16, exact"];
    if (value.op == Value::Op::Mxfp4Blocks || value.op == Value::Op::Fp8Codes) {
      ++changes[fmt::format("{} -> {}, rounded", name_of(from->dtype),
                            value.op == Value::Op::Fp8Codes ? "FP8" : "MXFP4")];
    }
    for (const ValuePtr& arg : value.args) self(*arg, self);
  };
  std::size_t synthesised = 0;
  std::size_t copied = 0;
  for (const Output& output : outputs) {
    count_changes(*output.value, count_changes);
    synthesised += output.kind == Kind::Synthesised ? 1 : 0;
    copied += output.kind == Kind::Borrowed ? 1 : 0;
  }
  for (const auto& [change, count] : changes) {
    losses.push_back(fmt::format("{} {}", counted(count, "tensor"), change));
  }
  if (synthesised > 0) losses.push_back(counted(synthesised, "tensor") + " synthesised");
  if (copied > 0) losses.push_back(counted(copied, "tensor") + " copied from --like");
  return losses;
}

std::uint32_t Plan::rule_named(std::string_view name, std::string_view reason) {
  for (std::uint32_t i = 0; i < drop_rules.size(); ++i) {
    if (drop_rules[i].name == name) return i;
  }
  drop_rules.push_back({std::string(name), std::string(reason)});
  return static_cast<std::uint32_t>(drop_rules.size() - 1);
}

const Output* Plan::find_output(std::string_view key) const {
  const auto found = std::lower_bound(outputs.begin(), outputs.end(), key,
                                      [](const Output& output, std::string_view wanted) {
                                        return natural_less(output.key, wanted);
                                      });
  return found != outputs.end() && found->key == key ? &*found : nullptr;
}

Plan Plan::subset(const std::function<bool(const Output&)>& keep,
                  const std::function<bool(const TensorInfo&)>& keep_dropped) const {
  Plan part = *this;
  std::erase_if(part.outputs, [&](const Output& output) { return !keep(output); });
  for (std::size_t id = 0; id < fates.size(); ++id) {
    const bool stays = fates[id].kind == Fate::Kind::Dropped && keep_dropped(sources[id]);
    if (!stays) part.fates[id] = {};
  }
  part.settle_used();
  return part;
}

void Plan::settle_used() {
  for (std::uint32_t i = 0; i < outputs.size(); ++i) {
    for_each_source(*outputs[i].value, [&](std::uint32_t id) {
      if (id < fates.size() && fates[id].kind == Fate::Kind::Unplaced)
        fates[id] = {Fate::Kind::Used, i};
    });
  }
}

}  // namespace ckptscope
