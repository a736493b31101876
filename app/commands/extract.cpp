// Tensors for other programs: one as .npy, several as one .safetensors, raw or decoded.
#include <set>

#include "app/commands/flags.hpp"
#include "app/planning/decoded_items.hpp"
#include "app/planning/matching_tensors.hpp"
#include "app/reports/problem_lines.hpp"
#include "app/reports/stat_report.hpp"
#include "core/base/bytes.hpp"
#include "core/base/display.hpp"
#include "core/checkpoint/safetensors_writer.hpp"
#include "core/output/new_file.hpp"
#include "core/output/npy.hpp"
#include "core/run/executor.hpp"
#include "core/source/tensor_source.hpp"

namespace ckptscope {
namespace {

/// What is written: a plan, and where each of its outputs lies in the file.
struct Extraction {
  Plan plan;
  std::vector<StatsItem> keep;  // whose values the plan uses
  std::vector<Problem> notes;   // on the query
  std::string widened{};        // what a dtype has become, and why
  std::string header{};
  std::vector<std::uint64_t> offsets{};
  std::uint64_t size = 0;
};

class FileSink final : public TensorSink {
 public:
  FileSink(NewFile& file, const Extraction& extraction) : file_(file), extraction_(extraction) {}
  void write(std::size_t output, std::uint64_t offset, std::span<const std::byte> bytes) override {
    file_.write(placement(output, offset), bytes);
  }
  std::uint64_t placement(std::size_t output, std::uint64_t offset) const override {
    return extraction_.offsets[output] + offset;
  }

