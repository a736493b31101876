// Benchmarks: see README.md. Every figure stands beside a yardstick of the same run.
//
//   ckptscope-bench goals DIR      every goal with its yardstick, figure and verdict
//   ckptscope-bench peers DIR      the same work by others, see peers.py
//   ckptscope-bench open DIR       half a million tensors, Hy3's plan; beside json.load in Python
//   ckptscope-bench convert DIR    conversions at real widths, both ways; beside cp of the output
//   ckptscope-bench training DIR   checkpoints of many ranks; beside pickle.load and cp
//   ckptscope-bench stat DIR       statistics of whole checkpoints; beside cat
//   ckptscope-bench screen DIR     the full screen on half a million tensors: frame, overview, keys
//   ckptscope-bench kernels        decoding and transposing; beside memcpy of the output
//   ckptscope-bench packing        every form that is written; beside memcpy of the input

#include <fmt/format.h>

#include <cstring>
#include <filesystem>
#include <random>
#include <stdexcept>
#include <vector>

#include "adapters/adapter.hpp"
#include "adapters/texts.hpp"
#include "app/session/completion.hpp"
#include "bench/goals.hpp"
#include "bench/kernels.hpp"
#include "bench/measure.hpp"
#include "bench/screen.hpp"
#include "core/base/bytes.hpp"
#include "core/checkpoint/synthetic.hpp"
#include "core/kernels/kernels.hpp"
#include "core/numbers/formats.hpp"
#include "core/run/packing.hpp"
#include "tests/support/published.hpp"

