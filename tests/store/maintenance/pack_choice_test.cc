#include "store/maintenance/pack_choice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace store {
namespace {

using testing::Each;
using testing::ElementsAre;

constexpr std::uint64_t kMegabyte = 1 << 20;

// A pack of `megabytes`, of which `living_percent` % of the bytes are living.
PackUse pack(std::uint64_t megabytes, std::uint64_t living_percent, Effort effort) {
  PackUse use;
  use.size = megabytes * kMegabyte;
  use.object_bytes = use.size * 3;
  use.living_bytes = use.object_bytes * living_percent / 100;
  use.effort = effort;
  return use;
}
PackUse fast(std::uint64_t megabytes, std::uint64_t living_percent = 100) {
  return pack(megabytes, living_percent, Effort::kFast);
}
PackUse strong(std::uint64_t megabytes, std::uint64_t living_percent = 100) {
  return pack(megabytes, living_percent, Effort::kStrong);
}
PackUse commit_alone() {
  return {.size = 1'000, .object_bytes = 900, .commit_bytes = 900};
}
PackUse condemned(PackUse use) {
  use.is_condemned = true;
  return use;
}

std::vector<PackFate> fates(const std::vector<PackUse>& packs, const ChoiceLimits& limits = {}) {
  std::vector<PackFate> fates;
  for (const PackChoice& choice : choose_packs(packs, limits)) {
    EXPECT_FALSE(choice.reason.empty());
    fates.push_back(choice.fate);
  }
  return fates;
}

constexpr PackFate kKeep = PackFate::kKeep;
constexpr PackFate kRewrite = PackFate::kRewrite;
constexpr PackFate kCondemn = PackFate::kCondemn;

TEST(PackChoiceTest, LivingAndHardCompressedPacksStay) {
  EXPECT_THAT(fates({strong(64), strong(64, 90), strong(40)}), Each(kKeep));
  EXPECT_THAT(fates({}), ElementsAre());
}

TEST(PackChoiceTest, DeadPacksGoAndMostlyDeadOnesAreRewritten) {
  EXPECT_THAT(fates({strong(64, 0), strong(64, 79), strong(64, 81)}),
              ElementsAre(kCondemn, kRewrite, kKeep));
  EXPECT_EQ("it has no living objects", choose_packs(std::vector{strong(64, 0)}, {})[0].reason);
  EXPECT_EQ("30 % of it is dead", choose_packs(std::vector{strong(64, 70)}, {})[0].reason);
}

TEST(PackChoiceTest, WithALimitOfZeroAnyDeadDataCausesARewrite) {
  ChoiceLimits limits;
  limits.dead_percent = 0;
  PackUse little = strong(64);
  little.living_bytes -= 1;
  EXPECT_THAT(fates({strong(64), little}, limits), ElementsAre(kKeep, kRewrite));
}

TEST(PackChoiceTest, PacksFromABackupAreCompressedHarder) {
  EXPECT_THAT(fates({fast(64), strong(64), fast(1)}), ElementsAre(kRewrite, kKeep, kRewrite));
}

TEST(PackChoiceTest, HarderCompressionIsLimitedPerRunButAllDeadPacksGo) {
  ChoiceLimits limits;
  limits.max_recompressed = 100 * kMegabyte;
  EXPECT_THAT(fates({fast(64), fast(64), fast(64), fast(64, 10), fast(64, 0)}, limits),
              ElementsAre(kRewrite, kRewrite, kKeep, kRewrite, kCondemn));
}

TEST(PackChoiceTest, SmallPacksJoinARewriteUnlessTheyAreMuchLarger) {
  EXPECT_THAT(fates({strong(3), fast(1)}), ElementsAre(kRewrite, kRewrite));
  EXPECT_THAT(fates({strong(20), fast(1)}), ElementsAre(kKeep, kRewrite));
  EXPECT_THAT(fates({strong(20), strong(4), fast(1)}), ElementsAre(kRewrite, kRewrite, kRewrite));
  EXPECT_THAT(fates({strong(40), fast(64)}), ElementsAre(kKeep, kRewrite));
  EXPECT_THAT(fates({strong(3), strong(3), strong(3)}), Each(kKeep)) << "alone they are no reason";
}

TEST(PackChoiceTest, PacksOfCommitsGoTogether) {
  EXPECT_THAT(fates({strong(64), commit_alone()}), Each(kKeep));
  EXPECT_THAT(fates({strong(64), commit_alone(), commit_alone()}),
              ElementsAre(kKeep, kCondemn, kCondemn));
  EXPECT_THAT(fates({fast(64), commit_alone()}), ElementsAre(kRewrite, kCondemn));
}

TEST(PackChoiceTest, DeadDataBesideACommitIsReasonEnoughForANewOne) {
  PackUse night = strong(64, 0);
  night.commit_bytes = 900;
  EXPECT_THAT(fates({strong(64), night}), ElementsAre(kKeep, kCondemn));
}

TEST(PackChoiceTest, ARewriteThatFreesLittleIsMarkedAsSpare) {
  const std::vector<PackChoice> choices =
      choose_packs(std::vector{strong(64, 50), fast(64), strong(1)}, {});
  EXPECT_FALSE(choices[0].is_spare);
  EXPECT_TRUE(choices[1].is_spare);
  EXPECT_TRUE(choices[2].is_spare);
  EXPECT_EQ(32 * kMegabyte, choices[0].new_size);
}

TEST(PackChoiceTest, ACommitWithLittleElseIsNotRewritten) {
  PackUse small = strong(1);
  small.commit_bytes = small.living_bytes;
  small.object_bytes += small.commit_bytes;
  EXPECT_THAT(fates({small}), ElementsAre(kKeep));
}

TEST(PackChoiceTest, ACondemnedPackStaysCondemnedUnlessItHasLivingObjects) {
  EXPECT_THAT(fates({condemned(fast(64, 0)), condemned(strong(64, 1))}),
              ElementsAre(kKeep, kRewrite));
}

RC_GTEST_PROP(PackChoiceProperty, LivingObjectsAreNeverCondemnedWithoutARewrite, ()) {
  const auto sizes = *rc::gen::container<std::vector<std::pair<unsigned, bool>>>(
      rc::gen::pair(rc::gen::inRange(0U, 10'000U), rc::gen::arbitrary<bool>()));
  std::vector<PackUse> packs;
  for (const auto& [number, is_fast] : sizes) {
    packs.push_back(is_fast ? fast(number / 100, number % 101)
                            : strong(number / 100, number % 101));
  }
  const std::vector<PackChoice> choices = choose_packs(packs, {});
  RC_ASSERT(choices.size() == packs.size());
  for (std::size_t i = 0; i < packs.size(); ++i) {
    RC_ASSERT(choices[i].fate != kCondemn || packs[i].living_bytes == 0);
    RC_ASSERT(choices[i].fate != kRewrite || packs[i].living_bytes > 0);
  }
}

}  // namespace
}  // namespace store
