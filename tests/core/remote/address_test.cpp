// Addresses as people write and paste them; expected are the fields, or why it is none.
#include "core/remote/address.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/base/error.hpp"

namespace ckptscope::testing {
namespace {

constexpr const char* kEndpoint = "https://huggingface.co";

/// "endpoint repository revision file", "url URL", or the message of a refusal.
std::string read(const std::string& text, const std::string& endpoint = kEndpoint) {
  try {
    const RemoteAddress address = parse_remote(text, endpoint);
    if (address.url) return "url " + address.url->url;
    return address.hub->endpoint + " " + address.hub->repository + " " + address.hub->revision +
           " " + address.hub->file;
  } catch (const Error& error) {
    return error.what();
  }
}

TEST(RemoteAddress, ModelsOfAHub) {
  const struct {
    const char* text;
    const char* expected;  // behind the endpoint
  } kRows[] = {
      {"hf://openai/gpt-oss-20b", "openai/gpt-oss-20b main "},
      {"HF://openai/gpt-oss-20b/", "openai/gpt-oss-20b main "},
      {"hf://models/openai/gpt-oss-20b", "openai/gpt-oss-20b main "},
      {"hf://openai/gpt-oss-20b@v1.0", "openai/gpt-oss-20b v1.0 "},
      {"hf://openai/gpt-oss-20b@v1.0/original/model.safetensors",
       "openai/gpt-oss-20b v1.0 original/model.safetensors"},
      {"hf://a/b@refs/pr/12", "a/b refs/pr/12 "},
      {"hf://a/b@refs%2Fpr%2F12/x.safetensors", "a/b refs/pr/12 x.safetensors"},
      {"hf://a/b@refs/convert/parquet/x", "a/b refs/convert/parquet x"},
      {"hf://a/b@refs", "a/b refs "},
      {"https://huggingface.co/a/b", "a/b main "},
      {"https://huggingface.co/a/b/", "a/b main "},
      {"https://HuggingFace.co/a/b/tree/main", "a/b main "},
      {"https://hf.co/a/b/tree/refs%2Fpr%2F3/sub", "a/b refs/pr/3 sub"},
      {"https://huggingface.co/a/b/blob/main/model-00001-of-00002.safetensors?x=1#L3",
       "a/b main model-00001-of-00002.safetensors"},
      {"https://huggingface.co/a/b/resolve/main/m.safetensors", "a/b main m.safetensors"},
      {"https://huggingface.co/a/b/raw/v2/model.safetensors.index.json",
       "a/b v2 model.safetensors.index.json"},
  };
  for (const auto& row : kRows) {
    EXPECT_EQ(read(row.text), std::string(kEndpoint) + " " + row.expected) << row.text;
  }
}

TEST(RemoteAddress, AnotherEndpointServesThePagesOfTheHub) {
  const std::string mirror = "https://mirror.example:8443";
  EXPECT_EQ(read("hf://a/b", mirror), mirror + " a/b main ");
  EXPECT_EQ(read("https://mirror.example:8443/a/b/tree/v1", mirror), mirror + " a/b v1 ");
  EXPECT_EQ(read("https://huggingface.co/a/b", mirror), mirror + " a/b main ");
}

TEST(RemoteAddress, FilesBehindUrls) {
  const std::string shard = "https://bucket.example/x/model.safetensors?X-Sign=a%2Fb";
  const std::string index = "https://bucket.example/model.safetensors.index.json";
  const std::string local = "http://127.0.0.1:8080/m.safetensors";
  for (const std::string& url : {shard, index, local}) EXPECT_EQ(read(url), "url " + url);
  EXPECT_NO_THROW(parse_remote("http://host/m.safetensors", kEndpoint, true));
}

TEST(RemoteAddress, WhatIsNone) {
  const struct {
    const char* text;
    const char* why;
  } kRows[] = {
      {"hf://gpt2", "a model's name has an owner"},
      {"hf://", "a model's name has an owner"},
      {"hf://datasets/a/b", "only models are looked at"},
      {"hf://a/b@", "a revision is missing behind @"},
      {"hf://a/../b", "no name of a model"},
      {"hf://a/b c", "no name of a model"},
      {"hf://a/b/../c", "a revision and a file's path go down alone"},
      {"hf://a/b@main//c", "a revision and a file's path go down alone"},
      {"https://huggingface.co/", "no page of a model"},
      {"https://huggingface.co/datasets/a/b", "no page of a model"},
      {"https://huggingface.co/a/b/discussions/3", "no page of a model's files"},
      {"https://huggingface.co/a/b/tree", "a revision is missing"},
      {"https://user:word@host/m.safetensors", "no URL"},
      {"https://", "no URL"},
      {"http://host/m.safetensors", "http:// is not encrypted"},
      {"https://host/m.bin", "it ends neither in .safetensors"},
  };
  for (const auto& row : kRows) {
    EXPECT_NE(read(row.text).find(row.why), std::string::npos)
        << row.text << ": " << read(row.text);
  }
}

TEST(RemoteAddress, IsWrittenAsItIsRead) {
  for (const std::string text :
       {"hf://a/b", "hf://a/b@v1", "hf://a/b@refs/pr/1/x/y.safetensors", "hf://a/b/x"}) {
    EXPECT_EQ(parse_remote(text, kEndpoint).hub->text(), text);
  }
}

TEST(RemoteAddress, IsToldFromPaths) {
  EXPECT_TRUE(is_remote("hf://a/b"));
  EXPECT_TRUE(is_remote("HTTPS://host"));
  EXPECT_TRUE(is_remote("http://host"));
  for (const char* path : {"hf:/a", "a/b", "./hf://a/b", "", "https", "s3://bucket/x"}) {
    EXPECT_FALSE(is_remote(path)) << path;
  }
}

TEST(RemoteAddress, OriginsAreComparedAsText) {
  EXPECT_EQ(origin_of("HTTPS://Host:443/Path"), "https://host:443");
  EXPECT_EQ(origin_of("https://host"), "https://host");
  EXPECT_EQ(origin_of("https://host?x"), "https://host");
  EXPECT_EQ(origin_of("https://a@host/"), "");
  EXPECT_EQ(origin_of("ftp://host/"), "");
}

TEST(PercentCoding, GoesBothWays) {
  EXPECT_EQ(percent_encoded("refs/pr/1", false), "refs%2Fpr%2F1");
  EXPECT_EQ(percent_encoded("a b/ä.safetensors", true), "a%20b/%C3%A4.safetensors");
  EXPECT_EQ(percent_decoded("a%20b%2f%C3%A4%"), "a b/ä%");
  EXPECT_EQ(percent_decoded("%zz%4"), "%zz%4");
}

}  // namespace
}  // namespace ckptscope::testing
