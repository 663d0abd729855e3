// Whole conversations, each delivered at once, byte by byte, and cut off everywhere.
#include "imap/session.h"

#include <functional>

#include "tests/expect_error.h"
#include "tests/imap/collector.h"
#include "tests/imap/scripted_transport.h"

namespace imap {
namespace {

using testing::ElementsAre;
using testing::Field;
using testing::IsEmpty;
using testing::Optional;
using testing::SizeIs;

// `work` has the conversation.
void converse(const Transcript& transcript, const std::function<void(Session&)>& work) {
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{1} << 20U}) {
    Session session(scripted(transcript, {.piece = piece}), {});
    work(session);
  }
}

// And has nothing to show for it when the connection is lost before the end.
void converse_and_cut(const Transcript& transcript, const std::function<void(Session&)>& work) {
  converse(transcript, work);
  for (std::size_t cut = 0; cut < transcript.server_bytes(); ++cut) {
    EXPECT_ERROR(kNetwork, "lost", [&] {
      Session session(scripted(transcript, {.cut = cut}), {});
      work(session);
    }());
  }
}

Transcript session(std::string_view capabilities = {}) {
  return Transcript::session(capabilities);
}

// With INBOX open; the next tag is m4, or m5 with ENABLE.
Transcript inbox(std::string_view capabilities = {}) {
  Transcript transcript = session(capabilities);
  if (capabilities.find("ENABLE") != std::string_view::npos) {
    return transcript.add(R"(
      C: m4 EXAMINE "INBOX"
      S: * 3 EXISTS
      S: * OK [UIDVALIDITY 7] valid
      S: * OK [HIGHESTMODSEQ 90] highest
      S: m4 OK opened
    )");
  }
  return transcript.add(R"(
    C: m3 EXAMINE "INBOX"
    S: * 3 EXISTS
    S: * OK [UIDVALIDITY 7] valid
    S: m3 OK opened
  )");
}

TEST(SessionTest, AsksForCapabilitiesAndNamespaces) {
  converse_and_cut(session("IDLE"), [](Session& session) {
    EXPECT_TRUE(session.capabilities().has("idle"));
    EXPECT_FALSE(session.capabilities().has("QUOTA"));
    EXPECT_THAT(session.namespaces().personal, ElementsAre(Namespace{"", '/'}));
  });
}

TEST(SessionTest, EnablesCondstoreAndNothingElse) {
  converse(session("ENABLE CONDSTORE QRESYNC UTF8=ACCEPT IMAP4rev2"),
           [](Session& session) { EXPECT_TRUE(session.capabilities().has_modseq()); });
}

TEST(SessionTest, LearnsTheDelimiterWithoutNamespaces) {
  const Transcript transcript(R"(
    C: m1 CAPABILITY
    S: * CAPABILITY IMAP4rev1
    S: m1 OK done
    C: m2 LIST "" ""
    S: * LIST (\Noselect) "." ""
    S: m2 OK done
  )");
  converse(transcript, [](Session& session) {
    EXPECT_THAT(session.namespaces().personal, ElementsAre(Namespace{"", '.'}));
  });
}

TEST(SessionTest, ListsWithStatusInOneCommand) {
  Transcript transcript =
      session("ENABLE CONDSTORE LIST-EXTENDED LIST-STATUS STATUS=SIZE OBJECTID");
  transcript.add(R"(
    C: m4 LIST "" "*" RETURN (STATUS (MESSAGES UIDNEXT UIDVALIDITY HIGHESTMODSEQ SIZE MAILBOXID))
    S: * LIST (\HasNoChildren) "/" INBOX
    S: * STATUS inbox (MESSAGES 3 UIDNEXT 9 UIDVALIDITY 7 HIGHESTMODSEQ 12 SIZE 77 MAILBOXID (F1))
    S: * LIST (\Noselect) "/" Archive
    S: * LIST () "/" {8}
    S: "quoted"
    S: * STATUS {8}
    S: "quoted" (MESSAGES 1 UIDNEXT 2 UIDVALIDITY 8 HIGHESTMODSEQ 1 SIZE 0)
    S: * LIST () "/" Broken
    S: * NO [SERVERBUG] STATUS Broken failed
    S: m4 OK done
  )");
  converse_and_cut(transcript, [](Session& session) {
    const auto folders = session.list_personal_folders();
    ASSERT_THAT(folders, SizeIs(4));
    EXPECT_EQ(folders[0].raw_name, "INBOX");
    ASSERT_TRUE(folders[0].status);
    EXPECT_THAT(folders[0].status->highest_modseq, Optional(12U));
    EXPECT_THAT(folders[0].status->mailbox_id, Optional(std::string("F1")));
    EXPECT_FALSE(folders[1].can_be_opened());
    EXPECT_EQ(folders[2].raw_name, "\"quoted\"");
    ASSERT_TRUE(folders[2].status);
    EXPECT_THAT(folders[2].status->messages, Optional(1U));
    EXPECT_FALSE(folders[3].status);
  });
}

