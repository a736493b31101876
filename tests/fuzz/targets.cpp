// One row a target.
#include "tests/fuzz/targets.hpp"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <stdexcept>

#include "adapters/adapter.hpp"
#include "app/language/words.hpp"
#include "app/planning/conversion.hpp"
#include "app/tui/key_script.hpp"
#include "core/base/config.hpp"
#include "core/base/file.hpp"
#include "core/base/json_scanner.hpp"
#include "core/checkpoint/index_file.hpp"
#include "core/checkpoint/safetensors.hpp"
#include "core/language/rule_text.hpp"
#include "core/names/query.hpp"
#include "core/output/receipt.hpp"
#include "core/plan/published_form.hpp"
#include "core/remote/address.hpp"
#include "core/remote/hub.hpp"
#include "core/torch/dcp_metadata.hpp"
#include "core/torch/element_view.hpp"
#include "core/torch/torch_file.hpp"
#include "tests/support/memory_sink.hpp"
#include "tests/support/recorded.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/torch_samples.hpp"

namespace ckptscope::testing {
namespace {

/// False where `read` refuses with one of these codes.
bool reads(std::set<Code> codes, const auto& read) {
  try {
    read();
    return true;
  } catch (const Error& error) {
    if (!codes.contains(error.code())) throw;
    return false;
  }
}

/// Where the input, not the program, is at fault: what a user may see of it.
bool reads_or_refuses(const auto& read) {
  try {
    read();
    return true;
  } catch (const Error& error) {
    if (error.code() == Code::Internal) throw;
    return false;
  }
}

void expect(bool holds, std::string_view what) {
  if (!holds) throw std::logic_error(std::string(what));
}

/// A file that lies in memory.
class MemoryFile {
 public:
  explicit MemoryFile(const std::string& bytes) : fd_(::memfd_create("fuzz", MFD_CLOEXEC)) {
    expect(::write(fd_.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()),
           "no memory file");
  }
  std::string path() const { return fmt::format("/proc/self/fd/{}", fd_.get()); }

