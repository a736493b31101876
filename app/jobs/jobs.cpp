// Checkpoints, plans and statistics become the models that the screens draw.
#include "app/jobs/jobs.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "app/planning/conversion.hpp"
#include "app/planning/decoded_items.hpp"
#include "app/planning/matching_tensors.hpp"
#include "app/reports/overview.hpp"
#include "app/reports/picker.hpp"
#include "app/reports/plan_report.hpp"
#include "app/reports/stat_report.hpp"
#include "app/session/file_outlet.hpp"
#include "core/base/bytes.hpp"
#include "core/base/display.hpp"
#include "core/base/parallel.hpp"
#include "core/output/journal.hpp"
#include "core/remote/address.hpp"
#include "views/document/line_renderer.hpp"

namespace ckptscope {
namespace {

/// Fewer shards are read at once.
constexpr std::size_t kManyShards = 8;
constexpr std::size_t kMostProblems = 100;  // that are shown beside a plan; `e` goes through all

std::shared_ptr<const KeyList> all_keys(CheckpointPtr checkpoint) {
  const std::vector<std::uint32_t> ids = all_tensors(*checkpoint);
  return std::make_shared<const KeyList>(std::move(checkpoint), ids);
}

/// No checkpoint, but a directory of some.
bool is_a_choice(const std::string& path) {
  if (is_remote(path)) return false;
  try {
    locate(path);
    return false;
  } catch (const Error& error) {
    return error.code() == Code::NotACheckpoint && !checkpoints_below(path).empty();
  }
}

/// What is in the first of many shards, to look at until the others are read.
void post_first_shard(const std::string& path, const JobContext& context) {
  if (is_remote(path)) return;
  try {
    const Location location = locate(path);
    if (location.files.size() < kManyShards) return;
    const std::string first = location.directory + "/" + location.files.front();
    auto checkpoint = std::make_shared<const Checkpoint>(Checkpoint::open(first));
    context.post(
        Opened{path, all_keys(std::move(checkpoint)), "reading headers …", nullptr, false});
  } catch (const Error&) {
    return;  // what is wrong is said when the whole is opened
  }
}

/// Where an output beside the checkpoint would lie.
std::string free_text(const Checkpoint& checkpoint) {
  std::error_code error;
  const auto space = std::filesystem::space(checkpoint.location().directory, error);
  return error ? "unknown" : format_bytes(space.available) + " free, where the checkpoint lies";
}

std::vector<DetailLine> account_lines(const Checkpoint& checkpoint,
                                      const PlannedConversion& planned, const Args& args) {
  std::vector<DetailLine> lines;
  for (const Field& field : plan_account(planned.plan, args.resources()).list) {
    const std::string text = to_text(field.value, field.format);
    if (field.label == "needs") {
      lines.back().text += "   " + text;  // one line with the bytes: there is little room
    } else if (!field.label.empty()) {
      lines.push_back({field.label, text});
    }
  }
  lines.push_back({"disk", free_text(checkpoint)});
  std::vector<Problem> problems = planned.plan.problems;
  for (const Problem& problem : checkpoint.problems()) {
    if (problem.severity == Severity::Error) problems.push_back(problem);
  }
  problems.resize(std::min(problems.size(), kMostProblems));
  for (const Problem& problem : problems) {
    const bool error = problem.severity == Severity::Error;
    lines.push_back(
        {error ? "! error" : "note", problem.message, error ? Role::Defect : Role::Notice});
  }
  // Errors before everything else, and that nothing happens: there is little room.
  std::stable_partition(lines.begin(), lines.end(), [](const DetailLine& line) {
    return line.role == Role::Defect || line.text.starts_with("nothing changes");
  });
  return lines;
}

/// What an interrupted conversion has left where this one would go.
void add_leftover(MapModel& model, const Checkpoint& checkpoint, const Plan& plan,
                  const Args& args) {
  const std::string out = args.has("output")
                              ? args.text("output")
                              : output_beside(checkpoint.location().path, plan.options.to);
  const auto left = read_left(out);
  if (!left || left->done.empty()) return;
  model.shards_done = left->done.size();
  model.account.insert(model.account.begin(),
                       {"left",
                        fmt::format("{} of {} shards are done in {}", model.shards_done,
                                    left->work.shards.size(), display(partial_of(out))),
                        Role::Notice});
}

std::shared_ptr<const StatsModel> stats_model(const Checkpoint& checkpoint, const StatsItem& item,
                                              const TensorStats& stats, bool done) {
  auto model = std::make_shared<StatsModel>();
  model->key = item.key;
  model->what = item_heading(checkpoint, item);
  model->storage = format_name(item);
  model->stats = stats;
  model->done = done;
  describe_experts(*model);
  return model;
}

JobResult look_at_one(const Checkpoint& checkpoint, const std::vector<StatsItem>& items,
                      const Args& args, const JobContext& context) {
  std::shared_ptr<const StatsModel> found;
  compute_stats(
      checkpoint, items, args.resources().threads, context.progress,
      [&](std::size_t, const TensorStats& stats) {
        found = stats_model(checkpoint, items.front(), stats, true);
      },
      [&](std::size_t, const TensorStats& stats) {
        context.post(StatsReady{stats_model(checkpoint, items.front(), stats, false)});
      });
  return StatsReady{found};
}

JobResult look_at_many(const Checkpoint& checkpoint, MatchingItems found, const Args& args,
                       const JobContext& context) {
  constexpr auto kInterval = std::chrono::milliseconds(150);
  const std::vector<StatsItem> items = by_cost(std::move(found.items), checkpoint);
  GroupStats group(items);
  auto posted = std::chrono::steady_clock::now();
  compute_stats(
      checkpoint, items, args.resources().threads, context.progress,
      [&](std::size_t i, const TensorStats& stats) {
        group.add(i, stats);
        const auto now = std::chrono::steady_clock::now();
        if (now - posted < kInterval) return;
        posted = now;
        context.post(GroupReady{std::make_shared<const GroupStats>(group), found.notes});
      },
      nullptr, StatsDepth::Moments);
  group.look_for_twins(checkpoint, items, context.progress);
  return GroupReady{std::make_shared<const GroupStats>(std::move(group)), std::move(found.notes)};
}

/// Words of a query that a user typed.
std::vector<std::string> query_words(const std::string& filter) {
  const std::vector<Step> steps = parse_steps(filter);
  if (steps.size() > 1 || (!steps.empty() && !(steps[0].file.empty() && steps[0].pipe.empty()))) {
    fail(Code::Usage, "a query has no ;, > or |; quote a word that has one");
  }
  return steps.empty() ? std::vector<std::string>{} : steps.front().words;
}

}  // namespace

JobBody open_job(const std::string& path, const std::string& config) {
  return [=](const JobContext& context) -> JobResult {
    if (is_a_choice(path)) {
      return Picked{path, std::make_shared<const Document>(picker_of(path))};
    }
    post_first_shard(path, context);
    auto checkpoint =
        std::make_shared<const Checkpoint>(Checkpoint::open(path, {config, &context.progress}));
    std::shared_ptr<const KeyList> list;
    std::string summary;
    std::shared_ptr<const Document> overview;
    both([&] { list = all_keys(checkpoint); },
         [&] {
           Overview whole = overview_of(*checkpoint);
           summary = std::move(whole.line);
           overview = std::make_shared<const Document>(std::move(whole.document));
         });
    return Opened{path, list, summary, overview, true};
  };
}

JobBody list_job(const std::shared_ptr<const KeyList>& all, const std::string& filter,
                 const SortOrder& sort, bool flat) {
  return [=](const JobContext&) -> JobResult {
    const CheckpointPtr& checkpoint = all->checkpoint();
    const auto query = query_words(filter);
    auto list = all;
    std::vector<Problem> notes;
    if (!query.empty()) {
      QueryResult found = matching_tensors(*checkpoint, query);
      list = std::make_shared<const KeyList>(checkpoint, std::move(found.things));
      notes = std::move(found.notes);
    }
    if (!flat || sort.natural()) return Listed{list, nullptr, flat, filter, notes};
    const auto natural = list->names().natural_order();
    auto order = std::make_shared<std::vector<std::uint32_t>>(natural.begin(), natural.end());
    sort_by(*checkpoint, sort.column, *order);
    if (sort.inverted) std::reverse(order->begin(), order->end());
    return Listed{list, order, flat, filter, notes};
  };
}

JobBody search_job(const std::shared_ptr<const KeyList>& list, const Order& order,
                   const std::string& pattern) {
  return [=](const JobContext&) -> JobResult {
    const auto natural = list->names().natural_order();
    return Found{list, order, pattern,
                 find_keys(*list->checkpoint(), order ? std::span(*order) : natural, pattern)};
  };
}

JobBody map_job(const CheckpointPtr& checkpoint, const Args& args) {
  return [=](const JobContext& context) -> JobResult {
    context.progress.check_stop();
    PlannedConversion planned = plan_conversion(*checkpoint, args.conversion());
    auto model = std::make_shared<MapModel>();
    model->heading = plan_heading(planned, planned.plan.hash());
    FoldedPlan folded = fold_plan(planned.plan);
    model->rows = std::move(folded.rows);
    model->row_of_output = std::move(folded.row_of_output);
    model->row_of_left = std::move(folded.row_of_left);
    model->lines = lines_of(model->rows);
    model->ops = op_lines(model->rows);
    model->sums = planned.plan.account();
    model->account = account_lines(*checkpoint, planned, args);
    add_leftover(*model, *checkpoint, planned.plan, args);
    struct Kept {
      CheckpointPtr checkpoint;
      std::shared_ptr<const Checkpoint> like;
    };
    model->keep = std::make_shared<const Kept>(Kept{checkpoint, planned.like});
    model->plan = std::make_shared<const Plan>(std::move(planned.plan));
    return PlanReady{model};
  };
}

JobBody stat_job(const CheckpointPtr& checkpoint, const Args& args) {
  return [=](const JobContext& context) -> JobResult {
    const bool plain = !args.has("against") && !args.has("json") && !args.has("jsonl");
    if (plain) {
      refuse_errors(checkpoint->problems(), checkpoint->name());
      MatchingItems found = matching_items(*checkpoint, args.operands);
      const FetchAllowance fetching(checkpoint->location().remote.get(), args.bytes("fetch"),
                                    context.progress);
      confirm_reading(*checkpoint, found.items, context.progress);
      return found.items.size() == 1 ? look_at_one(*checkpoint, found.items, args, context)
                                     : look_at_many(*checkpoint, std::move(found), args, context);
    }
    const Document document = find_command("stat")->run({checkpoint, true}, args, context.progress);
    KeyedLines told = keyed_lines(document, context.width);
    return CommandDone{document.verb, std::move(told.lines), document.exit, std::move(told.keys)};
  };
}

JobBody image_job(const CheckpointPtr& checkpoint, const Args& args) {
  return [=](const JobContext& context) -> JobResult {
    const Document document = find_command("show")->run({checkpoint, true}, args, context.progress);
    for (const Block& block : document.blocks) {
      if (const auto* map = std::get_if<HeatMap>(&block)) {
        return Pictured{std::make_shared<const HeatMap>(*map)};
      }
    }
    KeyedLines told = keyed_lines(document, context.width);
    return CommandDone{document.verb, std::move(told.lines), document.exit, std::move(told.keys)};
  };
}

JobBody command_job(const Command& command, const CheckpointPtr& open, const Args& args,
                    const Step& step) {
  return [=, &command](const JobContext& context) -> JobResult {
    const bool to_file = !step.file.empty();
    const CheckpointPtr subject = command.opens ? open : nullptr;
    const Document document = command.run({subject, !to_file}, args, context.progress);
    if (!to_file) return command_done(document, context.width);
    write_document(step.file, step.append, document, args, open.get());
    return CommandDone{std::string(command.name),
                       {{fmt::format("written to {}", display(step.file))}},
                       document.exit};
  };
}

}  // namespace ckptscope
