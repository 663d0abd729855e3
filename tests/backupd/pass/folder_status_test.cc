#include "backupd/pass/folder_status.h"

#include <cstddef>
#include <functional>
#include <vector>

#include <gtest/gtest.h>

namespace backupd {
namespace {

using std::chrono::sys_days;
using std::chrono::sys_seconds;

constexpr sys_seconds kNow = sys_days(std::chrono::year(2026) / 11 / 24);

// A folder as the server reports it, and a record of exactly this state.
struct Pair {
  Pair() {
    folder.raw_name = "INBOX";
    folder.attributes = {"\\HasNoChildren"};
    folder.status = imap::FolderStatus{.uid_validity = 7,
                                       .uid_next = 100,
                                       .messages = 42,
                                       .highest_modseq = 1000,
                                       .size = {},
                                       .mailbox_id = {}};
    record.info.raw_name = "INBOX";
    record.info.uid_validity = 7;
    record.info.uid_next = 100;
    record.info.highest_modseq = 1000;
    record.info.last_full_scan = kNow - std::chrono::days(1);
    record.receipt.messages = 42;
  }
  bool unchanged() const { return is_unchanged(folder, record, kNow); }

  imap::Folder folder;
  store::FolderRecord record;
};

TEST(FolderStatusTest, IsUnchangedIfAllFourNumbersAreEqual) {
  EXPECT_TRUE(Pair().unchanged());
  Pair pair;
  pair.folder.status->uid_validity = 8;
  EXPECT_FALSE(pair.unchanged());
  pair = Pair();
  pair.folder.status->uid_next = 101;
  EXPECT_FALSE(pair.unchanged());
  pair = Pair();
  pair.folder.status->messages = 41;
  EXPECT_FALSE(pair.unchanged());
  pair = Pair();
  pair.folder.status->highest_modseq = 1001;
  EXPECT_FALSE(pair.unchanged());
  pair = Pair();
  pair.folder.status->highest_modseq = 3;
  EXPECT_FALSE(pair.unchanged()) << "lower than recorded: the server lost its index";
}

TEST(FolderStatusTest, AScanIsDueAWeekAfterTheLastOneOrIfAWrongClockDatedThat) {
  Pair pair;
  EXPECT_FALSE(is_scan_due(pair.record.info, kNow));
  pair.record.info.last_full_scan = kNow - kFullScanInterval;
  EXPECT_FALSE(pair.unchanged());
  EXPECT_TRUE(is_scan_due(pair.record.info, kNow));
  pair.record.info.last_full_scan = kNow + std::chrono::days(365);
  EXPECT_FALSE(pair.unchanged());
  EXPECT_TRUE(is_scan_due(pair.record.info, kNow)) << "not for a year otherwise";
}

TEST(FolderStatusTest, IsNotUnchangedIfTheServerOmitsANumber) {
  Pair pair;
  pair.folder.status.reset();
  EXPECT_FALSE(pair.unchanged());
  pair = Pair();
  pair.folder.status->highest_modseq.reset();
  EXPECT_FALSE(pair.unchanged());
  pair = Pair();
  pair.folder.status->highest_modseq.reset();
  pair.record.info.highest_modseq = 0;
  EXPECT_FALSE(pair.unchanged());
}

TEST(FolderStatusTest, AnUnfinishedFolderIsNeverUnchanged) {
  Pair pair;
  pair.record.info.skipped.push_back({base::Uid{5}, "NIL"});
  EXPECT_FALSE(pair.unchanged());
  for (const auto completeness :
       {store::FolderCompleteness::kInProgress, store::FolderCompleteness::kUnreadable,
        store::FolderCompleteness::kContainer}) {
    pair = Pair();
    pair.record.info.completeness = completeness;
    EXPECT_FALSE(pair.unchanged());
  }
}

TEST(FolderStatusTest, AFullScanIsDueEverySevenDays) {
  Pair pair;
  pair.record.info.last_full_scan = kNow - std::chrono::days(7);
  EXPECT_FALSE(pair.unchanged());
  pair.record.info.last_full_scan += std::chrono::seconds(1);
  EXPECT_TRUE(pair.unchanged());
}

TEST(FolderStatusTest, AgreesOnlyInNumbersThatBothKnow) {
  const auto agrees_after = [](const std::function<void(Pair&)>& change) {
    Pair pair;
    change(pair);
    return agrees(*pair.folder.status, pair.record);
  };
  EXPECT_TRUE(agrees_after([](Pair&) {}));
  EXPECT_TRUE(agrees_after([](Pair& pair) { pair.folder.status->highest_modseq.reset(); }));
  const std::vector<std::function<void(Pair&)>> changes = {
      [](Pair& pair) { pair.folder.status->uid_validity = 8; },
      [](Pair& pair) { pair.folder.status->uid_next = 101; },
      [](Pair& pair) { pair.folder.status->messages = 41; },
      [](Pair& pair) { pair.folder.status->uid_validity.reset(); },
      [](Pair& pair) { pair.folder.status->uid_next.reset(); },
      [](Pair& pair) { pair.folder.status->messages.reset(); },
      [](Pair& pair) { pair.folder.status->uid_validity = pair.record.info.uid_validity = 0; },
      [](Pair& pair) { pair.folder.status->uid_next = pair.record.info.uid_next = 0; },
      [](Pair& pair) { pair.record.info.skipped.emplace_back(); },
      [](Pair& pair) { pair.record.info.completeness = store::FolderCompleteness::kUnreadable; },
  };
  for (std::size_t at = 0; at < changes.size(); ++at) {
    EXPECT_FALSE(agrees_after(changes[at])) << at;
  }
}

TEST(FolderStatusTest, OnlyLastingAttributesCount) {
  Pair pair;
  pair.folder.attributes = {"\\Marked", "\\hasChildren"};
  EXPECT_TRUE(pair.unchanged());
  pair.folder.attributes = {"\\Sent"};
  EXPECT_FALSE(pair.unchanged());
}

}  // namespace
}  // namespace backupd
