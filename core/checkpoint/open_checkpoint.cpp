// Opening a checkpoint: files, headers, the index against the headers, config. What is wrong and
// does not make opening impossible is collected, never hidden.
#include <algorithm>

#include <filesystem>
#include <optional>
#include <set>

#include "core/base/bytes.hpp"
#include "core/base/display.hpp"
#include "core/base/natural_order.hpp"
#include "core/base/parallel.hpp"
#include "core/base/problems.hpp"
#include "core/checkpoint/checkpoint.hpp"
#include "core/checkpoint/contents.hpp"
#include "core/checkpoint/expert_slices.hpp"
#include "core/checkpoint/index_file.hpp"
#include "core/checkpoint/safetensors.hpp"
#include "core/checkpoint/shard_series.hpp"
#include "core/checkpoint/slices.hpp"

namespace ckptscope {
namespace {

constexpr std::uint64_t kMaxConfigBytes = 16'000'000;
constexpr std::uint64_t kMaxTotalSize = 1ull << 53;

std::string base_name(const std::string& path) {
  std::error_code ignored;
  std::filesystem::path full = std::filesystem::absolute(path, ignored).lexically_normal();
  if (!full.has_filename()) full = full.parent_path();
  return full.filename().string();
}

}  // namespace

/// Builds a Checkpoint step by step: files, headers, the index against the headers, config.
class CheckpointOpener {
 public:
  Checkpoint open(const std::string& path, const OpenOptions& options) {
    progress_ = options.progress;
    result_.location_ = locate(path, progress_);
    result_.name_ = base_name(location().path);
    try {
      read_all(options);
    } catch (const Error& error) {
      throw Error(error.code(), location().in_users_words(error.what()));
    }
    result_.problems_ = problems_.take();
    for (Problem& problem : result_.problems_) {
      problem.message = location().in_users_words(std::move(problem.message));
    }
    return std::move(result_);
  }

 private:
  void read_all(const OpenOptions& options) {
    if (location().incomplete) {
      problems_.add(Code::BadDcp, Severity::Error, {},
                    "the save of this step never finished: .incomplete is there");
    }
    if (location().format == FileFormat::Safetensors) {
      read_index_files();
      read_headers();
      collect();
      check_index();
    } else if (location().format == FileFormat::Dcp) {
      take(open_dcp(location(), progress_));
    } else {
      const std::vector<std::string> absent = leave_out_unindexed();
      take(open_torch_files(location(), progress_));
      add_absent(absent);
      check_index();
    }
    note_files();
    open_config(options);
    if (location().is_lora) tell_of_lora();
    check_slices_against_config();
  }

  Location& location() { return result_.location_; }
  void check_stop() const {
    if (progress_ != nullptr) progress_->check_stop();
  }

  void take(Contents contents) {
    result_.shards_ = std::move(contents.shards);
    result_.tensors_ = std::move(contents.tensors);
    result_.pieces_ = std::move(contents.pieces);
    result_.forms_ = std::move(contents.forms);
    result_.arenas_ = std::move(contents.arenas);
    result_.keep_ = std::move(contents.keep);
    result_.metadata_ = std::move(contents.metadata);
    for (Problem& problem : contents.problems) problems_.add(std::move(problem));
    index_keys();
  }

  /// The distinct files that the index names; without one, the files of the directory.
  void read_index_files() {
    const FileNames files = location().index.empty() ? names(location().files) : files_of_index();
    for (const std::string& name : files) {
      if (name.ends_with(".bin") && !location().index.empty()) {
        fail(Code::ForeignFormat, "{}: the index names {}, which is not named as safetensors are",
             display(location().path), display(name));
      }
      add_shard(name);
    }
    std::sort(result_.shards_.begin(), result_.shards_.end(),
              [](const Shard& a, const Shard& b) { return natural_less(a.name, b.name); });
    number_shards();
  }

  using FileNames = std::set<std::string, std::less<>>;

  static FileNames names(const std::vector<std::string>& files) {
    return {files.begin(), files.end()};
  }

