// The results of a whole sweep, depending on what is around a tree: clocks, records, accounts,
// servers. The states of a single folder are in sweep_decision_test.cc and tree_sweeper_test.cc.
#include <filesystem>
#include <fstream>
#include <functional>

#include <gmock/gmock.h>

#include "base/file_system.h"
#include "restore/commands.h"
#include "restore/restore_request.h"
#include "restore/tree_lock.h"
#include "store/tree_record.h"
#include "store/writer.h"
#include "tests/programs/installation.h"
#include "tests/servers/account_filler.h"
#include "tests/servers/account_state.h"
#include "tests/servers/dovecot.h"
#include "tests/store/change_byte.h"

namespace restore {
namespace {

using namespace std::chrono_literals;
using programs::json;
using std::chrono::days;

class SetClock : public base::Clock {
 public:
  base::TimePoint now() const override { return now_; }
  std::chrono::steady_clock::time_point steady_now() const override {
    return std::chrono::steady_clock::now();
  }
  std::chrono::seconds since_start() const override {
    if (at_judgement_) std::exchange(at_judgement_, {})();
    return std::chrono::floor<std::chrono::seconds>(slept_);
  }
  void sleep_for(std::chrono::milliseconds duration) override {
    now_ += duration;
    slept_ += duration;
  }
  void set(base::TimePoint now) { now_ = now; }
  // Happens when the clock is next judged, for which the sweep asks how long the machine has run.
  void at_next_judgement(std::function<void()> event) { at_judgement_ = std::move(event); }

 private:
  base::TimePoint now_;
  std::chrono::milliseconds slept_{};
  mutable std::function<void()> at_judgement_;
};

// One account with a tree that was made now and is due in a minute.
class World {
 public:
  World() {
    servers::fill_account(server_, "alice", 6);
    mailstow_.make_store();
    mailstow_.backupd_json({"once", "--account", "alice"});
    before_ = servers::account_state(server_, "alice");
    good_config_ = mailstow_.config();
  }

  void make_tree() {
    now_ = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    clock_.set(now_ + 2min);
    tree_ = mailstow_.restore_json({"run", "alice", "--all", "--expire-after", "1m"})["tree"];
  }

  // As it was before any tree. After look().
  void clear() {
    mailstow_.config() = good_config_;
    mailstow_.save();
    auto alice = server_.client("alice");
    for (const auto& [raw_name, folder] : after_.folders) {
      if (raw_name.starts_with("RESTORED")) alice.try_command("DELETE " + servers::quote(raw_name));
    }
    for (const auto& file : std::filesystem::directory_iterator(mailstow_.store() / "trees")) {
      std::filesystem::remove(file.path());
    }
    std::filesystem::remove(mailstow_.index() / "sweeper.json");
    lock_.reset();
  }

  // How long after the tree was made the next sweeps take place.
  void wait_for(std::chrono::seconds duration) { clock_.set(now_ + duration); }
  void pass_time(std::chrono::seconds duration) { clock_.sleep_for(duration); }
  // When the sweep has read the records and judges the clock.
  void when_the_records_are_read(std::function<void()> event) {
    clock_.at_next_judgement(std::move(event));
  }

  int sweep(SweepOptions options = {}) {
    base::FileSystem& files = base::real_file_system();
    const base::Environment environment{base::load_config(files, mailstow_.config_file()),
                                        base::OutputFormat::kJson, files, clock_};
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const auto status = restore::sweep(environment, options);
    report_ = json::parse(testing::internal::GetCapturedStdout(), nullptr, false);
    log_ = testing::internal::GetCapturedStderr();
    return static_cast<int>(status);
  }

  void change_record(const std::function<void(store::TreeRecord&)>& change) {
    auto records = store::TreeRecords::open(location(), base::real_file_system());
    for (store::TreeRecord& record : records.list().records) {
      change(record);
      records.put(record);
    }
  }

  base::Path record_file() const {
    return std::filesystem::directory_iterator(mailstow_.store() / "trees")->path();
  }

  void lock_tree() {
    const auto records = store::TreeRecords::open(location(), base::real_file_system()).list();
    lock_ = restore::lock_tree(base::real_file_system(), location(), records.records.front().id);
  }

  // Reads the account, for the two questions below.
  void look() { after_ = servers::account_state(server_, "alice"); }
  bool has_tree() const { return after_.folders.contains(tree_); }
  bool is_all_else_as_it_was() const {
    return after_.not_below("RESTORED", '/') == before_.folders && after_.usage == before_.usage;
  }

  store::Location location() const {
    return {mailstow_.store(), mailstow_.index(), mailstow_.key_file()};
  }
  programs::Installation& mailstow() { return mailstow_; }
  servers::Dovecot& server() { return server_; }
  const json& report() const { return report_; }
  const std::string& log() const { return log_; }

