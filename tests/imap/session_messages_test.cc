// Session commands for messages.
#include "imap/session.h"
#include "tests/expect_error.h"
#include "tests/imap/collector.h"
#include "tests/imap/conversation.h"

namespace imap {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Optional;
using testing::SizeIs;

TEST(SessionMessagesTest, FetchesMessages) {
  Transcript transcript = Transcript::inbox("ENABLE CONDSTORE");
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

TEST(SessionMessagesTest, FiltersUnsolicitedResponses) {
  Transcript transcript = Transcript::inbox();
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
    // An earlier response had the items missing in the response with the body.
    EXPECT_EQ(collector.messages[1].bytes, "b");
    EXPECT_THAT(collector.messages[1].items.flags, Optional(ElementsAre("\\Flagged")));
  });
}

TEST(SessionMessagesTest, AcceptsResponsesInAnyOrder) {
  Transcript transcript = Transcript::inbox();
  transcript.add(R"(
    C: m4 UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])
    S: * 3 FETCH (BODY[] {1}
    S: c UID 9 FLAGS ())
    S: * OK [ALERT] the disk is nearly full
    S: * 1 FETCH (RFC822.SIZE 1 BODY[] "a" FLAGS () UID 4)
    S: * 2 FETCH (UID 6 FLAGS () BODY[] {1}
    S: b)
    S: m4 OK done
  )");
  testing::internal::CaptureStderr();
  converse_and_cut(transcript, [](Session& session) {
    session.examine("INBOX");
    Collector collector;
    session.fetch_messages(UidSet::all(), collector);
    ASSERT_THAT(collector.messages, SizeIs(3));
    EXPECT_EQ(collector.find(4)->bytes, "a");
    EXPECT_EQ(collector.find(6)->bytes, "b");
    EXPECT_EQ(collector.find(9)->bytes, "c");
  });
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              testing::HasSubstr("alert from the server: the disk is nearly full"));
}

TEST(SessionMessagesTest, DeliversMessagesWithoutBodiesLast) {
  Transcript transcript = Transcript::inbox();
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
    EXPECT_EQ(answer.reason, "UID FETCH: some could not be read");
    ASSERT_THAT(collector.messages, SizeIs(3));
    EXPECT_EQ(collector.messages[0].items.uid, base::Uid{3});
    EXPECT_EQ(collector.messages[0].body, BodyKind::kString);
    EXPECT_EQ(collector.find(1)->body, BodyKind::kNil);
    EXPECT_EQ(collector.find(2)->body, BodyKind::kMissing);
    EXPECT_THAT(collector.find(2)->items.flags, Optional(ElementsAre("\\Seen")));
  });
}

TEST(SessionMessagesTest, RejectsABodyOfNoRequestedMessage) {
  Transcript transcript = Transcript::inbox();
  transcript.add("C: m4 UID FETCH 4 (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])");
  transcript.server("* 1 FETCH (BODY[] {1}\r\na UID 99)\r\n");
  converse(transcript, [](Session& session) {
    session.examine("INBOX");
    Collector collector;
    EXPECT_ERROR(kProtocol, "a message that was not requested",
                 session.fetch_messages(UidSet::parse("4").value(), collector));
    EXPECT_THAT(collector.messages, IsEmpty());
  });
}

TEST(SessionMessagesTest, RequestsMessagesOneByOneIfTheServerOmitsUids) {
  Transcript transcript = Transcript::inbox();
  transcript.add(R"(
    C: m4 UID FETCH 4:9 (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])
    S: * 1 FETCH (UID 4 FLAGS () BODY[] {1}
    S: a)
    S: * 2 FETCH (FLAGS (\Seen) BODY[] {4}
    S: lost)
    S: * 3 FETCH (UID 9)
    S: m4 OK done
    C: m5 UID SEARCH ALL
    S: * SEARCH 4 6 9 12
    S: m5 OK done
    C: m6 UID FETCH 6 (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])
    S: * 1 FETCH (FLAGS (\Answered))
    S: * 2 FETCH (FLAGS (\Seen) BODY[] {1}
    S: b)
    S: * 2 FETCH (BODY[] {5}
    S: again)
    S: m6 OK done
    C: m7 UID FETCH 9 (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])
    S: * 3 FETCH (BODY[] {1}
    S: c)
    S: m7 OK done
    C: m8 UID SEARCH ALL
    S: * SEARCH 4 6 9 12
    S: m8 OK done
    C: m9 UID FETCH 12 (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])
    S: * 4 FETCH (BODY[] {1}
    S: d)
    S: m9 OK done
  )");
  converse_and_cut(transcript, [](Session& session) {
    session.examine("INBOX");
    Collector collector;
    EXPECT_TRUE(session.fetch_messages(UidSet::parse("4:9").value(), collector).complete);
    ASSERT_THAT(collector.messages, SizeIs(3));
    EXPECT_EQ(collector.find(4)->bytes, "a");
    EXPECT_EQ(collector.find(6)->bytes, "b");
    EXPECT_THAT(collector.find(6)->items.flags, Optional(ElementsAre("\\Seen")));
    EXPECT_EQ(collector.find(9)->bytes, "c");
    session.fetch_messages(UidSet::parse("10:12").value(), collector);
    EXPECT_EQ(collector.find(12)->bytes, "d") << "without fetching all bodies in vain";
  });
}

