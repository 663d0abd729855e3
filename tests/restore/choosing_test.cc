// An administrator's input selects what is meant: names and words in every alphabet.
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/index/sqlite.h"
#include "tests/programs/installation.h"
#include "tests/programs/owned_clock.h"
#include "tests/servers/dovecot.h"

namespace restore {
namespace {

using programs::find_by;
using programs::json;
using testing::HasSubstr;

class ChoosingTest : public testing::Test {
 protected:
  ChoosingTest() { mailstow_.make_store(); }

  void append(const std::string& folder, const std::string& subject,
              const std::string& day = "Tue, 3 Nov 2026") {
    const std::string mail = "From: a@example.org\r\nSubject: " + subject + "\r\nDate: " + day +
                             " 10:00:00 +0000\r\n\r\nbody\r\n";
    server_.client("alice").append(folder, std::vector<servers::Delivery>{{mail}});
  }

  void create(const std::string& raw_name) {
    server_.client("alice").command("CREATE " + servers::quote(raw_name));
  }

  std::string back_up() {
    return mailstow_.backupd_json({"once", "--account", "alice"})["accounts"][0]["snapshot"];
  }

  // The names of the folders that the glob chooses.
  std::vector<std::string> chosen(const std::string& glob) {
    std::vector<std::string> names;
    const json plan = mailstow_.restore_json({"run", "alice", "--folder", glob, "--dry-run"});
    for (const json& folder : plan["folders"]) names.push_back(folder["source"]);
    return names;
  }

  servers::Dovecot server_;
  programs::Installation mailstow_{server_};
};

TEST_F(ChoosingTest, ASearchShowsTheStateOfEachMessage) {
  create("Old");
  for (const char* subject : {"staying", "moving", "going"}) append("INBOX", subject);
  const std::string first = back_up();
  auto alice = server_.client("alice");
  alice.command("SELECT INBOX");
  alice.command("COPY 2 Old");
  alice.command("STORE 2:3 +FLAGS.SILENT \\Deleted");
  alice.command("EXPUNGE");
  const std::string second = back_up();
  append("INBOX", "another");
  back_up();
  const json snapshots = mailstow_.restore_json({"snapshots", "alice"})["snapshots"];
  const json time = find_by(snapshots, "snapshot", second)["time"];
  ASSERT_TRUE(time.is_string());
  const auto found = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {"search", "alice"});
    const json messages = mailstow_.restore_json(words)["messages"];
    EXPECT_FALSE(messages.empty()) << testing::PrintToString(words);
    const json message = find_by(messages, "folder", "INBOX");
    return json::array({message["still_there"], message["now_in"], message["gone_since"]});
  };
  const json inbox = json::array({"INBOX"});
  const json old = json::array({"Old"});
  EXPECT_EQ(found({"subject:staying"}), json::array({true, inbox, nullptr}));
  EXPECT_EQ(found({"subject:moving"}), json::array({true, old, time}));
  EXPECT_EQ(found({"subject:moving", "folder:INBOX"}), json::array({true, old, time}));
  EXPECT_EQ(found({"subject:going"}), json::array({false, json::array(), time}));
  // The search is bounded to a snapshot and so does not know the last one that has the message.
  EXPECT_EQ(found({"subject:going", "--at", first}), json::array({false, json::array(), nullptr}));
  EXPECT_EQ(found({"subject:staying", "--at", first}), json::array({true, inbox, nullptr}));

  EXPECT_THAT(mailstow_.restore({"search", "alice", "subject:staying"}).out,
              HasSubstr("still there"));
  EXPECT_THAT(mailstow_.restore({"search", "alice", "subject:moving", "folder:INBOX"}).out,
              HasSubstr("in Old"));
  EXPECT_THAT(mailstow_.restore({"search", "alice", "subject:going"}).out,
              HasSubstr("gone since "));
}

TEST_F(ChoosingTest, ExplainsAnUnsuitableSelection) {
  create("Very");
  create("Very/Deep");
  append("Very/Deep", "one");
  back_up();
  const auto error_of = [&](std::vector<std::string> arguments, int status) {
    const auto result = mailstow_.restore(arguments);
    EXPECT_EQ(result.status, status) << result.err;
    return result.err;
  };
  EXPECT_THAT(error_of({"run", "alice", "--folder", "Very", "--dry-run"}, 0),
              HasSubstr("add --subfolders"));
  EXPECT_THAT(error_of({"run", "alice", "--query", "nowhere", "--dry-run"}, 1),
              HasSubstr("--query searches headers only"));
  EXPECT_THAT(error_of({"folders", "alice", "--at", "c1ad"}, 2), HasSubstr("too short for an id"));
  EXPECT_THAT(error_of({"folders", "alice", "--at", "deadbeef99"}, 1),
              HasSubstr("has no such snapshot"));
  EXPECT_THAT(error_of({"vanished", "alice", "--since", "2099-01-01"}, 2),
              HasSubstr("that is in the future"));
  EXPECT_THAT(error_of({"extend", "alice", "RESTORED/x", "99999999999w"}, 2),
              HasSubstr("1,000 years at most"));
}

