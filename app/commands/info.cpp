// What a checkpoint is, from its headers and its config alone.
#include "app/commands/flags.hpp"
#include "app/reports/overview.hpp"

namespace ckptscope {
namespace {

Document run_info(const Snapshot& snapshot, const Args& args, Progress&) {
  const auto ranks = args.number("ep");
  if (ranks && *ranks == 0) fail(Code::Usage, "--ep 0: at least one rank is expected");
  return overview_of(*snapshot.checkpoint, args.text("adapter"), ranks).document;
}

}  // namespace

extern const Command kInfo{
    .name = "info",
    .summary = "what this is: family, parameters, bytes, parts, layers, defects",
    .flags = {kAdapter,
              {.name = "ep",
               .value = "RANKS",
               .help = "also the weights of each of so many ranks that share the experts"}},
    .examples = {"info gpt-oss-20b", "info gpt-oss-20b --ep 8", "info model.safetensors --json"},
    .exits = "the headers or the index have a defect",
    .run = run_info,
};

}  // namespace ckptscope
