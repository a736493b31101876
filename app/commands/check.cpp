// Headers and index, as opening found them; with --deep every byte.
#include <algorithm>

#include "app/commands/flags.hpp"
#include "app/reports/problem_lines.hpp"
#include "core/base/bytes.hpp"
#include "core/base/display.hpp"
#include "core/base/file.hpp"
#include "core/base/problems.hpp"
#include "core/inspect/config_findings.hpp"
#include "core/inspect/deep_check.hpp"
#include "core/inspect/missing_parts.hpp"

namespace ckptscope {
namespace {

std::string headers_text(const Checkpoint& checkpoint) {
  const auto shards = checkpoint.shards();
  const auto good = std::count_if(shards.begin(), shards.end(),
                                  [](const Shard& s) { return s.present && !s.damaged; });
  return fmt::format(
      "{} of {} parsed, {}{}", good, shards.size(), counted(checkpoint.tensors().size(), "tensor"),
      static_cast<std::size_t>(good) == shards.size() ? ", no overlap, no hole" : "");
}

std::string index_text(const Checkpoint& checkpoint) {
  if (checkpoint.location().index.empty()) return "none";
  const auto problems = checkpoint.problems();
  const auto wrong = std::count_if(problems.begin(), problems.end(), [](const Problem& p) {
    return p.code == Code::MissingTensor || p.code == Code::MissingShard ||
           p.code == Code::UnindexedTensor || p.code == Code::DuplicateTensor;
  });
  return wrong == 0 ? "every key is in the shard it names"
                    : fmt::format("{} disagreements with the shards", wrong);
}

struct KnownSums {
  Checksums sums;
  std::string source;  // as people read it
};

/// The shards of both by name and size, before any byte is read.
void add_other_shards(Document& document, const Checkpoint& here, const Checkpoint& there) {
  std::map<std::string_view, const Shard*> theirs;
  for (const Shard& shard : there.shards()) {
    if (shard.present) theirs.emplace(shard.name, &shard);
  }
  const auto report = [&](Code code, const std::string& name, const std::string& what) {
    document.problems.push_back(
        {code, Severity::Error, fmt::format("{}: {}", display(name), what), {}, name});
  };
  for (const Shard& shard : here.shards()) {
    const auto other = theirs.find(shard.name);
    if (other == theirs.end()) {
      report(Code::Mismatch, shard.name, fmt::format("not in {}", display(there.location().path)));
      continue;
    }
    if (shard.present && shard.identity.size != other->second->identity.size) {
      report(
          Code::SizeMismatch, shard.name,
          fmt::format("{} bytes, {} in {}", format_count(shard.identity.size),
                      format_count(other->second->identity.size), display(there.location().path)));
    }
    theirs.erase(other);
  }
  for (const auto& [name, shard] : theirs) {
    report(Code::MissingShard, std::string(name),
           fmt::format("in {}, not here", display(there.location().path)));
  }
}

/// A shard of which no sum is known is not compared, which must be said.
void add_unknown_sums(Document& document, const Checkpoint& checkpoint, const KnownSums& known,
                      Severity severity) {
  for (const Shard& shard : checkpoint.shards()) {
    if (!shard.present || known.sums.contains(shard.name)) continue;
    document.problems.push_back({Code::ChecksumMismatch,
                                 severity,
                                 fmt::format("{}: not compared, {} has no sha256 of it",
                                             display(shard.name), display(known.source)),
                                 {},
                                 shard.name});
  }
}

KnownSums sums_of(Document& document, const Checkpoint& checkpoint, const Args& args,
                  Progress& progress) {
  const auto require_any = [&](const KnownSums& known, const std::string& asked) {
    const auto names_a_shard = [&](const Shard& shard) { return known.sums.contains(shard.name); };
    if (std::any_of(checkpoint.shards().begin(), checkpoint.shards().end(), names_a_shard)) return;
    fail(Code::Usage, "{}: it names none of the shards", display(asked));
  };
  if (args.has("against")) {
    const std::string& path = args.text("against");
    const Checkpoint other = Checkpoint::open(path, {"", &progress});
    add_other_shards(document, checkpoint, other);
    KnownSums known{hub_checksums(other), path};
    if (known.sums.empty()) {
      fail(Code::Usage, "--against {}: no sha256 is recorded there; hf:// is where they are",
           display(path));
    }
    require_any(known, "--against " + path);
    add_unknown_sums(document, checkpoint, known, Severity::Error);
    return known;
  }
  if (!args.has("sums")) return {hub_checksums(checkpoint), "recorded by the hub"};
  KnownSums known{parse_checksums(read_text(args.text("sums"), 64'000'000)), args.text("sums")};
  require_any(known, "--sums " + known.source);
  add_unknown_sums(document, checkpoint, known, Severity::Note);
  return known;
}

void add_deep(Document& document, const Snapshot& snapshot, const Args& args, Progress& progress) {
  const Checkpoint& checkpoint = *snapshot.checkpoint;
  checkpoint.require_values("check --deep");
  const auto [sums, source] = sums_of(document, checkpoint, args, progress);
  DeepReport report = deep_check(checkpoint, sums, snapshot.workers(args), progress);
  append(document.problems, std::move(report.problems));
  document.add(Fields{{
      {"", "sha256",
       report.sums_compared == 0 ? std::string("nothing recorded to compare with")
                                 : fmt::format("{} of {} shards as {}", report.sums_equal,
                                               checkpoint.shards().size(), source)},
      {"", "values",
       fmt::format("{} of {} tensors read, {}   NaN {}   Inf {}   constant {}",
                   format_count(report.tensors), format_count(checkpoint.tensors().size()),
                   format_bytes(report.bytes), report.nan_tensors, report.inf_tensors,
                   report.constant_weights)},
      {"values.tensors", "", report.tensors},
      {"values.bytes", "", report.bytes},
      {"values.nan", "", report.nan_tensors},
      {"values.inf", "", report.inf_tensors},
      {"values.constant", "", report.constant_weights},
      {"sha256.compared", "", report.sums_compared},
      {"sha256.equal", "", report.sums_equal},
  }});
  if (checkpoint.copies().empty()) return;
  document.add(Fields{{
      {"", "copies",
       fmt::format("{} of {} in the other slices are as in the first",
                   format_count(report.copies_equal), format_count(checkpoint.copies().size()))},
      {"copies.compared", "", report.copies_compared},
      {"copies.equal", "", report.copies_equal},
  }});
}

/// Of another family nobody can say what is missing.
std::vector<Problem> missing_from_family(const Checkpoint& checkpoint) {
  const bool known = recognise_family(checkpoint.tensors(), checkpoint.config()).adapter != nullptr;
  if (!known || !is_whole_model(checkpoint)) return {};
  std::vector<ModelKey> keys;
  for (const TensorInfo& info : checkpoint.tensors()) keys.push_back({info.name, info.elements()});
  return missing_parts(keys, checkpoint.config());
}

Document run_check(const Snapshot& snapshot, const Args& args, Progress& progress) {
  const Checkpoint& checkpoint = *snapshot.checkpoint;
  Document document{"check"};
  document.problems.assign(checkpoint.problems().begin(), checkpoint.problems().end());
  document.add(Fields{{
      {"", "headers", headers_text(checkpoint)},
      {"", "index", index_text(checkpoint)},
      {"shards", "", std::uint64_t{checkpoint.shards().size()}},
      {"tensors", "", std::uint64_t{checkpoint.tensors().size()}},
  }});
  const Summary summary = summarise(checkpoint);
  append(document.problems, config_findings(checkpoint, summary));
  append(document.problems, missing_from_family(checkpoint));
  const bool deep = args.has("deep") || args.has("sums") || args.has("against");
  if (deep) add_deep(document, snapshot, args, progress);
  add_problem_lines(document, document.problems, document.problems.size());
  const std::size_t errors = count_errors(document.problems);
  const std::size_t notes = document.problems.size() - errors;
  const bool incomplete =
      std::any_of(document.problems.begin(), document.problems.end(), [](const Problem& problem) {
        return problem.code == Code::Incomplete && problem.severity == Severity::Warning;
      });
  document.exit = errors > 0 || incomplete || (args.has("strict") && notes > 0) ? 1 : 0;
  const bool good = errors == 0 && !incomplete;
  const std::string verdict = errors > 0   ? "DAMAGED"
                              : incomplete ? "INCOMPLETE"
                              : notes > 0  ? "GOOD, with notes"
                                           : "GOOD";
  document.add(
      Heading{fmt::format("{}  {}, {}", verdict, counted(errors, "error"), counted(notes, "note")),
              false, good ? Role::Good : Role::Defect});
  document.add(
      Fields{{{"errors", "", std::uint64_t{errors}}, {"notes", "", std::uint64_t{notes}}}});
  return document;
}

}  // namespace

extern const Command kCheck{
    .name = "check",
    .summary = "headers, index and config against the files; --deep reads every byte",
    .flags = {{.name = "deep",
               .help = "every byte: NaN, Inf, constant weights, sha256 as the hub recorded it"},
              {.name = "sums",
               .value = "FILE",
               .help = "sha256 sums to compare with, as sha256sum prints them"},
              {.name = "against",
               .value = "PATH",
               .help = "the same with those that the hub has: hf://org/name"},
              {.name = "strict", .help = "notes count as findings"},
              kThreads},
    .examples = {"check gpt-oss-20b", "check --deep gpt-oss-20b --sums SHA256SUMS",
                 "check gpt-oss-20b --against hf://openai/gpt-oss-20b"},
    .exits = "a file is rejected or has a defect, or the model is incomplete",
    .takes_ranks = true,
    .run = run_check,
};

}  // namespace ckptscope
