#include "backupd/pass/departures.h"

#include <algorithm>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace backupd {
namespace {

store::MessageId message_id(unsigned char number) {
  store::MessageId id;
  id.object.bytes[0] = std::byte{number};
  return id;
}

RC_GTEST_PROP(DeparturesTest, CountsMessagesThatLeftAndDidNotArrive, ()) {
  const auto left = *rc::gen::container<std::vector<unsigned char>>(rc::gen::inRange(0, 6));
  const auto arrived = *rc::gen::container<std::vector<unsigned char>>(rc::gen::inRange(0, 6));
  Departures departures;
  for (const unsigned char number : left) departures.left(message_id(number));
  for (const unsigned char number : arrived) departures.arrived(message_id(number));
  std::uint64_t expected = 0;
  for (unsigned char number = 0; number < 6; ++number) {
    const auto gone = std::count(left.begin(), left.end(), number);
    const auto come = std::count(arrived.begin(), arrived.end(), number);
    expected += static_cast<std::uint64_t>(std::max(gone - come, std::ptrdiff_t{0}));
  }
  RC_ASSERT(departures.vanished() == expected);
}

TEST(DeparturesTest, AReplacedMessageThatIsElsewhereOnlyMoved) {
  Departures departures;
  departures.left(message_id(1));
  departures.replaced(message_id(2));
  departures.replaced(message_id(3));
  departures.arrived(message_id(3));
  EXPECT_EQ(departures.vanished(), 2U);
  EXPECT_EQ(departures.replaced(), 1U);
}

// As from a record that is not used.
TEST(DeparturesTest, AnArrivalThatIsTakenBackHidesNoDeparture) {
  Departures departures;
  departures.left(message_id(1));
  departures.left(message_id(2));
  departures.arrived(message_id(1));
  const std::size_t arrivals = departures.arrivals();
  departures.arrived(message_id(2));
  departures.take_back_arrivals(arrivals);
  EXPECT_EQ(departures.vanished(), 1U);
}

}  // namespace
}  // namespace backupd
