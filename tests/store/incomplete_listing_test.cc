// A listing that lacks packs, as object storage may give: nothing is lost, and nothing is done
// again.
#include <filesystem>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/format/layout.h"
#include "store/maintenance/check.h"
#include "store/maintenance/reindex.h"
#include "tests/store/counting_file_system.h"
#include "tests/store/store_fixture.h"

namespace store {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

// Leaves names out of every listing; the files themselves are there.
class IncompleteListing : public tests::CountingFileSystem {
 public:
  std::set<std::string> hidden;

  std::vector<std::string> list(const base::Path& path) override {
    std::vector<std::string> names = tests::CountingFileSystem::list(path);
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

TEST_F(IncompleteListingTest, APackThatIsReallyGoneIsDamage) {
  std::filesystem::remove(location_.store / "packs" / packs_[1]);
  Writer writer = Writer::open(location_, listing_, clock_);
  EXPECT_THAT(writer.damage(),
              testing::ElementsAre(testing::HasSubstr(packs_[1] + ": it is missing")));
}

}  // namespace
}  // namespace store
