// A model on a hub against the same model on disk: what is asked for, what is kept, and every
// fault.
#include "core/remote/remote_copy.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <optional>

#include "core/base/error.hpp"
#include "core/checkpoint/checkpoint.hpp"
#include "core/inspect/checksums.hpp"
#include "core/remote/header_cache.hpp"
#include "core/source/tensor_source.hpp"
#include "tests/support/environment.hpp"
#include "tests/support/stand_in_hub.hpp"
#include "tests/support/two_shards.hpp"

namespace ckptscope::testing {
namespace {

namespace fs = std::filesystem;

/// A model of two shards, a hub that has it, and a home without anything else.
class Remote : public ::testing::Test {
 protected:
  Remote() {
    write_synthetic(dir_ / "hub/org/name", two_shards());
    write_file(dir_ / "hub/org/name/config.json", R"({"model_type": "x"})");
    write_file(dir_ / "hub/org/name/README.md", "# x");
    restart({});
  }

  void restart(StandInHub::Options options) {
    hub_.emplace(dir_ / "hub", std::move(options));
    endpoint_.emplace("HF_ENDPOINT", hub_->endpoint());
  }

  std::size_t asked() const { return hub_->requests().size(); }

  /// A model whose header is longer than the first range.
  void write_many() const {
    SyntheticCheckpoint many;
    for (int i = 0; i < 4000; ++i) {
      many.tensors.push_back({"model.layers." + std::to_string(i) + ".weight", Dtype::U8, {1}});
    }
    write_synthetic(dir_ / "hub/org/many", many);
  }

  /// "5 tensors" or "code: message".
  std::string outcome(const std::string& path = "hf://org/name") {
    try {
      return std::to_string(Checkpoint::open(path).tensors().size()) + " tensors";
    } catch (const Error& error) {
      return std::string(name_of(error.code())) + ": " + error.what();
    }
  }

  /// Files of copies and drafts, and refs.
  std::size_t files_kept() const {
    if (!fs::exists(dir_ / "cache")) return 0;
    const fs::recursive_directory_iterator all(dir_ / "cache");
    return static_cast<std::size_t>(std::count_if(
        begin(all), end(all), [](const auto& entry) { return entry.is_regular_file(); }));
  }