TEST(SessionMessagesTest, DoesNotReadAMessageLargerThanAllowed) {
  Transcript transcript = Transcript::inbox();
  transcript.add(R"(
    C: m4 UID FETCH 4:5 (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])
    S: * 1 FETCH (UID 4 FLAGS () BODY[] {1}
    S: a)
  )");
  transcript.server("* 2 FETCH (UID 5 FLAGS () BODY[] {4294967296}\r\n");
  converse(transcript, [](Session& session) {
    session.examine("INBOX");
    Collector collector;
    EXPECT_ERROR(kNetwork, "a message of 4294967296 bytes: more than 4294967295 are not read",
                 session.fetch_messages(UidSet::parse("4:5").value(), collector));
    EXPECT_THAT(collector.messages, SizeIs(1));
  });
}

TEST(SessionMessagesTest, ABodyWithoutUidIsThatOfTheOnlyRequestedMessage) {
  Transcript transcript = Transcript::inbox();
  transcript.add(R"(
    C: m4 UID FETCH 4 (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])
    S: * 1 FETCH (FLAGS () BODY[] {1}
    S: a)
    S: m4 OK done
  )");
  converse_and_cut(transcript, [](Session& session) {
    session.examine("INBOX");
    Collector collector;
    session.fetch_messages(UidSet::parse("4").value(), collector);
    ASSERT_THAT(collector.messages, SizeIs(1));
    EXPECT_EQ(collector.find(4)->bytes, "a");
  });
}

