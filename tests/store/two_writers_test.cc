// Two hosts that write to one storage without a common lock: no acknowledged snapshot is lost, and
// where names are created once, only one of them goes on.
#include "tests/store/two_writers.h"

#include <array>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "store/fence.h"
#include "store/format/commit_record.h"
#include "store/index/commit_log.h"
#include "store/keys/key_slot.h"
#include "store/maintenance/check.h"
#include "store/maintenance/prune.h"
#include "store/maintenance/repair.h"
#include "tests/expect_error.h"
#include "tests/long_run.h"
#include "tests/store/storage/stepped_storage.h"
#include "tests/store/turns.h"

namespace store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class TwoWritersTest : public TwoWriters {
 protected:
  // Each host's fence is proven, if it has one: in the race for it, no order is given.
  void make_fences(tests::Conditions conditions) {
    storage_->set_conditions(tests::Conditions::kKept);
    for (const std::string& host : fenced_) {
      const Location location = location_of(host);
      std::filesystem::create_directories(location.index);
      prove_fence(*storage_, files_, location, clock_.now_seconds());
    }
    storage_->set_conditions(conditions);
  }

  // A host's part in a test of all orders: two sessions, with two commits and one.
  void play(const std::string& host, tests::Turns& turns, std::size_t player,
            Snapshots& acknowledged, std::vector<base::ErrorCode>& errors) {
    const auto storage = std::make_shared<tests::SteppedStorage>(
        *storage_, [&turns, player](const tests::StorageRequest&) { turns.next(player); });
    turns.begin(player);
    unsigned number = 0;
    for (const unsigned commits : {2U, 1U}) {
      try {
        Writer writer = Writer::open(location_of(host, storage), files_, clock_);
        for (unsigned i = 0; i < commits; ++i) {
          const ObjectId id = add(writer, host, ++number);
          writer.commit();
          acknowledged[id] = message_of(host, number);
        }
      } catch (const base::Error& error) {
        errors.push_back(error.code());
        EXPECT_THAT(error.code(), testing::AnyOf(base::ErrorCode::kBusy, base::ErrorCode::kDamaged))
            << error.what();
      }
    }
    turns.end(player);
  }

  struct Played {
    Snapshots acknowledged;
    std::vector<base::ErrorCode> errors;
  };

  // Both hosts at once, in the order of that seed.
  Played play_both(const StorageTraits& traits, std::uint32_t seed) {
    make_store(traits);
    make_fences(conditions_);
    tests::Turns turns(seed, 2);
    std::array<Played, 2> played;
    std::thread second([&] { play("second", turns, 1, played[1].acknowledged, played[1].errors); });
    play("first", turns, 0, played[0].acknowledged, played[0].errors);
    second.join();
    played[0].acknowledged.merge(played[1].acknowledged);
    played[0].errors.insert(played[0].errors.end(), played[1].errors.begin(),
                            played[1].errors.end());
    return std::move(played[0]);
  }

  // Each opening reports all forks, and finds all that was acknowledged.
  void expect_nothing_lost(const Played& played) {
    const Location third = location_of("third");
    const BlockContext context = open_keys(third, files_);
    const std::size_t forks = CommitLog(*storage_, context).forks(1).size();
    Writer writer = Writer::open(third, files_, clock_);
    EXPECT_THAT(writer.damage(), SizeIs(forks));
    EXPECT_THAT(writer.damage(), testing::Each(HasSubstr("at the same time")));
    expect_all(played.acknowledged, found_in(writer.reader()));
  }

  tests::Conditions conditions_ = tests::Conditions::kUnknown;
};

