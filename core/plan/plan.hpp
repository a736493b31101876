// A plan: every output tensor and the value it gets, every source tensor and what becomes of it,
// and every problem. It is made from headers alone, shown as the preview, hashed for receipts, and
// is exactly what the executor runs.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/error.hpp"
#include "core/language/tokens.hpp"
#include "core/mapping/mapping.hpp"
#include "core/plan/published_form.hpp"
#include "core/tensor/tensor_info.hpp"
#include "core/value/value.hpp"

namespace ckptscope {

/// How an output comes about, for accounts and colours; the order is that of the account line.
enum class OutputKind : std::uint8_t {
  Stacked,
  Split,
  Decoded,
  Transposed,
  Cast,
  Encoded,
  Renamed,
  Passed,
  Synthesised,
  Copied,    // of another output: a head that is tied to the embedding
  Borrowed,  // copied from the checkpoint of --like
};
inline constexpr std::size_t kOutputKinds = 11;
std::string_view name_of(OutputKind kind);

struct Output {
  std::string key;
  ValuePtr value = nullptr;  // dtype and shape of the output are the value's
  OutputKind kind = OutputKind::Passed;
  std::string rule{};            // of a synthesised or copied output
  std::string logical{};         // of an encoded output: the key of what it encodes
  std::uint32_t line = kNoLine;  // the number in Plan::lines of the equation that made it
  std::optional<std::uint64_t> first_expert{};  // of a slice of a stack: where it begins

  static constexpr std::uint32_t kNoLine = 0xFFFFFFFF;

  Dtype dtype() const { return value->dtype; }
  ShapeView shape() const { return value->shape; }
  std::uint64_t bytes() const { return byte_count(dtype(), shape()); }
};

/// What becomes of one input.
struct Fate {
  enum class Kind : std::uint8_t { Unplaced, Used, Dropped } kind = Kind::Unplaced;
  std::uint32_t where = 0;  // Used: the first output that reads it; Dropped: an index into rules
};

/// A tensor of the checkpoint that --like names.
struct Borrowed {
  TensorInfo info;
  std::uint32_t id = 0;  // there
};

/// A named reason for which sources are dropped.
struct DropRule {
  std::string name;
  std::string reason;
};

/// An equation of the mapping: where it stands ("hy_v3.map:15"), and its text.
struct PlanLine {
  std::string where;
  std::string text;
  bool met = false;  // by a key, whatever became of it
};

/// What lies behind the length that the config states of a tensor.
struct Padding {
  std::string key;  // of the output
  ValuePtr value = nullptr;
};

/// What --quantize asks of an hf target.
struct Quantise {
  bool keeps = true;                          // what is packed stays packed, whatever it is
  std::optional<QuantScheme::Kind> scheme{};  // what all that can be is packed as, else decoded

  bool operator==(const Quantise& other) const = default;
};
std::string_view name_of(Quantise quantise);  // "keep", "none", or that of the scheme

/// Which experts of every stack a native checkpoint holds: those of one rank of expert
/// parallelism (Automodel's device mesh), or some by number.
struct ExpertSlice {
  std::uint64_t ranks = 0;  // of so many, 0: by number
  std::uint64_t first = 0;  // the rank, or the first expert
  std::uint64_t last = 0;   // the last expert, included

  /// [begin, end) of `count` experts: count / ranks each, the first count % ranks one more.
  std::pair<std::uint64_t, std::uint64_t> of(std::uint64_t count) const;
  std::string text() const;  // "2/8", "3..5"
};

struct PlanOptions {
  Side from = Side::Hf;
  Side to = Side::Native;
  std::string adapter;  // for the heading and the receipt
  MappingOptions mapping;
  std::optional<Dtype> dtype;         // --dtype
  Dtype default_dtype = Dtype::BF16;  // the config's, or the adapter's
  Quantise quantise;
  std::optional<MappingText> mapping_text{};        // of a user's family; for the receipt
  std::vector<std::string> renames{};               // --rename, which the inputs have been given
  std::vector<std::vector<std::string>> include{};  // queries over outputs, of which one must match
  std::string exclude;  // a regex matched at the start of output keys; may be empty
  bool lenient = false;
  std::set<std::string, std::less<>> allow;  // names of codes that are warnings here
  bool bare_hf = false;  // hf keys, of source or target, are without the family's prefix
  std::set<std::string, std::less<>> added_zeros;  // native keys that the way to native added
  /// Which an hf target follows in files and, without `dtype`, in dtypes; may be null.
  std::shared_ptr<const PublishedForm> published{};
  bool has_config = false;
  bool sets_experts = true;              // --set num_experts is a setting of the family
  std::optional<ExpertSlice> experts{};  // of every native stack; without it all

