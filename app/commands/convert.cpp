// Options to a conversion, and its report as text and fields.
#include "core/convert/convert.hpp"

#include <sys/stat.h>

#include <cerrno>

#include "app/commands/flags.hpp"
#include "app/reports/problem_lines.hpp"
#include "core/base/bytes.hpp"
#include "core/base/display.hpp"
#include "core/checkpoint/expert_slices.hpp"

namespace ckptscope {
namespace {

ConvertOptions options_of(const Snapshot& snapshot, const Args& args) {
  ConvertOptions options;
  options.out = args.text("output");
  if (args.has("max-shard-size")) options.max_shard_bytes = args.bytes("max-shard-size");
  options.resources = snapshot.resources(args);
  const std::string verify = args.text("verify");
  options.verify = verify == "none"        ? VerifyLevel::None
                   : verify == "roundtrip" ? VerifyLevel::RoundTrip
                                           : VerifyLevel::ReadBack;
  const std::string exists = args.text("if-exists");
  options.if_exists = exists == "skip"      ? ExistsPolicy::Skip
                      : exists == "replace" ? ExistsPolicy::Replace
                                            : ExistsPolicy::Fail;
  if (args.has("resume") && args.has("restart")) {
    fail(Code::Usage, "--resume and --restart: one of them is enough");
  }
  if (args.has("part")) options.part = parse_part(args.text("part"));
  if (!options.part.is_all() && !snapshot.ranks->is_one()) {
    fail(Code::Usage, "--part: the ranks of one run share its shards by themselves");
  }
  if (!options.part.is_all()) {
    const bool refused = args.has("restart") || options.verify == VerifyLevel::RoundTrip ||
                         options.if_exists == ExistsPolicy::Replace;
    if (refused) {
      fail(Code::Usage,
           "--part is not for --restart, --verify roundtrip, --if-exists replace: they are about "
           "the whole output");
    }
  }
  options.leftover = args.has("resume")    ? Leftover::Resume
                     : args.has("restart") ? Leftover::Restart
                                           : Leftover::Refuse;
  return options;
}

std::string_view level_name(VerifyLevel level) {
  return level == VerifyLevel::None        ? "written"
         : level == VerifyLevel::RoundTrip ? "round-trip"
                                           : "read-back";
}

/// "part     3 of 16: shards 4, 21, 37; 37.1 GB read, 36.9 GB written".
std::string part_line(const Plan& plan, const ConvertOptions& options) {
  const PartShare share = share_of(options.part, plan, lay_out(plan, options.max_shard_bytes, {}));
  std::vector<std::size_t> numbers;
  for (std::size_t i = 0; i < share.shards.size(); ++i) {
    if (share.shards[i]) numbers.push_back(i + 1);
  }
  return fmt::format(
      "part     {} of {}: {}; {} read, {} written", options.part.number, options.part.count,
      numbers.empty() ? "no shard" : fmt::format("shards {}", fmt::join(numbers, ", ")),
      format_bytes(share.bytes_read), format_bytes(share.bytes_written));
}

std::vector<std::string> plan_lines(const Plan& plan, const ConvertOptions& options) {
  const Account account = plan.account();
  const PlanOptions& asked = plan.options;
  std::vector<std::string> lines;
  lines.push_back(fmt::format("plan     {} -> {}, {}: {} -> {} tensors, {} -> {}   plan {}",
                              name_of(asked.from), name_of(asked.to), asked.adapter,
                              format_count(account.sources), format_count(account.targets),
                              format_bytes(account.bytes_in), format_bytes(account.bytes_out),
                              plan.hash()));
  const auto losses = plan.losses();
  for (std::size_t i = 0; i < losses.size(); ++i) {
    lines.push_back(fmt::format("{:<8} {}", i == 0 ? "loss" : "", losses[i]));
  }
  if (losses.empty()) lines.push_back("loss     none");
  const Resources& resources = options.resources;
  lines.push_back(fmt::format(
      "needs    disk {} of {} free   memory {} of {}   {}{}", format_bytes(account.bytes_out),
      format_bytes(options.out.free_bytes()), format_memory(buffer_bytes(plan, resources)),
      format_memory(resources.memory), counted(resources.workers(), "thread"),
      resources.workers() < resources.threads
          ? fmt::format(" (of {}: --memory allows no more)", resources.threads)
          : ""));
  if (account.read_twice > 0) {
    lines.push_back(fmt::format("scales   need a pass of their own: {} are read twice",
                                format_bytes(account.read_twice)));
  }
  if (!options.part.is_all()) lines.push_back(part_line(plan, options));
  for (const Problem& problem : plan.problems) lines.push_back(to_line(problem));
  return lines;
}

Fields plan_fields(const Plan& plan) {
  const Account account = plan.account();
  return {{
      {"adapter", "", plan.options.adapter},
      {"from", "", std::string(name_of(plan.options.from))},
      {"to", "", std::string(name_of(plan.options.to))},
      {"plan", "", plan.hash()},
      {"sources.total", "", account.sources},
      {"sources.used", "",
       account.sources - account.dropped - account.unplaced -
           account.sources_by_kind[static_cast<std::size_t>(OutputKind::Passed)]},
      {"sources.passed", "", account.sources_by_kind[static_cast<std::size_t>(OutputKind::Passed)]},
      {"sources.dropped", "", account.dropped},
      {"targets.total", "", account.targets},
      {"targets.synthesised", "",
       account.targets_by_kind[static_cast<std::size_t>(OutputKind::Synthesised)]},
      {"bytes.in", "", account.bytes_in},
      {"bytes.out", "", account.bytes_out},
      {"lossless", "", plan.lossless()},
      {"losses", "", plan.losses()},
  }};
}

constexpr std::string_view kAsPublished = "files    as .hf_metadata names them\n";

Document dry_run(const PlanInputs& sources, const Plan& plan, const ConvertOptions& options) {
  Document document{"convert"};
  document.problems = plan.problems;
  document.add(plan_fields(plan));
  std::string text;
  for (const std::string& line : plan_lines(plan, options)) text += line + "\n";
  const ShardLayout layout = lay_out(plan, options.max_shard_bytes, {});
  check_before(sources, plan, layout, options);
  if (layout.as_published) text += kAsPublished;
  document.add(Note{text + "dry run  nothing written\n", /*escaped=*/true});
  document.add(Fields{{{"dry_run", "", true}, {"output", "", options.out.text()}}});
  return document;
}

Table shards_table(const ConvertReport& report) {
  const auto shards = std::make_shared<const std::vector<Receipt::OutputFile>>(report.shards);
  const auto row = [shards](std::size_t i) -> std::vector<Cell> {
    const Receipt::OutputFile& file = (*shards)[i];
    return {file.name, file.bytes, file.xxh3.empty() ? Cell() : Cell(file.xxh3)};
  };
  return {"shards",
          {{"name", ""}, {"bytes", ""}, {"xxh3", ""}},
          shards->size(),
          row,
          Audience::Machines};
}

std::string done_text(const Plan& plan, const ConvertReport& report,
                      const ConvertOptions& options) {
  const std::string out = display(options.out.text());
  if (report.skipped)
    return fmt::format("skipped  {} is there already, made by this same conversion\n", out);
  if (!report.committed) {
    return fmt::format(
        "part     {} of {} is done; {} shards of the output are: the last part commits it, or "
        "ckptscope commit {}\n",
        options.part.number, options.part.count, report.done, out);
  }
  std::string text =
      fmt::format("done     {}   {} tensors, {} {}", out, format_count(plan.outputs.size()),
                  report.shards.size(), report.shards.size() == 1 ? "shard" : "shards");
  for (const std::string& name : report.copied) text += ", " + display(name);
  for (const std::string& name : report.lent) text += fmt::format(", {} (--like)", display(name));
  text += "\n";
  for (const std::string& name : report.left_out) text += fmt::format("left out {}\n", name);
  if (report.config_edited) {
    text +=
        fmt::format("config   {}dtype and quantization_config of config.json follow the output\n",
                    plan.layers ? fmt::format("layers (now {}), ", *plan.layers) : "");
  }
  if (report.as_published) text += kAsPublished;
  if (!report.replaced.empty())
    text += fmt::format("kept     what was there is now {}\n", display(report.replaced));
  for (const std::string& note : report.notes) text += fmt::format("note     {}\n", note);
  if (plan.outputs.empty())
    text += "note     no tensors are left: the output is one valid, empty file\n";
  return text;
}

Document convert_one(const Snapshot& snapshot, const Args& args, Progress& progress) {
  const Checkpoint& checkpoint = *snapshot.checkpoint;
  const ConvertOptions options = options_of(snapshot, args);
  const PlannedConversion planned = plan_conversion(checkpoint, args.conversion());
  const Plan& plan = planned.plan;
  const PlanInputs sources{checkpoint, planned.like.get()};
  if (planned.like) snapshot.agree_on(*planned.like, progress);
  if (args.has("dry-run")) return dry_run(sources, plan, options);
  for (const std::string& line : plan_lines(plan, options)) progress.line(line);
  const ConvertReport report = convert(sources, plan, options, progress);

  Document document{"convert"};
  document.problems = plan.problems;
  document.add(plan_fields(plan)).add(Note{done_text(plan, report, options), /*escaped=*/true});
  add_losses(document, report.losses);
  document.add(Fields{{{"verified", "", std::string(level_name(options.verify))},
                       {"skipped", "", report.skipped},
                       {"committed", "", report.committed},
                       {"copied", "", report.copied},
                       {"lent", "", report.lent},
                       {"left_out", "", report.left_out},
                       {"replaced", "", report.replaced.empty() ? Cell() : Cell(report.replaced)},
                       {"output", "", options.out.text()}}});
  document.add(shards_table(report));
  return document;
}

/// --ep all/N: every rank's slice, in a directory of its own below the output.
Document convert_slices(const Snapshot& snapshot, const Args& args, Progress& progress) {
  if (args.has("json")) fail(Code::Usage, "--ep all/N: --json tells of one slice at a time");
  const auto ranks = parse_number(std::string_view(args.text("ep")).substr(4));
  if (!ranks || *ranks == 0) {
    fail(Code::Usage, "--ep {}: R/N or all/N is expected", display(args.text("ep")));
  }
  const OutputPath whole(args.text("output"));
  if (!args.has("dry-run") && ::mkdir(whole.text().c_str(), 0777) != 0 && errno != EEXIST) {
    fail_errno(fmt::format("making {}", display(whole.text())));
  }
  Document all{"convert"};
  for (std::uint64_t rank = 0; rank < *ranks; ++rank) {
    Args one = args;
    one.flags["ep"] = {fmt::format("{}/{}", rank, *ranks)};
    one.flags["output"] = {whole.text() + "/" + slice_name(rank, *ranks)};
    Document slice = convert_one(snapshot, one, progress);
    all.exit = std::max(all.exit, slice.exit);
    if (rank == 0) all.problems = std::move(slice.problems);
    for (Block& block : slice.blocks) {
      if (std::holds_alternative<Note>(block)) all.add(std::move(block));
    }
  }
  return all;
}

Document run_convert(const Snapshot& snapshot, const Args& args, Progress& progress) {
  if (!args.has("output"))
    fail(Code::Usage, "convert: -o DIR is missing; it says where the result appears");
  return args.text("ep").starts_with("all/") ? convert_slices(snapshot, args, progress)
                                             : convert_one(snapshot, args, progress);
}

}  // namespace

extern const Command kConvert{
    .name = "convert",
    .summary = "convert to the other layout, streamed, verified, committed at once",
    .flags = {kOutput,
              kTo,
              kAdapter,
              kDtype,
              kExclude,
              kQuantise,
              kLike,
              kEp,
              kExperts,
              kSet,
              kLayout,
              kHfPrefix,
              kLenient,
              kStrict,
              kAllow,
              {.name = "max-shard-size",
               .value = "SIZE",
               .help = "largest output file",
               .fallback = "5GB"},
              kMemory,
              kThreads,
              {.name = "verify",
               .value = "LEVEL",
               .help = "what is checked before the commit",
               .choices = "none|readback|roundtrip",
               .fallback = "readback"},
              {.name = "if-exists",
               .value = "POLICY",
               .help = "when the output exists",
               .choices = "fail|skip|replace",
               .fallback = "fail"},
              kMapping,
              kRename,
              kInclude,
              {.name = "resume",
               .help = "go on after the shards that an interrupted run has finished"},
              {.name = "restart", .help = "write again what an interrupted run has finished"},
              {.name = "part",
               .value = "R/N",
               .help = "only this share of the shards, R from 0; auto asks the launcher"},
              {.name = "dry-run", .help = "everything but writing", .letter = 'n'}},
    .examples = {"convert gpt-oss-20b --to native -o gpt-oss-20b-native",
                 "convert ft --to hf --quantize mxfp4 --like gpt-oss-20b -o ft-mxfp4"},
    .exits = "the conversion is refused",
    .takes_ranks = true,
    .run = run_convert,
};

}  // namespace ckptscope
