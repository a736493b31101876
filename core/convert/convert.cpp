// The order of steps is the promise: nothing is visible under OUT before everything is proved.
#include "core/convert/convert.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <memory>
#include <thread>

#include "core/base/buffer.hpp"
#include "core/base/bytes.hpp"
#include "core/base/display.hpp"
#include "core/checkpoint/expert_slices.hpp"
#include "core/checkpoint/index_file.hpp"
#include "core/convert/refusals.hpp"
#include "core/convert/verify.hpp"
#include "core/output/read_back.hpp"
#include "core/output/side_files.hpp"
#include "core/output/staged_sink.hpp"
#include "core/output/staging.hpp"
#include "core/ranks/shared_results.hpp"
#include "core/source/tensor_source.hpp"

namespace ckptscope {
namespace {

/// A config that cannot be read says nothing, though it may say that the source is quantised.
void refuse_damaged(const Checkpoint& source, const PlanOptions& options) {
  for (const Problem& problem : source.problems()) {
    const bool stops = problem.severity == Severity::Error || problem.code == Code::BadConfig ||
                       row_of(problem.code).exit == 3;
    if (stops && !options.allows(problem.code)) refuse(problem, source.name());
  }
}

/// A file that is opened by itself has no claim on what lies beside it.
void add_directories(const Checkpoint& checkpoint, std::set<std::string>& directories) {
  const Location& location = checkpoint.location();
  if (location.one_file && checkpoint.shards().size() == 1) {
    directories.insert(real_path(checkpoint.shards().front().path));
    return;
  }
  directories.insert(location.directory);
  for (const Shard& shard : checkpoint.shards()) {
    if (!shard.present) continue;
    directories.insert(std::filesystem::path(real_path(shard.path)).parent_path().string());
  }
}

std::vector<std::string> source_directories(const PlanInputs& sources) {
  std::set<std::string> directories;
  add_directories(sources.checkpoint, directories);
  if (sources.like != nullptr) add_directories(*sources.like, directories);
  return {directories.begin(), directories.end()};
}

/// Steps of one conversion, in order.
class Conversion {
 public:
  Conversion(const PlanInputs& sources, const Plan& plan, const ConvertOptions& options,
             Progress& progress)
      : sources_(sources),
        source_(sources.checkpoint),
        plan_(plan),
        options_(options),
        progress_(progress),
        ranks_(*options.resources.ranks),
        layout_(lay_out(plan, options.max_shard_bytes, metadata())),
        receipt_(make_receipt(sources, plan, options.max_shard_bytes)) {
    if (layout_.as_published) receipt_.options["files"] = "as published";
  }

  ConvertReport run() {
    sources_.checkpoint.require_values("convert");
    try {
      return run_steps();
    } catch (const Error& error) {
      if (is_there_by_another_part()) return std::move(report_);
      throw Error(error.code(), with_notes(error.what(), report_.notes));
    }
  }

 private:
  ConvertReport run_steps() {
    in_turn([&] {
      if (std::string note = finish_commit(options_.out); !note.empty()) {
        report_.notes.push_back(std::move(note));
      }
    });
    const SideFiles side_files(sources_, plan_);
    if (is_done_already(side_files)) return std::move(report_);
    check_before(sources_, plan_, layout_, options_);
    agree(
        ranks_, "plan", [&] { return plan_.hash(); }, progress_);
    if (options_.verify != VerifyLevel::None) check_source_sums();
    std::optional<Staging> joined;
    in_turn([&] { joined.emplace(options_.out, work(side_files), staging_options()); });
    Staging& staging = *joined;
    joined_ = true;
    report_.notes.insert(report_.notes.end(), staging.notes().begin(), staging.notes().end());
    try {
      agree(
          ranks_, "directory", [&] { return read_holder(staging.path()); }, progress_);
      write(staging);
      meet();
      if (options_.verify == VerifyLevel::RoundTrip) compare_all(staging.path());
      if (!ranks_.is_first()) joined.reset();
      meet();
      if (ranks_.is_first()) finish(staging, side_files);
    } catch (const Error& error) {
      const bool may_go_on = error.code() == Code::NoSpace || error.code() == Code::Io;
      const bool asked = options_.leftover == Leftover::Resume || !options_.part.is_all();
      if (!joined) throw;  // of a rank whose work is done
      if (error.code() == Code::SourceChanged) {
        staging.distrust_made();
      } else if (may_go_on || asked || !ranks_.is_one()) {
        keep(staging);
      }
      throw;
    }
    return std::move(report_);
  }