TEST_F(TwoWritersTest, TheSecondOneToCommitIsStoppedAndLosesOnlyThat) {
  make_store(kCreatesOnce);
  ObjectId alice;
  {
    Writer first = open_writer("first");
    Writer second = open_writer("second");
    alice = add(first, "alice", 1);
    const ObjectId bob = add(second, "bob", 1);
    first.commit();
    EXPECT_ERROR(kBusy, "has taken it over meanwhile", second.commit());
    EXPECT_THAT(found_in(second.reader()), IsEmpty()) << bob.hex();
    EXPECT_ERROR(kIo, "reopen it", second.commit());
  }
  EXPECT_EQ(2U, packs()) << "what it had uploaded is there, and does not count";

  Writer second = open_writer("second");
  EXPECT_THAT(second.damage(), IsEmpty());
  EXPECT_EQ((Snapshots{{alice, message_of("alice", 1)}}), found_in(second.reader()));
  const ObjectId bob = add(second, "bob", 2);
  second.commit();
  EXPECT_THAT(recorded(), ElementsAre(1U, 2U));
  EXPECT_EQ((Snapshots{{alice, message_of("alice", 1)}, {bob, message_of("bob", 2)}}),
            found_in(second.reader()));

  Writer first = open_writer("first");
  EXPECT_THAT(first.damage(), IsEmpty());
  EXPECT_EQ(found_in(second.reader()), found_in(first.reader()));
  EXPECT_THAT(check(location_of("first"), files_, {}).damage, IsEmpty());
}

TEST_F(TwoWritersTest, AnOpenWriterGoesOnUnlessTheOtherCommits) {
  make_store(kCreatesOnce);
  Writer first = open_writer("first");
  { const Writer second = open_writer("second"); }
  add(first, "alice", 1);
  EXPECT_NO_THROW(first.commit());
}

TEST_F(TwoWritersTest, AnIndexThatIsRebuiltLeavesOutWhatDoesNotCount) {
  make_store(kCreatesOnce);
  {
    Writer first = open_writer("first");
    Writer second = open_writer("second");
    add(first, "alice", 1);
    add(second, "bob", 1);
    second.commit();
    EXPECT_THROW(first.commit(), base::Error);
  }
  Writer third = open_writer("third");
  EXPECT_THAT(third.damage(), IsEmpty());
  EXPECT_THAT(third.reader().accounts(), ElementsAre("bob"));
}

// The newest pack and its record are there, and neither is in a listing.
TEST_F(TwoWritersTest, CommitsThatNoListingShowsAreFound) {
  make_store({.creates_once = true, .lists_at_once = false, .replaces_at_once = true});
  { const Writer second = open_writer("second"); }
  {
    Writer first = open_writer("first");
    for (unsigned number = 1; number <= 3; ++number) {
      add(first, "alice", number);
      first.commit();
    }
  }
  storage_->set_faults({.missing_names = 100});
  Writer second = open_writer("second");
  EXPECT_THAT(second.damage(), IsEmpty());
  EXPECT_THAT(second.reader().snapshots("alice"), SizeIs(3));
  add(second, "bob", 1);
  EXPECT_NO_THROW(second.commit());
  EXPECT_THAT(recorded(), ElementsAre(1U, 2U, 3U, 4U));
}

TEST_F(TwoWritersTest, APruneThatAnotherHostOvertookDeletesNothing) {
  make_store(kCreatesOnce);
  ObjectId dropped;
  {
    Writer first = open_writer("first");
    dropped = add(first, "alice", 1);
    first.commit();
    add(first, "alice", 2);
    first.commit();
  }
  const Location location = location_of("first");
  prune(location, files_, clock_, {.drop = {dropped}});
  clock_.moment += std::chrono::hours(25);
  const auto before = storage_->contents();
  bool is_overtaken = false;
  const PruneOptions options{.progress = [&](const PruneProgress&) {
    if (!is_overtaken) open_writer("second");
    is_overtaken = true;
  }};
  EXPECT_ERROR(kBusy, "has taken it over meanwhile", prune(location, files_, clock_, options));
  EXPECT_TRUE(is_overtaken);
  for (const auto& [name, bytes] : before) EXPECT_TRUE(storage_->contents().contains(name));
  EXPECT_GT(prune(location, files_, clock_, {}).deleted, 0U) << "it has taken the store back";
}

