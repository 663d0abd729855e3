#include "store/format/commit.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "store/format/encoding.h"
#include "tests/expect_error.h"

namespace store {
namespace {

Commit sample() {
  Commit commit;
  commit.number = 300;
  commit.time = std::chrono::sys_seconds(std::chrono::seconds(1'800'000'000));
  commit.previous.bytes[1] = std::byte{1};
  commit.is_checkpoint = true;
  commit.packs.resize(2);
  SnapshotLine line;
  line.account = "alice";
  line.time = commit.time;
  line.kind = SnapshotKind::kRescue;
  line.status = SnapshotStatus::kMoving;
  line.personal_prefix = "INBOX.";
  line.folders = 3;
  line.messages = 200'000;
  line.bytes = UINT64_MAX;
  commit.snapshots = {line, line};
  commit.snapshots[1].account = "bob";
  commit.snapshots[0].sequence = 1;
  commit.snapshots[1].sequence = 70'000;
  commit.dropped.resize(1);
  commit.condemned.resize(3);
  commit.condemned[1].since = commit.time;
  commit.pins.resize(2);
  commit.pins[0].until = kPinnedWithoutEnd;
  commit.used_up = 80'000;
  commit.extensions = {format_extension(),
                       {.tag = 4'711,
                        .name = "a name",
                        .forbids = Forbids::kDropping,
                        .content = std::string("\0\xff", 2)}};
  return commit;
}

TEST(CommitTest, RoundTrips) {
  EXPECT_EQ(sample(), Commit::decode(sample().encode()));
  EXPECT_EQ(Commit(), Commit::decode(Commit().encode()));
}

TEST(CommitTest, ACommitWithoutPinsIsAsEarlierVersionsWroteIt) {
  Commit commit = sample();
  const std::size_t size = commit.encode().size();
  commit.pins.clear();
  EXPECT_LT(commit.encode().size(), size - 2 * ObjectId::kSize);
  EXPECT_EQ(commit, Commit::decode(commit.encode()));
}

TEST(CommitTest, ACommitWithoutUsedUpSequencesIsAsEarlierVersionsWroteIt) {
  Commit commit = sample();
  const base::Bytes whole = commit.encode();
  commit.used_up = 0;
  EXPECT_EQ(commit.encode().size() + 3, whole.size()) << "three bytes for the number";
  EXPECT_EQ(commit, Commit::decode(commit.encode()));
}

TEST(CommitTest, ACommitWithoutExtensionsIsAsEarlierVersionsWroteIt) {
  Commit commit = sample();
  const base::Bytes whole = commit.encode();
  commit.extensions.clear();
  const base::Bytes shorter = commit.encode();
  // Their number; tag, name, use and content of each.
  EXPECT_EQ(shorter.size() + 1 + (1 + 1 + 1 + 2) + (2 + 7 + 1 + 3), whole.size());
  EXPECT_EQ(commit, Commit::decode(shorter));
}

// A later version marks what it adds by a flag, and a use that this one does not know forbids it.
TEST(CommitTest, ACommitOfANewerVersionIsToldApartFromDamage) {
  for (const std::uint64_t flags : {32U, 33U, 1U << 20U}) {
    Encoder newer;
    newer.varint(7);
    newer.time({});
    newer.id({});
    newer.varint(flags);
    newer.text("what a later version adds");
    EXPECT_ERROR(kConfig, "a newer version of mailstow wrote it: update mailstow",
                 Commit::decode(newer.view()));
  }
  Commit commit = sample();
  commit.extensions = {{.tag = 9, .name = {}, .forbids = Forbids::kReading, .content = "c"}};
  base::Bytes bytes = commit.encode();
  bytes[bytes.size() - 3] = std::byte{4};  // before the content
  EXPECT_ERROR(kConfig, "a newer version of mailstow wrote it", Commit::decode(bytes));
}

// The bytes that versions without sequences wrote.
TEST(CommitTest, AnOlderCommitIsRead) {
  Commit commit = sample();
  commit.pins.clear();
  commit.used_up = 0;
  commit.extensions.clear();
  for (SnapshotLine& line : commit.snapshots) line.sequence = 0;
  Encoder old;
  old.varint(commit.number);
  old.time(commit.time);
  old.id(commit.previous);
  old.varint(1);
  old.varint(commit.packs.size());
  for (const PackName& pack : commit.packs) old.raw(pack.bytes);
  old.varint(commit.snapshots.size());
  for (const SnapshotLine& line : commit.snapshots) {
    old.text(line.account);
    old.time(line.time);
    old.u8(1);
    old.u8(2);
    old.text(line.personal_prefix);
    old.varint(line.folders);
    old.varint(line.messages);
    old.varint(line.bytes);
    old.varint(line.vanished);
    old.id(line.root);
  }
  old.varint(1);
  old.id(commit.dropped[0]);
  old.varint(commit.condemned.size());
  for (const CondemnedPack& condemned : commit.condemned) {
    old.raw(condemned.pack.bytes);
    old.time(condemned.since);
  }
  EXPECT_EQ(commit, Commit::decode(old.view()));
  EXPECT_EQ(old.take(), commit.encode()) << "lines without a sequence";
}

TEST(CommitTest, EveryPrefixIsMalformed) {
  const base::Bytes bytes = sample().encode();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_THROW(Commit::decode(base::ByteView(bytes).first(size)), base::Error) << size;
  }
}

TEST(CommitTest, ASnapshotIsNamedByItsRootAccountTimeAndKind) {
  const Keys keys = Keys::derive(random_key());
  const SnapshotLine line = sample().snapshots[0];
  SnapshotLine other = line;
  other.status = SnapshotStatus::kComplete;
  other.sequence = 9;
  EXPECT_EQ(snapshot_id(keys, line), snapshot_id(keys, other));
  other.account = "bob";
  EXPECT_NE(snapshot_id(keys, line), snapshot_id(keys, other));
  other = line;
  other.time += std::chrono::seconds(1);
  EXPECT_NE(snapshot_id(keys, line), snapshot_id(keys, other));
  other = line;
  other.root.bytes[0] = std::byte{7};
  EXPECT_NE(snapshot_id(keys, line), snapshot_id(keys, other));
}

TEST(CommitTest, ARootListsItsFoldersInOrder) {
  Root root;
  root.folders.resize(3);
  root.folders[0].bytes[0] = std::byte{2};
  root.folders[2].bytes[0] = std::byte{1};
  root.properties = {{.name = "subscribed", .value = "INBOX"}};
  EXPECT_EQ(root, Root::decode(root.encode()));
}

}  // namespace
}  // namespace store
