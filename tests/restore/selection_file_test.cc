// A selection as a JSON document: what is refused, and that exact names choose nothing else.
#include "restore/selection_file.h"

#include <fstream>

#include <gmock/gmock.h>

#include "base/bytes.h"
#include "base/error.h"
#include "restore/restore_request.h"
#include "store/format/crypto.h"
#include "tests/restore/run_fixture.h"
#include "tests/servers/mail_generator.h"

namespace restore {
namespace {

using programs::json;

// The error's text; empty if the selection is accepted.
std::string refusal_of(std::string_view text) {
  try {
    parse_selection(text);
    return "";
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), base::ErrorCode::kUsage);
    return error.what();
  }
}

TEST(SelectionFileTest, HasTheFieldsOfTheCommandLine) {
  const SelectionOptions selection = parse_selection(
      R"({"at": "yesterday", "folders": ["--all", "a*"], "globs": ["b*"], "subfolders": true,
          "messages": ["0123456789abcdef"], "query": "from:bob", "since": "2026-01-01",
          "before": "2026-02-01", "missing": true})");
  EXPECT_EQ(selection.at, "yesterday");
  EXPECT_THAT(selection.exact_folders, testing::ElementsAre("--all", "a*"));
  EXPECT_THAT(selection.folders, testing::ElementsAre("b*"));
  EXPECT_TRUE(selection.subfolders);
  EXPECT_THAT(selection.messages, testing::ElementsAre("0123456789abcdef"));
  EXPECT_EQ(selection.query, "from:bob");
  EXPECT_EQ(selection.since, "2026-01-01");
  EXPECT_EQ(selection.before, "2026-02-01");
  EXPECT_TRUE(selection.missing);
  EXPECT_FALSE(selection.all);
  EXPECT_TRUE(parse_selection(R"({"all": true, "at": "today"})").all);
  EXPECT_FALSE(selects_some(parse_selection("{}")));
}

TEST(SelectionFileTest, RejectsInvalidFieldsByName) {
  const std::vector<std::pair<std::string, std::string>> wrong = {
      {"", "not a JSON document"},
      {"{", "not a JSON document"},
      {"{} {}", "not a JSON document"},
      {"[]", ""},
      {R"({"at": 1e999})", "a number is too large"},
      {R"({"folder": ["INBOX"]})", "/folder: unknown key"},
      {R"({"folders": "INBOX"})", "/folders"},
      {R"({"folders": []})", "/folders"},
      {R"({"folders": [""]})", "/folders/0"},
      {R"({"folders": ["a", 7]})", "/folders/1"},
      {R"({"folders": ["a", "b", "a"]})", "/folders/2: it is given twice"},
      {R"({"folders": ["a"], "folders": ["b"]})", "/folders: it is given twice"},
      {R"({"folders": ["a\u0000b"]})", "/folders/0: it has a NUL character"},
      {R"({"query": "a\u0000"})", "/query: it has a NUL character"},
      {"{\"folders\": [\"\xFC\"]}", "not UTF-8"},
      {R"({"folders": ["\ud800"]})", "not a JSON document"},
      {R"({"messages": ["xyz"]})", "/messages/0: not a message's id"},
      {R"({"at": null})", "/at"},
      {R"({"missing": "yes"})", "/missing"},
      {R"({"all": true, "folders": ["a"]})", "/folders: it can't be combined with /all"},
      {"{\"at\": \"" + std::string(kMaxSelectionBytes, 'x') + "\"}", "more than 16 MiB"}};
  for (const auto& [text, why] : wrong) {
    const std::string refusal = refusal_of(text);
    const std::string shown = text.substr(0, 80);
    EXPECT_THAT(refusal, testing::StartsWith("--selection: ")) << shown;
    EXPECT_THAT(refusal, testing::HasSubstr(why)) << shown;
  }
}