  const TempDir dir_;
  const EmptyHome home_{dir_};
  std::optional<StandInHub> hub_;
  std::optional<Environment> endpoint_;
};

TEST_F(Remote, SaysWhatTheSameDirectorySays) {
  const Checkpoint here = Checkpoint::open(dir_ / "hub/org/name");
  const Checkpoint there = Checkpoint::open("hf://org/name");
  EXPECT_EQ(there.name(), "name");
  EXPECT_EQ(there.location().path, "hf://org/name");
  EXPECT_EQ(codes_of(there), codes_of(here));
  EXPECT_EQ(there.config().text("model_type"), "x");
  ASSERT_EQ(there.tensors().size(), here.tensors().size());
  for (std::size_t i = 0; i < here.tensors().size(); ++i) {
    EXPECT_EQ(there.tensors()[i].name, here.tensors()[i].name);
    EXPECT_EQ(there.tensors()[i].begin, here.tensors()[i].begin);
  }
  for (std::size_t i = 0; i < here.shards().size(); ++i) {
    EXPECT_EQ(there.shards()[i].header_hash, here.shards()[i].header_hash);
    EXPECT_EQ(there.shards()[i].identity.size, here.shards()[i].identity.size);
  }
}

TEST_F(Remote, AsksOnceForEachHeader) {
  Checkpoint::open("hf://org/name");
  const std::string commit = StandInHub::commit();
  const std::vector<std::string> expected{
      "GET /org/name/resolve/main/config.json",
      "GET /api/models/org/name/tree/" + commit + "?recursive=true",
      "GET /org/name/resolve/" + commit + "/" + kIndex,
      "GET /org/name/resolve/" + commit + "/" + kFirst,
      "GET /org/name/resolve/" + commit + "/" + kSecond,
  };
  auto requests = hub_->requests();
  std::sort(requests.begin() + 3, requests.begin() + 5);
  ASSERT_EQ(requests.size(), expected.size() + 2) << "and two of the other host";
  EXPECT_TRUE(std::equal(expected.begin(), expected.end(), requests.begin()));
}

TEST_F(Remote, TheSecondTimeAsksForTheCommitAlone) {
  Checkpoint::open("hf://org/name");
  const std::size_t first = asked();
  Checkpoint::open("hf://org/name");
  EXPECT_EQ(asked(), first + 1);
  Checkpoint::open("hf://org/name@" + StandInHub::commit());
  EXPECT_EQ(asked(), first + 1) << "a commit is what it is";
  const Environment offline("HF_HUB_OFFLINE", "1");
  EXPECT_EQ(outcome(), "4 tensors");
  EXPECT_EQ(outcome("hf://org/name@" + StandInHub::commit()), "4 tensors");
  EXPECT_EQ(asked(), first + 1);
  EXPECT_TRUE(outcome("hf://org/other").starts_with("unreachable: ")) << outcome("hf://org/other");
}

TEST_F(Remote, WhatWasDownloadedIsOpenedWhole) {
  const std::string entry = dir_ / "cache/huggingface/hub/models--org--name";
  const std::string snapshot = entry + "/snapshots/" + StandInHub::commit();
  fs::create_directories(snapshot);
  fs::create_directories(entry + "/refs");
  write_file(entry + "/refs/main", StandInHub::commit());
  fs::copy(dir_ / "hub/org/name", snapshot);
  const Checkpoint whole = Checkpoint::open("hf://org/name");
  EXPECT_EQ(whole.location().remote, nullptr) << "its values are here";
  EXPECT_EQ(asked(), 1u);
  fs::remove(snapshot + "/" + kSecond);
  const Checkpoint broken_off = Checkpoint::open("hf://org/name");
  EXPECT_NE(broken_off.location().remote, nullptr);
  EXPECT_EQ(broken_off.tensors().size(), 4u);
}

TEST_F(Remote, HeadersLongerThanGuessedComeFromTheSignedAddress) {
  write_many();
  EXPECT_EQ(outcome("hf://org/many"), "4000 tensors");
  const auto is_of_cdn = [](const std::string& line) { return line.starts_with("cdn "); };
  const auto requests = hub_->requests();
  EXPECT_EQ(std::count_if(requests.begin(), requests.end(), is_of_cdn), 2);
  EXPECT_EQ(requests.size(), 5u) << "no config.json: the commit came with its absence; list, shard";
}

TEST_F(Remote, AnExpiredAddressIsAskedForAgain) {
  write_many();
  hub_->add_fault("expired");
  EXPECT_EQ(outcome("hf://org/many"), "4000 tensors");
  hub_->add_fault("expired");
  hub_->add_fault("other");
  fs::remove_all(dir_ / "cache");
  EXPECT_TRUE(outcome("hf://org/many").starts_with("bad-answer: "));
}

TEST_F(Remote, FilesAndFoldersOfAModel) {
  write_synthetic(dir_ / "hub/org/parts/unet", two_shards());
  write_one(dir_ / "hub/org/parts/vae", "model.safetensors", "v");
  EXPECT_EQ(outcome("hf://org/parts/unet"), "4 tensors");
  EXPECT_EQ(outcome("hf://org/parts/vae/model.safetensors"), "1 tensors");
  EXPECT_EQ(outcome(hub_->endpoint() + "/org/parts/tree/main/unet"), "4 tensors");
  EXPECT_EQ(outcome(std::string("hf://org/name/") + kSecond), "2 tensors");
  EXPECT_EQ(outcome(std::string("hf://org/name/") + kIndex), "4 tensors");
  EXPECT_EQ(outcome("hf://org/parts"),
            "not-a-checkpoint: hf://org/parts: no safetensors here; some are in "
            "hf://org/parts/unet, hf://org/parts/vae");
  fs::create_directories(dir_ / "hub/org/old");
  write_file(dir_ / "hub/org/old/pytorch_model.bin", "x");
  EXPECT_EQ(outcome("hf://org/old"),
            "not-a-checkpoint: hf://org/old: no safetensors here; pytorch_model.bin is of a format "
            "that is read from this machine alone: hf download org/old");
}

TEST_F(Remote, AListOfManyPages) {
  restart({.page = 2});
  EXPECT_EQ(outcome(), "4 tensors");
}

TEST_F(Remote, ACommitThatNoHeadTells) {
  restart({.commit_in_head = false});
  EXPECT_EQ(outcome(), "4 tensors");
  EXPECT_EQ(hub_->requests()[1], "GET /api/models/org/name/revision/main");
}

TEST_F(Remote, ShardsThatAreNotThere) {
  fs::remove(dir_ / "hub/org/name" + "/" + kSecond);
  EXPECT_EQ(codes_of(Checkpoint::open("hf://org/name")),
            codes_of(Checkpoint::open(dir_ / "hub/org/name")));
}

TEST_F(Remote, FilesThatAreNoSafetensors) {
  const std::string file = dir_ / "hub/org/name" + "/" + kSecond;
  for (const std::string& bytes :
       {std::string(), std::string("{"), std::string(20, '\xff'), std::string(8, '\0') + "x",
        std::string("\x05\0\0\0\0\0\0\0{bad}", 13), std::string("PK\x03\x04 is a zip", 14)}) {
    write_file(file, bytes);
    fs::remove_all(dir_ / "cache");
    EXPECT_EQ(codes_or_failure("hf://org/name"), codes_or_failure(dir_ / "hub/org/name"))
        << bytes.size();
  }
}

TEST_F(Remote, TheTokenGoesToTheHubAlone) {
  restart({.token = "secret"});
  EXPECT_EQ(outcome(), "not-found: hf://org/name: not found on " + hub_->endpoint() +
                           ", or private: set HF_TOKEN to a token that may read it");
  {
    const Environment token("HF_TOKEN", "secret");
    EXPECT_EQ(outcome(), "4 tensors");
  }
  fs::remove_all(dir_ / "cache");
  fs::create_directories(dir_ / "cache/huggingface");
  write_file(dir_ / "cache/huggingface/token", "secret\n");
  EXPECT_EQ(outcome(), "4 tensors") << "of the file";
  write_many();
  EXPECT_EQ(outcome("hf://org/many"), "4000 tensors") << "a second range, of a signed address";
  EXPECT_FALSE(hub_->has_leaked());
  fs::remove_all(dir_ / "cache/ckptscope");
  const Environment implicit("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1");
  EXPECT_TRUE(outcome().starts_with("not-found: "));
}

struct FaultRow {
  std::vector<std::string> faults;
  std::string outcome;  // how it begins
};

TEST_F(Remote, EveryFaultHasItsCodeAndLeavesNothing) {
  const std::vector<FaultRow> rows{
      {{"limit"}, "4 tensors"},
      {{"down", "down"}, "4 tensors"},
      {{"gated"}, "no-permission: hf://org/name: its owner asks who downloads it"},
      {{"list"}, "bad-answer: "},
      {{"climb"}, "bad-answer: "},
      {{"loop*"}, "bad-answer: "},
      {{"whole*"}, "bad-answer: "},
      {{"shifted*"}, "bad-answer: "},
      {{"gzip*"}, "bad-answer: "},
      {{"other*"}, "bad-answer: "},
      {{"short"}, "4 tensors"},
  };
  for (const FaultRow& row : rows) {
    fs::remove_all(dir_ / "cache");
    restart({.faults = row.faults});
    const std::string got = outcome();
    EXPECT_TRUE(got.starts_with(row.outcome)) << row.faults.front() << ": " << got;
    const std::size_t kept = row.outcome == "4 tensors" ? 7 : 0;  // with two sums and a ref
    EXPECT_EQ(files_kept(), kept) << row.faults.front();
  }
  restart({.page = 2, .faults = {"abroad"}});
  fs::remove_all(dir_ / "cache");
  EXPECT_TRUE(outcome().starts_with("bad-answer: "));
  EXPECT_TRUE(outcome("hf://org/none").starts_with("not-found: "));
  EXPECT_TRUE(outcome("hf://org/name@v9").starts_with("not-found: ")) << "no such revision";
}

TEST_F(Remote, AddressesThatLeadElsewhereAreRefused) {
  for (const std::string path :
       {"hf://org/name@..%2F..%2Fx", "hf://org/name@a%2F%2Fb", "hf://org/name@%1b%5b31m",
        "hf://org/name/../x", "hf://org/na\x1bme"}) {
    const std::string got = outcome(path);
    EXPECT_TRUE(got.starts_with("usage: ")) << got;
    EXPECT_EQ(got.find('\x1b'), got.npos);
  }
  EXPECT_TRUE(outcome(hub_->endpoint() + "/org/name/tree/main/%1b%5b31m").starts_with("usage: "));
  EXPECT_EQ(asked(), 0u);
  // A ref is a file that anybody may have written.
  const Environment offline("HF_HUB_OFFLINE", "1");
  write_one(dir_ / "elsewhere", "model.safetensors", "secret");
  const std::string entry = dir_ / "cache/huggingface/hub/models--org--name";
  fs::create_directories(entry + "/snapshots");
  fs::create_directories(entry + "/refs");
  write_file(entry + "/refs/main", "../../../../../elsewhere");
  EXPECT_TRUE(outcome().starts_with("unreachable: ")) << outcome();
}

TEST_F(Remote, EndpointsThatAreNoneAreRefused) {
  for (const std::string endpoint : {"huggingface.co", "ftp://x", "https://user:pw@host",
                                     "http://192.0.2.2:8080", "http://127.evil.invalid"}) {
    const Environment other("HF_ENDPOINT", endpoint);
    EXPECT_TRUE(outcome().starts_with("usage: HF_ENDPOINT")) << endpoint << ": " << outcome();
  }
}

TEST_F(Remote, APartOfADownloadIsNotTheModel) {
  for (const char* name : {"a", "b"}) {
    write_one(dir_ / "hub/org/loose", std::string(name) + ".safetensors", name);
  }
  const std::string entry = dir_ / "cache/huggingface/hub/models--org--loose";
  const std::string snapshot = entry + "/snapshots/" + StandInHub::commit();
  fs::create_directories(snapshot);
  fs::copy(dir_ / "hub/org/loose/a.safetensors", snapshot);
  EXPECT_EQ(outcome("hf://org/loose"), "2 tensors");
  fs::copy(dir_ / "hub/org/loose/b.safetensors", snapshot);
  EXPECT_EQ(Checkpoint::open("hf://org/loose").location().remote, nullptr);
}

TEST_F(Remote, OddFilesOfTheListAreNobodysBusiness) {
  write_file(dir_ / "hub/org/name" + "/" + std::string(251, 'n') + ".bin", "x");
  write_file(dir_ / "hub/org/name/tokenizer.json", "{}");
  EXPECT_EQ(outcome(), "4 tensors");
  const Checkpoint there = Checkpoint::open("hf://org/name");
  EXPECT_FALSE(fs::exists(there.location().path_of("tokenizer.json"))) << "nothing stands for it";
}

TEST_F(Remote, ACopyOutlivesThePruning) {
  const Checkpoint there = Checkpoint::open("hf://org/name");
  const HeaderCache cache(dir_ / "cache/ckptscope/headers", 1'000'000);
  const auto old = fs::file_time_type::clock::now() - std::chrono::hours(72);
  const auto copy = [&](int number) {
    HeaderCache::Draft draft(cache);
    draft.write("f", std::string(200'000, 'x'));
    return draft.finish("host/many", "c" + std::to_string(number));
  };
  for (int i = 0; i < 10; ++i) fs::last_write_time(copy(i), old + std::chrono::minutes(i));
  copy(10);
  const auto is_kept = [&](int number) {
    return !cache.find("host/many", "c" + std::to_string(number)).empty();
  };
  EXPECT_FALSE(is_kept(0)) << "what was not used for longest goes";
  EXPECT_TRUE(is_kept(9));
  EXPECT_TRUE(fs::exists(there.location().directory)) << "it was used just now";
  fs::last_write_time(there.location().directory, old);
  const Checkpoint again = Checkpoint::open("hf://org/name");
  copy(11);
  EXPECT_TRUE(fs::exists(again.location().directory)) << "and again";
  fs::last_write_time(cache.find("host/many", "c11"), old);
  EXPECT_TRUE(fs::exists(copy(11))) << "it was there, and is what is asked for";
}

TEST_F(Remote, StopsWhenItIsAskedTo) {
  Progress progress;
  progress.request_stop();
  EXPECT_THROW(copy_headers("hf://org/name", &progress), Error);
  EXPECT_EQ(files_kept(), 0u);
}

// ---- values -------------------------------------------------------------------------------------

std::string first_bytes(const Checkpoint& checkpoint, std::uint32_t tensor) {
  std::string bytes(8, '\0');
  CheckpointSource(checkpoint).read(tensor, 0, std::as_writable_bytes(std::span(bytes)));
  return bytes;
}

TEST_F(Remote, ValuesAreFetchedUpToACap) {
  const Checkpoint here = Checkpoint::open(dir_ / "hub/org/name");
  const Checkpoint there = Checkpoint::open("hf://org/name");
  RemoteValues& remote = *there.location().remote;
  Progress progress;
  for (std::uint32_t i = 0; i < 4; ++i) EXPECT_EQ(first_bytes(there, i), first_bytes(here, i));
  const std::size_t before = asked();
  for (std::uint32_t i = 0; i < 4; ++i) first_bytes(there, i);
  EXPECT_EQ(asked(), before) << "they are kept";
  {
    const FetchAllowance few(&remote, 4, progress);
    EXPECT_THROW(remote.require(5), Error);
    EXPECT_NO_THROW(remote.require(4));
  }
  {
    const Checkpoint again = Checkpoint::open("hf://org/name");
    const std::size_t open = asked();
    const FetchAllowance few(again.location().remote.get(), 4, progress);
    EXPECT_THROW(first_bytes(again, 0), Error);
    EXPECT_EQ(asked(), open) << "nothing is fetched before it is refused";
  }
  {
    const Checkpoint again = Checkpoint::open("hf://org/name");
    const FetchAllowance all(again.location().remote.get(), 32, progress);
    again.location().remote->require(32);
    for (std::uint32_t i = 0; i < 4; ++i) EXPECT_EQ(first_bytes(again, i), first_bytes(here, i));
    EXPECT_THROW(again.location().remote->require(1), Error) << "all of it was used, and no more";
  }
  {
    const Checkpoint again = Checkpoint::open("hf://org/name");
    const FetchAllowance all(again.location().remote.get(), 1000, progress);
    progress.request_stop();
    EXPECT_THROW(first_bytes(again, 0), Error) << "it may be stopped";
  }
  EXPECT_THROW(there.require_values("convert"), Error);
  EXPECT_NO_THROW(here.require_values("convert"));
}

TEST_F(Remote, SumsOfTheHubAreFoundAsThoseOfADownload) {
  const Checksums sums = hub_checksums(Checkpoint::open("hf://org/name"));
  ASSERT_EQ(sums.size(), 2u);
  Sha256 sum;
  const std::string bytes = read_file(dir_ / "hub/org/name" + "/" + kFirst);
  sum.add(std::as_bytes(std::span(bytes)));
  EXPECT_EQ(sums.at(kFirst), sum.digest());
}

// ---- one URL ------------------------------------------------------------------------------------

class Url : public Remote {
 protected:
  std::string serve(const std::string& head) const {
    const std::size_t begin = head.find(' ') + 2;
    const std::string name = head.substr(begin, head.find_first_of(" ?", begin) - begin);
    const std::string path = dir_ / "hub/org/name/" + name;
    if (name == "config.json" && !fs::exists(path)) return http_answer("410 Gone", "");
    if (!fs::is_regular_file(path)) {
      return http_answer("404 Not Found", std::string(100'000, '<'));  // a page for people
    }
    const std::string bytes = read_file(path);
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    const std::size_t range = head.find("bytes=");
    if (range == head.npos) return http_answer("200 OK", bytes);
    if (bytes.empty()) {
      return http_answer("416 Range Not Satisfiable", "", {"Content-Range: bytes */0"});
    }
    std::sscanf(head.c_str() + range, "bytes=%lu-%lu", &first, &last);
    last = std::min<std::uint64_t>(last, bytes.size() - 1);
    return http_answer("206 Partial Content", bytes.substr(first, last - first + 1),
                       {fmt::format("Content-Range: bytes {}-{}/{}", first, last, bytes.size())});
  }

  const ScriptedServer server_{
      [this](const std::string& head, std::size_t) { return serve(head); }};
};

TEST_F(Url, OneShardOrAnIndex) {
  EXPECT_EQ(outcome(server_.origin() + "/" + kFirst), "2 tensors");
  EXPECT_EQ(outcome(server_.origin() + "/" + kFirst + "?sig=abc"), "2 tensors");
  EXPECT_EQ(outcome(server_.origin() + "/" + kIndex), "4 tensors");
  const Checkpoint there = Checkpoint::open(server_.origin() + "/" + kIndex);
  EXPECT_EQ(there.config().text("model_type"), "x") << "config.json lies beside it";
  EXPECT_EQ(first_bytes(there, 0), first_bytes(Checkpoint::open(dir_ / "hub/org/name"), 0));
  EXPECT_TRUE(outcome(server_.origin() + "/none.safetensors").starts_with("not-found: "));
  EXPECT_TRUE(outcome(server_.origin() + "/README.md").starts_with("usage: "));
  EXPECT_EQ(Checkpoint::open(server_.origin() + "/" + kFirst + "?sig=abc").name(), kFirst);
  const Environment offline("HF_HUB_OFFLINE", "1");
  EXPECT_TRUE(outcome(server_.origin() + "/" + kFirst).starts_with("unreachable: "));
}

TEST_F(Url, SaysOfShardsWhatTheDirectorySays) {
  const std::string directory = dir_ / "hub/org/name";
  fs::remove(directory + "/config.json");
  fs::remove(directory + "/" + kSecond);
  const std::string index = server_.origin() + "/" + kIndex;
  EXPECT_EQ(codes_or_failure(index), codes_or_failure(directory)) << "one is not there";
  write_file(directory + "/" + kSecond, "");
  EXPECT_EQ(codes_or_failure(index), codes_or_failure(directory)) << "one is empty";
}

TEST_F(Url, IsAskedForEachTime) {
  EXPECT_EQ(outcome(server_.origin() + "/" + kFirst), "2 tensors");
  write_one(dir_ / "hub/org/name", kFirst, "another");
  EXPECT_EQ(outcome(server_.origin() + "/" + kFirst), "1 tensors");
}

}  // namespace
}  // namespace ckptscope::testing
