// An output appears whole or not at all, and nothing that was there is lost.

#include "core/output/staging.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <thread>

#include "core/output/receipt.hpp"
#include "tests/support/prepared.hpp"
#include "tests/support/sanitizers.hpp"

namespace ckptscope::testing {
namespace {

namespace fs = std::filesystem;

/// What a run leaves in its staging directory before its first file.
void write_journal(const std::string& directory, const std::string& output,
                   const std::vector<std::string>& files) {
  const UniqueFd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  StagedWork work;
  work.program = program_version();
  work.output = output;
  work.files = files;
  EXPECT_TRUE(JournalWriter(fd.get()).begin(work));
}

TEST(Output, IsLockedWhileAnotherWritesToIt) {
  Prepared one("gpt_oss-bf16");
  const Staging other(one.options.out, {}, {});
  EXPECT_EQ(code_of([&] { one.run(); }), Code::Locked);
}

TEST(Output, LeftoversOfAnInterruptedRunAreClearedOthersRefused) {
  Prepared one("gpt_oss-bf16");
  const std::string partial = one.options.out.text() + ".partial";
  fs::create_directory(partial);
  write_file(partial + "/model.safetensors", "half");
  EXPECT_EQ(code_of([&] { one.run(); }), Code::Exists);
  EXPECT_EQ(read_file(partial + "/model.safetensors"), "half");
  write_journal(partial, "out", {"model.safetensors"});
  write_file(partial + "/NOTES.txt", "measured for a week");
  EXPECT_EQ(code_of([&] { one.run(); }), Code::Exists);
  EXPECT_EQ(contents(partial).size(), 2u) << "all is kept where one file is not the run's";
  fs::remove(partial + "/NOTES.txt");
  const ConvertReport report = one.run();
  EXPECT_EQ(report.notes,
            std::vector<std::string>{"cleared what an interrupted conversion had left"});
  EXPECT_EQ(one.beside(), (std::set<std::string>{"out", "source"}));
}

// UBSan looks at objects through a pipe, for which there would be no descriptor either.
#ifndef CKPTSCOPE_SANITIZED
/// The first thing that fails behind the making of OUT.partial: there is no descriptor for it.
TEST(Output, NothingStaysOfAFailureAtTheStart) {
  Prepared one("gpt_oss-bf16");
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const UniqueFd lowest(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const rlimit none{static_cast<rlim_t>(lowest.get()) + 1, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const Code code = code_of([&] { Staging(one.options.out, {}, {}); });
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(row_of(code).exit, 3);
  EXPECT_EQ(one.beside(), std::set<std::string>{"source"});
}
#endif

/// Another part may commit while one reads what is done.
TEST(Output, IsReadWhileItGetsItsName) {
  Prepared one("gpt_oss-bf16");
  const std::string out = one.options.out.text();
  const std::string partial = partial_of(out);
  fs::create_directory(partial);
  const UniqueFd fd(::open(partial.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const StagedWork work{.output = "out", .files = {"a"}, .shards = {{"a", 4}}};
  JournalWriter(fd.get()).begin(work);
  JournalWriter(fd.get()).note_done("a", {.bytes = 4});
  write_file(partial + "/a", "done");
  ASSERT_EQ(read_done(partial, work).size(), 1u);
  std::jthread commits([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      fs::rename(partial, out);
      fs::rename(out, partial);
    }
  });
  for (int i = 0; i < 20'000; ++i) EXPECT_NO_THROW(read_done(partial, work));
}

/// Another part may do the same shard once more while one commits.
TEST(Output, AJournalGoesThoughRecordsComeMeanwhile) {
  Prepared one("gpt_oss-bf16");
  const std::string out = one.options.out.text();
  fs::create_directory(out);
  const UniqueFd fd(::open(out.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const JournalWriter journal(fd.get());
  for (int i = 0; i < 200; ++i) {
    journal.begin({.output = "out"});
    std::jthread records([&journal](const std::stop_token& stop) {
      try {
        while (!stop.stop_requested()) journal.note_done("a", {.bytes = 4});
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::NotFound) << "the journal is gone: " << error.what();
      }
    });
    journal.remove();
    EXPECT_TRUE(fs::is_empty(out));
  }
}

/// A part that does once more what another has committed, and then sees that a source has changed.
TEST(Output, ALatePartTakesNothingFromWhatIsCommitted) {
  Prepared one("gpt_oss-bf16");
  const StagedWork work{.files = {"a", std::string(kReceiptName)},
                        .shards = {{"a", 4}},
                        .conversion = Receipt().to_json()};
  const Staging::Options part{.role = Staging::Role::Part};
  std::optional<Staging> late;
  late.emplace(one.options.out, work, part);
  late->write_text("a", "done");
  {
    Staging first(one.options.out, work, part);
    first.write_text("a", "done");
    first.write_text(std::string(kReceiptName), "{}");
    first.commit();
  }
  EXPECT_EQ(code_of([&] { late->write_text("a", "else"); }), Code::Exists);
  late->distrust_made();
  late.reset();
  EXPECT_EQ(contents(one.options.out.text()),
            (std::map<std::string, std::string>{{"a", "done"}, {std::string(kReceiptName), "{}"}}));
}

TEST(Output, AFinishedOneIsNeverTakenForALeftover) {
  Prepared one("gpt_oss-bf16");
  const OutputPath wanted = one.options.out;
  one.options.out = wanted.text() + ".partial";
  one.run();
  write_file(one.options.out.text() + "/NOTES.txt", "measured for a week");
  const auto before = contents(one.options.out.text());
  one.options.out = wanted;
  EXPECT_EQ(code_of([&] { one.run(); }), Code::Exists);
  EXPECT_EQ(contents(wanted.text() + ".partial"), before);
}

TEST(Output, AJournalOfAnotherOutputProvesNothing) {
  Prepared one("gpt_oss-bf16");
  const std::string partial = one.options.out.text() + ".partial";
  fs::create_directory(partial);
  write_file(partial + "/model.safetensors", "whole, and renamed by its owner");
  write_journal(partial, "another", {"model.safetensors"});
  EXPECT_EQ(code_of([&] { one.run(); }), Code::Exists);
  EXPECT_EQ(contents(partial).size(), 1u);
}

/// As a kill between the exchange of OUT.partial and OUT and the renaming of the old one leaves it.
void interrupt_replacing(const Prepared& one) {
  const std::string out = one.options.out.text();
  fs::rename(out, out + ".partial");
  write_file(out + ".partial/mine", "precious");
  fs::create_directory(out);
  write_journal(out, "out", {});
}

TEST(Output, AKillWhileReplacingLosesNothing) {
  for (const ExistsPolicy policy : {ExistsPolicy::Replace, ExistsPolicy::Fail}) {
    Prepared one("gpt_oss-bf16");
    one.run();
    interrupt_replacing(one);
    one.options.if_exists = policy;
    if (policy == ExistsPolicy::Replace) {
      EXPECT_EQ(one.run().notes,
                std::vector<std::string>{"what a killed conversion had replaced is now " +
                                         one.options.out.text() + ".old-1"});
    } else {
      try {
        one.run();
        ADD_FAILURE() << "replaced";
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::Exists);
        const std::string_view message = error.what();
        EXPECT_TRUE(message.ends_with("what a killed conversion had replaced is now " +
                                      one.options.out.text() + ".old-1"))
            << message;
      }
    }
    EXPECT_EQ(read_file(one.options.out.text() + ".old-1/mine"), "precious");
    EXPECT_FALSE(fs::exists(one.options.out.text() + "/" + std::string(kJournalName)));
    EXPECT_FALSE(fs::exists(one.options.out.text() + ".partial"));
  }
}

/// A kill between the renaming and the removal of the journal.
TEST(Output, AJournalInACommittedOutputGoes) {
  Prepared one("gpt_oss-bf16");
  one.run();
  const std::string out = one.options.out.text();
  const auto before = contents(out);
  write_journal(out, "out", {"model.safetensors", std::string(kReceiptName)});
  one.options.if_exists = ExistsPolicy::Skip;
  EXPECT_TRUE(one.run().skipped);
  EXPECT_FALSE(fs::exists(out + "/" + std::string(kJournalName)));
  EXPECT_EQ(contents(out), before);
}

/// Somebody has given an unfinished output its name.
TEST(Output, AJournalWithoutAReceiptStays) {
  Prepared one("gpt_oss-bf16");
  const std::string out = one.options.out.text();
  fs::create_directory(out);
  write_journal(out, "out", {"model.safetensors", std::string(kReceiptName)});
  EXPECT_EQ(code_of([&] { one.run(); }), Code::Exists);
  EXPECT_TRUE(fs::exists(out + "/" + std::string(kJournalName)));
}

TEST(Output, AJournalThatWasJustBegunIsNothing) {
  for (const char* left : {"", "/work.0123456789abcdef.tmp"}) {
    Prepared one("gpt_oss-bf16");
    const std::string journal = one.options.out.text() + ".partial/" + std::string(kJournalName);
    fs::create_directories(journal);
    if (*left != 0) write_file(journal + left, "{");
    EXPECT_TRUE(one.run().notes.empty());
    EXPECT_EQ(one.beside(), (std::set<std::string>{"out", "source"}));
  }
}

TEST(Output, AFileThatSomebodyPutsIntoItIsNotRemoved) {
  Prepared one("gpt_oss-bf16");
  const std::string partial = one.options.out.text() + ".partial";
  {
    StagedWork work;
    work.files = {"a", "b"};
    Staging staging(one.options.out, work, {});
    staging.write_text("a", "ours");
    write_file(partial + "/b", "precious");
    EXPECT_EQ(code_of([&] { staging.write_text("b", "ours"); }), Code::Exists);
  }
  EXPECT_EQ(contents(partial), (std::map<std::string, std::string>{{"b", "precious"}}));
}

TEST(Output, ReplaceKeepsTheOldOneAndAFileIsNeverReplaced) {
  Prepared one("gpt_oss-bf16");
  one.options.if_exists = ExistsPolicy::Replace;
  fs::create_directory(one.options.out.text());
  EXPECT_EQ(one.run().replaced, "");  // an empty directory is nothing to keep
  write_file(one.options.out.text() + "/mine", "precious");
  EXPECT_EQ(one.run().replaced, one.options.out.text() + ".old-1");
  EXPECT_EQ(read_file(one.options.out.text() + ".old-1/mine"), "precious");
  EXPECT_EQ(one.run().replaced, one.options.out.text() + ".old-2");
  one.options.out = one.dir / "file";
  write_file(one.options.out.text(), "precious");
  EXPECT_EQ(code_of([&] { one.run(); }), Code::Exists);
  EXPECT_EQ(read_file(one.options.out.text()), "precious");
}

TEST(Output, IsNeverTheSourceByAnyName) {
  Prepared one("gpt_oss-bf16");
  fs::create_directory_symlink(one.dir / "source", one.dir / "link");
  for (const char* out : {"source", "source/", "source/below", "link", "link/below",
                          "source/../source/x", "./source"}) {
    one.options.out = one.dir / out;
    one.options.if_exists = ExistsPolicy::Replace;
    EXPECT_EQ(code_of([&] { one.run(); }), Code::SameFiles) << out;
  }
  Prepared inner("gpt_oss-bf16");
  inner.options.out = inner.dir.path();  // the directory that holds the source
  inner.options.if_exists = ExistsPolicy::Replace;
  EXPECT_EQ(code_of([&] { inner.run(); }), Code::SameFiles);
}

}  // namespace
}  // namespace ckptscope::testing