TEST(SelectionFileTest, ExactNamesStayExactWhenTheRunIsResumed) {
  RestoreRequest request{"alice", parse_selection(R"({"folders": ["a*"]})")};
  request.selection.asked = std::chrono::sys_seconds();
  request.made_after = 7;
  EXPECT_FALSE(read_request(write_request(request)).promised);
  EXPECT_FALSE(read_request(write_request(request)).not_before);
  request.promised = std::chrono::sys_seconds(std::chrono::days(20'000));
  request.not_before = std::chrono::sys_seconds(std::chrono::days(19'000));
  EXPECT_TRUE(read_request(write_request(request)).selection.query_times.empty());
  request.selection.query_times = {{"01234567", *request.not_before}, {"today", *request.promised}};
  const RestoreRequest again = read_request(write_request(request));
  EXPECT_EQ(again.selection.query_times, request.selection.query_times);
  EXPECT_THAT(again.selection.exact_folders, testing::ElementsAre("a*"));
  EXPECT_TRUE(again.selection.folders.empty());
  EXPECT_EQ(again.made_after, 7U);
  EXPECT_EQ(again.promised, request.promised);
  EXPECT_EQ(again.not_before, request.not_before);
}

class SelectionRunTest : public RunTest {
 protected:
  std::string write(const json& selection) const {
    const base::Path file = mailstow_.directory() / "selection.json";
    std::ofstream(file) << selection.dump();
    return file.string();
  }

  // The folders that a dry run would restore.
  std::vector<std::string> chosen(const json& selection) const {
    const json report =
        mailstow_.restore_json({"run", "alice", "--dry-run", "--selection", write(selection)});
    std::vector<std::string> names;
    for (const json& folder : report["folders"]) names.push_back(folder["source"]);
    return names;
  }
};

TEST_F(SelectionRunTest, ExactNamesSelectOnlyThatFolder) {
  servers::MailGenerator mail(6);
  auto alice = server_.client("alice");
  for (const char* name : {"a*", "ab", "A*", "a*/below", "--all", "%2A"}) {
    alice.try_command("CREATE " + servers::quote(name));
    alice.append(name, std::vector<servers::Delivery>{{mail.plain(), {}}});
  }
  back_up();
  // Each name as the command prints it chooses this folder alone.
  const json folders = mailstow_.restore_json({"folders", "alice"})["folders"];
  ASSERT_GE(folders.size(), 6U);
  for (const json& folder : folders) {
    const std::string name = folder["folder"];
    EXPECT_THAT(chosen({{"folders", json::array({name})}}), testing::ElementsAre(name));
  }
  EXPECT_THAT(chosen({{"folders", json::array({"a*"})}, {"subfolders", true}}),
              testing::UnorderedElementsAre("a*", "a*/below"));
  EXPECT_THAT(chosen({{"globs", json::array({"a?"})}, {"folders", json::array({"--all"})}}),
              testing::UnorderedElementsAre("a*", "ab", "--all"));
  for (const char* name : {"*", "inbox", "a%2A", "a*\n", "a?", "a"}) {
    const auto refused = mailstow_.restore(
        {"run", "alice", "--dry-run", "--selection", write({{"folders", json::array({name})}})});
    EXPECT_EQ(refused.status, 1) << name;
  }
}

TEST_F(SelectionRunTest, TheAuditLogHasTheSelection) {
  servers::MailGenerator mail(7);
  server_.client("alice").append("INBOX", std::vector<servers::Delivery>{{mail.plain(), {}}});
  back_up();
  const std::string text = R"({"folders": ["INBOX"], "globs": ["Entw\u00fcrfe*"]})";
  const auto dry_run = servers::run_program(
      mailstow_.restore_command({"run", "alice", "--dry-run", "--selection", "-"}), text);
  EXPECT_EQ(dry_run.status, 1) << dry_run.err;  // no folder matches the glob
  const std::string file = write({{"all", true}, {"at", "now"}});
  const std::string to = (mailstow_.directory() / "exported").string();
  mailstow_.restore_json({"export", "alice", "--format", "eml", "--to", to, "--selection", file});
  EXPECT_EQ(mailstow_.restore({"run", "alice", "--selection", write({{"foo", 1}})}).status, 2);

  std::vector<json> lines;
  std::ifstream log(mailstow_.index() / "audit.log");
  for (std::string line; std::getline(log, line);) lines.push_back(json::parse(line));
  ASSERT_EQ(lines.size(), 2U) << "a document that is refused chooses nothing";
  const json& chosen = lines[0]["selection"];
  EXPECT_EQ(chosen["folders"], json::array({"INBOX"}));
  EXPECT_EQ(chosen["globs"], json::array({"Entw\u00fcrfe*"}));
  EXPECT_EQ(chosen["sha256"], store::sha256(base::as_bytes(text)).hex());
  EXPECT_EQ(lines[1]["command"], "export");
  EXPECT_EQ(lines[1]["selection"]["all"], true);
  EXPECT_EQ(lines[1]["selection"]["at"], "now");
}

TEST_F(SelectionRunTest, StandsAlone) {
  servers::MailGenerator mail(7);
  server_.client("alice").append("INBOX", std::vector<servers::Delivery>{{mail.plain(), {}}});
  back_up();
  const std::string file = write({{"folders", json::array({"INBOX"})}});
  for (const std::vector<std::string>& others :
       std::vector<std::vector<std::string>>{{"--folder", "INBOX"},
                                             {"--at", "now"},
                                             {"--missing"},
                                             {"--message", "0123456789abcdef"},
                                             {"--all"},
                                             {"--resume", "RESTORED"}}) {
    std::vector<std::string> arguments = {"run", "alice", "--selection", file};
    arguments.insert(arguments.end(), others.begin(), others.end());
    EXPECT_EQ(mailstow_.restore(arguments).status, 2) << testing::PrintToString(others);
  }
  EXPECT_EQ(mailstow_.restore({"run", "alice", "--selection", file + ".not"}).status, 2);
  EXPECT_EQ(mailstow_.restore({"run", "alice", "--selection", write(json::object())}).status, 2);
  EXPECT_EQ(mailstow_.restore({"run", "alice", "--selection", write({{"foo", 1}})}).status, 2);
  EXPECT_TRUE(mailstow_.restore_json({"trees"})["trees"].empty()) << "nothing was begun";

  const std::string to = (mailstow_.directory() / "exported").string();
  write({{"folders", json::array({"INBOX"})}});
  const json exported = mailstow_.restore_json(
      {"export", "alice", "--format", "eml", "--to", to, "--selection", file});
  ASSERT_EQ(exported["folders"].size(), 1U);
  EXPECT_EQ(exported["folders"][0]["exported"], 1);
  const auto restored = servers::run_program(
      mailstow_.restore_command({"run", "alice", "--json", "--selection", "-"}),
      R"({"folders": ["INBOX"]})");
  EXPECT_EQ(restored.status, 0) << restored.err;
  EXPECT_EQ(json::parse(restored.out)["folders"][0]["restored"], 1);
}

}  // namespace
}  // namespace restore