 private:
  servers::Dovecot server_;
  programs::Installation mailstow_{server_};
  servers::AccountState before_;
  servers::AccountState after_;
  json good_config_;
  SetClock clock_;
  std::chrono::sys_seconds now_;
  std::string tree_;
  std::unique_ptr<base::FileLock> lock_;
  json report_;
  std::string log_;
};

enum class Tree { kGoes, kStays };

struct WorldSituation {
  std::string name;
  std::function<int(World&)> sweep;  // sets the situation up, sweeps, and returns the exit status
  int status;
  Tree tree;
  std::string says = {};  // in the log or the report
};

std::vector<WorldSituation> world_situations() {
  const auto plain = [](World& world) { return world.sweep(); };
  return {
      {"its time is over", plain, 0, Tree::kGoes, "created by mailstow"},
      {"its time is not over",
       [](World& world) {
         world.wait_for(30s);
         return world.sweep();
       },
       0, Tree::kStays},
      {"a dry run", [](World& world) { return world.sweep({.dry_run = true}); }, 0, Tree::kStays,
       "would be deleted"},
      {"the clock is almost two days ahead of all that was recorded",
       [](World& world) {
         world.wait_for(days(2) - std::chrono::minutes(10));
         return world.sweep();
       },
       0, Tree::kGoes},
      {"the clock jumped further than that",
       [](World& world) {
         world.wait_for(days(3));
         return world.sweep();
       },
       3, Tree::kStays, "--now"},
      {"the clock jumped, and half an hour went by",
       [](World& world) {
         world.wait_for(days(3));
         world.sweep();
         world.pass_time(30min);
         return world.sweep();
       },
       3, Tree::kStays, "--now"},
      {"the clock jumped, and an hour went by",
       [](World& world) {
         world.wait_for(days(3));
         world.sweep();
         world.pass_time(1h);
         return world.sweep();
       },
       0, Tree::kGoes},
      {"the clock jumped, and jumped again",
       [](World& world) {
         world.wait_for(days(3));
         world.sweep();
         world.wait_for(days(13));
         return world.sweep();
       },
       3, Tree::kStays, "--now"},
      {"the clock jumped, and the administrator confirms it",
       [](World& world) {
         world.wait_for(days(3));
         return world.sweep({.now = true});
       },
       0, Tree::kGoes},
      {"the clock jumped, and a dry run looks twice",
       [](World& world) {
         world.wait_for(days(3));
         world.sweep({.dry_run = true});
         world.pass_time(1h);
         return world.sweep();
       },
       3, Tree::kStays, "--now"},
      {"the clock fell back",
       [](World& world) {
         world.change_record([](auto& record) { record.expires -= days(2); });
         world.wait_for(-days(1));
         return world.sweep();
       },
       3, Tree::kStays, "before the last time"},
      {"no sweep for a week, while backups went on",
       [](World& world) {
         world.change_record([](auto& record) {
           record.created -= days(14);
           record.expires -= days(7);
           // The snapshots that there were then are no longer kept.
           record.snapshot = {};
           RestoreRequest request = read_request(record.request);
           request.made_after = 0;
           request.not_before.reset();
           record.request = write_request(request);
         });
         return world.sweep();
       },
       0, Tree::kGoes},
      {"the machine was off for a week: the second sweep catches up",
       [](World& world) {
         world.wait_for(days(14));
         EXPECT_EQ(world.sweep(), 3);
         world.pass_time(1h);
         return world.sweep();
       },
       0, Tree::kGoes},
      {"it was made while the clock was behind, and seems to be due",
       [](World& world) {
         world.change_record([](auto& record) {
           record.created -= days(14);
           record.expires -= days(14);
         });
         return world.sweep();
       },
       0, Tree::kStays, "a wrong clock dated it"},
      {"its record is missing",
       [](World& world) {
         std::filesystem::remove(world.record_file());
         return world.sweep();
       },
       0, Tree::kStays},
      {"another host made it",
       [](World& world) {
         world.change_record([](auto& record) { record.host = std::string(32, 'f'); });
         return world.sweep();
       },
       0, Tree::kStays, "left_to_other_hosts"},
      {"another host made it, and was there two days ago",
       [](World& world) {
         world.change_record([](auto& record) { record.host = std::string(32, 'f'); });
         world.wait_for(days(2));
         return world.sweep({.now = true});
       },
       0, Tree::kStays, "left_to_other_hosts"},
      {"another host made it, and has been silent for three days",
       [](World& world) {
         world.change_record([](auto& record) { record.host = std::string(32, 'f'); });
         world.wait_for(days(3));
         return world.sweep({.now = true});
       },
       0, Tree::kGoes, "created by mailstow"},
      {"another host made it, has been silent for three days, and a third one backs up",
       [](World& world) {
         world.change_record([](auto& record) { record.host = std::string(32, 'f'); });
         store::Location third = world.location();
         third.index += "-of-the-third";
         store::Writer::open(third, base::real_file_system(), base::system_clock());
         world.wait_for(days(3));
         const int status = world.sweep({.now = true});
         store::Writer::open(world.location(), base::real_file_system(), base::system_clock());
         return status;
       },
       0, Tree::kStays, "left_to_other_hosts"},
      {"its record is damaged",
       [](World& world) {
         tests::change_byte(world.record_file(), 100);
         return world.sweep();
       },
       4, Tree::kStays, "trees"},
      {"a record that has only the name of one",
       [](World& world) {
         std::ofstream(world.record_file(), std::ios::trunc) << "RESTORED";
         return world.sweep();
       },
       4, Tree::kStays, "trees"},
      {"a record under another's name",
       [](World& world) {
         const base::Path file = world.record_file();
         std::string name = file.filename().string();
         std::reverse(name.begin(), name.begin() + 32);
         std::filesystem::rename(file, file.parent_path() / name);
         return world.sweep();
       },
       4, Tree::kStays, "trees"},
      {"a record that another store sealed",
       [](World& world) {
         programs::Installation other(world.server());
         other.make_store();
         const auto records = store::TreeRecords::open(world.location(), base::real_file_system());
         auto others = store::TreeRecords::open({other.store(), other.index(), other.key_file()},
                                                base::real_file_system());
         others.put(records.list().records.front());
         const std::filesystem::directory_iterator foreign(other.store() / "trees");
         std::filesystem::copy_file(foreign->path(), world.record_file(),
                                    std::filesystem::copy_options::overwrite_existing);
         return world.sweep();
       },
       4, Tree::kStays, "trees"},
      {"the account is gone from the configuration, its server and that server's admin are there",
       [](World& world) {
         world.mailstow().config()["accounts"] =
             json::array({{{"name", "bob"}, {"server", "main"}}});
         world.mailstow().save();
         return world.sweep();
       },
       0, Tree::kGoes, "alice"},
      {"the account is gone from the server",
       [](World& world) {
         world.change_record([](auto& record) { record.account = "nobody"; });
         world.mailstow().config()["accounts"].push_back({{"name", "nobody"}, {"server", "main"}});
         world.mailstow().save();
         return world.sweep();
       },
       1, Tree::kStays, "nobody"},
      {"the server is down",
       [](World& world) {
         world.server().stop();
         const int status = world.sweep();
         world.server().start();
         return status;
       },
       1, Tree::kStays, "alice"},
      {"the password is wrong",
       [](World& world) {
         const base::Path file = world.mailstow().directory() / "password";
         std::ofstream(file) << "wrong\n";
         world.mailstow().config()["servers"]["main"]["admin"]["password_file"] = file.string();
         world.mailstow().save();
         return world.sweep();
       },
       1, Tree::kStays, "alice"},
      {"a run is working on it",
       [](World& world) {
         world.lock_tree();
         return world.sweep();
       },
       5, Tree::kStays, "a run or another sweep is working on it"},
      {"it is extended while the sweep begins",
       [](World& world) {
         world.when_the_records_are_read(
             [&] { world.change_record([](auto& record) { record.expires += days(7); }); });
         return world.sweep();
       },
       0, Tree::kStays},
      {"its record goes while the sweep begins",
       [](World& world) {
         world.when_the_records_are_read([&] { std::filesystem::remove(world.record_file()); });
         return world.sweep();
       },
       0, Tree::kStays},
      {"another run's half-made tree",
       [](World& world) {
         world.change_record([](auto& record) { record.state = store::TreeState::kRestoring; });
         return world.sweep();
       },
       0, Tree::kGoes},
      {"the index is lost",
       [](World& world) {
         std::filesystem::rename(world.mailstow().index(), world.mailstow().directory() / "kept");
         const int status = world.sweep();
         std::filesystem::remove_all(world.mailstow().index());
         std::filesystem::rename(world.mailstow().directory() / "kept", world.mailstow().index());
         return status;
       },
       0, Tree::kGoes},
  };
}

TEST(SweepSituationsTest, EverySituationHasItsExpectedEndAndReason) {
  World world;
  for (const WorldSituation& situation : world_situations()) {
    SCOPED_TRACE(situation.name);
    world.make_tree();
    EXPECT_EQ(situation.sweep(world), situation.status) << world.log();
    EXPECT_THAT(world.report().dump() + world.log(), testing::HasSubstr(situation.says));
    world.look();
    EXPECT_EQ(world.has_tree(), situation.tree == Tree::kStays) << world.report();
    EXPECT_TRUE(world.is_all_else_as_it_was());
    world.clear();
  }
}

}  // namespace
}  // namespace restore