TEST(SessionTest, PipelinesStatusWithoutListStatus) {
  Transcript transcript = session();
  transcript.add(R"(
    C: m3 LIST "" "*"
    S: * LIST () "/" INBOX
    S: * LIST (\Noselect) "/" Archive
    S: * LIST () "/" Archive/2023
    S: * LIST () "/" Locked
    S: m3 OK done
    C: m4 STATUS "INBOX" (MESSAGES UIDNEXT UIDVALIDITY)
    C: m5 STATUS "Archive/2023" (MESSAGES UIDNEXT UIDVALIDITY)
    C: m6 STATUS "Locked" (MESSAGES UIDNEXT UIDVALIDITY)
    S: * STATUS INBOX (MESSAGES 3 UIDNEXT 9 UIDVALIDITY 7)
    S: m4 OK done
    S: * STATUS "Archive/2023" (MESSAGES 5 UIDNEXT 6 UIDVALIDITY 8)
    S: m5 OK done
    S: m6 NO not yours
  )");
  converse_and_cut(transcript, [](Session& session) {
    const auto folders = session.list_personal_folders();
    ASSERT_THAT(folders, SizeIs(4));
    EXPECT_THAT(folders[0].status->messages, Optional(3U));
    EXPECT_FALSE(folders[1].status);
    EXPECT_THAT(folders[2].status->messages, Optional(5U));
    EXPECT_FALSE(folders[3].status);
  });
}

TEST(SessionTest, LeavesOutFoldersOfOthersBelowThePersonalPrefix) {
  const Transcript transcript(R"(
    C: m1 CAPABILITY
    S: * CAPABILITY IMAP4rev1 NAMESPACE
    S: m1 OK done
    C: m2 NAMESPACE
    S: * NAMESPACE (("" "/")) (("Users/" "/")) (("Public/" "/"))
    S: m2 OK done
    C: m3 LIST "" "*"
    S: * LIST () "/" INBOX
    S: * LIST (\Noselect) "/" Public
    S: * LIST () "/" Public/News
    S: * LIST () "/" Users/bob
    S: * LIST (\Noselect) "/" Publications
    S: * LIST (\Noselect) "/" Publications
    S: m3 OK done
    C: m4 STATUS "INBOX" (MESSAGES UIDNEXT UIDVALIDITY)
    S: m4 OK no status for you
  )");
  converse(transcript, [](Session& session) {
    EXPECT_THAT(
        session.list_personal_folders(),
        ElementsAre(Field(&Folder::raw_name, "INBOX"), Field(&Folder::raw_name, "Publications")));
  });
}

TEST(SessionTest, ListsInboxBesideItsPrefix) {
  const Transcript transcript(R"(
    C: m1 CAPABILITY
    S: * CAPABILITY IMAP4rev1 NAMESPACE LIST-STATUS SPECIAL-USE
    S: m1 OK done
    C: m2 NAMESPACE
    S: * NAMESPACE (("INBOX." ".")) (("user." ".")) (("" "."))
    S: m2 OK done
    C: m3 LIST "" "INBOX" RETURN (SPECIAL-USE STATUS (MESSAGES UIDNEXT UIDVALIDITY))
    C: m4 LIST "" "INBOX.*" RETURN (SPECIAL-USE STATUS (MESSAGES UIDNEXT UIDVALIDITY))
    S: * LIST () "." INBOX
    S: m3 OK done
    S: * LIST () "." INBOX.Sent
    S: m4 OK done
  )");
  converse(transcript,
           [](Session& session) { EXPECT_THAT(session.list_personal_folders(), SizeIs(2)); });
}

