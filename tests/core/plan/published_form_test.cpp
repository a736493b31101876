// What a model was before it was trained: the two texts, and what a plan makes of them.

#include "core/plan/published_form.hpp"

#include <gtest/gtest.h>

#include "core/base/error.hpp"

namespace ckptscope::testing {
namespace {

TEST(PublishedForm, IsRead) {
  const PublishedForm form = read_published_form(
      R"({"a": 1, "b\u00e9": 0})", R"({"a": "BF16", "b": "F32", "c": "U8", "d": "F8_E4M3"})");
  EXPECT_EQ(form.file_of, (decltype(form.file_of){{"a", 1}, {"b\u00e9", 0}}));
  EXPECT_EQ(form.dtype_of, (decltype(form.dtype_of){{"a", Dtype::BF16}, {"b", Dtype::F32}}));
  EXPECT_EQ(read_published_form("", ""), PublishedForm());
}

TEST(PublishedForm, OfOtherTextIsRefused) {
  struct Row {
    std::string files;
    std::string dtypes;
    std::string error;
  };
  const std::string kFiles = ".hf_metadata/fqn_to_file_index_mapping.json: ";
  const std::string kDtypes = ".hf_metadata/fqn_to_dtype_mapping.json: ";
  const Row rows[] = {
      {"[]", "", kFiles},
      {R"({"a": 1)", "", kFiles},
      {R"({"a": 1} x)", "", kFiles},
      {R"({"a": -1})", "", kFiles},
      {R"({"a": "1"})", "", kFiles},
      {R"({"a": 4294967296})", "", kFiles + "\"a\" is in file 4294967296"},
      {R"({"a": 1, "a": 2})", "", kFiles + "\"a\" stands twice"},
      {"{\"a\xff\": 1}", "", kFiles + "it is not UTF-8"},
      {"", R"({"a": 16})", kDtypes},
      {"", R"({"a": "F32", "a": "F32"})", kDtypes + "\"a\" stands twice"},
  };
  for (const Row& row : rows) {
    try {
      read_published_form(row.files, row.dtypes);
      ADD_FAILURE() << row.files << row.dtypes;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::BadConfig);
      EXPECT_TRUE(std::string(error.what()).starts_with(row.error)) << error.what();
    }
  }
}

}  // namespace
}  // namespace ckptscope::testing
