// The published structures of the families as sparse files: totals, recognition, plans to native
// and back. Those of the first families, which have figures of their own: published_test.cpp.

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "app/planning/conversion.hpp"
#include "tests/support/golden.hpp"
#include "tests/support/on_disk.hpp"
#include "tests/support/plan_forms.hpp"
#include "tests/support/published_text.hpp"
#include "tests/support/test_names.hpp"

namespace ckptscope::testing {
namespace {

class PublishedStructure : public ::testing::TestWithParam<std::string> {};

std::string signature(std::string_view key, Dtype dtype, ShapeView shape) {
  return fmt::format("{} {} {}", key, name_of(dtype), to_string(shape));
}

/// To the other side.
Plan plan_of(const Checkpoint& checkpoint, const std::string& layout,
             const std::string& quantise = "") {
  ConversionRequest request;
  request.layout = layout;
  request.quantise = quantise;
  return plan_conversion(checkpoint, request).plan;
}

void expect_number(const std::optional<std::uint64_t>& expected, std::uint64_t found,
                   const char* what) {
  EXPECT_EQ(found, expected.value_or(found)) << what;
}

/// Keys without the parts of packed weights.
std::set<std::string> logical_keys(const SyntheticCheckpoint& checkpoint) {
  std::set<std::string> all;
  for (const SyntheticTensor& one : checkpoint.tensors) all.insert(one.key);
  std::set<std::string> keys;
  for (const std::string& key : all) {
    const std::string stem = key.substr(0, key.rfind('.'));
    const bool beside = key.ends_with(".scale") && all.contains(stem + ".weight");
    const bool part = beside || key.ends_with("_scale_inv") || key.ends_with(".weight_scale") ||
                      key.ends_with(".weight_shape");
    const bool packed = key.ends_with(".weight_packed");
    if (!part) keys.insert(key.substr(0, key.size() - (packed ? 7 : 0)));
  }
  return keys;
}

TEST_P(PublishedStructure, BecomesNativeAndComesBack) {
  const PublishedText text = read_published_text(GetParam());
  const OnDisk disk(text.checkpoint);
  std::uint64_t elements = 0;
  for (const TensorInfo& info : disk.opened.tensors()) elements += info.elements();
  expect_number(text.totals[0], disk.opened.tensors().size(), "tensors");
  expect_number(text.totals[1], elements, "elements");
  expect_number(text.totals[2], disk.opened.total_bytes(), "bytes");

  const Family family = recognise_family(disk.opened.tensors(), disk.opened.config());
  ASSERT_NE(family.adapter, nullptr);
  EXPECT_EQ(family.adapter->head.id, text.adapter);
  // Without a config it is that family or none that is known.
  const Family by_keys = recognise_family(disk.opened.tensors(), {});
  EXPECT_EQ(by_keys.adapter ? by_keys.adapter->head.id : text.adapter, text.adapter);

  const Plan native = plan_of(disk.opened, text.layout);
  EXPECT_EQ(native.options.to, Side::Native);
  expect_sound(native);
  const Account account = native.account();
  EXPECT_EQ(account.unplaced, 0u);
  expect_number(text.native[0], account.targets, "native tensors");
  expect_number(text.native[1], account.bytes_out, "native bytes");
  EXPECT_EQ(drops_of(native), text.drops);
  expect_golden("plan/" + text.name + ".txt", abridged(native));

  const OnDisk native_disk(outputs_of(native, text.checkpoint.config));
  const Plan back = plan_of(native_disk.opened, text.layout);
  EXPECT_EQ(back.options.to, Side::Hf);
  expect_sound(back);
  EXPECT_EQ(back.account().unplaced, 0u);
  if (!text.returns || !text.drops.empty()) return;
  std::set<std::string> keys;
  for (const Output& output : back.outputs) keys.insert(output.key);
  EXPECT_TRUE(keys == logical_keys(text.checkpoint));

  if (text.packs.empty()) return;
  const Plan packed = plan_of(native_disk.opened, text.layout, text.packs);
  expect_sound(packed);
  std::set<std::string> expected;
  for (const SyntheticTensor& one : text.checkpoint.tensors) {
    const bool widened = std::any_of(text.widened.begin(), text.widened.end(),
                                     [&](const auto& ending) { return one.key.ends_with(ending); });
    expected.insert(signature(one.key, widened ? Dtype::F32 : one.dtype, one.shape));
  }
  for (const Output& one : packed.outputs) {
    const std::string found = signature(one.key, one.dtype(), one.shape());
    EXPECT_TRUE(expected.erase(found) == 1) << found << " is not published";
  }
  EXPECT_TRUE(expected.empty()) << expected.size() << " are missing, the first "
                                << *expected.begin();
}

INSTANTIATE_TEST_SUITE_P(All, PublishedStructure, ::testing::ValuesIn(published_text_names()),
                         [](const auto& test) { return as_identifier(test.param); });

}  // namespace
}  // namespace ckptscope::testing
