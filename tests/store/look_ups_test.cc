// Look-ups that share a read transaction.
#include <memory>

#include <gtest/gtest.h>

#include "store/format/layout.h"
#include "store/index/index.h"
#include "store/keys/key_slot.h"
#include "tests/store/store_fixture.h"

namespace store {
namespace {

class LookUpsTest : public StoreFixture {
 protected:
  LookUpsTest() {
    make_store();
    back_up();
    index_ = std::make_unique<Index>(
        Index::open_read_only(index_file(location_), open_keys(location_, files_).store));
  }

  void back_up() { back_up_at(next_ += std::chrono::days(1), "alice", {sample_message(++count_)}); }
  std::uint64_t newest() { return index_->highest_commit().number; }

  std::unique_ptr<Index> index_;
  std::chrono::sys_seconds next_{std::chrono::seconds(1'700'000'000)};
  unsigned count_ = 0;
};

TEST_F(LookUpsTest, ShareOneStateUntilTheyAskForTheNewest) {
  const std::uint64_t first = newest();
  {
    const Index::LookUps look_ups(*index_);
    ASSERT_EQ(newest(), first);
    back_up();
    EXPECT_EQ(newest(), first);
    index_->see_newest();
    EXPECT_EQ(newest(), first + 1);
    back_up();
    EXPECT_EQ(newest(), first + 1);
  }
  EXPECT_EQ(newest(), first + 2) << "each on its own";
  back_up();
  EXPECT_EQ(newest(), first + 3);
}

TEST_F(LookUpsTest, OfAWalkWithinAnotherBelongToIt) {
  const std::uint64_t first = newest();
  const Index::LookUps outer(*index_);
  {
    const Index::LookUps inner(*index_);
    ASSERT_EQ(newest(), first);
    back_up();
    index_->see_newest();
    EXPECT_EQ(newest(), first + 1);
    back_up();
  }
  EXPECT_EQ(newest(), first + 1);
}

}  // namespace
}  // namespace store
