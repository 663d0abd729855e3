// The client waits for the slowest lawful servers, but not for those that only drip. The largest
// lawful answers are read, and a flood is not.
#include "imap/wait_budget.h"

#include <functional>
#include <string>

#include <gmock/gmock.h>

#include "tests/standing_clock.h"

namespace imap {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using tests::StandingClock;

constexpr hours kWholeBudget{4};  // as by default

void arrive_after(WaitBudget& budget, StandingClock& clock, milliseconds time,
                  const std::function<void(WaitBudget&)>& arrive) {
  {
    const WaitBudget::Waiting waiting(budget);
    clock.elapsed += time;
  }
  if (budget.left() > milliseconds(0)) arrive(budget);
}

std::function<void(WaitBudget&)> message_of(std::uint64_t bytes) {
  return [bytes](WaitBudget& budget) { budget.message_arrived(bytes); };
}

std::function<void(WaitBudget&)> worth(milliseconds time) {
  return [time](WaitBudget& budget) { budget.give_back(time); };
}

struct SlowServer {
  std::string name;
  milliseconds interval{};  // how long the client waits for the server
  int times = 0;
  std::function<void(WaitBudget&)> arrives;  // after each interval
  bool is_lawful = true;
};

class SlowServerTest : public testing::TestWithParam<SlowServer> {};

TEST_P(SlowServerTest, IsWaitedForIfItIsLawful) {
  StandingClock clock;
  WaitBudget budget(kWholeBudget, clock);
  const SlowServer& server = GetParam();
  for (int i = 0; i < server.times && budget.left() > milliseconds(0); ++i) {
    arrive_after(budget, clock, server.interval, server.arrives);
  }
  EXPECT_EQ(budget.left() > milliseconds(0), server.is_lawful) << budget.left().count();
  if (!server.is_lawful) {
    EXPECT_LT(clock.elapsed, 2 * kWholeBudget) << "the end must come soon";
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, SlowServerTest,
    testing::Values(
        SlowServer{"SearchOverFiveMillionMessages", minutes(90), 1, worth(milliseconds(0))},
        SlowServer{"FlagsOfFiveMillionMessagesAt128KbitPerSecond", seconds(4), 5'000,
                   worth(1'000 * WaitBudget::kStateWorth)},
        SlowServer{"StatusOfTwentyThousandFoldersInHalfASecondEach", seconds(10'000), 4,
                   worth(20'000 * WaitBudget::kListedWorth)},
        SlowServer{"ALineOf8KbitPerSecond", seconds(100), 5'000,
                   message_of(std::uint64_t{100} * 1'024)},
        SlowServer{"ThrottledToOneMessageInAMinute", minutes(1), 5'000, message_of(2'000)},
        SlowServer{"ThrottledToOneFolderInAMinute", minutes(1), 5'000,
                   worth(WaitBudget::kFolderWorth)},
        SlowServer{"SilentForAnHourNowAndThen", minutes(60), 50,
                   [](WaitBudget& budget) {
                     for (int i = 0; i < 60; ++i) budget.message_arrived(1'000);
                   }},
        SlowServer{"AByteInFourMinutes", minutes(4), 1'000, worth(milliseconds(0)), false},
        SlowServer{"AMessageInHalfAnHour", minutes(29), 1'000, message_of(2'000), false},
        SlowServer{"TheFlagsOfAMessageInAMinute", minutes(1), 1'000'000,
                   worth(WaitBudget::kStateWorth), false},
        SlowServer{"ALongMessageAt10BytesPerSecond", seconds(10'000), 1'000, message_of(100'000),
                   false}),
    [](const auto& tested) { return tested.param.name; });

// A server that never makes the client wait.
struct LargeAnswers {
  std::string name;
  std::uint64_t bytes = 0;  // of each
  int times = 0;
  std::function<void(WaitBudget&)> arrives;  // after each
  bool is_lawful = true;
  milliseconds account_timeout = kWholeBudget;
};

class LargeAnswersTest : public testing::TestWithParam<LargeAnswers> {};

TEST_P(LargeAnswersTest, AreReadIfTheyAreLawful) {
  const StandingClock clock;
  const LargeAnswers& answers = GetParam();
  WaitBudget budget(answers.account_timeout, clock);
  for (int i = 0; i < answers.times && !budget.is_flooded(); ++i) {
    budget.bytes_arrived(answers.bytes);
    if (!budget.is_flooded()) answers.arrives(budget);
  }
  EXPECT_EQ(budget.is_flooded(), !answers.is_lawful);
  EXPECT_EQ(budget.left(), answers.account_timeout) << "bytes take no time";
}

constexpr std::uint64_t kMegabyte = 1'000'000;

std::function<void(WaitBudget&)> body_piece_of(std::uint64_t bytes) {
  return [bytes](WaitBudget& budget) { budget.bytes_wanted(bytes); };
}

INSTANTIATE_TEST_SUITE_P(
    All, LargeAnswersTest,
    testing::Values(LargeAnswers{"SearchOverFiveMillionMessages", 40 * kMegabyte, 1,
                                 worth(milliseconds(0)), true, seconds(1)},
                    LargeAnswers{"FlagsOfFiveMillionMessages", 200'000, 5'000,
                                 worth(1'000 * WaitBudget::kStateWorth)},
                    LargeAnswers{"ManyKeywordsOfFiveMillionMessages", 5'000'000, 5'000,
                                 worth(1'000 * WaitBudget::kStateWorth)},
                    LargeAnswers{"ListOfAHundredThousandFolders", 30 * kMegabyte, 1,
                                 worth(milliseconds(0)), true, seconds(1)},
                    LargeAnswers{"MetadataOfTwentyThousandFolders", 40 * kMegabyte, 20'000,
                                 worth(WaitBudget::kFolderWorth)},
                    LargeAnswers{"MessagesOf50Megabytes", 50 * kMegabyte, 10'000,
                                 message_of(50 * kMegabyte)},
                    LargeAnswers{"AMessageOf4GigabytesInPieces", 1U << 16U, 65'536,
                                 body_piece_of(1U << 16U), true, seconds(1)},
                    LargeAnswers{"UntaggedLinesWithoutEnd", 1U << 16U, 1'000'000,
                                 worth(milliseconds(0)), false},
                    LargeAnswers{"UnwantedBodiesWithoutEnd", 50 * kMegabyte, 1'000,
                                 worth(milliseconds(0)), false},
                    LargeAnswers{"AMegabyteForTheFlagsOfEachMessage", kMegabyte, 1'000'000,
                                 worth(WaitBudget::kStateWorth), false}),
    [](const auto& tested) { return tested.param.name; });

TEST(WaitBudgetTest, TimeInWhichTheProcessWasStoppedGivesBackNoBytes) {
  StandingClock clock;
  WaitBudget budget(minutes(1), clock);
  budget.bytes_arrived(budget.whole_bytes());
  {
    const WaitBudget::Waiting waiting(budget, seconds(1));
    clock.elapsed += hours(24);
  }
  EXPECT_FALSE(budget.is_flooded());
  budget.bytes_arrived(1);
  EXPECT_TRUE(budget.is_flooded());
}

TEST(WaitBudgetTest, OnlyTimeSpentWaitingCounts) {
  StandingClock clock;
  WaitBudget budget(kWholeBudget, clock);
  clock.elapsed += hours(24);  // a pause that the server asked for, other accounts' turns
  EXPECT_EQ(budget.left(), kWholeBudget);
  {
    const WaitBudget::Waiting waiting(budget);
    clock.elapsed += minutes(10);
    EXPECT_EQ(budget.left(), kWholeBudget - minutes(10)) << "it counts at once";
  }
  clock.elapsed += hours(24);
  EXPECT_EQ(budget.left(), kWholeBudget - minutes(10));
}

TEST(WaitBudgetTest, TimeInWhichTheProcessWasStoppedDoesNotCount) {
  StandingClock clock;
  WaitBudget budget(kWholeBudget, clock);
  {
    const WaitBudget::Waiting waiting(budget, minutes(5));
    clock.elapsed += hours(24);
  }
  EXPECT_EQ(budget.left(), kWholeBudget - minutes(5));
  {
    const WaitBudget::Waiting waiting(budget, minutes(5));
    clock.elapsed += minutes(5) + milliseconds(10);
  }
  EXPECT_EQ(budget.left(), kWholeBudget - minutes(10) - milliseconds(10)) << "it was not stopped";
}

TEST(WaitBudgetTest, ArrivingDataGivesBackAtMostTheWholeBudget) {
  StandingClock clock;
  WaitBudget budget(kWholeBudget, clock);
  budget.give_back(hours(100));
  const WaitBudget::Waiting waiting(budget);
  clock.elapsed += hours(3);
  budget.give_back(hours(1));
  EXPECT_EQ(budget.left(), hours(2));
  clock.elapsed += hours(1);
  EXPECT_EQ(budget.left(), hours(1));
  budget.give_back(hours(100));
  EXPECT_EQ(budget.left(), kWholeBudget);
  clock.elapsed += hours(5);
  EXPECT_EQ(budget.left(), -hours(1));
}

TEST(WaitBudgetTest, ConnectionsThatWaitTogetherCountOnce) {
  StandingClock clock;
  WaitBudget budget(kWholeBudget, clock);
  {
    const WaitBudget::Waiting one(budget);
    clock.elapsed += hours(1);
    {
      const WaitBudget::Waiting two(budget);
      clock.elapsed += hours(1);
    }
    clock.elapsed += hours(1);
  }
  EXPECT_EQ(budget.left(), hours(1));
}

}  // namespace
}  // namespace imap
