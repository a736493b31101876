// Names, sizes and config.json tell enough to choose.
#include "app/reports/picker.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <vector>

#include "core/base/bytes.hpp"
#include "core/base/config.hpp"
#include "core/base/display.hpp"
#include "core/base/file.hpp"
#include "core/checkpoint/locate.hpp"

namespace ckptscope {
namespace {

namespace fs = std::filesystem;

struct ModelRow {
  std::string path;
  std::string name;  // below the directory
  std::string model;
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
};

/// model_type; empty where there is no config.json, or none that can be read.
std::string model_of(const std::string& directory) {
  constexpr std::uint64_t kMost = 16'000'000;
  const std::string path = directory + "/config.json";
  if (kind_of(path) != FileKind::Regular) return "";
  try {
    return Config::parse(read_text(path, kMost), path).text("model_type").value_or("");
  } catch (const Error&) {
    return "";  // opening it says what is wrong
  }
}

ModelRow row_of(const std::string& root, const std::string& directory) {
  ModelRow row{directory, directory.substr(root.size() + (root.ends_with('/') ? 0 : 1)),
               model_of(directory)};
  std::error_code error;
  for (const std::string& name : names_in(directory)) {
    if (!holds_tensors(name)) continue;
    const auto bytes = fs::file_size(directory + "/" + name, error);
    if (error) continue;
    ++row.files;
    row.bytes += bytes;
  }
  return row;
}

}  // namespace

Document picker_of(const std::string& path) {
  const auto rows = std::make_shared<std::vector<ModelRow>>();
  for (const std::string& one : checkpoints_below(path)) rows->push_back(row_of(path, one));
  Document document{"info"};
  document.add(Heading{fmt::format("{}: {}", display(path), counted(rows->size(), "checkpoint")),
                       /*escaped=*/true});
  Table table{"checkpoints",
              {{"key", ""},
               {"name", "checkpoint"},
               {"model", "model"},
               {"files", "files", Format::Count},
               {"bytes", "bytes", Format::Bytes}},
              rows->size(),
              [rows](std::size_t i) -> std::vector<Cell> {
                const ModelRow& row = (*rows)[i];
                return {row.path, row.name, row.model, row.files, row.bytes};
              }};
  document.add(std::move(table));
  return document;
}

void add_recent(Document& document, const std::vector<std::string>& paths) {
  if (paths.empty()) return;
  if (!document.blocks.empty()) document.add(Note{""});
  document.add(Table{"recent",
                     {{"key", ""}, {"path", "opened before"}},
                     paths.size(),
                     [paths](std::size_t i) -> std::vector<Cell> {
                       return {paths[i], paths[i]};
                     }});
}

}  // namespace ckptscope