TEST(SessionTest, SendsRawNamesBackAsTheyCame) {
  Transcript transcript = session("LITERAL+");
  transcript.add(R"(
    C: m3 STATUS "a \"b\" \\c " (MESSAGES UIDNEXT UIDVALIDITY)
    S: m3 NO no such folder
  )");
  transcript.client("m4 STATUS {8+}\r\nEntw\xFCrfe (MESSAGES UIDNEXT UIDVALIDITY)\r\n");
  transcript.server("* STATUS {8}\r\nEntw\xFCrfe (MESSAGES 4)\r\nm4 OK done\r\n");
  converse(transcript, [](Session& session) {
    EXPECT_ERROR(kRefused, "ask for the status: a \"b\" \\c : the server refused: no such folder",
                 session.status("a \"b\" \\c "));
    EXPECT_THAT(session.status("Entw\xFCrfe").messages, Optional(4U));
  });
}

TEST(SessionTest, WaitsForTheGoAheadWithoutLiteralPlus) {
  Transcript transcript = session();
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

TEST(SessionTest, OpensFolders) {
  Transcript transcript = session("ENABLE CONDSTORE");
  transcript.add(R"(
    C: m4 SELECT "INBOX"
    S: * FLAGS (\Answered \Seen $x)
    S: * OK [PERMANENTFLAGS (\Answered \Seen \*)] limited
    S: * 172 EXISTS
    S: * 1 RECENT
    S: * OK [UNSEEN 12] first
    S: * OK [UIDVALIDITY 3857529045] valid
    S: * OK [UIDNEXT 4392] next
    S: * OK [HIGHESTMODSEQ 715194045007] highest
    S: * OK [MAILBOXID (F2212ea87)] id
    S: m4 OK [READ-WRITE] opened
    C: m5 EXAMINE "Odd"
    S: * OK [CLOSED] the other one
    S: * 0 EXISTS
    S: * OK [UIDVALIDITY 4294967296] too large
    S: * OK [UIDNEXT 0] too small
    S: * OK [NOMODSEQ] none
    S: m5 OK [READ-ONLY] opened
  )");
  converse_and_cut(transcript, [](Session& session) {
    const OpenFolder inbox = session.select("INBOX");
    EXPECT_EQ(inbox.uid_validity, 3857529045U);
    EXPECT_THAT(inbox.uid_next, Optional(4392U));
    EXPECT_EQ(inbox.exists, 172U);
    EXPECT_THAT(inbox.highest_modseq, Optional(715194045007U));
    EXPECT_THAT(inbox.permanent_flags, ElementsAre("\\Answered", "\\Seen", "\\*"));
    EXPECT_THAT(inbox.mailbox_id, Optional(std::string("F2212ea87")));
    const OpenFolder odd = session.examine("Odd");
    EXPECT_EQ(odd.uid_validity, 0U);
    EXPECT_FALSE(odd.uid_next);
    EXPECT_FALSE(odd.highest_modseq);
  });
}

TEST(SessionTest, AsksForCondstoreWithTheFolderWhereEnableIsMissing) {
  Transcript transcript = session("CONDSTORE");
  transcript.add(R"(
    C: m3 EXAMINE "INBOX" (CONDSTORE)
    S: * 0 EXISTS
    S: m3 OK opened
  )");
  converse(transcript, [](Session& session) { session.examine("INBOX"); });
}

TEST(SessionTest, FetchesMessages) {
  Transcript transcript = inbox("ENABLE CONDSTORE");
  transcript.add(R"(
    C: m5 UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE MODSEQ BODY.PEEK[])
    S: * 1 FETCH (UID 4 FLAGS (\Seen) INTERNALDATE "17-Jul-1996 02:44:25 -0700" RFC822.SIZE 9 MODSEQ (12) BODY[] {10}
    S: A: b
    S: )
    S: c)
    S: * 2 FETCH (BODY[] {0}
    S:  UID 6 FLAGS ())
    S: m5 OK done
  )");
  converse_and_cut(transcript, [](Session& session) {
    session.examine("INBOX");
    Collector collector;
    EXPECT_TRUE(session.fetch_messages(UidSet::all(), collector).complete);
    ASSERT_THAT(collector.messages, SizeIs(2));
    EXPECT_EQ(collector.messages[0].bytes, "A: b\r\n)\r\nc");
    EXPECT_THAT(collector.messages[0].items.modseq, Optional(12U));
    EXPECT_EQ(collector.messages[1].items.uid, base::Uid{6});
    EXPECT_EQ(collector.messages[1].body, BodyKind::kLiteral);
  });
}

