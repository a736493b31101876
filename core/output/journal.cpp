// The work comes first, by a link that only one process makes, and goes last.
#include "core/output/journal.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <nlohmann/json.hpp>
#include <random>

#include "core/base/display.hpp"
#include "core/base/error.hpp"
#include "core/output/staged_file.hpp"

namespace ckptscope {
namespace {

using Json = nlohmann::ordered_json;
constexpr std::uint64_t kMaxBytes = 256'000'000;
constexpr std::string_view kWork = "work";
constexpr std::string_view kHolder = "holder";
constexpr std::string_view kSideFiles = "side-files";
constexpr std::string_view kDone = ".done";
constexpr std::string_view kUnfinished = ".tmp";
constexpr std::size_t kTagDigits = 16;

std::string now_text() {
  char text[32] = {};
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  ::gmtime_r(&now, &utc);
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text;
}

std::string host_name() {
  char host[256] = {};
  ::gethostname(host, sizeof host - 1);
  return host;
}

/// Of this process: two on different machines may have the same number.
const std::string& own_tag() {
  static const std::string tag = [] {
    std::random_device random;
    const std::uint64_t high = random();
    return fmt::format("{:016x}", high << 32 | random());
  }();
  return tag;
}

std::string in_journal(std::string_view name) {
  return fmt::format("{}/{}", kJournalName, name);
}

/// The text of a file of the journal; nullopt for what is none: a pipe, a link, larger than any.
std::optional<std::string> read_own(const std::string& directory, std::string_view name) {
  const std::string path = fmt::format("{}/{}", directory, in_journal(name));
  if (kind_of(path) != FileKind::Regular) return std::nullopt;
  try {
    return read_text(path, kMaxBytes);
  } catch (const Error& error) {
    if (row_of(error.code()).exit == 3) throw;
    return std::nullopt;
  }
}

void write_own(int directory, const std::string& name, const std::string& text) {
  StagedFile file(directory, name, text.size());
  file.write(0, std::as_bytes(std::span(text)));
  file.finish();
}

void flush_journal(int directory) {
  const std::string name(kJournalName);
  const UniqueFd fd = open_at(directory, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd) flush_directory(fd.get(), name);
}

/// Under its name at once, whether or not something has it; the name is safe, too.
void replace_own(int directory, const std::string& name, const std::string& text) {
  const std::string aside = unfinished_name(name);
  write_own(directory, aside, text);
  if (::renameat(directory, aside.c_str(), directory, name.c_str()) != 0) {
    fail_errno(fmt::format("renaming {}", display(aside)));
  }
  flush_journal(directory);
}

Json to_json(const StagedWork& work) {
  Json shards = Json::array();
  for (const auto& shard : work.shards)
    shards.push_back({{"name", shard.name}, {"bytes", shard.bytes}});
  return {{"program", work.program},      {"output", work.output}, {"files", work.files},
          {"shards", std::move(shards)},  {"parts", work.parts},   {"sources", work.sources},
          {"conversion", work.conversion}};
}

}  // namespace

std::string program_version() {
  return CKPTSCOPE_VERSION;
}

std::string unfinished_name(const std::string& name) {
  return fmt::format("{}.{}{}", name, own_tag(), kUnfinished);
}

bool StagedWork::makes(std::string_view file) const {
  const auto is_made = [&](std::string_view name) {
    return std::find(files.begin(), files.end(), name) != files.end();
  };
  constexpr std::size_t kBehind = 1 + kTagDigits + kUnfinished.size();
  const bool unfinished = file.ends_with(kUnfinished) && file.size() > kBehind;
  return is_made(file) || (unfinished && is_made(file.substr(0, file.size() - kBehind)));
}

namespace {

/// get() casts a number that is none of these without a word.
std::uint64_t count_in_journal(const Json& json) {
  if (!json.is_number_unsigned()) fail(Code::BadJson, "a count in a journal is {}", json.dump());
  return json.get<std::uint64_t>();
}

}  // namespace

std::optional<StagedWork> parse_work(const std::string& text) {
  try {
    const Json json = Json::parse(text);
    StagedWork work;
    work.program = json.at("program").get<std::string>();
    work.output = json.at("output").get<std::string>();
    work.files = json.at("files").get<std::vector<std::string>>();
    for (const Json& shard : json.at("shards")) {
      work.shards.push_back(
          {shard.at("name").get<std::string>(), count_in_journal(shard.at("bytes"))});
    }
    work.parts = count_in_journal(json.at("parts"));
    work.sources = json.at("sources").get<std::vector<std::string>>();
    work.conversion = json.at("conversion").get<std::string>();
    return work;
  } catch (const Json::exception&) {
    return std::nullopt;
  } catch (const Error&) {
    return std::nullopt;
  }
}

std::optional<DoneShard> parse_done(const std::string& text) {
  try {
    const Json json = Json::parse(text);
    DoneShard done{count_in_journal(json.at("bytes")), json.at("xxh3").get<std::string>(), {}};
    for (const auto& [key, values] : json.at("overflowed").items()) {
      done.overflowed[key] = count_in_journal(values);
    }
    return done;
  } catch (const Json::exception&) {
    return std::nullopt;
  } catch (const Error&) {
    return std::nullopt;
  }
}

std::optional<StagedWork> read_work(const std::string& directory) {
  const auto text = read_own(directory, kWork);
  return text ? parse_work(*text) : std::nullopt;
}

bool has_work(const std::string& directory) {
  return exists(fmt::format("{}/{}", directory, in_journal(kWork)));
}

std::string read_holder(const std::string& directory) {
  return read_own(directory, kHolder).value_or("");
}

std::map<std::string, DoneShard> read_done(const std::string& directory, const StagedWork& work) {
  std::map<std::string, DoneShard> done;
  for (const StagedWork::Shard& shard : work.shards) {
    const auto text = read_own(directory, shard.name + std::string(kDone));
    const auto record = text ? parse_done(*text) : std::nullopt;
    if (!record || record->bytes != shard.bytes) continue;
    const auto size = regular_size(fmt::format("{}/{}", directory, shard.name));
    if (size == shard.bytes) done.emplace(shard.name, *record);
  }
  return done;
}

namespace {

/// Of a journal that is open: all but the work; nullopt when it has been removed meanwhile.
std::optional<std::vector<std::string>> own_names(int journal) {
  try {
    std::vector<std::string> names = names_in(journal);
    std::erase_if(names, [](const std::string& name) {
      return name != kHolder && name != kSideFiles && !name.ends_with(kDone) &&
             !name.ends_with(kUnfinished);
    });
    return names;
  } catch (const Error& error) {
    if (error.code() != Code::NotFound) throw;
    return std::nullopt;
  }
}

}  // namespace

bool has_side_files(const std::string& directory) {
  return read_own(directory, kSideFiles).has_value();
}

std::string partial_of(const std::string& out) {
  return out + ".partial";
}

std::optional<LeftWork> read_left(const std::string& out) {
  const std::string partial = partial_of(out);
  auto work = is_directory(partial) ? read_work(partial) : std::nullopt;
  if (!work) return std::nullopt;
  auto done = read_done(partial, *work);
  return LeftWork{std::move(*work), std::move(done)};
}

bool JournalWriter::begin(const StagedWork& work) const {
  const std::string journal(kJournalName);
  if (::mkdirat(directory_, journal.c_str(), 0777) != 0 && errno != EEXIST) {
    fail_errno(fmt::format("making {}", journal));
  }
  const std::string name = in_journal(kWork);
  const std::string aside = unfinished_name(name);
  write_own(directory_, aside, to_json(work).dump(1) + "\n");
  const bool made = ::linkat(directory_, aside.c_str(), directory_, name.c_str(), 0) == 0 ||
                    take_without_links(aside, name);
  remove_file(directory_, aside);
  flush_journal(directory_);
  return made;
}

/// A file system without hard links: a rename has to do, which would replace another's.
bool JournalWriter::take_without_links(const std::string& aside, const std::string& name) const {
  if (errno == EEXIST || ::faccessat(directory_, name.c_str(), F_OK, 0) == 0) return false;
  if (::renameat(directory_, aside.c_str(), directory_, name.c_str()) != 0) {
    fail_errno(fmt::format("making {}", name));
  }
  return true;
}

void JournalWriter::hold() const {
  replace_own(directory_, in_journal(kHolder),
              fmt::format("pid {}, host {}, since {}", ::getpid(), host_name(), now_text()));
}

void JournalWriter::note_done(const std::string& shard, const DoneShard& done) const {
  const Json json{{"bytes", done.bytes}, {"xxh3", done.xxh3}, {"overflowed", done.overflowed}};
  replace_own(directory_, in_journal(shard + std::string(kDone)), json.dump() + "\n");
}

void JournalWriter::forget(const std::string& shard) const {
  remove_file(directory_, in_journal(shard + std::string(kDone)));
}

void JournalWriter::note_side_files() const {
  replace_own(directory_, in_journal(kSideFiles), "");
}

void JournalWriter::remove() const {
  const std::string journal(kJournalName);
  const UniqueFd fd = open_at(directory_, journal, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (!fd && errno == ENOENT) return;
  if (!fd) fail_errno(journal);
  // Other parts may remove it, too, or put a record in: their work is done already.
  for (bool was_theirs = true;;) {
    const auto names = own_names(fd.get());
    if (!names) return;
    for (const std::string& name : *names) remove_file(fd.get(), name);
    remove_file(fd.get(), std::string(kWork));
    if (::unlinkat(directory_, journal.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT) return;
    const bool is_stranger = names->empty() && !was_theirs;
    if (errno != ENOTEMPTY || is_stranger) fail_errno(fmt::format("removing {}", journal));
    was_theirs = !names->empty();
  }
}

}  // namespace ckptscope
