// A session: the open checkpoint, where one is in it, and the defaults of flags. Lines of the REPL,
// of scripts and of -c run in it.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "app/language/command.hpp"
#include "app/language/words.hpp"
#include "core/names/name_tree.hpp"

namespace ckptscope {

/// A command of a line, ready to run.
struct Prepared {
  const Command* command = nullptr;
  Args args;
};

class Session {
 public:
  /// `defaults`: flags of the command line, which hold for every line.
  explicit Session(Args defaults = {}) : defaults_(std::move(defaults)) {}

  /// Runs the commands of one line; returns the worst of their exit codes. `typed`: a person typed
  /// it, so that verbs may be shortened and a pipe may start a process. Throws what the first
  /// failing command throws.
  int run(std::string_view line, bool typed);
  /// Runs a file, or stdin for "-". With `keep_going` errors are reported and the rest runs.
  /// Errors name file and line; the result is never 0 after one.
  int run_script(const std::string& path, bool keep_going);
  int run_text(const std::string& name, const std::string& text, bool keep_going);

  /// One command with the session's defaults and prefix; a path by itself is `open`. Throws Usage,
  /// also when nothing is open and something has to be.
  Prepared prepare(const Step& step, bool typed) const;
  // What the session's own verbs change.
  void open(const std::string& path, const std::string& config = "");
  /// Opens what has been read already; `names` may be null.
  void adopt(std::shared_ptr<const Checkpoint> checkpoint, std::shared_ptr<const NameTree> names);
  void close();
  void change_prefix(const std::string& to);
  void set(const std::string& name, const std::string& value);
  void unset(const std::string& name);
  void quit() { done_ = true; }
  /// Where stdout is one.
  static void clear_terminal();

  bool done() const { return done_; }
  const std::shared_ptr<const Checkpoint>& checkpoint() const { return checkpoint_; }
  const std::string& prefix() const { return prefix_; }
  const std::map<std::string, std::string, std::less<>>& settings() const { return settings_; }
  std::vector<std::string>& history() { return history_; }
  /// Checkpoints to offer: see read_recent().
  std::vector<std::string>& recent() { return recent_; }
  /// Flags that every verb takes, as they hold now: for errors.
  Args global_args() const;
  /// With which an error of a line is reported: none where its verb has told of it in JSON.
  Args args_of_report();
  bool keeps_going() const { return keep_going_; }
  /// The open checkpoint's names as a tree; null without one.
  const NameTree* names();

 private:
  int run_step(const Step& step, bool typed);
  int run_prepared(const Command& command, const Args& args, const Step& step);
  void fill_defaults(std::span<const Flag> flags, Args& args) const;
  Args with_defaults(const Command& command, Args args) const;
  void apply_prefix(const Command& command, Args& args) const;

  Args defaults_;
  std::shared_ptr<const Checkpoint> checkpoint_;
  std::shared_ptr<const NameTree> names_;
  std::string prefix_;
  std::map<std::string, std::string, std::less<>> settings_;
  std::vector<std::string> history_;
  std::vector<std::string> recent_;
  bool done_ = false;
  bool has_told_ = false;  // a verb has printed its error as JSON
  bool keep_going_ = false;
  int depth_ = 0;  // of scripts that run scripts
};

}  // namespace ckptscope
