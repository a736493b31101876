// A row a goal: the limits stand beside the measurement and nowhere else.
#include "bench/goals.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <vector>

#include "bench/kernels.hpp"
#include "bench/measure.hpp"
#include "core/base/bytes.hpp"
#include "core/kernels/kernels.hpp"
#include "tests/support/published.hpp"

namespace ckptscope::bench {
namespace {

namespace fs = std::filesystem;

class Goals {
 public:
  void at_most(const std::string& what, const std::string& yardstick, double goal, double figure) {
    add(what, yardstick, "<=", goal, figure, figure <= goal);
  }
  void at_least(const std::string& what, const std::string& yardstick, double goal, double figure) {
    add(what, yardstick, ">=", goal, figure, figure >= goal);
  }
  /// What has no goal of its own.
  void beside(const std::string& what, const std::string& yardstick, double figure) {
    row(what, yardstick, "", figure, "");
    rows_.push_back({{"what", what}, {"in", yardstick}, {"measured", figure}});
  }
  void save(const std::string& path) const { std::ofstream(path) << rows_.dump(2) << "\n"; }

 private:
  void add(const std::string& what, const std::string& yardstick, const char* sign, double goal,
           double figure, bool met) {
    row(what, yardstick, fmt::format("{} {}", sign, goal), figure, met ? "met" : "MISSED");
    rows_.push_back({{"what", what},
                     {"in", yardstick},
                     {"goal", goal},
                     {"at", sign},
                     {"measured", figure},
                     {"met", met}});
  }
  void row(const std::string& what, const std::string& yardstick, const std::string& goal,
           double figure, const char* verdict) const {
    if (rows_.empty()) report("| what | in | goal | measured | |\n|---|---|---|---|---|");
    report(fmt::format("| {} | {} | {} | {:.3g} | {} |", what, yardstick, goal, figure, verdict));
  }

