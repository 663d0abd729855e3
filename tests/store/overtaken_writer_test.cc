// What a host leaves behind that another one overtook: its packs are no rubbish as long as a record
// may still make them count, and what it deletes late is not needed by the other one.
#include <functional>
#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "store/maintenance/check.h"
#include "store/maintenance/prune.h"
#include "store/maintenance/repair.h"
#include "store/storage/storage_error.h"
#include "tests/expect_error.h"
#include "tests/store/storage/stepped_storage.h"
#include "tests/store/two_writers.h"

namespace store {
namespace {

using testing::Each;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

bool is_record_of_commit(const tests::StorageRequest& request) {
  return (request.kind == "put" || request.kind == "create") && request.area == kCommitsArea;
}

bool is_removal_of_packs(const tests::StorageRequest& request) {
  return request.kind == "remove" && request.area == kPacksArea;
}

class OvertakenWriterTest : public TwoWriters, public testing::WithParamInterface<bool> {
 protected:
  OvertakenWriterTest() { make_store(GetParam() ? kCreatesOnce : kSharesNames); }

  // Of the host "first": calls `work` once, before the first request that `is_moment` accepts.
  std::shared_ptr<Storage> with_work_before(bool (*is_moment)(const tests::StorageRequest&),
                                            std::function<void()> work) {
    return std::make_shared<tests::SteppedStorage>(
        *storage_, [is_moment, work = std::move(work),
                    is_done = false](const tests::StorageRequest& request) mutable {
          if (is_done || !is_moment(request)) return;
          is_done = true;
          work();
        });
  }

  std::set<std::string> pack_keys() const {
    std::set<std::string> keys;
    for (const auto& [name, bytes] : storage_->contents()) {
      if (name.area() == kPacksArea) keys.insert(name.key());
    }
    return keys;
  }

  bool has(const std::string& pack) const { return pack_keys().contains(pack); }

  ObjectId back_up(const std::string& host, const std::string& account, unsigned number) {
    Writer writer = open_writer(host);
    const ObjectId id = add(writer, account, number);
    writer.commit();
    expected_[id] = message_of(account, number);
    return id;
  }

  // "first" publishes a pack ahead. Later it finds that it is the owner, and publishes the pack
  // with its commit; meanwhile "second" takes the store over, and commits before that is recorded.
  // Then `work` is done, before "first" goes on.
  struct Overtaken {
    std::string ahead;  // the packs
    std::string commit;
    ObjectId snapshot;
  };
  Overtaken overtake(const std::function<void()>& work) {
    Overtaken overtaken;
    std::set<std::string> before = pack_keys();
    const auto newest = [&] {
      for (const std::string& key : pack_keys()) {
        if (before.insert(key).second) return key;
      }
      return std::string();
    };
    bool is_committing = false;
    std::optional<Writer> second;
    const auto step = [&](const tests::StorageRequest& request) {
      if (!is_committing) return;
      if (!second && request.kind == "put" && request.area == kPacksArea) {
        second.emplace(open_writer("second"));
      }
      if (!second || !is_record_of_commit(request)) return;
      is_committing = false;
      overtaken.commit = newest();
      expected_[add(*second, "bob", 1)] = message_of("bob", 1);
      second->commit();
      second.reset();
      work();
    };
    const auto storage = std::make_shared<tests::SteppedStorage>(*storage_, step);
    Writer first = Writer::open(location_of("first", storage), files_, clock_);
    add_message(first, sample_message(1));
    first.commit();
    overtaken.ahead = newest();
    overtaken.snapshot = add(first, "alice", 2);
    is_committing = true;
    EXPECT_THROW(first.commit(), base::Error);
    return overtaken;
  }

  void prune_on(const std::string& host, const std::set<ObjectId>& drop = {}) {
    prune(location_of(host), files_, clock_, {.drop = drop});
    for (const ObjectId& id : drop) expected_.erase(id);
  }

  void expect_found() {
    for (const char* host : {"third", "first", "second"}) {
      Writer writer = open_writer(host);
      EXPECT_THAT(writer.damage(), IsEmpty()) << host;
      EXPECT_EQ(expected_, found_in(writer.reader())) << host;
    }
    const CheckReport report =
        check(location_of("third"), files_, {.depth = CheckDepth::kReadData, .threads = 1});
    EXPECT_THAT(report.damage, IsEmpty());
    EXPECT_THAT(report.damaged_messages, IsEmpty());
  }