TEST_F(ChoosingTest, AFolderThatOnlyEarlierSnapshotsHadIsNamedWithTheNewestOfThem) {
  create("Work");
  append("Work", "one");
  back_up();
  append("INBOX", "two");
  const std::string newest = back_up();
  server_.client("alice").command("DELETE Work");
  back_up();
  const std::string option = "add --at " + newest.substr(0, 16);
  const auto run = mailstow_.restore({"run", "alice", "--folder", "W*k", "--dry-run"});
  EXPECT_EQ(run.status, 1);
  EXPECT_THAT(run.err, HasSubstr(option));
  const base::Path selection = mailstow_.directory() / "selection";
  for (const auto& [name, hint] :
       {std::pair<std::string, std::string>{"Work", option}, {"work", ""}}) {
    std::ofstream(selection) << json({{"folders", json::array({name})}});
    const auto exact =
        mailstow_.restore({"run", "alice", "--selection", selection.string(), "--dry-run"});
    EXPECT_EQ(exact.status, 1);
    EXPECT_THAT(exact.err, HasSubstr(hint.empty() ? "exactly this name: " : hint)) << name;
  }
  const auto messages = mailstow_.restore({"messages", "alice", "work"});
  EXPECT_EQ(messages.status, 1);
  EXPECT_THAT(messages.err, HasSubstr(option));
  EXPECT_THAT(mailstow_.restore({"run", "alice", "--folder", "INBX", "--dry-run"}).err,
              HasSubstr("did you mean \"INBOX\"?"));
  EXPECT_EQ(
      mailstow_.restore({"run", "alice", "--folder", "Work", "--dry-run", "--at", newest}).status,
      0);
}

TEST_F(ChoosingTest, OneIsNoPlural) {
  append("INBOX", "one");
  back_up();
  const auto expect_singular = [](const servers::ProcessResult& result) {
    EXPECT_THAT(result.out + result.err,
                testing::Not(testing::ContainsRegex(
                    "(^|[^0-9,.])1 (message|pack|commit|snapshot|folder|account|day|alarm|tree|"
                    "failure|warning)s")));
  };
  for (const char* command : {"status", "check", "reindex", "doctor", "drill"}) {
    expect_singular(mailstow_.backupd({command}));
  }
  expect_singular(mailstow_.backupd({"once", "--account", "alice"}));
  expect_singular(mailstow_.backupd({"prune", "--dry-run"}));
  const auto plan = mailstow_.restore({"run", "alice", "--all", "--dry-run"});
  EXPECT_THAT(plan.out, HasSubstr("1 message, "));
  expect_singular(plan);
  expect_singular(mailstow_.restore({"run", "alice", "--all"}));
}

TEST_F(ChoosingTest, AMisspeltAccountIsGuessed) {
  append("INBOX", "one");
  back_up();
  const std::string tree = mailstow_.restore_json({"run", "alice", "--all"})["tree"];
  const std::vector<std::vector<std::string>> commands = {
      {"snapshots", "alce"},
      {"folders", "alce"},
      {"messages", "alce", "INBOX"},
      {"search", "alce", "one"},
      {"vanished", "alce"},
      {"diff", "alce", "--from", "yesterday"},
      {"show", "alce", "0123456789abcdef"},
      {"export", "alce", "--format", "eml", "--to", (mailstow_.directory() / "out").string()},
      {"run", "alce", "--all"},
      {"trees", "alce"},
      {"extend", "alce", tree, "1d"},
      {"expire", "alce", tree}};
  for (const std::vector<std::string>& command : commands) {
    const auto result = mailstow_.restore(command);
    EXPECT_NE(result.status, 0) << testing::PrintToString(command);
    EXPECT_THAT(result.err, HasSubstr("did you mean \"alice\"?"))
        << testing::PrintToString(command);
  }
  const std::vector<std::vector<std::string>> of_the_store = {
      {"status", "--history", "alce"}, {"forget", "alce"},      {"pin", "alce", "01234567"},
      {"unpin", "alce", "01234567"},   {"acknowledge", "alce"}, {"once", "--account", "alce"}};
  for (const std::vector<std::string>& command : of_the_store) {
    const auto result = mailstow_.backupd(command);
    EXPECT_NE(result.status, 0) << testing::PrintToString(command);
    EXPECT_THAT(result.err, HasSubstr("did you mean \"alice\"?"))
        << testing::PrintToString(command);
  }
  EXPECT_THAT(mailstow_.restore({"expire", "alice", tree + "1"}).err,
              HasSubstr("did you mean \"" + tree + "\"?"));
  EXPECT_THAT(mailstow_.restore({"snapshots", "bob"}).err, testing::Not(HasSubstr("did you mean")))
      << "it is an account, and has no snapshot yet";
}

