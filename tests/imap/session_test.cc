// How a session begins, ends and fails.
#include "imap/session.h"

#include "tests/expect_error.h"
#include "tests/imap/collector.h"
#include "tests/imap/conversation.h"

namespace imap {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

TEST(SessionTest, AsksForCapabilitiesAndNamespaces) {
  converse_and_cut(Transcript::session("IDLE"), [](Session& session) {
    EXPECT_TRUE(session.capabilities().has("idle"));
    EXPECT_FALSE(session.capabilities().has("QUOTA"));
    EXPECT_THAT(session.namespaces().personal, ElementsAre(Namespace{"", '/'}));
  });
}

TEST(SessionTest, EnablesCondstoreAndNothingElse) {
  converse(Transcript::session("ENABLE CONDSTORE QRESYNC UTF8=ACCEPT IMAP4rev2"),
           [](Session& session) { EXPECT_TRUE(session.capabilities().has_modseq()); });
}

TEST(SessionTest, WaitsForTheGoAheadWithoutLiteralPlus) {
  Transcript transcript = Transcript::session();
  transcript.client("m3 CREATE {3}\r\n");
  transcript.server("+ go ahead\r\n");
  transcript.client("a\nb\r\n");
  transcript.server("m3 OK done\r\n");
  transcript.client("m4 CREATE {3}\r\n");
  transcript.server("m4 NO never\r\n");
  transcript.add("C: m5 CREATE \"c\"\nS: m5 OK done");
  converse_and_cut(transcript, [](Session& session) {
    EXPECT_TRUE(session.create("a\nb").created);
    EXPECT_EQ(session.create("c\nd").reason, "never");
    EXPECT_TRUE(session.create("c").created);
  });
}

TEST(SessionTest, TellsWhyTheServerHungUp) {
  Transcript transcript = Transcript::inbox();
  transcript.add(R"(
    C: m4 UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])
    S: * 1 FETCH (UID 4 BODY[] {1}
    S: a)
  )");
  transcript.server("* BYE Suggested Backoff Time: 9000 milliseconds\x1b[2J\r\n");
  converse(transcript, [](Session& session) {
    session.examine("INBOX");
    Collector collector;
    EXPECT_ERROR(kNetwork,
                 "fetch the messages: INBOX: the server closed the connection: Suggested Backoff "
                 "Time: 9000 milliseconds\\x1B[2J",
                 session.fetch_messages(UidSet::all(), collector));
    EXPECT_THAT(collector.messages, SizeIs(1));
  });
}

TEST(SessionTest, GivesUpOnASilentServer) {
  Transcript transcript = Transcript::session();
  transcript.add("C: m3 CREATE \"x\"");
  converse(transcript, [](Session& session) {
    EXPECT_ERROR(kNetwork, "silent for 300 s", session.create("x"));
  });
}

TEST(SessionTest, RefusesAnswersToCommandsItNeverGave) {
  for (const char* answer :
       {"m4 OK done", "m0 OK", "x3 OK", "m3x OK", "m99999999999999999999 OK"}) {
    Transcript transcript = Transcript::session();
    transcript.add(std::string("C: m3 CREATE \"x\"\nS: ") + answer);
    converse(transcript,
             [](Session& session) { EXPECT_ERROR(kProtocol, "not given", session.create("x")); });
  }
}

TEST(SessionTest, LogsOutWhateverTheServerSays) {
  for (const char* end : {"S: * BYE bye\nS: m3 OK done", "S: * BYE bye", "S: m3 BAD no"}) {
    Transcript transcript = Transcript::session();
    transcript.add("C: m3 LOGOUT").add(end);
    converse(transcript, [](Session& session) { session.logout(); });
  }
}

}  // namespace
}  // namespace imap
