// Entries that are taken as they come: what made them is gone afterwards, unless it is used again.

#include "core/torch/pickle_machine.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace ckptscope::testing {
namespace {

// ---- a pickle by hand ---------------------------------------------------------------------------

std::string text(const std::string& value) {
  return "\x8C" + std::string(1, static_cast<char>(value.size())) + value;
}
std::string number(int value) {
  return "K" + std::string(1, static_cast<char>(value));
}
std::string recall(int memo) {
  return "h" + std::string(1, static_cast<char>(memo));
}
const std::string kMemoize = "\x94";
std::string pair(int a, int b) {
  return number(a) + number(b) + "\x86";
}
/// As many that nobody uses again, so that room that was given back is used.
std::string batch(const std::string& entries) {
  std::string more;
  for (int i = 0; i < 50; ++i) more += number(i) + pair(i, 77);
  return "(" + more + entries + "u";
}

/// The entries of a field in batches, behind those of another field.
std::string metadata(const std::vector<std::string>& batches) {
  std::string out =
      "\x80\x04"
      "ctorch.distributed.checkpoint.metadata\nMetadata\n)\x81}(";
  out += text("planner_data") + "N" + text("storage_data") + "}";
  for (const std::string& one : batches) out += batch(one);
  return out + "ub.";
}

std::string told(PickleValue value) {
  using Kind = PickleValue::Kind;
  if (value.is(Kind::Text)) return std::string(value.text().text);
  if (value.is(Kind::Int)) return std::to_string(value.integer());
  if (!value.is_container()) return "None";
  std::vector<std::string> parts;
  if (value.is(Kind::Dict)) {
    for (const pickle::Entry& one : value.entries())
      parts.push_back(told(one.key) + ": " + told(one.value));
  } else {
    for (const PickleValue item : value.items()) parts.push_back(told(item));
  }
  return fmt::format("[{}]", fmt::join(parts, ", "));
}

/// What is taken, as text, without what fills the batches.
class Taken final : public PickleEntries {
 public:
  bool take(const PickleField& field, std::span<const pickle::Entry> entries) override {
    EXPECT_EQ(field.name.text().text, "storage_data");
    for (const pickle::Entry& entry : entries.subspan(50)) {
      texts.push_back(told(entry.key) + " " + told(entry.value));
    }
    return true;
  }
  std::vector<std::string> texts;
};

std::vector<std::string> taken(const std::vector<std::string>& batches) {
  const std::string bytes = metadata(batches);
  const auto* const begin = reinterpret_cast<const std::byte*>(bytes.data());
  const MemoryBytes source(std::vector<std::byte>(begin, begin + bytes.size()));
  ByteStream stream(source, 0);
  Taken taken;
  PickleMachine machine(stream, true, &taken);
  const PickleValue root = machine.run();
  EXPECT_EQ(root.call().state.entries()[1].value.entries().size(), 0u);
  return taken.texts;
}

struct Row {
  const char* name;
  std::vector<std::string> batches;
  std::vector<std::string> taken;
};

class Entries : public ::testing::TestWithParam<Row> {};

TEST_P(Entries, AreTakenAsTheyCome) {
  EXPECT_EQ(taken(GetParam().batches), GetParam().taken);
}

const std::string kList = text("a") + "](" + pair(1, 2) + pair(3, 4) + "e";

INSTANTIATE_TEST_SUITE_P(
    Pickle, Entries,
    ::testing::Values(
        Row{"in_batches",
            {text("a") + pair(1, 2), text("b") + pair(3, 4) + text("c") + "N"},
            {"a [1, 2]", "b [3, 4]", "c None"}},
        Row{"a_tuple_of_a_batch_before",
            {text("a") + pair(1, 2) + kMemoize, text("b") + pair(3, 4), text("c") + recall(0)},
            {"a [1, 2]", "b [3, 4]", "c [1, 2]"}},
        Row{"a_text_of_a_batch_before",
            {text("a") + text("x") + kMemoize, text("b") + pair(3, 4), text("c") + recall(0)},
            {"a x", "b [3, 4]", "c x"}},
        Row{"a_list_that_grows_later",
            {kList + kMemoize, text("b") + recall(0) + "(" + pair(5, 6) + pair(7, 8) + "e",
             text("c") + pair(3, 4), text("d") + recall(0)},
            {"a [[1, 2], [3, 4]]", "b [[1, 2], [3, 4], [5, 6], [7, 8]]", "c [3, 4]",
             "d [[1, 2], [3, 4], [5, 6], [7, 8]]"}},
        Row{"a_dict_that_grows_later",
            {text("a") + "}" + kMemoize, text("b") + recall(0) + text("k") + pair(5, 6) + "s",
             text("c") + pair(3, 4), text("d") + recall(0)},
            {"a []", "b [k: [5, 6]]", "c [3, 4]", "d [k: [5, 6]]"}},
        Row{"a_mark_that_goes",
            {text("a") + "(0" + pair(1, 2), text("b") + "((00" + pair(3, 4)},
            {"a [1, 2]", "b [3, 4]"}}),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace ckptscope::testing
