// Everything that the screen shows, and what an event makes of it. update() does no I/O and starts
// nothing: what has to be done it returns as effects, so that the whole interface is tested with
// keys in and screens out.
#pragma once

#include <array>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "app/jobs/jobs.hpp"
#include "app/jobs/worker.hpp"
#include "app/session/session.hpp"
#include "app/terminal/terminal.hpp"
#include "app/tui/screens.hpp"
#include "views/screen/convert_view.hpp"
#include "views/screen/heat_view.hpp"
#include "views/screen/keys_view.hpp"
#include "views/screen/mapping_view.hpp"
#include "views/screen/page_view.hpp"
#include "views/screen/stats_view.hpp"

namespace ckptscope {

/// What a checkpoint is, as `info` says it.
struct OverviewState {
  std::shared_ptr<const Document> document;
  std::vector<Line> lines;           // of it, for the width of the screen
  std::vector<std::string> choices;  // of a picker: what a line opens; else empty
  ListState cursor;                  // of a picker; else its top is what scrolls
};

/// What the right pane of the keys is about.
enum class DetailPane { Details, Figures, Config };

struct KeysState {
  std::shared_ptr<const KeyList> list;  // what is listed: all keys, or those of the filter
  TreeState tree;
  bool flat = false;
  Order order;  // of the flat list; null: natural
  SortOrder sort;
  std::string filter;  // as typed
  ListState cursor;
  std::uint64_t member = 0;  // which of the alike nodes of the cursor's row is meant
  bool in_details = false;
  std::optional<int> detail_columns{};  // of the right pane, as somebody has set it; 0: hidden
  DetailPane pane = DetailPane::Details;
  Glimpsed glimpse{};  // what that pane says of the row's figures
  std::size_t details_top = 0;
};

/// A search: on the keys it is a job, elsewhere it is done at once.
struct SearchState {
  std::string pattern;
  std::vector<std::uint32_t> places;  // of the keys, in the order of the list
  std::size_t origin = 0;             // where the cursor stood when it began
  std::optional<std::size_t> at;      // the match that the cursor is on, while it stays there
  bool running = false;
  bool moves = true;  // what is found moves the cursor
};

struct MappingState {
  std::shared_ptr<const MapModel> model;
  std::string failure;  // why there is none
  ListState cursor;
  bool target_side = false;
  std::string command{};  // that shows the same in a shell
};

struct StatsState {
  std::shared_ptr<const StatsModel> model;  // of one tensor
  std::shared_ptr<const GroupStats> group;  // of several
  std::vector<Problem> notes;               // on the query
  std::size_t figure = 0;                   // what is drawn of them, of the table of figures
  KeyedLines told;                          // of them, or what else `stat` said
  std::string filter;                       // as typed: which rows of those are shown
  std::vector<Line> table;                  // these
  std::vector<std::string> keys;            // what its lines are about; empty without one
  std::vector<std::size_t> told_line;       // which lines of `told` they are
  std::optional<std::size_t> odd;           // the first line of what stands out
  std::optional<HeatState> heat;            // instead of the table, of one name with experts
  bool stopped = false;                     // not all of it was read
  std::string against;                      // the other checkpoint of --against
  std::size_t shift = 0;                    // cells of the table that are scrolled out
  std::vector<std::string> words;           // of the line that was typed
  std::string image;                        // the key of the matrix that the heat map is of
  std::string title;
  std::string command;  // that shows the same in a shell
  ListState cursor;
  std::size_t expert = 0;
  Bins bins = Bins::Powers;
};

struct ConvertState {
  ListState cursor;
  std::vector<DetailLine> lines;  // what the job said
  std::vector<PhaseLine> phases;
  bool running = false;
  std::string target;   // of the conversion that runs or ran
  std::string command;  // the same for a shell; empty: no longer what the fields say
  std::string output;   // target, once it is there
};

struct LogEntry {
  std::string text;
  Role role = Role::Plain;
  std::shared_ptr<const std::vector<Line>> page{};  // opens on Enter
  std::string command{};                            // of the page
};

struct LogState {
  std::vector<LogEntry> entries;
  std::string filter;              // as typed
  std::vector<std::size_t> shown;  // numbers of the entries that it shows; all of them without one
  ListState cursor;                // on those
};

struct PageState {
  std::string title;
  std::shared_ptr<const std::vector<Line>> lines;
  ListState cursor;  // its top is what scrolls
  std::size_t shift = 0;
  std::string command{};  // that shows the same in a shell
};

enum class PromptKind { Command, Search, Filter, Field, Diff, Adapter, Quit, Question };

struct Prompt {
  PromptKind kind = PromptKind::Command;
  std::string label;  // ":", "/", a question
  std::string text;
  std::size_t cursor = 0;  // bytes
  std::vector<std::string> candidates{};
  std::vector<std::string> notes{};  // what each does; empty, or one a candidate
  std::size_t chosen = 0;
  std::size_t word_begin = 0;  // of the word that candidates replace
  std::size_t history = 0;     // lines back
  std::string field{};         // the flag that is edited
  std::string before{};        // what Esc brings back
};

struct State {
  Size size;
  bool ascii = false;
  bool colored = false;        // the terminal has colours, and they are wanted
  bool hides_figures = false;  // rates and times are `-`: for goldens

