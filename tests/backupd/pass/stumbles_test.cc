#include "backupd/pass/stumbles.h"

#include <gtest/gtest.h>

namespace backupd {
namespace {

TEST(StumblesTest, AMessageIsRequestedAloneThenLastThenNotAtAll) {
  Stumbles stumbles;
  const auto lose = [&] {
    stumbles.add("INBOX", base::Uid{7}, Stumbles::Over::kConnection, "the connection is lost");
  };
  lose();
  EXPECT_EQ(stumbles.places("INBOX").text(), "") << "one lost connection is no reason";
  lose();
  EXPECT_EQ(stumbles.places("INBOX").text(), "7");
  EXPECT_EQ(stumbles.last("INBOX").text(), "");
  lose();
  EXPECT_EQ(stumbles.last("INBOX").text(), "7");
  EXPECT_EQ(stumbles.last("Sent").text(), "");
  lose();
  EXPECT_EQ(stumbles.given_up("INBOX").text(), "");
  lose();
  EXPECT_EQ(stumbles.last("INBOX").text(), "");
  EXPECT_EQ(stumbles.given_up("INBOX").text(), "7");
  EXPECT_EQ(stumbles.reason("INBOX", base::Uid{7}),
            "each time it was requested: the connection is lost");
  EXPECT_EQ(stumbles.reason("INBOX", base::Uid{8}), "");
}

TEST(StumblesTest, AMessageOverWhichTheServerIsSilentIsRequestedLastThenNotAtAll) {
  Stumbles stumbles;
  stumbles.add("INBOX", base::Uid{7}, Stumbles::Over::kSilence, "the server was silent");
  EXPECT_EQ(stumbles.last("INBOX").text(), "7");
  stumbles.add("INBOX", base::Uid{7}, Stumbles::Over::kSilence, "the server was silent");
  EXPECT_EQ(stumbles.given_up("INBOX").text(), "7");
  EXPECT_EQ(stumbles.total(), 2);
}

TEST(StumblesTest, AMessageThatTakesTooLongIsLeftOutAtOnce) {
  Stumbles stumbles;
  stumbles.add("INBOX", base::Uid{7}, Stumbles::Over::kMessage, "it took too long");
  EXPECT_EQ(stumbles.given_up("INBOX").text(), "7");
  EXPECT_EQ(stumbles.reason("INBOX", base::Uid{7}), "it took too long");
}

TEST(StumblesTest, RequestsMessagesGivenUpInTheLastBackupLastAndOnce) {
  store::FolderInfo last;
  last.raw_name = "INBOX";
  last.skipped = {{base::Uid{3}, "the server sent NIL"},
                  {base::Uid{7}, "each time it was requested: the connection is lost"},
                  {base::Uid{9}, "fetch: INBOX: a message took longer than 1800 s"}};
  Stumbles stumbles;
  EXPECT_TRUE(stumbles.remember(last));
  EXPECT_EQ(stumbles.last("INBOX").text(), "7,9");
  EXPECT_EQ(stumbles.given_up("INBOX").text(), "");
  EXPECT_EQ(stumbles.total(), 0);
  stumbles.add("INBOX", base::Uid{7}, Stumbles::Over::kConnection, "it is lost again");
  EXPECT_EQ(stumbles.given_up("INBOX").text(), "7");
  EXPECT_EQ(stumbles.reason("INBOX", base::Uid{7}), "each time it was requested: it is lost again");
}

TEST(StumblesTest, ARefusedMessageIsLeftOutAtOnceWithItsReason) {
  Stumbles stumbles;
  stumbles.add("INBOX", base::Uid{7}, Stumbles::Over::kMessage, "it is longer than 4 GB");
  EXPECT_EQ(stumbles.given_up("INBOX").text(), "7");
  EXPECT_EQ(stumbles.reason("INBOX", base::Uid{7}), "it is longer than 4 GB");
}

}  // namespace
}  // namespace backupd
