// Makes the plan of a conversion again, by its receipt, and compares every output with it.
#include "core/convert/verify.hpp"

#include <algorithm>
#include <iterator>
#include <sstream>

#include "app/commands/flags.hpp"
#include "app/reports/problem_lines.hpp"
#include "core/base/bytes.hpp"
#include "core/base/display.hpp"
#include "core/base/hash.hpp"
#include "core/names/packed_forms.hpp"
#include "core/output/receipt.hpp"

namespace ckptscope {
namespace {

/// Options of the receipt, where no flag says otherwise.
ConversionRequest request_of(const Args& args, const std::optional<Receipt>& receipt) {
  ConversionRequest request = args.conversion();
  if (!receipt) return request;
  const auto option = [&](const char* name) {
    const auto found = receipt->options.find(name);
    return found == receipt->options.end() ? std::string() : found->second;
  };
  if (request.to.empty()) request.to = receipt->to;
  if (request.renames.empty()) request.renames = receipt->renames;
  if (request.include.empty()) request.include = receipt->include;
  if (request.mapping.empty() && request.adapter.empty()) request.mapping_text = receipt->mapping;
  const bool named = !request.mapping.empty() || request.mapping_text;
  if (request.adapter.empty() && !named) request.adapter = receipt->adapter;
  if (request.layout.empty()) request.layout = receipt->layout;
  if (request.dtype.empty()) request.dtype = option("dtype");
  if (request.exclude.empty()) request.exclude = option("exclude");
  if (request.experts.empty()) request.experts = option("ep") + option("experts");
  if (request.quantise.empty()) request.quantise = option("quantize");
  if (request.hf_prefix.empty()) request.hf_prefix = option("hf-prefix");
  request.added_zeros = receipt->zeros_left_out;
  request.lenient = request.lenient || option("lenient") == "true";
  std::istringstream allowed(option("allow"));
  for (std::string code; std::getline(allowed, code, ',');) request.allow.insert(code);
  request.settings.insert(receipt->settings.begin(), receipt->settings.end());
  return request;
}

/// The config shapes a plan: another one than at the conversion would only show differences.
void check_config(const Checkpoint& source, const Receipt& receipt) {
  const auto recorded = receipt.options.find("config-xxh3");
  const std::string then = recorded == receipt.options.end() ? "" : recorded->second;
  const std::string now = source.config().present() ? hex64(source.config().hash()) : "";
  if (then == now) return;
  fail(Code::Usage, "the conversion used {}; --config FILE names it",
       then.empty() ? "no config.json" : "another config.json");
}

/// A plan that borrowed from --like cannot be made again without it.
void check_like(const Receipt& receipt, const PlannedConversion& planned) {
  if (planned.like || !receipt.options.contains("like")) return;
  if (planned.plan.hash() == receipt.plan) return;
  fail(Code::Usage, "the conversion borrowed from another checkpoint; --like DIR names it");
}

std::string quantisation_of(const Checkpoint& checkpoint) {
  return checkpoint.config().json("quantization_config");
}

/// True when --like has a quantization_config and the output another one.
bool has_other_config(const Checkpoint& output, const PlannedConversion& planned) {
  return planned.like && !quantisation_of(*planned.like).empty() &&
         quantisation_of(output) != quantisation_of(*planned.like);
}

/// A sound plan made with --like has its keys, dtypes and shapes.
Fields like_fields(const Checkpoint& output, const Plan& plan, const Checkpoint& like) {
  const std::string theirs = quantisation_of(like);
  const bool same_config = quantisation_of(output) == theirs;
  return {{{"", "like",
            fmt::format("{0} of {0} keys, dtypes and shapes as {1}; quantization_config {2}",
                        format_count(plan.outputs.size()), display(like.name()),
                        same_config      ? "equal"
                        : theirs.empty() ? "only here"
                                         : "DIFFERENT")},
           {"like.quantization_config_equal", "", same_config}}};
}

/// What --quantize calls the form of the packed weights; empty where there are none that it writes.
std::string scheme_of(const Checkpoint& checkpoint) {
  constexpr std::pair<std::string_view, std::string_view> kSchemes[] = {
      {"mxfp4", "mxfp4"},         {"fp8", "fp8"},     {"fp4", "fp8"},  // beside FP8 in DeepSeek-V4
      {"pack-quantized", "int4"}, {"nvfp4", "nvfp4"},
  };
  const TensorList tensors{checkpoint.tensors(), checkpoint.keys()};
  for (std::uint32_t id = 0; id < tensors.tensors.size(); ++id) {
    const auto packed = packed_weight(tensors, id);
    const auto* const found =
        std::find_if(std::begin(kSchemes), std::end(kSchemes),
                     [&](const auto& one) { return packed && one.first == packed->form; });
    if (found != std::end(kSchemes)) return std::string(found->second);
  }
  return "";
}

/// Without a receipt: the direction that the output's own keys show.
void infer_direction(ConversionRequest& request, const Checkpoint& source,
                     const Checkpoint& output) {
  const Family family = recognise_family(source.tensors(), source.config(), {request.adapter});
  if (!request.to.empty() || family.adapter == nullptr) return;
  const DetectedSide side = recognise_side(output.tensors(), source.config(), *family.adapter);
  if (side == DetectedSide::Hf || side == DetectedSide::Native) request.to = name_of(side);
  if (side != DetectedSide::Hf || !request.quantise.empty() || !scheme_of(source).empty()) return;
  request.quantise = scheme_of(output);
}

/// Where the plan comes from; another one than at the conversion differs for that alone.
std::string origin_text(const std::optional<Receipt>& receipt, const Plan& plan,
                        const std::string& path) {
  if (!receipt) return "inferred, there is no receipt";
  if (plan.hash() == receipt->plan) return "from " + path + "/ckptscope.json";
  return fmt::format("NOT that of the conversion, {}: source, config or flags are others",
                     receipt->plan);
}

std::string source_text(const PlanInputs& sources, const std::optional<Receipt>& receipt,
                        const Plan& plan) {
  const Checkpoint& source = sources.checkpoint;
  std::string text = fmt::format("{} tensors, {}", format_count(source.tensors().size()),
                                 format_bytes(source.total_bytes()));
  if (!receipt) return text;
  const Receipt now = make_receipt(sources, plan, 0);
  return text + (now.sources == receipt->sources
                     ? "   the same headers and sizes as at the conversion"
                     : "   NOT the files of the conversion");
}

Table differences_table(const VerifyReport& report) {
  const auto rows = std::make_shared<const std::vector<Difference>>(report.differences);
  Table table{"differences",
              {{"key", "key"}, {"kind", "what"}, {"detail", "detail"}},
              rows->size(),
              [rows](std::size_t i) -> std::vector<Cell> {
                const Difference& one = (*rows)[i];
                return {one.key, std::string(name_of(one.kind)), one.detail};
              }};
  return table;
}

void add_differences(Document& document, const VerifyReport& report) {
  if (report.differences.empty()) return;
  add_in_part(document, differences_table(report));
}

/// The plan of the conversion again: by its receipt, else by what the output's keys show.
PlannedConversion plan_again(const Checkpoint& source, const Checkpoint& output, const Args& args,
                             const std::optional<Receipt>& receipt) {
  if (receipt) check_config(source, *receipt);
  ConversionRequest request = request_of(args, receipt);
  if (!receipt) infer_direction(request, source, output);
  PlannedConversion planned = plan_conversion(source, request);
  if (receipt) check_like(*receipt, planned);
  return planned;
}

Fields report_fields(const PlanInputs& sources, const Plan& plan,
                     const std::optional<Receipt>& receipt, const std::string& path,
                     const VerifyReport& report) {
  return {{
      {"", "plan",
       fmt::format("{} -> {}, {}   plan {}   ({})", name_of(plan.options.from),
                   name_of(plan.options.to), plan.options.adapter, plan.hash(),
                   origin_text(receipt, plan, path))},
      {"", "source", source_text(sources, receipt, plan)},
      {"", "bits",
       fmt::format("{} of {} tensors are what the plan makes of the source   {} B equal",
                   format_count(report.equal), format_count(report.tensors),
                   format_count(report.bytes_equal))},
      {"adapter", "", plan.options.adapter},
      {"from", "", std::string(name_of(plan.options.from))},
      {"to", "", std::string(name_of(plan.options.to))},
      {"plan", "", plan.hash()},
      {"receipt", "", receipt.has_value()},
      {"tensors", "", report.tensors},
      {"equal", "", report.equal},
      {"bytes_equal", "", report.bytes_equal},
  }};
}

std::string verdict(const VerifyReport& report, bool verified) {
  if (verified) return "VERIFIED";
  if (report.verified()) return "DIFFERENT  quantization_config";
  return fmt::format("DIFFERENT  {} differences", report.differences.size());
}

Document run_verify(const Snapshot& snapshot, const Args& args, Progress& progress) {
  const Checkpoint& source = *snapshot.checkpoint;
  const std::string& path = args.operands.front();
  const Checkpoint output = Checkpoint::open(path, {"", &progress});
  snapshot.agree_on(output, progress);
  const auto receipt = read_receipt(output.location().directory);
  const PlannedConversion planned = plan_again(source, output, args, receipt);
  const Plan& plan = planned.plan;
  const PlanInputs sources{source, planned.like.get()};
  if (planned.like) snapshot.agree_on(*planned.like, progress);
  const VerifyReport report = verify(sources, plan, output, snapshot.resources(args), progress);

  Document document{"verify"};
  const bool verified = report.verified() && !has_other_config(output, planned);
  document.exit = verified ? 0 : 1;
  document.problems = plan.problems;
  Fields fields = report_fields(sources, plan, receipt, path, report);
  fields.list.push_back({"verified", "", verified});
  document.add(std::move(fields));
  add_losses(document, report.losses);
  std::vector<Problem> warnings;
  std::copy_if(plan.problems.begin(), plan.problems.end(), std::back_inserter(warnings),
               [](const Problem& one) { return one.severity == Severity::Warning; });
  add_problem_lines(document, warnings);
  if (planned.like) document.add(like_fields(output, plan, *planned.like));
  add_differences(document, report);
  document.add(Heading{verdict(report, verified), false, verified ? Role::Good : Role::Defect});
  return document;
}

}  // namespace

extern const Command kVerify{
    .name = "verify",
    .operands = "OUTPUT",
    .summary = "every output tensor against what the plan makes of the source, bit for bit",
    .min_operands = 1,
    .max_operands = 1,
    .flags = {kTo, kAdapter, kDtype, kExclude, kQuantise, kLike, kEp, kExperts, kSet, kLayout,
              kHfPrefix, kLenient, kStrict, kAllow, kMapping, kRename, kInclude, kMemory, kThreads},
    .examples = {"verify gpt-oss-20b gpt-oss-20b-native", "verify gpt-oss-20b out --dtype f32"},
    .exits = "something differs",
    .takes_ranks = true,
    .run = run_verify,
};

}  // namespace ckptscope