  nlohmann::ordered_json rows_ = nlohmann::ordered_json::array();
};

/// The target in use has goals; the others stand beside it.
void kernel_goals(Goals& goals) {
  const std::pair<const char*, double> kLeast[] = {
      {"mxfp4 -> bf16", 1.6},
      {"e4m3 x scale -> bf16", 1.1},
      {"bf16 transpose", 0.7},
      {"bf16 transpose, rows 16 KiB apart", 0.6},
      {"bf16 transpose, columns 16 KiB apart", 0.6},
      {"bf16 -> mxfp4, of the input", 0.5},
      {"bf16 -> e4m3, of the input", 0.5},
      {"bf16 -> f32", 1.3},
      {"f32 -> bf16", 0.9},
  };
  const std::string used = kernel_target();
  std::vector<std::string> targets{used, "AVX2", "scalar"};
  targets.erase(std::remove(targets.begin() + 1, targets.end(), used), targets.end());
  for (const std::string& target : targets) {
    if (!choose_kernels(target)) continue;
    for (const KernelFigure& figure : measure_kernels()) {
      const auto* const row =
          std::find_if(std::begin(kLeast), std::end(kLeast),
                       [&](const auto& one) { return figure.name == one.first; });
      if (row == std::end(kLeast)) continue;
      if (target == used) {
        goals.at_least(figure.name, "x memcpy", row->second, figure.ratio);
      } else {
        goals.beside(figure.name + ", " + target, "x memcpy", figure.ratio);
      }
    }
  }
  choose_kernels(used);
}

/// The median of an odd number of runs, each prepared anew.
Run median(int times, const std::function<Run()>& once) {
  std::vector<Run> runs;
  for (int i = 0; i < times; ++i) runs.push_back(once());
  std::nth_element(runs.begin(), runs.begin() + times / 2, runs.end(),
                   [](const Run& a, const Run& b) { return a.seconds < b.seconds; });
  return runs[static_cast<std::size_t>(times) / 2];
}

/// One after the other, all past the page cache: the input is read, as much as the output is
/// written, and read back.
double dd_seconds(const std::string& source, const std::string& output) {
  const std::string aside = output + ".dd";
  make_cold(source);
  const std::string reading = "dd if=\"$f\" of=/dev/null bs=4M iflag=direct; ";
  const std::string script = fmt::format(
      "for f in '{}'/*.safetensors; do {} done; for f in '{}'/*.safetensors; do "
      "dd if=/dev/zero of='{}' bs=4M iflag=fullblock oflag=direct conv=fsync "
      "count=$(($(stat -c %s \"$f\") / 4194304)); f='{}'; {} done; rm '{}'",
      source, reading, output, aside, aside, reading, aside);
  return run({"bash", "-c", script}).seconds;
}

void way_goals(Goals& goals, const std::string& source, const std::string& to,
               const std::string& out, const std::vector<std::string>& flags) {
  const auto convert = [&](const std::string& level) {
    return median(3, [&] {
      fs::remove_all(out);
      make_cold(source);
      std::vector<std::string> words{CKPTSCOPE_BINARY, "convert", source, "--to", to, "-o", out,
                                     "--verify",       level};
      words.insert(words.end(), flags.begin(), flags.end());
      return run(words);
    });
  };
  const Run fast = convert("none");
  const Run whole = convert("readback");
  const double gigabytes = static_cast<double>(directory_bytes(out)) * 1e-9;
  const Run proof = median(3, [&] {
    make_cold(source);
    make_cold(out);
    return run({CKPTSCOPE_BINARY, "verify", source, out});
  });
  const std::string name = fmt::format("{} -> {}", fs::path(source).filename().string(), to);
  const std::string unit = "s of processor a GB written";
  goals.at_most(name, "x dd, direct: read, write, read back", 0.75,
                whole.seconds / dd_seconds(source, out));
  goals.at_most(name + ", --verify none", unit, 0.25, fast.processor / gigabytes);
  goals.at_most(name + ", read back", unit, 0.35, whole.processor / gigabytes);
  goals.at_most("verify of it", unit, 0.35, proof.processor / gigabytes);
  goals.at_most(name, "MiB resident", 160, static_cast<double>(whole.resident) / (1 << 20));
}

struct Model {
  const char* name;
  std::uint64_t layers;
  std::vector<std::string> flags;  // of the way to native
};

/// Every byte is hashed and looked at; the yardstick hashes alone, on all processors.
void sum_goal(Goals& goals, const std::string& directory) {
  const std::string sums = directory + ".sums";
  const Run yardstick = median(3, [&] {
    return run({"bash", "-c",
                fmt::format("cd '{}' && ls *.safetensors | xargs -P $(nproc) -n 1 openssl dgst "
                            "-sha256 -r | sed 's/ [*]/  /' > '{}'",
                            directory, fs::absolute(sums).string())});
  });
  const Run check = median(3, [&] {
    return run({CKPTSCOPE_BINARY, "check", directory, "--sums", sums});
  });
  goals.at_most("check --sums, warm", "x openssl dgst of the files at once", 1.15,
                check.seconds / yardstick.seconds);
  fs::remove(sums);
}

void conversion_goals(Goals& goals, const std::string& directory) {
  const Model kModels[] = {{"gpt-oss-20b", 2, {}},
                           {"nemotron-nano", 4, {}},
                           {"hy3", 1, {}},
                           {"mistral4", 1, {"--dtype", "bf16"}}};
  for (const Model& model : kModels) {
    const std::string hf = fmt::format("{}/{}", directory, model.name);
    const std::string native = hf + "-native";
    const std::string back = hf + "-back";
    for (const std::string& old : {hf, native, back}) fs::remove_all(old);
    write_synthetic(hf, testing::published(model.name, testing::Reduced{model.layers, true}));
    way_goals(goals, hf, "native", native, model.flags);
    way_goals(goals, native, "hf", back, {});
    if (&model == kModels) sum_goal(goals, native);
    const Run cat = median(3, [&] {
      make_cold(native);
      return run({"sh", "-c", fmt::format("cat '{}'/*.safetensors", native)});
    });
    const Run stat = median(3, [&] {
      make_cold(native);
      return run({CKPTSCOPE_BINARY, "stat", native});
    });
    goals.at_most(fmt::format("stat of {}, cold", fs::path(native).filename().string()), "x cat",
                  1.15, stat.seconds / cat.seconds);
    for (const std::string& made : {hf, native, back}) fs::remove_all(made);
  }
}

void opening_goals(Goals& goals, const std::string& directory) {
  const std::string many = directory + "/many";
  const std::string kimi = directory + "/kimi-k3";
  write_synthetic(many, testing::many_tensors(496'620, 96));
  write_synthetic(kimi, testing::published("kimi-k3"));
  const auto warm = [&](const std::vector<std::string>& words) {
    return median(7, [&] { return run(words); });
  };
  const Run info = warm({CKPTSCOPE_BINARY, "info", many});
  goals.at_most("info of 496,620 tensors", "s, warm", 0.25, info.seconds);
  goals.at_most("info of 496,620 tensors", "MiB", 100,
                static_cast<double>(info.anonymous) / (1 << 20));
  const Run map = warm({CKPTSCOPE_BINARY, "map", kimi});
  goals.at_most("map of Kimi-K3, 497,220 tensors", "s, warm", 1.0, map.seconds);
  goals.at_most("map of Kimi-K3, 497,220 tensors", "MiB", 260,
                static_cast<double>(map.anonymous) / (1 << 20));
  const Run version = median(51, [&] { return run({CKPTSCOPE_BINARY, "--version"}); });
  goals.at_most("--version", "ms", 5, version.seconds * 1e3);
  fs::remove_all(many);
  fs::remove_all(kimi);
}

/// The same work by others, of the same files, one after the other. Their Python is
/// CKPTSCOPE_PEERS, or python3.
void peer_figures(Goals& goals, const std::string& directory) {
  const char* const named = std::getenv("CKPTSCOPE_PEERS");
  const std::string python = named == nullptr ? "python3" : named;
  const char* const needed = "import torch, safetensors, gguf, compressed_tensors";
  if (run({python, "-c", needed}).exit != 0) {
    report("\npeers are left out: their packages are not installed, see bench/README.md");
    return;
  }
  const std::string many = directory + "/many";
  const std::string hf = directory + "/peer-hf";
  const std::string fp8 = directory + "/peer-fp8";
  const std::string own = directory + "/own";
  const std::string native = own + "-native";
  const std::string theirs = directory + "/theirs";
  const auto peer = [&](const std::vector<std::string>& words) {
    std::vector<std::string> all{python, CKPTSCOPE_BENCH "/peers.py"};
    all.insert(all.end(), words.begin(), words.end());
    return run(all);
  };
  for (const std::string& old : {many, hf, fp8, native}) fs::remove_all(old);
  write_synthetic(many, testing::many_tensors(496'620, 96));
  write_synthetic(hf, testing::published("gpt-oss-20b", testing::Reduced{1, true}));
  peer({"make-fp8", fp8});
  struct Job {
    const char* name;
    std::vector<std::string> theirs;
    std::vector<std::string> ours;
  };
  const Job kJobs[] = {
      {"safetensors: all headers of 496,620 tensors", {"headers", many}, {"info", many}},
      {"torch: GPT-OSS to native",
       {"native", hf, theirs},
       {"convert", hf, "--to", "native", "-o", native}},
      {"torch: statistics of it", {"stat", native}, {"stat", native}},
      {"gguf: MXFP4 of its experts",
       {"mxfp4", native, theirs},
       {"convert", native, "--to", "hf", "-o", own}},
      {"compressed-tensors: FP8 by block to BF16",
       {"bf16", fp8, theirs},
       {"convert", fp8, "--to", "hf", "--quantize", "none", "-o", own}},
  };
  for (const Job& job : kJobs) {
    fs::remove_all(theirs);
    fs::remove_all(own);
    const std::string input = job.ours[1];
    make_cold(input);
    const Run other = peer(job.theirs);
    make_cold(input);
    std::vector<std::string> words{CKPTSCOPE_BINARY};
    words.insert(words.end(), job.ours.begin(), job.ours.end());
    const Run mine = run(words);
    if (other.exit != 0 || mine.exit != 0) {
      report(fmt::format("{}: exits {} and {}", job.name, other.exit, mine.exit));
      continue;
    }
    goals.beside(job.name, "x our time", other.seconds / mine.seconds);
    goals.beside(job.name, "x our memory",
                 static_cast<double>(other.resident) / static_cast<double>(mine.resident));
  }
  for (const std::string& made : {many, hf, fp8, own, native, theirs}) fs::remove_all(made);
}

}  // namespace

void bench_goals(const std::string& directory) {
  report(fmt::format("kernels: {}\n", kernel_target()));
  Goals goals;
  kernel_goals(goals);
  opening_goals(goals, directory);
  conversion_goals(goals, directory);
  peer_figures(goals, directory);
  goals.save(directory + "/goals.json");
}

void bench_peers(const std::string& directory) {
  Goals figures;
  peer_figures(figures, directory);
}

}  // namespace ckptscope::bench