TEST(SessionMessagesTest, SplitsLongSetsIntoPipelinedCommands) {
  UidSet odd;
  for (std::uint32_t uid = 100'001; uid < 104'001; uid += 2) odd.add(base::Uid{uid});
  const auto parts = odd.split(7000);
  ASSERT_THAT(parts, SizeIs(2));
  Transcript transcript = Transcript::inbox();
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

TEST(SessionMessagesTest, FetchesChangedStates) {
  Transcript transcript = Transcript::inbox("ENABLE CONDSTORE");
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

// A search in INBOX, and the server's answer to it.
Transcript search_answered_with(std::string_view capabilities, std::string_view answer) {
  Transcript transcript = Transcript::inbox(capabilities);
  transcript.add(capabilities == "ESEARCH" ? "C: m4 UID SEARCH RETURN (ALL) ALL"
                                           : "C: m4 UID SEARCH ALL");
  transcript.add(answer);
  transcript.add("S: m4 OK done");
  return transcript;
}

TEST(SessionMessagesTest, ReadsSearchResults) {
  for (const auto& [capabilities, answer, uids] : {
           std::tuple("", "S: * SEARCH 9 1 2", "1:2,9"),
           std::tuple("", "S: * SEARCH 9\nS: * SEARCH 1 2\nS: * SEARCH", "1:2,9"),
           std::tuple("", "S: * 3 EXPUNGE\nS: * VANISHED 1:2", ""),  // the folder is empty
           std::tuple("ESEARCH",
                      "S: * ESEARCH (TAG \"m3\") UID ALL 77\n"
                      "S: * ESEARCH (TAG \"m4\") UID ALL 1:2,9",
                      "1:2,9"),
           std::tuple("ESEARCH",
                      "S: * ESEARCH (TAG \"m4\") UID ALL 1:2 ALL 9\n"
                      "S: * ESEARCH (TAG \"m4\") UID",
                      "1:2,9"),
       }) {
    SCOPED_TRACE(answer);
    converse_and_cut(search_answered_with(capabilities, answer), [uids = uids](Session& session) {
      session.examine("INBOX");
      EXPECT_EQ(session.search_all().text(), uids);
    });
  }
}

TEST(SessionMessagesTest, RejectsImpossibleSearchResults) {
  for (const auto& [capabilities, answer, error] : {
           std::tuple("", "", "no result"),  // the folder has messages
           std::tuple("ESEARCH",
                      "S: * ESEARCH (TAG \"m4\") UID ALL 1:4294967294\nS: * 4294967294 EXISTS",
                      "found 4294967294 messages"),
       }) {
    SCOPED_TRACE(error);
    converse(search_answered_with(capabilities, answer), [error = error](Session& session) {
      session.examine("INBOX");
      EXPECT_ERROR(kProtocol, error, session.search_all());
    });
  }
}

TEST(SessionMessagesTest, OnlyExpungeRemovesMessages) {
  Transcript transcript = Transcript::inbox();
  transcript.add(R"(
    C: m4 UID FETCH 1:* (UID FLAGS)
    S: * 1 EXISTS
    S: * 1 FETCH (UID 4 FLAGS ())
    S: m4 OK done
    C: m5 UID SEARCH ALL
    S: * 5 EXISTS
    S: * 5 EXPUNGE
    S: * 2 EXISTS
    S: * SEARCH 4
    S: m5 OK done
  )");
  converse(transcript, [](Session& session) {
    session.examine("INBOX");
    session.fetch_states(UidSet::all(), {}, [](const MessageItems&) {});
    EXPECT_EQ(session.exists(), 3U);
    EXPECT_EQ(session.search_all().text(), "4");
    EXPECT_EQ(session.exists(), 4U);
  });
}

TEST(SessionMessagesTest, RejectsAScanThatShowsMoreMessagesThanAFolderCanHold) {
  Transcript transcript = Transcript::inbox();
  transcript.add("C: m4 UID FETCH 1:* (UID FLAGS)");
  for (int uid = 2; uid <= 100; uid += 2) {
    transcript.server(fmt::format("* 1 FETCH (UID {} FLAGS ())\r\n", uid));
  }
  Limits limits;
  limits.max_items = 30;
  Session session(scripted(transcript), limits);
  session.examine("INBOX");
  std::size_t shown = 0;
  EXPECT_ERROR(kProtocol, "more messages than a folder can hold",
               session.fetch_states(UidSet::all(), {}, [&](const MessageItems&) { ++shown; }));
  EXPECT_EQ(shown, 30U);
}

TEST(SessionMessagesTest, FlagsAndExpunges) {
  Transcript transcript = Transcript::inbox("UIDPLUS");
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
  converse(Transcript::inbox(), [](Session& session) {
    session.examine("INBOX");
    EXPECT_ERROR(kRefused, "UIDPLUS", session.expunge(UidSet::all()));
  });
}

TEST(SessionMessagesTest, ReportsTheServersIdOfAMessage) {
  for (const auto& [capability, item, value, id] :
       {std::tuple("OBJECTID", "EMAILID", "(M6d99ac3275bb4e)", "M6d99ac3275bb4e"),
        std::tuple("X-GM-EXT-1", "X-GM-MSGID", "1278455344230334865", "1278455344230334865")}) {
    Transcript transcript = Transcript::inbox(capability);
    const std::string items = std::string("UID FLAGS INTERNALDATE RFC822.SIZE ") + item;
    const std::string answer =
        std::string("S: * 1 FETCH (UID 4 RFC822.SIZE 1 ") + item + ' ' + value;
    transcript.add("C: m4 UID FETCH 4 (" + items + ")");
    transcript.add(answer + ")\nS: m4 OK");
    transcript.add("C: m5 UID FETCH 4 (" + items + " BODY.PEEK[])");
    transcript.add(answer + " BODY[] {1}\nS: a)\nS: m5 OK");
    converse_and_cut(transcript, [id = id](Session& session) {
      session.examine("INBOX");
      std::string received;
      session.fetch_all_but_bodies(UidSet(std::vector<UidRange>{{base::Uid{4}, base::Uid{4}}}),
                                   [&](const MessageItems& known) { received = known.server_id; });
      EXPECT_EQ(received, id);
      Collector collector;
      session.fetch_messages(UidSet(std::vector<UidRange>{{base::Uid{4}, base::Uid{4}}}),
                             collector);
      ASSERT_EQ(collector.messages.size(), 1U);
      EXPECT_EQ(collector.messages[0].items.server_id, id);
    });
  }
}

}  // namespace
}  // namespace imap
