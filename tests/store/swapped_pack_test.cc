// One pack where another one should be, for a while: it is reported, and nothing else comes of it.
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/format/layout.h"
#include "store/maintenance/check.h"
#include "store/maintenance/reindex.h"
#include "tests/store/store_fixture.h"

namespace store {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class SwappedPackFixture : public StoreFixture {
 protected:
  static constexpr unsigned kNights = 4;
  static constexpr unsigned kMessages = 3;  // new ones a night
  static constexpr unsigned kListings = 8;  // that are tried

  explicit SwappedPackFixture(tests::HeldBy held_by) : StoreFixture(held_by) {
    make_store();
    for (unsigned night = 1; night <= kNights; ++night) {
      const std::vector<BlobName> before = pack_names();
      back_up_at(std::chrono::sys_seconds(std::chrono::days(10'000 + night)), "alice",
                 samples(0, night * kMessages));
      packs_.push_back(pack_added_since(before));
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
      Writer writer = Writer::open(location_, base::real_file_system(), clock_);
      EXPECT_THAT(writer.damage(), IsEmpty());
      for (const std::string& message : samples(0, kNights * kMessages)) {
        EXPECT_FALSE(add_message(writer, message).is_new);
      }
    }
    Reader reader = Reader::open(location_, base::real_file_system());
    EXPECT_THAT(reader.snapshots("alice"), SizeIs(kNights));
    EXPECT_EQ(samples(0, kNights * kMessages), restore(reader, "alice", "INBOX"));
    EXPECT_THAT(check(location_, base::real_file_system(), {}).damage, IsEmpty());
  }

  // `open` reads the packs while one has the bytes of another, and returns the damage.
  template <typename Open>
  void expect_no_trace(const Open& open) {
    ASSERT_THAT(packs_, SizeIs(kNights));
    // Both orders of their names are among them.
    for (const auto& [victim, other] :
         {std::pair{1U, 2U}, std::pair{2U, 1U}, std::pair{2U, 0U}, std::pair{1U, 3U}}) {
      SCOPED_TRACE(victim);
      const base::Bytes content = stored().bytes(packs_[victim]);
      stored().set(packs_[victim], stored().bytes(packs_[other]));
      for (unsigned seed = 1; seed <= (late_storage_ ? kListings : 1); ++seed) {
        SCOPED_TRACE(seed);
        go_back();
        if (late_storage_) late_storage_->set_faults(tests::late_listings(seed));
        EXPECT_THAT(open(), Contains(HasSubstr(packs_[victim].key() +
                                               ": another pack was read in its place")));
      }
      stored().set(packs_[victim], content);
      end_late_listings();
      expect_all_there();
    }
  }

  base::Path first_index_ = directory_ / "first-index";
  std::vector<BlobName> packs_;  // by night
};

class SwappedPackTest : public tests::OnEachStorage<SwappedPackFixture> {};

TEST_P(SwappedPackTest, LeavesNoTraceInTheIndexThatCatchesUp) {
  expect_no_trace(
      [&] { return Writer::open(location_, base::real_file_system(), clock_).damage(); });
}

TEST_P(SwappedPackTest, LeavesNoTraceInTheIndexThatIsRebuilt) {
  expect_no_trace([&] { return reindex(location_, base::real_file_system()).damage; });
}

INSTANTIATE_TEST_SUITE_P(Directory, SwappedPackTest, tests::a_directory());
INSTANTIATE_TEST_SUITE_P(LateListings, SwappedPackTest, tests::a_late_storage());

}  // namespace
}  // namespace store