 private:
  NewFile& file_;
  const Extraction& extraction_;
};

/// The tensors as they are stored.
void choose_raw(const Checkpoint& checkpoint, const std::vector<std::string>& words,
                Extraction& extraction) {
  QueryResult found = matching_tensors(checkpoint, words);
  if (found.things.empty()) fail_no_match(checkpoint, words);
  extraction.notes = std::move(found.notes);
  for (const std::uint32_t id : found.things) {
    const TensorInfo& info = checkpoint.tensors()[id];
    extraction.plan.outputs.push_back(
        {std::string(info.name), extraction.plan.values->input(id, info.dtype, info.shape)});
  }
}

/// Packed weights and their scales as the values that they stand for.
void choose_decoded(const Checkpoint& checkpoint, const std::vector<std::string>& words,
                    Extraction& extraction) {
  MatchingItems found = matching_items(checkpoint, words);
  extraction.notes = std::move(found.notes);
  extraction.keep = std::move(found.items);
  for (const StatsItem& item : extraction.keep) {
    if (!item.unapplied_scale.empty()) {
      fail(Code::ScaleNotApplied, "{}: the codes of {} would be written, not its values",
           display(item.key), display(item.unapplied_scale));
    }
    extraction.plan.outputs.push_back({item.key, item.value.get()});
  }
}

/// numpy has no BF16, and no dtype of eight bits that floats: F32 has all of their values.
void widen_for_numpy(Extraction& extraction, bool decoded) {
  Output& output = extraction.plan.outputs.front();
  const Dtype dtype = output.dtype();
  if (dtype == Dtype::BF16 || (decoded && is_fp8(dtype))) {
    output.value = extraction.plan.values->cast(output.value, Dtype::F32);
    extraction.widened =
        fmt::format("numpy has no {}: written as F32, which has all of its values", name_of(dtype));
  } else if (npy_name(dtype).empty()) {
    fail(Code::Usage, "{}: numpy has no {}; -o NAME.safetensors, or --decoded", display(output.key),
         name_of(dtype));
  }
}

void lay_out_npy(Extraction& extraction, bool decoded) {
  if (extraction.plan.outputs.size() != 1) {
    fail(Code::Usage, "{} match: a .npy file holds one; -o NAME.safetensors",
         counted(extraction.plan.outputs.size(), "tensor"));
  }
  widen_for_numpy(extraction, decoded);
  const Output& output = extraction.plan.outputs.front();
  extraction.header = npy_header(npy_name(output.dtype()), output.shape());
}

void lay_out_safetensors(Extraction& extraction) {
  std::vector<HeaderEntry> entries;
  for (const Output& output : extraction.plan.outputs) {
    entries.push_back({output.key, output.dtype(), to_shape(output.shape())});
  }
  extraction.header = make_header(entries, {{"format", "pt"}});
}

Extraction extraction_of(const Checkpoint& checkpoint, const Args& args, const std::string& path) {
  const bool decoded = args.has("decoded");
  Extraction extraction;
  decoded ? choose_decoded(checkpoint, args.operands, extraction)
          : choose_raw(checkpoint, args.operands, extraction);
  extraction.plan.inputs = checkpoint.tensors();
  extraction.plan.fates.resize(checkpoint.tensors().size());
  if (path.ends_with(".npy")) {
    lay_out_npy(extraction, decoded);
  } else if (path.ends_with(".safetensors")) {
    lay_out_safetensors(extraction);
  } else {
    fail(Code::Usage, "-o {}: a name that ends in .npy or .safetensors is expected", display(path));
  }
  extraction.size = extraction.header.size();
  for (const Output& output : extraction.plan.outputs) {
    extraction.offsets.push_back(extraction.size);
    extraction.size += output.bytes();
  }
  return extraction;
}

Table tensors_table(const Extraction& extraction) {
  struct Row {
    std::string key;
    std::string dtype;
    Shape shape;
    std::uint64_t bytes;
  };
  const auto rows = std::make_shared<std::vector<Row>>();
  for (const Output& output : extraction.plan.outputs) {
    rows->push_back({output.key, std::string(name_of(output.dtype())), to_shape(output.shape()),
                     output.bytes()});
  }
  return {"tensors",
          {{"key", "key"},
           {"dtype", "dtype"},
           {"shape", "shape", Format::Extents},
           {"bytes", "bytes", Format::Bytes}},
          rows->size(),
          [rows](std::size_t i) -> std::vector<Cell> {
            const Row& row = (*rows)[i];
            return {row.key, row.dtype, row.shape, row.bytes};
          }};
}

Document run_extract(const Snapshot& snapshot, const Args& args, Progress& progress) {
  const Checkpoint& checkpoint = *snapshot.checkpoint;
  if (!args.has("output")) fail(Code::Usage, "extract: -o FILE is missing");
  refuse_errors(checkpoint.problems(), checkpoint.name());
  checkpoint.require_values("extract");
  const std::string path = args.text("output");
  Extraction extraction = extraction_of(checkpoint, args, path);
  const OutputPath out(path);
  NewFile file(out, extraction.size);
  file.write(0, std::as_bytes(std::span(extraction.header)));
  FileSink sink(file, extraction);
  const Losses losses = execute(
      extraction.plan, [&] { return std::make_unique<CheckpointSource>(checkpoint); }, sink,
      args.resources(), progress, "write");
  check_sources_unchanged(checkpoint);
  file.commit();
  Document document{"extract"};
  add_in_part(document, tensors_table(extraction));
  add_losses(document, losses);
  add_problem_lines(document, extraction.notes);
  document.problems = std::move(extraction.notes);
  if (!extraction.widened.empty()) document.add(Fields{{{"", "as F32", extraction.widened}}});
  document.add(Fields{
      {{"", "written", fmt::format("{}   {}", display(out.text()), format_bytes(extraction.size))},
       {"output", "", out.text()},
       {"bytes", "", extraction.size}}});
  return document;
}

}  // namespace

extern const Command kExtract{
    .name = "extract",
    .operands = "KEY or QUERY",
    .summary = "tensors as a file for other programs: .npy of one, .safetensors of several",
    .min_operands = 1,
    .max_operands = 64,
    .flags = {kOutput,
              {.name = "decoded",
               .help = "the values that packed weights stand for, without their scales"},
              kMemory,
              kThreads},
    .examples = {"extract gpt-oss-20b model.norm.weight -o norm.npy",
                 "extract gpt-oss-20b '{model.norm,lm_head}.weight' -o two.safetensors",
                 "extract gpt-oss-20b 'layers.0.mlp.experts.*' --decoded -o experts.safetensors"},
    .exits = "the output exists",
    .run = run_extract,
};

}  // namespace ckptscope
