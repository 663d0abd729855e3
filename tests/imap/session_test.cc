// The start, the end and the failures of a session.
#include "imap/session.h"

#include "tests/expect_error.h"
#include "tests/imap/collector.h"
#include "tests/imap/conversation.h"

namespace imap {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

TEST(SessionTest, RequestsCapabilitiesAndNamespaces) {
  converse_and_cut(Transcript::session("IDLE"), [](Session& session) {
    EXPECT_TRUE(session.capabilities().has("idle"));
    EXPECT_FALSE(session.capabilities().has("QUOTA"));
    EXPECT_THAT(session.namespaces().personal, ElementsAre(Namespace{"", '/'}));
  });
}

TEST(SessionTest, EnablesOnlyCondstore) {
  converse(Transcript::session("ENABLE CONDSTORE QRESYNC UTF8=ACCEPT IMAP4rev2"),
           [](Session& session) { EXPECT_TRUE(session.capabilities().has_modseq()); });
}

const std::vector<std::string> kUsual = {"IMAP4rev1", "NAMESPACE",   "ENABLE",
                                         "QRESYNC",   "LIST-STATUS", "CONDSTORE"};

// The first round trip of a session with kUsual.
Transcript asked_ahead(const std::string& capabilities, const std::string& namespaces) {
  Transcript transcript(R"(
    C: m1 CAPABILITY
    C: m2 ENABLE QRESYNC
    C: m3 NAMESPACE
    C: m4 LIST "" "*" RETURN (STATUS (MESSAGES UIDNEXT UIDVALIDITY HIGHESTMODSEQ))
  )");
  transcript.add("S: * CAPABILITY " + capabilities);
  transcript.add("S: m1 OK\nS: * ENABLED QRESYNC\nS: m2 OK");
  transcript.add("S: * NAMESPACE " + namespaces + "\nS: m3 OK");
  return transcript.add(R"(
    S: * LIST () "/" INBOX
    S: * STATUS INBOX (MESSAGES 3 UIDNEXT 9 UIDVALIDITY 7 HIGHESTMODSEQ 12)
    S: * LIST () "/" shared/all
    S: m4 OK
  )");
}

TEST(SessionTest, TheFoldersOfTheFirstRoundTripAreListedInPartsBehindInbox) {
  const Transcript transcript(R"(
    C: m1 CAPABILITY
    C: m2 ENABLE QRESYNC
    C: m3 NAMESPACE
    C: m4 STATUS "INBOX" (MESSAGES UIDNEXT UIDVALIDITY HIGHESTMODSEQ)
    C: m5 LIST "" "*" RETURN (STATUS (MESSAGES UIDNEXT UIDVALIDITY HIGHESTMODSEQ))
    S: * CAPABILITY IMAP4rev1 ENABLE QRESYNC CONDSTORE NAMESPACE LIST-STATUS
    S: m1 OK
    S: * ENABLED QRESYNC
    S: m2 OK
    S: * NAMESPACE (("" "/")) NIL (("shared/" "/"))
    S: m3 OK
    S: * STATUS INBOX (MESSAGES 0 UIDNEXT 1 UIDVALIDITY 7 HIGHESTMODSEQ 1)
    S: m4 OK
    S: * LIST () "/" A
    S: * STATUS A (MESSAGES 3 UIDNEXT 9 UIDVALIDITY 7 HIGHESTMODSEQ 12)
    S: * LIST () "/" shared/all
    S: * LIST () "/" INBOX
    S: * STATUS INBOX (MESSAGES 0 UIDNEXT 1 UIDVALIDITY 7 HIGHESTMODSEQ 1)
    S: m5 OK
  )");
  Limits limits;
  limits.lists_in_parts = true;
  Session session(scripted(transcript, {.announced = kUsual}), limits, "");
  EXPECT_EQ(session.inbox_ahead().value_or(FolderStatus()).uid_validity, 7U);
  const std::vector<Folder> some = session.list_some(1);
  ASSERT_THAT(some, SizeIs(1));
  EXPECT_EQ(some[0].raw_name, "A");
  EXPECT_TRUE(session.list_some(1, 100).empty()) << "the rest has arrived";
  EXPECT_THAT(session.list_personal_folders(), SizeIs(2)) << "one is not the account's";
}

TEST(SessionTest, RequestsTheFoldersInTheFirstRoundTrip) {
  const Transcript transcript =
      asked_ahead("IMAP4rev1 ENABLE QRESYNC CONDSTORE NAMESPACE LIST-STATUS IDLE",
                  R"((("" "/")) NIL (("shared/" "/")))");
  EXPECT_EQ(transcript.flights(), 1U);
  for (std::size_t cut = 0; cut <= transcript.server_bytes(); ++cut) {
    const bool is_whole = cut == transcript.server_bytes();
    const auto listed = [&] {
      Session session(scripted(transcript, {.cut = is_whole ? cut + 1 : cut, .announced = kUsual}),
                      {}, "");
      EXPECT_TRUE(session.capabilities().has("IDLE"));
      return session.list_personal_folders();
    };
    if (is_whole) {
      const std::vector<Folder> folders = listed();
      ASSERT_THAT(folders, SizeIs(1));
      EXPECT_EQ(folders[0].status.value_or(FolderStatus()).highest_modseq, 12U);
    } else {
      EXPECT_ERROR(kNetwork, "lost", listed());
    }
  }
}

TEST(SessionTest, RepeatsRequestsAfterAWrongGuess) {
  Transcript other_namespace =
      asked_ahead("IMAP4rev1 QRESYNC NAMESPACE LIST-STATUS", R"((("INBOX." ".")) NIL NIL)");
  other_namespace.add(R"(
    C: m5 LIST "" "INBOX" RETURN (STATUS (MESSAGES UIDNEXT UIDVALIDITY HIGHESTMODSEQ))
    C: m6 LIST "" "INBOX.*" RETURN (STATUS (MESSAGES UIDNEXT UIDVALIDITY HIGHESTMODSEQ))
    S: * LIST () "." INBOX
    S: m5 OK
    S: * LIST () "." INBOX.a
    S: m6 OK
  )");
  Transcript fewer_capabilities = asked_ahead("IMAP4rev1", R"((("" "/")) NIL NIL)");
  fewer_capabilities.add(R"(
    C: m5 LIST "" "*"
    S: * LIST (\Noselect) "/" a
    S: * LIST (\Noselect) "/" INBOX
    S: m5 OK
    C: m6 STATUS "INBOX" (MESSAGES UIDNEXT UIDVALIDITY)
    S: * STATUS INBOX (MESSAGES 0)
    S: m6 OK
  )");
  for (const Transcript& transcript : {other_namespace, fewer_capabilities}) {
    Session session(scripted(transcript, {.announced = kUsual}), {}, "");
    EXPECT_THAT(session.list_personal_folders(), SizeIs(2));
  }
}

TEST(SessionTest, ContradictoryNamespacesHideNoFolder) {
  constexpr std::string_view kWhole = R"((("" "/")) NIL (("shared/" "/")))";
  for (const std::string_view other : {R"((("INBOX." ".")) NIL NIL)", "NIL NIL NIL"}) {
    for (const bool is_last : {false, true}) {
      const std::string first(is_last ? kWhole : other);
      const std::string last(is_last ? other : kWhole);
      Transcript transcript(R"(
        C: m1 CAPABILITY
        S: * CAPABILITY IMAP4rev1 NAMESPACE
        S: m1 OK
        C: m2 NAMESPACE
      )");
      transcript.add("S: * NAMESPACE " + first + "\nS: * NAMESPACE " + last + "\nS: m2 OK");
      Session session(scripted(transcript), {});
      const Namespaces namespaces = session.namespaces();
      ASSERT_FALSE(namespaces.personal.empty()) << first << last;
      EXPECT_EQ(namespaces.personal.front(), (Namespace{"", '/'})) << first << last;
      EXPECT_EQ(namespaces.shared, std::vector<Namespace>({{"shared/", '/'}})) << first << last;
    }
  }
}

TEST(SessionTest, CopesWithRefusalsOfPrefetchCommands) {
  const Transcript transcript(R"(
    C: m1 CAPABILITY
    C: m2 ENABLE QRESYNC
    C: m3 NAMESPACE
    C: m4 LIST "" "*" RETURN (STATUS (MESSAGES UIDNEXT UIDVALIDITY HIGHESTMODSEQ))
    S: * CAPABILITY IMAP4rev1
    S: m1 OK
    S: m2 BAD
    S: m3 BAD
    S: m4 BAD
    C: m5 LIST "" ""
    S: * LIST (\Noselect) "." ""
    S: m5 OK
    C: m6 LIST "" "*"
    S: m6 OK
    C: m7 STATUS "INBOX" (MESSAGES UIDNEXT UIDVALIDITY)
    S: * STATUS INBOX (MESSAGES 1)
    S: m7 OK
  )");
  Session session(scripted(transcript, {.announced = kUsual}), {}, "");
  EXPECT_THAT(session.namespaces().personal, ElementsAre(Namespace{"", '.'}));
  const std::vector<Folder> folders = session.list_personal_folders();
  ASSERT_THAT(folders, SizeIs(1)) << "INBOX exists, whatever LIST shows";
  EXPECT_EQ(folders[0].delimiter, '.');
  EXPECT_EQ(folders[0].status.value_or(FolderStatus()).messages, 1U);
  EXPECT_TRUE(session.list_gaps().is_empty);
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
    EXPECT_EQ(session.create("c\nd").reason, "CREATE: never");
    EXPECT_TRUE(session.create("c").created);
  });
}

