// The table of codes, and what an errno means in its terms.
#include "core/base/error.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "core/base/display.hpp"

namespace ckptscope {
namespace {

constexpr std::array kCodes{
    CodeRow{Code::Usage, "usage", 2, "the command line or a script line is wrong"},
    CodeRow{Code::NotFound, "not-found", 2, "no such file or directory"},
    CodeRow{Code::NotACheckpoint, "not-a-checkpoint", 2, "no tensors are found there"},
    CodeRow{Code::NotRegularFile, "not-regular", 2,
            "a device, pipe, socket or link loop, not a file"},
    CodeRow{Code::ForeignFormat, "foreign-format", 2,
            "a known file format that is not safetensors (GGUF, pickle, archive, page)"},
    CodeRow{Code::LfsPointer, "lfs-pointer", 2,
            "a Git-LFS pointer: the weights were not downloaded"},
    CodeRow{Code::RankShards, "rank-shards", 2,
            "rank slices of a training run, not a whole checkpoint"},
    CodeRow{Code::LoraAdapter, "lora-adapter", 2, "a LoRA adapter, not a whole model"},
    CodeRow{Code::AmbiguousIndex, "ambiguous-index", 2, "several index files, none the usual one"},
    CodeRow{Code::BadIndex, "bad-index", 2, "the index cannot be read or names impossible files"},
    CodeRow{Code::BadConfig, "bad-config", 2, "a config.json that was asked for cannot be read"},
    CodeRow{Code::BadMapping, "bad-mapping", 2, "the text of a mapping cannot be read"},
    CodeRow{Code::BadPickle, "bad-pickle", 2, "a pickle that breaks a rule of data"},
    CodeRow{Code::BadArchive, "bad-archive", 2,
            "a torch.save file that breaks a rule of its format"},
    CodeRow{Code::BadDcp, "bad-dcp", 2,
            "a checkpoint of torch.distributed.checkpoint that breaks a rule of its format"},
    CodeRow{Code::UnknownAdapter, "unknown-adapter", 2, "no adapter has this name"},
    CodeRow{Code::Unreachable, "unreachable", 2, "a server cannot be reached, or fails"},
    CodeRow{Code::RateLimited, "rate-limited", 2, "a server wants no more requests for a while"},
    CodeRow{Code::BadAnswer, "bad-answer", 2, "a server's answer breaks a rule of what was asked"},
    CodeRow{Code::ValuesElsewhere, "values-elsewhere", 2,
            "values that are not on this machine, and more than may be fetched"},

    CodeRow{Code::HeaderTooSmall, "header-too-small", 1, "fewer than 8 bytes"},
    CodeRow{Code::HeaderTooLarge, "header-too-large", 1, "header length above 100,000,000 bytes"},
    CodeRow{Code::HeaderTruncated, "header-truncated", 1,
            "the header runs past the end of the file"},
    CodeRow{Code::BadUtf8, "bad-utf8", 1, "the header is not UTF-8"},
    CodeRow{Code::BadJson, "bad-json", 1, "the header is not the JSON that the format asks for"},
    CodeRow{Code::DuplicateKey, "duplicate-key", 1, "a name stands twice in one JSON object"},
    CodeRow{Code::InvalidOffset, "invalid-offset", 1, "tensors overlap, or leave a hole"},
    CodeRow{Code::ShapeOverflow, "shape-overflow", 1, "shape times element size exceeds 64 bits"},
    CodeRow{Code::MisalignedDtype, "misaligned-dtype", 1,
            "a sub-byte dtype that does not end at a byte"},
    CodeRow{Code::SizeMismatch, "size-mismatch", 1, "data_offsets do not fit dtype and shape"},
    CodeRow{Code::TruncatedShard, "truncated-shard", 1, "the file is shorter than its header says"},
    CodeRow{Code::TrailingData, "trailing-data", 1, "the file is longer than its header says"},
    CodeRow{Code::MissingShard, "missing-shard", 1, "the index names a file that is not there"},
    CodeRow{Code::MissingTensor, "missing-tensor", 1,
            "the index names a tensor that its shard does not hold"},
    CodeRow{Code::UnindexedTensor, "unindexed-tensor", 1,
            "a shard holds a tensor that the index does not name"},
    CodeRow{Code::DuplicateTensor, "duplicate-tensor", 1, "two shards hold a tensor of one name"},
    CodeRow{Code::NanValues, "nan", 1, "a tensor holds NaN"},
    CodeRow{Code::InfValues, "inf", 1, "a tensor holds infinities"},
    CodeRow{Code::ConstantWeight, "constant-weight", 1, "every element of a weight is the same"},
    CodeRow{Code::ChecksumMismatch, "checksum", 1, "a file differs from its recorded checksum"},
    CodeRow{Code::ForeignNames, "foreign-names", 1,
            "a pickle names what is no data: it is shown and not run"},

    CodeRow{Code::OddName, "odd-name", 0, "a name with characters that are shown escaped"},
    CodeRow{Code::LookAlikeNames, "look-alike", 0, "two names that look the same"},
    CodeRow{Code::UnalignedData, "unaligned-data", 0, "tensor data does not start at 8 bytes"},
    CodeRow{Code::UnknownField, "unknown-field", 0, "a field that the format does not define"},
    CodeRow{Code::ControlMetadata, "control-metadata", 0, "control characters in the metadata"},
    CodeRow{Code::TotalSize, "total-size", 0, "the index states another total size than the files"},
    CodeRow{Code::FileNumbering, "file-numbering", 0, "-of-N disagrees with the files"},
    CodeRow{Code::TiedStorage, "tied-storage", 0, "two names of one storage: tied weights"},
    CodeRow{Code::IgnoredFile, "ignored-file", 0, "weights that are not part of this checkpoint"},
    CodeRow{Code::Symlink, "symlink", 0, "a shard is a link to a file elsewhere"},

    CodeRow{Code::NoAdapter, "no-adapter", 1, "the family is not known; --adapter names one"},
    CodeRow{Code::MissingExpert, "missing-expert", 1, "an expert of a grouped tensor is missing"},
    CodeRow{Code::ExpertRange, "expert-range", 1, "an expert id beyond the number of experts"},
    CodeRow{Code::MissingPart, "missing-part", 1, "a part of a joined tensor is missing"},
    CodeRow{Code::ExpertCount, "expert-count", 1,
            "the number of experts is unknown or contradicted; --set num_experts"},
    CodeRow{Code::ShapeMismatch, "shape-mismatch", 1, "shapes or dtypes that do not go together"},
    CodeRow{Code::MissingScale, "missing-scale", 1, "a quantised weight without its scale"},
    CodeRow{Code::OrphanScale, "orphan-scale", 1, "a scale without its weight"},
    CodeRow{Code::ScaleShape, "scale-shape", 1, "a scale whose shape does not fit its weight"},
    CodeRow{Code::PackedCodes, "packed-codes", 1, "packed codes that no scheme decodes"},
    CodeRow{Code::ScaleNotApplied, "scale-not-applied", 1,
            "figures of codes: how their scale lies over them is not certain"},
    CodeRow{Code::NotGrouped, "not-grouped", 1,
            "the config has experts and none reached a grouped tensor; --allow not-grouped"},
    CodeRow{Code::Incomplete, "incomplete", 1,
            "a layer, the embedding, the final norm or experts are missing; --strict refuses it"},
    CodeRow{Code::Overflow, "overflow", 1, "a value beyond the dtype of the output"},
    CodeRow{Code::Constant, "constant", 1, "blocks and scales that are placeholders, all bytes 1"},
    CodeRow{Code::Unquantisable, "unquantisable", 1, "a tensor that --quantize cannot encode"},
    CodeRow{Code::Unlike, "unlike", 1, "the output would not be like the checkpoint of --like"},
    CodeRow{Code::NotZero, "not-zero", 1, "values that --like has no place for are not zero"},
    CodeRow{Code::ActivationScale, "activation-scale", 0,
            "activation scales cannot be computed; --like copies them"},
    CodeRow{Code::KeyCollision, "key-collision", 1, "two sources make one target key"},
    CodeRow{Code::Orphan, "orphan", 1, "a tensor that no output uses and no rule drops"},
    CodeRow{Code::Alias, "alias", 0, "a key that would come back under another name"},
    CodeRow{Code::Padding, "padding", 0,
            "values behind a length that the config states are left out"},
    CodeRow{Code::ConfigMismatch, "config-mismatch", 0,
            "config.json says of the tensors what they are not"},
    CodeRow{Code::Inferred, "inferred", 0, "a size that no config states was read off the keys"},
    CodeRow{Code::NothingToDo, "nothing-to-do", 0, "the conversion changes nothing"},
    CodeRow{Code::NoMatch, "no-match", 1, "no key matches the query"},
    CodeRow{Code::Mismatch, "mismatch", 1, "a tensor differs from what it should be"},

    CodeRow{Code::Exists, "exists", 1, "the output exists; see --if-exists"},
    CodeRow{Code::SameFiles, "same-files", 1,
            "output and source are the same, or one in the other"},
    CodeRow{Code::Refused, "refused", 1, "the plan has problems, or the source has defects"},

    CodeRow{Code::NoSpace, "no-space", 3, "not enough space on the output's file system"},
    CodeRow{Code::Io, "io", 3, "the system could not read or write"},
    CodeRow{Code::Locked, "locked", 3, "another conversion writes to this output"},
    CodeRow{Code::SourceChanged, "source-changed", 3, "a source file changed while it was read"},
    CodeRow{Code::TruncatedSource, "truncated-source", 3, "a source file ended early while read"},
    CodeRow{Code::NoPermission, "no-permission", 3, "the system denied access"},
    CodeRow{Code::OutOfMemory, "out-of-memory", 3, "memory ran out"},
    CodeRow{Code::Interrupted, "interrupted", 3, "stopped by a signal or by the user"},
    CodeRow{Code::Internal, "internal", 3, "a defect of this program; please report it"},
};

constexpr bool in_enum_order() {
  for (std::size_t i = 0; i < kCodes.size(); ++i) {
    if (static_cast<std::size_t>(kCodes[i].code) != i) return false;
  }
  return kCodes.back().code == Code::Internal;
}
static_assert(in_enum_order(), "code_table() must list every Code in the order of the enumeration");

Code code_of_errno(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return Code::NotFound;
    case EACCES:
    case EPERM:
    case EROFS:
      return Code::NoPermission;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return Code::NoSpace;
    case ELOOP:
      return Code::NotRegularFile;
    case ENOMEM:
      return Code::OutOfMemory;
    default:
      return Code::Io;
  }
}

}  // namespace