  void meet() { ranks_.exchange("", progress_); }

  /// What changes directories the first rank does before the others look at them.
  void in_turn(const auto& step) {
    if (!ranks_.is_first()) meet();
    step();
    if (ranks_.is_first()) meet();
  }

  /// Whatever a part has stumbled over, when another was faster.
  bool is_there_by_another_part() {
    constexpr int kMostLooks = 50;  // five seconds: it may be about to commit
    for (int look = 0; look < kMostLooks && !options_.part.is_all(); ++look) {
      const bool all_done = are_all_done();  // asked first: it may be getting its name meanwhile
      const auto made = read_receipt(out());
      report_.skipped = made && made->same_conversion(receipt_) && missing_file(*made).empty();
      if (report_.skipped) report_.shards = made->outputs;
      if (report_.skipped || !joined_ || !all_done) return report_.skipped;
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    return false;
  }

  /// Or the directory has just got its name.
  bool are_all_done() const {
    const auto left = read_left(out());
    return !left || left->done.size() == layout_.shards.size();
  }

  /// All that comes behind the last shard.
  void finish(Staging& staging, const SideFiles& side_files) {
    write_side_files(staging, side_files);
    bool touched = check_sources_unchanged(source_);
    if (sources_.like != nullptr) touched = check_sources_unchanged(*sources_.like) || touched;
    if (touched) {
      report_.notes.push_back(
          "a source file's status changed (a rename or link), its content did not");
    }
    if (!options_.part.is_all() && is_waiting(staging)) return;
    write_receipt(staging);
    progress_.check_stop();
    progress_.phase("commit", 0);
    report_.replaced = staging.commit();
  }

  /// What torch.save wrote says whether it is what was written.
  void check_source_sums() {
    if (source_.location().format == FileFormat::Safetensors) return;
    const std::size_t files = source_.shards().size();
    const bool by_file = source_.location().format == FileFormat::Torch;  // else by piece
    std::vector<std::uint64_t> bytes;
    for (const Shard& shard : source_.shards()) {
      bytes.push_back(by_file ? shard.identity.size : 0);
    }
    for (const TensorInfo& info : source_.tensors()) bytes.push_back(by_file ? 0 : info.bytes());
    share_out("checksums", bytes, [&](std::size_t i) {
      if (i < files) {
        check_file_sums(source_, static_cast<std::uint32_t>(i), progress_);
      } else {
        check_piece_sums(source_, source_.tensors()[i - files], progress_);
        progress_.advance(bytes[i]);
      }
      return 0u;
    });
  }

  /// work(i) of every item, in all ranks.
  std::vector<std::uint64_t> share_out(std::string_view phase,
                                       const std::vector<std::uint64_t>& bytes, const auto& work) {
    return shared_results<std::uint64_t>(phase, bytes, {options_.resources.workers(), ranks_},
                                         progress_,
                                         [&](std::size_t i, unsigned) { return work(i); });
  }

  /// Hashes of files as they lie on disk.
  std::vector<std::string> hashes_of(const std::string& directory,
                                     const std::vector<std::string>& names,
                                     const std::vector<std::uint64_t>& bytes) {
    std::vector<std::string> hashes;
    for (const std::uint64_t hash : share_out("read back", bytes, [&](std::size_t i) {
           return hash_on_disk(directory + "/" + names[i], bytes[i], progress_);
         })) {
      hashes.push_back(hex64(hash));
    }
    return hashes;
  }

  std::map<std::string, std::string> metadata() const {
    std::map<std::string, std::string> merged = source_.metadata();
    std::erase_if(merged, [](const auto& entry) { return entry.first.starts_with("DCP_"); });
    merged["format"] = "pt";
    FirstExperts first;
    for (const Output& output : plan_.outputs) {
      if (output.first_expert) first[output.key] = *output.first_expert;
    }
    if (!first.empty()) merged[std::string(kFirstExperts)] = to_json(first);
    return merged;
  }

  bool is_done_already(const SideFiles& side_files) {
    if (options_.if_exists == ExistsPolicy::Replace || !is_directory(options_.out.text()))
      return false;
    const auto made = read_receipt(options_.out.text());
    const std::string how = !made                              ? "not made by a conversion of ours"
                            : !made->same_conversion(receipt_) ? "made by another conversion"
                                                               : "made by this same conversion";
    const bool is_part = !options_.part.is_all();  // another has committed
    const bool may_skip = options_.if_exists == ExistsPolicy::Skip || is_part ||
                          options_.leftover == Leftover::Resume;
    if (!made || !made->same_conversion(receipt_) || !may_skip) {
      fail(Code::Exists, "{}: exists, {}; see --if-exists", display(out()), how);
    }
    if (const std::string flaw = flaw_of(*made, side_files); !flaw.empty()) {
      fail(Code::Exists, "{}: exists, {}, but {}; see --if-exists", display(out()), how, flaw);
    }
    report_.skipped = true;
    report_.shards = made->outputs;
    return true;
  }

  const std::string& out() const { return options_.out.text(); }

  /// What an output of this conversion lacks at the level that is asked for; empty: nothing.
  std::string flaw_of(const Receipt& made, const SideFiles& side_files) {
    if (made.outputs.empty()) return "its receipt names no file";
    if (std::string flaw = missing_file(made); !flaw.empty()) return flaw;
    if (options_.verify != VerifyLevel::None) {
      for (const Receipt::OutputFile& file : made.outputs) {
        if (file.xxh3.empty()) return "it was not read back when it was made";
      }
      if (std::string flaw = changed_shard(made); !flaw.empty()) return flaw;
    }
    if (options_.verify == VerifyLevel::RoundTrip) compare_all(out());
    return changed_side_file(side_files);
  }

  std::string missing_file(const Receipt& made) const {
    for (const Receipt::OutputFile& file : made.outputs) {
      if (regular_size(out() + "/" + file.name) != file.bytes) {
        return fmt::format("{} is not there as it was written", display(file.name));
      }
    }
    return "";
  }

  std::string changed_shard(const Receipt& made) {
    std::vector<std::string> names;
    std::vector<std::uint64_t> bytes;
    for (const Receipt::OutputFile& file : made.outputs) {
      names.push_back(file.name);
      bytes.push_back(file.bytes);
    }
    const std::vector<std::string> hashes = hashes_of(out(), names, bytes);
    for (std::size_t i = 0; i < hashes.size(); ++i) {
      const Receipt::OutputFile& file = made.outputs[i];
      if (hashes[i] != file.xxh3) {
        return fmt::format("{} has changed: {}, {} when it was made", display(file.name), hashes[i],
                           file.xxh3);
      }
    }
    return "";
  }

  std::string changed_side_file(const SideFiles& side_files) const {
    std::string flaw;
    const auto expect = [&](const std::string& name, const std::string& text) {
      const std::string path = out() + "/" + name;
      const bool there = kind_of(path) == FileKind::Regular;
      const bool same = text.empty() ? !there : there && read_text(path, kMaxSideFile) == text;
      if (!same && flaw.empty()) flaw = display(name) + " is not what the conversion makes";
    };
    side_files.copy(expect);
    expect(std::string(kUsualIndex), layout_.index_json(plan_));
    return flaw;
  }

  /// Headers alone would not tell other values. No part of any output: times are not.
  static void add_sources(const Checkpoint& checkpoint, std::vector<std::string>& sources) {
    for (const Shard& shard : checkpoint.shards()) {
      sources.push_back(
          fmt::format("{} {} {}", shard.name, shard.identity.size, shard.identity.mtime_ns));
    }
  }

  StagedWork work(const SideFiles& side_files) const {
    StagedWork work;
    work.files = side_files.names();
    work.files.push_back(std::string(kUsualIndex));
    work.files.push_back(std::string(kReceiptName));
    for (const OutputShard& shard : layout_.shards) {
      work.files.push_back(shard.name);
      work.shards.push_back({shard.name, shard.file_bytes()});
    }
    add_sources(source_, work.sources);
    if (sources_.like != nullptr) add_sources(*sources_.like, work.sources);
    work.conversion = receipt_.to_json();
    work.parts = options_.part.count;
    return work;
  }

  Staging::Options staging_options() const {
    const bool replaces = options_.if_exists == ExistsPolicy::Replace;
    return {.if_exists = replaces ? Staging::IfExists::Replace : Staging::IfExists::Fail,
            .leftover = options_.leftover,
            .role = !options_.part.is_all() ? Staging::Role::Part
                    : ranks_.is_one()       ? Staging::Role::Alone
                    : ranks_.is_first()     ? Staging::Role::FirstRank
                                            : Staging::Role::OtherRank};
  }

  /// Whoever finds that all parts are done commits.
  bool is_waiting(const Staging& staging) {
    report_.done = staging.done_now().size();
    report_.committed = report_.done == layout_.shards.size() || staging.is_committed();
    return !report_.committed;
  }

  /// Hours of work: make room, and go on.
  void keep(Staging& staging) {
    staging.keep_done();
    const std::size_t done = staging.done_now().size();
    if (done == 0) return;
    report_.notes.push_back(fmt::format("{} of {} shards are done and stay; {} goes on", done,
                                        layout_.shards.size(),
                                        options_.part.is_all() ? "--resume" : "the same part"));
  }

  void write(Staging& staging) {
    PartShare share = share_of(options_.part, plan_, layout_);
    check_done(staging, share);
    share = what_is_left(std::move(share), staging);
    const bool reads = options_.verify != VerifyLevel::None;
    StagedSink::Options sinking{.read_back = reads, .wanted = share.shards};
    std::atomic<std::size_t> written = staging.done_before().size();
    sinking.finished = [&](std::size_t shard) {
      const OutputShard& row = layout_.shards[shard];
      const std::size_t done = ranks_.is_one() ? ++written : staging.done_now().size();
      progress_.line(fmt::format("write    {:>2}/{}  {}  {}", done, layout_.shards.size(), row.name,
                                 format_bytes(row.file_bytes())));
    };
    StagedSink sink(staging, layout_, progress_, std::move(sinking));
    report_.losses = execute(
        plan_, [&] { return sources_.open(plan_); }, sink, options_.resources, progress_,
        reads ? "write+read" : "write");
    sink.finish();
    report_.bytes = layout_.file_bytes();
    report_.as_published = layout_.as_published;
  }

  /// Ranks share what is left; of parts each has its own shards from the beginning.
  PartShare what_is_left(PartShare share, const Staging& staging) const {
    if (!ranks_.is_one()) {
      return share_of({ranks_.number(), ranks_.count()}, plan_, layout_, staging.done_before());
    }
    for (std::size_t i = 0; i < layout_.shards.size(); ++i) {
      if (staging.done_before().contains(layout_.shards[i].name)) share.shards[i] = false;
    }
    return share;
  }

  /// What an earlier run has finished is held against its record, where this one reads back.
  void check_done(Staging& staging, const PartShare& share) {
    if (options_.verify == VerifyLevel::None) return;
    std::vector<std::string> names;
    std::vector<std::uint64_t> bytes;
    for (std::size_t i = 0; i < layout_.shards.size(); ++i) {
      const OutputShard& shard = layout_.shards[i];
      if (!share.shards[i] || !staging.done_before().contains(shard.name)) continue;
      names.push_back(shard.name);
      bytes.push_back(shard.file_bytes());
    }
    if (names.empty()) return;
    const std::vector<std::string> hashes = hashes_of(staging.path(), names, bytes);
    for (std::size_t i = 0; i < names.size(); ++i) {
      const std::string recorded = staging.done_before().at(names[i]).xxh3;
      if (hashes[i] == recorded) continue;
      staging.discard(names[i]);
      report_.notes.push_back(
          fmt::format("{}: {}; written again", display(names[i]),
                      recorded.empty() ? "was not read back" : "is not what its record says"));
    }
    meet();  // nobody writes what another still discards
  }

  void compare_all(const std::string& directory) {
    const Checkpoint written = Checkpoint::open(directory, {"", &progress_});
    const VerifyReport report = verify(sources_, plan_, written, options_.resources, progress_);
    if (report.verified()) return;
    const Difference& first = report.differences.front();
    fail(Code::Mismatch, "{}: {} differ from the plan, the first {}: {}",
         display(options_.out.text()), report.differences.size(), display(first.key), first.detail);
  }

  void write_side_files(Staging& staging, const SideFiles& side_files) {
    if (staging.has_side_files()) return;
    SideFiles::Report files = side_files.copy(
        [&](const std::string& name, const std::string& text) { staging.write_text(name, text); });
    report_.copied = std::move(files.copied);
    report_.lent = std::move(files.lent);
    report_.left_out = std::move(files.left_out);
    report_.config_edited = files.config_edited;
    if (const std::string index = layout_.index_json(plan_); !index.empty()) {
      staging.write_text(std::string(kUsualIndex), index);
    }
    staging.note_side_files();
  }

  void write_receipt(Staging& staging) {
    if (staging.is_committed()) {
      report_.shards = read_receipt(out()).value_or(Receipt()).outputs;  // another part's
      return;
    }
    const Receipt receipt = receipt_of(staging.work(), staging.done_now());
    report_.shards = receipt.outputs;
    staging.write_text(std::string(kReceiptName), receipt.to_json());
  }

  const PlanInputs sources_;
  const Checkpoint& source_;
  const Plan& plan_;
  const ConvertOptions& options_;
  Progress& progress_;
  Ranks& ranks_;
  ShardLayout layout_;
  Receipt receipt_;
  ConvertReport report_;
  bool joined_ = false;  // the others
};

/// Of shards of a share that an earlier run has left, where they are to be kept.
std::uint64_t bytes_done(const ShardLayout& layout, const PartShare& share,
                         const ConvertOptions& options) {
  if (options.leftover != Leftover::Resume && options.part.is_all()) return 0;
  const auto left = read_left(options.out.text());
  if (!left) return 0;
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < layout.shards.size(); ++i) {
    const OutputShard& shard = layout.shards[i];
    if (share.shards[i] && left->done.contains(shard.name)) bytes += shard.file_bytes();
  }
  return bytes;
}

}  // namespace

void check_before(const PlanInputs& sources, const Plan& plan, const ShardLayout& layout,
                  const ConvertOptions& options) {
  plan.require_sound(sources.checkpoint.name());
  refuse_damaged(sources.checkpoint, plan.options);
  refuse_damaged_like(sources);
  options.out.refuse_overlap(source_directories(sources));
  refuse_values(sources, plan);
  if (options.out.is_taken() && options.if_exists == ExistsPolicy::Fail) {
    fail(Code::Exists, "{}: exists; see --if-exists", display(options.out.text()));
  }
  const PartShare share = share_of(options.part, plan, layout);
  const std::uint64_t needed = share.bytes_written - bytes_done(layout, share, options);
  const std::uint64_t free = options.out.free_bytes();
  if (free < needed) {
    fail(Code::NoSpace, "{}: {} free, {} needed; nothing written", display(options.out.text()),
         format_bytes(free), format_bytes(needed));
  }
}

ConvertReport convert(const PlanInputs& sources, const Plan& plan, const ConvertOptions& options,
                      Progress& progress) {
  return Conversion(sources, plan, options, progress).run();
}

}  // namespace ckptscope
