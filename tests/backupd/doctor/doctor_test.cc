// The findings of `doctor` for an installation: its configuration, secrets, store, clock and
// timers.
#include <filesystem>
#include <fstream>
#include <optional>
#include <thread>

#include <gmock/gmock.h>
#include <unistd.h>

#include "backupd/doctor/checks.h"
#include "backupd/doctor/file_access.h"
#include "base/time_text.h"
#include "tests/backupd/doctor/doctor_fixture.h"

namespace backupd {
namespace {

namespace fs = std::filesystem;
using std::chrono::days;
using std::chrono::sys_seconds;
using testing::HasSubstr;

class DoctorTest : public DoctorFixture {};

TEST_F(DoctorTest, NothingFailsForASoundInstallation) {
  const json all = report();
  EXPECT_NE(all["status"], "failure");
  for (const char* check : {"configuration", "secret", "key", "store", "space", "dns", "login",
                            "capabilities", "alarm"}) {
    EXPECT_FALSE(finding_in(all, check, "ok").is_null()) << check << all.dump(2);
  }
  // The certificate of a test is valid for two days.
  EXPECT_THAT(finding_in(all, "tls", "warning").dump(), HasSubstr("localhost expires in "));
  EXPECT_TRUE(finding_in(all, "tls", "ok").is_null());
  const auto text = mailstow_.backupd({"doctor"});
  EXPECT_EQ(text.status, 0);
  EXPECT_THAT(text.out, HasSubstr("ok       configuration "));
  EXPECT_THAT(text.out, HasSubstr("0 failures, "));
}

TEST_F(DoctorTest, AnInvalidConfigurationIsTheFirstFinding) {
  mailstow_.config()["schedul"] = 1;
  EXPECT_THAT(failure_of("configuration", 2), HasSubstr("schedul"));
  mailstow_.config().erase("schedul");
  mailstow_.config()["schedule"]["backup"] = "at teatime";
  EXPECT_THAT(failure_of("configuration", 2), HasSubstr("at teatime"));
  mailstow_.config().erase("schedule");
  mailstow_.config()["accounts"] = json::array();
  EXPECT_THAT(failure_of("configuration", 2), HasSubstr("no accounts"));
}

TEST_F(DoctorTest, ReportsAConfigurationThatOthersCanChange) {
  set_mode(mailstow_.config_file(), 0666);
  EXPECT_THAT(failure_of("configuration", 2), HasSubstr("its permissions are 0666"));
}

TEST_F(DoctorTest, ReportsASecretThatIsMissingOrReadableByOthers) {
  const base::Path file = secret_file("password");
  server_config()["admin"]["password_file"] = file.string();
  set_mode(file, 0644);
  EXPECT_THAT(failure_of("secret", 2), HasSubstr("other users can read it"));
  fs::remove(file);
  EXPECT_THAT(failure_of("secret", 2), HasSubstr("no such file"));
}

TEST_F(DoctorTest, ReportsTheMissingSecretOfACopy) {
  const base::Path secret = mailstow_.directory() / "no-secret";
  mailstow_.config()["copies"] = {{{"name", "cloud"},
                                   {"s3",
                                    {{"url", "https://storage.invalid"},
                                     {"bucket", "mail"},
                                     {"access_key", "key"},
                                     {"secret_key_file", secret.string()}}}}};
  const json all = report(2);
  EXPECT_EQ(finding_in(all, "secret", "failure")["subject"], "copies.cloud.s3");
}

TEST_F(DoctorTest, ACredentialIsOnlyForTheService) {
  server_config()["quota_admin"] = {{"user", "quota"}, {"credential", "imap-password"}};
  const json all = report(3);
  EXPECT_THAT(finding_in(all, "secret", "warning")["subject"], "servers.main.quota_admin");
}

TEST_F(DoctorTest, ReportsAMissingOrForeignKey) {
  fs::rename(mailstow_.key_file(), mailstow_.directory() / "away");
  EXPECT_THAT(failure_of("key", 2), HasSubstr("store.key"));
  std::ofstream(mailstow_.key_file()) << std::string(64, 'a') << "\n";
  set_mode(mailstow_.key_file(), 0600);
  EXPECT_THAT(failure_of("key", 2), HasSubstr("key"));
}

// An earlier mailstow allowed this: a file beside the packs is in every copy of the store.
TEST_F(DoctorTest, ReportsAKeyAndAnIndexInTheStore) {
  const base::Path links = mailstow_.directory() / "links";
  fs::create_directory(links);
  fs::create_directory_symlink(mailstow_.store(), links / "store");
  fs::rename(mailstow_.key_file(), mailstow_.store() / "key");
  mailstow_.config()["store"]["key_file"] = (links / "store/key").string();
  EXPECT_THAT(failure_of("store", 2), HasSubstr("it lies in the store"));
  fs::rename(mailstow_.store() / "key", mailstow_.key_file());
  mailstow_.config()["store"]["key_file"] = mailstow_.key_file().string();
  EXPECT_EQ(finding_in(report(), "store", "failure"), nullptr);

  mailstow_.config()["store"]["audit_log"] = (links / "store/audit.log").string();
  EXPECT_THAT(failure_of("store", 2), HasSubstr("names and searches"));
  mailstow_.config()["store"].erase("audit_log");
  fs::rename(mailstow_.index(), mailstow_.store() / "index");
  mailstow_.config()["store"]["index"] = (links / "store/index").string();
  EXPECT_THAT(failure_of("store", 2), HasSubstr("senders, recipients and subjects"));
}

TEST_F(DoctorTest, ReportsAKeyAnIndexAndALogInACopy) {
  const base::Path copy = mailstow_.directory() / "copy";
  const base::Path links = mailstow_.directory() / "links";
  fs::create_directory(copy);
  fs::create_directory_symlink(copy, links);
  mailstow_.config()["copies"] = {{{"name", "nas"}, {"path", copy.string()}}};
  fs::rename(mailstow_.key_file(), copy / "key");
  mailstow_.config()["store"]["key_file"] = (links / "key").string();
  std::string found = failure_of("copy", 2);
  EXPECT_THAT(found, HasSubstr("it lies in the copy nas in " + copy.string()));
  EXPECT_THAT(found, HasSubstr("it opens the store and every copy of it"));
  fs::rename(copy / "key", mailstow_.key_file());
  mailstow_.config()["store"]["key_file"] = mailstow_.key_file().string();

  mailstow_.config()["store"]["audit_log"] = (copy / "audit.log").string();
  EXPECT_THAT(failure_of("copy", 2), HasSubstr("names and searches"));
  const auto refused = mailstow_.backupd({"copy"});
  EXPECT_EQ(refused.status, 2);
  EXPECT_THAT(refused.err, HasSubstr("store.audit_log"));
  mailstow_.config()["store"].erase("audit_log");

  fs::rename(mailstow_.index(), copy / "index");
  mailstow_.config()["store"]["index"] = (links / "index").string();
  EXPECT_THAT(failure_of("copy", 2), HasSubstr("senders, recipients and subjects"));
  fs::rename(copy / "index", mailstow_.index());
  mailstow_.config()["store"]["index"] = mailstow_.index().string();

  fs::remove(links);
  fs::remove(copy);
  fs::create_directory_symlink(mailstow_.store(), copy);
  EXPECT_THAT(failure_of("copy", 2), HasSubstr("must not lie in each other"));
}

TEST_F(DoctorTest, ReportsASecondAuditLogThatDoesNotExist) {
  mailstow_.config()["store"]["audit_socket"] = (mailstow_.directory() / "no-such").string();
  EXPECT_THAT(warning_of("store"), HasSubstr("it does not exist"));
}

TEST_F(DoctorTest, NothingSecretIsMadeInTheStoreOrACopy) {
  const base::Path links = mailstow_.directory() / "links";
  fs::create_directory_symlink(mailstow_.directory(), links);
  mailstow_.config()["copies"] = {
      {{"name", "nas"}, {"path", (mailstow_.directory() / "nas").string()}}};
  mailstow_.save();
  const std::vector<std::pair<std::string, std::string>> places = {
      {(links / "store/x").string(), "lies in the store"},
      {(links / "nas/x").string(), "lies in the copy nas"}};
  for (const auto& [inside, why] : places) {
    const auto expect_refused = [&, &inside = inside, &why = why](const auto& result) {
      EXPECT_EQ(result.status, 2) << result.err;
      EXPECT_THAT(result.err, HasSubstr(why));
      EXPECT_FALSE(fs::exists(inside));
    };
    expect_refused(mailstow_.backupd({"key", "export", inside}));
    expect_refused(mailstow_.backupd({"key", "add", "--key-file", inside}));
    expect_refused(mailstow_.restore(
        {"export", "alice", "--folder", "INBOX", "--format", "eml", "--to", inside}));
  }

  const json sound = mailstow_.config()["store"];
  fs::remove_all(mailstow_.store());
  fs::remove_all(mailstow_.index());
  fs::remove(mailstow_.key_file());
  for (const auto& [inside, why] : places) {
    for (const char* key : {"key_file", "index", "audit_log"}) {
      mailstow_.config()["store"] = sound;
      mailstow_.config()["store"][key] = inside;
      mailstow_.save();
      const auto refused = mailstow_.backupd({"init"});
      EXPECT_EQ(refused.status, 2) << refused.err;
      EXPECT_THAT(refused.err, HasSubstr(why));
      EXPECT_THAT(refused.err, HasSubstr(std::string("store.") + key));
      EXPECT_FALSE(fs::exists(inside));
    }
  }
  mailstow_.config()["store"] = sound;
  mailstow_.save();
  EXPECT_EQ(mailstow_.backupd({"init"}).status, 0);
}

TEST_F(DoctorTest, ReportsAKeyThatOthersCanRead) {
  set_mode(mailstow_.key_file(), 0640);
  EXPECT_THAT(warning_of("key"), HasSubstr("0640"));
  set_mode(mailstow_.key_file(), 0644);
  EXPECT_THAT(failure_of("key", 2), HasSubstr("0644"));
}

TEST_F(DoctorTest, ReportsAMissingStore) {
  fs::remove_all(mailstow_.store());
  EXPECT_THAT(failure_of("store", 1), HasSubstr("does not exist"));
}

TEST_F(DoctorTest, ReportsAMissingIndex) {
  fs::remove(mailstow_.index() / "index.sqlite");
  const json finding = finding_in(report(1), "index", "failure");
  EXPECT_THAT(finding["remedy"].get<std::string>(), HasSubstr("reindex"));
}

TEST_F(DoctorTest, ReportsAGarbledIndexAsDamage) {
  std::ofstream(mailstow_.index() / "index.sqlite") << std::string(100'000, 'x');
  EXPECT_THAT(failure_of("index", 4), HasSubstr("index.sqlite"));
}

TEST_F(DoctorTest, ReportsAStoreAndAnIndexThatOthersCanUse) {
  set_mode(mailstow_.store() / "packs", 0777);
  EXPECT_THAT(failure_of("store"), HasSubstr("0777: other users can change it"));
  set_mode(mailstow_.store() / "packs", 0700);
  set_mode(mailstow_.index() / "index.sqlite", 0640);
  EXPECT_THAT(failure_of("index"), HasSubstr("0640: other users can read"));
}

TEST_F(DoctorTest, ReportsFilesOfOtherUsersInTheStore) {
  const base::Path pack = fs::directory_iterator(mailstow_.store() / "packs")->path();
  // Only root can give files away; other users test with the owner of the store itself.
  if (::geteuid() == 0) {
    ASSERT_EQ(::chown(pack.c_str(), 65'534, 65'534), 0);
    EXPECT_THAT(failure_of("store"), HasSubstr(pack.filename().string() + " in it belongs to "));
  } else {
    set_mode(mailstow_.store() / "packs", 0500);
    EXPECT_THAT(failure_of("store"), HasSubstr("can't write to it"));
    set_mode(mailstow_.store() / "packs", 0700);
  }
}

TEST_F(DoctorTest, ReportsADiskThatIsFullOrNearlySo) {
  base::StoreConfig config;
  config.path = mailstow_.store();
  config.index = mailstow_.index();
  const auto free = fs::space(config.path).available;
  const auto first_finding = [&](std::uint64_t keep_free) {
    config.keep_free = keep_free;
    return check_free_space(config, base::real_file_system()).front();
  };
  EXPECT_THAT(first_finding(free + 100'000'000'000).what, HasSubstr("no backup is taken"));
  EXPECT_THAT(first_finding(free - 100'000'000).what, HasSubstr("are free; backups stop when"));
  EXPECT_EQ(first_finding(0).state, FindingState::kOk);
}

TEST_F(DoctorTest, ReportsAnAccountWithoutARecentBackup) {
  mailstow_.config()["guards"]["stale_after"] = "0s";
  EXPECT_THAT(failure_of("alarm"), HasSubstr("no successful backup since"));
  mailstow_.config().erase("guards");
  mailstow_.config()["accounts"].push_back({{"name", "bob"}, {"server", "main"}});
  EXPECT_THAT(failure_of("alarm"), HasSubstr("never backed up"));
}

// Replaces systemctl by a script of the test that reports which units are enabled.
class DoctorServiceTest : public DoctorTest {
 protected:
  std::string service_findings(const std::string& enabled_units,
                               const std::string& check = "service") {
    mailstow_.save();
    const base::Path bin = mailstow_.directory() / "bin";
    fs::create_directories(bin);
    std::ofstream(bin / "systemctl")
        << "#!/bin/sh\ncase \"" << enabled_units << "\" in *\"$3\"*) exit 0;; esac\nexit 1\n";
    set_mode(bin / "systemctl", 0755);
    std::vector<std::string> command = {"env", "PATH=" + bin.string() + ":/usr/bin:/bin"};
    for (const std::string& word : mailstow_.backupd_command({"doctor", "--json"})) {
      command.push_back(word);
    }
    std::string text;
    const json document = json::parse(servers::run_program(command).out);
    for (const json& finding : document.at("findings")) {
      if (finding["check"] != check) continue;
      text += finding["state"].get<std::string>() + " " + finding["subject"].get<std::string>() +
              ": " + finding["what"].get<std::string>() + "\n";
    }
    return text;
  }
};

TEST_F(DoctorServiceTest, ReportsThatNothingStartsBackups) {
  EXPECT_THAT(service_findings(""), HasSubstr("warning : no daemon runs and no timer"));
}

TEST_F(DoctorServiceTest, ReportsAMissingTimer) {
  EXPECT_EQ(service_findings("mailstow-backup.timer mailstow-sweep.timer mailstow-check.timer"),
            "warning mailstow-prune.timer: not enabled: old snapshots are kept\n");
  EXPECT_EQ(service_findings("mailstow-backup.timer mailstow-sweep.timer mailstow-prune.timer "
                             "mailstow-check.timer"),
            "ok timers: enabled\n");
}

TEST_F(DoctorServiceTest, ReportsADaemonThatDied) {
  EXPECT_EQ(service_findings("mailstow.service"),
            "failure mailstow.service: it is enabled, but no daemon runs\n");
}

TEST_F(DoctorServiceTest, ReportsWhatKeepsTheRestoreDeskFromWorking) {
  constexpr const char* kDesk = "restore desk";
  EXPECT_EQ(service_findings("", kDesk), "") << "it is not wanted";
  EXPECT_EQ(service_findings("mailstow-desk-staff.socket", kDesk),
            "warning : a socket is enabled, but the desk is closed: it does not start\n");
  json& web = mailstow_.config()["web"];
  web = {{"self", {{"accounts", {"alice", "b*"}}, {"socket_user", "absent-user"}}},
         {"staff", {{"people", {{{"person", "carol"}, {"role", "officer"}}}}}}};
  EXPECT_EQ(service_findings("", kDesk),
            "warning web.self.accounts: b* matches no account\n"
            "warning mailstow-desk.socket: not enabled: users can't log in\n"
            "warning mailstow-desk-staff.socket: not enabled: staff can't log in\n");
  web["self"]["accounts"] = {"alice"};
  EXPECT_EQ(service_findings("mailstow-desk.socket mailstow-desk-staff.socket", kDesk),
            "failure web.self.socket_user: there is no user absent-user\n"
            "warning web.staff.socket_user: not set: only programs of this user, which can read "
            "the store's key, may connect\n");
}

TEST_F(DoctorServiceTest, ReportsDoorsOfTheRestoreDeskThatAreNotApart) {
  mailstow_.config()["accounts"].push_back(
      {{"name", "bob"}, {"server", "main"}, {"user", "alice"}});
  const std::string user = user_name(::geteuid() == 0 ? 1 : 0);  // another one
  mailstow_.config()["web"] = {
      {"self",
       {{"accounts", {"*"}},
        {"socket_user", user},
        {"proxy_socket", (mailstow_.directory() / "absent/proxy").string()},
        {"proxy_socket_user", user}}}};
  const std::string findings = service_findings("mailstow-desk.socket", "restore desk");
  EXPECT_THAT(findings, HasSubstr("failure web.self.proxy_socket: "));
  EXPECT_THAT(findings, HasSubstr("/absent does not exist"));
  EXPECT_THAT(findings, HasSubstr("warning web.self.proxy_socket_user: the same user as"));
  EXPECT_THAT(findings, HasSubstr("the user name of bob also fits alice: it opens neither"));
}

TEST_F(DoctorServiceTest, ARunningDaemonIsOk) {
  for (const char* job : {"backup", "prune", "check", "sweep", "drill"}) {
    mailstow_.config()["schedule"][job] = "never";
  }
  mailstow_.save();
  const servers::Process daemon(mailstow_.backupd_command({"run"}), {"PATH=/usr/bin:/bin"},
                                {::getuid(), ::getgid()}, mailstow_.directory() / "log");
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (mailstow_.backupd_json({"status"})["daemon"].is_null()) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  EXPECT_THAT(service_findings(""), HasSubstr("ok daemon: running since 20"));
}

TEST(ClockCheckTest, ReportsAClockBehindTheNewestRecord) {
  const sys_seconds noon = base::parse_time("2026-11-24T12:00", "UTC");
  const auto state = [&](sys_seconds now, std::optional<sys_seconds> recorded,
                         std::optional<ClockKeeping> keeping) {
    return check_clock(now, {recorded}, keeping).front().state;
  };
  EXPECT_EQ(state(noon, noon + days(1), ClockKeeping{true}), FindingState::kFailure);
  const Finding behind = check_clock(noon, {noon + days(1)}, ClockKeeping{true}).front();
  EXPECT_THAT(behind.what, HasSubstr("in the future"));
  EXPECT_THAT(behind.remedy, HasSubstr("if it is behind, set it"));
  EXPECT_THAT(behind.remedy, HasSubstr("back up now"));
  EXPECT_EQ(state(noon, noon - days(1), ClockKeeping{true}), FindingState::kOk);
  EXPECT_EQ(state(noon, std::nullopt, std::nullopt), FindingState::kOk);
  const RecordedTimes once_ahead{.newest_backup = noon, .in_future = 1};
  const Finding ahead = check_clock(noon, once_ahead, ClockKeeping{false}).front();
  EXPECT_EQ(ahead.state, FindingState::kWarning);
  EXPECT_THAT(ahead.what, HasSubstr("1 snapshot is dated in the future"));
  EXPECT_EQ(state(noon, noon, ClockKeeping{false}), FindingState::kWarning);
}

TEST(ClockCheckTest, ReportsAClockThatMayBeBehindAllSnapshotsButTheNewest) {
  const sys_seconds noon = base::parse_time("2026-11-24T12:00", "UTC");
  const RecordedTimes recorded{.newest_backup = noon, .in_future = 4, .may_be_behind = true};
  const Finding unclear = check_clock(noon, recorded, ClockKeeping{false}).front();
  EXPECT_EQ(unclear.state, FindingState::kFailure);
  EXPECT_THAT(unclear.what, HasSubstr("4 snapshots are dated in the future"));
  EXPECT_THAT(unclear.remedy, HasSubstr("if it is behind, set it"));
  EXPECT_EQ(check_clock(noon, recorded, std::nullopt).front().state, FindingState::kFailure);
  EXPECT_EQ(check_clock(noon, recorded, ClockKeeping{true}).front().state, FindingState::kWarning);
}

// A new backup would not end this.
TEST(ClockCheckTest, ReportsATreeOfTheFutureWithAdviceThatHelps) {
  const sys_seconds noon = base::parse_time("2026-11-24T12:00", "UTC");
  const RecordedTimes recorded{.newest_backup = noon, .newest_tree = noon + days(365)};
  const Finding unclear = check_clock(noon, recorded, ClockKeeping{false}).front();
  EXPECT_EQ(unclear.state, FindingState::kFailure);
  EXPECT_THAT(unclear.what, HasSubstr("a restored tree was made at 2027-11-24"));
  EXPECT_THAT(unclear.remedy, HasSubstr("if it is behind, set it"));
  EXPECT_THAT(unclear.remedy, HasSubstr("if it was ahead, nothing needs to be done"));
  const Finding was_ahead = check_clock(noon, recorded, ClockKeeping{true}).front();
  EXPECT_EQ(was_ahead.state, FindingState::kWarning);
  EXPECT_THAT(was_ahead.remedy, HasSubstr("`mailstow-restore sweep` corrects the times"));
}

TEST(ClockCheckTest, ReportsAClockInDoubtAndNamesWhatAWrongOneDated) {
  const sys_seconds noon = base::parse_time("2026-11-24T12:00", "UTC");
  const RecordedTimes doubted{
      .newest_backup = noon, .clock_doubt = "more than two days after", .in_future = 1};
  const Finding doubt = check_clock(noon, doubted, ClockKeeping{true}).front();
  EXPECT_EQ(doubt.state, FindingState::kFailure);
  EXPECT_EQ(doubt.what, "more than two days after");
  const RecordedTimes right{.newest_backup = noon, .doubted = 2};
  const Finding passed = check_clock(noon, right, ClockKeeping{true}).front();
  EXPECT_EQ(passed.state, FindingState::kOk);
  EXPECT_THAT(passed.what, HasSubstr("a wrong clock dated 2 snapshots"));
}

}  // namespace
}  // namespace backupd
