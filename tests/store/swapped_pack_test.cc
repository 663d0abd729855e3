// One pack where another one should be, for a while: it is reported, and nothing else comes of it.
#include <filesystem>
#include <fstream>
#include <iterator>

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

class SwappedPackTest : public StoreFixture {
 protected:
  static constexpr unsigned kNights = 4;
  static constexpr unsigned kMessages = 3;  // new ones a night

  SwappedPackTest() {
    make_store();
    for (unsigned night = 1; night <= kNights; ++night) {
      const std::vector<base::Path> before = packs();
      back_up_at(std::chrono::sys_seconds(std::chrono::days(10'000 + night)), "alice",
                 samples(0, night * kMessages));
      for (const base::Path& pack : packs()) {
        if (std::ranges::find(before, pack) == before.end()) packs_.push_back(pack);
      }
      if (night == 1) std::filesystem::copy(location_.index, first_index_);
    }
  }

  // The index as it was after the first night.
  void go_back() {
    std::filesystem::remove_all(location_.index);
    std::filesystem::copy(first_index_, location_.index);
  }

  static std::string content_of(const base::Path& pack) {
    std::ifstream file(pack, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  static void replace(const base::Path& pack, const std::string& content) {
    std::filesystem::remove(pack);
    std::ofstream(pack, std::ios::binary) << content;
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
      go_back();
      const std::string content = content_of(packs_[victim]);
      replace(packs_[victim], content_of(packs_[other]));
      EXPECT_THAT(open(), Contains(HasSubstr(packs_[victim].filename().string() +
                                             ": another pack was read in its place")));
      replace(packs_[victim], content);
      expect_all_there();
    }
  }

  base::Path first_index_ = directory_ / "first-index";
  std::vector<base::Path> packs_;  // by night
};

TEST_F(SwappedPackTest, LeavesNoTraceInTheIndexThatCatchesUp) {
  expect_no_trace(
      [&] { return Writer::open(location_, base::real_file_system(), clock_).damage(); });
}

TEST_F(SwappedPackTest, LeavesNoTraceInTheIndexThatIsRebuilt) {
  expect_no_trace([&] { return reindex(location_, base::real_file_system()).damage; });
}

}  // namespace
}  // namespace store