  FileNames files_of_index() {
    return with_context(display(base_name(location().index)), [&] {
      index_.emplace(read_index_text());
      return names(index_->files());
    });
  }

  void add_shard(const std::string& name) {
    Shard shard;
    shard.name = name;
    shard.path = location().path_of(name);
    result_.shards_.push_back(std::move(shard));
  }

  void number_shards() {
    for (std::uint32_t i = 0; i < result_.shards_.size(); ++i) {
      number_of_[result_.shards_[i].name] = i;
    }
  }

  /// Of files of torch.save those that their index does not name. Returns names that it has and
  /// that are not there.
  std::vector<std::string> leave_out_unindexed() {
    if (location().index.empty()) return {};
    FileNames absent = files_of_index();
    std::erase_if(location().files, [&](const std::string& name) {
      if (absent.erase(name) > 0) return false;
      location().ignored.push_back(name);
      return true;
    });
    return {absent.begin(), absent.end()};
  }

  void add_absent(const std::vector<std::string>& names) {
    for (const std::string& name : names) add_shard(name);
    number_shards();
    unopened_.resize(result_.shards_.size());
  }

  std::string read_index_text() {
    try {
      return read_text(location().index, kMaxIndexBytes);
    } catch (const Error& error) {
      throw Error(error.code() == Code::BadJson ? Code::BadIndex : error.code(), error.what());
    }
  }

  void read_headers() {
    headers_.resize(result_.shards_.size());
    unopened_.resize(headers_.size());
    parallel_for(headers_.size(), usable_processors(), [&](std::size_t i, unsigned) {
      check_stop();
      try {
        read_header_of(result_.shards_[i], headers_[i]);
      } catch (const Error& error) {
        // Beside an index one lost file is a defect of the whole, not its end.
        if (location().index.empty() || row_of(error.code()).exit != 2) throw;
        unopened_[i] = error;
      }
    });
  }

  static void read_header_of(Shard& shard, Header& header) {
    const File file(shard.path);
    header = with_context("reading " + display(shard.path), [&] { return read_header(file); });
    shard.present = true;
    shard.identity = file.identity();
    shard.data_start = header.data_start;
    shard.header_hash = header.hash;
    shard.damaged = header.damaged();
    shard.tensor_count = static_cast<std::uint32_t>(header.tensors.size());
  }

  void collect() {
    std::size_t count = 0;
    for (const Header& header : headers_) count += header.tensors.size();
    const bool alone =
        headers_.size() == 1 && !headers_.front().damaged() &&
        headers_.front().metadata.find("DCP_SHARDING_INFO") == headers_.front().metadata.end();
    if (alone) {
      result_.keys_ = std::move(headers_.front().keys);
    } else {
      result_.tensors_.reserve(count);
    }
    for (std::size_t i = 0; i < headers_.size(); ++i) collect(headers_[i], i);
    headers_.clear();
    if (alone) return;
    join_if_sliced();
    index_keys();
  }

  void collect(Header& header, std::size_t shard) {
    const std::string& name = result_.shards_[shard].name;
    note_slices(header, shard);
    note_experts(header, shard);
    for (TensorInfo& info : header.tensors) info.shard = static_cast<std::uint32_t>(shard);
    if (result_.tensors_.capacity() == 0) {
      result_.tensors_ = std::move(header.tensors);
    } else {
      result_.tensors_.insert(result_.tensors_.end(), header.tensors.begin(), header.tensors.end());
    }
    for (auto* list : {&header.defects, &header.notes}) {
      for (Problem& one : *list) {
        one.message = display(name) + ": " + one.message;
        one.shard = name;
        problems_.add(std::move(one));
      }
    }
    result_.metadata_.merge(header.metadata);
    result_.arenas_.push_back(std::move(header.arena));
    header = Header();
  }