TEST(SessionTest, ReportsWhyTheServerHungUp) {
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
    EXPECT_ERROR(kNetwork, "the server was silent for 300 s after CREATE: try again later",
                 session.create("x"));
  });
}

TEST(SessionTest, RejectsResponsesToCommandsNotSent) {
  for (const char* answer :
       {"m4 OK done", "m0 OK", "x3 OK", "m3x OK", "m99999999999999999999 OK"}) {
    Transcript transcript = Transcript::session();
    transcript.add(std::string("C: m3 CREATE \"x\"\nS: ") + answer);
    converse(transcript,
             [](Session& session) { EXPECT_ERROR(kProtocol, "not sent", session.create("x")); });
  }
}

TEST(SessionTest, LogsARepeatedAlertOnce) {
  Transcript transcript = Transcript::session();
  transcript.add(R"(
    C: m3 CREATE "x"
    S: * OK [ALERT] the disk is nearly full
    S: * OK [ALERT] the disk is full
    S: m3 OK [ALERT] the disk is nearly full
    C: m4 CREATE "y"
    S: * NO [ALERT] the disk is full
    S: m4 OK done
  )");
  testing::internal::CaptureStderr();
  {
    Session session(scripted(transcript), {});
    session.create("x");
    session.create("y");
  }
  const std::string log = testing::internal::GetCapturedStderr();
  for (const std::string alert : {"the disk is nearly full", "the disk is full"}) {
    const std::size_t first = log.find("alert from the server: " + alert);
    ASSERT_NE(first, std::string::npos) << log;
    EXPECT_EQ(log.find(alert, first + 40), std::string::npos) << log;
  }
}