TEST(SessionTest, KeepsUnsolicitedAnswersFromTheSink) {
  Transcript transcript = inbox();
  transcript.add(R"(
    C: m4 UID FETCH 4:6 (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])
    S: * 2 FETCH (UID 6 FLAGS (\Flagged))
    S: * 2 FETCH (FLAGS (\Flagged))
    S: * 9 FETCH (UID 99 FLAGS (\Seen))
    S: * 9 FETCH (UID 99 FLAGS (\Seen) BODY[] {3}
    S: no!)
    S: * 4 EXISTS
    S: * OK Still here
    S: * 1 FETCH (UID 4 FLAGS () BODY[] {1}
    S: a)
    S: * 1 EXPUNGE
    S: * 1 FETCH (UID 4 FLAGS (\Deleted))
    S: * 1 FETCH (UID 4 FLAGS () BODY[] {5}
    S: again)
    S: * 2 FETCH (UID 6 BODY[] {1}
    S: b)
    S: m4 OK done
  )");
  converse_and_cut(transcript, [](Session& session) {
    session.examine("INBOX");
    Collector collector;
    session.fetch_messages(UidSet::parse("4:6").value(), collector);
    ASSERT_THAT(collector.messages, SizeIs(2));
    EXPECT_EQ(collector.messages[0].bytes, "a");
    EXPECT_THAT(collector.messages[0].items.flags, Optional(IsEmpty()));
    // What the answer with the body did not say, an earlier one had said.
    EXPECT_EQ(collector.messages[1].bytes, "b");
    EXPECT_THAT(collector.messages[1].items.flags, Optional(ElementsAre("\\Flagged")));
  });
}

TEST(SessionTest, TellsLastOfMessagesWithoutBodies) {
  Transcript transcript = inbox();
  transcript.add(R"(
    C: m4 UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])
    S: * 1 FETCH (UID 1 FLAGS () BODY[] NIL)
    S: * 2 FETCH (UID 2 FLAGS (\Seen))
    S: * 3 FETCH (UID 3 FLAGS () BODY[] "")
    S: m4 NO some could not be read
  )");
  converse(transcript, [](Session& session) {
    session.examine("INBOX");
    Collector collector;
    const FetchAnswer answer = session.fetch_messages(UidSet::all(), collector);
    EXPECT_FALSE(answer.complete);
    EXPECT_EQ(answer.reason, "some could not be read");
    ASSERT_THAT(collector.messages, SizeIs(3));
    EXPECT_EQ(collector.messages[0].items.uid, base::Uid{3});
    EXPECT_EQ(collector.messages[0].body, BodyKind::kString);
    EXPECT_EQ(collector.find(1)->body, BodyKind::kNil);
    EXPECT_EQ(collector.find(2)->body, BodyKind::kMissing);
    EXPECT_THAT(collector.find(2)->items.flags, Optional(ElementsAre("\\Seen")));
  });
}

TEST(SessionTest, RefusesABodyThatBelongsToNobody) {
  for (const char* answer :
       {"* 1 FETCH (BODY[] {1}\r\na)\r\n", "* 1 FETCH (BODY[] {1}\r\na UID 99)\r\n"}) {
    Transcript transcript = inbox();
    transcript.add("C: m4 UID FETCH 4 (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])");
    transcript.server(answer);
    converse(transcript, [](Session& session) {
      session.examine("INBOX");
      Collector collector;
      EXPECT_ERROR(kProtocol, "belongs to no message",
                   session.fetch_messages(UidSet::parse("4").value(), collector));
      EXPECT_THAT(collector.messages, IsEmpty());
    });
  }
}

TEST(SessionTest, CutsLongSetsIntoCommandsUnderWayTogether) {
  UidSet odd;
  for (std::uint32_t uid = 100'001; uid < 104'001; uid += 2) odd.add(base::Uid{uid});
  const auto parts = odd.split(7000);
  ASSERT_THAT(parts, SizeIs(2));
  Transcript transcript = inbox();
  transcript.client("m4 UID FETCH " + parts[0].text() + " (UID FLAGS)\r\n");
  transcript.client("m5 UID FETCH " + parts[1].text() + " (UID FLAGS)\r\n");
  transcript.add(R"(
    S: * 1 FETCH (UID 100001 FLAGS (\Seen))
    S: m4 OK done
    S: * 2 FETCH (UID 103999 FLAGS (\Seen))
    S: m5 OK done
  )");
  converse(transcript, [&odd](Session& session) {
    session.examine("INBOX");
    std::vector<std::uint32_t> uids;
    session.fetch_states(odd, {},
                         [&uids](const MessageItems& items) { uids.push_back(items.uid->value); });
    EXPECT_THAT(uids, ElementsAre(100'001, 103'999));
  });
}

