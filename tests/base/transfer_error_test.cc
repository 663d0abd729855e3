#include "base/transfer_error.h"

#include <gmock/gmock.h>

namespace base {
namespace {

TEST(TransferErrorTest, AFailureHasTheSameWordsHoweverLongItTook) {
  EXPECT_EQ(without_measurements("Failed to connect to ::1 port 1 after 16 ms: Couldn't connect to "
                                 "server"),
            "Failed to connect to ::1 port 1: Couldn't connect to server");
  EXPECT_EQ(without_measurements("Connection timed out after 30001 milliseconds"),
            "Connection timed out");
  EXPECT_EQ(without_measurements("Connection timeout after 300 ms"), "Connection timeout");
  EXPECT_EQ(without_measurements(
                "Operation timed out after 2000 milliseconds with 17 out of -1 bytes received"),
            "Operation timed out");
  EXPECT_EQ(
      without_measurements("Operation timed out after 2000 milliseconds with 0 bytes received"),
      "Operation timed out");
  EXPECT_EQ(without_measurements("Mailbox does not exist (0.000 sec)"), "Mailbox does not exist");
  EXPECT_EQ(without_measurements("Permission denied (0.001 + 0.000 + 0.002 secs)."),
            "Permission denied");
}

TEST(TransferErrorTest, OtherWordsStay) {
  for (const char* reason : {"", "after 5 ms", "wait (60 secs) before you try again",
                             "Could not resolve host: look after 12 sheep",
                             "SSL: no alternative certificate subject name matches 'a b'"}) {
    EXPECT_EQ(without_measurements(reason), reason);
  }
}

}  // namespace
}  // namespace base