  Snapshots expected_;
};

// The commit that it follows is known until a checkpoint replaces it.
TEST_P(OvertakenWriterTest, ItsPacksAreRubbishOnceTheCommitBeforeIsForgotten) {
  const ObjectId dropped = back_up("first", "alice", 1);
  const Overtaken overtaken = overtake(
      [] { throw StorageError(Trouble::kUnanswered, "write a record: the host crashed"); });
  ASSERT_TRUE(has(overtaken.commit) && has(overtaken.ahead));
  expect_found();
  prune_on("second", {dropped});
  clock_.moment += std::chrono::hours(25);
  EXPECT_TRUE(has(overtaken.commit) && has(overtaken.ahead));
  prune_on("second");
  EXPECT_TRUE(has(overtaken.commit) && has(overtaken.ahead)) << "the grace period begins now";
  expect_found();
  clock_.moment += std::chrono::hours(23);
  prune_on("second");
  EXPECT_TRUE(has(overtaken.commit) && has(overtaken.ahead));
  clock_.moment += std::chrono::hours(2);
  prune_on("second");
  EXPECT_FALSE(has(overtaken.commit)) << "it is older than the grace period";
  EXPECT_FALSE(has(overtaken.ahead));
  expect_found();
}

// A plan counts what a prune would do, and changes nothing.
TEST_P(OvertakenWriterTest, APlanLeavesThemAlone) {
  const ObjectId dropped = back_up("first", "alice", 1);
  const Overtaken overtaken = overtake(
      [] { throw StorageError(Trouble::kUnanswered, "write a record: the host crashed"); });
  prune_on("second", {dropped});
  clock_.moment += std::chrono::hours(25);
  const std::set<std::string> before = pack_keys();
  prune(location_of("second"), files_, clock_, {.mode = PruneMode::kPlan});
  EXPECT_EQ(before, pack_keys());
  EXPECT_TRUE(has(overtaken.commit));
}

// Where names are created once, the record can't be written any more. Elsewhere it makes a fork,
// with a commit that is older than the other host's checkpoint.
TEST_P(OvertakenWriterTest, ARecordThatComesAfterACheckpointLosesNothing) {
  const ObjectId dropped = back_up("first", "alice", 1);
  const Overtaken overtaken = overtake([&] { prune_on("second", {dropped}); });
  if (GetParam()) return expect_found();
  expected_[overtaken.snapshot] = message_of("alice", 2);
  for (const char* host : {"third", "second", "second", "first"}) {
    Writer writer = open_writer(host);
    EXPECT_THAT(writer.damage(), Not(IsEmpty())) << host;
    EXPECT_THAT(writer.damage(), Each(HasSubstr("at the same time"))) << host;
    EXPECT_EQ(expected_, found_in(writer.reader())) << host;
  }
  EXPECT_ERROR(kDamaged, "nothing was dropped or deleted", prune_on("second"));
  EXPECT_THAT(repair(location_of("third"), files_, clock_).after.damage, IsEmpty());
  expect_found();
  for (int day = 0; day < 2; ++day) {
    clock_.moment += std::chrono::hours(25);
    prune_on("third");
  }
  expect_found();
}

// It has looked at the owner, and finds itself; then another host takes the store over, and backs
// up what is in the packs that are about to be deleted.
TEST_P(OvertakenWriterTest, AnOwnerThatDeletesLateDeletesNothingThatLives) {
  const ObjectId dropped = back_up("first", "alice", 1);
  back_up("first", "alice", 2);
  prune_on("first", {dropped});
  clock_.moment += std::chrono::hours(25);
  const std::set<std::string> before = pack_keys();
  bool was_overtaken = false;
  const auto storage = with_work_before(is_removal_of_packs, [&] {
    was_overtaken = true;
    Writer second = open_writer("second");
    expected_[add(second, "bob", 1, message_of("alice", 1))] = message_of("alice", 1);
    second.commit();
  });
  try {
    prune(location_of("first", storage), files_, clock_, {});
  } catch (const base::Error& error) {
    EXPECT_EQ(base::ErrorCode::kBusy, error.code()) << error.what();
  }
  ASSERT_TRUE(was_overtaken);
  std::size_t deleted = 0;
  for (const std::string& pack : before) deleted += has(pack) ? 0U : 1U;
  EXPECT_GT(deleted, 0U);
  expect_found();
}

TEST_P(OvertakenWriterTest, TheOwnerIsReadAgainBeforeEachBatchOfDeletions) {
  constexpr unsigned kMoreThanABatch = 51;
  {
    Writer writer = open_writer("first");
    for (unsigned number = 0; number < kMoreThanABatch; ++number) {
      add_message(writer, message_of("ahead", number));
      writer.commit();  // of the pack: no snapshot waits
    }
    expected_[add(writer, "alice", 1)] = message_of("alice", 1);
    writer.commit();
  }
  prune_on("first");
  clock_.moment += std::chrono::hours(25);
  unsigned batches = 0;
  bool has_looked = false;
  const auto storage =
      std::make_shared<tests::SteppedStorage>(*storage_, [&](const tests::StorageRequest& request) {
        if (request.kind == "list" && request.area == kOwnerArea) has_looked = true;
        if (!is_removal_of_packs(request)) return;
        EXPECT_TRUE(std::exchange(has_looked, false));
        ++batches;
      });
  prune(location_of("first", storage), files_, clock_, {});
  EXPECT_EQ(2U, batches);
  expect_found();
}

INSTANTIATE_TEST_SUITE_P(Traits, OvertakenWriterTest, testing::Bool(), [](const auto& traits) {
  return traits.param ? "CreatesOnce" : "SharesNames";
});

}  // namespace
}  // namespace store
