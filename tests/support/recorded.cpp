// A case is a block of lines; the first word of each says what it is.
#include "tests/support/recorded.hpp"

#include <algorithm>
#include <sstream>
#include <stdexcept>

#include "tests/support/temp_dir.hpp"

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

void read_line(const std::string& line, RecordedCase& now) {
  std::istringstream words(line);
  std::string word;
  words >> word;
  if (word == "case") {
    words >> now.name >> now.adapter >> now.to;
  } else if (word == "option") {
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

std::string read_texts() {
  std::string all;
  for (const char* name :
       {"recorded.txt", "recorded_split.txt", "recorded_stacked.txt", "recorded_packed.txt"}) {
    all += "\n" + read_file(CKPTSCOPE_TESTS "/golden/" + std::string(name));
  }
  return all;
}

std::vector<std::string_view> split_cases(std::string_view text) {
  constexpr std::string_view kBegin = "\ncase ";
  std::vector<std::string_view> cases;
  for (std::size_t at = text.find(kBegin); at != text.npos;) {
    const std::size_t next = text.find(kBegin, at + 1);
    cases.push_back(text.substr(at + 1, next - at - 1));
    at = next;
  }
  return cases;
}

/// The lines of every case, from "case NAME ADAPTER TO" to the next one.
const std::vector<std::string_view>& lines_of_cases() {
  static const std::string text = read_texts();
  static const std::vector<std::string_view> cases = split_cases(text);
  return cases;
}

std::string name_in(std::string_view lines) {
  lines.remove_prefix(std::string_view("case ").size());
  return std::string(lines.substr(0, lines.find(' ')));
}

RecordedCase read_case(std::string_view lines) {
  RecordedCase one;
  std::istringstream text{std::string(lines)};
  for (std::string line; std::getline(text, line);) {
    if (!line.empty() && line[0] != '#') read_line(line, one);
  }
  return one;
}

}  // namespace

const RecordedCase& recorded_case(const std::string& name) {
  static std::map<std::string, RecordedCase> known;
  const auto found = known.find(name);
  if (found != known.end()) return found->second;
  const auto& cases = lines_of_cases();
  const auto lines = std::find_if(cases.begin(), cases.end(),
                                  [&](std::string_view one) { return name_in(one) == name; });
  return known[name] = read_case(*lines);
}

std::vector<std::string> recorded_names(const std::function<bool(std::string_view lines)>& wanted) {
  std::vector<std::string> names;
  for (const std::string_view lines : lines_of_cases()) {
    if (!wanted || wanted(lines)) names.push_back(name_in(lines));
  }
  return names;
}

bool goes_to_native(std::string_view lines) {
  return lines.substr(0, lines.find('\n')).ends_with(" native") &&
         lines.find("\nrefused ") == lines.npos;
}

}  // namespace ckptscope::testing
