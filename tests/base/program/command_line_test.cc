#include "base/program/command_line.h"

#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace base {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using Words = std::vector<std::string>;

// A program with every kind of option; each run() reads a command line from the beginning.
class CommandLineTest : public testing::Test {
 protected:
  // Returns the message on stderr; empty if the command line is valid.
  std::string run(const Words& arguments) {
    CLI::App app("A program", "program");
    app.fallthrough();
    app.add_option("--config", config, "A file")->type_name("FILE");
    app.add_flag("-q,--quiet", quiet, "Say less");
    app.add_flag("--json", json, "One document");
    auto* bring = app.add_subcommand("bring", "Bring it");
    bring->add_option("NAME", name, "Whose")->required();
    bring->add_option("WORDS", words, "Which");
    bring->add_option("-t,--to", to, "Where to")->option_text("PLACE");
    bring->add_option("--most", most, "How many");
    bring->add_option("--folder", folders, "Folders")
        ->expected(1)
        ->take_all()
        ->option_text("GLOB ...");
    bring->add_flag("--dry-run", dry_run, "Write nothing");
    auto* key = app.add_subcommand("key", "Keys");
    auto* add = key->add_subcommand("add", "One more");
    add->add_option("--file", file, "A file");
    testing::internal::CaptureStderr();
    testing::internal::CaptureStdout();
    status = parse_command_line(app, arguments, {bring});
    output = testing::internal::GetCapturedStdout();
    return testing::internal::GetCapturedStderr();
  }

  void expect_refused(const Words& arguments, const std::string& why) {
    EXPECT_THAT(run(arguments), HasSubstr(why));
    EXPECT_EQ(ExitStatus::kUsage, status) << testing::PrintToString(arguments);
  }

  std::optional<ExitStatus> status;
  std::string output;  // on stdout
  std::string config = "default";
  std::string name;
  std::string to;
  std::string file;
  Words words;
  Words folders;
  int most = 0;
  bool quiet = false;
  bool json = false;
  bool dry_run = false;
};

TEST_F(CommandLineTest, AnEmptyValueIsRejectedAndConsumesNothing) {
  expect_refused({"bring", "alice", "--to=", "--dry-run"},
                 "--to: the value is empty: write --to PL");
  expect_refused({"bring", "alice", "--to", "", "--dry-run"}, "--to: the value is empty");
  expect_refused({"bring", "alice", "--to="}, "--to: the value is empty");
  expect_refused({"bring", "alice", "-t", "", "--dry-run"}, "--to: the value is empty");
  expect_refused({"bring", "alice", "-t=", "--dry-run"}, "--to: the value is empty");
  expect_refused({"bring", "alice", "--most=", "7"}, "--most: the value is empty");
  expect_refused({"bring", "alice", "--folder", "a", "--folder=", "--dry-run"},
                 "--folder: the value is empty: write --folder GLOB, or leave it out");
  expect_refused({"--config=", "bring", "alice"}, "--config: the value is empty");
  expect_refused({"bring", "alice", "--config=", "--dry-run"}, "--config: the value is empty");
  expect_refused({"key", "add", "--file=", "--quiet"}, "--file: the value is empty");
  expect_refused({"bring", ""}, "NAME: the value is empty: write NAME");
  expect_refused({"bring", "alice", "a", ""}, "WORDS: the value is empty: write WORDS, or leave");
  expect_refused({"bring", "alice", "--dry-run="}, "--dry-run=: it takes no value");
}

TEST_F(CommandLineTest, AnOptionIsNotTheValueOfAnother) {
  expect_refused({"bring", "alice", "--to", "--dry-run"},
                 "--to: the value is missing, since --dry-run is an option: write --to PLACE, or "
                 "--to=--dry-run if that is the value");
  expect_refused({"bring", "alice", "--to", "-q"}, "-q is an option");
  expect_refused({"bring", "alice", "--to", "--most=3"}, "--most=3 is an option");
  expect_refused({"--config", "--quiet", "bring", "alice"}, "--config: the value is missing");
  expect_refused({"bring", "alice", "--to"}, "--to: the value is missing: write --to PLACE");
}

