// A listing that lacks packs, as object storage may give: nothing is lost, and nothing is done
// again.
#include <climits>
#include <filesystem>
#include <memory>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/format/layout.h"
#include "store/maintenance/check.h"
#include "store/maintenance/reindex.h"
#include "store/maintenance/repair.h"
#include "store/storage/storage_error.h"
#include "store/write_session.h"
#include "tests/expect_error.h"
#include "tests/store/counting_file_system.h"
#include "tests/store/storage/stepped_storage.h"
#include "tests/store/store_fixture.h"

namespace store {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

// Leaves names out of every listing, or only of the first ones; the files themselves are there.
class IncompleteListing : public tests::CountingFileSystem {
 public:
  std::set<std::string> hidden;
  unsigned incomplete = UINT_MAX;  // listings from now on

  std::vector<std::string> list(const base::Path& path) override {
    std::vector<std::string> names = tests::CountingFileSystem::list(path);
    if (path.filename() != kPacksArea) return names;
    if (incomplete == 0) return names;
    --incomplete;
    std::erase_if(names, [&](const std::string& name) { return hidden.contains(name); });
    return names;
  }
};

class IncompleteListingTest : public StoreFixture {
 protected:
  static constexpr unsigned kNights = 4;
  static constexpr unsigned kMessages = 3;  // new ones a night

