#include "store/maintenance/rewrite_choice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::uint64_t kMebibyte = 1 << 20;

RewriteCandidate candidate(std::size_t pack, std::uint64_t size, std::uint64_t new_size) {
  return {.pack = pack, .size = size * kMebibyte, .new_size = new_size * kMebibyte};
}
RewriteCandidate spare(std::size_t pack, std::uint64_t size) {
  return {.pack = pack, .size = size * kMebibyte, .new_size = size * kMebibyte, .is_spare = true};
}

TEST(RewriteChoiceTest, TheBestGainComesFirst) {
  EXPECT_THAT(choose_rewrites({candidate(0, 64, 50), candidate(1, 64, 10), candidate(2, 64, 30)},
                              UINT64_MAX),
              ElementsAre(1, 2, 0));
  EXPECT_THAT(choose_rewrites({candidate(0, 64, 50), candidate(1, 64, 10), candidate(2, 64, 30)},
                              50 * kMebibyte),
              ElementsAre(1, 2));
}

TEST(RewriteChoiceTest, APackThatDoesNotFitKeepsNoSmallerOneWaiting) {
  EXPECT_THAT(choose_rewrites({candidate(0, 640, 50), candidate(1, 12, 6)}, 10 * kMebibyte),
              ElementsAre(1));
  EXPECT_THAT(choose_rewrites({candidate(0, 64, 1)}, 0), IsEmpty());
}

TEST(RewriteChoiceTest, RecompressionWaitsUntilRoomIsPlenty) {
  EXPECT_THAT(choose_rewrites({spare(0, 33)}, 18 * kMebibyte), IsEmpty());
  EXPECT_THAT(choose_rewrites({spare(0, 33)}, 60 * kMebibyte), IsEmpty());
  EXPECT_THAT(choose_rewrites({spare(0, 33)}, 90 * kMebibyte), ElementsAre(0));
  EXPECT_THAT(choose_rewrites({spare(0, 1), candidate(1, 64, 32)}, 33 * kMebibyte), IsEmpty())
      << "the pack with dead data has the first claim";
  EXPECT_THAT(choose_rewrites({spare(0, 1), candidate(1, 64, 32)}, UINT64_MAX), ElementsAre(1, 0));
}

TEST(RewriteChoiceTest, AStepIsLimited) {
  EXPECT_THAT(choose_rewrites({candidate(0, 9'000, 3'000), candidate(1, 9'000, 4'000)}, UINT64_MAX),
              ElementsAre(0));
  EXPECT_THAT(choose_rewrites({candidate(0, 90'000, 30'000)}, UINT64_MAX), ElementsAre(0));
}

TEST(RewriteChoiceTest, TheReserveIsForWhatFreesMoreThanItNeeds) {
  RewriteCandidate dead{.pack = 3, .size = 18 * kMebibyte, .new_size = 1'200, .objects = 3};
  EXPECT_THAT(choose_for_reserve({spare(0, 1), candidate(1, 1, 1), candidate(2, 18, 2), dead},
                                 4 * kMebibyte),
              ElementsAre(3, 2));
  EXPECT_THAT(choose_for_reserve({candidate(0, 18, 3), dead}, 4 * kMebibyte), ElementsAre(3))
      << "a part of the room is for the commit";
  dead.objects = 1'000;
  EXPECT_THAT(choose_for_reserve({dead}, 4 * kMebibyte), IsEmpty()) << "the index grows, too";
  dead.objects = 3;
  EXPECT_THAT(choose_for_reserve({dead}, kMebibyte), IsEmpty());
}

}  // namespace
}  // namespace store
