// Servers that announce an extension and refuse its use: the session continues without it.
#include "tests/expect_error.h"
#include "tests/imap/collector.h"
#include "tests/imap/conversation.h"

namespace imap {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

TEST(RefusedExtensionsTest, ListsWithoutListStatus) {
  Transcript transcript = Transcript::session("LIST-STATUS");
  transcript.add(R"(
    C: m3 LIST "" "*" RETURN (STATUS (MESSAGES UIDNEXT UIDVALIDITY))
    S: * LIST () "/" INBOX
    S: m3 BAD what?
    C: m4 LIST "" "*"
    S: * LIST () "/" INBOX
    S: * LIST () "/" a
    S: m4 OK done
    C: m5 STATUS "INBOX" (MESSAGES UIDNEXT UIDVALIDITY)
    C: m6 STATUS "a" (MESSAGES UIDNEXT UIDVALIDITY)
    S: * STATUS INBOX (MESSAGES 3)
    S: m5 OK done
    S: m6 OK done
  )");
  converse_and_cut(transcript, [](Session& session) {
    const auto folders = session.list_personal_folders();
    ASSERT_THAT(folders, SizeIs(2));
    EXPECT_EQ(folders[0].status.value_or(FolderStatus()).messages, 3U);
  });
}

TEST(RefusedExtensionsTest, ARefusalOfAnyListIsReported) {
  Transcript transcript = Transcript::session("LIST-STATUS");
  transcript.add(R"(
    C: m3 LIST "" "*" RETURN (STATUS (MESSAGES UIDNEXT UIDVALIDITY))
    S: m3 NO not now
    C: m4 LIST "" "*"
    S: m4 NO still not
  )");
  converse(transcript, [](Session& session) {
    EXPECT_ERROR(kRefused, "still not", session.list_personal_folders());
  });
}

TEST(RefusedExtensionsTest, OpensFoldersWithoutCondstore) {
  for (const char* refusal : {"BAD what?", "NO not with that"}) {
    Transcript transcript = Transcript::session("CONDSTORE");
    transcript.add("C: m3 EXAMINE \"INBOX\" (CONDSTORE)");
    transcript.server("* 9 EXISTS\r\n* OK [UIDVALIDITY 1] valid\r\nm3 " + std::string(refusal) +
                      "\r\n");
    transcript.add(R"(
      C: m4 EXAMINE "INBOX"
      S: * 3 EXISTS
      S: * OK [UIDVALIDITY 7] valid
      S: * OK [HIGHESTMODSEQ 90] highest
      S: m4 OK opened
      C: m5 EXAMINE "b"
      S: * 2 EXISTS
      S: m5 OK opened
    )");
    converse_and_cut(transcript, [](Session& session) {
      const OpenFolder open = session.examine("INBOX");
      EXPECT_EQ(open.exists, 3U);
      EXPECT_EQ(open.uid_validity, 7U);
      EXPECT_EQ(open.highest_modseq, std::nullopt);
      EXPECT_EQ(session.examine("b").exists, 2U);
    });
  }
}

TEST(RefusedExtensionsTest, OpensFoldersWithoutQresync) {
  Transcript transcript = Transcript::session("ENABLE CONDSTORE QRESYNC");
  transcript.add(R"(
    C: m4 EXAMINE "INBOX" (QRESYNC (7 12))
    S: m4 BAD what?
    C: m5 EXAMINE "INBOX"
    S: * 3 EXISTS
    S: * OK [UIDVALIDITY 7] valid
    S: m5 OK opened
  )");
  converse_and_cut(transcript, [](Session& session) {
    Session::Changes changes;
    const OpenFolder open = session.examine("INBOX", {7, 12}, changes);
    EXPECT_EQ(open.exists, 3U);
    EXPECT_EQ(open.highest_modseq, std::nullopt) << "all messages are compared then";
  });
}

TEST(RefusedExtensionsTest, AFolderThatDoesNotExistIsRequestedOnce) {
  Transcript transcript = Transcript::session("CONDSTORE");
  transcript.add(R"(
    C: m3 EXAMINE "a" (CONDSTORE)
    S: m3 NO [NONEXISTENT] gone
    C: m4 EXAMINE "b" (CONDSTORE)
    S: m4 NO Mailbox doesn't exist
    C: m5 EXAMINE "c" (CONDSTORE)
    S: m5 BAD what?
    C: m6 EXAMINE "c"
    S: m6 NO on fire
    C: m7 EXAMINE "d" (CONDSTORE)
    S: * 0 EXISTS
    S: m7 OK opened
  )");
  converse(transcript, [](Session& session) {
    EXPECT_ERROR(kRefused, "gone", session.examine("a"));
    EXPECT_ERROR(kRefused, "exist", session.examine("b"));
    EXPECT_ERROR(kRefused, "on fire", session.examine("c"));
    session.examine("d");
  });
}

TEST(RefusedExtensionsTest, FetchesWithoutTheItems) {
  Transcript transcript = Transcript::session("CONDSTORE OBJECTID");
  transcript.add(R"(
    C: m3 EXAMINE "INBOX" (CONDSTORE)
    S: * 1 EXISTS
    S: * OK [UIDVALIDITY 7] valid
    S: * OK [HIGHESTMODSEQ 90] highest
    S: m3 OK opened
    C: m4 UID FETCH 4 (UID FLAGS INTERNALDATE RFC822.SIZE MODSEQ EMAILID BODY.PEEK[])
    S: m4 BAD EMAILID?
    C: m5 UID FETCH 4 (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])
    S: * 1 FETCH (UID 4 FLAGS () BODY[] {1}
    S: a)
    S: m5 OK done
    C: m6 UID FETCH 1:* (UID FLAGS)
    S: * 1 FETCH (UID 4 FLAGS ())
    S: m6 OK done
  )");
  converse_and_cut(transcript, [](Session& session) {
    session.examine("INBOX");
    Collector collector;
    EXPECT_TRUE(session.fetch_messages(UidSet::parse("4").value(), collector).complete);
    EXPECT_THAT(collector.messages, SizeIs(1));
    std::vector<std::uint32_t> uids;
    session.fetch_states(UidSet::all(), 80,
                         [&](const MessageItems& items) { uids.push_back(items.uid->value); });
    EXPECT_THAT(uids, ElementsAre(4));
  });
}

