// The daemon across clocks that jump: nothing is delayed until a time that a wrong clock showed.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <string>
#include <string_view>

#include <fmt/core.h>

#include "base/time_text.h"
#include "tests/backupd/daemon/running_daemon.h"
#include "tests/programs/owned_clock.h"
#include "tests/servers/delivery.h"
#include "tests/servers/mail_generator.h"
#include "tests/servers/relay.h"

namespace backupd {
namespace {

using std::chrono::days;
using std::chrono::minutes;
using std::chrono::sys_seconds;
using testing::HasSubstr;

class DaemonClockTest : public DaemonTest {
 protected:
  DaemonClockTest() {
    // The certificate of a test is not valid at that time.
    auto& main = mailstow_.config()["servers"]["main"];
    main["url"] = relay_.url();
    main["tls"] = "none";
    mailstow_.config()["accounts"] = {{{"name", "alice"}, {"server", "main"}}};
    schedule("backup", "daily 02:30");
    schedule("prune", "daily 04:30");
    schedule("sweep", "hourly");
    start(clock_.environment());
  }

  void deliver(unsigned count) {
    std::vector<servers::Delivery> news;
    for (unsigned i = 0; i < count; ++i) news.push_back({mail_.text(300)});
    server_.client("alice").append("INBOX", news);
    delivered_ += count;
  }

  sys_seconds next(const std::string& name) {
    return base::parse_time(job(name)["next_start"].get<std::string>(), "UTC");
  }

  // Everything due is done. A status request makes the daemon look at the clock.
  void wait_until_idle() {
    wait_until([&] {
      const json jobs = daemon_status()["jobs"];
      return std::ranges::none_of(jobs, [&](const json& state) {
        return state["running"] == true ||
               (!state["next_start"].is_null() &&
                base::parse_time(state["next_start"].get<std::string>(), "UTC") <= clock_.now());
      });
    });
  }

  void next_night() {
    clock_.set(next("backup"));
    wait_until_idle();
  }

  std::uint64_t newest_messages() {
    std::uint64_t messages = 0;
    const json folders = mailstow_.restore_json({"folders", "alice"})["folders"];
    for (const json& folder : folders) messages += folder["messages"].get<std::uint64_t>();
    return messages;
  }

  json alarms() { return mailstow_.backupd_json({"status"})["accounts"][0]["alarms"]; }

  bool has_snapshot(const std::string& id) {
    const json snapshots = mailstow_.restore_json({"snapshots", "alice"})["snapshots"];
    return std::ranges::any_of(snapshots,
                               [&](const json& snapshot) { return snapshot["snapshot"] == id; });
  }

  // The next byte between the daemon's jobs and the server finds the clock shifted by that.
  void jump_within_the_next_run(days shift) {
    shift_ = shift;
    is_to_jump_ = true;
  }

  programs::OwnedClock clock_{"2027-03-26T12:00:00Z"};
  std::atomic<days> shift_ = days(0);
  std::atomic<bool> is_to_jump_ = false;
  servers::Relay relay_{server_, {.watch = [this](servers::From, std::string_view) {
                          if (is_to_jump_.exchange(false)) {
                            clock_.set(clock_.now() + shift_.load());
                          }
                          return true;
                        }}};
  servers::MailGenerator mail_{5};
  unsigned delivered_ = 0;
};

TEST_F(DaemonClockTest, AWrongClockDelaysNothingOnceItIsRight) {
  deliver(10);
  next_night();
  EXPECT_EQ(newest_messages(), delivered_);
  const json first = mailstow_.restore_json({"folders", "alice"});
  mailstow_.restore_json({"run", "alice", "--all", "--expire-after", "30d"});
  struct Jump {
    days shift;
    bool is_within_a_run = false;
  };
  for (const Jump jump : {Jump{days(365)}, Jump{days(-365)}, Jump{days(365), true}}) {
    SCOPED_TRACE(
        fmt::format("{} days{}", jump.shift.count(), jump.is_within_a_run ? " within a run" : ""));
    const sys_seconds right = jump.is_within_a_run ? next("backup") : clock_.now();
    if (jump.is_within_a_run) {
      jump_within_the_next_run(jump.shift);
      next_night();
      EXPECT_FALSE(is_to_jump_) << "no job spoke to the server";
      EXPECT_GT(clock_.now(), right + days(364));
    } else {
      clock_.set(right + jump.shift);
      wait_until_idle();
      next_night();
    }
    clock_.set(right + minutes(1));
    wait_until_idle();
    deliver(1);
    for (const char* const name : {"backup", "prune"}) {
      EXPECT_GT(next(name), clock_.now()) << name;
      EXPECT_LE(next(name), clock_.now() + days(1)) << name;
    }
    next_night();
    EXPECT_EQ(newest_messages(), delivered_);
    EXPECT_EQ(mailstow_.restore_json({"trees"})["trees"].size(), 1U) << "promised for 30 days";
    EXPECT_TRUE(has_snapshot(first["snapshot"])) << "no prune dropped it";
    EXPECT_EQ(alarms(), json::array());
  }

  auto alice = server_.client("alice");
  alice.command("SELECT INBOX");
  alice.command("STORE 1:* +FLAGS (\\Deleted)");
  alice.command("EXPUNGE");
  next_night();
  EXPECT_THAT(alarms().dump(), HasSubstr("messages vanished"));
  std::size_t vanished = 0;
  const json bursts =
      mailstow_.restore_json({"vanished", "alice", "--since", first["snapshot"]})["bursts"];
  for (const json& burst : bursts) vanished += burst["messages"].size();
  EXPECT_EQ(vanished, delivered_) << bursts.dump(2);
  const json missing = mailstow_.restore_json(
      {"run", "alice", "--all", "--missing", "--at", first["snapshot"], "--dry-run"});
  EXPECT_EQ(missing["folders"][0]["messages"], 10) << missing.dump(2);
  mailstow_.backupd_json({"acknowledge", "alice"});
  EXPECT_EQ(alarms(), json::array());
}

}  // namespace
}  // namespace backupd
