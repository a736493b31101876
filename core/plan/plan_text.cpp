// A plan as text: the preview, the golden of the tests, and what the hash in a receipt is of.
#include <algorithm>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/bytes.hpp"
#include "core/base/display.hpp"
#include "core/base/hash.hpp"
#include "core/base/natural_order.hpp"
#include "core/plan/plan.hpp"
#include "core/value/value_text.hpp"

namespace ckptscope {
namespace {

constexpr std::size_t kShownDims = 1000;
constexpr std::size_t kHashDigits = 8;

bool widens(Dtype from, Dtype to) {
  return (from == Dtype::BF16 || from == Dtype::F16) && (to == Dtype::F32 || to == Dtype::F64);
}

/// How a node changes the dtype of its argument, "BF16 -> F32, exact"; empty for one that does not.
std::string change_of(const Value& value) {
  using Op = Value::Op;
  switch (value.op) {
    case Op::Cast:
      return fmt::format("{} -> {}, {}", name_of(value.args[0]->dtype), name_of(value.dtype),
                         widens(value.args[0]->dtype, value.dtype) ? "exact" : "rounded");
    case Op::Fp8:
    case Op::Nibbles:
      return fmt::format("{} -> {}", in_capitals(decoded_form(value)), name_of(value.dtype));
    case Op::Mxfp4:
      return "MXFP4 -> BF16, exact";
    case Op::Scaled:
      return fmt::format("with its factor folded in, {}, rounded", name_of(value.dtype));
    case Op::Ones:
      return "of ones in the place of a factor that is folded in";
    case Op::PackedCodes:
      return fmt::format("{} -> {}, rounded", name_of(value.args[0]->dtype),
                         in_capitals(written_form(value.packing).word));
    default:
      return "";
  }
}

using Counts = std::map<std::string, std::size_t>;

void count_changes(const Value& value, Counts& counts) {
  if (const std::string change = change_of(value); !change.empty()) ++counts[change];
  for (const ValuePtr arg : value.args) count_changes(*arg, counts);
}

/// One sentence a rule that drops.
void add_dropped(const Plan& plan, std::vector<std::string>& losses) {
  std::vector<std::size_t> tensors(plan.drop_rules.size());
  std::vector<std::uint64_t> bytes(plan.drop_rules.size());
  for (std::size_t id = 0; id < plan.fates.size(); ++id) {
    if (plan.fates[id].kind != Fate::Kind::Dropped) continue;
    ++tensors[plan.fates[id].where];
    bytes[plan.fates[id].where] += plan.inputs[id].bytes();
  }
  for (std::size_t i = 0; i < plan.drop_rules.size(); ++i) {
    const DropRule& rule = plan.drop_rules[i];
    losses.push_back(fmt::format("{} dropped, {}: {}, rule {}", counted(tensors[i], "tensor"),
                                 format_bytes(bytes[i]), rule.reason, rule.name));
  }
}

/// --dtype is for what is decoded, stacked or transposed; everything else keeps its dtype.
void add_mixture(const Plan& plan, std::vector<std::string>& losses) {
  if (!plan.options.dtype) return;
  std::map<Dtype, std::size_t> others;
  std::size_t as_asked = 0;
  for (const Output& output : plan.outputs) {
    const bool fixed = output.kind == OutputKind::Synthesised || output.kind == OutputKind::Cast;
    if (!is_number(output.dtype()) || fixed) continue;
    if (output.dtype() == *plan.options.dtype) {
      ++as_asked;
    } else {
      ++others[output.dtype()];
    }
  }
  if (others.empty()) return;
  std::string text = fmt::format("--dtype: {} {}", as_asked, name_of(*plan.options.dtype));
  for (const auto& [dtype, count] : others) {
    text += fmt::format(", {} keep {}", count, name_of(dtype));
  }
  losses.push_back(std::move(text));
}

/// What stands for an input is its key, or "like(key)".
void append_expression(std::string& text, const Plan& plan, const Output& output, bool fold) {
  const auto append_input = [&plan](std::string& out, std::uint32_t number) {
    const bool borrowed = number >= plan.inputs.size();
    if (borrowed) out += "like(";
    append_display(out, plan.input(number).name);
    if (borrowed) out += ')';
  };
  append_text(text, *output.value, append_input, fold);
}

void append_line(std::string& text, const Plan& plan, const Output& output, bool fold) {
  append_display(text, output.key);
  text += fmt::format(" {} {} <- ", name_of(output.dtype()), to_string(output.shape(), kShownDims));
  append_expression(text, plan, output, fold);
}

std::size_t count_of_kind(const Plan& plan, OutputKind kind) {
  return static_cast<std::size_t>(
      std::count_if(plan.outputs.begin(), plan.outputs.end(),
                    [&](const Output& output) { return output.kind == kind; }));
}

}  // namespace

std::string Plan::expression(const Output& output, bool fold) const {
  std::string text;
  append_expression(text, *this, output, fold);
  return text;
}

std::string Plan::line(const Output& output, bool fold) const {
  std::string text;
  append_line(text, *this, output, fold);
  return text;
}

std::string Plan::text(bool fold) const {
  std::string text;
  for_each_line([&](std::string_view line) { text += line; }, fold);
  return text;
}

void Plan::for_each_line(const std::function<void(std::string_view)>& visit, bool fold) const {
  std::string text;
  for (const Output& output : outputs) {
    text.clear();
    append_line(text, *this, output, fold);
    visit(text += '\n');
  }
  std::vector<std::pair<std::string_view, std::string_view>> dropped;
  for (std::size_t id = 0; id < fates.size(); ++id) {
    if (fates[id].kind != Fate::Kind::Dropped) continue;
    dropped.emplace_back(inputs[id].name, drop_rules[fates[id].where].name);
  }
  std::sort(dropped.begin(), dropped.end(),
            [](const auto& a, const auto& b) { return natural_less(a.first, b.first); });
  for (const auto& [key, rule] : dropped) visit(fmt::format("drop {}: {}\n", display(key), rule));
}

std::string Plan::hash() const {
  RunningXxh3 hash;
  const auto add = [&](std::string_view line) { hash.add(std::as_bytes(std::span(line))); };
  add(fmt::format("{} -> {} {} {}\n", name_of(options.from), name_of(options.to), options.adapter,
                  options.mapping.layout));
  for_each_line(add);
  return hex64(hash.digest()).substr(0, kHashDigits);
}

std::vector<std::string> Plan::losses() const {
  std::vector<std::string> losses;
  add_dropped(*this, losses);
  Counts changes;
  for (const Output& output : outputs) count_changes(*output.value, changes);
  for (const auto& [change, count] : changes) {
    losses.push_back(fmt::format("{} {}", counted(count, "tensor"), change));
  }
  add_mixture(*this, losses);
  const std::size_t synthesised = count_of_kind(*this, OutputKind::Synthesised);
  const std::size_t copies = count_of_kind(*this, OutputKind::Copied);
  const std::size_t copied = count_of_kind(*this, OutputKind::Borrowed);
  if (!paddings.empty()) {
    losses.push_back(counted(paddings.size(), "tensor") + " without padding, which must be zeros");
  }
  if (renamed > 0)
    losses.push_back(counted(renamed, "key") + " renamed by --rename, which is not undone");
  if (synthesised > 0) losses.push_back(counted(synthesised, "tensor") + " synthesised");
  if (copies > 0) losses.push_back(counted(copies, "tensor") + " copied from another");
  if (copied > 0) losses.push_back(counted(copied, "tensor") + " copied from --like");
  return losses;
}

}  // namespace ckptscope