TEST_F(TwoWritersTest, WithoutNamesThatAreCreatedOnceTheNewestOwnerGoesOn) {
  make_store(kSharesNames);
  Writer first = open_writer("first");
  Writer second = open_writer("second");
  add(first, "alice", 1);
  add(second, "bob", 1);
  EXPECT_ERROR(kBusy, "has taken it over meanwhile", first.commit());
  EXPECT_NO_THROW(second.commit());
  EXPECT_THAT(recorded(), ElementsAre(1U));
}

TEST_F(TwoWritersTest, InAnyOrderNothingAcknowledgedIsLost) {
  const std::uint32_t orders = tests::is_long_run() ? 300 : 4;
  std::size_t stopped = 0;
  for (std::uint32_t seed = 0; seed < orders; ++seed) {
    SCOPED_TRACE(seed);
    const Played played = play_both(kCreatesOnce, seed);
    EXPECT_THAT(played.errors, testing::Each(base::ErrorCode::kBusy));
    stopped += played.errors.size();
    for (const char* host : {"third", "first", "second"}) {
      Writer writer = open_writer(host);
      EXPECT_THAT(writer.damage(), IsEmpty()) << host;
      expect_all(played.acknowledged, found_in(writer.reader()));
    }
    EXPECT_THAT(check(location_of("third"), files_, {}).damage, IsEmpty());
    if (HasFailure()) return;
  }
  EXPECT_GT(stopped, 0U) << "the hosts never met";
}

// Neither saw the other's record before it wrote its own.
TEST_F(TwoWritersTest, TwoCommitsOfOneNumberAreReportedAndJoinedByARepair) {
  make_store(kSharesNames);
  Snapshots acknowledged;
  {
    Writer first = open_writer("first");
    Writer second = open_writer("second");
    storage_->set_faults({.missing_names = 100});
    acknowledged[add(first, "alice", 1)] = message_of("alice", 1);
    acknowledged[add(second, "bob", 1)] = message_of("bob", 1);
    first.commit();
    second.commit();
    storage_->stop_failing();
  }
  for (int opening = 0; opening < 2; ++opening) {
    Writer third = open_writer("third");
    EXPECT_THAT(third.damage(), ElementsAre(HasSubstr("at the same time")));
    EXPECT_EQ(acknowledged, found_in(third.reader()));
  }
  EXPECT_THAT(check(location_of("third"), files_, {}).damage, testing::Not(IsEmpty()));
  EXPECT_THAT(repair(location_of("third"), files_, clock_).after.damage, IsEmpty());
  for (const char* host : {"third", "first", "second"}) {
    Writer writer = open_writer(host);
    EXPECT_THAT(writer.damage(), IsEmpty()) << host;
    EXPECT_EQ(acknowledged, found_in(writer.reader())) << host;
  }
}

TEST_F(TwoWritersTest, InAnyOrderTwoCommitsOfOneNumberAreReported) {
  const std::uint32_t orders = tests::is_long_run() ? 300 : 4;
  for (std::uint32_t seed = 0; seed < orders; ++seed) {
    SCOPED_TRACE(seed);
    expect_nothing_lost(play_both(kSharesNames, seed));
    if (HasFailure()) return;
  }
}

// Neither saw the other, and only one of them has committed.
TEST_F(TwoWritersTest, WithAFenceTheSecondOneIsStoppedAlsoIfNoListingShowsTheFirst) {
  fenced_ = {"first", "second"};
  make_store(kSharesNames);
  make_fences(tests::Conditions::kKept);
  Snapshots acknowledged;
  {
    Writer first = open_writer("first");
    Writer second = open_writer("second");
    storage_->set_faults({.missing_names = 100});
    acknowledged[add(first, "alice", 1)] = message_of("alice", 1);
    add(second, "bob", 1);
    first.commit();
    EXPECT_ERROR(kBusy, "has taken it over meanwhile", second.commit());
    storage_->stop_failing();
  }
  EXPECT_THAT(recorded(), ElementsAre(1U));
  Writer second = open_writer("second");
  EXPECT_THAT(second.damage(), IsEmpty());
  EXPECT_EQ(acknowledged, found_in(second.reader()));
  acknowledged[add(second, "bob", 2)] = message_of("bob", 2);
  second.commit();
  EXPECT_EQ(acknowledged, found_in(second.reader()));
}

