// Tests of the filter that hides a server's capabilities.
#include "tests/servers/bare_imap.h"

#include <gmock/gmock.h>

namespace servers {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(BareImapTest, HidesTheServersCapabilities) {
  const std::string response =
      "* OK [CAPABILITY IMAP4rev1 IDLE] ready\r\n"
      "* CAPABILITY IMAP4rev1 LITERAL+\r\n"
      "m1 OK [CAPABILITY IMAP4rev1 UIDPLUS] Logged in\r\n"
      "* OK [HIGHESTMODSEQ 7] Highest\r\n"
      "m3 OK [APPENDUID 7 9] done\r\n";
  const std::string passed =
      "* OK ready\r\n* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\nm1 OK Logged in\r\nm3 OK done\r\n";
  EXPECT_EQ(BareImap().from_server(response), passed);
  BareImap slowly;
  std::string together;
  for (const char byte : response) together += slowly.from_server(std::string(1, byte));
  EXPECT_EQ(together, passed);
}

TEST(BareImapTest, LeavesSimilarTextInMessagesUnchanged) {
  const std::string response = "* 1 FETCH (UID 1 BODY[] {26}\r\n* CAPABILITY IMAP4rev1 X\r\n)\r\n";
  EXPECT_EQ(BareImap().from_server(response), response);
}

TEST(BareImapTest, RefusesCommandsBeyondRfc3501) {
  for (const char* line :
       {"m1 NAMESPACE\r\n", "m1 ENABLE CONDSTORE\r\n", "m1 LIST (SUBSCRIBED) \"\" \"*\"\r\n",
        "m1 LIST \"\" \"*\" RETURN (STATUS (MESSAGES))\r\n", "m1 EXAMINE x (CONDSTORE)\r\n",
        "m1 UID EXPUNGE 1\r\n", "m1 UID SEARCH RETURN (ALL) ALL\r\n", "m1 CREATE {3+}\r\n",
        "m1 AUTHENTICATE PLAIN AGFs\r\n", "m1 AUTHENTICATE CRAM-MD5\r\n",
        "m1 STATUS x (MESSAGES HIGHESTMODSEQ)\r\n", "m1 UID FETCH 1:* (UID FLAGS MODSEQ)\r\n"}) {
    const auto passed = BareImap().from_client(line);
    EXPECT_THAT(passed.breaches, ElementsAre(line));
    EXPECT_EQ(passed.to_server, "") << line;
    EXPECT_EQ(passed.to_client, "m1 BAD not in RFC 3501\r\n");
  }
}

TEST(BareImapTest, PassesMessagesOneByOne) {
  BareImap bare;
  EXPECT_EQ(bare.from_client("m1 APPEND x () {6}\r\n").to_server, "m1 APPEND x () {6}\r\n");
  bare.from_server("+ go\r\n");
  EXPECT_EQ(bare.from_client("m2 X\r\n").to_server, "m2 X\r\n");
  EXPECT_THAT(bare.from_client("\r\n").breaches, IsEmpty());
  bare.from_client("m2 APPEND x () {5}\r\n");
  bare.from_server("+ go\r\n");
  EXPECT_THAT(bare.from_client("12345 () {5}\r\n").breaches, ElementsAre(" () {5}\r\n"));
}

TEST(BareImapTest, ExpectsNoLiteralAfterARefusal) {
  BareImap bare;
  bare.from_client("m1 CREATE {5}\r\n");
  bare.from_server("m1 NO never\r\n");
  EXPECT_EQ(bare.from_client("m2 NOOP\r\n").to_server, "m2 NOOP\r\n");
}

}  // namespace
}  // namespace servers
