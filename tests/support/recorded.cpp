// A case is a block of lines; the first word of each says what it is.
#include "tests/support/recorded.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace ckptscope::testing {
namespace {

/// "0,1,255"
std::vector<std::uint8_t> parse_cycle(const std::string& text) {
  std::vector<std::uint8_t> bytes;
  std::istringstream numbers(text);
  for (std::string number; std::getline(numbers, number, ',');) {
    bytes.push_back(static_cast<std::uint8_t>(std::stoul(number)));
  }
  return bytes;
}

Filling parse_filling(const std::string& text) {
  if (text.starts_with("values:")) return Filling::Cycled;
  if (text == "positive") return Filling::Positive;
  if (text == "scale") return Filling::Scale;
  if (text == "edge-scale") return Filling::EdgeScale;
  if (text == "bytes") return Filling::Raw;
  if (text.empty() || text.starts_with("zero-from:")) return Filling::ByDtype;
  throw std::runtime_error("filling: " + text);
}

std::string rest_of(std::istringstream& words) {
  std::string rest;
  std::getline(words >> std::ws, rest);
  return rest;
}

void read_line(const std::string& line, std::vector<RecordedCase>& cases) {
  std::istringstream words(line);
  std::string word;
  words >> word;
  if (word == "case") {
    RecordedCase& one = cases.emplace_back();
    words >> one.name >> one.adapter >> one.to;
    return;
  }
  RecordedCase& now = cases.back();
  if (word == "option") {
    std::string name;
    words >> name;
    now.options[name] = rest_of(words);
  } else if (word == "config") {
    now.source.config = rest_of(words);
  } else if (word == "shards") {
    words >> now.source.shards;
  } else if (word == "note" || word == "differs") {
    return;
  } else if (word == "refused") {
    words >> now.refused;
    now.message = rest_of(words);
  } else {
    std::string key, dtype, shape, last;
    words >> key >> dtype >> shape >> last;
    const Dtype parsed = parse_dtype_strict(dtype).value();
    if (word == "in") {
      SyntheticTensor& tensor = now.source.tensors.emplace_back(
          SyntheticTensor{key, parsed, parse_shape(shape), parse_filling(last)});
      const std::string number = last.substr(last.find(':') + 1);
      if (last.starts_with("values:")) tensor.cycle = parse_cycle(number);
      if (last.starts_with("zero-from:")) tensor.zero_from = std::stoull(number);
    } else {
      now.outputs.push_back({key, parsed, parse_shape(shape), std::stoull(last, nullptr, 16)});
    }
  }
}

std::vector<RecordedCase> read_cases() {
  std::vector<RecordedCase> cases;
  for (const char* name :
       {"recorded.txt", "recorded_split.txt", "recorded_stacked.txt", "recorded_packed.txt"}) {
    std::ifstream file(CKPTSCOPE_TESTS "/golden/" + std::string(name));
    if (!file) throw std::runtime_error(name);
    for (std::string line; std::getline(file, line);) {
      if (!line.empty() && line[0] != '#') read_line(line, cases);
    }
  }
  return cases;
}

}  // namespace

const std::vector<RecordedCase>& recorded_cases() {
  static const std::vector<RecordedCase> cases = read_cases();
  return cases;
}

const RecordedCase& recorded_case(const std::string& name) {
  const auto& cases = recorded_cases();
  return *std::find_if(cases.begin(), cases.end(),
                       [&](const RecordedCase& one) { return one.name == name; });
}

}  // namespace ckptscope::testing
