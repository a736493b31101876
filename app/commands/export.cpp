// Headers, index and config as a checkpoint of holes.
#include "app/language/command.hpp"
#include "core/base/bytes.hpp"
#include "core/base/display.hpp"
#include "core/output/skeleton.hpp"

namespace ckptscope {
namespace {

Document run_export(const Snapshot& snapshot, const Args& args, Progress&) {
  const OutputPath out(args.operands.front());
  const SkeletonReport report = write_skeleton(*snapshot.checkpoint, out);
  Document document{"export"};
  document.add(
      Note{fmt::format("done     {}   headers of {}, {} on disk, {} apparent", display(out.text()),
                       counted(report.files, "shard"), format_bytes(report.header_bytes),
                       format_bytes(report.apparent_bytes)),
           /*escaped=*/true});
  for (const std::string& note : report.notes) document.add(Note{"note     " + note, true});
  document.add(Fields{{{"output", "", out.text()},
                       {"shards", "", report.files},
                       {"header_bytes", "", report.header_bytes},
                       {"apparent_bytes", "", report.apparent_bytes}}});
  return document;
}

}  // namespace

extern const Command kExport{
    .name = "export",
    .operands = "DIR",
    .summary = "a skeleton: headers, index and config without the values",
    .min_operands = 1,
    .max_operands = 1,
    .examples = {"export gpt-oss-20b skeleton", "export hy3 /tmp/hy3-headers"},
    .exits = "the output exists",
    .run = run_export,
};

}  // namespace ckptscope
