// Bounds on simultaneous work.
#include "restore/desk/places.h"

#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace desk {
namespace {

TEST(PlacesTest, OneHolderLeavesRoomForTheOthers) {
  Places places(3, 2);
  auto first = places.take("alice");
  const auto second = places.take("alice");
  EXPECT_TRUE(first);
  EXPECT_TRUE(second);
  EXPECT_FALSE(places.take("alice")) << "her share";
  const auto of_bob = places.take("bob");
  EXPECT_TRUE(of_bob);
  EXPECT_FALSE(places.take("carol")) << "all places";
  first.reset();
  EXPECT_TRUE(places.take("carol"));
  EXPECT_TRUE(places.take("alice"));
}

TEST(PlacesTest, AMovedPlaceIsTakenOnce) {
  Places places(1, 1);
  auto place = places.take("alice");
  ASSERT_TRUE(place);
  {
    const Places::Place moved = *std::move(place);
    place.reset();  // NOLINT(bugprone-use-after-move): it no longer holds a place
    EXPECT_FALSE(places.take("bob"));
  }
  EXPECT_TRUE(places.take("bob"));
}

TEST(PlacesTest, APlaceThatBecomesFreeGoesToOneThatWaits) {
  Places places(1, 1);
  auto place = places.take("alice");
  std::thread waiting([&] { EXPECT_TRUE(places.take("bob", std::chrono::hours(1))); });
  place.reset();
  waiting.join();
}

TEST(PlacesTest, ClosingEndsAllWaiting) {
  Places places(1, 1);
  const auto place = places.take("alice");
  std::vector<std::thread> waiting;
  for (int at = 0; at < 3; ++at) {
    waiting.emplace_back([&] { EXPECT_FALSE(places.take("bob", std::chrono::hours(1))); });
  }
  places.close();
  for (std::thread& thread : waiting) thread.join();
  EXPECT_FALSE(places.take("bob"));
}

}  // namespace
}  // namespace desk
