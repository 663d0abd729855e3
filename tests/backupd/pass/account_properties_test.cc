// The properties of an account other than its mail are in its snapshots, and kept up to date.
#include "backupd/pass/account_properties.h"

#include <gmock/gmock.h>

#include "store/reader.h"
#include "tests/backupd/pass/pass_runner.h"
#include "tests/imap/scripted_transport.h"
#include "tests/servers/cyrus.h"
#include "tests/servers/dovecot.h"

namespace backupd {
namespace {

using store::AccountNamespace;
using testing::AllOf;
using testing::Contains;
using testing::Each;
using testing::Field;
using testing::HasSubstr;
using testing::IsSupersetOf;
using testing::Not;

store::AccountProperties properties(const PassRunner& runner) {
  store::Reader reader = store::Reader::open(runner.location(), base::real_file_system());
  return store::to_account_properties(reader.properties(runner.snapshot()));
}

std::string comment(const PassRunner& runner, const std::string& folder) {
  for (const store::FolderMetadata& one : properties(runner).metadata) {
    if (one.raw_name == folder && one.entry.ends_with("/comment")) return one.value;
  }
  return "none";
}

class CyrusPropertiesTest : public testing::Test {
 protected:
  CyrusPropertiesTest() {
    alice_.command("CREATE Team");
    alice_.command("CREATE Quiet");
    alice_.command("SUBSCRIBE Team");
    alice_.command("SETACL Team bob lr");
    alice_.command("SETMETADATA Team (/shared/comment \"for all\" /private/comment \"for me\")");
    alice_.command("SETMETADATA Quiet (/shared/comment \"shh\")");
    runner_.run();
  }

  servers::Cyrus server_;
  servers::ImapClient alice_ = server_.client("alice");
  PassRunner runner_{server_, "alice"};
};

TEST_F(CyrusPropertiesTest, SavesEverythingThatTheServerOffers) {
  const store::AccountProperties saved = properties(runner_);
  EXPECT_THAT(saved.subscriptions, Contains("Team"));
  EXPECT_THAT(saved.rights, IsSupersetOf({store::FolderRight{"Team", "bob", "lr"},
                                          store::FolderRight{"INBOX", "alice", "lrswipkxtecdan"}}));
  EXPECT_THAT(saved.metadata,
              IsSupersetOf({store::FolderMetadata{"Team", "/shared/comment", "for all"},
                            store::FolderMetadata{"Team", "/private/comment", "for me"},
                            store::FolderMetadata{"Quiet", "/shared/comment", "shh"}}));
  EXPECT_THAT(saved.metadata,
              Each(Field(&store::FolderMetadata::entry, Not(HasSubstr("lastupdate")))));
  EXPECT_THAT(saved.quota_roots, Contains(store::FolderQuotaRoot{"Team", "INBOX"}));
  EXPECT_THAT(saved.quota_limits, Contains(store::QuotaLimit{"INBOX", "STORAGE", 1'000'000}));
  EXPECT_THAT(
      saved.namespaces,
      IsSupersetOf({AccountNamespace{AccountNamespace::Kind::kPersonal, "/", ""},
                    AccountNamespace{AccountNamespace::Kind::kOtherUsers, "/", "Other Users/"}}));
}

TEST_F(CyrusPropertiesTest, DropsThePropertiesOfADeletedFolder) {
  alice_.command("DELETE Quiet");
  runner_.run();
  EXPECT_EQ(comment(runner_, "Quiet"), "none");
  EXPECT_EQ(comment(runner_, "Team"), "for me");
}

servers::DovecotOptions with_acl_and_metadata() {
  servers::DovecotOptions options;
  options.extra =
      "mail_plugins = quota acl\nimap_metadata = yes\nmail_attribute_dict = file:%h/attributes\n"
      "protocol imap {\n mail_plugins = quota imap_quota acl imap_acl\n}\n"
      "plugin {\n acl = vfile\n}\n"
      "namespace inbox {\n mailbox Sent {\n  auto = create\n  special_use = \\Sent\n }\n}\n";
  return options;
}

class DovecotPropertiesTest : public testing::Test {
 protected:
  servers::Dovecot server_{with_acl_and_metadata()};
  servers::ImapClient alice_ = server_.client("alice");
  PassRunner runner_{server_, "alice"};
};

TEST_F(DovecotPropertiesTest, SavesEverythingThatTheServerOffers) {
  alice_.command("SUBSCRIBE Sent");
  alice_.command("SETACL Sent bob lr");
  alice_.command("SETMETADATA Sent (/private/comment {7+}\r\ntwo\r\nbe)");
  runner_.run();
  const store::AccountProperties saved = properties(runner_);
  EXPECT_THAT(saved.subscriptions, Contains("Sent"));
  EXPECT_THAT(saved.rights, Contains(AllOf(Field(&store::FolderRight::raw_name, "Sent"),
                                           Field(&store::FolderRight::identifier, "bob"))));
  EXPECT_THAT(saved.metadata,
              Contains(store::FolderMetadata{"Sent", "/private/comment", "two\r\nbe"}));
  EXPECT_THAT(saved.quota_roots, Contains(store::FolderQuotaRoot{"Sent", "User quota"}));
  EXPECT_THAT(saved.quota_limits, Contains(Field(&store::QuotaLimit::resource, "STORAGE")));
  store::Reader reader = store::Reader::open(runner_.location(), base::real_file_system());
  for (const store::FolderRecord& folder : reader.folders(runner_.snapshot())) {
    if (folder.info.raw_name == "Sent") {
      EXPECT_THAT(folder.info.attributes, Contains("\\Sent"));
    }
  }
}

// On some servers changed rights do not change a modification sequence.
class AskedFoldersTest : public testing::Test {
 protected:
  AskedFoldersTest() {
    last_.asked = kThen;
    last_.subscriptions = {"Team"};
    last_.rights = {{"Gone", "bob", "lr"}, {"Quiet", "bob", "lr"}, {"Team", "bob", "lr"}};
    folders_.all = {"Quiet", "Team"};
  }