TEST(RefusedExtensionsTest, ItemsThatWereNotTheReasonAreKept) {
  Transcript transcript = Transcript::inbox("OBJECTID");
  transcript.add(R"(
    C: m4 UID FETCH 4 (UID FLAGS INTERNALDATE RFC822.SIZE EMAILID BODY.PEEK[])
    S: m4 BAD on fire
    C: m5 UID FETCH 4 (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])
    S: m5 BAD on fire
    C: m6 UID FETCH 5 (UID FLAGS INTERNALDATE RFC822.SIZE EMAILID BODY.PEEK[])
    S: m6 OK done
  )");
  converse(transcript, [](Session& session) {
    session.examine("INBOX");
    Collector collector;
    EXPECT_FALSE(session.fetch_messages(UidSet::parse("4").value(), collector).complete);
    EXPECT_TRUE(session.fetch_messages(UidSet::parse("5").value(), collector).complete);
  });
}

TEST(RefusedExtensionsTest, SearchesWithoutEsearch) {
  for (const char* answer :
       {"m4 BAD what?", "m4 OK done", "* ESEARCH (TAG \"m4\") ALL 1\r\nm4 OK"}) {
    Transcript transcript = Transcript::inbox("ESEARCH");
    transcript.add("C: m4 UID SEARCH RETURN (ALL) ALL");
    transcript.server(std::string(answer) + "\r\n");
    transcript.add(R"(
      C: m5 UID SEARCH ALL
      S: * SEARCH 1 2 9
      S: m5 OK done
      C: m6 UID SEARCH ALL
      S: * SEARCH 1 2
      S: m6 OK done
    )");
    converse_and_cut(transcript, [](Session& session) {
      session.examine("INBOX");
      EXPECT_EQ(session.search_all().text(), "1:2,9");
      EXPECT_EQ(session.search_all().text(), "1:2");
    });
  }
}

TEST(RefusedExtensionsTest, AModseqThatCannotBeSentBackIsUnknown) {
  for (const char* modseq : {"9223372036854775808", "18446744073709551615", "0", "no"}) {
    Transcript transcript = Transcript::session("ENABLE CONDSTORE");
    transcript.add("C: m4 EXAMINE \"INBOX\"");
    transcript.server("* 3 EXISTS\r\n* OK [HIGHESTMODSEQ " + std::string(modseq) +
                      "] highest\r\nm4 OK opened\r\n");
    converse(transcript, [&](Session& session) {
      EXPECT_EQ(session.examine("INBOX").highest_modseq, std::nullopt) << modseq;
    });
  }
}

}  // namespace
}  // namespace imap