// Notes whether the client tried to send more than the transcript expects before an answer.
class ImpatienceDetector : public ScriptedTransport {
 public:
  ImpatienceDetector(const Transcript& transcript, bool& has_sent_early)
      : ScriptedTransport(transcript, {.announced = kUsual}), has_sent_early_(has_sent_early) {}

  std::size_t send(base::ByteView bytes) override {
    const std::size_t sent = ScriptedTransport::send(bytes);
    has_sent_early_ |= sent < bytes.size();
    return sent;
  }

 private:
  bool& has_sent_early_;
};

TEST(SessionTest, SendsOneCommandAtATimeIfTheServerCannotPipeline) {
  const Transcript transcript(R"(
    C: m1 CAPABILITY
    S: * CAPABILITY IMAP4rev1 ENABLE CONDSTORE NAMESPACE LIST-STATUS
    S: m1 OK
    C: m2 ENABLE QRESYNC
    S: m2 OK
    C: m3 NAMESPACE
    S: * NAMESPACE (("" "/")) NIL NIL
    S: m3 OK
    C: m4 LIST "" "*" RETURN (STATUS (MESSAGES UIDNEXT UIDVALIDITY HIGHESTMODSEQ))
    S: * LIST () "/" INBOX
    S: * STATUS INBOX (MESSAGES 3 UIDNEXT 9 UIDVALIDITY 7 HIGHESTMODSEQ 12)
    S: m4 OK
    C: m5 APPEND "x" () {1}
    S: + go ahead
    C: a
    S: m5 OK
    C: m6 APPEND "x" () {1}
    S: m6 NO not this one
    C: m7 APPEND "x" () {1}
    S: + go ahead
    C: c
    S: m7 OK
  )");
  for (const bool pipeline : {true, false}) {
    Limits limits;
    limits.pipeline = pipeline;
    bool has_sent_early = false;
    Session session(std::make_unique<ImpatienceDetector>(transcript, has_sent_early), limits, "");
    EXPECT_THAT(session.list_personal_folders(), SizeIs(1));
    std::vector<AppendMessage> messages;
    for (const std::string_view body : {"a", "b", "c"}) {
      messages.push_back({{}, {}, base::as_bytes(body)});
    }
    const std::vector<AppendAnswer> answers = session.append("x", messages);
    ASSERT_THAT(answers, SizeIs(3));
    EXPECT_FALSE(answers[1].accepted);
    EXPECT_TRUE(answers[2].accepted);
    EXPECT_EQ(has_sent_early, pipeline);
  }
}

