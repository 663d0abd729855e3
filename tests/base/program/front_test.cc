#include "base/program/front.h"

#include <array>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

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
            {.name = "read",
             .help = "Read input that the audit log shows",
             .is_audited = always,
             .read_input =
                 [this] {
                   if (input_.empty()) fail(ErrorCode::kUsage, "read: the input is empty");
                 },
             .audit_details =
                 [this] {
                   return nlohmann::ordered_json{{"input", input_}};
                 },
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

  // The same, with `document` on a descriptor for --on-behalf-of-fd.
  int run_for(const std::string& document, std::vector<std::string> arguments) {
    std::array<int, 2> ends{};
    EXPECT_EQ(0, ::pipe2(ends.data(), O_CLOEXEC));
    EXPECT_EQ(static_cast<ssize_t>(document.size()),
              ::write(ends[1], document.data(), document.size()));
    ::close(ends[1]);
    arguments.insert(arguments.begin(), {"--config", config()});
    arguments.insert(arguments.end(), {"--on-behalf-of-fd", std::to_string(ends[0])});
    const int status = run(arguments);
    EXPECT_EQ(-1, ::fcntl(ends[0], F_GETFD)) << "it is closed";
    return status;
  }

  std::vector<json> audit_lines() const {
    std::ifstream log(directory_.path() / "index" / "audit.log");
    std::vector<json> lines;
    for (std::string line; std::getline(log, line);) lines.push_back(json::parse(line));
    return lines;
  }

  tests::TemporaryDirectory directory_;
  std::string program_name_ = "program";
  std::string looked_at_;
  std::string input_;  // of the command "read"
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
  const std::vector<json> lines = audit_lines();
  ASSERT_EQ(1U, lines.size());
  const json& line = lines.front();
  EXPECT_EQ("key add", line["command"]);
  EXPECT_EQ("bob", line["account"]);
  EXPECT_EQ((json{"--config", config(), "key", "add", "bob"}), line["arguments"]);
}

TEST_F(FrontTest, TheAuditLogHasInputReadBeforeTheCommandBegan) {
  input_ = "Entw\u00fcrfe";
  EXPECT_EQ(0, run({"--config", config(), "read"})) << err_;
  input_.clear();
  EXPECT_EQ(2, run({"--config", config(), "read"}));
  const std::vector<json> lines = audit_lines();
  ASSERT_EQ(1U, lines.size()) << "input that is refused asks for nothing";
  EXPECT_EQ("read", lines.front()["command"]);
  EXPECT_EQ("Entw\u00fcrfe", lines.front()["input"]);
}

TEST_F(FrontTest, TheAuditLogNamesThePersonBesideTheUser) {
  const std::string person = R"({"person": "anna@example.org", "role": "helpdesk", )";
  EXPECT_EQ(0, run_for(person + R"("client": "192.0.2.7"})", {"key", "add", "bob"})) << err_;
  EXPECT_EQ(0, run_for(person + R"("client": "2001:db8::7"})" + "\n", {"key", "add", "bob"}));
  EXPECT_EQ(3, run_for(person + R"("client": "192.0.2.7"})", {"look", "alice"}));
  EXPECT_EQ("alice", looked_at_) << "a command without a line accepts it too";
  EXPECT_EQ(0, run({"--config", config(), "key", "add", "bob"}));
  const std::vector<json> lines = audit_lines();
  ASSERT_EQ(3U, lines.size());
  EXPECT_EQ("anna@example.org", lines[0]["person"]);
  EXPECT_EQ("helpdesk", lines[0]["role"]);
  EXPECT_EQ("192.0.2.7", lines[0]["client"]);
  EXPECT_EQ("2001:db8::7", lines[1]["client"]);
  EXPECT_FALSE(lines[2].contains("person"));
  EXPECT_EQ(lines[0]["user"], lines[2]["user"]) << "the Unix user stays";
  EXPECT_FALSE(lines[0]["user"].get<std::string>().empty());
}

TEST_F(FrontTest, ABadDocumentAboutThePersonEndsTheCommandBeforeItBegins) {
  const auto with = [](const std::string& person, const std::string& role = "owner",
                       const std::string& client = "192.0.2.7") {
    return R"({"person": ")" + person + R"(", "role": ")" + role + R"(", "client": ")" + client +
           R"("})";
  };
  const std::vector<std::pair<std::string, std::string>> refused = {
      {"", "one JSON object"},
      {"null", "one JSON object"},
      {"[" + with("a") + "]", "one JSON object"},
      {with("a") + with("b"), "one JSON object"},
      {with("a\xff"), "one JSON object"},
      {with("a\n"), "one JSON object"},
      {with("a\\u000a"), "person: it has a control character"},
      {with("a\\u0000b"), "person: it has a control character"},
      {with("a\\u202eb"), "person: it has a control character"},
      {with("a\x7f"), "person: it has a control character"},
      {with(""), "person: the value is empty"},
      {with(std::string(257, 'a')), "person: it is longer than 256 bytes"},
      {with("a") + std::string(4'096, ' '), "longer than 4096 bytes"},
      {with("a", ""), "role: the value is empty"},
      {with("a", "Owner"), "lower-case letters"},
      {with("a", std::string(33, 'a')), "role: it is longer than 32 bytes"},
      {with("a", "owner", "example.org"), "an IPv4 or IPv6 address"},
      {with("a", "owner", "192.0.2.7:80"), "an IPv4 or IPv6 address"},
      {R"({"person": "a", "role": "owner"})", "must have the key client"},
      {R"({"person": 7, "role": "owner", "client": "192.0.2.7"})", "must have the key person"},
      {R"({"person": "a", "role": "owner", "client": "192.0.2.7", "user": "root"})",
       "unknown key user"},
      {R"({"person": "a", "person": "b", "role": "owner", "client": "192.0.2.7"})",
       "/person: it is given twice"}};
  for (const auto& [document, why] : refused) {
    EXPECT_EQ(2, run_for(document, {"key", "add", "bob"})) << document;
    EXPECT_THAT(err_, StartsWith("program: --on-behalf-of-fd: ")) << document;
    EXPECT_THAT(err_, HasSubstr(why)) << document;
    EXPECT_EQ(2, run_for(document, {"look", "alice", "--json"})) << document;
    EXPECT_EQ("usage", json::parse(out_)["error"]["code"]);
  }
  for (const char* number : {"0", "1", "2", "987654", "4294967295", "x", "-1"}) {
    EXPECT_EQ(
        2, run({"--config", config(), "look", "alice", std::string("--on-behalf-of-fd=") + number}))
        << number;
  }
  EXPECT_THAT(audit_lines(), IsEmpty());
  EXPECT_THAT(looked_at_, IsEmpty());
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

TEST(ErrorDocumentTest, IsDistinguishedFromEveryOtherDocument) {
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

TEST_F(FrontTest, ACommandWithoutADocumentRejectsJson) {
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
