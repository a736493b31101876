// Every rule that an answer must pass, against a server that breaks it.
#include "core/remote/http.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/base/error.hpp"
#include "core/remote/address.hpp"
#include "tests/support/scripted_server.hpp"

namespace ckptscope::testing {
namespace {

constexpr ByteRange kTen{5, 10};

std::string path_of(const std::string& head) {
  const std::size_t begin = head.find(' ') + 1;
  return head.substr(begin, head.find(' ', begin) - begin);
}

HttpSettings patient() {
  HttpSettings settings;
  settings.together = std::chrono::milliseconds(4000);
  settings.idle = std::chrono::milliseconds(1000);
  return settings;
}

/// The answers, or "code: message".
std::string outcome(const HttpRequest& request, HttpSettings settings = patient()) {
  try {
    HttpClient client(std::move(settings));
    const auto answers = client.fetch(std::span(&request, 1));
    return std::to_string(answers[0].status) + " " + answers[0].body;
  } catch (const Error& error) {
    return std::string(name_of(error.code())) + ": " + error.what();
  }
}

/// The outcome of a range of ten bytes from byte 5, answered so.
std::string outcome_of_range(const std::string& answer) {
  const ScriptedServer server([&](const std::string&, std::size_t) { return answer; });
  return outcome({server.origin() + "/f", kTen});
}

TEST(HttpClient, GivesAnswersInTheOrderOfTheRequests) {
  const ScriptedServer server([](const std::string& head, std::size_t) {
    return http_answer("200 OK", "body of " + path_of(head), {"X-Repo-Commit: abc "});
  });
  std::vector<HttpRequest> requests;
  for (int i = 0; i < 100; ++i) {
    requests.push_back({server.origin() + "/" + std::to_string(i), {}, 100});
  }
  HttpClient client(patient());
  const auto answers = client.fetch(requests);
  ASSERT_EQ(answers.size(), 100u);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    EXPECT_EQ(answers[i].body, "body of /" + std::to_string(i));
    EXPECT_EQ(answers[i].header("x-repo-commit"), "abc");
  }
}

TEST(HttpClient, RefusesPrivateAddressesBeforeItConnects) {
  const ScriptedServer inside(
      [](const std::string&, std::size_t) { return http_answer("200 OK", "secret"); });
  HttpRequest request{inside.origin() + "/f", {}, 100};
  EXPECT_EQ(outcome(request), "200 secret");
  request.from_private = true;
  EXPECT_EQ(outcome(request), "200 secret");
  request.from_private = false;  // as where a public host has redirected to it
  EXPECT_EQ(outcome(request), "bad-answer: " + inside.origin() +
                                  "/f: led to 127.0.0.1, an address inside a private network");
  EXPECT_EQ(inside.heads().size(), 2u);
}

TEST(HttpClient, ReadsRanges) {
  EXPECT_EQ(outcome_of_range(http_answer("206 Partial Content", "0123456789",
                                         {"Content-Range: bytes 5-14/1000"})),
            "206 0123456789");
  EXPECT_EQ(
      outcome_of_range(http_answer("206 Partial Content", "012", {"Content-Range: bytes 5-7/8"})),
      "206 012")
      << "the file ends there";
  const ScriptedServer part([](const std::string&, std::size_t) {
    return http_answer("206 Partial Content", "012", {"Content-Range: bytes 5-7/8"});
  });
  const HttpRequest ten{part.origin() + "/f", kTen};
  Progress progress;
  HttpClient(patient()).fetch({&ten, 1}, &progress);
  EXPECT_EQ(progress.done(), 10u) << "as it was asked for";
  const ScriptedServer server([](const std::string&, std::size_t) { return std::string(); });
  outcome({server.origin() + "/f", kTen}, [] {
    HttpSettings settings = patient();
    settings.together = std::chrono::milliseconds(200);
    return settings;
  }());
  EXPECT_NE(server.heads().at(0).find("Range: bytes=5-14\r\n"), std::string::npos);
  EXPECT_NE(server.heads().at(0).find("Accept-Encoding: identity\r\n"), std::string::npos);
}

TEST(HttpClient, RefusesWhatBreaksARule) {
  const std::string ten = "0123456789";
  const struct {
    std::string answer;
    const char* why;
  } kRows[] = {
      {http_answer("200 OK", ten), "the server gives the whole file"},
      {http_answer("200 OK", std::string(5000, 'x')), "more than the 10 bytes"},
      {http_answer("206 Partial Content", ten), "without a Content-Range"},
      {http_answer("206 Partial Content", ten, {"Content-Range: bytes */100"}),
       "without a Content-Range"},
      {http_answer("206 Partial Content", ten, {"Content-Range: bytes 6-15/100"}),
       "bytes 6-15 of 100 were given, 5-14 asked for"},
      {http_answer("206 Partial Content", ten, {"Content-Range: bytes 5-13/100"}),
       "bytes 5-13 of 100 were given"},
      {http_answer("206 Partial Content", ten, {"Content-Range: bytes 5-14/3"}), "were given"},
      {http_answer("206 Partial Content", "0123", {"Content-Range: bytes 5-14/100"}),
       "4 bytes were given, 10 announced"},
      {http_answer("206 Partial Content", ten,
                   {"Content-Range: bytes 5-14/100", "Content-Encoding: gzip"}),
       "Content-Encoding gzip was not asked for"},
      {http_answer("302 Found", "", {"Location: ftp://x/"}), "redirected to no URL"},
      {http_answer("302 Found", ""), "redirected to no URL"},
      {http_answer("206 Partial Content", ten, {"X: " + std::string(70'000, 'x')}), "header lines"},
  };
  for (const auto& row : kRows) {
    const std::string found = outcome_of_range(row.answer);
    EXPECT_TRUE(found.starts_with("bad-answer: ") && found.find(row.why) != found.npos)
        << row.why << ": " << found;
  }
}

TEST(HttpClient, RepeatsWhatMayPass) {
  const ScriptedServer server([](const std::string&, std::size_t before) {
    return before == 0   ? http_answer("429 Too Many", "", {"RateLimit: \"resolvers\";r=0;t=0"})
           : before == 1 ? http_answer("503 Down", "", {"Retry-After: 0"})
           : before == 2
               ? "HTTP/1.1 200 OK\r\nRetry-After: 0\r\nContent-Length: 9\r\n\r\nbro"  // and no more
               : http_answer("200 OK", "whole");
  });
  EXPECT_EQ(outcome({server.origin() + "/f", {}, 100}), "200 whole");
  EXPECT_EQ(server.heads().size(), 4u);
}

TEST(HttpClient, GivesUpWithinItsTime) {
  const struct {
    const char* status;
    const char* line;
    const char* expected;
  } kRows[] = {
      {"429 Too Many", "RateLimit: \"api\";r=0;t=55", "rate-limited: "},
      {"503 Down", "Retry-After: 100", "unreachable: "},
      {"500 Broken", "Retry-After: 0", "unreachable: "},
  };
  for (const auto& row : kRows) {
    const ScriptedServer server(
        [&](const std::string&, std::size_t) { return http_answer(row.status, "", {row.line}); });
    const std::string found = outcome({server.origin() + "/f", {}, 10});
    EXPECT_TRUE(found.starts_with(row.expected)) << found;
    EXPECT_LE(server.heads().size(), 6u);
  }
  HttpSettings hasty = patient();
  hasty.together = std::chrono::milliseconds(300);
  EXPECT_TRUE(outcome({"http://127.0.0.1:1/f", {}, 10}, hasty).starts_with("unreachable: "));
}

TEST(HttpClient, TheCallerKnowsWhatNoAccessMeans) {
  for (const std::string status : {"401 No", "403 No", "404 No", "410 No", "416 No"}) {
    const ScriptedServer server([&](const std::string&, std::size_t) {
      return http_answer(status, "why", {"X-Error-Code: GatedRepo"});
    });
    EXPECT_EQ(outcome({server.origin() + "/f", {}, 10}), status.substr(0, 3) + " ");
  }
}

TEST(HttpClient, TheTokenGoesToItsOriginAlone) {
  const ScriptedServer other(
      [](const std::string&, std::size_t) {
        return http_answer("206 Partial Content", "0123456789", {"Content-Range: bytes 5-14/100"});
      },
      "127.0.0.2");
  const ScriptedServer hub([&](const std::string&, std::size_t) {
    return http_answer("302 Found", "", {"Location: " + other.origin() + "/signed?X=1"});
  });
  HttpSettings settings = patient();
  settings.token = "hf_secret";
  settings.token_origin = origin_of(hub.origin());
  HttpClient client(settings);
  const std::vector<HttpRequest> first{{hub.origin() + "/f", kTen}};
  const auto answers = client.fetch(first);
  EXPECT_EQ(answers[0].url, other.origin() + "/signed?X=1");
  client.fetch(std::vector<HttpRequest>{{answers[0].url, kTen}});  // straight to the other one
  ASSERT_EQ(hub.heads().size(), 1u);
  ASSERT_EQ(other.heads().size(), 2u);
  EXPECT_NE(hub.heads()[0].find("Authorization: Bearer hf_secret\r\n"), std::string::npos);
  for (const std::string& head : other.heads()) {
    EXPECT_EQ(head.find("Authorization"), std::string::npos) << head;
  }
}

TEST(HttpClient, FollowsThreeRedirectsAndNoMore) {
  for (const std::size_t count : {3u, 4u}) {
    const ScriptedServer server([&](const std::string&, std::size_t before) {
      return before < count ? http_answer("307 There", "", {"Location: /next"})
                            : http_answer("200 OK", "there");
    });
    const std::string found = outcome({server.origin() + "/f", {}, 10});
    EXPECT_EQ(count == 3 ? found : found.substr(0, 10), count == 3 ? "200 there" : "bad-answer");
  }
}

TEST(HttpClient, ShowsNoSignature) {
  const ScriptedServer server(
      [](const std::string&, std::size_t) { return http_answer("300 No", ""); });
  const std::string found = outcome({server.origin() + "/f?X-Amz-Signature=secret", kTen});
  EXPECT_EQ(found.find("secret"), std::string::npos) << found;
}

TEST(HttpClient, StopsWhenToldTo) {
  const ScriptedServer server([](const std::string&, std::size_t) {
    return http_answer("503 Down", "", {"Retry-After: 3"});
  });
  Progress progress;
  progress.request_stop();
  HttpClient client(patient());
  const std::vector<HttpRequest> requests{{server.origin() + "/f", {}, 10}};
  EXPECT_THROW(client.fetch(requests, &progress), Error);
}

}  // namespace
}  // namespace ckptscope::testing
