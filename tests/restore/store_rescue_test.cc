// The result of a rescue if the server does not send all of the mail: whatever the rescue reports
// as safe is expunged next.
#include "restore/store_rescue.h"

#include <gmock/gmock.h>

#include "store/reader.h"
#include "store/writer.h"
#include "tests/imap/scripted_transport.h"
#include "tests/temporary_directory.h"

namespace restore {
namespace {

// A conversation about UIDs 1 and 2 of a folder that is open.
class Handover {
 public:
  Handover& asked_for(const std::string& uids) {
    tag_ = "m" + std::to_string(next_tag_++);
    transcript_.client(tag_ + " UID FETCH " + uids +
                       " (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])\r\n");
    return *this;
  }
  Handover& says(int uid, std::size_t size, const std::string& body) {
    transcript_.server("* " + std::to_string(uid) + " FETCH (UID " + std::to_string(uid) +
                       " FLAGS () INTERNALDATE \"01-Nov-2026 00:00:00 +0000\" RFC822.SIZE " +
                       std::to_string(size) + " BODY[] " + body + ")\r\n");
    return *this;
  }
  Handover& sends(int uid, const std::string& body) {
    return says(uid, body.size(), "{" + std::to_string(body.size()) + "}\r\n" + body);
  }
  Handover& done() {
    transcript_.server(tag_ + " OK done\r\n");
    return *this;
  }
  const imap::Transcript& transcript() const { return transcript_; }

 private:
  imap::Transcript transcript_ = imap::Transcript::inbox();
  int next_tag_ = 4;
  std::string tag_;
};

class StoreRescueTest : public testing::Test {
 protected:
  StoreRescueTest() {
    store::init(location_, files_, base::system_clock());
    record_.account = "alice";
    record_.raw_name = "RESTORED/x";
    record_.delimiter = '/';
    level_.raw_name = "RESTORED/x/INBOX";
  }

  Rescue::Kept keep(const Handover& handover) {
    imap::Session session(imap::scripted(handover.transcript()), {});
    session.examine("INBOX");
    return StoreRescue(location_, files_, base::system_clock())
        .keep(session, record_, level_, imap::UidSet(std::vector<base::Uid>{{1}, {2}}));
  }

  void expect_nothing_safe(const Handover& handover) {
    EXPECT_THAT(keep(handover).trouble, testing::HasSubstr("did not send all"));
    EXPECT_TRUE(snapshots().empty());
  }

  std::vector<store::SnapshotInfo> snapshots() {
    return store::Reader::open(location_, files_).snapshots("alice");
  }

  tests::TemporaryDirectory directory_;
  base::FileSystem& files_ = base::real_file_system();
  store::Location location_{directory_.path() / "store", directory_.path() / "index",
                            directory_.path() / "key"};
  store::TreeRecord record_;
  store::TreeLevel level_;
};

TEST_F(StoreRescueTest, CompleteMessagesAreInASnapshotOfTheirOwn) {
  const auto kept =
      keep(Handover().asked_for("1:2").sends(1, "Subject: a").sends(2, "Subject: b").done());
  EXPECT_EQ(kept.trouble, "");
  ASSERT_EQ(snapshots().size(), 1U);
  EXPECT_EQ(snapshots().front().id.hex(), kept.snapshot);
  EXPECT_EQ(snapshots().front().kind, store::SnapshotKind::kRescue);
  EXPECT_EQ(snapshots().front().messages, 2U);
}

TEST_F(StoreRescueTest, TheSameMessagesAreRescuedOnce) {
  const auto first =
      keep(Handover().asked_for("1:2").sends(1, "Subject: a").sends(2, "Subject: b").done());
  const auto again =
      keep(Handover().asked_for("1:2").sends(1, "Subject: a").sends(2, "Subject: b").done());
  EXPECT_EQ(again.trouble, "");
  EXPECT_EQ(again.snapshot, first.snapshot);
  const auto another =
      keep(Handover().asked_for("1:2").sends(1, "Subject: a").sends(2, "Subject: c").done());
  EXPECT_NE(another.snapshot, first.snapshot);
  EXPECT_EQ(snapshots().size(), 2U);
}

TEST_F(StoreRescueTest, AMessageThatDoesNotComeIsNotSafe) {
  expect_nothing_safe(Handover().asked_for("1:2").sends(1, "Subject: a").done());
}

TEST_F(StoreRescueTest, ABodyThatIsNilIsNotTheMessage) {
  expect_nothing_safe(Handover().asked_for("1:2").sends(1, "Subject: a").says(2, 10, "NIL").done());
}

TEST_F(StoreRescueTest, AnApologyIsNotTheMessage) {
  expect_nothing_safe(
      Handover()
          .asked_for("1:2")
          .sends(1,
                 "From: x\r\nsubject: Retrieval using the IMAP4 protocol failed for the "
                 "following message: 7\r\n\r\nSorry")
          .sends(2, "Subject: b")
          .done());
}

TEST_F(StoreRescueTest, AnEmptyBodyOfAMessageThatIsNotEmptyIsNotTheMessage) {
  expect_nothing_safe(
      Handover().asked_for("1:2").sends(1, "Subject: a").says(2, 10, "{0}\r\n").done());
}

TEST_F(StoreRescueTest, AnEmptyMessageIsOneIfTheServerServesItSoTwice) {
  const auto kept = keep(Handover()
                             .asked_for("1:2")
                             .sends(1, "Subject: a")
                             .sends(2, "")
                             .done()
                             .asked_for("2")
                             .sends(2, "Subject: b")
                             .done());
  EXPECT_EQ(kept.trouble, "");
  ASSERT_EQ(snapshots().size(), 1U);
  EXPECT_EQ(snapshots().front().bytes, 20U) << "the second look found what it is";
}

TEST_F(StoreRescueTest, WhileAnotherProcessWritesToTheStoreNothingIsSafe) {
  const auto writer = store::Writer::open(location_, files_, base::system_clock());
  const auto kept = keep(Handover());
  EXPECT_NE(kept.trouble, "");
  EXPECT_EQ(kept.code, base::ErrorCode::kBusy);
}

}  // namespace
}  // namespace restore