TEST_F(ChoosingTest, AMessageThatTheSelectionLacksIsNamedWithItsPlace) {
  create("Work");
  append("Work", "one");
  append("INBOX", "two");
  const std::string first = back_up();
  const auto in_work = mailstow_.restore_json({"messages", "alice", "Work"})["messages"];
  const std::string id = in_work.at(0)["message"].get<std::string>().substr(0, 16);
  const auto error_of = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"run", "alice", "--message", id, "--dry-run"});
    const auto result = mailstow_.restore(more);
    EXPECT_EQ(result.status, 1) << result.err;
    return result.err;
  };
  const std::string elsewhere = error_of({"--folder", "INBOX"});
  EXPECT_THAT(elsewhere, HasSubstr("(" + first.substr(0, 16) + ") has no such message in the " +
                                   "chosen folders: it is in Work"));
  server_.client("alice").command("DELETE Work");
  const std::string newest = back_up();
  const std::string gone = error_of({});
  EXPECT_THAT(gone, HasSubstr("(" + newest.substr(0, 16) + ") has no such message, but that of "));
  EXPECT_THAT(gone, HasSubstr(" has, in Work: add --at " + first.substr(0, 16)));
  EXPECT_EQ(mailstow_.restore({"run", "alice", "--message", id, "--dry-run", "--at", first}).status,
            0);
  EXPECT_THAT(mailstow_.restore({"run", "alice", "--message", "0123456789abcdef"}).err,
              HasSubstr("list the ids"));
}

TEST_F(ChoosingTest, AFolderIsFoundHoweverItsNameIsEncoded) {
  create("Mu&Awg-ll");  // as a Mac's client writes Müll
  create("Work");
  create("work");
  create("Archive");
  append("Mu&Awg-ll", "one");
  append("INBOX", "two");
  back_up();
  using testing::ElementsAre;
  const std::string stored = "Mu\u0308ll";
  EXPECT_THAT(chosen("M\u00fcll"), ElementsAre(stored));
  EXPECT_THAT(chosen("M?LL"), ElementsAre(stored)) << "of no folder as it is written";
  EXPECT_THAT(chosen("inbox"), ElementsAre("INBOX"));
  EXPECT_THAT(chosen("work"), ElementsAre("work")) << "and not Work";
  EXPECT_THAT(chosen("archive"), ElementsAre("Archive"));
  EXPECT_EQ(mailstow_.restore_json({"messages", "alice", "M\u00fcll"})["folder"], stored);
  EXPECT_EQ(mailstow_.restore_json({"messages", "alice", "inbox"})["messages"][0]["subject"],
            "two");
  const auto unsure = mailstow_.restore({"messages", "alice", "WORK"});
  EXPECT_EQ(unsure.status, 1);
  EXPECT_THAT(unsure.err, HasSubstr("2 folders with names like this"));
  EXPECT_EQ(mailstow_.restore_json({"search", "alice", "one", "folder:mull"})["total"], 1);
  EXPECT_EQ(mailstow_.restore_json({"search", "alice", "two", "folder:inbox"})["total"], 1);
}

TEST_F(ChoosingTest, AFolderIsFoundWithoutItsAccents) {
  create("M&APw-ll");          // Müll
  create("Sm&APg-rbr&APg-d");  // Smørbrød
  create("Sm&APg-rbr&APg-d/Ost");
  append("Sm&APg-rbr&APg-d", "one");
  back_up();
  using testing::ElementsAre;
  for (const char* typed : {"Mull", "MULL", "m?ll"}) {
    EXPECT_THAT(chosen(typed), ElementsAre("M\u00fcll")) << typed;
  }
  EXPECT_THAT(chosen("smorbrod/*"), ElementsAre("Sm\u00f8rbr\u00f8d/Ost"));
  EXPECT_EQ(mailstow_.restore_json({"messages", "alice", "Smorbrod"})["messages"][0]["subject"],
            "one");
  EXPECT_THAT(mailstow_.restore({"run", "alice", "--folder", "Smorbrd", "--dry-run"}).err,
              HasSubstr("did you mean"));

  create("Mull");
  create("SMORBROD");
  const std::string last = back_up();
  EXPECT_THAT(chosen("Mull"), ElementsAre("Mull")) << "the name as it is typed comes first";
  EXPECT_THAT(chosen("mull"), ElementsAre("Mull")) << "then those that differ in case only";
  EXPECT_EQ(mailstow_.restore_json({"messages", "alice", "smorbrod"})["folder"], "SMORBROD");

  server_.client("alice").command("DELETE Mull");
  back_up();
  EXPECT_EQ(mailstow_.restore_json({"diff", "alice", "--from", last, "--folder", "mull"})["folders"]
                .size(),
            1U);
}

