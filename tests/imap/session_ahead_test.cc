// Folders that a session requests ahead.
#include <memory>
#include <utility>

#include <fmt/core.h>

#include "base/error.h"
#include "imap/connection_lost.h"
#include "imap/session.h"
#include "imap/transport.h"
#include "tests/expect_error.h"
#include "tests/imap/conversation.h"
#include "tests/imap/folders_ahead.h"

namespace imap {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

constexpr const char* kBothRequested = R"(
    C: m3 EXAMINE "A"
    C: m4 UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])
    C: m5 EXAMINE "B"
    C: m6 UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])
    S: * 1 EXISTS
    S: * OK [UIDVALIDITY 7] valid
    S: m3 OK opened
    S: * 1 FETCH (UID 1 FLAGS () BODY[] "a")
    S: m4 OK done
)";

class BreakableTransport : public Transport {
 public:
  BreakableTransport(std::unique_ptr<Transport> transport, const bool& is_broken)
      : transport_(std::move(transport)), is_broken_(is_broken) {}

  std::size_t send(base::ByteView bytes) override {
    if (is_broken_) base::fail(base::ErrorCode::kNetwork, "nothing can be sent");
    return transport_->send(bytes);
  }
  std::size_t receive(std::span<std::byte> buffer) override { return transport_->receive(buffer); }
  bool wait(bool to_send, std::chrono::milliseconds timeout) override {
    return transport_->wait(to_send, timeout);
  }

 private:
  std::unique_ptr<Transport> transport_;
  const bool& is_broken_;
};

TEST(SessionAheadTest, FoldersAreOpenedAndReadWithoutWaiting) {
  Transcript transcript = Transcript::session();
  const std::size_t flights = transcript.flights();
  transcript.add(kBothRequested).add(R"(
    S: * 1 EXISTS
    S: * OK [UIDVALIDITY 8] valid
    S: m5 OK opened
    S: * 1 FETCH (UID 1 FLAGS () BODY[] "b")
    S: m6 OK done
  )");
  EXPECT_EQ(transcript.flights(), flights + 1);
  converse_and_cut(transcript, [](Session& session) {
    ASSERT_TRUE(session.can_request_ahead(listed_folder("A", 1)));
    EXPECT_FALSE(session.can_request_ahead(listed_folder(std::string("A\0B", 3), 1)));
    request_a_and_b(session);
    EXPECT_EQ(session.requested_ahead(), 2U);
    EXPECT_EQ(session.examine("A").uid_validity, 7U);
    EXPECT_EQ(session.requested_ahead(), 1U);
    EXPECT_EQ(bodies_of_all(session), std::vector<std::string>{"a"});
    EXPECT_EQ(session.examine("B").uid_validity, 8U);
    EXPECT_EQ(bodies_of_all(session), std::vector<std::string>{"b"});
    EXPECT_EQ(session.exists(), 1U);
    EXPECT_EQ(session.requested_ahead(), 0U);
    EXPECT_EQ(session.discarded_ahead(), 0U);
  });
}

// The transcript fails the test if any of it is not sent.
TEST(SessionAheadTest, RequestsAreSentWithoutReadingAnswers) {
  Transcript transcript = Transcript::session();
  transcript.add(R"(
    C: m3 EXAMINE "A"
    C: m4 UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])
    C: m5 EXAMINE "B"
    C: m6 UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])
  )");
  converse(transcript, [](Session& session) {
    request_a_and_b(session);
    session.send_ahead();
  });
}

TEST(SessionAheadTest, WhatArrivedIsReadAlthoughNothingCanBeSent) {
  Transcript transcript = Transcript::session();
  transcript.add(R"(
    C: m3 EXAMINE "A"
    S: * 0 EXISTS
    S: m3 OK opened
  )");
  bool is_broken = false;
  Session session(std::make_unique<BreakableTransport>(scripted(transcript), is_broken), {});
  session.request_ahead(listed_folder("A", 0));
  session.send_ahead();
  is_broken = true;
  session.request_ahead(listed_folder("B", 0));
  EXPECT_NO_THROW(session.send_ahead());
  EXPECT_EQ(session.examine("A").exists, 0U);
  EXPECT_ERROR(kNetwork, "nothing can be sent", session.examine("B"));
}