TEST(SessionTest, FetchesChangedStates) {
  Transcript transcript = inbox("ENABLE CONDSTORE");
  transcript.add(R"(
    C: m5 UID FETCH 1:* (UID FLAGS MODSEQ) (CHANGEDSINCE 80)
    S: * 1 FETCH (UID 4 FLAGS (\Seen) MODSEQ (85))
    S: * 1 FETCH (FLAGS (\Seen))
    S: * 2 FETCH (UID 6 MODSEQ (86) FLAGS ($Junk))
    S: m5 OK done
    C: m6 UID FETCH 4:6 (UID INTERNALDATE RFC822.SIZE)
    S: * 1 FETCH (UID 4 INTERNALDATE "01-Jan-2020 00:00:00 +0000" RFC822.SIZE 12)
    S: * 1 FETCH (UID 4 FLAGS ())
    S: m6 OK done
  )");
  converse_and_cut(transcript, [](Session& session) {
    session.examine("INBOX");
    std::vector<MessageItems> states;
    const auto take = [&states](const MessageItems& items) { states.push_back(items); };
    session.fetch_states(UidSet::all(), 80, take);
    ASSERT_THAT(states, SizeIs(2));
    EXPECT_THAT(states[1].modseq, Optional(86U));
    states.clear();
    session.fetch_identities(UidSet::parse("4:6").value(), take);
    ASSERT_THAT(states, SizeIs(1));
    EXPECT_THAT(states[0].size, Optional(12U));
  });
}

TEST(SessionTest, SearchesWithAndWithoutEsearch) {
  Transcript extended = inbox("ESEARCH");
  extended.add(R"(
    C: m4 UID SEARCH RETURN (ALL) ALL
    S: * ESEARCH (TAG "m3") UID ALL 77
    S: * ESEARCH (TAG "m4") UID ALL 1:2,9
    S: m4 OK done
  )");
  converse_and_cut(extended, [](Session& session) {
    session.examine("INBOX");
    EXPECT_EQ(session.search_all().text(), "1:2,9");
  });
  Transcript plain = inbox();
  plain.add(R"(
    C: m4 UID SEARCH ALL
    S: * SEARCH 9 1 2
    S: m4 OK done
  )");
  converse_and_cut(plain, [](Session& session) {
    session.examine("INBOX");
    EXPECT_EQ(session.search_all().text(), "1:2,9");
  });
}

TEST(SessionTest, TakesNoAnswerToASearchForAnEmptyFolderOnlyIfItIsEmpty) {
  Transcript transcript = inbox();
  transcript.add("C: m4 UID SEARCH ALL\nS: m4 OK done");
  converse(transcript, [](Session& session) {
    session.examine("INBOX");
    EXPECT_ERROR(kProtocol, "no result", session.search_all());
  });
  Transcript emptied = inbox();
  emptied.add(R"(
    C: m4 UID SEARCH ALL
    S: * 3 EXPUNGE
    S: * VANISHED 1:2
    S: m4 OK done
  )");
  converse(emptied, [](Session& session) {
    session.examine("INBOX");
    EXPECT_TRUE(session.search_all().empty());
  });
}

TEST(SessionTest, CreatesAndRemovesFolders) {
  Transcript transcript = session();
  transcript.add(R"(
    C: m3 CREATE "RESTORED"
    S: m3 OK [MAILBOXID (F9)] created
    C: m4 CREATE "RESTORED"
    S: m4 NO [ALREADYEXISTS] there is one
    C: m5 CREATE "RESTORED//"
    S: m5 BAD what?
    C: m6 SUBSCRIBE "RESTORED"
    S: m6 OK done
    C: m7 UNSUBSCRIBE "RESTORED"
    S: m7 OK done
    C: m8 DELETE "RESTORED"
    S: m8 OK done
  )");
  converse_and_cut(transcript, [](Session& session) {
    const Session::Created created = session.create("RESTORED");
    EXPECT_TRUE(created.created);
    EXPECT_THAT(created.mailbox_id, Optional(std::string("F9")));
    EXPECT_EQ(session.create("RESTORED").reason, "there is one");
    EXPECT_EQ(session.create("RESTORED//").reason, "what?");
    session.subscribe("RESTORED");
    session.unsubscribe("RESTORED");
    session.remove("RESTORED");
  });
}