 private:
  UniqueFd fd_;
};

std::vector<std::byte> as_bytes(const std::string& text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

/// Files of the samples whose name ends so.
std::vector<std::string> samples(const std::string& file, std::string_view end) {
  std::vector<std::string> found;
  for (const TorchSample& sample : torch_samples(file)) {
    for (const auto& [name, bytes] : sample.files) {
      if (name.ends_with(end)) found.push_back(bytes);
    }
  }
  return found;
}

std::string header_of(const std::string& json, std::size_t data) {
  std::string length(8, '\0');
  for (std::size_t i = 0; i < 8; ++i) length[i] = static_cast<char>(json.size() >> (8 * i));
  return length + json + std::string(data, 'x');
}

// ---- targets ------------------------------------------------------------------------------------

bool read_safetensors(const std::string& bytes) {
  const MemoryFile file(bytes);
  const Header header = read_header(File(file.path()));
  std::uint64_t sum = 0;
  for (const TensorInfo& info : header.tensors) sum += header.damaged() ? 0 : info.bytes();
  expect(header.damaged() || header.data_start + sum == bytes.size(), "bytes without a tensor");
  return !header.damaged();
}

std::vector<std::string> safetensors_seeds() {
  return {header_of("{}", 0),
          header_of(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 4),
          header_of(R"({"__metadata__":{"k":"v"},"a":{"dtype":"BF16","shape":[2,1],)"
                    R"("data_offsets":[0,4]},"b\u00e9":{"shape":[],"dtype":"U8",)"
                    R"("data_offsets":[4,5]}}   )",
                    5)};
}

bool read_index(const std::string& text) {
  return reads({Code::BadIndex},
               [&] { IndexFile(text).for_each([](std::string_view, std::uint32_t) {}); });
}

std::vector<std::string> index_seeds() {
  return {R"({"metadata":{"total_size":5},"weight_map":{"a":"x.safetensors","b":"y.bin"}})",
          R"({"weight_map":{"a":"../x.safetensors"}})", R"({"weight_map":[]})"};
}

bool read_config(const std::string& text) {
  return reads({Code::BadConfig}, [&] {
    const Config config = Config::parse(text, "config.json");
    config.layers();
    config.dtypes();
    config.json("quantization_config");
    Config::parse(config.edited({}), "config.json");
  });
}

std::vector<std::string> config_seeds() {
  return {R"({"model_type":"gpt_oss","num_hidden_layers":2,"torch_dtype":"bfloat16"})",
          R"({"text_config":{"num_hidden_layers":3,"x":[1,-2.5e-3,NaN,null,"\ud83d\ude00"]}})",
          R"({"quantization_config":{"quant_method":"fp8","weight_block_size":[128,128]}})"};
}

/// What the scanner takes is JSON for another reader, too.
bool read_json(const std::string& text) {
  const bool taken =
      find_invalid_utf8(text) == text.npos && reads({Code::BadJson, Code::DuplicateKey}, [&] {
        JsonScanner scan(text);
        scan.skip_value(/*unique_keys=*/true);
        scan.finish();
      });
  expect(!taken || nlohmann::json::accept(text), "what is no JSON is taken");
  return taken;
}

bool read_mapping(const std::string& text) {
  static const Config config = Config::parse(
      R"({"model_type": "x", "num_hidden_layers": 2, "num_experts": 4, "list": ["a"], "r": 0.5})",
      "config.json");
  return reads({Code::BadMapping}, [&] {
    const Adapter adapter = read_adapter({"fuzz.map", text});
    named_by(adapter.head, config);
    for (const Equation& equation : mapping_of(adapter, config, {}).equations) to_text(equation);
    for (const Equation& equation : mapping_of(adapter, {}, {}).equations) to_text(equation);
  });
}

std::vector<std::string> mapping_seeds() {
  std::vector<std::string> texts;
  for (const Adapter& one : adapters()) texts.emplace_back(one.text.text);
  return texts;
}

/// What a line says reads back from its own words.
bool read_words(const std::string& line) {
  return reads({Code::Usage}, [&] {
    for (const Step& step : parse_steps(line)) {
      std::string again;
      for (const std::string& word : step.words) again += quoted_word(word) + " ";
      const std::vector<Step> steps = parse_steps(again);
      expect(steps.empty() ? step.words.empty() : steps[0].words == step.words, "words change");
    }
  });
}

bool read_query(const std::string& line) {
  return reads({Code::Usage}, [&] {
    const std::uint64_t shape[] = {4, 64, 32};
    for (const Step& step : parse_steps(line)) {
      const Query query(step.words);
      query.matches(
          {"model.layers.3.mlp.experts.7.down_proj.weight", Dtype::BF16, shape, 16384, 1, "stack"});
      query.matches({""});
    }
  });
}

std::vector<std::string> query_seeds() {
  return {"model.layers.*.{gate,up}_proj layer=0..3 !bias",
          R"(stat 'a b' "c\x41\u{e9}" ; ls dtype=bf16 >out | head # rest)",
          "size>1MB ndim=2 shape=*,64 /re.*x/ expert=7 shard=1 op=stack defect", "[0-9] \\ "};
}

bool read_published(const std::string& text) {
  return reads({Code::BadConfig}, [&] {
    read_published_form(text, "");
    read_published_form("", text);
  });
}

bool read_torch(const std::string& bytes) {
  return reads({Code::BadPickle, Code::BadArchive, Code::ForeignNames}, [&] {
    const MemoryBytes source(as_bytes(bytes));
    const TorchFile file(source);
    for (const TorchTensor& tensor : file.tensors()) {
      const pickle::Tensor& from = tensor.view;
      const std::uint64_t size = size_of(from.dtype);
      const std::uint64_t begin = tensor.data + from.offset * size;
      const ElementView view{begin, from.shape,      from.stride, from.dtype,
                             false, from.conjugated, from.negated};
      std::vector<std::byte> out(
          std::min<std::uint64_t>(byte_count(from.dtype, from.shape), 4096 / size * size));
      expect(tensor.data > 0 || out.empty(), "a storage where the file begins");
      read_elements(source, view, 0, out);
    }
    Progress progress;
    file.check_sums(progress);
  });
}

std::vector<std::string> torch_seeds() {
  std::vector<std::string> seeds = samples("torch_save.txt", ".pt");
  for (const char* end : {".pth", ".bin"}) {
    for (std::string& seed : samples("torch_save.txt", end)) seeds.push_back(std::move(seed));
  }
  return seeds;
}

bool read_dcp(const std::string& bytes) {
  return reads({Code::BadDcp, Code::BadPickle}, [&] {
    const MemoryFile file(bytes);
    const std::string path = file.path();
    read_dcp_metadata({&path, 1}, nullptr);
  });
}

std::vector<std::string> dcp_seeds() {
  return samples("dcp.txt", ".metadata");
}

bool read_receipt_text(const std::string& text) {
  const auto receipt = parse_receipt(text);
  if (!receipt) return false;
  const auto again = parse_receipt(receipt->to_json());
  expect(again && again->same_conversion(*receipt), "a receipt that is not what it says");
  return true;
}

std::vector<std::string> receipt_seeds() {
  Receipt receipt;
  receipt.from = "hf";
  receipt.to = "native";
  receipt.adapter = "gpt_oss";
  receipt.options = {{"max-shard-size", "5000000000"}};
  receipt.include = {{"layer=0..3"}};
  receipt.overflowed = {{"a", 3}};
  receipt.sources = {{"model.safetensors", 5, "0123456789abcdef"}};
  receipt.outputs = {{"model.safetensors", 7, ""}};
  return {receipt.to_json(), R"({"schema":"ckptscope.receipt/1","outputs":[{"bytes":-1}]})"};
}

bool read_journal_text(const std::string& text) {
  const auto work = parse_work(text);
  if (work) work->makes("model.safetensors.0123456789abcdef.tmp");
  return work || parse_done(text);
}

std::vector<std::string> journal_seeds() {
  return {R"({"program":"0.1.0","output":"out","files":["a","b"],)"
          R"("shards":[{"name":"a","bytes":5}],"parts":3,"sources":["m 5 7"],"conversion":"{}"})",
          R"({"bytes":5,"xxh3":"0123456789abcdef","overflowed":{"k":2}})", R"({"bytes":1e30})"};
}

/// Keys of a person, but for lines that are run: they may write files.
bool press_keys(const std::string& text) {
  std::string keys = text.substr(0, 200);
  std::replace(keys.begin(), keys.end(), ':', 'j');
  return reads({Code::Usage}, [&] { run_key_script("", {}, keys, {60, 20}); });
}

std::vector<std::string> key_seeds() {
  return {"1jjk<C-d>G<Enter>/norm<Enter>nN<dump>", "4<Enter>2<Tab>3q?<Esc>", "<C-c><dump>q",
          "<nothing>"};
}

/// A recorded source and changes to it, in numbers: which case; then a kind, a tensor and a value
/// each. It is planned and, where it can be, run.
bool convert_changed(const std::string& text) {
  std::istringstream numbers(text);
  std::uint64_t number = 0;
  const auto next = [&](std::uint64_t below) {
    numbers >> number;
    return below == 0 ? 0 : number % below;
  };
  static const std::vector<std::string> names = recorded_names();
  SyntheticCheckpoint source = recorded_case(names[next(names.size())]).source;
  std::uint64_t kind = next(5);
  for (int changes = 0; numbers && changes < 20 && !source.tensors.empty(); ++changes) {
    const std::size_t at = next(source.tensors.size());
    SyntheticTensor& tensor = source.tensors[at];
    if (kind == 0) {
      source.tensors.erase(source.tensors.begin() + static_cast<std::ptrdiff_t>(at));
    } else if (kind == 1) {
      constexpr Dtype kDtypes[] = {Dtype::BF16,    Dtype::F32, Dtype::F8_E4M3, Dtype::U8,
                                   Dtype::F8_E8M0, Dtype::I32, Dtype::F16,     Dtype::BOOL};
      tensor.dtype = kDtypes[next(std::size(kDtypes))];
      tensor.cycle.clear();
      tensor.filling = Filling::ByDtype;
    } else if (kind == 2 && !tensor.shape.empty()) {
      std::uint64_t& extent = tensor.shape[next(tensor.shape.size())];
      extent = std::min<std::uint64_t>(extent + next(3), 300);
    } else if (kind == 3 && !tensor.shape.empty()) {
      tensor.shape.pop_back();
    } else {
      tensor.key += next(2) == 0 ? ".x" : "_scale_inv";
    }
    kind = next(5);
  }
  return reads_or_refuses([&] {
    const TempDir dir;
    write_synthetic(dir / "in", source);
    const Checkpoint checkpoint = Checkpoint::open(dir / "in");
    const Plan plan = plan_conversion(checkpoint, {}).plan;
    plan.require_sound("in");
    const auto outputs = run(checkpoint, plan, {32 << 20, 1});
    expect(outputs.size() == plan.outputs.size(), "outputs that are missing");
  });
}

std::vector<std::string> conversion_seeds() {
  std::vector<std::string> seeds;
  for (std::size_t i = 0; i < recorded_names().size(); i += 5) {
    seeds.push_back(fmt::format("{} 1 3 2 2 5 0 1", i));
    seeds.push_back(fmt::format("{}", i));
  }
  return seeds;
}

// ---- the hub ------------------------------------------------------------------------------------

/// A list of files, and an address: whatever is read leads nowhere else.
bool read_hub_text(const std::string& text) {
  const bool is_address = reads_or_refuses([&] {
    const auto hub = parse_remote("hf://" + text, "https://hub").hub;
    expect(hub.has_value(), "hf:// is a hub's");
    expect(hub->file.find("..") == hub->file.npos ||
               ("/" + hub->file + "/").find("/../") == std::string::npos,
           "a file above the model");
  });
  const bool is_list = reads_or_refuses([&] {
    for (const HubFile& file : read_hub_list(text)) {
      expect(
          !file.name.starts_with('/') && ("/" + file.name + "/").find("/../") == std::string::npos,
          "a file above the model");
    }
  });
  return is_address || is_list;
}

std::vector<std::string> hub_seeds() {
  return {R"([{"type": "file", "path": "a/b", "size": 5, "lfs": {"oid": "00", "size": 7}}])",
          R"([{"type":"directory","path":"x"},{"type":"file","path":"../x","size":-1}])",
          "org/name@refs%2Fpr%2F1/a/b", "org/name@main/../x"};
}

}  // namespace

const std::vector<FuzzTarget>& fuzz_targets() {
  static const std::vector<FuzzTarget> targets{
      {"safetensors", read_safetensors, safetensors_seeds},
      {"index", read_index, index_seeds},
      {"config", read_config, config_seeds},
      {"json", read_json, config_seeds},
      {"mapping", read_mapping, mapping_seeds},
      {"words", read_words, query_seeds},
      {"query", read_query, query_seeds},
      {"published", read_published, index_seeds},
      {"torch", read_torch, torch_seeds},
      {"dcp", read_dcp, dcp_seeds},
      {"hub", read_hub_text, hub_seeds},
      {"receipt", read_receipt_text, receipt_seeds},
      {"journal", read_journal_text, journal_seeds},
      {"keys", press_keys, key_seeds},
      {"conversion", convert_changed, conversion_seeds},
  };
  return targets;
}

}  // namespace ckptscope::testing
