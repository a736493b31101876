// Recorded conversions, ready to run, and what they leave on disk.
#pragma once

#include <atomic>
#include <filesystem>
#include <map>
#include <set>
#include <string>

#include "app/planning/conversion.hpp"
#include "core/convert/convert.hpp"
#include "tests/support/recorded.hpp"
#include "tests/support/temp_dir.hpp"

namespace ckptscope::testing {

/// A recorded source on disk, opened and planned.
struct Prepared {
  explicit Prepared(const std::string& name, const std::string& to = "native") {
    write_synthetic(dir / "source", recorded_case(name).source);
    checkpoint = Checkpoint::open(dir / "source");
    ConversionRequest request;
    request.to = to;
    plan = plan_conversion(checkpoint, request).plan;
    options.out = dir / "out";
  }
  ConvertReport run() {
    Progress progress;
    return convert(checkpoint, plan, options, progress);
  }
  /// Names in the directory beside the source.
  std::set<std::string> beside() const {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(dir.path()))
      names.insert(entry.path().filename());
    return names;
  }

  TempDir dir;
  Checkpoint checkpoint;
  Plan plan;
  ConvertOptions options;
};

/// Stops behind so many shards.
class StoppingProgress final : public Progress {
 public:
  explicit StoppingProgress(std::size_t shards) : left_(shards) {
    if (shards == 0) request_stop();
  }
  void line(std::string_view text) override {
    if (text.starts_with("write") && --left_ == 0) request_stop();
  }

 private:
  std::atomic<std::size_t> left_;
};

/// Of the files there.
inline std::map<std::string, std::string> contents(const std::string& directory) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (entry.is_directory()) continue;
    files[entry.path().filename()] = read_file(entry.path());
  }
  return files;
}

inline Code code_of(const auto& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.code();
  }
  return Code::Internal;
}

}  // namespace ckptscope::testing
