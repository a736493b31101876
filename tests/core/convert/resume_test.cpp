// A conversion that was interrupted goes on where it was: what is done is not done again, and what
// comes out is what an undisturbed run makes, byte for byte.

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "core/output/staging.hpp"
#include "tests/support/prepared.hpp"

namespace ckptscope::testing {
namespace {

class Resume : public ::testing::Test {
 protected:
  Resume() {
    one.options.max_shard_bytes = 20'000;
    one.options.resources.threads = 1;
    one.options.leftover = Leftover::Resume;
    Prepared other("gpt_oss-mxfp4");
    other.options.max_shard_bytes = 20'000;
    shards = other.run().shards.size();
    undisturbed = contents(other.options.out.text());
  }

  /// Leaves `done` shards behind.
  void interrupt(std::size_t done) {
    StoppingProgress progress(done);
    EXPECT_EQ(code_of([&] { convert(one.checkpoint, one.plan, one.options, progress); }),
              Code::Interrupted);
  }
  std::string partial() const { return one.options.out.text() + ".partial"; }
  /// Of the shards that are done: name to inode and time.
  std::map<std::string, std::pair<ino_t, std::int64_t>> stamps(const std::string& directory) const {
    std::map<std::string, std::pair<ino_t, std::int64_t>> found;
    for (const auto& [name, text] : contents(directory)) {
      struct stat status {};
      EXPECT_EQ(::stat((directory + "/" + name).c_str(), &status), 0);
      if (name.ends_with(".safetensors")) found[name] = {status.st_ino, status.st_mtim.tv_nsec};
    }
    return found;
  }
  std::string refusal() {
    try {
      one.run();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::Exists);
      return error.what();
    }
    return "";
  }

