// ckptscope.json: what a conversion was, beside its output. No times and no absolute paths: the
// same input and options give the same bytes.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/output/journal.hpp"
#include "core/plan/plan.hpp"
#include "core/run/inputs.hpp"

namespace ckptscope {

struct Receipt {
  struct SourceFile {
    std::string name;
    std::uint64_t bytes = 0;
    std::string header_hash;  // xxh3-64 of the header, hexadecimal
    bool operator==(const SourceFile&) const = default;
  };
  struct OutputFile {
    std::string name;
    std::uint64_t bytes = 0;
    std::string xxh3;  // xxh3-64 of the file, hexadecimal; empty when it was not read back
    bool operator==(const OutputFile&) const = default;
  };
  std::string from;
  std::string to;
  std::string adapter;
  std::string layout;
  std::string plan;                               // Plan::hash()
  std::map<std::string, std::string> options;     // flags that shaped the output, by flag name
  std::map<std::string, std::string> settings;    // --set
  std::optional<MappingText> mapping;             // of --mapping
  std::vector<std::string> renames;               // --rename
  std::vector<std::vector<std::string>> include;  // --include, a word of the query an element
  std::vector<std::string> synthesised;           // keys of zeros that the mapping added
  /// Keys of such zeros, left out again on the way back; nullopt where that is not recorded.
  std::optional<std::vector<std::string>> zeros_left_out;
  std::map<std::string, std::uint64_t> overflowed;  // by key: values that became infinite
  std::vector<SourceFile> sources;
  std::vector<OutputFile> outputs;

  /// The same sources, plan and options; output hashes do not count.
  bool same_conversion(const Receipt& other) const { return difference(other).empty(); }
  /// What of them `other` has otherwise, the first: "the sources", "--dtype"; empty for nothing.
  std::string difference(const Receipt& other) const;
  std::string to_json() const;
};

/// Everything but `outputs` and `overflowed`.
Receipt make_receipt(const PlanInputs& sources, const Plan& plan,
                     std::optional<std::uint64_t> max_shard_bytes);

/// What a receipt's JSON says; nullopt for what is none.
std::optional<Receipt> parse_receipt(const std::string& text);

/// In what the work that was begun differs from `work`: "another plan", …; empty where it does not.
std::string difference(const StagedWork& begun, const StagedWork& work);

/// The receipt of a directory, if it has one that is a receipt. Throws what the file system says.
std::optional<Receipt> read_receipt(const std::string& directory);

}  // namespace ckptscope