// A writer that passed the fence and ended then keeps no other from its work.
TEST_F(TwoWritersTest, AFenceWithoutARecordStopsOnlyTheCommitThatMeetsIt) {
  fenced_ = {"first", "second"};
  make_store(kSharesNames);
  make_fences(tests::Conditions::kKept);
  {
    Writer first = open_writer("first");
    add(first, "carol", 1);
    first.commit();
  }
  {
    Writer first = open_writer("first");
    Writer second = open_writer("second");
    add(first, "alice", 1);
    add(second, "bob", 1);
    second.commit();
    for (const std::string& key : storage_->list(kCommitsArea)) {
      if (number_in_key(key) != 2U) continue;
      EXPECT_THAT(storage_->remove(std::array{BlobName(kCommitsArea, key)}), IsEmpty());
    }
    storage_->set_faults({.missing_names = 100});
    EXPECT_ERROR(kBusy, "has taken it over meanwhile", first.commit());
    storage_->stop_failing();
  }
  for (unsigned number = 2; number <= 3; ++number) {
    Writer first = open_writer("first");
    const ObjectId id = add(first, "alice", number);
    EXPECT_NO_THROW(first.commit());
    EXPECT_TRUE(found_in(first.reader()).contains(id));
  }
}

// One host has the fence, the other does not; both have it, and the storage no longer keeps its
// condition.
TEST_F(TwoWritersTest, AFenceThatDoesNotHoldLosesNothing) {
  const std::uint32_t orders = tests::is_long_run() ? 150 : 2;
  for (std::uint32_t seed = 0; seed < orders; ++seed) {
    SCOPED_TRACE(seed);
    fenced_ = {"first"};
    conditions_ = tests::Conditions::kKept;
    expect_nothing_lost(play_both(kSharesNames, seed));
    fenced_ = {"first", "second"};
    expect_nothing_lost(play_both(kSharesNames, seed));
    conditions_ = tests::Conditions::kIgnored;
    expect_nothing_lost(play_both(kSharesNames, seed));
    if (HasFailure()) return;
  }
}

// The condition is ignored from one moment to the next, after both writers have tried it.
TEST_F(TwoWritersTest, AFenceThatGivesWayUnnoticedLeavesAFork) {
  fenced_ = {"first", "second"};
  make_store(kSharesNames);
  make_fences(tests::Conditions::kKept);
  Snapshots acknowledged;
  {
    Writer first = open_writer("first");
    Writer second = open_writer("second");
    storage_->set_conditions(tests::Conditions::kIgnored);
    storage_->set_faults({.missing_names = 100});
    acknowledged[add(first, "alice", 1)] = message_of("alice", 1);
    acknowledged[add(second, "bob", 1)] = message_of("bob", 1);
    first.commit();
    second.commit();
    storage_->stop_failing();
  }
  {
    Writer third = open_writer("third");
    EXPECT_THAT(third.damage(), ElementsAre(HasSubstr("at the same time")));
    EXPECT_EQ(acknowledged, found_in(third.reader()));
  }
  EXPECT_THAT(repair(location_of("third"), files_, clock_).after.damage, IsEmpty());
  Writer first = open_writer("first");
  EXPECT_EQ(acknowledged, found_in(first.reader()));
  EXPECT_EQ(FenceProof::kBroken, load_fence_note(files_, location_of("first")).proof);
}

TEST_F(TwoWritersTest, AClockThatDiffersFromTheStoragesWritesNothing) {
  make_store(kSharesNames);
  storage_->set_clock_lead(std::chrono::minutes(-6));
  const auto before = storage_->contents();
  EXPECT_ERROR(kStorage, "clock is 6m behind that of the model", open_writer("first"));
  EXPECT_TRUE(before == storage_->contents());
  EXPECT_NO_THROW(static_cast<void>(Reader::open(location_of("first"), files_)));
  storage_->set_clock_lead(std::chrono::minutes(5));
  EXPECT_NO_THROW(open_writer("first"));
}

}  // namespace
}  // namespace store
