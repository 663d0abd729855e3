// Reading messages back from servers that do not send all of them.
#include "restore/steady_read.h"

#include <stdexcept>

#include <gmock/gmock.h>

#include "tests/imap/scripted_transport.h"

namespace restore {
namespace {

TEST(SteadyReadTest, AMessageWhoseLineIsNotUnderstoodIsNotGone) {
  imap::Transcript transcript = imap::Transcript::inbox();
  transcript.add(R"(
    C: m4 UID FETCH 1:2 (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])
    S: * 1 FETCH (UID 1 FLAGS () BODY[] {1}
    S: a)
    S: * 2 FETCH (UID 2 FLAGS (a(b) BODY[] {1}
    S: b)
    S: m4 OK done
    C: m5 UID FETCH 2 (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])
    S: * 2 FETCH (UID 2 FLAGS (a(b) BODY[] {1}
    S: b)
    S: m5 OK done
  )");
  imap::Session session(imap::scripted(transcript), {});
  session.examine("INBOX");
  ReadBack read;
  const auto unread =
      read_steadily(session, *imap::UidSet::parse("1:2"), read,
                    []() -> imap::Session { throw std::logic_error("no connection was lost"); });
  EXPECT_EQ(read.messages().size(), 1U);
  ASSERT_EQ(unread.size(), 1U);
  EXPECT_EQ(unread.begin()->first, base::Uid{2});
  EXPECT_THAT(unread.begin()->second, testing::HasSubstr("not understood"));
}

}  // namespace
}  // namespace restore
