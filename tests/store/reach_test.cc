// A bound on how far back a reader sees: what is older does not exist for it.
#include "store/reach.h"

#include <cstdint>
#include <cstring>
#include <unordered_map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/find_snapshot.h"
#include "store/history.h"
#include "store/search.h"
#include "store/write_session.h"
#include "tests/expect_error.h"
#include "tests/store/store_fixture.h"

namespace store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::chrono::sys_seconds kDayZero{std::chrono::seconds(1'700'000'000)};

std::chrono::sys_seconds day(int number) {
  return kDayZero + std::chrono::days(number);
}

class ReachTest : public StoreFixture {
 protected:
  ReachTest() { make_store(); }

  SnapshotInfo back_up(const std::string& account, std::chrono::sys_seconds time,
                       const std::vector<std::string>& messages,
                       SnapshotKind kind = SnapshotKind::kBackup) {
    return back_up_at(time, account, messages, kind);
  }

  Reader open_bounded(base::Reach reach) {
    Location location = location_;
    location.reach = std::move(reach);
    return Reader::open(location, files_);
  }

  static std::size_t found(Reader& reader, const std::string& account) {
    return search(reader, Query::parse("subject:message", "UTC", {}),
                  {.account = account,
                   .shown_name = [](const SnapshotInfo&,
                                    const FolderInfo& info) { return info.raw_name; }})
        .messages.size();
  }
};

TEST_F(ReachTest, OlderSnapshotsDoNotExist) {
  const SnapshotInfo first = back_up("alice", day(1), samples(1, 3));
  const SnapshotInfo second = back_up("alice", day(2), samples(1, 2));
  const SnapshotInfo third = back_up("alice", day(3), samples(1, 1));
  back_up("bob", day(3), samples(5, 1));
  Reader reader = open_bounded({{"alice", second.sequence}});
  EXPECT_THAT(reader.snapshots("alice"), ElementsAre(second, third));
  EXPECT_EQ(reader.newest_snapshot("alice"), third);
  EXPECT_EQ(reader.newest_snapshot("alice", day(2)), second);
  EXPECT_EQ(reader.newest_snapshot("alice", day(1)), std::nullopt);
  EXPECT_EQ(find_snapshot(reader, "alice", second.id.hex()), second);
  EXPECT_EQ(find_snapshot(reader, "alice", first.id.hex().substr(0, 12)), std::nullopt);
  EXPECT_ERROR(kNotFound, "it has no snapshot", find_snapshot(reader, "alice", first.id.hex()));
  EXPECT_EQ(found(reader, "alice"), 2U);

  std::vector<std::uint64_t> steps;
  for_each_change(reader, "alice", {},
                  [&](const FolderChange& change) { steps.push_back(change.before.sequence); });
  EXPECT_THAT(steps, ElementsAre(second.sequence));
}

TEST_F(ReachTest, OtherAccountsHaveNoSnapshots) {
  const SnapshotInfo own = back_up("alice", day(1), samples(1, 1));
  back_up("bob", day(1), samples(2, 1));
  Reader reader = open_bounded({{"alice", 0}});
  EXPECT_THAT(reader.accounts(), ElementsAre("alice"));
  EXPECT_THAT(reader.snapshots("alice"), ElementsAre(own));
  EXPECT_THAT(reader.snapshots("bob"), IsEmpty());
  EXPECT_EQ(reader.newest_snapshot("bob"), std::nullopt);
  EXPECT_EQ(reader.newest_snapshot("bob", day(9)), std::nullopt);
  EXPECT_EQ(found(reader, "bob"), 0U);
  EXPECT_THAT(open_bounded({}).accounts(), IsEmpty());
}

TEST_F(ReachTest, ARescueWithinReachIsNoBackup) {
  back_up("alice", day(1), samples(1, 1));
  const SnapshotInfo rescue = back_up("alice", day(2), samples(2, 1), SnapshotKind::kRescue);
  Reader reader = open_bounded({{"alice", rescue.sequence}});
  EXPECT_THAT(reader.snapshots("alice"), ElementsAre(rescue));
  EXPECT_EQ(reader.newest_snapshot("alice"), std::nullopt);
  EXPECT_THAT(open_bounded({{"alice", rescue.sequence + 1}}).accounts(), IsEmpty());
}

TEST_F(ReachTest, WritersAndChecksOfTheMailboxSeeAll) {
  back_up("alice", day(1), samples(1, 1));
  const SnapshotInfo second = back_up("alice", day(2), samples(1, 1));
  Reader reader = open_bounded({{"alice", second.sequence}});
  EXPECT_THAT(reader.snapshots("alice"), SizeIs(1));
  EXPECT_THAT(reader.snapshots_in_and_out_of_reach("alice"), SizeIs(2));
  location_.reach = base::Reach{{"alice", second.sequence}};
  EXPECT_THAT(open_writer().reader().snapshots("alice"), SizeIs(2));
}

TEST_F(ReachTest, DigitsThatOnlyOneIdWithinReachBeginsWithNameIt) {
  back_up("alice", day(1), samples(1, 1));
  std::string digits;
  {
    WriteSession session(location_, files_, clock_, Effort::kFast);
    SnapshotLine line = session.index().lines("alice").at(0);
    Commit commit;
    std::unordered_map<std::uint32_t, std::chrono::sys_seconds> known;  // times by digits
    constexpr int kMaxTries = 2'000'000;  // half of the tries end below 80,000
    for (int tries = 0; tries < kMaxTries && digits.empty(); ++tries) {
      line.time += std::chrono::seconds(1);
      const ObjectId id = snapshot_id(session.context().keys, line);
      std::uint32_t beginning = 0;
      std::memcpy(&beginning, id.bytes.data(), sizeof beginning);
      const auto [other, is_new] = known.try_emplace(beginning, line.time);
      if (is_new) continue;
      digits = id.hex().substr(0, 2 * sizeof beginning);
      commit.snapshots = {line, line};
      commit.snapshots[0].time = other->second;
    }
    ASSERT_EQ(commit.snapshots.size(), 2U);
    commit.snapshots[0].sequence = 2;
    commit.snapshots[1].sequence = 3;
    session.commit({commit});
  }
  Reader unbounded = open_reader();
  EXPECT_ERROR(kUsage, "several ids", find_snapshot(unbounded, "alice", digits));
  Reader reader = open_bounded({{"alice", 3}});
  const auto named = find_snapshot(reader, "alice", digits);
  ASSERT_TRUE(named);
  EXPECT_EQ(named->sequence, 3U);
}

// Snapshots of these days, numbered from 1.
std::uint64_t first_since(const std::vector<int>& made_on, int since, int today) {
  std::vector<SnapshotInfo> snapshots;
  for (const int number : made_on) {
    SnapshotInfo info;
    info.time = day(number);
    info.sequence = snapshots.size() + 1;
    snapshots.push_back(info);
  }
  return first_made_since(snapshots, day(since), day(today));
}

TEST(FirstMadeSinceTest, IsTheFirstThatIsNotOlder) {
  EXPECT_EQ(first_since({1, 2, 3, 4}, 0, 5), 1U);
  EXPECT_EQ(first_since({1, 2, 3, 4}, 1, 5), 1U);
  EXPECT_EQ(first_since({1, 2, 3, 4}, 3, 5), 3U);
  EXPECT_EQ(first_since({1, 2, 4, 4}, 3, 5), 3U);
  EXPECT_EQ(first_since({1, 2, 3, 4}, 5, 5), 5U);
  EXPECT_EQ(first_since({}, 1, 5), 0U);
}

TEST(FirstMadeSinceTest, ASnapshotBeforeAnOlderOneIsOlder) {
  EXPECT_EQ(first_since({10, 2, 12}, 5, 20), 3U);
  EXPECT_EQ(first_since({10, 12, 2}, 5, 20), 4U);
}

TEST(FirstMadeSinceTest, NothingIsKnownOfTimesBeforeAClockThatWasAhead) {
  // The third was made on day 62 or before, and how long before is unknown; so are the others.
  EXPECT_EQ(first_since({60, 61, 70, 62, 63}, 60, 64), 4U);
  EXPECT_EQ(first_since({60, 61, 400, 62, 63}, 10, 64), 4U);
}

TEST(FirstMadeSinceTest, NothingIsWithinReachWhileTheNewestIsInTheFuture) {
  EXPECT_EQ(first_since({60, 61, 400}, 60, 62), 4U);
  // The clock went back: "30 days ago" is too long ago.
  EXPECT_EQ(first_since({60, 80, 99}, 20, 50), 4U);
}

TEST(FirstMadeSinceTest, ClocksOfTwoMachinesDifferALittle) {
  std::vector<SnapshotInfo> snapshots(2);
  snapshots[0].time = day(2) + base::kClockSlack;
  snapshots[0].sequence = 1;
  snapshots[1].time = day(2);
  snapshots[1].sequence = 2;
  EXPECT_EQ(first_made_since(snapshots, day(1), day(3)), 1U);
  snapshots[0].time += std::chrono::seconds(1);
  EXPECT_EQ(first_made_since(snapshots, day(1), day(3)), 2U);
}

TEST(FirstMadeSinceTest, EqualNumbersAreOutOfReachTogether) {
  std::vector<SnapshotInfo> snapshots(2);
  snapshots[0].time = day(1);
  snapshots[1].time = day(3);
  EXPECT_EQ(first_made_since(snapshots, day(2), day(4)), 1U);  // both have the number 0
}

}  // namespace
}  // namespace store