TEST(SessionTest, DoesWithoutCommandsThatTheServerDidNotAnswer) {
  const Transcript transcript(R"(
    C: m1 CAPABILITY
    S: * CAPABILITY IMAP4rev1 NAMESPACE ENABLE CONDSTORE COMPRESS=DEFLATE ACL QUOTA METADATA
    S: m1 OK
    C: m2 LIST "" ""
    S: * LIST (\Noselect) "/" ""
    S: m2 OK
  )");
  Limits limits;
  limits.without = {"COMPRESS",     "ENABLE", "GETACL",   "GETMETADATA",
                    "GETQUOTAROOT", "LSUB",   "NAMESPACE"};
  Session session(scripted(transcript), limits);
  EXPECT_TRUE(session.namespaces().is_guessed);
  EXPECT_TRUE(session.capabilities().has("CONDSTORE"));
  session.compress();
  const std::string inbox(kInbox);
  EXPECT_THAT(session.details({&inbox, 1}), SizeIs(1));
  EXPECT_ERROR(kRefused, "does not answer LSUB", session.subscriptions());
}

TEST(SessionTest, SuggestsNotToPipelineAfterASilence) {
  Transcript silent = Transcript::session();
  silent.add(R"(
    C: m3 STATUS "a" (MESSAGES UIDNEXT UIDVALIDITY)
    C: m4 STATUS "b" (MESSAGES UIDNEXT UIDVALIDITY)
  )");
  Transcript forgetful = silent;
  forgetful.add("S: * STATUS a (MESSAGES 3)\nS: m3 OK");
  const std::vector<std::string> names = {"a", "b"};
  for (const Transcript& transcript : {silent, forgetful}) {
    converse(transcript, [&](Session& session) {
      EXPECT_ERROR(kNetwork, "set \"pipeline\": false", session.ask(names));
    });
  }
}

TEST(SessionTest, LogsOutWhateverTheServerAnswers) {
  for (const char* end : {"S: * BYE bye\nS: m3 OK done", "S: * BYE bye", "S: m3 BAD no"}) {
    Transcript transcript = Transcript::session();
    transcript.add("C: m3 LOGOUT").add(end);
    converse(transcript, [](Session& session) { session.logout(); });
  }
}

}  // namespace
}  // namespace imap