  /// Where the slices of a training run begin in their tensors; the same keys are known by both.
  void note_slices(Header& header, std::size_t shard) {
    slices_.resize(result_.shards_.size());
    const auto text = header.metadata.find("DCP_SHARDING_INFO");
    if (text == header.metadata.end()) return;
    with_context(display(result_.shards_[shard].name), [&] {
      SavedOffsets offsets = parse_sharding_info(text->second);
      const bool same =
          offsets.size() == header.tensors.size() &&
          std::all_of(header.tensors.begin(), header.tensors.end(), [&](const TensorInfo& info) {
            return offsets.find(info.name) != offsets.end();
          });
      if (!same) fail(Code::BadDcp, "sharding info: it is of other tensors than the file");
      for (const TensorInfo& info : header.tensors) {
        const std::size_t count = offsets.find(info.name)->second.size();
        if (count == info.shape.size()) continue;
        fail(Code::BadDcp, "arity: {} offsets of {} dimensions: {}", count, info.shape.size(),
             display(info.name));
      }
      slices_[shard] = std::move(offsets);
    });
    header.metadata.erase(text);
  }

  /// The slices of ranks of expert parallelism: what is whole in all of them is taken of the first.
  void note_experts(Header& header, std::size_t shard) {
    const auto text = header.metadata.find(std::string(kFirstExperts));
    const std::string& name = result_.shards_[shard].name;
    if (location().slices.empty()) {  // one slice alone is what it holds
      if (text != header.metadata.end()) header.metadata.erase(text);
      return;
    }
    if (text == header.metadata.end()) {
      fail(Code::RankShards, "{}: no slice that says which experts it has", display(name));
    }
    const FirstExperts first =
        with_context(display(name), [&] { return parse_first_experts(text->second); });
    header.metadata.erase(text);
    const bool is_first = name.starts_with(location().slices.front() + "/");
    SavedOffsets offsets;
    std::erase_if(header.tensors, [&](const TensorInfo& info) {
      const auto sliced = first.find(info.name);
      if (sliced != first.end() && !info.shape.empty()) {
        std::vector<std::uint64_t>& begin = offsets[std::string(info.name)];
        begin.resize(info.shape.size());
        begin.front() = sliced->second;
        return false;
      }
      if (is_first) {
        offsets[std::string(info.name)].resize(info.shape.size());
        whole_.emplace(info.name, info);
        return false;
      }
      const auto whole = whole_.find(info.name);
      if (whole == whole_.end() || whole->second.dtype != info.dtype ||
          !same_shape(whole->second.shape, info.shape)) {
        problems_.add(Code::BadDcp, Severity::Error, {info.name, name},
                      "{}: {} {} in {}, not as in {}", display(info.name), name_of(info.dtype),
                      to_string(info.shape), display(name), location().slices.front());
      } else {
        result_.copies_.push_back(info);
        result_.copies_.back().shard = static_cast<std::uint32_t>(shard);
      }
      return true;
    });
    slices_[shard] = std::move(offsets);
  }

  void join_if_sliced() {
    const auto sliced = std::count_if(slices_.begin(), slices_.end(),
                                      [](const auto& one) { return one.has_value(); });
    if (sliced == 0) return;
    const bool whole =
        sliced == 1 && std::all_of(slices_.begin(), slices_.end(),
                                   [](const auto& s) { return !s || all_start_at_zero(*s); });
    if (whole && location().slices.empty()) {
      problems_.add(Code::RankShards, Severity::Note, {},
                    "every tensor of DCP_SHARDING_INFO begins at 0: taken for whole tensors");
      return;
    }
    if (const std::size_t ranks = location().slices.size(); ranks > 0) {
      problems_.add(
          Code::RankShards, Severity::Note, {},
          "slices of {} ranks: what is whole in each is read in the first; check --deep compares",
          ranks);
    }
    result_.arenas_.emplace_back();
    join_slices(slices_, result_.tensors_, result_.pieces_, result_.arenas_.back(), problems_);
  }

