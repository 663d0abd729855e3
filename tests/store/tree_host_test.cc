#include "store/tree_host.h"

#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/atomic_file.h"
#include "store/format/layout.h"
#include "store/host_id.h"
#include "tests/store/store_fixture.h"
#include "tests/temporary_directory.h"
#include "tests/text_of.h"

namespace store {
namespace {

using std::chrono::hours;
using std::chrono::sys_seconds;
using testing::SizeIs;

constexpr sys_seconds kSweepTime{std::chrono::days(20'000)};
constexpr hours kTwoDays{48};

SweepingHost owning_host() {
  return {.id = "here", .owns_store = true};
}

SweepingHost restoring_host() {
  return {.id = "here", .owns_store = false};
}

// How long ago each was.
struct HostCase {
  const char* name;
  std::string host;
  TreeState state;
  std::chrono::seconds expired;
  std::chrono::seconds written;
  std::chrono::seconds host_seen;
  bool expected;
};

TEST(TreeHostTest, ATreeIsSweptByTheHostThatMadeItOrOnceThatIsSilent) {
  const auto done = TreeState::kComplete;
  const auto running = TreeState::kRestoring;
  const HostCase cases[] = {
      {"its own", "here", done, {}, {}, {}, true},
      {"its own, while it is restored", "here", running, {}, {}, {}, true},
      {"of an earlier version", "", done, {}, {}, {}, true},
      {"of an earlier version, while it is restored", "", running, {}, {}, {}, true},
      {"another's", "there", done, {}, {}, {}, false},
      {"another's, overdue, the host lives", "there", done, kTwoDays, kTwoDays, hours(1), false},
      {"the host lived two days ago less a second", "there", done, kTwoDays, kTwoDays,
       kTwoDays - std::chrono::seconds(1), false},
      {"overdue for two days less a second", "there", done, kTwoDays - std::chrono::seconds(1),
       kTwoDays, kTwoDays, false},
      {"silent and overdue for two days", "there", done, kTwoDays, kTwoDays, kTwoDays, true},
      {"incomplete", "there", TreeState::kIncomplete, kTwoDays, kTwoDays, kTwoDays, true},
      {"restoring, and younger than a day", "there", running, kTwoDays,
       hours(24) - std::chrono::seconds(1), kTwoDays, false},
      {"restoring, and a day old", "there", running, kTwoDays, hours(24), kTwoDays, true},
      {"the host's clock is ahead", "there", done, kTwoDays, kTwoDays, -hours(5), false},
  };
  for (const HostCase& each : cases) {
    const TreeMaking tree{.host = each.host,
                          .state = each.state,
                          .expires = kSweepTime - each.expired,
                          .written = kSweepTime - each.written,
                          .host_seen = kSweepTime - each.host_seen};
    EXPECT_EQ(each.expected, may_sweep(tree, owning_host(), kSweepTime)) << each.name;
    // A machine without an id can't know that a tree is its own.
    EXPECT_EQ(each.host == "here" ? false : each.expected,
              may_sweep(tree, {.id = "", .owns_store = true}, kSweepTime))
        << each.name;
    const bool is_own = each.host != "there";
    EXPECT_EQ(is_own, may_sweep(tree, restoring_host(), kSweepTime)) << each.name;
  }
}

TEST(TreeHostTest, AnyRecordOfAHostShowsThatItLives) {
  TreeRecord due;
  due.id = "due";
  due.host = "there";
  due.state = TreeState::kComplete;
  due.created = kSweepTime - hours(200);
  due.expires = kSweepTime - hours(100);
  TreeRecord other = due;
  other.id = "other";
  other.expires = kSweepTime + hours(100);
  TreeRecords::Listing listing;
  listing.records = {due, other};
  listing.written = {{"due", kSweepTime - hours(150)}, {"other", kSweepTime - hours(60)}};
  EXPECT_TRUE(may_sweep(due, listing, owning_host(), kSweepTime));
  EXPECT_FALSE(may_sweep(due, listing, restoring_host(), kSweepTime));
  EXPECT_TRUE(may_change(other, listing, "here", kSweepTime)) << "also if it is not due";
  EXPECT_TRUE(may_remind(other, listing, owning_host(), kSweepTime)) << "also if it is not due";
  EXPECT_FALSE(may_remind(other, listing, restoring_host(), kSweepTime)) << "the owner does";
  EXPECT_FALSE(may_sweep(other, listing, owning_host(), kSweepTime));
  listing.written["other"] = kSweepTime - hours(40);
  EXPECT_FALSE(may_sweep(due, listing, owning_host(), kSweepTime));
  EXPECT_FALSE(may_change(due, listing, "here", kSweepTime));
  EXPECT_FALSE(may_remind(due, listing, owning_host(), kSweepTime));
  EXPECT_TRUE(may_change(due, listing, "there", kSweepTime));
  EXPECT_TRUE(may_remind(due, listing, {.id = "there", .owns_store = false}, kSweepTime));
  listing.records[1].host = "elsewhere";
  EXPECT_TRUE(may_sweep(due, listing, owning_host(), kSweepTime));
  listing.written["due"] = kSweepTime - hours(40);
  EXPECT_FALSE(may_sweep(due, listing, owning_host(), kSweepTime));
}

TEST(TreeHostTest, ARecordOfUnknownAgeCountsAsPutWhenTheTreeWasMade) {
  for (const TreeState state : {TreeState::kRestoring, TreeState::kComplete}) {
    TreeRecord tree;
    tree.id = "tree";
    tree.host = "there";
    tree.state = state;
    tree.created = kSweepTime - kTwoDays + std::chrono::seconds(1);
    tree.expires = kSweepTime - kTwoDays;
    TreeRecords::Listing listing;
    EXPECT_FALSE(may_sweep(tree, listing, owning_host(), kSweepTime));
    tree.created = kSweepTime - kTwoDays;
    EXPECT_TRUE(may_sweep(tree, listing, owning_host(), kSweepTime));
    EXPECT_FALSE(may_sweep(tree, listing, restoring_host(), kSweepTime));
    tree.expires += std::chrono::seconds(1);
    EXPECT_FALSE(may_sweep(tree, listing, owning_host(), kSweepTime));
  }
}

class SweepingHostTest : public StoreFixture {
 protected:
  SweepingHostTest() {
    make_store();
    other_ = location_;
    other_.index = directory_ / "other-index";
  }

  bool owns(const Location& location) {
    return this_sweeping_host(location, files_, clock_).owns_store;
  }

  Location other_;
};

TEST_F(SweepingHostTest, TheHostThatWroteLastOwnsTheStore) {
  EXPECT_TRUE(owns(location_)) << "no host has written";
  EXPECT_TRUE(owns(other_));
  open_writer();
  EXPECT_TRUE(owns(location_));
  EXPECT_FALSE(owns(other_)) << "it has not written, and has no identity";
  Writer::open(other_, files_, clock_);
  EXPECT_FALSE(owns(location_));
  EXPECT_TRUE(owns(other_));
  open_writer();
  EXPECT_TRUE(owns(location_));
  EXPECT_FALSE(owns(other_));
}

TEST_F(SweepingHostTest, WhereTheOwnerIsUnknownAnotherHostsTreesAreLeftAlone) {
  open_writer();
  std::filesystem::remove(location_.key_file);
  EXPECT_FALSE(owns(location_));
}

TEST_F(SweepingHostTest, LooksWithoutAChange) {
  open_writer();
  const std::string identity = tests::text_of(host_identity_file(location_));
  const auto records = files_.list(owner_directory(location_));
  owns(location_);
  owns(other_);
  EXPECT_EQ(identity, tests::text_of(host_identity_file(location_)));
  EXPECT_FALSE(std::filesystem::exists(other_.index));
  EXPECT_EQ(records, files_.list(owner_directory(location_)));
}

TEST(HostIdTest, ComesFromTheMachineAndDoesNotDiscloseIt) {
  const tests::TemporaryDirectory directory;
  base::FileSystem& files = base::real_file_system();
  const base::Path file = directory.path() / "machine-id";
  EXPECT_EQ("", host_id(files, file));
  const auto id_of = [&](const std::string& text) {
    base::write_file(files, file, base::as_bytes(text), base::OnExisting::kReplace);
    return host_id(files, file);
  };
  const std::string machine = "0123456789abcdef0123456789abcdef";
  const std::string id = id_of(machine + "\n");
  EXPECT_THAT(id, SizeIs(32));
  EXPECT_NE(id, machine);
  EXPECT_EQ(id, id_of(machine + "\n"));
  EXPECT_NE(id, id_of("1" + machine.substr(1) + "\n"));
  EXPECT_EQ("", id_of("uninitialized\n"));
  EXPECT_EQ("", id_of(""));
}

}  // namespace
}  // namespace store
