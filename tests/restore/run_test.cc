// `mailstow-restore run` on a real server, compared with a client that is not ours.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <future>
#include <set>

#include <gmock/gmock.h>

#include "base/file_system.h"
#include "store/tree_record.h"
#include "tests/corpus.h"
#include "tests/programs/installation.h"
#include "tests/restore/expect_restored.h"
#include "tests/servers/account_filler.h"
#include "tests/servers/account_state.h"
#include "tests/servers/dovecot.h"
#include "tests/servers/mail_generator.h"

namespace restore {
namespace {

using programs::find_by;
using programs::json;
using servers::AccountState;

servers::DovecotOptions with_exemption(servers::QuotaExemption exemption) {
  servers::DovecotOptions options;
  options.exemption = exemption;
  return options;
}

servers::DovecotOptions with_separator(char separator) {
  servers::DovecotOptions options;
  options.separator = separator;
  return options;
}

class RunTest : public testing::Test {
 protected:
  explicit RunTest(servers::DovecotOptions options = {}) : server_(std::move(options)) {
    mailstow_.backupd({"init"});
  }

  void back_up() { mailstow_.backupd_json({"once", "--account", "alice"}); }

  AccountState state() { return servers::account_state(server_, "alice"); }

  void delete_everything() {
    auto alice = server_.client("alice");
    for (const auto& [raw_name, folder] : state().folders) {
      if (raw_name != "INBOX") alice.try_command("DELETE " + servers::quote(raw_name));
    }
    alice.command("SELECT INBOX");
    alice.try_command("STORE 1:* +FLAGS.SILENT \\Deleted");
    alice.command("EXPUNGE");
  }

