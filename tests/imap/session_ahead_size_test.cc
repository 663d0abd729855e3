// The sizes of folders that a session requests ahead, where the list has no sizes.
#include <string>
#include <vector>

#include "tests/imap/conversation.h"
#include "tests/imap/folders_ahead.h"

namespace imap {
namespace {

using testing::IsEmpty;

TEST(SessionAheadSizeTest, TheSizeOfTheOpenFolderFollowsWhereTheListHasNot) {
  Transcript transcript = Transcript::session("STATUS=SIZE");
  transcript.add(R"(
    C: m3 EXAMINE "A"
    C: m4 UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])
    C: m5 STATUS "A" (MESSAGES UIDNEXT UIDVALIDITY SIZE)
    C: m6 EXAMINE "B"
    C: m7 UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])
    S: * 1 EXISTS
    S: m3 OK opened
    S: * 1 FETCH (UID 1 FLAGS () BODY[] "a")
    S: m4 OK done
    S: * STATUS "B" (SIZE 88)
    S: * STATUS "A" (MESSAGES 1 UIDNEXT 2 UIDVALIDITY 7 SIZE 1)
    S: m5 OK done
    S: * 1 EXISTS
    S: m6 OK opened
    S: * 1 FETCH (UID 1 FLAGS () BODY[] "b")
    S: m7 OK done
  )");
  converse_and_cut(transcript, [](Session& session) {
    session.request_ahead(listed_folder("A", 1));
    Folder known = listed_folder("B", 1);
    known.status->size = 1;
    session.request_ahead(known);
    session.examine("A");
    EXPECT_FALSE(session.status_ahead());
    EXPECT_EQ(bodies_of_all(session), std::vector<std::string>{"a"});
    ASSERT_TRUE(session.status_ahead());
    EXPECT_EQ(session.status_ahead()->size, 1U);
    EXPECT_EQ(session.status_ahead()->uid_validity, 7U);
    session.examine("B");
    EXPECT_FALSE(session.status_ahead());
    EXPECT_EQ(bodies_of_all(session), std::vector<std::string>{"b"});
    EXPECT_FALSE(session.status_ahead());
  });
}

// As Dovecot does, which completes a FETCH with the next command that does something to the folder.
TEST(SessionAheadSizeTest, OnlyTheStatusMayBeCompletedBeforeTheMessages) {
  Transcript transcript = Transcript::session("STATUS=SIZE");
  transcript.add(R"(
    C: m3 EXAMINE "A"
    C: m4 UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])
    C: m5 STATUS "A" (MESSAGES UIDNEXT UIDVALIDITY SIZE)
    C: m6 EXAMINE "B"
    C: m7 UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])
    C: m8 STATUS "B" (MESSAGES UIDNEXT UIDVALIDITY SIZE)
    S: * 1 EXISTS
    S: m3 OK opened
    S: * 1 FETCH (UID 1 FLAGS () BODY[] "a")
    S: * STATUS "A" (MESSAGES 1 UIDNEXT 2 UIDVALIDITY 7 SIZE 1)
    S: m5 OK done
    S: m4 OK done
    S: * 1 EXISTS
    S: m6 OK opened
    S: m7 OK done
    S: m8 NO gone
  )");
  converse(transcript, [](Session& session) {
    request_a_and_b(session);
    session.examine("A");
    EXPECT_EQ(bodies_of_all(session), std::vector<std::string>{"a"});
    ASSERT_TRUE(session.status_ahead());
    EXPECT_EQ(session.status_ahead()->size, 1U);
    session.examine("B");
    EXPECT_THAT(bodies_of_all(session), IsEmpty());
    EXPECT_FALSE(session.status_ahead());
  });
  Transcript out_of_order = Transcript::session("STATUS=SIZE");
  out_of_order.add(R"(
    C: m3 EXAMINE "A"
    C: m4 UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])
    C: m5 STATUS "A" (MESSAGES UIDNEXT UIDVALIDITY SIZE)
    C: m6 EXAMINE "B"
    C: m7 UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])
    C: m8 STATUS "B" (MESSAGES UIDNEXT UIDVALIDITY SIZE)
    S: * 1 EXISTS
    S: m3 OK opened
    S: * 1 FETCH (UID 1 FLAGS () BODY[] "a")
    S: m5 OK done
    S: m6 OK opened
    S: m4 OK done
  )");
  converse(out_of_order, [](Session& session) {
    request_a_and_b(session);
    session.examine("A");
    expect_out_of_order([&] { bodies_of_all(session); });
  });
}

