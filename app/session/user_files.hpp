// The files of the user's own that the prompt and the full screen read: never one of the current
// directory or of a checkpoint.
#pragma once

#include <string>
#include <vector>

#include "app/session/session.hpp"

namespace ckptscope {

/// The last lines of $XDG_STATE_HOME/ckptscope/history. What is wrong with it is no error here and
/// below: a history is a convenience.
std::vector<std::string> read_history_lines();
/// Puts lines behind it, whoever else does; the file is its owner's alone, and does not grow
/// forever.
void append_history(const std::vector<std::string>& lines);

/// Checkpoints that a person has opened in the prompt or on the screen, the newest first, those
/// that are still there: absolute paths out of $XDG_STATE_HOME/ckptscope/recent.
std::vector<std::string> read_recent();
/// Puts one first.
void remember_recent(const std::string& path);

/// Runs $XDG_CONFIG_HOME/ckptscope/config: lines of `set`; throws Usage for anything else in it.
void read_user_config(Session& session);

}  // namespace ckptscope
