// The order of steps is the promise: nothing is visible under OUT before everything is proved.
#include "core/convert/convert.hpp"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <memory>

#include "core/base/buffer.hpp"
#include "core/base/bytes.hpp"
#include "core/base/display.hpp"
#include "core/base/parallel.hpp"
#include "core/checkpoint/index_file.hpp"
#include "core/checkpoint/tensor_source.hpp"
#include "core/convert/refusals.hpp"
#include "core/convert/verify.hpp"
#include "core/output/read_back.hpp"
#include "core/output/side_files.hpp"
#include "core/output/staged_sink.hpp"
#include "core/output/staging.hpp"

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
  const bool alone = location.index.empty() && !is_directory(location.path) &&
                     location.resolved_from.empty() && checkpoint.shards().size() == 1;
  if (alone) {
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
        layout_(lay_out(plan, options.max_shard_bytes, metadata())),
        receipt_(make_receipt(sources, plan, options.max_shard_bytes)) {
    if (layout_.as_published) receipt_.options["files"] = "as published";
  }

  ConvertReport run() {
    try {
      return run_steps();
    } catch (const Error& error) {
      throw Error(error.code(), with_notes(error.what(), report_.notes));
    }
  }

 private:
  ConvertReport run_steps() {
    if (std::string note = finish_commit(options_.out); !note.empty()) {
      report_.notes.push_back(std::move(note));
    }
    const SideFiles side_files(sources_, plan_);
    if (is_done_already(side_files)) return std::move(report_);
    check_before(sources_, plan_, layout_, options_);
    if (options_.verify != VerifyLevel::None) check_source_sums();
    Staging staging(options_.out, work(side_files), staging_options());
    report_.notes.insert(report_.notes.end(), staging.notes().begin(), staging.notes().end());
    try {
      write(staging);
    } catch (const Error& error) {
      const bool may_go_on = error.code() == Code::NoSpace || error.code() == Code::Io;
      if (may_go_on || options_.leftover == Leftover::Resume) keep(staging);
      throw;
    }
    if (options_.verify == VerifyLevel::RoundTrip) compare_all(staging.path());
    write_side_files(staging, side_files);
    write_receipt(staging);
    bool touched = check_sources_unchanged(source_);
    if (sources_.like != nullptr) touched = check_sources_unchanged(*sources_.like) || touched;
    if (touched) {
      report_.notes.push_back(
          "a source file's status changed (a rename or link), its content did not");
    }
    progress_.check_stop();
    progress_.phase("commit", 0);
    report_.replaced = staging.commit();
    return std::move(report_);
  }

  /// What torch.save wrote says whether it is what was written.
  void check_source_sums() {
    if (source_.location().format == FileFormat::Safetensors) return;
    progress_.phase("checksums", source_.total_bytes());
    const unsigned workers = options_.resources.workers();
    parallel_for(source_.shards().size(), workers, [&](std::size_t i, unsigned) {
      check_file_sums(source_, static_cast<std::uint32_t>(i), progress_);
    });
    parallel_for(source_.tensors().size(), workers, [&](std::size_t i, unsigned) {
      check_piece_sums(source_, source_.tensors()[i], progress_);
      progress_.advance(source_.tensors()[i].bytes());
    });
  }

  std::map<std::string, std::string> metadata() const {
    std::map<std::string, std::string> merged = source_.metadata();
    std::erase_if(merged, [](const auto& entry) { return entry.first.starts_with("DCP_"); });
    merged["format"] = "pt";
    return merged;
  }

  bool is_done_already(const SideFiles& side_files) {
    if (options_.if_exists == ExistsPolicy::Replace || !is_directory(options_.out.text()))
      return false;
    const auto made = read_receipt(options_.out.text());
    const std::string how = !made                              ? "not made by a conversion of ours"
                            : !made->same_conversion(receipt_) ? "made by another conversion"
                                                               : "made by this same conversion";
    if (!made || !made->same_conversion(receipt_) || options_.if_exists == ExistsPolicy::Fail) {
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
    for (const Receipt::OutputFile& file : made.outputs) {
      const std::string path = out() + "/" + file.name;
      if (kind_of(path) != FileKind::Regular || identity_of(path).size != file.bytes) {
        return fmt::format("{} is not there as it was written", display(file.name));
      }
    }
    if (options_.verify != VerifyLevel::None) {
      for (const Receipt::OutputFile& file : made.outputs) {
        if (file.xxh3.empty()) return "it was not read back when it was made";
      }
      if (std::string flaw = changed_shard(made); !flaw.empty()) return flaw;
    }
    if (options_.verify == VerifyLevel::RoundTrip) compare_all(out());
    return changed_side_file(side_files);
  }

  std::string changed_shard(const Receipt& made) {
    std::uint64_t bytes = 0;
    for (const Receipt::OutputFile& file : made.outputs) bytes += file.bytes;
    progress_.phase("read back", bytes);
    std::vector<std::string> hashes(made.outputs.size());
    parallel_for(hashes.size(), options_.resources.workers(), [&](std::size_t i, unsigned) {
      const Receipt::OutputFile& file = made.outputs[i];
      hashes[i] = hex64(hash_on_disk(out() + "/" + file.name, file.bytes, progress_));
    });
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

  StagedWork work(const SideFiles& side_files) const {
    StagedWork work;
    work.files = side_files.names();
    work.files.push_back(std::string(kUsualIndex));
    work.files.push_back(std::string(kReceiptName));
    for (const OutputShard& shard : layout_.shards) {
      work.files.push_back(shard.name);
      work.shards.push_back({shard.name, shard.file_bytes()});
    }
    work.conversion = receipt_.to_json();
    return work;
  }

  Staging::Options staging_options() const {
    const bool replaces = options_.if_exists == ExistsPolicy::Replace;
    return {replaces ? Staging::IfExists::Replace : Staging::IfExists::Fail, options_.leftover};
  }

  /// Hours of work: make room, and go on.
  void keep(Staging& staging) {
    staging.keep_done();
    const std::size_t done = staging.done_now().size();
    if (done == 0) return;
    report_.notes.push_back(fmt::format("{} of {} shards are done and stay; --resume goes on", done,
                                        layout_.shards.size()));
  }

  void write(Staging& staging) {
    check_done(staging);
    std::atomic<std::size_t> written = staging.done_before().size();
    const bool reads = options_.verify != VerifyLevel::None;
    StagedSink::Options sinking{.read_back = reads};
    for (const OutputShard& shard : layout_.shards) {
      sinking.wanted.push_back(!staging.done_before().contains(shard.name));
    }
    sinking.finished = [&](std::size_t shard) {
      const OutputShard& row = layout_.shards[shard];
      progress_.line(fmt::format("write    {:>2}/{}  {}  {}", ++written, layout_.shards.size(),
                                 row.name, format_bytes(row.file_bytes())));
    };
    StagedSink sink(staging, layout_, progress_, std::move(sinking));
    report_.losses = execute(
        plan_, [&] { return sources_.open(plan_); }, sink, options_.resources, progress_,
        reads ? "write+read" : "write");
    sink.finish();
    report_.bytes = layout_.file_bytes();
    report_.as_published = layout_.as_published;
  }

  /// What an earlier run has finished is held against its record, where this one reads back.
  void check_done(Staging& staging) {
    if (options_.verify == VerifyLevel::None) return;
    const std::map<std::string, DoneShard> done = staging.done_before();
    std::vector<const std::pair<const std::string, DoneShard>*> rows;
    std::uint64_t bytes = 0;
    for (const auto& one : done) {
      rows.push_back(&one);
      bytes += one.second.bytes;
    }
    if (rows.empty()) return;
    progress_.phase("read back", bytes);
    std::vector<char> good(rows.size());
    parallel_for(rows.size(), options_.resources.workers(), [&](std::size_t i, unsigned) {
      const auto& [name, record] = *rows[i];
      good[i] =
          hex64(hash_on_disk(staging.path() + "/" + name, record.bytes, progress_)) == record.xxh3;
    });
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (good[i]) continue;
      staging.discard(rows[i]->first);
      report_.notes.push_back(fmt::format(
          "{}: {}; written again", display(rows[i]->first),
          rows[i]->second.xxh3.empty() ? "was not read back" : "is not what its record says"));
    }
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
    const auto done = staging.done_now();
    for (const OutputShard& shard : layout_.shards) {
      const DoneShard& record = done.at(shard.name);
      receipt_.outputs.push_back({shard.name, record.bytes, record.xxh3});
      receipt_.overflowed.insert(record.overflowed.begin(), record.overflowed.end());
    }
    report_.shards = receipt_.outputs;
    staging.write_text(std::string(kReceiptName), receipt_.to_json());
  }

  const PlanInputs sources_;
  const Checkpoint& source_;
  const Plan& plan_;
  const ConvertOptions& options_;
  Progress& progress_;
  ShardLayout layout_;
  Receipt receipt_;
  ConvertReport report_;
};

}  // namespace

namespace {

/// Of shards that an earlier run has left, where they are to be kept.
std::uint64_t bytes_done(const ShardLayout& layout, const ConvertOptions& options) {
  if (options.leftover != Leftover::Resume) return 0;
  const std::string partial = options.out.text() + ".partial";
  const auto work = is_directory(partial) ? read_work(partial) : std::nullopt;
  const auto done = work ? read_done(partial, *work) : std::map<std::string, DoneShard>();
  std::uint64_t bytes = 0;
  for (const OutputShard& shard : layout.shards) {
    if (done.contains(shard.name)) bytes += shard.file_bytes();
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
  const std::uint64_t needed = layout.file_bytes() - bytes_done(layout, options);
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
