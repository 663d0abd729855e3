#include "store/maintenance/waiting_packs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class WaitingPacksTest : public testing::Test {
 protected:
  static PackName pack(unsigned number) {
    PackName name;
    name.bytes[0] = static_cast<std::byte>(number);
    return name;
  }

  static MessageElsewhere message(unsigned number, std::set<PackName> packs) {
    MessageElsewhere message;
    message.id.object.bytes[0] = static_cast<std::byte>(number);
    message.packs = std::move(packs);
    return message;
  }

  // The numbers of the messages that are rebuilt.
  std::vector<unsigned> finish(bool are_intact) {
    std::vector<unsigned> rebuilt;
    waiting_.finish([&](const MessageElsewhere& message) {
      rebuilt.push_back(std::to_integer<unsigned>(message.id.object.bytes[0]));
      return are_intact;
    });
    return rebuilt;
  }

  std::vector<PackName> read_;
  WaitingPacks waiting_{[this](const PackName& name) { read_.push_back(name); }};
};

TEST_F(WaitingPacksTest, APackIsReadWhenThePacksThatItNeedsAreSound) {
  waiting_.add_sound(pack(3));
  waiting_.add_read(pack(3), true, {message(1, {pack(1)}), message(2, {pack(1), pack(2)})});
  waiting_.add_sound(pack(1));
  waiting_.add_read(pack(1), true, {});
  EXPECT_THAT(read_, ElementsAre(pack(1)));
  waiting_.add_sound(pack(2));
  EXPECT_THAT(read_, ElementsAre(pack(1), pack(3)));
  EXPECT_THAT(finish(false), IsEmpty());
}

TEST_F(WaitingPacksTest, MessagesThatNeedAnUnsoundPackAreRebuilt) {
  waiting_.add_sound(pack(1));
  waiting_.add_read(pack(3), true, {message(1, {pack(1)}), message(2, {pack(1), pack(2)})});
  waiting_.add_read(pack(4), true, {message(3, {pack(2)})});
  EXPECT_THAT(read_, IsEmpty());
  EXPECT_THAT(finish(true), ElementsAre(2U, 3U));
  EXPECT_THAT(read_, ElementsAre(pack(3), pack(4)));
}

TEST_F(WaitingPacksTest, ADamagedPackIsNotRead) {
  waiting_.add_read(pack(1), false, {});
  waiting_.add_read(pack(2), false, {message(1, {pack(3)})});
  waiting_.add_sound(pack(3));
  waiting_.add_read(pack(4), true, {message(2, {pack(5)})});
  EXPECT_THAT(finish(false), ElementsAre(2U));
  EXPECT_THAT(read_, IsEmpty());
}

}  // namespace
}  // namespace store
