#include <algorithm>

#include "app/commands/verbs.hpp"
#include "app/language/command.hpp"

namespace ckptscope {
namespace {

constexpr Flag kTo{"to", "SIDE", "target of the mapping; without it, the other side", '\0',
                   "native|hf"};
constexpr Flag kAdapter{"adapter", "NAME", "family, instead of what config.json and keys say"};
constexpr Flag kDtype{"dtype", "D", "dtype of decoded and stacked weights", '\0', "bf16|f16|f32"};
constexpr Flag kExclude{"exclude", "RE", "drop output keys that match at their start"};
constexpr Flag kSet{"set", "KEY=VALUE", "a setting of the adapter; may be repeated"};
constexpr Flag kLayout{"layout", "L", "spelling of native names", '\0', "automodel|documented"};
constexpr Flag kLenient{"lenient", "", "unpaired FP8 weights and scales are warnings"};
constexpr Flag kQuantise{"quantize", "SCHEME", "how hf weights are stored; none decodes", '\0',
                         "mxfp4|fp8|none"};
constexpr Flag kLike{"like", "DIR",
                     "the output must have this checkpoint's keys, dtypes and shapes"};
constexpr Flag kMemory{"memory", "SIZE", "bound of conversion buffers (512MiB)"};
constexpr Flag kThreads{"threads", "N", "workers; the processors this process may use", 'j'};
constexpr Flag kAll{"all", "", "every row, nothing folded"};
constexpr Flag kSort{"sort", "COLUMN", "order of rows", '\0', "key|bytes|dtype|shard"};
constexpr Flag kLimit{"limit", "N", "at most N rows"};

const std::vector<Command>& table() {
  static const std::vector<Command> rows{
      {"info",
       "",
       "what this is: family, parameters, bytes, dtypes, parts, defects",
       Runs::Job,
       true,
       0,
       0,
       {kAdapter},
       {"info gpt-oss-20b", "info model.safetensors --json"},
       "the headers or the index have a defect",
       run_info},
      {"ls",
       "[QUERY]",
       "keys, dtypes, shapes, bytes, shards; in a pipe one tensor a line",
       Runs::Job,
       true,
       0,
       64,
       {kAll, kSort, kLimit},
       {"ls gpt-oss-20b 'layer=0..3' 'dtype=U8'", "ls gpt-oss-20b | cut -f1"},
       "nothing matches, or the headers have a defect",
       run_ls},
      {"tree",
       "[QUERY]",
       "keys as a tree, alike layers and experts folded",
       Runs::Job,
       true,
       0,
       64,
       {kAll},
       {"tree gpt-oss-20b", "tree gpt-oss-20b model.layers.0 --all"},
       "nothing matches, or the headers have a defect",
       run_tree},
      {"show",
       "KEY",
       "one tensor: where it lies, its scale, where it maps, first and last values",
       Runs::Job,
       true,
       1,
       1,
       {{"values", "INDEX", "more values: a box like [0,:,5]"},
        kTo,
        kAdapter,
        kDtype,
        kSet,
        kLayout},
       {"show gpt-oss-20b model.norm.weight",
        "show gpt-oss-20b model.norm.weight --values '[0:8]'"},
       "there is no such key",
       run_show},
      {"map",
       "[KEY or QUERY]",
       "the whole mapping from headers alone: source, op, target",
       Runs::Job,
       true,
       0,
       64,
       {kTo,
        kAdapter,
        kDtype,
        kExclude,
        kQuantise,
        kLike,
        kSet,
        kLayout,
        kLenient,
        kAll,
        {"full", "", "the plan itself, one line an output"},
        {"expect", "FILE", "explain every key that a text quotes, e.g. a traceback"}},
       {"map gpt-oss-20b --to native", "map gpt-oss-20b model.layers.0.mlp.experts.down_projs"},
       "some key is not accounted for",
       run_map},
      {"stat",
       "[KEY or QUERY]",
       "statistics of the dequantised values: one tensor, a group, or all",
       Runs::Job,
       true,
       0,
       64,
       {{"against", "PATH", "compare with another checkpoint: max abs, relative L2, SQNR"},
        {"hist", "", "signed histogram by power of two"},
        {"linear", "", "histogram in equal steps"},
        {"all", "", "every expert, not the least usual alone"},
        kThreads},
       {"stat gpt-oss-20b model.layers.0.mlp.experts.down_proj --hist",
        "stat ft 'experts.*_proj' --against gpt-oss-20b"},
       "nothing matches",
       run_stat},
      {"adapters",
       "",
       "the families, their names in config.json, layouts and settings",
       Runs::Ui,
       false,
       0,
       0,
       {},
       {"adapters", "adapters --json"},
       "never",
       run_adapters},
      {"convert",
       "",
       "convert to the other layout, streamed, verified, committed at once",
       Runs::Job,
       true,
       0,
       0,
       {{"output", "DIR", "where the result appears; must not exist", 'o'},
        kTo,
        kAdapter,
        kDtype,
        kExclude,
        kQuantise,
        kLike,
        kSet,
        kLayout,
        kLenient,
        {"allow", "CODE", "convert in spite of a source defect of this code; may be repeated"},
        {"max-shard-size", "SIZE", "largest output file (5GB)"},
        kMemory,
        kThreads,
        {"verify", "LEVEL", "what is checked before the commit", '\0', "none|readback|roundtrip"},
        {"if-exists", "POLICY", "when the output exists", '\0', "fail|skip|replace"},
        {"dry-run", "", "everything but writing", 'n'}},
       {"convert gpt-oss-20b --to native -o gpt-oss-20b-native",
        "convert ft --to hf --quantize mxfp4 --like gpt-oss-20b -o ft-mxfp4"},
       "the conversion is refused",
       run_convert},
      {"verify",
       "OUTPUT",
       "every output tensor against what the plan makes of the source, bit for bit",
       Runs::Job,
       true,
       1,
       1,
       {kTo, kAdapter, kDtype, kExclude, kQuantise, kLike, kSet, kLayout, kLenient, kMemory,
        kThreads},
       {"verify gpt-oss-20b gpt-oss-20b-native", "verify gpt-oss-20b out --dtype f32"},
       "something differs",
       run_verify},
      {"check",
       "",
       "headers and index against the files; --deep reads every byte",
       Runs::Job,
       true,
       0,
       0,
       {{"deep", "", "every byte: NaN, Inf, constant weights, sha256 as the hub recorded it"},
        {"sums", "FILE", "sha256 sums to compare with, as sha256sum prints them"},
        {"strict", "", "notes count as findings"},
        kThreads},
       {"check gpt-oss-20b", "check --deep gpt-oss-20b --sums SHA256SUMS"},
       "a file is rejected or has a defect",
       run_check},
      {"diff",
       "OTHER",
       "keys, dtypes, shapes and values of two checkpoints",
       Runs::Job,
       true,
       1,
       1,
       {{"headers", "", "compare keys, dtypes and shapes alone"},
        {"decoded", "", "compare dequantised values, keys meeting through the family's mapping"},
        kLimit,
        kThreads},
       {"diff a b --headers", "diff gpt-oss-20b gpt-oss-20b-native --decoded"},
       "they differ",
       run_diff},
      {"demo",
       "[DIR]",
       "make a small checkpoint, then info, map, convert and verify it",
       Runs::Job,
       false,
       0,
       1,
       {},
       {"demo", "demo /tmp/demo"},
       "something went wrong",
       run_demo},
      {"export",
       "DIR",
       "a skeleton: headers, index and config without the values",
       Runs::Job,
       true,
       1,
       1,
       {},
       {"export gpt-oss-20b skeleton", "export hy3 /tmp/hy3-headers"},
       "the output exists",
       run_export},
      {"open",
       "PATH",
       "open a checkpoint in the session",
       Runs::Ui,
       false,
       1,
       1,
       {},
       {"open gpt-oss-20b", "open model.safetensors"},
       "it is not openable",
       nullptr,
       change_open},
      {"close",
       "",
       "close the open checkpoint",
       Runs::Ui,
       false,
       0,
       0,
       {},
       {"close", "close; open other"},
       "never",
       nullptr,
       change_close},
      {"cd",
       "[PREFIX]",
       "keys are named from here on; .. goes up, nothing goes to the root",
       Runs::Ui,
       false,
       0,
       1,
       {},
       {"cd model.layers.0", "cd .."},
       "no key begins so",
       nullptr,
       change_cd},
      {"pwd",
       "",
       "what is open, and where in it",
       Runs::Ui,
       false,
       0,
       0,
       {},
       {"pwd", "open gpt-oss-20b; pwd"},
       "never",
       nullptr,
       change_pwd},
      {"set",
       "[NAME [VALUE]]",
       "the default of flag --NAME from now on; alone: all of them",
       Runs::Ui,
       false,
       0,
       2,
       {},
       {"set dtype f32", "set json off"},
       "there is no such flag",
       nullptr,
       change_set},
      {"unset",
       "NAME",
       "forget a default",
       Runs::Ui,
       false,
       1,
       1,
       {},
       {"unset dtype", "unset json"},
       "it is not set",
       nullptr,
       change_unset},
      {"history",
       "",
       "the lines of this session",
       Runs::Ui,
       false,
       0,
       0,
       {},
       {"history", "history > lines.txt"},
       "never",
       nullptr,
       change_history},
      {"source",
       "FILE",
       "run the lines of a file",
       Runs::Ui,
       false,
       1,
       1,
       {},
       {"source nightly.txt", "source setup.txt"},
       "a line fails",
       nullptr,
       change_source},
      {"quit",
       "",
       "end the session",
       Runs::Ui,
       false,
       0,
       0,
       {},
       {"quit", "ls; quit"},
       "never",
       nullptr,
       change_quit},
      {"help",
       "[VERB or codes]",
       "this list, or one verb's usage, examples and exit codes",
       Runs::Ui,
       false,
       0,
       1,
       {},
       {"help", "help convert"},
       "never",
       run_help},
  };
  return rows;
}

constexpr Flag kGlobalFlags[] = {
    {"json", "", "one JSON object on stdout"},
    {"jsonl", "", "one JSON object per row on stdout"},
    {"config", "FILE", "a config.json to use instead of the one beside the tensors"},
    {"color", "WHEN", "colour of the text", '\0', "auto|always|never"},
    {"ascii", "", "no character beyond ASCII of our own"},
    {"interactive", "", "the prompt: a PATH may follow", 'i'},
    {"command", "LINES", "run these lines, separated by ; or line feeds", 'c'},
    {"file", "FILE", "run the lines of a file; - is stdin", 'f'},
    {"keep-going", "", "a script goes on after an error", 'k'},
    {"keys", "FILE", "the full screen, driven by the keys in a file; prints it as text"},
    {"screen", "SIZE", "for --keys: COLUMNSxROWS (100x30)"},
    {"quiet", "", "no progress", 'q'},
    {"verbose", "", "time and rate of each phase", 'v'},
    {"help", "", "usage, examples and exit codes", 'h'},
    {"version", "", "versions of the program and its libraries", 'V'},
};

std::string flag_usage(const Flag& flag) {
  const std::string name =
      flag.letter != '\0' ? fmt::format("-{}", flag.letter) : fmt::format("--{}", flag.name);
  if (flag.value.empty()) return fmt::format("[{}]", name);
  return fmt::format("[{} {}]", name, flag.choices.empty() ? flag.value : flag.choices);
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, changed});
    }
  }
  return row.back();
}

}  // namespace