namespace ckptscope::bench {
namespace {

namespace fs = std::filesystem;

std::string figures(const std::string& name, const Run& run) {
  return fmt::format("{:<34} {:7.2f} s  {:6.2f} s cpu  {:>9} anonymous  {:>9} resident{}", name,
                     run.seconds, run.processor, format_memory(run.anonymous),
                     format_memory(run.resident),
                     run.exit == 0 ? "" : fmt::format("  EXIT {}", run.exit));
}

void beside(const std::string& name, const Run& run, const std::string& yardstick, double seconds) {
  report(fmt::format("{}   {:.2f} x {}", figures(name, run), run.seconds / seconds, yardstick));
}

/// The first Tab builds the tree of names; the others walk it.
void bench_completion(const std::string& path) {
  Session session;
  session.open(path);
  for (const std::string line : {"ls m", "ls model.layers.", "ls model.layers.17.mlp.experts.2"}) {
    const double seconds = fastest(1, [&] { complete(session, line, 3); });
    report(fmt::format("Tab after \"{}\" among 496,620 names: {:.2f} ms", line, seconds * 1e3));
  }
}

/// What the texts of the families cost: a start without them, their first lines, one of them read.
void bench_families() {
  run({CKPTSCOPE_BINARY, "--version"});
  report(figures("--version", run({CKPTSCOPE_BINARY, "--version"})));
  const double heads = fastest(20, [] {
    for (const MappingText& text : family_texts()) read_head(text);
  });
  report(fmt::format("first lines of {} families: {:.0f} us", family_texts().size(), heads * 1e6));
  const Adapter& longest = *find_adapter("inkling");
  const double one = fastest(20, [&] { mapping_of(longest, {}, {}); });
  report(fmt::format("the text of {}: {:.0f} us", longest.head.id, one * 1e6));
}

void bench_open(const std::string& directory) {
  const std::string many = directory + "/many";
  const std::string hy3 = directory + "/hy3";
  const std::string kimi = directory + "/kimi-k3";
  write_synthetic(many, testing::many_tensors(496'620, 96));
  write_synthetic(hy3, testing::published("hy3"));
  write_synthetic(kimi, testing::published("kimi-k3"));
  const char* json_load =
      "import json,glob,struct,sys\n"
      "for f in glob.glob(sys.argv[1]+'/*.safetensors'):\n"
      "    b=open(f,'rb'); n=struct.unpack('<Q',b.read(8))[0]; json.loads(b.read(n))\n"
      "json.load(open(sys.argv[1]+'/model.safetensors.index.json'))\n";
  for (const auto& [path, verb] :
       {std::pair(many, "info"), std::pair(many, "ls"), std::pair(hy3, "map"),
        std::pair(kimi, "info"), std::pair(kimi, "map")}) {
    run({CKPTSCOPE_BINARY, verb, path});  // warm
    const Run python = run({"python3", "-c", json_load, path});
    report(figures("python3 json.load", python));
    beside(fmt::format("{} {}", verb, fs::path(path).filename().string()),
           run({CKPTSCOPE_BINARY, verb, path}), "json.load", python.seconds);
  }
  bench_completion(many);
  bench_families();
}

void bench_stat(const std::string& directory) {
  for (const auto& [model, layers] :
       {std::pair("nemotron-nano", 2ul), std::pair("gpt-oss-20b", 2ul)}) {
    const std::string path = fmt::format("{}/{}", directory, model);
    fs::remove_all(path);
    write_synthetic(path, testing::published(model, testing::Reduced{layers, true}));
    report(fmt::format("{}, {}", model, format_bytes(directory_bytes(path))));
    for (const bool cold : {true, false}) {
      if (cold) make_cold(path);
      const Run cat = run({"sh", "-c", fmt::format("cat '{}'/*.safetensors", path)});
      if (cold) make_cold(path);
      const std::string name = cold ? "cold" : "warm";
      report(figures("  cat, " + name, cat));
      beside("  stat, " + name, run({CKPTSCOPE_BINARY, "stat", path}), "cat", cat.seconds);
    }
    fs::remove_all(path);
  }
}

struct Case {
  const char* model;
  int layers;
  std::vector<std::string> flags;  // of the way to native
  std::string scheme;              // of --quantize, for a third way back; "" for none
};
const Case kCases[] = {{"gpt-oss-20b", 2, {}, "mxfp4"},
                       {"nemotron-nano", 4, {}, ""},
                       {"hy3", 2, {}, ""},
                       {"mistral4", 1, {"--dtype", "bf16"}, "fp8"}};

void bench_way(const std::string& source, const std::string& to, const std::string& out,
               const std::vector<std::string>& flags) {
  fs::remove_all(out);
  std::vector<std::string> words{CKPTSCOPE_BINARY, "convert", source, "--to", to, "-o", out};
  words.insert(words.end(), flags.begin(), flags.end());
  std::vector<std::string> unverified = words;
  unverified.insert(unverified.end(), {"--verify", "none"});
  make_cold(source);
  const Run fast = run(unverified);
  const std::string copy = out + ".copy";
  make_cold(out);
  const Run cp = run({"sh", "-c", fmt::format("cp -r '{}' '{}' && sync '{}'/*", out, copy, copy)});
  const std::uint64_t bytes = directory_bytes(out);
  fs::remove_all(copy);
  fs::remove_all(out);
  make_cold(source);
  const Run whole = run(words);
  report(fmt::format("{} -> {} {}: {} -> {}", fs::path(source).filename().string(), to,
                     fmt::join(flags, " "), format_bytes(directory_bytes(source)),
                     format_bytes(bytes)));
  report(figures("  cp of the output, and sync", cp));
  beside("  convert --verify none", fast, "cp", cp.seconds);
  beside("  convert (with read back)", whole, "cp", cp.seconds);
  std::vector<std::string> proof{CKPTSCOPE_BINARY, "verify", source, out};
  if (flags.size() == 4) proof.insert(proof.end(), {"--like", flags.back()});
  beside("  verify", run(proof), "cp", cp.seconds);
}

void bench_convert(const std::string& directory) {
  for (const Case& one : kCases) {
    const std::string source = fmt::format("{}/{}", directory, one.model);
    const std::string native = source + "-native";
    const std::string back = source + "-back";
    fs::remove_all(source);
    write_synthetic(source, testing::published(one.model, testing::Reduced{one.layers, true}));
    bench_way(source, "native", native, one.flags);
    bench_way(native, "hf", back, {});
    if (!one.scheme.empty()) {
      bench_way(native, "hf", back, {"--quantize", one.scheme, "--like", source});
    }
    for (const std::string& made : {source, native, back}) fs::remove_all(made);
  }
}

void write_dcp(const char* what, const std::string& path) {
  fs::remove_all(path);
  const Run made = run({"python3", CKPTSCOPE_BENCH "/write_dcp.py", what, path});
  if (made.exit != 0) throw std::runtime_error("write_dcp.py failed");
}

void bench_training(const std::string& directory) {
  const std::string chunks = directory + "/chunks";
  write_dcp("chunks", chunks);
  const Run python = run({"python3", CKPTSCOPE_BENCH "/write_dcp.py", "load", chunks});
  report(figures("python3 pickle.load, 192,000 pieces", python));
  run({CKPTSCOPE_BINARY, "info", chunks});  // warm
  beside("info", run({CKPTSCOPE_BINARY, "info", chunks}), "pickle.load", python.seconds);
  const double open = fastest(3, [&] { Checkpoint::open(chunks); });
  report(fmt::format("opened: {:.2f} s   {:.2f} x pickle.load", open, open / python.seconds));
  fs::remove_all(chunks);
  const std::string items = directory + "/items";
  write_dcp("items", items);
  bench_way(items, "hf", directory + "/items-hf", {});
  fs::remove_all(items);
  fs::remove_all(directory + "/items-hf");
}

void bench_kernels() {
  report("kernels: " + kernel_target());
  for (const KernelFigure& row : measure_kernels()) {
    report(fmt::format("{:<40} {:5.2f} x memcpy of as much   {:6.2f} GB/s", row.name, row.ratio,
                       row.gigabytes));
  }
}

/// Every form in which weights are written, of normal values, on one thread: its passes over the
/// input beside memcpy of that, and what is lost.
void bench_packing() {
  report("packing on one thread: " + kernel_target());
  const Shape shape{2048, 8192};
  std::mt19937 random(1);
  std::normal_distribution<float> normal(0, 0.02F);
  std::vector<std::uint16_t> weight(element_count(shape).value());
  for (std::uint16_t& value : weight) value = float_to_bf16(normal(random));
  const auto elements = std::as_bytes(std::span(weight));
  std::vector<std::byte> copied(elements.size());
  for (const WrittenForm& form : written_forms()) {
    Values values;
    const ValuePtr input = values.input(0, Dtype::BF16, shape);
    std::vector<std::byte> codes(Packing(input, form.as, "w").code_bytes(weight.size()));
    std::vector<std::byte> scales(Packing(input, form.as, "w").scale_bytes(weight.size()));
    double sqnr = 0;
    const double seconds = fastest(3, [&] {
      Packing packing(input, form.as, "w");
      if (packing.needs_measure()) packing.measure(whole(shape), elements);
      packing.encode(whole(shape), elements, codes, scales);
      sqnr = packing.loss().sqnr();
    });
    const double memcpy_seconds =
        fastest(9, [&] { std::memcpy(copied.data(), elements.data(), elements.size()); });
    report(fmt::format("{:<18} {:6.3f} x memcpy   {:6.2f} GB/s of BF16   SQNR {:5.2f} dB",
                       form.name, memcpy_seconds / seconds,
                       static_cast<double>(elements.size()) / seconds * 1e-9, sqnr));
  }
}

int main_of(const std::vector<std::string>& words) {
  if (words.size() == 2 && words[0] == "open") {
    bench_open(words[1]);
  } else if (words.size() == 2 && words[0] == "convert") {
    bench_convert(words[1]);
  } else if (words.size() == 2 && words[0] == "training") {
    bench_training(words[1]);
  } else if (words.size() == 2 && words[0] == "stat") {
    bench_stat(words[1]);
  } else if (words.size() == 2 && words[0] == "screen") {
    const std::string many = words[1] + "/many";
    write_synthetic(many, testing::many_tensors(496'620, 96));
    bench_screen(many);
  } else if (words.size() == 2 && words[0] == "goals") {
    bench_goals(words[1]);
  } else if (words.size() == 2 && words[0] == "peers") {
    bench_peers(words[1]);
  } else if (words.size() == 1 && words[0] == "kernels") {
    bench_kernels();
  } else if (words.size() == 1 && words[0] == "packing") {
    bench_packing();
  } else {
    report(
        "usage: ckptscope-bench goals DIR | peers DIR | open DIR | convert DIR | training DIR | "
        "stat DIR | "
        "screen DIR | kernels | packing");
    return 2;
  }
  return 0;
}

}  // namespace
}  // namespace ckptscope::bench

int main(int argc, char** argv) {
  return ckptscope::bench::main_of({argv + 1, argv + argc});
}