  /// Slices do not say how large their tensor is: that the last rank is lost the config alone
  /// tells.
  void check_slices_against_config() {
    const auto vocabulary = result_.config_.integer("vocab_size");
    const auto width = result_.config_.integer("hidden_size");
    const bool sliced = location().format == FileFormat::Safetensors && !result_.pieces_.empty();
    if (!sliced || !vocabulary || !width) return;
    for (const char* key : {"model.embed_tokens.weight", "lm_head.weight"}) {
      const auto id = result_.find(key);
      if (!id || result_.tensors_[*id].shape.size() != 2) continue;
      const ShapeView shape = result_.tensors_[*id].shape;
      if (shape[0] >= *vocabulary && shape[1] >= *width) continue;  // padded
      problems_.add(Code::BadDcp, Severity::Error, {key, {}},
                    "shape against config.json: {} is {}, config.json says [{}, {}]: the shard of "
                    "a last rank is missing",
                    key, to_string(shape), *vocabulary, *width);
    }
  }

  void index_keys() {
    check_stop();
    result_.keys_ = KeyIndex(result_.tensors_, [this](std::uint32_t id, std::uint32_t other) {
      report_twice(id, other);
    });
  }

  void report_twice(std::uint32_t id, std::uint32_t other) {
    const TensorInfo& info = result_.tensors_[id];
    const std::uint32_t other_shard = result_.shard_of(result_.tensors_[other]);
    const bool reported = location().format == FileFormat::Safetensors;  // by the header reader
    if (reported && other_shard == result_.shard_of(info)) return;
    duplicates_[info.name].push_back(id);
    const std::string& shard = result_.shards_[result_.shard_of(info)].name;
    problems_.add(Code::DuplicateTensor, Severity::Error, {info.name, shard},
                  "tensor \"{}\" is in {} and in {}", display(info.name),
                  display(result_.shards_[other_shard].name), display(shard));
  }

  /// Every entry of the index against the headers, and every tensor against the index.
  void check_index() {
    if (location().index.empty()) return;
    std::vector<std::uint32_t> shards;  // by file of the index
    for (const std::string& file : index_->files()) shards.push_back(number_of_.at(file));
    std::vector<bool> named(result_.tensors_.size());
    std::set<std::string, std::less<>> absent;
    std::map<std::string, std::vector<std::string>, std::less<>> lost;  // by shard
    std::uint32_t next = 0;  // an index mostly lists the tensors as the headers do
    const auto entry = [&](std::string_view tensor, std::uint32_t file) {
      const bool in_order =
          duplicates_.empty() && next < named.size() && result_.tensors_[next].name == tensor;
      const auto id = in_order ? std::optional(next) : result_.find(tensor);
      if (id) next = *id + 1;
      const bool twice = id ? named[*id] : !absent.emplace(tensor).second;
      if (twice) {
        fail(Code::BadIndex, "weight_map: duplicate key \"{}\"", display(tensor));
      }
      if (id) named[*id] = true;
      if (id) named_in_other_shards(*id, named);
      if (!id || !holds(shards[file], *id)) lost[index_->files()[file]].emplace_back(tensor);
    };
    with_context(display(base_name(location().index)), [&] { index_->for_each(entry); });
    const auto total_size = index_->total_size();
    index_.reset();
    for (const auto& [file, keys] : lost) {
      check_stop();
      report_lost(number_of_.at(file), keys);
    }
    for (std::size_t id = 0; id < named.size(); ++id) {
      if (!named[id]) report_unindexed(result_.tensors_[id]);
    }
    check_total_size(total_size);
  }

  /// A key that lies in several shards is reported once, as that; the index has named all of it.
  void named_in_other_shards(std::uint32_t id, std::vector<bool>& named) const {
    const auto others = duplicates_.find(result_.tensors_[id].name);
    if (others == duplicates_.end()) return;
    for (const std::uint32_t other : others->second) named[other] = true;
  }

  bool holds(std::uint32_t shard, std::uint32_t id) const {
    if (lies_in(shard, id)) return true;
    const auto others = duplicates_.find(result_.tensors_[id].name);
    return others != duplicates_.end() &&
           std::any_of(others->second.begin(), others->second.end(),
                       [&](std::uint32_t other) { return lies_in(shard, other); });
  }

