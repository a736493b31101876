// What jobs find, as the screen receives it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "app/reports/group_stats.hpp"
#include "core/base/error.hpp"
#include "core/inspect/key_list.hpp"
#include "views/document/document.hpp"
#include "views/screen/convert_view.hpp"
#include "views/screen/mapping_view.hpp"
#include "views/screen/page_view.hpp"
#include "views/screen/stats_view.hpp"

namespace ckptscope {

/// What a job is for. A newer job of the same kind makes results of older ones stale.
enum class JobKind { Open, List, Search, Map, Glimpse, Stat, Command };
inline constexpr std::size_t kJobKinds = 7;

struct Opened {
  std::string path;  // as it was asked for
  std::shared_ptr<const KeyList> list;
  std::string summary;
  std::shared_ptr<const Document> overview{};  // of the whole
  bool whole = true;                           // false: the first shard alone, the rest follows
};
/// A directory of several checkpoints: see picker_of().
struct Picked {
  std::string path;
  std::shared_ptr<const Document> document;
};
struct Listed {
  std::shared_ptr<const KeyList> list;
  std::shared_ptr<const std::vector<std::uint32_t>> order;  // ids; null: natural order
  bool flat = false;
  std::string filter;          // as typed
  std::vector<Problem> notes;  // on its words
};
struct Found {
  std::shared_ptr<const KeyList> list;  // that was searched, in this order
  std::shared_ptr<const std::vector<std::uint32_t>> order;
  std::string pattern;
  std::vector<std::uint32_t> places;  // in the order that was searched, rising
};
struct PlanReady {
  std::shared_ptr<const MapModel> model;
};
struct StatsReady {
  std::shared_ptr<const StatsModel> model;
};
/// A few figures of one tensor, for the pane beside the keys.
struct Glimpsed {
  std::string key;
  std::vector<DetailLine> lines;
};
/// Several tensors as far as they are known.
struct GroupReady {
  std::shared_ptr<const GroupStats> group;
  std::vector<Problem> notes;
};
/// `show --image`.
struct Pictured {
  std::shared_ptr<const HeatMap> map;
};
/// What a command says.
struct CommandDone {
  std::string verb;
  std::vector<Line> lines;
  int exit = 0;
  std::vector<std::string> keys{};  // of statistics: what each line is about; see KeyedLines
};
/// Lines to run.
struct Script {
  std::string text;
};
struct Failed {
  Code code = Code::Internal;
  std::string message;
};
struct Said {  // while it runs
  std::string text;
};
struct Question {
  std::string text;
};
using JobResult = std::variant<Opened, Picked, Listed, Found, PlanReady, Glimpsed, StatsReady,
                               GroupReady, Pictured, CommandDone, Script, Failed, Said, Question>;

struct JobEvent {
  JobKind kind = JobKind::Command;
  std::uint64_t id = 0;
  bool last = false;  // the job is over
  JobResult result;
  std::vector<PhaseLine> phases{};  // of the job, with the last event
};

/// A document as lines of at most `width` cells, 0 for any: at most some ten thousand, and how many
/// more.
std::vector<Line> page_of(const Document& document, std::size_t width);
/// The same, all of it, with what each line is about: the value of the column "key" of a row of a
/// table, raw; else empty.
struct KeyedLines {
  std::vector<Line> lines;
  std::vector<std::string> keys;              // one a line
  std::map<std::string, std::size_t> tables;  // by id: the line of its first row
};
KeyedLines keyed_lines(const Document& document, std::size_t width);
/// The same as a result.
CommandDone command_done(const Document& document, std::size_t width);

}  // namespace ckptscope
