#include "imap/login_exchange.h"

#include <gmock/gmock.h>

namespace imap {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(LoginExchangeTest, TheCapabilitiesAnnouncedLastCount) {
  LoginExchange exchange;
  exchange.note("* OK [CAPABILITY IMAP4rev1 ENABLE] hello\r\n", true);
  EXPECT_THAT(exchange.capabilities(), ElementsAre("IMAP4rev1", "ENABLE"));
  exchange.note("* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n", true);
  exchange.note("A001 OK done\r\n", true);
  EXPECT_THAT(exchange.capabilities(), ElementsAre("IMAP4rev1", "AUTH=PLAIN"));
  exchange.note("A002 OK [CAPABILITY IMAP4rev1 QRESYNC] welcome\r\n", true);
  EXPECT_THAT(exchange.capabilities(), ElementsAre("IMAP4rev1", "QRESYNC"));
}

TEST(LoginExchangeTest, CapabilitiesFromBeforeStarttlsAreNotBelieved) {
  LoginExchange exchange;
  exchange.note("* OK [CAPABILITY IMAP4rev1 STARTTLS COMPRESS=DEFLATE] hello\r\n", false);
  exchange.note("* CAPABILITY IMAP4rev1 STARTTLS COMPRESS=DEFLATE\r\n", false);
  exchange.note("A001 OK done\r\n", false);
  exchange.note("A002 OK go ahead\r\n", false);
  exchange.note("A003 BAD no CAPABILITY here\r\n", true);
  EXPECT_THAT(exchange.capabilities(), IsEmpty());
  exchange.note("A004 OK [CAPABILITY IMAP4rev1] welcome\r\n", true);
  EXPECT_THAT(exchange.capabilities(), ElementsAre("IMAP4rev1"));
}

}  // namespace
}  // namespace imap
