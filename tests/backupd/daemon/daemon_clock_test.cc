// The daemon across clocks that jump: nothing is delayed until a time that a wrong clock showed.
#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>

#include "base/time_text.h"
#include "tests/backupd/daemon/running_daemon.h"
#include "tests/programs/owned_clock.h"
#include "tests/servers/delivery.h"
#include "tests/servers/mail_generator.h"

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
    main["url"] = server_.plain_url();
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

  programs::OwnedClock clock_{"2027-03-26T12:00:00Z"};
  servers::MailGenerator mail_{5};
  unsigned delivered_ = 0;
};

TEST_F(DaemonClockTest, AWrongClockDelaysNothingOnceItIsRight) {
  deliver(10);
  next_night();
  EXPECT_EQ(newest_messages(), delivered_);
  const json first = mailstow_.restore_json({"folders", "alice"});
  mailstow_.restore_json({"run", "alice", "--all", "--expire-after", "30d"});
  for (const days shift : {days(365), days(-365)}) {
    SCOPED_TRACE(shift.count());
    const sys_seconds right = clock_.now();
    clock_.set(right + shift);
    wait_until_idle();
    next_night();
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