std::span<const Command> commands() {
  return table();
}

const Command* find_command(std::string_view name) {
  for (const Command& row : table()) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

std::span<const Flag> global_flags() {
  return kGlobalFlags;
}

Operands operands_of(const Command& command) {
  constexpr std::pair<std::string_view, Operands> kWords[] = {
      {"VERB", Operands::Verb},   {"QUERY", Operands::Keys}, {"KEY", Operands::Keys},
      {"PREFIX", Operands::Keys}, {"NAME", Operands::Flag},  {"PATH", Operands::Path},
      {"OUTPUT", Operands::Path}, {"OTHER", Operands::Path}, {"FILE", Operands::Path},
      {"DIR", Operands::Path}};
  for (const auto& [word, kind] : kWords) {
    if (command.operands.find(word) != command.operands.npos) return kind;
  }
  return Operands::None;
}

const Flag* find_flag(std::string_view name) {
  const auto in = [&](std::span<const Flag> flags) -> const Flag* {
    const auto found = std::find_if(flags.begin(), flags.end(),
                                    [&](const Flag& flag) { return flag.name == name; });
    return found == flags.end() ? nullptr : &*found;
  };
  if (const Flag* flag = in(global_flags())) return flag;
  for (const Command& row : table()) {
    if (const Flag* flag = in(row.flags)) return flag;
  }
  return nullptr;
}

std::vector<std::string> values_of(const Flag& flag) {
  std::vector<std::string> values;
  if (flag.name == "adapter") {
    for (const Adapter& adapter : adapters()) values.emplace_back(adapter.id);
  }
  std::string_view choices = flag.choices;
  while (!choices.empty()) {
    const std::size_t bar = std::min(choices.find('|'), choices.size());
    values.emplace_back(choices.substr(0, bar));
    choices.remove_prefix(std::min(bar + 1, choices.size()));
  }
  return values;
}

std::string usage_line(const Command& command) {
  std::string line(command.name);
  if (command.opens) line += " PATH";
  if (!command.operands.empty()) line += " " + std::string(command.operands);
  for (const Flag& flag : command.flags) line += " " + flag_usage(flag);
  return line;
}

std::vector<std::string_view> similar_commands(std::string_view word) {
  std::vector<std::string_view> similar;
  for (const Command& row : table()) {
    const bool prefix = word.size() >= 2 && row.name.starts_with(word);
    if (prefix || edit_distance(word, row.name) <= (row.name.size() + 2) / 3)
      similar.push_back(row.name);
  }
  return similar;
}

}  // namespace ckptscope
