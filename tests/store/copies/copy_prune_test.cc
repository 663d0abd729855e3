#include "store/copies/copy_prune.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/maintenance/repair.h"
#include "store/write_session.h"
#include "tests/expect_error.h"
#include "tests/store/copies/copying_fixture.h"
#include "tests/store/storage/stepped_storage.h"

namespace store {
namespace {

namespace fs = std::filesystem;

using std::chrono::hours;
using testing::Contains;
using testing::ElementsAre;
using testing::Not;

// As one that locks what it has.
class RefusingStorage : public tests::SteppedStorage {
 public:
  explicit RefusingStorage(Storage& storage)
      : SteppedStorage(storage, [](const tests::StorageRequest&) {}) {}

  std::vector<NotRemoved> remove(std::span<const BlobName> names) override {
    std::vector<NotRemoved> left;
    for (const BlobName& name : names) left.push_back({.name = name, .why = "it is locked"});
    return left;
  }
};

class CopyPruneFixture : public CopyingFixture {
 protected:
  explicit CopyPruneFixture(tests::HeldBy held_by) : CopyingFixture(held_by) {
    back_up_nights("alice", 4);
    copy();
    old_packs_ = copied_keys(kPacksArea);
  }

  CopyPruneReport prune_it(std::uint64_t oldest_reader = UINT64_MAX) {
    const OpenedCopy directory = open_copy_directory(copy_, files_, ExpectedCopy::kExists);
    return prune_copy(
        location_, files_, *directory.storage,
        {.grace = hours(24), .now = clock_.now_seconds(), .oldest_reader = oldest_reader});
  }

  void expect_without_old_packs() {
    for (const std::string& pack : old_packs_) {
      EXPECT_THAT(copied_keys(kPacksArea), Not(Contains(pack)));
    }
    EXPECT_EQ(content(), copied_content());
    const CopyingReport report = copy();
    EXPECT_EQ(0U, report.packs) << "what was deleted is not sent again";
    EXPECT_TRUE(report.damage.empty());
  }

  std::vector<std::string> old_packs_;
};

// The copy is in a directory, wherever the store is.
class CopyPruneTest : public tests::OnEachStorage<CopyPruneFixture> {};

TEST_P(CopyPruneTest, DeletesWhatWasCondemnedForTheGracePeriod) {
  EXPECT_EQ(0U, prune_it().deleted) << "nothing is condemned";
  prune();
  pass(hours(25));
  EXPECT_EQ(0U, prune_it().deleted) << "the copy has not followed the prune";
  pass(-hours(25));
  copy();
  CopyPruneReport report = prune_it();
  EXPECT_EQ(0U, report.deleted);
  EXPECT_EQ(4U, report.waiting);
  pass(hours(25));
  report = prune_it();
  EXPECT_EQ(4U, report.deleted);
  EXPECT_LT(0U, report.deleted_bytes);
  EXPECT_EQ(0U, report.waiting);
  expect_without_old_packs();
}

TEST_P(CopyPruneTest, DeletesWhatAnEarlierCheckpointCondemned) {
  prune();
  copy();
  pass(hours(25));
  back_up("alice", 0, 6);
  EXPECT_EQ(4U, prune().deleted) << "so the last checkpoint does not name them";
  copy();
  EXPECT_LE(4U, prune_it().deleted);
  expect_without_old_packs();
}

TEST_P(CopyPruneTest, AReaderOfTheCopyKeepsWhatItMayRead) {
  std::optional<Reader> reader(Reader::open(location_of_copy(), files_));
  prune();
  copy();
  pass(hours(25));
  EXPECT_EQ(0U, oldest_reader_of_copy(copy_, files_));
  const CopyPruneReport report = prune_it(oldest_reader_of_copy(copy_, files_));
  EXPECT_EQ(0U, report.deleted);
  EXPECT_EQ(4U, report.waiting);
  EXPECT_EQ(content(), content_of(*reader));
  reader.reset();
  EXPECT_EQ(4U, prune_it(oldest_reader_of_copy(copy_, files_)).deleted);
  expect_without_old_packs();
}

TEST_P(CopyPruneTest, AnExtensionOfANewerVersionMayForbidIt) {
  prune();
  {
    WriteSession session(location_, files_, clock_, Effort::kFast);
    Commit commit;
    commit.extensions = {
        Extension{.tag = 4'711, .name = "held", .forbids = Forbids::kDropping, .content = "1"}};
    session.commit({commit});
  }
  copy();
  pass(hours(25));
  const std::vector<std::string> packs = copied_keys(kPacksArea);
  EXPECT_ERROR(kConfig, "prune the copy", prune_it());
  EXPECT_EQ(packs, copied_keys(kPacksArea));
}

TEST_P(CopyPruneTest, ARefusedRemovalIsReported) {
  prune();
  copy();
  pass(hours(25));
  const OpenedCopy directory = open_copy_directory(copy_, files_, ExpectedCopy::kExists);
  RefusingStorage refusing(*directory.storage);
  const CopyPruneReport report =
      prune_copy(location_, files_, refusing, {.grace = hours(24), .now = clock_.now_seconds()});
  EXPECT_EQ(0U, report.deleted);
  EXPECT_EQ(0U, report.deleted_bytes);
  EXPECT_EQ(0U, report.waiting);
  EXPECT_EQ(4U, report.not_removed);
}

TEST_P(CopyPruneTest, APackThatARepairCondemnedWaitsForNothing) {
  constexpr std::uint64_t kInHeader = 20;
  const BlobName damaged = pack_names().front();
  stored().flip(damaged, kInHeader);
  ASSERT_THAT(repair(location_, files_, clock_).condemned, ElementsAre(shown(damaged)));
  copy();
  pass(hours(25));
  const CopyPruneReport report = prune_it();
  EXPECT_EQ(0U, report.deleted);
  EXPECT_EQ(0U, report.waiting);
  EXPECT_THAT(copied_keys(kPacksArea), Contains(damaged.key()));
}

TEST_P(CopyPruneTest, AGracePeriodInTheFutureHasNotBegun) {
  pass(hours(240));
  prune();
  pass(-hours(240));
  copy();
  pass(hours(25));
  const CopyPruneReport report = prune_it();
  EXPECT_EQ(0U, report.deleted);
  EXPECT_EQ(4U, report.waiting);
}

TEST_P(CopyPruneTest, ACopyWhoseCommitsCannotBeReadKeepsEverything) {
  prune();
  copy();
  const std::vector<std::string> packs = copied_keys(kPacksArea);
  back_up("bob", 7, 2);
  copy();
  pass(hours(25));
  // The one with the checkpoint, which the newest commit names.
  const auto checkpoint = std::ranges::find_if(packs, [&](const std::string& pack) {
    return std::ranges::find(old_packs_, pack) == old_packs_.end();
  });
  ASSERT_NE(packs.end(), checkpoint);
  fs::remove(copy_ / kPacksArea / *checkpoint);
  const std::vector<std::string> left = copied_keys(kPacksArea);
  EXPECT_ERROR(kDamaged, "nothing was deleted", prune_it());
  EXPECT_EQ(left, copied_keys(kPacksArea));
  EXPECT_EQ(1U, copy().packs);
  EXPECT_EQ(4U, prune_it().deleted);
  expect_without_old_packs();
}

INSTANTIATE_TEST_SUITE_P(Directory, CopyPruneTest, tests::a_directory());
INSTANTIATE_TEST_SUITE_P(LateListings, CopyPruneTest, tests::a_late_storage());

}  // namespace
}  // namespace store
