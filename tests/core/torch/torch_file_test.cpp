// Every sample of torch.save: its tensors byte for byte, what it names, or the rule that it breaks.

#include "core/torch/torch_file.hpp"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/inspect/checksums.hpp"
#include "core/torch/element_view.hpp"
#include "tests/support/golden.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/test_names.hpp"
#include "tests/support/torch_samples.hpp"

namespace ckptscope::testing {
namespace {

std::string shape_text(ShapeView shape) {
  return shape.empty() ? "scalar" : fmt::format("{}", fmt::join(shape, ","));
}

SampleTensor described(const ByteSource& source, const TorchFile& file, const TorchTensor& tensor) {
  const pickle::Tensor& view = tensor.view;
  const ElementView elements{tensor.data + view.offset * size_of(view.dtype),
                             view.shape,
                             view.stride,
                             view.dtype,
                             file.is_big_endian(),
                             view.conjugated,
                             view.negated};
  std::vector<std::byte> bytes(element_count(view.shape).value_or(0) * size_of(view.dtype));
  // In uneven parts, as tiles read them.
  for (std::size_t at = 0, part = 7; at < bytes.size(); at += part, part = part * 3 + 1) {
    part = std::min(part, bytes.size() - at);
    read_elements(source, elements, at, std::span(bytes).subspan(at, part));
  }
  Sha256 sum;
  sum.add(bytes);
  return {std::string(name_of(view.dtype)), shape_text(view.shape), sum.digest()};
}

class TorchSamples : public ::testing::TestWithParam<std::string> {};

TEST_P(TorchSamples, AreWhatTheyAre) {
  const TorchSample& sample = torch_sample("torch_save.txt", GetParam());
  const TempDir dir;
  write_file(dir / "file", sample.files.at(sample.name));
  const File file(dir / "file");
  const FileBytes source(file);
  std::string error;
  std::vector<std::string> foreign;
  SampleTensors found;
  Progress progress;
  try {
    const TorchFile torch(source);
    foreign = torch.foreign();
    torch.check_sums(progress);
    for (const TorchTensor& tensor : torch.tensors()) {
      found[tensor.name] = described(source, torch, tensor);
    }
  } catch (const Error& thrown) {
    error = thrown.what();
    EXPECT_TRUE(thrown.code() == Code::BadPickle || thrown.code() == Code::BadArchive);
  }
  if (sample.verdict == "damaged") {
    EXPECT_EQ(error.substr(0, error.find(':')), sample.why) << error;
  } else if (sample.verdict == "foreign" && !error.empty()) {
    const auto semicolon = error.find(", which is not run; ");
    EXPECT_EQ(error.substr(0, semicolon), fmt::format("names {}", fmt::join(sample.foreign, ", ")));
  } else {
    EXPECT_EQ(error, "");
    const bool distributed = !sample.optim.empty();  // of DTensors, which are understood here
    EXPECT_EQ(foreign, distributed ? std::vector<std::string>() : sample.foreign);
    if (!sample.tensors.empty() && !distributed) {
      EXPECT_EQ(found.size(), sample.tensors.size());
    }
    for (const auto& [name, tensor] : sample.tensors) {
      ASSERT_TRUE(found.contains(name)) << name;
      EXPECT_EQ(found[name].dtype, tensor.dtype) << name;
      EXPECT_EQ(found[name].shape, tensor.shape) << name;
      EXPECT_EQ(found[name].sha256, tensor.sha256) << name;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Torch, TorchSamples,
                         ::testing::ValuesIn(torch_sample_names("torch_save.txt")),
                         [](const auto& test) { return as_identifier(test.param); });

}  // namespace
}  // namespace ckptscope::testing