// Backups at 02:30 local time, as a timer makes them.
TEST_F(ChoosingTest, ADateAloneIsTheLastSnapshotOfThatDay) {
  mailstow_.config()["restore"]["time_zone"] = "Europe/Oslo";
  // The certificate of a test is not valid yet on these days.
  mailstow_.config()["servers"]["main"]["url"] = server_.plain_url();
  mailstow_.config()["servers"]["main"]["tls"] = "none";
  mailstow_.save();
  std::map<int, std::string> nights;
  {
    programs::OwnedClock clock("2026-11-21T01:30:00Z");
    const auto first = clock.now();
    for (int day = 21; day <= 24; ++day) {
      append("INBOX", "day " + std::to_string(day));
      clock.set(first + std::chrono::days(day - 21));
      nights[day] = back_up();
    }
  }
  const programs::OwnedClock noon("2026-11-24T11:00:00Z");  // a Tuesday
  const auto chosen_at = [&](const std::string& at) {
    const json chosen = mailstow_.restore_json({"folders", "alice", "--at", at});
    return chosen["snapshot"].get<std::string>();
  };
  EXPECT_EQ(chosen_at("2026-11-23"), nights[23]);
  EXPECT_EQ(chosen_at("20261122"), nights[22]);
  EXPECT_EQ(chosen_at("today"), nights[24]);
  EXPECT_EQ(chosen_at("yesterday"), nights[23]);
  EXPECT_EQ(chosen_at("Sunday"), nights[22]);
  EXPECT_EQ(chosen_at("tuesday"), nights[24]);
  EXPECT_EQ(chosen_at("2026-11-23T02:29"), nights[22]);
  EXPECT_EQ(chosen_at("2026-11-23 02:30"), nights[23]) << "shown without its seconds";
  EXPECT_EQ(mailstow_.restore({"folders", "alice", "--at", "2026-11-20"}).status, 1);

  // A printed time can be typed back, and every selection names its snapshot.
  const std::string shown = "2026-11-23T02:30:";
  const auto list = mailstow_.restore({"snapshots", "alice"});
  const std::size_t at = list.out.find(shown);
  ASSERT_NE(at, std::string::npos) << list.out;
  const std::string time = list.out.substr(at, shown.size() + 8);
  EXPECT_THAT(time, testing::EndsWith("+01:00"));
  EXPECT_EQ(chosen_at(time), nights[23]);
  const base::Path directory = mailstow_.directory() / "exported";
  const std::vector<std::vector<std::string>> selections = {
      {"folders", "alice"},       {"messages", "alice", "INBOX"},
      {"search", "alice", "day"}, {"run", "alice", "--all", "--dry-run"},
      {"run", "alice", "--all"},  {"export", "alice", "--format", "eml", "--to"}};
  for (std::vector<std::string> selection : selections) {
    const bool is_export = selection.front() == "export";
    if (is_export) selection.push_back((directory / "text").string());
    selection.insert(selection.end(), {"--at", "2026-11-23"});
    EXPECT_THAT(mailstow_.restore(selection).out,
                HasSubstr("From the snapshot of " + time + " (" + nights[23].substr(0, 16) + ")"))
        << testing::PrintToString(selection);
    if (is_export) selection[5] = (directory / "json").string();
    const json document = mailstow_.restore_json(selection);
    EXPECT_EQ(document["snapshot"], nights[23]) << document.dump(2);
    EXPECT_THAT(document["snapshot_time"].get<std::string>(),
                testing::StartsWith("2026-11-23T01:30:"));
  }
}

