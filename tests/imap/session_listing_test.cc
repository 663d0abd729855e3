// Lists of folders that are received in parts, or while the caller does something else.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "imap/session.h"
#include "tests/expect_error.h"
#include "tests/imap/conversation.h"
#include "tests/imap/folders_ahead.h"

namespace imap {
namespace {

using testing::SizeIs;

// Sends nothing after `most` bytes of the server until the client waits.
class PausingTransport : public Transport {
 public:
  PausingTransport(std::unique_ptr<Transport> transport, std::size_t most, int& waits)
      : transport_(std::move(transport)), most_(most), waits_(waits) {}

  std::size_t send(base::ByteView bytes) override { return transport_->send(bytes); }

  std::size_t receive(std::span<std::byte> buffer) override {
    if (received_ == most_) return 0;
    const std::size_t room = std::min(buffer.size(), most_ - received_);
    const std::size_t length = transport_->receive(buffer.first(room));
    received_ += length;
    return length;
  }

  bool wait(bool to_send, std::chrono::milliseconds timeout) override {
    if (received_ == most_) {
      ++waits_;
      most_ = static_cast<std::size_t>(-1);
    }
    return transport_->wait(to_send, timeout);
  }

 private:
  std::unique_ptr<Transport> transport_;
  std::size_t most_;
  int& waits_;
  std::size_t received_ = 0;
};

// Before the line that the server does not send at once, and what it sends of it.
const Transcript kBeginning = Transcript::session("ENABLE CONDSTORE LIST-STATUS STATUS=SIZE");

Transcript listed_ahead(const std::string& end = "m4 OK done") {
  Transcript transcript = kBeginning;
  transcript.add(R"(
    C: m4 LIST "" "*" RETURN (STATUS (MESSAGES UIDNEXT UIDVALIDITY HIGHESTMODSEQ))
    S: * LIST () "/" INBOX
    S: * STATUS INBOX (MESSAGES 3 UIDNEXT 9 UIDVALIDITY 7 HIGHESTMODSEQ 12)
    S: * LIST () "/" A
    S: * STATUS A (MESSAGES 1 UIDNEXT 2 UIDVALIDITY 7 HIGHESTMODSEQ 2)
  )");
  return transcript.add("S: " + end);
}

TEST(SessionListingTest, ReceivesAheadWhatHasArrived) {
  converse_and_cut(listed_ahead(), [](Session& session) {
    EXPECT_TRUE(session.list_ahead(ListDetail::kChanges)) << "only requested";
    EXPECT_FALSE(session.list_ahead(ListDetail::kChanges));
    EXPECT_FALSE(session.list_ahead(ListDetail::kChanges)) << "not once more";
    const auto folders = session.list_personal_folders();
    ASSERT_THAT(folders, SizeIs(2));
    EXPECT_EQ(folders[1].status.value_or(FolderStatus()).highest_modseq, 2U);
  });
}

TEST(SessionListingTest, DoesNotWaitForTheRestOfALine) {
  const Transcript transcript = listed_ahead();
  const std::size_t before = kBeginning.server_bytes();
  for (std::size_t more = 1; before + more < transcript.server_bytes(); ++more) {
    int waits = 0;
    Session session(std::make_unique<PausingTransport>(scripted(transcript), before + more, waits),
                    {});
    ASSERT_EQ(waits, 0);
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(session.list_ahead(ListDetail::kChanges)) << more;
    EXPECT_EQ(waits, 0) << more;
    EXPECT_THAT(session.list_personal_folders(), SizeIs(2));
    EXPECT_EQ(waits, 1) << more;
  }
}

// The beginning of a list in parts, up to a folder without status.
Transcript first_part() {
  Transcript transcript = Transcript::session("LIST-STATUS");
  return transcript.add(R"(
    C: m3 STATUS "INBOX" (MESSAGES UIDNEXT UIDVALIDITY)
    S: * STATUS INBOX (MESSAGES 3 UIDNEXT 9 UIDVALIDITY 7)
    S: m3 OK done
    C: m4 LIST "" "*" RETURN (STATUS (MESSAGES UIDNEXT UIDVALIDITY))
    S: * LIST () "/" INBOX
    S: * STATUS INBOX (MESSAGES 3 UIDNEXT 9 UIDVALIDITY 7)
    S: * LIST (\Noselect) "/" A
  )");
}

Transcript listed_in_parts() {
  return first_part().add(R"(
    S: * LIST () "/" B
    S: * STATUS B (MESSAGES 1 UIDNEXT 2 UIDVALIDITY 7)
    S: * LIST () "/" C
    S: * STATUS C (MESSAGES 0 UIDNEXT 1 UIDVALIDITY 7)
    S: m4 OK done
  )");
}

TEST(SessionListingTest, ListsInParts) {
  Transcript transcript = listed_in_parts();
  transcript.add(R"(
    C: m5 EXAMINE "B"
    S: * 1 EXISTS
    S: m5 OK opened
  )");
  converse_and_cut(transcript, [](Session& session) {
    const auto first = session.list_some(2);
    ASSERT_THAT(first, SizeIs(2));
    EXPECT_EQ(session.inbox_ahead().value_or(FolderStatus()).uid_validity, 7U);
    EXPECT_EQ(first[0].status.value_or(FolderStatus()).messages, 3U);
    EXPECT_EQ(first[1].raw_name, "A");
    const auto second = session.list_some(1);
    ASSERT_THAT(second, SizeIs(1));
    EXPECT_EQ(second[0].status.value_or(FolderStatus()).messages, 1U);
    session.examine("B");  // waits for the list
    EXPECT_TRUE(session.list_some(1).empty());
    EXPECT_THAT(session.list_personal_folders(), SizeIs(4));
  });
}

TEST(SessionListingTest, APartDoesNotWaitForTheRestOfALine) {
  const std::size_t before = first_part().server_bytes();
  int waits = 0;
  Session session(
      std::make_unique<PausingTransport>(scripted(listed_in_parts()), before + 5, waits), {});
  EXPECT_THAT(session.list_some(1, 100), SizeIs(1));
  EXPECT_EQ(waits, 0);
  EXPECT_THAT(session.list_personal_folders(), SizeIs(4));
}

// After an early list that was of no use.
Transcript& add_another_list(Transcript& transcript) {
  return transcript.add(R"(
    C: m5 LIST "" "*" RETURN (STATUS (MESSAGES UIDNEXT UIDVALIDITY HIGHESTMODSEQ SIZE))
    S: * LIST () "/" INBOX
    S: * STATUS INBOX (MESSAGES 3 UIDNEXT 9 UIDVALIDITY 7 HIGHESTMODSEQ 12 SIZE 3)
    S: m5 OK done
  )");
}

TEST(SessionListingTest, AListThatIsForgottenIsRequestedOnceMore) {
  Transcript transcript = listed_ahead();
  add_another_list(transcript);
  for (const bool is_received : {false, true}) {
    converse_and_cut(transcript, [&](Session& session) {
      session.forget_list();  // there is nothing to forget
      session.list_ahead(ListDetail::kChanges);
      EXPECT_FALSE(is_received && session.list_ahead(ListDetail::kChanges));
      session.forget_list();
      EXPECT_THAT(session.list_personal_folders(), SizeIs(1));
    });
  }
}

TEST(SessionListingTest, OtherCallsWaitForTheRest) {
  Transcript transcript = listed_ahead();
  transcript.add(R"(
    C: m5 EXAMINE "A"
    S: * 1 EXISTS
    S: m5 OK opened
  )");
  converse_and_cut(transcript, [](Session& session) {
    session.list_ahead(ListDetail::kChanges);
    session.examine("A");
    EXPECT_THAT(session.list_personal_folders(), SizeIs(2));
  });
}

// Its responses must not be taken for those of the list.
TEST(SessionListingTest, WhatIsRequestedAheadWaitsForTheRest) {
  Transcript transcript = listed_ahead();
  transcript.add(R"(
    C: m5 EXAMINE "A"
    C: m6 UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])
    S: * 1 EXISTS
    S: * OK [UIDVALIDITY 7] valid
    S: m5 OK opened
    S: m6 OK done
  )");
  converse_and_cut(transcript, [](Session& session) {
    session.list_ahead(ListDetail::kChanges);
    Folder folder = listed_folder("A", 1);
    folder.status->size = 4;
    session.request_ahead(folder);
    session.examine("A");
    session.close_ahead();
    EXPECT_THAT(session.list_personal_folders(), SizeIs(2));
  });
}

TEST(SessionListingTest, ARefusedListIsRequestedOnceMore) {
  Transcript transcript = listed_ahead("m4 NO not now");
  add_another_list(transcript);
  converse_and_cut(transcript, [](Session& session) {
    session.list_ahead(ListDetail::kChanges);
    EXPECT_FALSE(session.list_ahead(ListDetail::kChanges));
    EXPECT_THAT(session.list_personal_folders(), SizeIs(1)) << "with the session's own detail";
  });
}

TEST(SessionListingTest, RequestsNothingAheadWhereOneListIsNotAll) {
  converse(Transcript::session(),
           [](Session& session) { EXPECT_FALSE(session.list_ahead(ListDetail::kChanges)); });
  converse(Transcript::session("LIST-STATUS OBJECTID"),
           [](Session& session) { EXPECT_FALSE(session.list_ahead(ListDetail::kChanges)); });
  converse(Transcript::without_namespaces("LIST-STATUS"),
           [](Session& session) { EXPECT_FALSE(session.list_ahead(ListDetail::kChanges)); });
}

}  // namespace
}  // namespace imap
