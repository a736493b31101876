// Members stand in a fixed order, so that equal conversions have equal receipts.
#include "core/output/receipt.hpp"

#include <nlohmann/json.hpp>

#include "core/base/hash.hpp"
#include "core/base/json_scanner.hpp"
#include "core/output/shard_layout.hpp"
#include "core/output/staging.hpp"

namespace ckptscope {
namespace {

using Json = nlohmann::ordered_json;
constexpr std::uint64_t kMaxReceiptBytes = 64'000'000;
constexpr std::string_view kSchema = "ckptscope.receipt/1";

/// get() casts a number that is none of these without a word.
std::uint64_t whole_number(const Json& json) {
  if (!json.is_number_unsigned()) fail(Code::BadJson, "a count in a receipt is {}", json.dump());
  return json.get<std::uint64_t>();
}

template <typename File>
Json files_json(const std::vector<File>& files, const char* hash_name, std::string File::*hash) {
  Json list = Json::array();
  for (const File& file : files) {
    Json row{{"name", file.name}, {"bytes", file.bytes}};
    if (!(file.*hash).empty()) row[hash_name] = file.*hash;
    list.push_back(std::move(row));
  }
  return list;
}

template <typename File>
std::vector<File> read_files(const Json& list, const char* hash_name, std::string File::*hash) {
  std::vector<File> files;
  for (const Json& row : list) {
    File& file = files.emplace_back();
    file.name = row.at("name").get<std::string>();
    file.bytes = whole_number(row.at("bytes"));
    file.*hash = row.value(hash_name, "");
  }
  return files;
}

std::uint64_t hash_of_like(const Checkpoint& checkpoint) {
  std::vector<std::uint64_t> hashes;
  for (const Shard& shard : checkpoint.shards()) hashes.push_back(shard.header_hash);
  hashes.push_back(checkpoint.config().hash());
  return xxh3(std::as_bytes(std::span(hashes)));
}

std::string text_of(const std::optional<MappingText>& mapping) {
  return mapping ? mapping->text : "";
}

}  // namespace

std::string Receipt::difference(const Receipt& other) const {
  if (from != other.from || to != other.to) return "another --to";
  if (adapter != other.adapter) return "another --adapter";
  if (layout != other.layout) return "another --layout";
  if (sources != other.sources) return "other sources";
  for (const auto* both : {&options, &other.options}) {
    for (const auto& [name, value] : *both) {
      const auto mine = options.find(name);
      const auto theirs = other.options.find(name);
      const bool same =
          mine != options.end() && theirs != other.options.end() && mine->second == theirs->second;
      if (!same) return "another --" + name;
    }
  }
  if (settings != other.settings) return "another --set";
  if (renames != other.renames) return "another --rename";
  if (include != other.include) return "another --include";
  if (text_of(mapping) != text_of(other.mapping)) return "another --mapping";
  return plan == other.plan ? "" : "another plan";
}

std::string difference(const StagedWork& begun, const StagedWork& work) {
  if (begun.program != work.program) return "ckptscope " + begun.program;
  const auto a = parse_receipt(begun.conversion);
  const auto b = parse_receipt(work.conversion);
  if (!a || !b) return "other work";
  if (std::string what = a->difference(*b); !what.empty()) return what;
  if (begun.sources != work.sources) return "sources that have changed since";
  if (work.parts > 1 && begun.parts != work.parts) return fmt::format("{} parts", begun.parts);
  return begun.shards == work.shards ? "" : "other shards";
}

std::string Receipt::to_json() const {
  Json root;
  root["schema"] = kSchema;
  root["from"] = from;
  root["to"] = to;
  root["adapter"] = adapter;
  root["layout"] = layout;
  root["plan"] = plan;
  root["options"] = options;
  root["set"] = settings;
  if (mapping) root["mapping"] = {{"name", mapping->name}, {"text", mapping->text}};
  if (!renames.empty()) root["rename"] = renames;
  if (!include.empty()) root["include"] = include;
  if (!synthesised.empty()) root["synthesised"] = synthesised;
  if (zeros_left_out) root["zeros_left_out"] = *zeros_left_out;
  if (!overflowed.empty()) root["overflowed"] = overflowed;
  root["sources"] = files_json(sources, "header_xxh3", &SourceFile::header_hash);
  root["outputs"] = files_json(outputs, "xxh3", &OutputFile::xxh3);
  return root.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Receipt make_receipt(const PlanInputs& sources, const Plan& plan,
                     std::optional<std::uint64_t> max_shard_bytes) {
  const Checkpoint& source = sources.checkpoint;
  Receipt receipt;
  const PlanOptions& options = plan.options;
  receipt.from = name_of(options.from);
  receipt.to = name_of(options.to);
  receipt.adapter = options.adapter;
  receipt.layout = options.mapping.layout;
  receipt.plan = plan.hash();
  if (options.dtype) receipt.options["dtype"] = name_of(*options.dtype);
  if (!options.exclude.empty()) receipt.options["exclude"] = options.exclude;
  if (options.experts) {
    receipt.options[options.experts->ranks > 0 ? "ep" : "experts"] = options.experts->text();
  }
  if (options.lenient) receipt.options["lenient"] = "true";
  if (!options.allow.empty()) {
    receipt.options["allow"] = fmt::format("{}", fmt::join(options.allow, ","));
  }
  if (!options.quantise.keeps) receipt.options["quantize"] = name_of(options.quantise);
  if (sources.like != nullptr) receipt.options["like"] = hex64(hash_of_like(*sources.like));
  if (source.config().present()) receipt.options["config-xxh3"] = hex64(source.config().hash());
  if (options.bare_hf) receipt.options["hf-prefix"] = "none";
  if (options.from == Side::Native && options.to == Side::Hf) {
    if (!options.bare_hf) receipt.options["hf-prefix"] = "usual";
    receipt.zeros_left_out.emplace(options.added_zeros.begin(), options.added_zeros.end());
  }
  for (const Output& output : plan.outputs) {
    if (output.kind == OutputKind::Synthesised) receipt.synthesised.push_back(output.key);
  }
  receipt.options["max-shard-size"] = fmt::format("{}", max_shard_bytes.value_or(kMaxShardBytes));
  receipt.settings.insert(options.mapping.settings.begin(), options.mapping.settings.end());
  if (options.mapping_text) {
    const std::string& path = options.mapping_text->name;
    receipt.mapping = {path.substr(path.rfind('/') + 1), options.mapping_text->text};
  }
  receipt.renames = options.renames;
  receipt.include = options.include;
  for (const Shard& shard : source.shards()) {
    receipt.sources.push_back({shard.name, shard.identity.size, hex64(shard.header_hash)});
  }
  return receipt;
}

std::optional<Receipt> read_receipt(const std::string& directory) {
  const std::string path = directory + "/" + std::string(kReceiptName);
  if (!exists(path)) return std::nullopt;
  try {
    return parse_receipt(read_text(path, kMaxReceiptBytes));
  } catch (const Error& error) {
    if (row_of(error.code()).exit == 3) throw;
    return std::nullopt;
  }
}

std::optional<Receipt> parse_receipt(const std::string& text) {
  try {
    JsonScanner(text).skip_value(/*unique_keys=*/true);
    const Json root = Json::parse(text);
    if (root.value("schema", "") != kSchema) return std::nullopt;
    Receipt receipt;
    receipt.from = root.at("from").get<std::string>();
    receipt.to = root.at("to").get<std::string>();
    receipt.adapter = root.at("adapter").get<std::string>();
    receipt.layout = root.at("layout").get<std::string>();
    receipt.plan = root.at("plan").get<std::string>();
    receipt.options = root.at("options").get<std::map<std::string, std::string>>();
    receipt.settings = root.at("set").get<std::map<std::string, std::string>>();
    if (root.contains("mapping")) {
      receipt.mapping = {root["mapping"].at("name").get<std::string>(),
                         root["mapping"].at("text").get<std::string>()};
    }
    receipt.renames = root.value("rename", std::vector<std::string>());
    receipt.include = root.value("include", std::vector<std::vector<std::string>>());
    receipt.synthesised = root.value("synthesised", std::vector<std::string>());
    if (root.contains("zeros_left_out")) {
      receipt.zeros_left_out = root["zeros_left_out"].get<std::vector<std::string>>();
    }
    receipt.sources =
        read_files(root.at("sources"), "header_xxh3", &Receipt::SourceFile::header_hash);
    receipt.outputs = read_files(root.at("outputs"), "xxh3", &Receipt::OutputFile::xxh3);
    return receipt;
  } catch (const Error&) {
    return std::nullopt;
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

}  // namespace ckptscope