TEST(SessionAheadTest, AnEmptyFolderIsOnlyOpened) {
  Transcript transcript = Transcript::session();
  transcript.add(R"(
    C: m3 EXAMINE "A"
    C: m4 EXAMINE "B"
    S: * 0 EXISTS
    S: m3 OK opened
    S: * 0 EXISTS
    S: m4 OK opened
  )");
  converse_and_cut(transcript, [](Session& session) {
    session.request_ahead(listed_folder("A", 0));
    session.request_ahead(listed_folder("B", 0));
    EXPECT_EQ(session.examine("A").exists, 0U);
    EXPECT_EQ(session.examine("B").exists, 0U);
    EXPECT_EQ(session.discarded_ahead(), 0U);
  });
}

// Whatever comes for the UID FETCH behind it is about another folder, or about none.
TEST(SessionAheadTest, ARefusedFolderIsRequestedOnceMoreWithNothingBehindIt) {
  for (const char* refusal : {"NO it is on fire", "BAD one at a time"}) {
    Transcript transcript = Transcript::session();
    transcript.add(R"(
      C: m3 EXAMINE "A"
      C: m4 UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])
      C: m5 EXAMINE "B"
      C: m6 UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])
    )");
    transcript.server("m3 " + std::string(refusal) + "\r\n");
    transcript.add(R"(
      S: * 1 FETCH (UID 1 FLAGS () BODY[] "of the folder before")
      S: m4 OK done
      S: * 9 EXISTS
      S: m5 OK opened
      S: * 1 FETCH (UID 1 FLAGS () BODY[] "b")
      S: m6 OK done
      C: m7 EXAMINE "A"
      S: * 1 EXISTS
      S: m7 OK opened
      C: m8 UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])
      S: * 1 FETCH (UID 1 FLAGS () BODY[] "a")
      S: m8 OK done
    )");
    converse(transcript, [](Session& session) {
      request_a_and_b(session);
      EXPECT_EQ(session.examine("A").exists, 1U);
      EXPECT_EQ(bodies_of_all(session), std::vector<std::string>{"a"});
      EXPECT_EQ(session.discarded_ahead(), 2U);
    });
  }
}

TEST(SessionAheadTest, ARefusalWithNothingBehindItCounts) {
  Transcript transcript = Transcript::session();
  transcript.add(R"(
    C: m3 EXAMINE "A"
    C: m4 UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])
    S: m3 NO it is on fire
    S: m4 BAD no folder is open
    C: m5 EXAMINE "A"
    S: m5 NO it is on fire
  )");
  converse(transcript, [](Session& session) {
    session.request_ahead(listed_folder("A", 1));
    EXPECT_ERROR(kRefused, "open: A: the server refused EXAMINE: it is on fire",
                 session.examine("A"));
  });
}

TEST(SessionAheadTest, AnotherCommandIsAboutTheOpenFolder) {
  Transcript transcript = Transcript::session();
  transcript.add(kBothRequested).add(R"(
    S: * 5 EXISTS
    S: * 2 EXPUNGE
    S: m5 OK opened
    S: * 1 FETCH (UID 1 FLAGS () BODY[] "b")
    S: m6 OK done
    C: m7 EXAMINE "A"
    S: * 0 EXISTS
    S: * OK [UIDVALIDITY 7] valid
    S: m7 OK opened
    C: m8 UID SEARCH ALL
    S: * SEARCH
    S: m8 OK done
  )");
  converse_and_cut(transcript, [](Session& session) {
    request_a_and_b(session);
    session.examine("A");
    EXPECT_EQ(bodies_of_all(session), std::vector<std::string>{"a"});
    EXPECT_EQ(session.expunged(), 0U);
    EXPECT_TRUE(session.search_all().empty());
    EXPECT_EQ(session.exists(), 0U);
    EXPECT_EQ(session.expunged(), 1U) << "of the open folder";
    EXPECT_EQ(session.discarded_ahead(), 1U);
  });
}

// The folder may be gone by then.
TEST(SessionAheadTest, AfterTheLastFolderNoneIsOpenedAgain) {
  Transcript transcript = Transcript::session();
  transcript.add(kBothRequested).add(R"(
    S: m5 NO gone
    S: m6 BAD no folder is open
    C: m7 LIST "" "x"
    S: m7 OK done
  )");
  converse_and_cut(transcript, [](Session& session) {
    request_a_and_b(session);
    session.examine("A");
    EXPECT_EQ(bodies_of_all(session), std::vector<std::string>{"a"});
    session.close_ahead();
    EXPECT_THAT(session.list("x"), IsEmpty());
    EXPECT_EQ(session.discarded_ahead(), 1U);
  });
}

