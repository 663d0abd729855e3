// Two hosts that back up and prune one store, in every order of what matters to the other one:
// their looks at the owner, and all that they write and delete. Each order has at most two changes
// from one host to the other. No acknowledged snapshot is lost, and nothing is deleted that a
// living one needs.
#include <array>
#include <functional>
#include <thread>

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "store/maintenance/check.h"
#include "store/maintenance/prune.h"
#include "store/maintenance/repair.h"
#include "tests/long_run.h"
#include "tests/store/storage/stepped_storage.h"
#include "tests/store/turns.h"
#include "tests/store/two_writers.h"

namespace store {
namespace {

using testing::Each;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class HostScheduleTest : public TwoWriters, public testing::WithParamInterface<bool> {
 protected:
  // Each of its actions is a session of its own.
  class Host {
   public:
    Host(HostScheduleTest& test, const std::string& name, std::shared_ptr<Storage> storage)
        : test_(test), location_(test.location_of(name, std::move(storage))) {}

    // The message is stored ahead, in a pack of its own.
    void back_up(const std::string& account, unsigned number, const std::string& message) {
      attempt([&] {
        Writer writer = Writer::open(location_, test_.files_, test_.clock_);
        add_message(writer, message, account);
        writer.commit();
        const ObjectId id = add(writer, account, number, message);
        writer.commit();
        acknowledged[id] = message;
      });
    }

    void prune_without(const std::set<ObjectId>& drop) {
      attempt([&] { prune(location_, test_.files_, test_.clock_, {.drop = drop}); });
    }

    Snapshots acknowledged;
    std::size_t stopped = 0;
    std::size_t steps = 0;

   private:
    void attempt(const std::function<void()>& work) {
      try {
        work();
      } catch (const base::Error& error) {
        ++stopped;
        EXPECT_THAT(error.code(), testing::AnyOf(base::ErrorCode::kBusy, base::ErrorCode::kDamaged))
            << error.what();
      }
    }

    HostScheduleTest& test_;
    Location location_;
  };

  using Script = std::function<void(Host&)>;

  static bool matters(const tests::StorageRequest& request) {
    if (request.kind == "list") return request.area == kOwnerArea;
    return request.kind != "get" && request.kind != "size";
  }

  void play(Host& host, tests::Turns& turns, std::size_t player, const Script& script) {
    turns.begin(player);
    script(host);
    turns.end(player);
  }

  // Both scripts, in an order of `runs`: see Turns. Returns the number of steps of each.
  std::array<std::size_t, 2> play_both(const std::vector<std::size_t>& runs,
                                       const std::array<Script, 2>& scripts) {
    tests::Turns turns(runs, 2);
    std::array<std::size_t, 2> steps{};
    const auto storage_of_player = [&](std::size_t player) {
      return std::make_shared<tests::SteppedStorage>(
          *storage_, [&turns, &steps, player](const tests::StorageRequest& request) {
            if (!matters(request)) return;
            ++steps[player];
            turns.next(player);
          });
    };
    Host first(*this, "first", storage_of_player(0));
    Host second(*this, "second", storage_of_player(1));
    std::thread other([&] { play(second, turns, 1, scripts[1]); });
    play(first, turns, 0, scripts[0]);
    other.join();
    for (Host* const host : {&first, &second}) {
      acknowledged_.merge(host->acknowledged);
      stopped_ += host->stopped;
    }
    return steps;
  }

  // Of the account "old", the first snapshot will be dropped. Both hosts know all of it.
  void start() {
    make_store(GetParam() ? kCreatesOnce : kSharesNames);
    clock_.moment = TestClock().moment;
    acknowledged_.clear();
    {
      Writer first = open_writer("first");
      dropped_ = add(first, "old", 1, sample_message(7));
      first.commit();
      acknowledged_[add(first, "old", 2)] = message_of("old", 2);
      first.commit();
    }
    open_writer("second");
  }

  // The messages 7 and 17 have the same attachment.
  std::array<std::size_t, 2> play_two_nights(const std::vector<std::size_t>& runs) {
    start();
    const std::array<std::size_t, 2> steps =
        play_both(runs, {[&](Host& host) {
                           host.prune_without({dropped_});
                           host.back_up("alice", 1, sample_message(17));
                         },
                         [&](Host& host) {
                           host.back_up("bob", 1, sample_message(7));
                           host.prune_without({dropped_});
                         }});
    clock_.moment += std::chrono::hours(25);
    play_both(runs, {[&](Host& host) {
                       host.prune_without({});
                       host.back_up("alice", 2, sample_message(7));
                     },
                     [&](Host& host) {
                       host.back_up("bob", 2, sample_message(17));
                       host.prune_without({});
                     }});
    return steps;
  }

  void expect_all_on(const std::string& host) {
    Writer writer = open_writer(host);
    EXPECT_THAT(writer.damage(), IsEmpty()) << host;
    expect_all(acknowledged_, found_in(writer.reader()));
  }

  // As a third host finds it, with every join and every deletion that is due.
  void verify() {
    std::vector<std::string> damage;
    {
      Writer third = open_writer("third");
      damage = third.damage();
      expect_all(acknowledged_, found_in(third.reader()));
    }
    if (!damage.empty()) {
      EXPECT_FALSE(GetParam());
      EXPECT_THAT(damage, Each(HasSubstr("at the same time")));
      EXPECT_THAT(repair(location_of("third"), files_, clock_).after.damage, IsEmpty());
    }
    prune(location_of("third"), files_, clock_, {});
    clock_.moment += std::chrono::hours(25);
    prune(location_of("third"), files_, clock_, {});
    const CheckReport report =
        check(location_of("third"), files_, {.depth = CheckDepth::kReadData, .threads = 1});
    EXPECT_THAT(report.damage, IsEmpty());
    EXPECT_THAT(report.damaged_messages, IsEmpty());
    for (const char* host : {"third", "first"}) expect_all_on(host);
  }

  // All orders that begin with this host: how many steps it makes before the other one, and how
  // many that one makes before it goes on.
  void play_all(std::size_t first, const std::array<std::size_t, 2>& steps, tests::Sample& sample) {
    constexpr std::size_t kStride = 2;
    for (std::size_t before = 0; before <= steps[first]; ++before) {
      for (std::size_t between = 1; between <= steps[1 - first]; between += kStride) {
        if (!sample.takes_next()) continue;
        SCOPED_TRACE(
            fmt::format("host {}: {} steps, then {} of the other one", first, before, between));
        std::vector<std::size_t> runs{before, between};
        if (first == 1) runs.insert(runs.begin(), 0);
        play_two_nights(runs);
        verify();
        if (HasFailure()) return;
      }
    }
  }

  ObjectId dropped_;
  Snapshots acknowledged_;
  std::size_t stopped_ = 0;
};

TEST_P(HostScheduleTest, InAnyOrderNothingAcknowledgedIsLost) {
  const std::array<std::size_t, 2> steps = play_two_nights({});
  EXPECT_EQ(0U, stopped_) << "one after the other";
  EXPECT_THAT(acknowledged_, SizeIs(5));
  verify();
  tests::Sample sample(43);
  for (const std::size_t first : {0U, 1U}) play_all(first, steps, sample);
  EXPECT_GT(stopped_, 0U) << "the hosts never met";
}

INSTANTIATE_TEST_SUITE_P(Traits, HostScheduleTest, testing::Bool(), [](const auto& traits) {
  return traits.param ? "CreatesOnce" : "SharesNames";
});

}  // namespace
}  // namespace store