  store::AccountProperties ask(const std::string& conversation, std::chrono::sys_seconds now) {
    imap::Transcript transcript = imap::Transcript::session(capabilities_);
    transcript.add(conversation);
    imap::Session session(imap::scripted(transcript), {});
    return refresh_properties(session, folders_, last_, now);
  }

  static constexpr std::chrono::sys_seconds kThen =
      std::chrono::sys_days(std::chrono::year(2026) / 11 / 24);
  std::string capabilities_ = "ACL";
  store::AccountProperties last_;
  ListedFolders folders_;
};

TEST_F(AskedFoldersTest, RequestsNothingWhileNothingChanges) {
  EXPECT_EQ(ask("", kThen + std::chrono::days(7) - std::chrono::seconds(1)), last_);
}

TEST_F(AskedFoldersTest, KeepsPropertiesThatAnUnparsableLineMayConcern) {
  const auto properties = ask(R"(
    C: m3 LSUB "" "*"
    S: * LSUB () "/" Quiet
    S: * LSUB () "/" "Team
    S: m3 OK
    C: m4 GETACL "Quiet"
    C: m5 GETACL "Team"
    S: * ACL Quiet (bob
    S: m4 OK
    S: * ACL Team eve lrs
    S: m5 OK
  )",
                              kThen + std::chrono::days(8));
  EXPECT_THAT(properties.subscriptions, testing::ElementsAre("Team"));
  EXPECT_THAT(properties.rights, testing::ElementsAre(store::FolderRight{"Quiet", "bob", "lr"},
                                                      store::FolderRight{"Team", "eve", "lrs"},
                                                      store::FolderRight{"Team", "bob", "lr"}));
  EXPECT_EQ(properties.asked, kThen) << "so the next backup requests all of it again";
}

// Mail first: an answer about so many folders takes Dovecot more than a second.
TEST_F(AskedFoldersTest, AFirstBackupOfVeryManyFoldersLeavesTheQuotaToTheNextOne) {
  last_ = {};
  capabilities_ = "QUOTA";
  folders_.has_changed = folders_.is_first = true;
  folders_.all.clear();
  for (int i = 0; i <= 5'000; ++i) folders_.all.push_back("F" + std::to_string(i));
  const std::string subscriptions = "C: m3 LSUB \"\" \"*\"\nS: m3 OK\n";
  EXPECT_EQ(ask(subscriptions, kThen).asked, std::chrono::sys_seconds())
      << "so the next backup requests all of it";
  const std::string answer = "S: * QUOTAROOT F0 all\nS: * QUOTA all (STORAGE 1 2)\nS: m4 OK\n";
  folders_.is_first = false;
  const auto next = ask(subscriptions + "C: m4 GETQUOTAROOT \"F0\"\n" + answer, kThen);
  EXPECT_EQ(next.asked, kThen);
  EXPECT_EQ(next.quota_roots.size(), 5'001U);
  folders_.is_first = true;
  folders_.all.pop_back();
  const auto smaller =
      ask(subscriptions + "C: m4 GETQUOTAROOT \"F0\"\nC: m5 GETQUOTAROOT \"F4999\"\n" + answer +
              "S: * QUOTAROOT F4999 all\nS: m5 OK\n",
          kThen);
  EXPECT_EQ(smaller.asked, kThen);
  EXPECT_EQ(smaller.quota_roots.size(), 5'000U);
}

TEST_F(AskedFoldersTest, RequestsOnlyChangedFoldersAndKeepsTheOthers) {
  folders_.has_changed = true;
  folders_.changed = {"Team"};
  const auto properties = ask(R"(
    C: m3 LSUB "" "*"
    S: * LSUB () "/" Quiet
    S: m3 OK
    C: m4 GETACL "Team"
    S: * ACL Team eve lrs
    S: m4 OK
  )",
                              kThen + std::chrono::days(1));
  EXPECT_THAT(properties.subscriptions, testing::ElementsAre("Quiet"));
  EXPECT_THAT(properties.rights, testing::ElementsAre(store::FolderRight{"Quiet", "bob", "lr"},
                                                      store::FolderRight{"Team", "eve", "lrs"}));
  EXPECT_EQ(properties.asked, kThen) << "when all folders were requested";
}

TEST_F(AskedFoldersTest, RequestsAllFoldersAfterSevenDays) {
  const auto now = kThen + std::chrono::days(7);
  const auto properties = ask(R"(
    C: m3 LSUB "" "*"
    S: m3 NO not now
    C: m4 GETACL "Quiet"
    C: m5 GETACL "Team"
    S: * ACL Quiet eve lr
    S: m4 OK
    S: m5 NO you may not know
  )",
                              now);
  EXPECT_THAT(properties.subscriptions, testing::ElementsAre("Team")) << "unchanged";
  EXPECT_THAT(properties.rights, testing::ElementsAre(store::FolderRight{"Quiet", "eve", "lr"}));
  EXPECT_EQ(properties.asked, now);
}

}  // namespace
}  // namespace backupd
