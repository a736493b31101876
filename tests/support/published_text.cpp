// One pass over the lines of a text.
#include "tests/support/published_text.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "core/base/bytes.hpp"
#include "tests/support/shape_text.hpp"

namespace ckptscope::testing {
namespace {

namespace fs = std::filesystem;

fs::path folder() {
  return fs::path(CKPTSCOPE_TESTS) / "support" / "published";
}

/// "0-2,5,a" as its elements.
std::vector<std::string> elements_of(const std::string& list) {
  std::vector<std::string> elements;
  std::istringstream items(list);
  for (std::string item; std::getline(items, item, ',');) {
    const std::size_t dash = item.find('-');
    const auto first = parse_number(item.substr(0, dash));
    const auto last =
        dash == item.npos ? std::nullopt : parse_number(std::string_view(item).substr(dash + 1));
    if (!first || !last) {
      elements.push_back(item);
      continue;
    }
    for (std::uint64_t i = *first; i <= *last; ++i) elements.push_back(std::to_string(i));
  }
  return elements;
}

void expand(const std::string& key, const std::string& done, std::vector<std::string>& keys) {
  const std::size_t open = key.find('{');
  if (open == key.npos) {
    keys.push_back(done + key);
    return;
  }
  const std::size_t close = key.find('}', open);
  for (const std::string& one : elements_of(key.substr(open + 1, close - open - 1))) {
    expand(key.substr(close + 1), done + key.substr(0, open) + one, keys);
  }
}

void add_tensor(const std::string& key, const std::string& dtype, const Shape& shape,
                std::vector<SyntheticTensor>& tensors) {
  const auto blocks = [&](std::uint64_t rows, std::uint64_t cols) {
    return Shape{ceil_div(shape[0], rows), ceil_div(shape[1], cols)};
  };
  const std::string stem = key.substr(0, key.rfind('.'));
  if (dtype == "INT4") {
    tensors.push_back({key + "_packed", Dtype::I32, {shape[0], shape[1] / 8}});
    tensors.push_back({key + "_scale", Dtype::BF16, blocks(1, 32)});
    tensors.push_back({key + "_shape", Dtype::I32, {2}});
  } else if (dtype == "FP4") {
    tensors.push_back({key, Dtype::I8, {shape[0], shape[1] / 2}});
    tensors.push_back({stem + ".scale", Dtype::F8_E8M0, blocks(1, 32)});
  } else if (dtype == "FP8:E8M0") {
    tensors.push_back({key, Dtype::F8_E4M3, shape});
    tensors.push_back({stem + ".scale", Dtype::F8_E8M0, blocks(128, 128)});
  } else if (dtype.starts_with("FP8")) {
    const Dtype scale = dtype == "FP8:BF16" ? Dtype::BF16 : Dtype::F32;
    tensors.push_back({key, Dtype::F8_E4M3, shape});
    tensors.push_back({key + "_scale_inv", scale, blocks(128, 128)});
  } else if (dtype == "MXFP8") {
    tensors.push_back({key, Dtype::F8_E4M3, shape});
    tensors.push_back({key + "_scale_inv", Dtype::U8, blocks(1, 32)});
  } else if (dtype == "MXFP4") {
    tensors.push_back({key + "_packed", Dtype::U8, {shape[0], shape[1] / 2}});
    tensors.push_back({key + "_scale", Dtype::U8, blocks(1, 32)});
  } else {
    tensors.push_back({key, parse_dtype_strict(dtype).value(), shape});
  }
}

std::vector<std::optional<std::uint64_t>> numbers_of(std::istringstream& words, std::size_t count) {
  std::vector<std::optional<std::uint64_t>> numbers;
  for (std::string word; words >> word;) numbers.push_back(parse_number(word));
  numbers.resize(count);
  return numbers;
}

void read_line(const std::string& line, PublishedText& text) {
  std::istringstream words(line);
  std::string word;
  words >> word;
  SyntheticCheckpoint& checkpoint = text.checkpoint;
  if (word == "in") {
    std::string key, dtype, shape;
    words >> key >> dtype >> shape;
    std::vector<std::string> keys;
    expand(key, "", keys);
    for (const std::string& one : keys) {
      add_tensor(one, dtype, parse_shape(shape), checkpoint.tensors);
    }
  } else if (word == "config") {
    std::getline(words >> std::ws, checkpoint.config);
  } else if (word == "shards") {
    words >> checkpoint.shards;
  } else if (word == "adapter") {
    words >> text.adapter;
  } else if (word == "totals") {
    text.totals = numbers_of(words, 3);
  } else if (word == "native") {
    text.native = numbers_of(words, 2);
  } else if (word == "drops") {
    std::string rule;
    words >> rule;
    words >> text.drops[rule];
  } else if (word == "returns") {
    text.returns = false;
  } else if (word == "layout") {
    words >> text.layout;
  } else if (word == "packs") {
    words >> text.packs;
  } else if (word == "widened") {
    for (std::string ending; words >> ending;) text.widened.push_back(ending);
  } else {
    throw std::runtime_error(text.name + ": " + line);
  }
}

}  // namespace

std::vector<std::string> published_text_names() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder())) {
    names.push_back(entry.path().stem().string());
    if (entry.path().extension() != ".txt") names.pop_back();
  }
  std::sort(names.begin(), names.end());
  return names;
}

PublishedText read_published_text(const std::string& name) {
  std::ifstream file(folder() / (name + ".txt"));
  if (!file) throw std::runtime_error("published/" + name + ".txt");
  PublishedText text;
  text.name = name;
  text.checkpoint.sparse = true;
  text.totals.resize(3);
  text.native.resize(2);
  for (std::string line; std::getline(file, line);) {
    if (!line.empty() && line[0] != '#') read_line(line, text);
  }
  return text;
}

}  // namespace ckptscope::testing