TEST_F(CommandLineTest, EveryOtherValueIsTakenUnchanged) {
  EXPECT_THAT(run({"bring", "alice", "a", "b", "--to=--dry-run", "--folder", "-x", "--folder=a=b",
                   "--folder", "--bogus", "--most=3", "-q", "--config", "file"}),
              IsEmpty());
  EXPECT_EQ(std::nullopt, status);
  EXPECT_EQ("--dry-run", to);
  EXPECT_THAT(folders, ElementsAre("-x", "a=b", "--bogus"));
  EXPECT_THAT(words, ElementsAre("a", "b"));
  EXPECT_EQ(3, most);
  EXPECT_EQ("file", config);
  EXPECT_TRUE(quiet);
  EXPECT_FALSE(dry_run);
}

TEST_F(CommandLineTest, AfterTwoDashesThereAreNoOptions) {
  EXPECT_THAT(run({"bring", "--", "alice", "--to=", "--dry-run"}), IsEmpty());
  EXPECT_THAT(words, ElementsAre("--to=", "--dry-run"));
  EXPECT_EQ("", to);
}

TEST_F(CommandLineTest, HelpIsNotAFailure) {
  EXPECT_THAT(run({"bring", "--help"}), IsEmpty());
  EXPECT_THAT(output, HasSubstr("--to PLACE"));
  EXPECT_EQ(ExitStatus::kDone, status);
}

TEST_F(CommandLineTest, AnUnknownCommandNamesTheNearestOne) {
  expect_refused({"birng", "alice"}, "birng: no such command: did you mean \"bring\"?");
  expect_refused({"-q", "birng"}, "birng: no such command: did you mean \"bring\"?");
  expect_refused({"key", "ad"}, "ad: no such command: did you mean \"add\"?");
  expect_refused({"frobnicate"}, "frobnicate: no such command\n");
  expect_refused({"\x1b[2J"}, R"(\x1B[2J: no such command)");
}

TEST_F(CommandLineTest, AnUnknownOptionNamesTheNearestOne) {
  expect_refused({"bring", "alice", "--dryrun"},
                 "--dryrun: no such option: did you mean \"--dry-run\"?");
  expect_refused({"bring", "alice", "--flder=x"},
                 "--flder: no such option: did you mean \"--folder\"?");
  expect_refused({"bring", "alice", "--quite"},
                 "--quite: no such option: did you mean \"--quiet\"?");
  expect_refused({"--dry-run", "bring"}, "--dry-run: no such option\n");
  expect_refused({"key", "add", "-x"}, "-x: no such option\n");
}

TEST_F(CommandLineTest, ShortOptionsMayBeJoined) {
  EXPECT_THAT(run({"key", "add", "-qq"}), IsEmpty());
  EXPECT_TRUE(quiet);
  EXPECT_THAT(run({"bring", "-tplace", "alice"}), IsEmpty());
}

TEST_F(CommandLineTest, ADashedWordIsAWordWhereTheCommandAllowsIt) {
  EXPECT_THAT(run({"bring", "alice", "-old", "--to", "-x", "-q"}), IsEmpty());
  EXPECT_THAT(words, ElementsAre(" -old"));
  EXPECT_EQ("-x", to);
  EXPECT_TRUE(quiet);
  expect_refused({"bring", "alice", "--old"}, "--old: no such option");
}

TEST_F(CommandLineTest, WithoutACommandItPrintsTheHelp) {
  EXPECT_THAT(run({}), IsEmpty());
  EXPECT_THAT(output, HasSubstr("bring"));
  EXPECT_EQ(ExitStatus::kUsage, status);
  EXPECT_THAT(run({"key"}), IsEmpty());
  EXPECT_THAT(output, HasSubstr("add"));
  EXPECT_EQ(ExitStatus::kUsage, status);
}

TEST_F(CommandLineTest, WithJsonAnErrorIsADocumentToo) {
  expect_refused({"--json", "birng"}, "birng: no such command");
  EXPECT_EQ(
      "{\n  \"error\": {\n    \"code\": \"usage\",\n    \"message\": \"birng: no such command: did "
      "you mean \\\"bring\\\"?\"\n  },\n  \"exit_status\": 2\n}\n",
      output);
  expect_refused({"--json"}, "a command is missing");
  EXPECT_THAT(output, HasSubstr("a command is missing"));
  expect_refused({"birng", "--", "--json"}, "birng: no such command");
  EXPECT_EQ("", output);
}

}  // namespace
}  // namespace base