  bool lies_in(std::uint32_t shard, std::uint32_t id) const {
    const TensorInfo& info = result_.tensors_[id];
    if (!info.in_pieces()) return info.shard == shard;
    const auto pieces = result_.pieces_of(info);
    return std::any_of(pieces.begin(), pieces.end(),
                       [&](const Piece& piece) { return piece.shard == shard; });
  }

  void report_lost(std::uint32_t number, const std::vector<std::string>& keys) {
    const Shard& shard = result_.shards_[number];
    if (!shard.present) return report_missing_shard(number, keys);
    if (shard.damaged && shard.tensor_count == 0) return;  // its defect is reported
    for (const std::string& key : keys) {
      problems_.add(Code::MissingTensor, Severity::Error, {key, shard.name},
                    "the index puts tensor \"{}\" in {}, which does not hold it", display(key),
                    display(shard.name));
    }
  }

  /// Not there, or there and no file that can be read.
  void report_missing_shard(std::uint32_t number, const std::vector<std::string>& keys) {
    const Shard& shard = result_.shards_[number];
    const auto& why = unopened_[number];
    const bool absent = !why || why->code() == Code::NotFound;
    problems_.add(
        Code::MissingShard, Severity::Error, {keys.front(), shard.name},
        "{}: {} lost, the first {}",
        absent ? display(shard.name) + ": named by the index, not there" : std::string(why->what()),
        counted(keys.size(), "tensor"), display(keys.front()));
  }

  void report_unindexed(const TensorInfo& info) {
    const std::string& shard = result_.shards_[result_.shard_of(info)].name;
    problems_.add(Code::UnindexedTensor, Severity::Error, {info.name, shard},
                  "tensor \"{}\" is in {} but not in the index", display(info.name),
                  display(shard));
  }

  void check_total_size(std::optional<std::uint64_t> stated) {
    const std::uint64_t real = result_.total_bytes();
    if (stated == real) return;
    const bool usable = stated && *stated <= kMaxTotalSize;
    problems_.add(
        Code::TotalSize, Severity::Note, {}, "index {}, the tensors take {} B",
        usable ? fmt::format("says {} B", format_count(*stated)) : "states no usable total_size",
        format_count(real));
  }

  /// Files beside the checkpoint, links, and numbers that disagree: notes only.
  void note_files() {
    if (!location().index.empty() && is_directory(location().directory)) {
      location().ignored.insert(location().ignored.end(), location().files.begin(),
                                location().files.end());
    }
    std::erase_if(location().ignored,
                  [&](const std::string& name) { return number_of_.contains(name); });
    for (const std::string& name : location().ignored) {
      problems_.add(Code::IgnoredFile, Severity::Note, {{}, name},
                    "{}: weights that are not part of this checkpoint", display(name));
    }
    for (const Shard& shard : result_.shards_) {
      const auto target = link_target(shard.path);
      if (!target) continue;
      problems_.add(Code::Symlink, Severity::Note, {{}, shard.name}, "{}: a link to {}",
                    display(shard.name), display(*target));
      break;  // one says it for all: a cache links every shard
    }
    check_numbering();
    note_look_alikes();
  }

  /// Without an index the names alone tell that files are missing: a model of two files of three
  /// opens like a whole one.
  void check_numbering() {
    for (const ShardSeries& series : numbered_series(result_.shards_)) {
      if (location().index.empty()) {
        report_missing_numbers(series);
      } else if (series.last == result_.shards_.back().name &&
                 series.total != result_.shards_.size()) {
        problems_.add(Code::FileNumbering, Severity::Note, {{}, series.last},
                      "{} shards, though {} says {}", result_.shards_.size(), display(series.last),
                      series.total);
      }
    }
  }

