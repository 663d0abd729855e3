// Days in the life of an installation, on a real server and with a clock that the test controls:
// run by the daemon, and by the timers. The night of 28 March 2027 has no half past two in Oslo.
#include <fstream>
#include <set>
#include <sstream>
#include <thread>

#include <gmock/gmock.h>
#include <unistd.h>

#include "base/time_text.h"
#include "tests/backupd/daemon/daemon_answer.h"
#include "tests/long_run.h"
#include "tests/programs/installation.h"
#include "tests/programs/owned_clock.h"
#include "tests/servers/account_filler.h"
#include "tests/servers/account_state.h"
#include "tests/servers/dovecot.h"
#include "tests/servers/mail_generator.h"
#include "tests/text_of.h"

namespace backupd {
namespace {

using programs::find_by;
using programs::json;
using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using std::chrono::sys_seconds;

using Contents = std::multiset<std::string>;

// The messages of every folder, whatever their UIDs: "INBOX <sha256>", ...
Contents contents_of(const std::map<std::string, servers::FolderState>& folders,
                     std::size_t prefix = 0) {
  Contents contents;
  for (const auto& [raw_name, folder] : folders) {
    const std::string name = raw_name.substr(std::min(prefix, raw_name.size()));
    for (const auto& message : folder.messages) contents.insert(name + " " + message.sha256);
  }
  return contents;
}

class DaysTest : public testing::Test {
 protected:
  static constexpr sys_seconds kNoon{sys_seconds(seconds(1'806'062'400))};  // 2027-03-26T12:00Z
  static int day_count() { return tests::is_long_run() ? 30 : 3; }

  DaysTest() {
    auto& main = mailstow_.config()["servers"]["main"];
    main["url"] = server_.plain_url();
    main["tls"] = "none";
    mailstow_.config()["schedule"] = {{"time_zone", "Europe/Oslo"}, {"jitter", "0s"}};
    mailstow_.save();
    EXPECT_EQ(mailstow_.backupd({"init"}).status, 0);
    servers::fill_account(server_, "alice", 40);
  }

  // On return, everything due by `time` has been done. `time` is never before the present.
  virtual void let_pass_until(sys_seconds time) = 0;

  // Alice uses her mailbox during a day.
  void live() {
    auto client = server_.client("alice");
    std::vector<servers::Delivery> letters;
    for (int letter = 0; letter < 6; ++letter) letters.push_back(mail_.delivery());
    client.append("INBOX", letters);
    client.command("SELECT INBOX");
    client.command("STORE 1:2 +FLAGS (\\Deleted)");
    client.command("EXPUNGE");
  }

  servers::AccountState state() const { return servers::account_state(server_, "alice"); }

  void live_through(int count) {
    for (int day = 0; day < count; ++day) {
      const sys_seconds noon = kNoon + days(day);
      live();
      if (day == 1) {
        tree_ = mailstow_.restore_json({"run", "alice", "--all", "--expire-after", "1d"})["tree"];
        tree_expires_ = clock_.now() + days(1);
      }
      const auto before = state();
      let_pass_until(noon + hours(13));  // at night
      nights_.push_back(contents_of(before.not_below("RESTORED", '/')));
      const auto after = state();
      EXPECT_EQ(after.not_below("RESTORED", '/'), before.not_below("RESTORED", '/'));
      if (!tree_.empty() && clock_.now() > tree_expires_ + hours(1)) {
        EXPECT_EQ(after.below(tree_, '/').size(), 0U);
      }
      let_pass_until(noon + days(1) - minutes(10));
      if (!tree_.empty() && clock_.now() < tree_expires_) {
        EXPECT_GT(servers::account_state(server_, "alice", tree_).message_count(), 40U);
      }
      let_pass_until(noon + days(1) + minutes(1));
    }
  }

  void expect_that_all_is_well() {
    EXPECT_FALSE(tree_.empty());
    EXPECT_EQ(mailstow_.restore_json({"trees"})["trees"].size(), 0U);
    const json snapshots = mailstow_.restore_json({"snapshots", "alice"})["snapshots"];
    ASSERT_EQ(snapshots.size(), nights_.size());
    for (std::size_t night = 0; night < nights_.size(); ++night) {
      const std::string time = snapshots[night]["time"];
      const std::string tree =
          mailstow_.restore_json({"run", "alice", "--all", "--at", time})["tree"];
      const auto restored = servers::account_state(server_, "alice", tree);
      EXPECT_EQ(contents_of(restored.folders, tree.size() + 1), nights_[night]) << time;
    }
    EXPECT_EQ(mailstow_.backupd({"check", "--read-data"}).status, 0);
    EXPECT_EQ(mailstow_.backupd_json({"status"})["accounts"][0]["alarms"].size(), 0U);
  }

  std::vector<std::string> backup_times() const {
    std::vector<std::string> times;
    const json snapshots = mailstow_.restore_json({"snapshots", "alice"})["snapshots"];
    for (const json& snapshot : snapshots) {
      times.push_back(snapshot["time"].get<std::string>().substr(0, 16));
    }
    return times;
  }

  programs::OwnedClock clock_{"2027-03-26T12:00:00Z"};
  servers::Dovecot server_;
  programs::Installation mailstow_{server_};
  servers::MailGenerator mail_{8};
  std::vector<Contents> nights_;
  std::string tree_;
  sys_seconds tree_expires_{};
};

class DaemonDaysTest : public DaysTest {
 protected:
  DaemonDaysTest()
      : daemon_(mailstow_.backupd_command({"run"}), clock_.environment(), {::getuid(), ::getgid()},
                mailstow_.directory() / "log") {
    while (jobs().is_null()) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }

  // Only the clock starts jobs: a status request makes the daemon look at it.
  void let_pass_until(sys_seconds time) override {
    while (clock_.now() < time) {
      settle();
      const sys_seconds next = std::min(time, next_due());
      // The sweep of the hour before, which nothing triggered while the clock jumped.
      clock_.set(std::max(clock_.now(), next - minutes(1)));
      settle();
      clock_.set(std::max(clock_.now(), next));
    }
    settle();
  }

  json jobs() const {
    const json daemon = daemon_answer(mailstow_);
    return daemon.is_null() ? json() : daemon["jobs"];
  }

  sys_seconds next_due() const {
    sys_seconds first = sys_seconds::max();
    for (const json& job : jobs()) {
      // Sweeping each hour, asleep or not, would only take the test's time.
      if (job["job"] == "sweep" || job["next_start"].is_null()) continue;
      first = std::min(first, base::parse_time(job["next_start"].get<std::string>(), "UTC"));
    }
    return first;
  }

  void settle() const {
    const auto is_at_work = [&](const json& job) {
      return job["running"] == true ||
             (!job["next_start"].is_null() &&
              base::parse_time(job["next_start"].get<std::string>(), "UTC") <= clock_.now());
    };
    const auto patience = std::chrono::steady_clock::now() + seconds(60);
    for (json all = jobs(); std::any_of(all.begin(), all.end(), is_at_work); all = jobs()) {
      ASSERT_LT(std::chrono::steady_clock::now(), patience) << text_of("log");
      std::this_thread::sleep_for(std::chrono::milliseconds(30));
    }
    for (const json& job : jobs()) {
      EXPECT_TRUE(job["last_exit_status"].is_null() || job["last_exit_status"] == 0)
          << job << text_of("log") << text_of("index/reports/backup.json");
    }
  }

  std::string text_of(const char* file) const {
    return tests::text_of(mailstow_.directory() / file);
  }

  servers::Process daemon_;
};

TEST_F(DaemonDaysTest, BackUpRestoreAndSweep) {
  live_through(day_count());
  expect_that_all_is_well();
  const std::vector<std::string> times = backup_times();
  ASSERT_GE(times.size(), 3U) << text_of("log");
  EXPECT_EQ((std::vector(times.begin(), times.begin() + 3)),
            (std::vector<std::string>{"2027-03-27T01:30", "2027-03-28T01:00", "2027-03-29T00:30"}));
  for (const json& job : jobs()) {
    if (job["job"] == "backup" || job["job"] == "check") {
      EXPECT_EQ(job["ended"], day_count());
    }
    if (job["job"] == "prune") {
      EXPECT_GE(job["ended"], 1);
    }
  }
}

// systemd, as far as timers go: those of scripts/systemd with OnCalendar in UTC, without the
// randomized delay. A timer that elapsed several times since the last look is started once.
class TimerDaysTest : public DaysTest {
 protected:
  struct Timer {
    std::string name;
    std::string calendar;
    sys_seconds last;
    int runs = 0;
  };

  TimerDaysTest() {
    for (const char* name : {"backup", "prune", "check", "sweep"}) {
      timers_.push_back({name, line_of(name, "timer", "OnCalendar="), clock_.now()});
    }
  }

  void let_pass_until(sys_seconds time) override {
    for (;;) {
      Timer* next = nullptr;
      sys_seconds at = time;
      for (Timer& timer : timers_) {
        // Sweeping each hour would only take the test's time: that waits until all else is done.
        const sys_seconds elapses = timer.name == "sweep" ? sys_seconds::max() : next_elapse(timer);
        if (elapses > at) continue;
        next = &timer;
        at = elapses;
      }
      if (next == nullptr) break;
      set_clock(at);
      start(*next);
      next->last = at;
    }
    set_clock(time);
    Timer& sweep = timers_.back();
    if (next_elapse(sweep) <= time) {
      start(sweep);
      sweep.last = time;
    }
  }

  void set_clock(sys_seconds time) { clock_.set(std::max(clock_.now(), time)); }

  void start(Timer& timer) {
    std::istringstream words(line_of(timer.name, "service", "ExecStart=/usr/bin/"));
    const std::vector<std::string> command{std::istream_iterator<std::string>(words), {}};
    const std::vector<std::string> arguments(command.begin() + 1, command.end());
    const auto result = command.front() == "mailstow-backupd" ? mailstow_.backupd(arguments)
                                                              : mailstow_.restore(arguments);
    EXPECT_EQ(result.status, 0) << timer.name << result.out << result.err;
    ++timer.runs;
  }

  static std::string line_of(const std::string& name, const std::string& kind,
                             const std::string& key) {
    std::ifstream file(base::Path(MAILSTOW_SOURCE_DIRECTORY) / "scripts/systemd" /
                       ("mailstow-" + name + "." + kind));
    for (std::string line; std::getline(file, line);) {
      if (line.starts_with(key)) return line.substr(key.size());
    }
    ADD_FAILURE() << name << "." << kind << " has no " << key;
    return "";
  }

  static sys_seconds next_elapse(const Timer& timer) {
    std::string base_time = base::format_rfc3339(timer.last);
    base_time.replace(10, 1, " ").replace(19, 1, " UTC");
    const std::string text = servers::output_of({"env", "TZ=UTC", "systemd-analyze", "calendar",
                                                 "--base-time=" + base_time, timer.calendar});
    constexpr std::string_view kKey = "Next elapse: ";
    const std::size_t at = text.find(kKey) + kKey.size() + 4;  // behind the day of the week
    return base::parse_time(text.substr(at, 10) + "T" + text.substr(at + 11, 8) + "Z", "UTC");
  }

  std::vector<Timer> timers_;
};

TEST_F(TimerDaysTest, BackUpRestoreAndSweep) {
  live_through(day_count());
  expect_that_all_is_well();
  EXPECT_EQ(timers_[0].runs, day_count());
  EXPECT_GE(timers_[1].runs, 1);
  EXPECT_EQ(timers_[2].runs, day_count());
  ASSERT_FALSE(backup_times().empty());
  EXPECT_EQ(backup_times().front(), "2027-03-27T02:30");
}

}  // namespace
}  // namespace backupd
