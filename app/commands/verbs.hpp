// The functions behind the rows of the command table, one file each.
#pragma once

#include "app/language/command.hpp"

namespace ckptscope {

Document run_info(const Snapshot& snapshot, const Args& args, Progress& progress);
Document run_ls(const Snapshot& snapshot, const Args& args, Progress& progress);
Document run_tree(const Snapshot& snapshot, const Args& args, Progress& progress);
Document run_show(const Snapshot& snapshot, const Args& args, Progress& progress);
Document run_map(const Snapshot& snapshot, const Args& args, Progress& progress);
Document run_stat(const Snapshot& snapshot, const Args& args, Progress& progress);
Document run_adapters(const Snapshot& snapshot, const Args& args, Progress& progress);
Document run_convert(const Snapshot& snapshot, const Args& args, Progress& progress);
Document run_verify(const Snapshot& snapshot, const Args& args, Progress& progress);
Document run_check(const Snapshot& snapshot, const Args& args, Progress& progress);
Document run_diff(const Snapshot& snapshot, const Args& args, Progress& progress);
Document run_demo(const Snapshot& snapshot, const Args& args, Progress& progress);
Document run_help(const Snapshot& snapshot, const Args& args, Progress& progress);

Document run_export(const Snapshot& snapshot, const Args& args, Progress& progress);

Document change_open(Session& session, const Args& args);
Document change_close(Session& session, const Args& args);
Document change_cd(Session& session, const Args& args);
Document change_pwd(Session& session, const Args& args);
Document change_set(Session& session, const Args& args);
Document change_unset(Session& session, const Args& args);
Document change_history(Session& session, const Args& args);
Document change_source(Session& session, const Args& args);
Document change_quit(Session& session, const Args& args);

}  // namespace ckptscope
