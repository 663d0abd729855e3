#include "base/program/front.h"

#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "tests/temporary_directory.h"

namespace base {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

// A program with a store, and commands of every kind.
class FrontTest : public testing::Test {
 protected:
  FrontTest() {
    std::filesystem::create_directory(directory_.path() / "store");
    std::ofstream(config()) << json{{"store",
                                     {{"path", directory_.path() / "store"},
                                      {"index", directory_.path() / "index"},
                                      {"key_file", directory_.path() / "key"}}},
                                    {"servers", {{"main", {{"url", "imaps://127.0.0.1"}}}}},
                                    {"accounts", json::array()}};
    std::filesystem::create_directory(directory_.path() / "index");
  }

  std::string config() const { return (directory_.path() / "mailstow.json").string(); }

  int run(std::vector<std::string> arguments) {
    const auto name = std::make_shared<std::string>();
    const auto declare = [name](Options& options) {
      options.argument("NAME", *name, "The account").required();
    };
    const ProgramDescription program = {
        .name = "program",
        .purpose = "Tries commands.",
        .footer = "The end.",
        .version = "1",
        .groups = {{"key", "Manage keys"}},
        .commands = {
            {.name = "look",
             .help = "Look at it",
             .declare = declare,
             .function =
                 [this, name](const Environment&) {
                   looked_at_ = *name;
                   return ExitStatus::kPartial;
                 }},
            {.name = "key add",
             .help = "Add it",
             .declare = declare,
             .is_audited = always,
             .account = [name] { return *name; },
             .function = [](const Environment&) { return ExitStatus::kDone; }},
            {.name = "break",
             .help = "Fail",
             .function = [](const Environment&) -> ExitStatus {
               fail(ErrorCode::kNotFound, "break: no such thing: look elsewhere");
             }},
            {.name = "late",
             .help = "Fail after the result",
             .function = [](const Environment&) -> ExitStatus {
               print_result("{}\n");
               fail(ErrorCode::kIo, "late: the disk is gone");
             }},
            {.name = "plain",
             .help = "Print text only",
             .has_document = false,
             .function = [](const Environment&) { return ExitStatus::kDone; }},
            {.name = "examine",
             .help = "Examine the configuration",
             .without_environment =
                 [](const Path& file, OutputFormat) {
                   print_result(file.string());
                   return ExitStatus::kDone;
                 }},
        }};
    std::vector<char*> argv = {program_name_.data()};
    for (std::string& argument : arguments) argv.push_back(argument.data());
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const int status = run_program(program, static_cast<int>(argv.size()), argv.data());
    err_ = testing::internal::GetCapturedStderr();
    out_ = testing::internal::GetCapturedStdout();
    return status;
  }

  tests::TemporaryDirectory directory_;
  std::string program_name_ = "program";
  std::string looked_at_;
  std::string out_;
  std::string err_;
};

TEST_F(FrontTest, RunsTheCommandWithItsArguments) {
  EXPECT_EQ(3, run({"look", "alice", "--config", config()}));
  EXPECT_EQ("alice", looked_at_);
  EXPECT_THAT(err_, IsEmpty());
}

TEST_F(FrontTest, AnAuditedCommandIsLoggedWithItsAccount) {
  EXPECT_EQ(0, run({"--config", config(), "look", "alice"}) - 3);
  EXPECT_EQ(0, run({"--config", config(), "key", "add", "bob"}));
  std::ifstream log(directory_.path() / "index" / "audit.log");
  std::vector<std::string> lines;
  for (std::string line; std::getline(log, line);) lines.push_back(line);
  ASSERT_EQ(1U, lines.size());
  const json line = json::parse(lines.front());
  EXPECT_EQ("key add", line["command"]);
  EXPECT_EQ("bob", line["account"]);
  EXPECT_EQ((json{"--config", config(), "key", "add", "bob"}), line["arguments"]);
}

TEST_F(FrontTest, WithJsonAnErrorIsOneDocument) {
  EXPECT_EQ(1, run({"--config", config(), "break"}));
  EXPECT_EQ("program: break: no such thing: look elsewhere\n", err_);
  EXPECT_THAT(out_, IsEmpty());
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"--json", "break"}, {"break", "--json"}}) {
    std::vector<std::string> arguments = {"--config", config()};
    arguments.insert(arguments.end(), words.begin(), words.end());
    EXPECT_EQ(1, run(arguments));
    EXPECT_EQ((json{{"error",
                     {{"code", "not_found"}, {"message", "break: no such thing: look elsewhere"}}},
                    {"exit_status", 1}}),
              json::parse(out_));
    EXPECT_TRUE(is_error_document(out_));
    EXPECT_THAT(err_, StartsWith("program: break: "));
  }
  EXPECT_EQ(2, run({"--config", "/nonexistent/mailstow.json", "look", "alice", "--json"}));
  EXPECT_EQ("config", json::parse(out_)["error"]["code"]);
}

TEST(ErrorDocumentTest, IsToldFromEveryOtherDocument) {
  EXPECT_TRUE(is_error_document(R"({"error":{"code":"io","message":"m"},"exit_status":1})"));
  for (const char* other :
       {"", "{", "[]", "{}", R"({"error":"text"})", R"({"error":{}})", "null"}) {
    EXPECT_FALSE(is_error_document(other)) << other;
  }
}

TEST_F(FrontTest, AnErrorAfterTheResultIsNoSecondDocument) {
  EXPECT_EQ(1, run({"--config", config(), "late", "--json"}));
  EXPECT_EQ("{}\n", out_);
  EXPECT_THAT(err_, HasSubstr("the disk is gone"));
}

TEST_F(FrontTest, ACommandWithoutADocumentSaysSoAndRefusesJson) {
  EXPECT_EQ(0, run({"--config", config(), "plain"}));
  EXPECT_EQ(0, run({"plain", "--help"}));
  EXPECT_THAT(out_, HasSubstr("It prints no JSON document."));
  EXPECT_EQ(2, run({"--config", config(), "--json", "plain"}));
  EXPECT_EQ("usage", json::parse(out_)["error"]["code"]);
}

TEST_F(FrontTest, ACommandMayExamineTheConfigurationItself) {
  EXPECT_EQ(0, run({"--config", "/nonexistent", "examine"}));
  EXPECT_EQ("/nonexistent", out_);
}

TEST_F(FrontTest, WithoutACommandItPrintsTheHelpAndFails) {
  EXPECT_EQ(2, run({}));
  EXPECT_THAT(out_, HasSubstr("Look at it"));
  EXPECT_EQ(2, run({"key"}));
  EXPECT_THAT(out_, HasSubstr("Add it"));
}

}  // namespace
}  // namespace base