  Dtype output_dtype() const { return dtype.value_or(default_dtype); }
  bool allows(Code code) const { return allow.contains(name_of(code)); }
};

/// Sums that add up: sources = used + passed + dropped + unplaced; targets by kind.
struct Account {
  std::uint64_t sources = 0;
  std::uint64_t targets = 0;
  std::array<std::uint64_t, kOutputKinds>
      sources_by_kind{};  // by the kind of the output that reads them
  std::array<std::uint64_t, kOutputKinds> targets_by_kind{};
  std::uint64_t dropped = 0;
  std::uint64_t unplaced = 0;  // orphans: neither used nor dropped
  std::uint64_t excluded = 0;  // targets removed by --exclude
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  std::uint64_t largest = 0;     // bytes of the largest target
  std::uint64_t read_twice = 0;  // bytes of sources that FP8 scales need a pass of their own over
};

/// Data, but for questions that follow from it. Copies share the values.
struct Plan {
  PlanOptions options;
  std::shared_ptr<Values> values = std::make_shared<Values>();  // of the outputs
  std::vector<Output> outputs;                                  // in natural order of keys
  std::vector<Fate> fates;  // one per input, in the order of the checkpoint
  std::vector<DropRule> drop_rules;
  std::vector<PlanLine> lines;         // the mapping's equations, by number
  std::vector<Problem> problems;       // errors stop a conversion, notes do not
  std::vector<std::string> excluded;   // output keys that --exclude or --include removed
  std::span<const TensorInfo> inputs;  // of the checkpoint, which must outlive the plan
  std::vector<Borrowed> borrowed;      // input number inputs.size() + i of a Value is borrowed[i]
  std::vector<std::uint32_t> must_be_zero;  // dropped inputs whose every value must be 0
  std::vector<Padding> paddings;            // what is cut off outputs, and must be 0 too
  std::string quantisation_config;          // JSON for config.json; empty: the plan encodes nothing
  Config::Places quantisation_places{};     // where it stands there
  std::optional<std::uint64_t> layers{};    // that stay, where --exclude took the last ones
  std::uint64_t renamed = 0;                // inputs that --rename gave another key

  /// Calls the inputs by the names under which they are stored; `stored` must outlive the plan.
  void name_inputs(std::span<const TensorInfo> stored);

  bool sound() const;  // no problem of Severity::Error
  /// Throws the first such problem, with its own code; messages begin with `checkpoint`.
  void require_sound(const std::string& checkpoint) const;
  bool lossless() const;  // nothing dropped, cast, synthesised or excluded, no alias
  Account account() const;

  /// The header's row of an input, also of a borrowed one.
  const TensorInfo& input(std::uint32_t number) const;
  const Output* find_output(std::string_view key) const;
  /// The outputs that `keep` wants and what they use; of the dropped inputs those that
  /// `keep_dropped` wants. Everything else counts as unplaced.
  Plan subset(const std::function<bool(const Output&)>& keep,
              const std::function<bool(const TensorInfo&)>& keep_dropped) const;

  // As text (plan_text.cpp).
  /// One line an output: "key DTYPE [shape] <- expression", then drops and synthesised keys.
  std::string text(bool fold = true) const;
  /// The same line by line, with their line feeds.
  void for_each_line(const std::function<void(std::string_view)>& visit, bool fold = true) const;
  std::string line(const Output& output, bool fold = true) const;
  std::string expression(const Output& output, bool fold = true) const;
  /// Eight hexadecimal digits over text() and the options that shape bytes.
  std::string hash() const;
  /// What the plan loses, one sentence each; empty when lossless.
  std::vector<std::string> losses() const;
};

/// `fates` with every unplaced input that one of `outputs` reads given its fate.
std::vector<Fate> with_used(std::vector<Fate> fates, std::span<const Output> outputs);

}  // namespace ckptscope