TEST(SessionAheadSizeTest, WhereTheListHasNoHighestmodseqTheFolderBeforeIsTheGuess) {
  Transcript transcript = Transcript::session("ENABLE CONDSTORE");
  transcript.add(R"(
    C: m4 EXAMINE "A"
    C: m5 UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE MODSEQ BODY.PEEK[])
    S: * 1 EXISTS
    S: * OK [HIGHESTMODSEQ 9] highest
    S: m4 OK opened
    S: * 1 FETCH (UID 1 FLAGS () MODSEQ (3) BODY[] "a")
    S: m5 OK done
    C: m6 EXAMINE "B"
    S: * 0 EXISTS
    S: * OK [NOMODSEQ] not here
    S: m6 OK opened
    C: m7 EXAMINE "C"
    C: m8 UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])
    S: * 1 EXISTS
    S: m7 OK opened
    S: * 1 FETCH (UID 1 FLAGS () BODY[] "c")
    S: m8 OK done
  )");
  Limits limits;
  limits.list_detail = ListDetail::kNumbers;
  Session session(scripted(transcript), limits);
  session.request_ahead(listed_folder("A", 1));
  EXPECT_EQ(session.examine("A").highest_modseq, 9U);
  EXPECT_EQ(bodies_of_all(session), std::vector<std::string>{"a"});
  session.request_ahead(listed_folder("B", 0));
  EXPECT_FALSE(session.examine("B").highest_modseq);
  session.request_ahead(listed_folder("C", 1));
  session.examine("C");
  EXPECT_EQ(bodies_of_all(session), std::vector<std::string>{"c"});
  EXPECT_EQ(session.discarded_ahead(), 0U);
}

TEST(SessionAheadSizeTest, ARefusedStatusReportsNothing) {
  Transcript transcript = Transcript::session("STATUS=SIZE");
  transcript.add(R"(
    C: m3 EXAMINE "A"
    C: m4 UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])
    C: m5 STATUS "A" (MESSAGES UIDNEXT UIDVALIDITY SIZE)
    S: * 1 EXISTS
    S: m3 OK opened
    S: * 1 FETCH (UID 1 FLAGS () BODY[] "a")
    S: m4 OK done
    S: * STATUS "A" (SIZE 1)
    S: m5 NO the folder is open
  )");
  converse_and_cut(transcript, [](Session& session) {
    session.request_ahead(listed_folder("A", 1));
    session.examine("A");
    EXPECT_EQ(bodies_of_all(session), std::vector<std::string>{"a"});
    EXPECT_FALSE(session.status_ahead());
  });
}

// Runs a conversation of a session whose list had no sizes, with the bytes in pieces.
template <typename Work>
void converse_without_sizes(const Transcript& transcript, Work work) {
  Limits limits;
  limits.list_detail = ListDetail::kNumbers;
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{1} << 20U}) {
    Session session(scripted(transcript, {.piece = piece}), limits);
    work(session);
  }
}

TEST(SessionAheadNameTest, DovecotNamesTheFolderOfEachMessageInstead) {
  Transcript transcript = Transcript::session("STATUS=SIZE ID");
  transcript.add(R"(
    C: m3 ID NIL
    S: * ID ("version" NIL "Name" "Dovecot")
    S: m3 OK done
    C: m4 EXAMINE "A"
    C: m5 UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE X-MAILBOX BODY.PEEK[])
    C: m6 EXAMINE "B"
    C: m7 UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE X-MAILBOX BODY.PEEK[])
    S: * 2 EXISTS
    S: m4 OK opened
    S: * 1 FETCH (UID 1 FLAGS () X-MAILBOX "A" BODY[] "a")
    S: * 2 FETCH (FLAGS (\Seen))
    S: * 2 FETCH (UID 2 FLAGS () X-MAILBOX {1}
    S: A BODY[] "b")
    S: m5 OK done
    S: * 2 EXISTS
    S: m6 OK opened
    S: * 1 FETCH (UID 1 FLAGS () X-MAILBOX "B" BODY[] "c")
    S: * 2 FETCH (UID 2 FLAGS () X-MAILBOX "A" BODY[] "d")
    S: m7 OK done
  )");
  converse_without_sizes(transcript, [](Session& session) {
    session.request_ahead(listed_folder("A", 2));
    session.request_ahead(listed_folder("B", 2));
    session.examine("A");
    EXPECT_FALSE(session.is_named_ahead());
    EXPECT_EQ(bodies_of_all(session), (std::vector<std::string>{"a", "b"}));
    EXPECT_TRUE(session.is_named_ahead());
    session.examine("B");
    EXPECT_FALSE(session.is_named_ahead());
    EXPECT_EQ(bodies_of_all(session), (std::vector<std::string>{"c", "d"}));
    EXPECT_FALSE(session.is_named_ahead());
  });
}

TEST(SessionAheadNameTest, AServerThatDoesNotSayWhatItIsIsRequestedTheSize) {
  for (const std::string answer :
       {"S: * ID NIL\nS: m3 OK done", "S: m3 BAD what?", "S: m3 OK done"}) {
    Transcript transcript = Transcript::session("STATUS=SIZE ID");
    transcript.add("C: m3 ID NIL\n" + answer);
    transcript.add(R"(
      C: m4 EXAMINE "A"
      C: m5 UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])
      C: m6 STATUS "A" (MESSAGES UIDNEXT UIDVALIDITY SIZE)
      S: * 1 EXISTS
      S: m4 OK opened
      S: * 1 FETCH (UID 1 FLAGS () BODY[] "a")
      S: m5 OK done
      S: * STATUS "A" (MESSAGES 1 UIDNEXT 2 UIDVALIDITY 7 SIZE 1)
      S: m6 OK done
    )");
    converse_without_sizes(transcript, [](Session& session) {
      session.request_ahead(listed_folder("A", 1));
      session.examine("A");
      EXPECT_EQ(bodies_of_all(session), std::vector<std::string>{"a"});
      EXPECT_TRUE(session.status_ahead());
      EXPECT_FALSE(session.is_named_ahead());
    });
  }
}

}  // namespace
}  // namespace imap