  servers::Dovecot server_;
  programs::Installation mailstow_{server_};
};

TEST_F(RunTest, BringsEverythingBackBesideWhatIsThere) {
  servers::fill_account(server_, "alice", 200);
  const AccountState before = state();
  back_up();
  delete_everything();
  const AccountState emptied = state();
  const json report = mailstow_.restore_json({"run", "alice"});
  const AccountState now = state();

  EXPECT_EQ(report["quota"]["exempt"], true) << report["quota"];
  EXPECT_EQ(now.usage, emptied.usage);
  expect_restored(before, now, report);
  EXPECT_EQ(now.not_below("RESTORED", '/'), emptied.folders) << "nothing else changed";
  EXPECT_THAT(now.subscriptions, testing::Contains(report["tree"].get<std::string>() + "/INBOX"));
  EXPECT_EQ(now.folders.count(report["tree"].get<std::string>() + "/mailstow-probe"), 0U);
}

TEST_F(RunTest, WhatTheServerRefusesIsReportedAndTheRestIsThere) {
  auto maildir = server_.maildir("alice");
  servers::MailGenerator mail(5);
  for (int message = 0; message < 30; ++message) {
    maildir.deliver("Odd", {message == 17 ? "" : mail.plain()});
  }
  for (const std::string& bytes : mail.horrors()) maildir.deliver("Odd", {bytes});
  const AccountState before = state();
  back_up();
  const json report = mailstow_.restore_json({"run", "alice", "--folder", "Odd"}, 3);
  const json folder = find_by(report["folders"], "source", "Odd");
  EXPECT_EQ(folder["skipped"].size(), 1U) << folder.dump(2);
  const AccountState now = state();
  expect_restored(before.folders.at("Odd"),
                  now.folders.at(report["tree"].get<std::string>() + "/Odd"), folder);
  for (const json& altered : folder["altered"]) {
    EXPECT_NE(altered["how"].get<std::string>(), "");
  }
}

TEST_F(RunTest, ChoosesFoldersMessagesAndTimes) {
  servers::MailGenerator mail(6);
  auto alice = server_.client("alice");
  alice.command("CREATE Work/Old");
  const auto day = [](int number) {
    return std::chrono::sys_days(std::chrono::year(2026) / 1 / 1) + std::chrono::days(number);
  };
  for (int number = 0; number < 10; ++number) {
    alice.append("Work/Old", std::vector<servers::Delivery>{{mail.plain(), {}, day(number)}});
  }
  alice.append("INBOX", std::vector<servers::Delivery>{{mail.plain(), {}, day(3)}});
  back_up();

  json report = mailstow_.restore_json(
      {"run", "alice", "--folder", "Work*", "--since", "2026-01-03", "--before", "2026-01-05"});
  EXPECT_EQ(report["folders"].size(), 1U);
  EXPECT_EQ(report["folders"][0]["restored"], 2);

  const json messages = mailstow_.restore_json({"messages", "alice", "Work/Old"})["messages"];
  ASSERT_EQ(messages.size(), 10U);
  report = mailstow_.restore_json({"run", "alice", "--message", messages[4]["message"]});
  EXPECT_EQ(report["folders"].size(), 1U);
  EXPECT_EQ(report["folders"][0]["restored"], 1);

  const std::string id = mailstow_.restore_json({"snapshots", "alice"})["snapshots"][0]["snapshot"];
  for (const std::string& at : {id, id.substr(0, 12), std::string("now")}) {
    EXPECT_EQ(mailstow_.restore_json({"folders", "alice", "--at", at})["snapshot"], id) << at;
  }
  EXPECT_EQ(mailstow_.restore({"folders", "alice", "--at", "3 days ago"}).status, 1);
  EXPECT_EQ(mailstow_.restore({"run", "alice", "--folder", "Nothing"}).status, 1);
  EXPECT_EQ(mailstow_.restore({"run", "alice", "--at", "2001-01-01"}).status, 1);
  const auto misspelt =
      mailstow_.restore({"run", "alice", "--folder", "INBOX", "--folder", "Wrok/Old"});
  EXPECT_EQ(misspelt.status, 1);
  EXPECT_THAT(misspelt.err, testing::HasSubstr("did you mean \"Work/Old\"?"));
  const auto unknown = mailstow_.restore(
      {"run", "alice", "--message", "0123456789abcdef", "--message", messages[4]["message"]});
  EXPECT_EQ(unknown.status, 1);
  EXPECT_THAT(unknown.err, testing::HasSubstr("--message 0123456789abcdef"));
  EXPECT_EQ(mailstow_.restore_json({"trees"})["trees"].size(), 2U) << "nothing was begun";
  EXPECT_EQ(mailstow_.restore({"run", "alice", "--message", "xyz"}).status, 2);
  EXPECT_EQ(mailstow_.restore({"run", "nobody"}).status, 2);
}

TEST_F(RunTest, ASnapshotStandsForItsTime) {
  auto alice = server_.client("alice");
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  // Its Date is what a query goes by.
  const auto append = [&](std::chrono::minutes later, const std::string& date) {
    const std::string mail = "Subject: x\r\nDate: " + date + " 10:00:00 +0000\r\n\r\n";
    alice.append("INBOX", std::vector<servers::Delivery>{{mail, {}, now + later}});
  };
  for (const int minutes : {-3, -2, -1}) append(std::chrono::minutes(minutes), "3 Nov 2026");
  back_up();
  const std::string id = mailstow_.restore_json({"snapshots", "alice"})["snapshots"][0]["snapshot"];
  const std::string digits = id.substr(0, 8);
  append(std::chrono::minutes(5), "3 Nov 2036");
  back_up();
  const auto restored = [&](const std::string& option, const std::string& value) {
    return mailstow_.restore_json({"run", "alice", option, value})["folders"][0]["restored"];
  };
  EXPECT_EQ(restored("--since", id), 1);
  EXPECT_EQ(restored("--before", digits), 3);
  EXPECT_EQ(restored("--query", "after:" + digits), 1);
  EXPECT_EQ(mailstow_.restore_json({"search", "alice", "before:" + id})["total"], 3);
  const std::string unknown(64, '0');
  const auto none = mailstow_.restore({"run", "alice", "--since", unknown});
  EXPECT_EQ(none.status, 1);
  EXPECT_THAT(none.err, testing::HasSubstr("it has no snapshot " + unknown));
  EXPECT_EQ(mailstow_.restore({"run", "alice", "--before", "0000"}).status, 2);

  // A run may be resumed when that snapshot is gone.
  auto records = store::TreeRecords::open(
      {mailstow_.store(), mailstow_.index(), mailstow_.key_file()}, base::real_file_system());
  for (const store::TreeRecord& record : records.list().records) {
    for (const char* end : {"since", "before"}) {
      const std::string time = json::parse(record.request)[end];
      EXPECT_THAT(time, testing::AnyOf("", testing::EndsWith("Z")));
    }
  }
}

TEST_F(RunTest, FindsMessagesAndBringsBackWhatWasFound) {
  auto alice = server_.client("alice");
  const auto mail = [](const std::string& from, const std::string& subject) {
    return servers::Delivery{"From: " + from + "\r\nTo: alice@example.org\r\nSubject: " + subject +
                             "\r\nDate: Tue, 3 Nov 2026 10:00:00 +0000\r\n\r\nbody of " + subject +
                             "\r\n"};
  };
  alice.command("CREATE Work");
  alice.append("Work", std::vector<servers::Delivery>{
                           mail("=?utf-8?q?J=C3=BCrgen?= <j@example.org>", "Invoice 17"),
                           mail("Eve <eve@example.org>", "=?utf-8?q?=1B?=[2J Invoice 18")});
  alice.append("INBOX", std::vector<servers::Delivery>{mail("Jürgen <j@example.org>", "Lunch")});
  back_up();
  alice.command("DELETE Work");
  mailstow_.restore_json({"run", "alice", "--dry-run"});
  back_up();

  const json all = mailstow_.restore_json({"search", "alice", "from:jürgen"});
  EXPECT_EQ(all["total"], 2) << "also what is no longer there";
  const json found = mailstow_.restore_json({"search", "alice", "invoice", "folder:Work", "-18"});
  ASSERT_EQ(found["messages"].size(), 1U) << found.dump(2);
  EXPECT_EQ(found["messages"][0]["folder"], "Work");
  EXPECT_EQ(found["messages"][0]["subject"], "Invoice 17");
  const auto denied = mailstow_.restore({"search", "alice", "-eve", "from:jürgen", "-q"});
  EXPECT_THAT(denied.out, testing::HasSubstr("Lunch")) << denied.err;
  const auto limited = mailstow_.restore({"search", "alice", "from:jürgen", "--limit", "1"});
  EXPECT_THAT(limited.out, testing::HasSubstr("1 of 2 are shown; --limit 2 shows all"));
  const json listed = mailstow_.restore_json({"messages", "alice", "INBOX"})["messages"];
  ASSERT_EQ(listed.size(), 1U);
  EXPECT_EQ(listed[0]["subject"], "Lunch");
  EXPECT_EQ(listed[0]["from"], "Jürgen <j@example.org>");
  EXPECT_THAT(mailstow_.restore({"messages", "alice", "inbx"}).err,
              testing::HasSubstr("did you mean \"INBOX\"?"));
  const auto no_time = mailstow_.restore({"folders", "alice", "--at", "1fc3"});
  EXPECT_EQ(no_time.status, 2);
  EXPECT_THAT(no_time.err, testing::HasSubstr("'3 days ago'"));
  EXPECT_EQ(mailstow_.restore_json({"search", "alice", "invoice", "--at", "now"}, 1)["total"], 0);
  const auto text = mailstow_.restore({"search", "alice", "subject:invoice"});
  EXPECT_THAT(text.out, testing::Not(testing::HasSubstr("\x1b"))) << "escaped";

  EXPECT_THAT(text.out, testing::HasSubstr("--at SNAPSHOT"));

  const std::string last_seen = found["messages"][0]["snapshot"];
  EXPECT_THAT(text.out, testing::HasSubstr(last_seen.substr(0, 12)));
  const json report =
      mailstow_.restore_json({"run", "alice", "--query", "invoice from:jürgen", "--at", last_seen});
  ASSERT_EQ(report["folders"].size(), 1U);
  EXPECT_EQ(report["folders"][0]["source"], "Work");
  EXPECT_EQ(report["folders"][0]["restored"], 1);
  EXPECT_EQ(mailstow_.restore({"run", "alice", "--query", "no-such-word"}).status, 1);
  EXPECT_EQ(mailstow_.restore({"search", "alice", "after:someday"}).status, 2);
}

// A script's variable that is not set must not bring everything back.
TEST_F(RunTest, WhatSelectsNothingWritesNothing) {
  servers::fill_account(server_, "alice", 10);
  back_up();
  const AccountState before = state();
  const std::vector<std::vector<std::string>> selections = {{"--query=", "--dry-run"},
                                                            {"--query", "", "--dry-run"},
                                                            {"--query", "--dry-run"},
                                                            {"--query=", "--json"},
                                                            {"--folder=", "--dry-run"},
                                                            {"--folder=", "--subfolders"},
                                                            {"--at="},
                                                            {"--since="},
                                                            {"--before="},
                                                            {"--message="},
                                                            {"--to="},
                                                            {"--to=", "--in-place"},
                                                            {"--expire-after="},
                                                            {"--resume="},
                                                            {"--query", " "},
                                                            {"--query", "🎉"},
                                                            {"--query", ":"},
                                                            {"--query", "€"},
                                                            {"--query", "subject:"},
                                                            {"--query", "-🎉"},
                                                            {"--query", "folder:INBOX 🎉"}};
  for (std::vector<std::string> selection : selections) {
    selection.insert(selection.begin(), {"run", "alice"});
    const auto result = mailstow_.restore(selection);
    EXPECT_EQ(result.status, 2) << testing::PrintToString(selection) << result.out << result.err;
    if (selection.back() == "--json") {
      EXPECT_EQ(json::parse(result.out)["error"]["code"], "usage") << result.out;
    } else {
      EXPECT_EQ(result.out, "");
    }
  }
  EXPECT_EQ(mailstow_.restore({"search", "alice", "🎉"}).status, 2);
  EXPECT_EQ(mailstow_.restore({"search", "alice", ":", " "}).status, 2);
  EXPECT_EQ(state(), before);
  EXPECT_TRUE(mailstow_.restore_json({"trees"})["trees"].empty());
}

TEST_F(RunTest, RestoresIntoAnotherAccountEvenOfOneThatIsNoLongerThere) {
  servers::fill_account(server_, "alice", 30);
  const AccountState before = state();
  back_up();
  mailstow_.config()["accounts"] = {{{"name", "bob"}, {"server", "main"}}};
  mailstow_.save();
  EXPECT_EQ(mailstow_.restore({"run", "alice"}).status, 2) << "there is no such mailbox";
  const json report =
      mailstow_.restore_json({"run", "alice", "--to", "bob", "--expire-after", "0s"});
  EXPECT_EQ(report["account"], "alice");
  EXPECT_EQ(report["to"], "bob");
  EXPECT_EQ(report["quota"]["exempt"], true);
  expect_restored(before, servers::account_state(server_, "bob"), report);
  EXPECT_EQ(state(), before);
  EXPECT_EQ(mailstow_.restore_json({"trees"})["trees"][0]["account"], "bob");
  EXPECT_EQ(mailstow_.restore_json({"sweep"})["trees"][0]["finished"], true);
  EXPECT_EQ(servers::account_state(server_, "bob").message_count(), 0U);
}

TEST_F(RunTest, ResumesWhatWasAskedForAndNothingElse) {
  servers::fill_account(server_, "alice", 60);
  back_up();
  const json first = mailstow_.restore_json({"run", "alice", "--folder", "INBOX"});
  const std::string tree = first["tree"];
  auto alice = server_.client("alice");
  // As if the run had died: some of it is not there.
  alice.command("SELECT " + servers::quote(tree + "/INBOX"));
  alice.command("STORE 1:3 +FLAGS.SILENT \\Deleted");
  alice.command("EXPUNGE");
  back_up();
  const json again = mailstow_.restore_json({"run", "alice", "--resume", tree});
  EXPECT_EQ(again["tree"], tree);
  EXPECT_EQ(again["expires"], first["expires"]);
  EXPECT_EQ(again["folders"], first["folders"]);
  EXPECT_EQ(state().folders.at(tree + "/INBOX").messages.size(),
            first["folders"][0]["restored"].get<std::size_t>());
  EXPECT_EQ(mailstow_.restore_json({"trees"})["trees"].size(), 1U);

  // A folder that went, and left only a level above what the user made in it.
  alice.command("CREATE " + servers::quote(tree + "/INBOX/mine"));
  alice.command("SELECT INBOX");
  alice.command("DELETE " + servers::quote(tree + "/INBOX"));
  EXPECT_EQ(mailstow_.restore_json({"run", "alice", "--resume", tree})["folders"],
            first["folders"]);

  // A time is counted from when it was asked for.
  servers::MailGenerator mail(3);
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  alice.command("CREATE Recent");
  for (const int minutes : {30, 90}) {
    const auto date = now - std::chrono::minutes(minutes);
    alice.append("Recent", std::vector<servers::Delivery>{{mail.plain(), {}, date}});
  }
  back_up();
  const std::string recent = mailstow_.restore_json(
      {"run", "alice", "--folder", "Recent", "--since", "1 hour ago"})["tree"];
  EXPECT_EQ(state().folders.at(recent + "/Recent").messages.size(), 1U);
  auto records = store::TreeRecords::open(
      {mailstow_.store(), mailstow_.index(), mailstow_.key_file()}, base::real_file_system());
  for (store::TreeRecord& record : records.list().records) {
    json request = json::parse(record.request);
    request["asked"] = request["asked"].get<std::int64_t>() - 3600;
    record.request = request.dump();
    records.put(record);
  }
  mailstow_.restore_json({"run", "alice", "--resume", recent});
  EXPECT_EQ(state().folders.at(recent + "/Recent").messages.size(), 2U);

  // A folder that could not be created then is tried again.
  alice.command("DELETE " + servers::quote(recent + "/Recent"));
  for (store::TreeRecord& record : records.list().records) {
    for (store::TreeLevel& level : record.levels) {
      if (level.raw_name != recent + "/Recent") continue;
      level = {level.raw_name, store::LevelState::kNotOurs, std::nullopt, {}};
    }
    records.put(record);
  }
  mailstow_.restore_json({"run", "alice", "--resume", recent});
  EXPECT_EQ(state().folders.at(recent + "/Recent").messages.size(), 2U);

  EXPECT_EQ(mailstow_.restore({"run", "alice", "--resume", "RESTORED/none"}).status, 1);
  EXPECT_EQ(mailstow_.restore({"run", "bob", "--resume", tree}).status, 1);
  EXPECT_EQ(mailstow_.restore({"run", "alice", "--resume", tree, "--to", "bob"}).status, 1);
  EXPECT_EQ(mailstow_.restore({"run", "alice", "--resume", tree, "--folder", "Lists"}).status, 2);
}

TEST_F(RunTest, ADryRunWritesNothing) {
  servers::fill_account(server_, "alice", 30);
  back_up();
  const AccountState before = state();
  const json report = mailstow_.restore_json({"run", "alice", "--dry-run"});
  EXPECT_TRUE(report["quota"]["exempt"].is_null());
  EXPECT_EQ(state(), before);
  EXPECT_EQ(mailstow_.restore_json({"trees"})["trees"].size(), 0U);
}

TEST_F(RunTest, ADryRunPrintsWhatARunThenDoes) {
  servers::fill_account(server_, "alice", 60);
  auto alice = server_.client("alice");
  const std::string level(120, 'n');
  alice.command("CREATE " + servers::quote(level + "/" + level));
  servers::MailGenerator mail(4);
  const servers::Delivery doomed{mail.plain(), {"\\Deleted", "$Work"}};
  alice.append(level + "/" + level, std::vector<servers::Delivery>{doomed});
  back_up();
  const json plan = mailstow_.restore_json({"run", "alice", "--dry-run"});
  EXPECT_EQ(plan["plan"]["without_deleted"], 1);
  EXPECT_GE(plan["plan"]["estimated_seconds"], 1);
  EXPECT_GT(plan["plan"]["storage_kib"]["limit"], 0);
  std::uint64_t bytes = 0;
  std::uint64_t messages = 0;
  for (const json& folder : plan["folders"]) {
    bytes += folder["bytes"].get<std::uint64_t>();
    messages += folder["messages"].get<std::uint64_t>();
  }
  EXPECT_EQ(plan["plan"]["bytes"], bytes);
  EXPECT_EQ(plan["plan"]["messages"], messages);
  EXPECT_EQ(plan["plan"]["without_keywords"], 0) << "Dovecot keeps all, though it tells so late";
  const auto text = mailstow_.restore({"run", "alice", "--dry-run"});
  EXPECT_THAT(text.out, testing::HasSubstr("its name would be too long"));
  EXPECT_THAT(text.out, testing::HasSubstr("Nothing was written."));

  const json report = mailstow_.restore_json({"run", "alice"});
  const auto below = [](const json& document, const json& folder) {
    return folder["target"].get<std::string>().substr(document["tree"].get<std::string>().size());
  };
  for (const json& done : report["folders"]) {
    const json planned = find_by(plan["folders"], "source", done["source"]);
    EXPECT_EQ(below(report, done), below(plan, planned));
    EXPECT_EQ(done["messages"], planned["messages"]);
    EXPECT_EQ(done["restored"], planned["messages"]);
  }
}

TEST_F(RunTest, WhatTheStoreCannotReadIsLeftOutAndTold) {
  servers::MailGenerator mail(11);
  auto alice = server_.client("alice");
  alice.append("INBOX", std::vector<servers::Delivery>{{mail.plain()}, {mail.attachment(400'000)}});
  back_up();
  base::Path largest;
  for (const auto& file : std::filesystem::recursive_directory_iterator(mailstow_.store())) {
    if (!file.is_regular_file()) continue;
    if (largest.empty() || file.file_size() > std::filesystem::file_size(largest)) {
      largest = file.path();
    }
  }
  std::filesystem::permissions(largest, std::filesystem::perms::owner_write,
                               std::filesystem::perm_options::add);
  std::fstream pack(largest, std::ios::in | std::ios::out | std::ios::binary);
  pack.seekp(static_cast<std::streamoff>(std::filesystem::file_size(largest) / 2));
  pack << "damaged";
  pack.close();

  const json report = mailstow_.restore_json({"run", "alice"}, 4);
  EXPECT_EQ(report["folders"][0]["restored"], 1);
  EXPECT_EQ(report["folders"][0]["skipped"][0]["uid"], 2);
  const std::string to = (mailstow_.folder() / "exported").string();
  const json exported =
      mailstow_.restore_json({"export", "alice", "--format", "eml", "--to", to}, 4);
  EXPECT_EQ(exported["folders"][0]["exported"], 1);
}

TEST_F(RunTest, TwoTreesInOneSecondGetTwoNames) {
  servers::fill_account(server_, "alice", 10);
  back_up();
  const json first = mailstow_.restore_json({"run", "alice", "--folder", "INBOX"});
  const json second = mailstow_.restore_json({"run", "alice", "--folder", "INBOX"});
  EXPECT_NE(first["tree"], second["tree"]);
  EXPECT_EQ(mailstow_.restore_json({"trees"})["trees"].size(), 2U);
}

TEST_F(RunTest, RunsAtTheSameTimeGetATreeEach) {
  servers::fill_account(server_, "alice", 10);
  back_up();
  std::vector<std::future<json>> runs;
  for (int run = 0; run < 3; ++run) {
    runs.push_back(std::async(std::launch::async, [&] {
      return mailstow_.restore_json({"run", "alice", "--folder", "INBOX", "--expire-after", "0s"});
    }));
  }
  std::set<std::string> names;
  for (auto& run : runs) names.insert(run.get()["tree"]);
  EXPECT_EQ(names.size(), 3U);
  mailstow_.restore_json({"sweep"});
  EXPECT_TRUE(state().below("RESTORED", '/').empty()) << "the last one takes the top with it";
}

TEST_F(RunTest, RestoredTreesAreNotBackedUpButAUsersOwnFolderIs) {
  servers::fill_account(server_, "alice", 10);
  auto alice = server_.client("alice");
  alice.command("CREATE RESTORED/mine");
  back_up();
  const json report = mailstow_.restore_json({"run", "alice", "--folder", "INBOX"});
  back_up();
  const json folders = mailstow_.restore_json({"folders", "alice"})["folders"];
  EXPECT_FALSE(find_by(folders, "folder", "RESTORED/mine").is_null());
  for (const json& folder : folders) {
    EXPECT_FALSE(
        folder["folder"].get<std::string>().starts_with(report["tree"].get<std::string>()));
  }
}

TEST_F(RunTest, TheCorpusOfAnyMailComesBack) {
  servers::MailGenerator mail(9);
  auto maildir = server_.maildir("alice");
  std::size_t count = 0;
  const auto deliver = [&](const servers::Delivery& delivery) {
    maildir.deliver("Corpus " + std::to_string(count++ % 5), delivery);
  };
  for (const std::string& message : tests::corpus_messages()) deliver({message});
  while (count < 400) deliver(mail.delivery());
  const AccountState before = state();
  EXPECT_EQ(before.message_count(), count);
  back_up();
  delete_everything();
  const AccountState emptied = state();
  mailstow_.restore_json({"accounts"});
  const auto result = mailstow_.restore({"-q", "run", "alice", "--json"});
  EXPECT_TRUE(result.status == 0 || result.status == 3) << result.err;
  const json report = json::parse(result.out);
  const AccountState now = state();
  expect_restored(before, now, report);
  EXPECT_EQ(now.usage, emptied.usage);
  EXPECT_EQ(now.not_below("RESTORED", '/'), emptied.folders);
}

class QuotaTest : public RunTest {
 protected:
  explicit QuotaTest(servers::QuotaExemption exemption) : RunTest(with_exemption(exemption)) {}

  void expect_refusal() {
    servers::fill_account(server_, "alice", 20);
    back_up();
    const AccountState before = state();
    const auto result = mailstow_.restore({"-q", "run", "alice"});
    EXPECT_EQ(result.status, 6) << result.err;
    EXPECT_THAT(result.err, testing::HasSubstr("RESTORED/*:ignore"));
    EXPECT_EQ(state(), before) << "what was created for the probe is gone";
    EXPECT_EQ(mailstow_.restore_json({"trees"})["trees"].size(), 0U);
  }
};

class NoExemptionTest : public QuotaTest {
 protected:
  NoExemptionTest() : QuotaTest(servers::QuotaExemption::kNone) {}
};

class HalfExemptionTest : public QuotaTest {
 protected:
  HalfExemptionTest() : QuotaTest(servers::QuotaExemption::kTopOnly) {}
};

TEST_F(NoExemptionTest, ATreeThatWouldCountTowardsQuotaIsRefused) {
  expect_refusal();
}

TEST_F(HalfExemptionTest, TheRuleForTheTopAloneIsNotEnough) {
  expect_refusal();
}

TEST_F(NoExemptionTest, AllowQuotaGoesOnWhileThereIsRoom) {
  servers::fill_account(server_, "alice", 20);
  back_up();
  const json report = mailstow_.restore_json({"run", "alice", "--allow-quota"});
  EXPECT_EQ(report["quota"]["exempt"], false);

  const auto whole = state().folders;
  const std::string tree = report["tree"];
  EXPECT_EQ(mailstow_.restore({"run", "alice", "--resume", tree}).status, 6);
  EXPECT_EQ(state().folders, whole) << "what an earlier run restored stays";
  EXPECT_EQ(mailstow_.restore_json({"trees"})["trees"][0]["state"], "incomplete");
}

class SeparatorTest : public RunTest {
 protected:
  SeparatorTest() : RunTest(with_separator('.')) {}
};

TEST_F(SeparatorTest, ATreeIsSpeltAsTheServerSpells) {
  servers::fill_account(server_, "alice", 60);
  const AccountState before = state();
  back_up();
  const json report = mailstow_.restore_json({"run", "alice"});
  std::string tree = report["tree"];
  std::replace(tree.begin(), tree.end(), '/', '.');
  const AccountState now = state();
  for (const auto& [raw_name, folder] : before.folders) {
    if (!folder.is_selectable) continue;
    const auto found = now.folders.find(tree + "." + raw_name);
    ASSERT_NE(found, now.folders.end()) << raw_name;
    expect_restored(folder, found->second, find_by(report["folders"], "source", folder.name));
  }
}

}  // namespace
}  // namespace restore