std::span<const CodeRow> code_table() {
  return kCodes;
}

const CodeRow& row_of(Code code) {
  return kCodes[static_cast<std::size_t>(code)];
}

void fail_errno(std::string_view what) {
  const int error = errno;
  fail(code_of_errno(error), "{}: {}", what, std::strerror(error));
}

std::string_view name_of(Severity severity) {
  switch (severity) {
    case Severity::Note:
      return "note";
    case Severity::Warning:
      return "warning";
    case Severity::Error:
      break;
  }
  return "error";
}

std::size_t count_errors(std::span<const Problem> problems) {
  return static_cast<std::size_t>(
      std::count_if(problems.begin(), problems.end(),
                    [](const Problem& problem) { return problem.severity == Severity::Error; }));
}

void refuse(const Problem& problem, const std::string& checkpoint) {
  const std::string head = display(checkpoint) + ": ";
  fail(problem.code, "{}{}", problem.message.starts_with(head) ? "" : head, problem.message);
}

void refuse_errors(std::span<const Problem> problems, const std::string& checkpoint) {
  for (const Problem& problem : problems) {
    if (problem.severity == Severity::Error) refuse(problem, checkpoint);
  }
}

std::string to_line(const Problem& problem) {
  return fmt::format("{:<8} {} [{}]", name_of(problem.severity), problem.message,
                     name_of(problem.code));
}

}  // namespace ckptscope