  IncompleteListingTest() {
    make_store();
    for (unsigned night = 1; night <= kNights; ++night) {
      const std::vector<base::Path> before = packs();
      back_up_at(std::chrono::sys_seconds(std::chrono::days(10'000 + night)), "alice",
                 samples(0, night * kMessages));
      for (const base::Path& pack : packs()) {
        if (std::ranges::find(before, pack) == before.end()) packs_.push_back(pack.filename());
      }
      if (night == 1) std::filesystem::copy(location_.index, first_index_);
    }
  }

  // The index as it was after the first night.
  void go_back() {
    std::filesystem::remove_all(location_.index);
    std::filesystem::copy(first_index_, location_.index);
  }

  void expect_all_there() {
    {
      Writer writer = Writer::open(location_, listing_, clock_);
      EXPECT_THAT(writer.damage(), IsEmpty());
      for (const std::string& message : samples(0, kNights * kMessages)) {
        EXPECT_FALSE(add_message(writer, message).is_new);
      }
    }
    Reader reader = Reader::open(location_, listing_);
    EXPECT_THAT(reader.snapshots("alice"), SizeIs(kNights));
    EXPECT_EQ(samples(0, kNights * kMessages), restore(reader, "alice", "INBOX"));
    EXPECT_THAT(check(location_, listing_, {}).damage, IsEmpty());
  }

  base::Path first_index_ = directory_ / "first-index";
  std::vector<std::string> packs_;  // by night
  IncompleteListing listing_;
};

TEST_F(IncompleteListingTest, APackThatIsInTheIndexStaysThere) {
  ASSERT_THAT(packs_, SizeIs(kNights));
  std::vector<std::set<std::string>> cases{{packs_.begin(), packs_.end()}};
  for (const std::string& pack : packs_) cases.push_back({pack});
  for (const std::set<std::string>& hidden : cases) {
    listing_.hidden = hidden;
    listing_.forget();
    Writer::open(location_, listing_, clock_);
    EXPECT_EQ(0U, listing_.bytes_read_below(packs_directory(location_))) << "it is indexed again";
    expect_all_there();
  }
}

TEST_F(IncompleteListingTest, APackThatALaterCommitNamesIsRead) {
  const std::vector<std::set<std::string>> cases{{packs_[1]}, {packs_[2]}, {packs_[1], packs_[2]}};
  for (const std::set<std::string>& hidden : cases) {
    go_back();
    listing_.hidden = hidden;
    expect_all_there();
  }
}

TEST_F(IncompleteListingTest, AReindexFindsWhatTheNewestCommitLeadsTo) {
  listing_.hidden = {packs_.begin(), packs_.end() - 1};
  EXPECT_THAT(reindex(location_, listing_).damage, IsEmpty());
  expect_all_there();
}

TEST_F(IncompleteListingTest, ARepairSalvagesADamagedPackThatIsNotListed) {
  const BlobName damaged(kPacksArea, packs_[1]);
  stored().flip(damaged, stored().place_in(damaged, Stream::kManifests));
  listing_.hidden = {packs_[1]};
  for (const bool is_index_lost : {false, true}) {
    if (is_index_lost) std::filesystem::remove_all(location_.index);
    const RepairReport report = repair(location_, listing_, clock_);
    if (is_index_lost) {
      EXPECT_THAT(report.condemned, IsEmpty()) << "it has been";
    } else {
      EXPECT_THAT(report.condemned, testing::ElementsAre(shown(damaged)));
      EXPECT_EQ(kMessages, report.salvaged_messages);
    }
    EXPECT_THAT(report.after.damaged_messages, IsEmpty());
  }
}

TEST_F(IncompleteListingTest, ARepairFindsAPackWithoutATrailerThatIsNotListed) {
  const BlobName damaged(kPacksArea, packs_.back());
  stored().flip(damaged, stored().size(damaged) - 100);
  listing_.hidden = {packs_.begin(), packs_.end()};
  std::filesystem::remove_all(location_.index);
  const RepairReport report = repair(location_, listing_, clock_);
  EXPECT_THAT(report.condemned, testing::ElementsAre(shown(damaged)));
  EXPECT_EQ(kMessages, report.salvaged_messages);
  EXPECT_TRUE(report.after.is_intact());
  expect_all_there();
}

// As of a backup that ended before its commit.
TEST_F(IncompleteListingTest, ARepairLeavesAPackAloneThatOnlyALaterListingShows) {
  {
    WriteSession session(location_, files_, clock_, Effort::kFast);
    session.put(ObjectType::kText, base::as_bytes("of no message"));
    session.publish_if_any();
  }
  for (const BlobName& pack : pack_names()) {
    if (std::ranges::find(packs_, pack.key()) == packs_.end()) listing_.hidden.insert(pack.key());
  }
  ASSERT_THAT(listing_.hidden, SizeIs(1));
  for (unsigned incomplete = 0; incomplete < 8; ++incomplete) {
    SCOPED_TRACE(incomplete);
    listing_.incomplete = incomplete;
    const RepairReport report = repair(location_, listing_, clock_);
    EXPECT_THAT(report.found, IsEmpty());
    EXPECT_THAT(report.condemned, IsEmpty());
    EXPECT_TRUE(report.after.is_intact());
  }
}

TEST_F(IncompleteListingTest, APackThatIsReallyGoneIsDamage) {
  std::filesystem::remove(location_.store / "packs" / packs_[1]);
  Writer writer = Writer::open(location_, listing_, clock_);
  EXPECT_THAT(writer.damage(),
              testing::ElementsAre(testing::HasSubstr(packs_[1] + ": it is missing")));
}

// The program ended between a commit's pack and its record.
class UnrecordedCommitTest : public StoreFixture {
 protected:
  UnrecordedCommitTest() {
    location_.storage = model_;
    make_store();
    back_up_at(kMonday, "alice", samples(0, 3));
    Location ending = location_;
    ending.storage =
        std::make_shared<tests::SteppedStorage>(*model_, [](const tests::StorageRequest& request) {
          if (request.kind != "create" || request.area != kCommitsArea) return;
          throw StorageError(Trouble::kUnanswered, "create: no answer: try again");
        });
    Writer writer = Writer::open(ending, files_, clock_);
    add_snapshot(writer, "alice", {add_folder(writer, "INBOX", samples(0, 4))});
    EXPECT_ERROR(kStorage, "no answer", writer.commit());
  }

  static constexpr std::chrono::sys_seconds kMonday{std::chrono::seconds(1'600'000'000)};

  std::shared_ptr<tests::ModelStorage> model_ =
      std::make_shared<tests::ModelStorage>(StorageTraits{.creates_once = true});
};

TEST_F(UnrecordedCommitTest, IsNotMissedWhenAListingNoLongerShowsItAfterAReindex) {
  EXPECT_THAT(reindex(location_, files_).damage, IsEmpty());
  std::filesystem::remove_all(location_.index);
  model_->set_faults({.missing_names = 100});
  EXPECT_THAT(open_writer().damage(), IsEmpty());
  EXPECT_THAT(open_reader().snapshots("alice"), SizeIs(1));
}

TEST_F(UnrecordedCommitTest, CountsOnceAWriterHasSeenIt) {
  EXPECT_THAT(open_writer().damage(), IsEmpty());
  std::filesystem::remove_all(location_.index);
  model_->set_faults({.missing_names = 100});
  EXPECT_THAT(open_writer().damage(), IsEmpty());
  EXPECT_THAT(open_reader().snapshots("alice"), SizeIs(2));
}

}  // namespace
}  // namespace store
