// Every verb, in the order of the manual. Its row stands in the file of its name, beside its
// function.
#include "app/language/command.hpp"

namespace ckptscope {

extern const Command kInfo, kLs, kTree, kShow, kMap, kStat, kAdapters, kConvert, kCommit, kVerify,
    kCheck, kDiff, kExtract, kReport, kDemo, kExport, kOpen, kClose, kCd, kPwd, kSetVerb, kUnset,
    kHistory, kClear, kSource, kQuit, kHelp;

namespace {

// clang-format off
constexpr const Command* kCommands[] = {
    &kInfo,
    &kLs,
    &kTree,
    &kShow,
    &kMap,
    &kStat,
    &kAdapters,
    &kConvert,
    &kCommit,
    &kVerify,
    &kCheck,
    &kDiff,
    &kExtract,
    &kReport,
    &kDemo,
    &kExport,
    &kOpen,
    &kClose,
    &kCd,
    &kPwd,
    &kSetVerb,
    &kUnset,
    &kHistory,
    &kClear,
    &kSource,
    &kQuit,
    &kHelp,
};
// clang-format on

}  // namespace

std::span<const Command* const> commands() {
  return kCommands;
}

}  // namespace ckptscope