TEST(SessionAheadTest, TheOpenFolderMustStillBeTheSame) {
  Transcript transcript = Transcript::session();
  transcript.add(kBothRequested).add(R"(
    S: m5 NO gone
    S: m6 BAD no folder is open
    C: m7 EXAMINE "A"
    S: * 1 EXISTS
    S: * OK [UIDVALIDITY 70] valid
    S: m7 OK opened
  )");
  converse(transcript, [](Session& session) {
    request_a_and_b(session);
    session.examine("A");
    EXPECT_EQ(bodies_of_all(session), std::vector<std::string>{"a"});
    EXPECT_ERROR(kNetwork, "replaced by another one", session.search_all());
  });
}

// As after a change of mind: another folder, or the folder once more.
TEST(SessionAheadTest, AnotherFolderIsOpenedAfterAllThatWasRequested) {
  Transcript transcript = Transcript::session();
  transcript.add(kBothRequested).add(R"(
    S: * 1 EXISTS
    S: m5 OK opened
    S: * 1 FETCH (UID 1 FLAGS () BODY[] "b")
    S: m6 OK done
    C: m7 EXAMINE "C"
    S: * 2 EXISTS
    S: m7 OK opened
  )");
  converse_and_cut(transcript, [](Session& session) {
    request_a_and_b(session);
    session.examine("A");
    EXPECT_EQ(session.examine("C").exists, 2U);
    EXPECT_EQ(session.discarded_ahead(), 2U);
  });
}

// EXAMINE shows that the folder has modification sequences, so they are fetched too.
TEST(SessionAheadTest, AnExpectationThatFailsCostsOnlyTime) {
  Transcript transcript = Transcript::session("ENABLE CONDSTORE");
  transcript.add(R"(
    C: m4 EXAMINE "A"
    C: m5 UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])
    S: * 1 EXISTS
    S: * OK [HIGHESTMODSEQ 90] highest
    S: m4 OK opened
    S: * 1 FETCH (UID 1 FLAGS () BODY[] "a")
    S: m5 OK done
    C: m6 EXAMINE "A"
    S: * 1 EXISTS
    S: * OK [HIGHESTMODSEQ 90] highest
    S: m6 OK opened
    C: m7 UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE MODSEQ BODY.PEEK[])
    S: * 1 FETCH (UID 1 FLAGS () MODSEQ (12) BODY[] "a")
    S: m7 OK done
  )");
  converse_and_cut(transcript, [](Session& session) {
    session.request_ahead(listed_folder("A", 1));
    session.examine("A");
    EXPECT_EQ(bodies_of_all(session), std::vector<std::string>{"a"});
  });
}

TEST(SessionAheadTest, ModificationSequencesAreRequestedWhereTheStatusHasOne) {
  Transcript transcript = Transcript::session("ENABLE CONDSTORE");
  transcript.add(R"(
    C: m4 EXAMINE "A"
    C: m5 UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE MODSEQ BODY.PEEK[])
    S: * 1 EXISTS
    S: * OK [HIGHESTMODSEQ 90] highest
    S: m4 OK opened
    S: * 1 FETCH (UID 1 FLAGS () MODSEQ (12) BODY[] "a")
    S: m5 OK done
  )");
  converse_and_cut(transcript, [](Session& session) {
    Folder folder = listed_folder("A", 1);
    folder.status->highest_modseq = 89;
    session.request_ahead(folder);
    session.examine("A");
    EXPECT_EQ(bodies_of_all(session), std::vector<std::string>{"a"});
    EXPECT_EQ(session.discarded_ahead(), 0U);
  });
}

TEST(SessionAheadTest, MessagesBeforeTheEndOfExamineAreNotTheFolders) {
  Transcript transcript = Transcript::session();
  transcript.add(R"(
    C: m3 EXAMINE "A"
    C: m4 UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])
    S: * 1 EXISTS
    S: * 1 FETCH (UID 1 FLAGS () BODY[] "early")
    S: m3 OK opened
    S: m4 OK done
  )");
  converse_and_cut(transcript, [](Session& session) {
    session.request_ahead(listed_folder("A", 1));
    session.examine("A");
    EXPECT_THAT(bodies_of_all(session), IsEmpty());
  });
}

TEST(SessionAheadTest, AnswersInAnotherOrderBelongToNoFolder) {
  Transcript transcript = Transcript::session();
  transcript.add(R"(
    C: m3 EXAMINE "A"
    C: m4 UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])
    S: * 1 EXISTS
    S: m4 OK done
    S: m3 OK opened
  )");
  converse(transcript, [](Session& session) {
    session.request_ahead(listed_folder("A", 1));
    expect_out_of_order([&] { session.examine("A"); });
  });
}

