// A word says what a line is; names are JSON texts, contents base64 of zlib.
#include "tests/support/torch_samples.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <zlib.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>

#include "core/inspect/checksums.hpp"
#include "core/source/tensor_source.hpp"
#include "tests/support/golden.hpp"

namespace ckptscope::testing {
namespace {

std::string unpacked(const std::string& base64) {
  std::string packed(base64.size(), '\0');
  const int count = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(packed.data()),
                                    reinterpret_cast<const unsigned char*>(base64.data()),
                                    static_cast<int>(base64.size()));
  if (count < 0) throw std::runtime_error("no base64");
  for (std::size_t room = 1 << 16;; room *= 4) {
    std::string bytes(room, '\0');
    uLongf size = room;
    const int error =
        ::uncompress(reinterpret_cast<Bytef*>(bytes.data()), &size,
                     reinterpret_cast<const Bytef*>(packed.data()), static_cast<uLong>(count));
    if (error == Z_BUF_ERROR) continue;
    if (error != Z_OK) throw std::runtime_error("no zlib");
    bytes.resize(size);
    return bytes;
  }
}

/// The next JSON text of a line.
std::string quoted(std::istream& line) {
  std::string text;
  line >> std::ws;
  text += static_cast<char>(line.get());
  for (bool escaped = false; line.good();) {
    const char c = static_cast<char>(line.get());
    text += c;
    if (c == '"' && !escaped) break;
    escaped = c == '\\' && !escaped;
  }
  return nlohmann::json::parse(text).get<std::string>();
}

std::string text_of(const std::string& file) {
  return read_file(std::string(CKPTSCOPE_ROOT) + "/tests/field/" + file);
}

std::vector<TorchSample> read_samples(const std::string& file) {
  std::vector<TorchSample> samples;
  std::istringstream lines(text_of(file));
  for (std::string text; std::getline(lines, text);) {
    std::istringstream line(text);
    std::string word;
    line >> word;
    if (word == "case") {
      TorchSample& sample = samples.emplace_back();
      line >> sample.verdict;
      sample.name = quoted(line);
      sample.why = quoted(line);
    } else if (word == "foreign") {
      samples.back().foreign.push_back(quoted(line));
    } else if (word == "tensor" || word == "optim") {
      SampleTensor tensor;
      line >> tensor.dtype >> tensor.shape >> tensor.sha256;
      auto& to = word == "tensor" ? samples.back().tensors : samples.back().optim;
      to[quoted(line)] = tensor;
    } else if (word == "file") {
      const std::string name = quoted(line);
      std::string packed;
      line >> packed;
      samples.back().files[name] = unpacked(packed);
    } else if (word == "link") {
      const std::string name = quoted(line);
      samples.back().links[name] = quoted(line);
    }
  }
  return samples;
}

}  // namespace

void TorchSample::write(const std::string& directory) const {
  namespace fs = std::filesystem;
  for (const auto& [at, bytes] : files) {
    const fs::path path = fs::path(directory) / at;
    fs::create_directories(path.parent_path());
    write_file(path.string(), bytes);
  }
  for (const auto& [at, target] : links) {
    fs::create_directory_symlink(target, fs::path(directory) / at);
  }
}

SampleTensors tensors_of(const Checkpoint& checkpoint) {
  CheckpointSource source(checkpoint);
  SampleTensors found;
  for (std::uint32_t id = 0; id < checkpoint.tensors().size(); ++id) {
    const TensorInfo& info = checkpoint.tensors()[id];
    std::vector<std::byte> bytes(info.bytes());
    for (std::size_t at = 0, part = 5; at < bytes.size(); at += part, part = part * 3 + 2) {
      part = std::min(part, bytes.size() - at);
      source.read(id, at, std::span(bytes).subspan(at, part));
    }
    Sha256 sum;
    sum.add(bytes);
    found[std::string(info.name)] = {
        std::string(name_of(info.dtype)),
        info.shape.empty() ? "scalar" : fmt::format("{}", fmt::join(info.shape, ",")),
        sum.digest()};
  }
  return found;
}

const std::vector<TorchSample>& torch_samples(const std::string& file) {
  static std::map<std::string, std::vector<TorchSample>> known;
  const auto found = known.find(file);
  return found != known.end() ? found->second : known[file] = read_samples(file);
}

const TorchSample& torch_sample(const std::string& file, std::string_view name) {
  const auto& all = torch_samples(file);
  return *std::find_if(all.begin(), all.end(),
                       [&](const TorchSample& one) { return one.name == name; });
}

std::vector<std::string> torch_sample_names(const std::string& file) {
  std::vector<std::string> names;
  std::istringstream lines(text_of(file));
  for (std::string text; std::getline(lines, text);) {
    std::istringstream line(text);
    std::string word, verdict;
    if (text.starts_with("case ") && line >> word >> verdict) names.push_back(quoted(line));
  }
  return names;
}

}  // namespace ckptscope::testing