  void report_missing_numbers(const ShardSeries& series) {
    const std::vector<std::uint64_t> missing = series.missing();
    if (missing.empty() || location().one_file) return;
    const std::size_t listed = std::min<std::size_t>(missing.size(), 10);
    problems_.add(
        Code::MissingShard, Severity::Error, {{}, series.last},
        "number {}{} of the files that {} counts {} missing",
        fmt::join(missing.begin(), missing.begin() + static_cast<std::ptrdiff_t>(listed), ", "),
        listed < missing.size() ? ", …" : "", display(series.last),
        missing.size() == 1 ? "is" : "are");
  }

  void note_look_alikes() {
    std::map<std::string, std::string_view> seen;
    for (const TensorInfo& info : result_.tensors_) {
      if (std::all_of(info.name.begin(), info.name.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x80; })) {
        continue;
      }
      const auto [other, is_new] = seen.emplace(normalised(info.name), info.name);
      if (is_new || other->second == info.name) continue;
      problems_.add(Code::LookAlikeNames, Severity::Note, info.name,
                    "two different tensors look alike: \"{}\"", display(info.name));
    }
  }

  void open_config(const OpenOptions& options) {
    const std::string slice = location().slices.empty() ? "" : "/" + location().slices.front();
    std::string beside = location().directory + slice + "/config.json";
    if (!exists(beside))
      beside = location().directory + "/.hf_metadata/config.json";  // Automodel's
    if (options.config.empty() && !exists(beside)) return;
    const std::string path = options.config.empty() ? beside : options.config;
    try {
      const File file(path);
      result_.config_ = Config::parse(read_text(file, kMaxConfigBytes), base_name(path));
      result_.config_path_ = path;
      result_.config_identity_ = file.identity();
    } catch (const Error& error) {
      if (!options.config.empty() || error.code() == Code::Io) throw;
      const bool unreadable = row_of(error.code()).exit == 3;
      problems_.add(unreadable ? error.code() : Code::BadConfig, Severity::Warning,
                    {{}, "config.json"}, "config.json is not used: {}", error.what());
    }
  }

  /// What adapter_config.json says is told as metadata; which tensors of the base it is for as a
  /// note.
  void tell_of_lora() {
    const std::string path = location().directory + "/adapter_config.json";
    const Config config = Config::parse(read_text(path, kMaxConfigBytes), "adapter_config.json");
    const std::string base = config.text("base_model_name_or_path").value_or("a model");
    for (const char* name : {"base_model_name_or_path", "r", "lora_alpha", "target_modules"}) {
      if (config.has(name)) {
        result_.metadata_[fmt::format("adapter_config.{}", name)] = config.json(name);
      }
    }
    std::set<std::string, std::less<>> touched;
    for (const TensorInfo& info : result_.tensors_) {
      std::string_view key = info.name;
      if (constexpr std::string_view kStart = "base_model.model."; key.starts_with(kStart)) {
        key.remove_prefix(kStart.size());
      }
      const std::size_t at = std::min(key.find(".lora_"), key.size());
      if (at < key.size()) touched.insert(std::string(key.substr(0, at)) + ".weight");
    }
    problems_.add(Code::LoraAdapter, Severity::Note, {}, "a LoRA adapter for {}: it changes {}{}{}",
                  display(base), counted(touched.size(), "weight"),
                  touched.empty() ? "" : ", the first ",
                  touched.empty() ? "" : display(*touched.begin()));
  }

  Checkpoint result_;
  Problems problems_;
  Progress* progress_ = nullptr;
  std::map<std::string, std::uint32_t, std::less<>> number_of_;  // of a shard, by name
  std::optional<IndexFile> index_;                               // until it is checked
  std::vector<Header> headers_;
  std::vector<std::optional<SavedOffsets>> slices_;  // by shard
  std::map<std::string_view, TensorInfo> whole_;     // of the first rank of several
  std::map<std::string_view, std::vector<std::uint32_t>, std::less<>> duplicates_;
  std::vector<std::optional<Error>> unopened_;  // by shard: why it could not be opened
};

Checkpoint Checkpoint::open(const std::string& path, const OpenOptions& options) {
  return CheckpointOpener().open(path, options);
}

}  // namespace ckptscope
