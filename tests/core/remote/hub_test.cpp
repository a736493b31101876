// A page of a hub's list of files, as it may be written.
#include "core/remote/hub.hpp"

#include <gtest/gtest.h>

#include "core/base/error.hpp"

namespace ckptscope::testing {
namespace {

/// "name size sum; …" or the code of the error.
std::string read(const std::string& page) {
  try {
    std::string text;
    for (const HubFile& file : read_hub_list(page)) {
      text += file.name + " " + (file.size ? std::to_string(*file.size) : "?") + " " + file.sha256 +
              ";";
    }
    return text;
  } catch (const Error& error) {
    return std::string(name_of(error.code()));
  }
}

TEST(HubList, IsReadWhateverStandsBesideIt) {
  struct Row {
    std::string page;
    std::string expected;
  };
  const Row rows[] = {
      {"[]", ""},
      {R"([{"type":"directory","path":"d"}, {"type":"file","path":"d/a","size":5}])", "d/a 5 ;"},
      {R"([ { "type" : "file" , "path" : "a" , "size" : null , "lfs" : null , "x" : [1, {}] } ])",
       "a ? ;"},
      {R"([{"size": 134, "lfs": {"size": 7, "oid": "ab", "pointerSize": 134}, "path": "a",
           "type": "file"}])",
       "a 7 ab;"},
      {R"([{"lfs": {"size": 7}, "size": 134, "path": "a", "type": "file"}])", "a 7 ;"},
      {R"([{"typ\u0065": "file", "p\u0061th": "\u0061/b", "size": -1}])", "a/b ? ;"},
      {R"([{"type":"file","path":"../x","size":1}])", "bad-answer"},
      {R"([{"type":"file","path":"/x","size":1}])", "bad-answer"},
      {R"([{"type":"file","path":"a//x","size":1}])", "bad-answer"},
      {R"([{"type":"file","size":1}])", "bad-answer"},
      {R"([{"type":"file","path":"x","size":18446744073709551615}])", "bad-answer"},
      {"[{\"type\":\"file\",\"path\":\"\xff\"}]", "bad-utf8"},
      {std::string(100'000, '['), "bad-json"},
      {"<html>", "bad-json"},
      {"[] x", "bad-json"},
  };
  for (const Row& row : rows) EXPECT_EQ(read(row.page), row.expected) << row.page.substr(0, 80);
}

}  // namespace
}  // namespace ckptscope::testing