  Prepared one{"gpt_oss-mxfp4"};
  std::size_t shards = 0;
  std::map<std::string, std::string> undisturbed;
};

TEST_F(Resume, GoesOnAfterEveryNumberOfShards) {
  ASSERT_GT(shards, 4u);
  for (std::size_t done = 0; done < shards; ++done) {
    SCOPED_TRACE(done);
    interrupt(done);
    const auto before = done > 0 ? stamps(partial()) : decltype(stamps("")){};
    EXPECT_EQ(before.size(), done);
    const ConvertReport report = one.run();
    EXPECT_EQ(report.notes, done == 0 ? std::vector<std::string>{}
                                      : std::vector<std::string>{fmt::format(
                                            "went on after {} of {} shards", done, shards)});
    EXPECT_EQ(contents(one.options.out.text()), undisturbed);
    EXPECT_EQ(one.beside(), (std::set<std::string>{"out", "source"}));
    const auto after = stamps(one.options.out.text());
    for (const auto& [name, stamp] : before) EXPECT_EQ(after.at(name), stamp) << name;
    std::filesystem::remove_all(one.options.out.text());
  }
}

TEST_F(Resume, AnInterruptionLeavesNothingUnlessThatIsAskedFor) {
  one.options.leftover = Leftover::Refuse;
  interrupt(2);
  EXPECT_EQ(one.beside(), std::set<std::string>{"source"});
}

TEST_F(Resume, WhatIsDoneIsNeitherClearedNorTakenWithoutAWord) {
  interrupt(2);
  const auto before = contents(partial());
  one.options.leftover = Leftover::Refuse;
  EXPECT_NE(refusal().find("2 of " + std::to_string(shards) + " shards of an interrupted"),
            std::string::npos);
  EXPECT_EQ(contents(partial()), before);
  one.options.leftover = Leftover::Restart;
  EXPECT_EQ(one.run().notes,
            std::vector<std::string>{"cleared what an interrupted conversion had left"});
  EXPECT_EQ(contents(one.options.out.text()), undisturbed);
}

TEST_F(Resume, OfOtherWorkIsRefusedAndSaysInWhat) {
  interrupt(2);
  one.options.max_shard_bytes = 30'000;
  EXPECT_NE(refusal().find("begun with another --max-shard-size"), std::string::npos);
  one.options.max_shard_bytes = 20'000;
  one.plan.options.allow.insert("overflow");
  EXPECT_NE(refusal().find("begun with another --allow"), std::string::npos);
  one.plan.options.allow.clear();
  EXPECT_EQ(contents(partial()).size(), 2u);
  one.run();
  EXPECT_EQ(contents(one.options.out.text()), undisturbed);
}

/// Other values under the same headers.
TEST_F(Resume, ASourceThatHasChangedIsOther) {
  interrupt(2);
  const std::string shard = one.dir / "source/model-00003-of-00003.safetensors";
  std::string bytes = read_file(shard);
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  write_file(shard, bytes);
  one.checkpoint = Checkpoint::open(one.dir / "source");
  one.plan = plan_conversion(one.checkpoint, {}).plan;
  EXPECT_NE(refusal().find("begun with sources that have changed since"), std::string::npos);
}

/// While it runs: nothing of that run stays, whatever was asked.
TEST_F(Resume, OfASourceThatChangesMeanwhileNothingStays) {
  class Touch final : public Progress {
   public:
    explicit Touch(std::string path) : path_(std::move(path)) {}
    void line(std::string_view text) override {
      if (text.starts_with("write     2/")) write_file(path_, read_file(path_));
    }

   private:
    std::string path_;
  };
  Touch progress(one.dir / "source/model-00003-of-00003.safetensors");
  EXPECT_EQ(code_of([&] { convert(one.checkpoint, one.plan, one.options, progress); }),
            Code::SourceChanged);
  EXPECT_EQ(one.beside(), std::set<std::string>{"source"});
}

TEST_F(Resume, OfAWholeOutputIsContent) {
  one.run();
  EXPECT_TRUE(one.run().skipped);
}

TEST_F(Resume, AShardThatIsNotItsRecordIsWrittenAgain) {
  interrupt(3);
  const auto before = contents(partial());
  const std::string& name = before.begin()->first;
  std::string bad = before.begin()->second;
  bad.back() = static_cast<char>(bad.back() ^ 1);
  write_file(partial() + "/" + name, bad);
  const ConvertReport report = one.run();
  EXPECT_EQ(report.notes.back(), name + ": is not what its record says; written again");
  EXPECT_EQ(contents(one.options.out.text()), undisturbed);
}

TEST_F(Resume, AShardThatWasNotReadBackIsWrittenAgainWhereThatIsAskedFor) {
  one.options.verify = VerifyLevel::None;
  interrupt(2);
  one.options.verify = VerifyLevel::ReadBack;
  EXPECT_TRUE(one.run().notes.back().ends_with(": was not read back; written again"));
  EXPECT_EQ(contents(one.options.out.text()), undisturbed);
}

/// A shard that is gone, half a record, a file that is not whole yet: none of them is done.
TEST_F(Resume, WhatHasNoRecordIsNotDone) {
  interrupt(3);
  const auto before = contents(partial());
  auto name = before.begin();
  std::filesystem::remove(partial() + "/" + name++->first);
  write_file(partial() + "/ckptscope.journal/" + name->first + ".done", "{");
  write_file(partial() + "/" + name->first + ".0123456789abcdef.tmp", "half");
  EXPECT_EQ(one.run().notes.front(), fmt::format("went on after 1 of {} shards", shards));
  EXPECT_EQ(contents(one.options.out.text()), undisturbed);
}

TEST_F(Resume, AFileOfSomebodyElseStandsInTheWay) {
  interrupt(2);
  write_file(partial() + "/NOTES.txt", "measured for a week");
  EXPECT_NE(refusal().find("NOTES.txt in it is not of the conversion"), std::string::npos);
  EXPECT_EQ(read_file(partial() + "/NOTES.txt"), "measured for a week");
}

}  // namespace
}  // namespace ckptscope::testing
