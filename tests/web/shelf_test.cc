// Mail that was opened, and selections that wait, are in memory for their time and not longer.
#include "web/shelf.h"

#include <gtest/gtest.h>

#include "web/prepared_exports.h"

namespace web {
namespace {

using Steady = std::chrono::steady_clock;

const Shelf::Place kPlace{.token = "t", .account = "alice", .message = "m"};

std::shared_ptr<const ShelvedMessage> message_of(std::uint64_t size) {
  auto message = std::make_shared<ShelvedMessage>();
  message->size = size;
  return message;
}

TEST(ShelfTest, AMessageIsKeptForItsTime) {
  Shelf shelf;
  std::weak_ptr<const ShelvedMessage> kept;
  {
    const auto message = message_of(10);
    kept = message;
    shelf.add(kPlace, message);
  }
  shelf.forget_old();
  EXPECT_TRUE(shelf.find(kPlace));
  EXPECT_FALSE(kept.expired());
  shelf.forget_old(Steady::now() + Shelf::kStays);
  EXPECT_TRUE(kept.expired());
  EXPECT_FALSE(shelf.find(kPlace));
}

TEST(ShelfTest, TheOldestMakeRoom) {
  Shelf shelf;
  Shelf::Place newer = kPlace;
  newer.message = "newer";
  Shelf::Place large = kPlace;
  large.message = "large";
  shelf.add(kPlace, message_of(Shelf::kMaxBytes / 2 + 1));
  shelf.add(newer, message_of(Shelf::kMaxBytes / 2));
  shelf.add(large, message_of(Shelf::kMaxBytes + 1));
  EXPECT_FALSE(shelf.find(kPlace));
  EXPECT_TRUE(shelf.find(newer));
  EXPECT_FALSE(shelf.find(large));
}

TEST(ShelfTest, MessagesGoWithTheirSessionOrForTheirAccount) {
  Shelf shelf;
  Shelf::Place other{.token = "u", .account = "bob", .message = "m"};
  shelf.add(kPlace, message_of(1));
  shelf.add(other, message_of(1));
  shelf.remove("t");
  EXPECT_FALSE(shelf.find(kPlace));
  EXPECT_TRUE(shelf.find(other));
  shelf.remove_account("alice");
  EXPECT_TRUE(shelf.find(other));
  shelf.remove_account("bob");
  EXPECT_FALSE(shelf.find(other));
}

TEST(PreparedExportsTest, ASelectionIsKeptForItsTimeAndItsSession) {
  PreparedExports exports;
  const auto add = [&] {
    return *exports.add({.token = "t", .account = "alice", .selection = "{}"});
  };
  std::string id = add();
  exports.remove("u");
  auto prepared = exports.take(id, "t", "alice");
  ASSERT_TRUE(prepared);
  EXPECT_FALSE(exports.take(id, "t", "alice")) << "once";
  exports.put_back(id, *prepared);
  EXPECT_FALSE(exports.take(id, "u", "alice"));
  EXPECT_TRUE(exports.take(id, "t", "alice"));
  id = add();
  exports.forget_old(Steady::now() + PreparedExports::kLasts);
  EXPECT_FALSE(exports.take(id, "t", "alice"));
  id = add();
  exports.remove("t");
  EXPECT_FALSE(exports.take(id, "t", "alice"));
}

}  // namespace
}  // namespace web
