// The last step of a conversion in parts, where none of them has taken it.
#include "app/language/command.hpp"
#include "core/base/bytes.hpp"
#include "core/base/display.hpp"
#include "core/convert/parts.hpp"

namespace ckptscope {
namespace {

Document run_commit(const Snapshot&, const Args& args, Progress&) {
  const OutputPath out(args.operands.front());
  const CommitReport report = commit_parts(out);
  std::uint64_t bytes = 0;
  for (const Receipt::OutputFile& shard : report.shards) bytes += shard.bytes;
  std::string text = fmt::format("done     {}   {}, {}\n", display(out.text()),
                                 counted(report.shards.size(), "shard"), format_bytes(bytes));
  for (const std::string& note : report.notes) text += fmt::format("note     {}\n", note);
  Document document{"commit"};
  document.add(Note{text, /*escaped=*/true});
  document.add(Fields{{{"output", "", out.text()},
                       {"shards", "", std::uint64_t{report.shards.size()}},
                       {"bytes", "", bytes}}});
  return document;
}

}  // namespace

extern const Command kCommit{
    .name = "commit",
    .operands = "DIR",
    .summary = "give a conversion in parts its name, once all of them are done",
    .opens = false,
    .min_operands = 1,
    .max_operands = 1,
    .examples = {"commit gpt-oss-20b-native", "commit gpt-oss-20b-native --json"},
    .exits = "a shard is not done",
    .run = run_commit,
};

}  // namespace ckptscope
