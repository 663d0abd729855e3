// The command line that the page shows is what the desk starts: a shell reads it as the same words.
#include "restore/desk/shown_command.h"

#include <filesystem>
#include <fstream>
#include <vector>

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include "tests/restore/desk/staffed_desk.h"
#include "tests/servers/process.h"

namespace desk {
namespace {

using testing::ElementsAre;

// As bash reads them.
std::vector<std::string> words_of(const std::string& line) {
  const std::string text = servers::run_program({"bash", "-c", "printf '%s\\0' " + line}).out;
  std::vector<std::string> words;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find('\0', begin);
    words.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return words;
}

std::vector<std::string> shown_words(const json& asked) {
  return words_of(shown_command(nlohmann::ordered_json(asked)));
}

TEST(ShownCommandTest, ARestoreHasEachPartOfItsSelection) {
  const json selection = {{"at", std::string(64, 'a')},
                          {"folders", {"Entwürfe", "what?"}},
                          {"globs", {"Arch*"}},
                          {"subfolders", true},
                          {"messages", {std::string(64, 'b')}},
                          {"query", "from:nina -draft"},
                          {"since", "2026-11-24T02:30:00Z"},
                          {"before", std::string(64, 'c')},
                          {"missing", true}};
  const std::vector<std::string> words =
      shown_words({{"command", "run"}, {"account", "alice"}, {"selection", selection}});
  EXPECT_THAT(words, ElementsAre("mailstow-restore", "run", "--at=" + std::string(16, 'a'),
                                 "--folder=Entwürfe", "--folder=what%3F", "--folder=Arch*",
                                 "--subfolders", "--message=" + std::string(16, 'b'),
                                 "--query=from:nina -draft", "--since=2026-11-24T02:30:00Z",
                                 "--before=" + std::string(16, 'c'), "--missing", "alice"));
  EXPECT_EQ(words,
            shown_words({{"command", "plan"}, {"account", "alice"}, {"selection", selection}}));
}

TEST(ShownCommandTest, AContinuedRestoreResumesItsTree) {
  EXPECT_THAT(shown_words({{"command", "run"}, {"account", "alice"}, {"tree", "RESTORED/x"}}),
              ElementsAre("mailstow-restore", "run", "--resume=RESTORED/x", "alice"));
}

TEST(ShownCommandTest, OtherCommandsHaveTheirArguments) {
  EXPECT_THAT(shown_words({{"command", "extend"},
                           {"account", "alice"},
                           {"tree", "RESTORED/x"},
                           {"seconds", 7 * 86'400}}),
              ElementsAre("mailstow-restore", "extend", "alice", "RESTORED/x", "7d"));
  EXPECT_THAT(shown_words({{"command", "messages"},
                           {"account", "alice"},
                           {"folder", "My mail"},
                           {"at", std::string(64, 'a')},
                           {"limit", 200}}),
              ElementsAre("mailstow-restore", "messages", "--at=" + std::string(16, 'a'), "alice",
                          "My mail"));
  EXPECT_THAT(shown_words({{"command", "export"},
                           {"account", "alice"},
                           {"selection", {{"all", true}, {"at", std::string(64, 'a')}}},
                           {"format", "mbox"}}),
              ElementsAre("mailstow-restore", "export", "--at=" + std::string(16, 'a'),
                          "--format=mbox", "--to=exported-mail", "alice"));
}

TEST(ShownCommandTest, AnAlarmHasTheCommandThatDealsWithIt) {
  EXPECT_THAT(words_of(shown_remedy("stale", "-v")),
              ElementsAre("mailstow-backupd", "once", "--account=-v"));
  EXPECT_THAT(words_of(shown_remedy("no_progress", "my mail")),
              ElementsAre("mailstow-backupd", "status", "--history", "my mail"));
  for (const char* const kind : {"mass_deletion", "stranger"}) {
    EXPECT_THAT(words_of(shown_remedy(kind, "-v")),
                ElementsAre("mailstow-backupd", "acknowledge", "--", "-v"));
  }
  EXPECT_EQ(shown_remedy("of a later version", "alice"), "");
}

TEST(ShownCommandTest, NamesAreNotTakenForOptions) {
  EXPECT_THAT(shown_words({{"command", "expire"}, {"account", "-v"}, {"tree", "--to=bob"}}),
              ElementsAre("mailstow-restore", "expire", "--", "-v", "--to=bob"));
  EXPECT_THAT(shown_words({{"command", "search"}, {"account", "alice"}, {"query", "-draft"}}),
              ElementsAre("mailstow-restore", "search", "--", "alice", "-draft"));
}

RC_GTEST_PROP(ShownCommandTest, AnyNameIsOneWord, ()) {
  const auto name = rc::gen::suchThat(rc::gen::container<std::string>(rc::gen::element(
                                          'a', ' ', '\'', '"', '\\', '$', '`', ';', '&', '\n', '*',
                                          '-', '!', '~', '\x1b', '\xc3', '\xbc')),
                                      [](const std::string& text) { return !text.empty(); });
  const std::string account = *name;
  const std::string tree = *name;
  const std::string query = *name;
  const std::vector<std::string> expired =
      shown_words({{"command", "expire"}, {"account", account}, {"tree", tree}});
  RC_ASSERT(expired.size() >= 4U);
  RC_ASSERT(std::vector(expired.end() - 2, expired.end()) == (std::vector{account, tree}));
  const std::vector<std::string> planned =
      shown_words({{"command", "plan"}, {"account", "alice"}, {"selection", {{"query", query}}}});
  RC_ASSERT(planned ==
            (std::vector<std::string>{"mailstow-restore", "run", "--query=" + query, "alice"}));
}

class CommandLinesTest : public StaffedDesk {
 protected:
  json as_alice(json request) {
    request["session"] = desk_->owner_session("alice");
    return desk_->ask(Door::kSelf, std::move(request));
  }

  // Runs a line as an administrator pastes it, in an empty directory. Returns the manifest.
  std::string paste(const std::string& line) {
    std::string program;
    for (const std::string& word : mailstow_.restore_command({})) program += " '" + word + "'";
    const base::Path directory = mailstow_.directory() / "pasted";
    std::filesystem::remove_all(directory);
    std::filesystem::create_directory(directory);
    const auto result =
        servers::run_program({"bash", "-c",
                              "cd '" + directory.string() + "'; mailstow-restore() {" + program +
                                  " \"$@\"; }; " + line});
    EXPECT_EQ(result.status, 0) << line << result.err;
    std::ifstream manifest(directory / "exported-mail" / "manifest.jsonl");
    return {std::istreambuf_iterator<char>(manifest), {}};
  }
};

TEST_F(CommandLinesTest, TheLineOfAnExportExportsTheSame) {
  for (const json& selection : {json{{"all", true}, {"at", start_}}, json{{"folders", {"INBOX"}}},
                                json{{"query", "second"}, {"at", newest_}},
                                json{{"messages", {message_in("alice", "INBOX", newest_)}}}}) {
    const json planned = as_alice({{"request", "plan-export"}, {"selection", selection}});
    ASSERT_EQ(outcome(planned), "ok") << planned;
    for (const char* const format : {"eml", "mbox"}) {
      const std::string manifest = paste(planned["commands"][format]);
      EXPECT_EQ(std::count(manifest.begin(), manifest.end(), '\n'),
                planned["document"]["messages"].get<int>())
          << planned << manifest;
    }
    const json request = {{"request", "export"},
                          {"selection", selection},
                          {"session", desk_->owner_session("alice")},
                          {"client", "192.0.2.7"}};
    EXPECT_THAT(
        desk_->exchange(Door::kSelf, request.dump() + "\n"),
        testing::HasSubstr("{\"end\":true,\"messages\":" + planned["document"]["messages"].dump()));
  }
}

TEST_F(CommandLinesTest, AnExportsPlanCountsNothingAndShowsNoMail) {
  const json planned = as_alice({{"request", "plan-export"}, {"selection", {{"all", true}}}});
  EXPECT_EQ(planned["document"]["snapshot"], newest_);
  EXPECT_EQ(planned["document"]["folders"][0]["folder"], "INBOX");
  EXPECT_EQ(planned["document"]["folders"][0]["messages"], 2);
  EXPECT_GT(planned["document"]["bytes"], 0);
  EXPECT_EQ(planned.dump().find("letter"), std::string::npos);
  EXPECT_EQ(as_alice({{"request", "me"}})["today"]["exports"], 0);
}

TEST_F(CommandLinesTest, ListsNameTheirCommand) {
  EXPECT_EQ(as_alice({{"request", "snapshots"}})["command"], "mailstow-restore snapshots alice");
  EXPECT_EQ(as_alice({{"request", "trees"}})["command"], "mailstow-restore trees alice");
  EXPECT_FALSE(as_alice({{"request", "audit"}}).contains("command"));
}

}  // namespace
}  // namespace desk
