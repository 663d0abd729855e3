// Session commands for folders.
#include "imap/session.h"
#include "tests/expect_error.h"
#include "tests/imap/conversation.h"

namespace imap {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Optional;
using testing::SizeIs;

TEST(SessionFoldersTest, OfTwoLinesForAFolderTheOneThatCanBeOpenedCounts) {
  Transcript transcript = Transcript::session();
  transcript.add(R"(
    C: m3 LIST "" "*"
    S: * LIST (\Noselect) "/" a
    S: * LIST () "/" a
    S: * LIST (\Sent) "/" b
    S: * LIST (\NonExistent) "/" b
    S: m3 OK done
  )");
  converse(transcript, [](Session& session) {
    const std::vector<Folder> folders = session.list("*");
    ASSERT_THAT(folders, SizeIs(2));
    EXPECT_TRUE(folders[0].can_be_opened());
    EXPECT_THAT(folders[1].attributes, ElementsAre("\\Sent"));
  });
}

TEST(SessionFoldersTest, OfContradictoryAnswersTheOneThatLosesNoMailCounts) {
  Transcript transcript = Transcript::session();
  transcript.add(R"(
    C: m3 LIST "" "*"
    S: * LIST () "/" INBOX
    S: * LIST () "/" "Old" mail
    S: m3 OK done
    C: m4 STATUS "INBOX" (MESSAGES UIDNEXT UIDVALIDITY)
    S: * STATUS INBOX (MESSAGES 3 UIDNEXT 9 UIDVALIDITY 7)
    S: * STATUS INBOX (MESSAGES 0 UIDNEXT 9 UIDVALIDITY 7)
    S: m4 OK done
    C: m5 EXAMINE "INBOX"
    S: * 3 EXISTS
    S: * OK [UIDVALIDITY 7] one
    S: * OK [UIDNEXT 9] one
    S: * OK [UIDVALIDITY 8] two
    S: * OK [UIDNEXT 4] two
    S: * OK [UIDVALIDITY 7] one
    S: * OK [MAILBOXID (F1)] one
    S: * OK [MAILBOXID (F2)] two
    S: * 4 EXISTS
    S: * 2 EXPUNGE
    S: * 0 EXISTS
    S: m5 OK done
  )");
  converse(transcript, [](Session& session) {
    const std::vector<Folder> folders = session.list_personal_folders();
    ASSERT_THAT(folders, SizeIs(1));
    EXPECT_THAT(session.list_gaps().odd_lines.shown, ElementsAre("* LIST () \"/\" \"Old\" mail"));
    ASSERT_TRUE(folders[0].status);
    EXPECT_THAT(folders[0].status->messages, Optional(3U));
    EXPECT_EQ(folders[0].status->uid_next, std::nullopt);
    const OpenFolder open = session.examine("INBOX");
    EXPECT_EQ(open.uid_validity, 0U);
    EXPECT_THAT(open.uid_next, Optional(4U));
    EXPECT_EQ(open.mailbox_id, std::nullopt);
    EXPECT_EQ(open.exists, 3U);
  });
}

TEST(SessionFoldersTest, AFolderIsNotGoneBecauseItsLineIsNotUnderstood) {
  Transcript transcript = Transcript::inbox();
  transcript.add(R"(
    C: m4 LIST "" "RESTORED/*"
    S: * LIST () "/" "RESTORED/a
    S: m4 OK done
    C: m5 UID FETCH 1:2 (UID INTERNALDATE RFC822.SIZE)
    S: * 1 FETCH (UID 1 INTERNALDATE "17-Jul-1996 02:44:25 -0700" RFC822.SIZE 9)
    S: * 2 FETCH (UID 2 (
    S: m5 OK done
    C: m6 LSUB "" "*"
    S: * LSUB () "/" "a
    S: m6 OK done
    C: m7 STATUS "a" (MESSAGES UIDNEXT UIDVALIDITY)
    S: * STATUS a (MESSAGES 3
    S: m7 OK done
  )");
  converse(transcript, [](Session& session) {
    session.examine("INBOX");
    EXPECT_ERROR(kProtocol, "not understood", session.list("RESTORED/*"));
    EXPECT_ERROR(kProtocol, "not understood",
                 session.fetch_identities(*UidSet::parse("1:2"), [](const MessageItems&) {}));
    EXPECT_ERROR(kRefused, "not understood", session.subscriptions());
    EXPECT_ERROR(kProtocol, "not understood", session.status("a"));
    EXPECT_THAT(session.odd_lines().shown,
                ElementsAre("* LIST () \"/\" \"RESTORED/a", "* 2 FETCH (UID 2 (",
                            "* LSUB () \"/\" \"a", "* STATUS a (MESSAGES 3"));
  });
}

TEST(SessionFoldersTest, ListsWithStatusInOneRoundTrip) {
  Transcript transcript =
      Transcript::session("ENABLE CONDSTORE LIST-EXTENDED LIST-STATUS STATUS=SIZE OBJECTID");
  transcript.add(R"(
    C: m4 LIST "" "*" RETURN (STATUS (MESSAGES UIDNEXT UIDVALIDITY HIGHESTMODSEQ SIZE))
    C: m5 LIST "" "*" RETURN (STATUS (MAILBOXID))
    S: * LIST (\HasNoChildren) "/" INBOX
    S: * STATUS inbox (MESSAGES 3 UIDNEXT 9 UIDVALIDITY 7 HIGHESTMODSEQ 12 SIZE 77)
    S: * LIST (\Noselect) "/" Archive
    S: * LIST () "/" {8}
    S: "quoted"
    S: * STATUS {8}
    S: "quoted" (MESSAGES 1 UIDNEXT 2 UIDVALIDITY 8 HIGHESTMODSEQ 1 SIZE 0)
    S: * LIST () "/" Broken
    S: * NO [SERVERBUG] STATUS Broken failed
    S: m4 OK done
    S: * LIST (\HasNoChildren) "/" INBOX
    S: * STATUS INBOX (MAILBOXID (F1))
    S: m5 OK done
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

TEST(SessionFoldersTest, ListsWithTheDetailThatIsWanted) {
  Transcript transcript = Transcript::session("ENABLE CONDSTORE LIST-STATUS STATUS=SIZE");
  transcript.add(R"(
    C: m4 LIST "" "*" RETURN (STATUS (MESSAGES UIDNEXT UIDVALIDITY))
    S: * LIST () "/" INBOX
    S: * STATUS INBOX (MESSAGES 3 UIDNEXT 9 UIDVALIDITY 7)
    S: m4 OK done
    C: m5 LIST "" "*" RETURN (STATUS (MESSAGES UIDNEXT UIDVALIDITY HIGHESTMODSEQ))
    S: * LIST () "/" INBOX
    S: * STATUS INBOX (MESSAGES 3 UIDNEXT 9 UIDVALIDITY 7 HIGHESTMODSEQ 12)
    S: m5 OK done
  )");
  converse_and_cut(transcript, [](Session& session) {
    session.list_with(ListDetail::kNumbers);
    const auto numbers = session.list_personal_folders();
    session.list_with(ListDetail::kChanges);
    const auto changes = session.list_personal_folders();
    ASSERT_THAT(numbers, SizeIs(1));
    EXPECT_FALSE(numbers[0].status->highest_modseq);
    ASSERT_THAT(changes, SizeIs(1));
    EXPECT_EQ(changes[0].status->highest_modseq, 12U);
  });
}

TEST(SessionFoldersTest, InboxHasOneName) {
  Transcript transcript = Transcript::session();
  transcript.add(R"(
    C: m3 LIST "" "*"
    S: * LIST () "/" Inbox
    S: * LIST () "/" inbox
    S: * LIST () "/" Inbox/Inbox
    S: m3 OK done
    C: m4 STATUS "INBOX" (MESSAGES UIDNEXT UIDVALIDITY)
    C: m5 STATUS "Inbox/Inbox" (MESSAGES UIDNEXT UIDVALIDITY)
    S: * STATUS Inbox (MESSAGES 3)
    S: m4 OK done
    S: m5 OK done
  )");
  converse_and_cut(transcript, [](Session& session) {
    const auto folders = session.list_personal_folders();
    ASSERT_THAT(folders, SizeIs(2));
    EXPECT_EQ(folders[0].raw_name, "INBOX");
    EXPECT_EQ(folders[0].status.value_or(FolderStatus()).messages, 3U);
    EXPECT_EQ(folders[1].raw_name, "Inbox/Inbox");
  });
}

TEST(SessionFoldersTest, PipelinesStatusWithoutListStatus) {
  Transcript transcript = Transcript::session();
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

TEST(SessionFoldersTest, LimitsTheFoldersOfAHostileServer) {
  Transcript transcript = Transcript::session();
  transcript.add("C: m3 LIST \"\" \"*\"");
  for (int number = 0; number < 100; ++number) {
    transcript.server("* LIST () \"/\" folder" + std::to_string(number) + "\r\n");
  }
  Limits limits;
  limits.max_kept = 2000;
  Session session(scripted(transcript), limits);
  EXPECT_ERROR(kProtocol, "too many folders", session.list_personal_folders());
}

TEST(SessionFoldersTest, LimitsTheIdentitiesOfFolders) {
  Transcript transcript = Transcript::session("LIST-STATUS OBJECTID");
  transcript.add(R"(
    C: m3 LIST "" "*" RETURN (STATUS (MESSAGES UIDNEXT UIDVALIDITY))
    C: m4 LIST "" "*" RETURN (STATUS (MAILBOXID))
  )");
  for (int number = 0; number < 4; ++number) {
    transcript.server(
        fmt::format("* STATUS folder{} (MAILBOXID ({}))\r\n", number, std::string(1'000, 'i')));
  }
  Limits limits;
  limits.max_kept = 3'500;
  Session session(scripted(transcript), limits);
  EXPECT_ERROR(kProtocol, "the status of too many folders", session.list_personal_folders());
}

TEST(SessionFoldersTest, CountsTheMessagesOfAFolderWithoutACredibleCount) {
  Transcript transcript = Transcript::session();
  transcript.add(R"(
    C: m3 EXAMINE "a"
    S: m3 OK opened
    C: m4 UID SEARCH ALL
    S: * SEARCH 4 9
    S: m4 OK done
    C: m5 EXAMINE "b"
    S: * 2 EXISTS
    S: * VANISHED 1:4294967295
    S: m5 OK opened
    C: m6 UID SEARCH ALL
    S: * SEARCH
    S: m6 OK done
    C: m7 EXAMINE "c"
    S: m7 OK opened
    C: m8 UID SEARCH ALL
    S: m8 OK done
  )");
  converse(transcript, [](Session& session) {
    EXPECT_EQ(session.examine("a").exists, 2U);
    EXPECT_EQ(session.exists(), 2U);
    EXPECT_EQ(session.examine("b").exists, 0U);
    EXPECT_ERROR(kProtocol, "no result", session.examine("c"));
  });
}

TEST(SessionFoldersTest, SendsRawNamesUnchanged) {
  Transcript transcript = Transcript::session("LITERAL+");
  transcript.add(R"(
    C: m3 STATUS "a \"b\" \\c " (MESSAGES UIDNEXT UIDVALIDITY)
    S: m3 NO no such folder
  )");
  // It also waits with LITERAL+: the name in a refused command must not be interpreted as a
  // command.
  transcript.client("m4 STATUS {8}\r\n").server("+ ready\r\n");
  transcript.client("Entw\xFCrfe (MESSAGES UIDNEXT UIDVALIDITY)\r\n");
  transcript.server("* STATUS {8}\r\nEntw\xFCrfe (MESSAGES 4)\r\nm4 OK done\r\n");
  converse(transcript, [](Session& session) {
    EXPECT_ERROR(kRefused,
                 "get the status: a \"b\" \\c : the server refused STATUS: no such folder",
                 session.status("a \"b\" \\c "));
    EXPECT_THAT(session.status("Entw\xFCrfe").messages, Optional(4U));
  });
}

TEST(SessionFoldersTest, OpensFolders) {
  Transcript transcript = Transcript::session("ENABLE CONDSTORE");
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

TEST(SessionFoldersTest, ReportsChangesSinceTheLastTime) {
  Transcript transcript = Transcript::session("ENABLE CONDSTORE QRESYNC");
  transcript.add(R"(
    C: m4 EXAMINE "a"
    S: * 0 EXISTS
    S: m4 OK opened
    C: m5 EXAMINE "b" (QRESYNC (67890007 20050715))
    S: * VANISHED 99
    S: * 3 FETCH (UID 98 FLAGS () MODSEQ (5))
    S: * OK [CLOSED] the other one
    S: * 100 EXISTS
    S: * OK [UIDVALIDITY 67890007] valid
    S: * OK [HIGHESTMODSEQ 20060115205545359] highest
    S: * VANISHED (EARLIER) 1:5,7:8,10:15
    S: * 49 FETCH (UID 117 FLAGS (\Seen \Answered) MODSEQ (20060115194045001))
    S: * VANISHED (EARLIER) 90
    S: m5 OK opened
  )");
  converse_and_cut(transcript, [](Session& session) {
    EXPECT_TRUE(session.can_resync());
    session.examine("a");
    Session::Changes changes;
    const OpenFolder folder = session.examine("b", {67890007, 20050715}, changes);
    EXPECT_EQ(folder.exists, 100U);
    EXPECT_EQ(changes.vanished.text(), "1:5,7:8,10:15,90") << "99 vanished from the other folder";
    ASSERT_THAT(changes.states, SizeIs(1));
    EXPECT_EQ(changes.states[0].uid, base::Uid{117});
    EXPECT_THAT(changes.states[0].modseq, Optional(20060115194045001U));
    EXPECT_TRUE(changes.has_all_states);
  });
}

TEST(SessionFoldersTest, RequestsCondstoreWithTheFolderWithoutEnable) {
  Transcript transcript = Transcript::session("CONDSTORE");
  transcript.add(R"(
    C: m3 EXAMINE "INBOX" (CONDSTORE)
    S: * 0 EXISTS
    S: m3 OK opened
  )");
  converse(transcript, [](Session& session) { session.examine("INBOX"); });
}

TEST(SessionFoldersTest, CreatesAndRemovesFolders) {
  Transcript transcript = Transcript::session();
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
    EXPECT_EQ(session.create("RESTORED").reason, "CREATE: there is one");
    EXPECT_EQ(session.create("RESTORED//").reason, "CREATE: what?");
    session.subscribe("RESTORED");
    session.unsubscribe("RESTORED");
    session.remove("RESTORED");
  });
}

TEST(SessionFoldersTest, FailsIfTheServerRefuses) {
  Transcript transcript = Transcript::session("QUOTA");
  transcript.add(R"(
    C: m3 DELETE "Gr&APYA3w-e"
    S: m3 NO [NONEXISTENT] gone
    C: m4 SETQUOTA "x" (STORAGE 512 MESSAGE 3)
    S: m4 NO not you
  )");
  converse(transcript, [](Session& session) {
    EXPECT_ERROR(kRefused, "delete: Größe: the server refused DELETE: gone",
                 session.remove("Gr&APYA3w-e"));
    const std::vector<QuotaResource> limits = {{"STORAGE", 0, 512}, {"MESSAGE", 0, 3}};
    EXPECT_ERROR(kRefused, "the server refused SETQUOTA: not you", session.set_quota("x", limits));
  });
}

TEST(SessionFoldersTest, ReadsAndSetsQuota) {
  Transcript transcript = Transcript::session("QUOTA");
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
  converse(Transcript::session(),
           [](Session& session) { EXPECT_THAT(session.quota_roots("INBOX"), IsEmpty()); });
}

TEST(SessionFoldersTest, AnUnparsableLimitIsNotReadAsUnlimited) {
  Transcript transcript = Transcript::session("QUOTA");
  transcript.add(R"(
    C: m3 GETQUOTAROOT "INBOX"
    S: * QUOTAROOT INBOX "User quota"
    S: * QUOTA "User quota" (STORAGE 10 512
    S: m3 OK done
  )");
  converse(transcript, [](Session& session) {
    EXPECT_ERROR(kRefused, "not understood", session.quota_roots("INBOX"));
  });
}

TEST(SessionFoldersTest, ListsSubscriptions) {
  Transcript extended = Transcript::session("LIST-EXTENDED");
  extended.add(R"(
    C: m3 LIST (SUBSCRIBED) "" "*"
    S: * LIST (\Subscribed) "/" INBOX
    S: * LIST (\Subscribed \NonExistent) "/" Gone
    S: m3 OK done
  )");
  converse_and_cut(extended, [](Session& session) {
    EXPECT_THAT(session.subscriptions(), ElementsAre("INBOX", "Gone"));
  });
  Transcript plain = Transcript::session("");
  plain.add(R"(
    C: m3 LSUB "" "*"
    S: * LSUB () "/" INBOX
    S: m3 OK done
  )");
  converse_and_cut(
      plain, [](Session& session) { EXPECT_THAT(session.subscriptions(), ElementsAre("INBOX")); });
}

}  // namespace
}  // namespace imap