TEST(SessionTest, FailsWhereTheServerRefuses) {
  Transcript transcript = session("QUOTA");
  transcript.add(R"(
    C: m3 DELETE "Gr&APYA3w-e"
    S: m3 NO [NONEXISTENT] gone
    C: m4 SETQUOTA "x" (STORAGE 512 MESSAGE 3)
    S: m4 NO not you
  )");
  converse(transcript, [](Session& session) {
    EXPECT_ERROR(kRefused, "delete: Größe: the server refused: gone",
                 session.remove("Gr&APYA3w-e"));
    const std::vector<QuotaResource> limits = {{"STORAGE", 0, 512}, {"MESSAGE", 0, 3}};
    EXPECT_ERROR(kRefused, "not you", session.set_quota("x", limits));
  });
}

TEST(SessionTest, AsksForAndSetsQuota) {
  Transcript transcript = session("QUOTA");
  transcript.add(R"(
    C: m3 GETQUOTAROOT "INBOX"
    S: * QUOTAROOT INBOX "User quota" ""
    S: * QUOTA "User quota" (STORAGE 10 512)
    S: * QUOTA other (STORAGE 1 2)
    S: m3 OK done
    C: m4 SETQUOTA "user/jane/RESTORED" ()
    S: m4 OK done
  )");
  converse_and_cut(transcript, [](Session& session) {
    EXPECT_THAT(session.quota_roots("INBOX"),
                ElementsAre(QuotaRoot{"User quota", {{"STORAGE", 10, 512}}}, QuotaRoot{"", {}}));
    session.set_quota("user/jane/RESTORED", {});
  });
  converse(session(),
           [](Session& session) { EXPECT_THAT(session.quota_roots("INBOX"), IsEmpty()); });
}

TEST(SessionTest, FlagsAndExpunges) {
  Transcript transcript = inbox("UIDPLUS");
  transcript.add(R"(
    C: m4 UID STORE 1:3 +FLAGS.SILENT (\Deleted)
    S: m4 OK done
    C: m5 UID EXPUNGE 1:3
    S: * 1 EXPUNGE
    S: m5 OK done
  )");
  converse_and_cut(transcript, [](Session& session) {
    session.examine("INBOX");
    const std::vector<std::string> flags = {"\\Deleted", "\\Recent"};
    session.add_flags(UidSet::parse("1:3").value(), flags);
    session.expunge(UidSet::parse("1:3").value());
  });
  converse(inbox(), [](Session& session) {
    session.examine("INBOX");
    EXPECT_ERROR(kRefused, "UIDPLUS", session.expunge(UidSet::all()));
  });
}

TEST(SessionTest, TellsWhyTheServerHungUp) {
  Transcript transcript = inbox();
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
  Transcript transcript = session();
  transcript.add("C: m3 CREATE \"x\"");
  converse(transcript, [](Session& session) {
    EXPECT_ERROR(kNetwork, "silent for 300 s", session.create("x"));
  });
}

TEST(SessionTest, RefusesAnswersToCommandsItNeverGave) {
  for (const char* answer :
       {"m4 OK done", "m0 OK", "x3 OK", "m3x OK", "m99999999999999999999 OK"}) {
    Transcript transcript = session();
    transcript.add(std::string("C: m3 CREATE \"x\"\nS: ") + answer);
    converse(transcript,
             [](Session& session) { EXPECT_ERROR(kProtocol, "not given", session.create("x")); });
  }
}

TEST(SessionTest, LogsOutWhateverTheServerSays) {
  for (const char* end : {"S: * BYE bye\nS: m3 OK done", "S: * BYE bye", "S: m3 BAD no"}) {
    Transcript transcript = session();
    transcript.add("C: m3 LOGOUT").add(end);
    converse(transcript, [](Session& session) { session.logout(); });
  }
}

TEST(SessionTest, BoundsTheFoldersOfAHostileServer) {
  Transcript transcript = session();
  transcript.add("C: m3 LIST \"\" \"*\"");
  for (int number = 0; number < 100; ++number) {
    transcript.server("* LIST () \"/\" folder" + std::to_string(number) + "\r\n");
  }
  Limits limits;
  limits.most_kept = 2000;
  Session session(scripted(transcript), limits);
  EXPECT_ERROR(kProtocol, "without end", session.list_personal_folders());
}

}  // namespace
}  // namespace imap