// The answer to a command of the next folder arrives within the messages of this one.
TEST(SessionAheadTest, NoMessageIsDeliveredAfterALaterAnswer) {
  for (const char* later : {"m5 OK opened", "m6 OK done"}) {
    Transcript transcript = Transcript::session();
    transcript.add(R"(
      C: m3 EXAMINE "A"
      C: m4 UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])
      C: m5 EXAMINE "B"
      C: m6 UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])
      S: * 1 EXISTS
      S: m3 OK opened
    )");
    transcript.server(std::string(later) + "\r\n");
    transcript.add(R"(
      S: * 1 FETCH (UID 1 FLAGS () BODY[] "of which folder?")
    )");
    converse(transcript, [](Session& session) {
      request_a_and_b(session);
      session.examine("A");
      Collector collector;
      expect_out_of_order([&] { session.fetch_messages(UidSet::all(), collector); });
      EXPECT_THAT(collector.messages, IsEmpty());
    });
  }
}

TEST(SessionAheadTest, ALaterAnswerAfterTheLastMessageIsNoticed) {
  Transcript transcript = Transcript::session();
  transcript.add(R"(
    C: m3 EXAMINE "A"
    C: m4 UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])
    C: m5 EXAMINE "B"
    C: m6 UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])
    S: * 1 EXISTS
    S: m3 OK opened
    S: * 1 FETCH (UID 1 FLAGS () BODY[] "of which folder?")
    S: m5 OK opened
    S: m4 OK done
  )");
  converse(transcript, [](Session& session) {
    request_a_and_b(session);
    session.examine("A");
    expect_out_of_order([&] { bodies_of_all(session); });
  });
}

TEST(SessionAheadTest, ALaterAnswerBeforeTheFolderIsOpenIsNoticed) {
  Transcript transcript = Transcript::session();
  transcript.add(R"(
    C: m3 EXAMINE "A"
    C: m4 UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])
    C: m5 EXAMINE "B"
    C: m6 UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])
    S: m5 OK opened
    S: * 1 EXISTS
  )");
  converse(transcript, [](Session& session) {
    request_a_and_b(session);
    expect_out_of_order([&] { session.examine("A"); });
  });
}

// Mail may arrive meanwhile, but not without end.
TEST(SessionAheadTest, FarMoreMessagesThanTheFolderHasEndTheConnection) {
  for (const int messages : {1'001, 1'002}) {
    Transcript transcript = Transcript::session();
    transcript.add(R"(
      C: m3 EXAMINE "A"
      C: m4 UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])
      S: * 1 EXISTS
      S: m3 OK opened
    )");
    std::string lines;
    for (int uid = 1; uid <= messages; ++uid) {
      lines += fmt::format("* 1 FETCH (UID {} FLAGS ())\r\n", 2 * uid);
    }
    const bool is_ended = messages > 1'001;
    transcript.server(is_ended ? lines : lines + "m4 OK done\r\n");
    Session session(scripted(transcript), {});
    session.request_ahead(listed_folder("A", 1));
    session.examine("A");
    Collector collector;
    if (is_ended) {
      EXPECT_ERROR(kNetwork, "more messages than the folder has",
                   session.fetch_messages(UidSet::all(), collector));
      EXPECT_THAT(collector.messages, IsEmpty());
    } else {
      EXPECT_TRUE(session.fetch_messages(UidSet::all(), collector).complete);
    }
  }
}

// A name that needs a literal waits for the server in the middle of the others.
TEST(SessionAheadTest, ANameMayNeedALiteral) {
  Transcript transcript = Transcript::session();
  transcript.add(R"(
    C: m3 EXAMINE "A"
    C: m4 EXAMINE {3}
    S: * 0 EXISTS
    S: m3 OK opened
    S: + ready
  )");
  transcript.client("B\r\n\r\nm5 EXAMINE \"C\"\r\n");
  transcript.add(R"(
    S: * 0 EXISTS
    S: m4 OK opened
    S: * 0 EXISTS
    S: m5 OK opened
  )");
  converse_and_cut(transcript, [](Session& session) {
    for (const char* name : {"A", "B\r\n", "C"}) session.request_ahead(listed_folder(name, 0));
    for (const char* name : {"A", "B\r\n", "C"}) EXPECT_EQ(session.examine(name).exists, 0U);
    EXPECT_EQ(session.discarded_ahead(), 0U);
  });
}

TEST(SessionAheadTest, NothingIsRequestedAheadWithoutPipelining) {
  Limits limits;
  limits.pipeline = false;
  const Session session(scripted(Transcript::session()), limits);
  EXPECT_FALSE(session.can_request_ahead(listed_folder("A", 1)));
}

}  // namespace
}  // namespace imap