  Screen screen = Screen::Overview;
  std::vector<Screen> trail;  // the screens that led here, for the way back
  Session session;
  std::string path;                    // what was asked to be opened
  std::optional<Failed> not_opened{};  // while nothing is open: why not
  std::string summary;                 // line 2
  bool whole = false;                  // all shards are read
  std::shared_ptr<const KeyList> all;

  OverviewState overview;
  KeysState keys;
  SearchState search;
  MappingState mapping;
  StatsState stats;
  std::deque<StatsState> stats_before;  // the tables and maps that a tensor was chosen from
  ConvertState convert;
  LogState log;
  std::optional<PageState> page;
  std::optional<Prompt> prompt;
  std::string pending;  // the first of two keys: "s"
  bool drags_divider = false;

  std::string message;  // stands on the status line until the next key
  Role message_role = Role::Plain;
  std::size_t problem = 0;  // number of the last one that e or E went to
  std::vector<std::string> history;
  std::deque<Step> steps;     // of a line, that wait for the one that runs
  std::uint64_t step_id = 0;  // the job of the one that runs
  std::string step_command;   // the same for a shell
  bool step_runs = false;
  bool stat_runs = false;        // what runs is a look at values: a newer command takes its place
  bool stat_superseded = false;  // and has been told to
  int scripts = 0;               // that were read since nothing waited
  std::string question;          // of a job, for when no other prompt is open

  std::array<std::uint64_t, kJobKinds> latest{};  // id of the newest job of each kind
  std::uint64_t next_id = 1;
  Activity activity;  // of the worker, as of the last tick
};

// ---- events and effects -------------------------------------------------------------------------

struct KeyPressed {
  std::string key;
};
struct Resized {
  Size size;
};
struct Ticked {
  Activity activity;
};
using Event = std::variant<KeyPressed, Resized, JobEvent, Ticked>;

struct StartJob {
  Job job;
};
struct StopJobs {};
struct StopStat {};  // the statistics that run
struct AnswerJob {
  bool yes;
};
struct CopyText {
  std::string text;
};
struct RecordTo {  // a file; empty: no more
  std::string path;
};
struct RecordLine {
  std::string line;
};
struct Remember {  // a checkpoint, among the recent ones
  std::string path;
};
struct RedrawAll {};
struct Suspend {};
struct Quit {};
using Effect = std::variant<StartJob, StopJobs, StopStat, AnswerJob, CopyText, RecordTo, RecordLine,
                            Remember, RedrawAll, Suspend, Quit>;

/// An update under way.
struct Ui {
  State& state;
  std::vector<Effect>& effects;
};

/// What to do first: open `path`, which may be empty.
std::vector<Effect> begin(State& state, const std::string& path);
/// Throws nothing but out of memory: errors become messages.
std::vector<Effect> update(State& state, const Event& event);
/// The screen as it is now.
Canvas draw(const State& state);

}  // namespace ckptscope