TEST_F(ChoosingTest, RejectsInvalidOptions) {
  append("INBOX", "invoice");
  back_up();
  const auto status = [&](const std::vector<std::string>& arguments) {
    return mailstow_.restore(arguments).status;
  };
  for (const char* limit : {"0", "-1", "00", "1.5", "all"}) {
    const auto refused = mailstow_.restore({"search", "alice", "invoice", "--limit", limit});
    EXPECT_EQ(refused.status, 2) << limit;
    EXPECT_EQ(refused.out, "") << limit;
    EXPECT_THAT(refused.err, HasSubstr("whole number of 1 or more"));
  }
  for (const char* number : {"-1", "1.5", "many", "4294967296"}) {
    const auto refused = mailstow_.restore({"vanished", "alice", "--messages", number});
    EXPECT_EQ(refused.status, 2) << number;
    EXPECT_THAT(refused.err, HasSubstr("write a whole number from 0 to 4294967295")) << number;
  }
  EXPECT_EQ(status({"vanished", "alice", "--messages", "0"}), 0);
  EXPECT_EQ(status({"search", "alice", "has:attachment"}), 2);
  EXPECT_EQ(status({"run", "alice", "--query", "a OR b"}), 2);
  EXPECT_TRUE(mailstow_.restore_json({"trees"})["trees"].empty());
}

TEST_F(ChoosingTest, EverythingIsRestoredOnlyOnRequest) {
  append("INBOX", "invoice");
  back_up();
  const auto refused = mailstow_.restore({"run", "alice"});
  EXPECT_EQ(refused.status, 2);
  EXPECT_EQ(refused.out, "");
  EXPECT_THAT(refused.err, HasSubstr("or the whole snapshot with --all"));
  EXPECT_TRUE(mailstow_.restore_json({"trees"})["trees"].empty());
}

// A second run because of a failed report would make a second tree.
TEST_F(ChoosingTest, AFullStdoutIsNoFailedRestore) {
  append("INBOX", "invoice");
  back_up();
  std::string script;
  for (const std::string& word : mailstow_.restore_command({"run", "alice", "--all"})) {
    script += "'" + word + "' ";
  }
  const auto result = servers::run_program({"sh", "-c", script + ">/dev/full"});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("the work is done, but the report was not printed"));
  EXPECT_THAT(result.err, testing::Not(HasSubstr("run it again")));
  EXPECT_EQ(mailstow_.restore_json({"trees"})["trees"].size(), 1U);
}

TEST_F(ChoosingTest, AnExitStatusReportsThatNothingWasFound) {
  append("INBOX", "invoice");
  back_up();
  EXPECT_EQ(mailstow_.restore({"search", "alice", "invoice"}).status, 0);
  const auto none = mailstow_.restore({"search", "alice", "lunch"});
  EXPECT_EQ(none.status, 1);
  EXPECT_EQ(none.out, "Nothing was found.\n");
  EXPECT_EQ(none.err, "");
  EXPECT_EQ(mailstow_.restore_json({"search", "alice", "lunch"}, 1)["messages"], json::array());
}

TEST_F(ChoosingTest, WhatASearchCannotReadDoesNotCountAsAbsent) {
  create("Work");
  append("INBOX", "invoice");
  back_up();
  const auto packs = [&] {
    const std::filesystem::directory_iterator files(mailstow_.store() / "packs");
    return std::set<std::filesystem::path>(begin(files), end(files));
  };
  const auto before = packs();
  append("Work", "invoice", "Mon, 2 Nov 2026");
  back_up();
  const json page = mailstow_.restore_json({"search", "alice", "invoice", "--limit", "1"});
  ASSERT_EQ(page["messages"][0]["folder"], "INBOX") << page;
  for (const auto& pack : packs()) {
    if (!before.contains(pack)) std::filesystem::remove(pack);
  }
  const auto rest = mailstow_.restore({"search", "alice", "invoice", "--after", page["next"]});
  EXPECT_EQ(rest.out, "Nothing more was found in what can be read.\n");
  EXPECT_EQ(rest.status, 4) << rest.err;
  for (const auto& pack : before) std::filesystem::remove(pack);
  const auto all = mailstow_.restore({"search", "alice", "invoice"});
  EXPECT_EQ(all.out, "Nothing was found in what can be read.\n");
  EXPECT_EQ(all.status, 4) << all.err;
}

TEST_F(ChoosingTest, AnOldSearchIndexIsMadeAgainByTheNextBackup) {
  append("INBOX", "Straße");
  back_up();
  store::Database::open_or_create(mailstow_.index() / "search.sqlite")
      .run("PRAGMA user_version = 1");
  const auto before = mailstow_.restore({"search", "alice", "strasse"});
  EXPECT_EQ(before.status, 1);
  EXPECT_THAT(before.err, HasSubstr("the next backup builds it"));
  back_up();
  EXPECT_EQ(mailstow_.restore_json({"search", "alice", "strasse"})["total"], 1);
}

}  // namespace
}  // namespace restore
