// Answers that a server may send instead of a message, and how they are handled.
#include "backupd/pass/folder_sink.h"

#include <gmock/gmock.h>

#include "base/clock.h"
#include "imap/flag.h"
#include "store/format/location.h"
#include "tests/temporary_directory.h"

namespace backupd {
namespace {

using imap::BodyKind;
using testing::ElementsAre;
using testing::HasSubstr;

class FolderSinkTest : public testing::Test {
 protected:
  FolderSinkTest() {
    store::init(location_, base::real_file_system(), base::system_clock());
    writer_.emplace(store::Writer::open(location_, base::real_file_system(), base::system_clock()));
  }

  static imap::MessageItems items(std::uint32_t uid, std::optional<std::uint64_t> size) {
    imap::MessageItems items;
    items.uid = base::Uid{uid};
    items.size = size;
    items.flags = {"$label", "\\seen", "$label"};
    return items;
  }

  void send(std::uint32_t uid, std::string_view body, std::optional<std::uint64_t> size,
            BodyKind kind = BodyKind::kLiteral) {
    ArrivedMessage arrived{items(uid, size), kind, writer_->begin_message()};
    if (!body.empty()) arrived.message.add(base::as_bytes(body));
    sink_->store(arrived);
  }

  void begin() {
    sink_.emplace(*writer_, "alice", draft_, counts_, departures_, admission_,
                  [this](std::uint64_t) { ++calls_; });
  }
  void SetUp() override { begin(); }

  tests::TemporaryDirectory directory_;
  store::Location location_{directory_.path() / "store", directory_.path() / "index",
                            directory_.path() / "key"};
  std::optional<store::Writer> writer_;
  store::FolderDraft draft_{store::FolderInfo{}};
  FetchCounts counts_;
  Departures departures_;
  Admission admission_;
  int calls_ = 0;
  std::optional<FolderSink> sink_;
};

TEST_F(FolderSinkTest, StoresAMessageAsSent) {
  send(7, "Subject: x\r\n\r\nbody\r\n", 22);
  const auto entry = draft_.find(base::Uid{7});
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->size, 20U) << "of the received bytes, whatever the server reports";
  EXPECT_THAT(entry->flags, ElementsAre("$label", "\\Seen"));
  EXPECT_EQ(calls_, 1);
  EXPECT_EQ(counts_.fetched_bytes, 20U);
  EXPECT_EQ(counts_.new_messages, 1U);
}

TEST_F(FolderSinkTest, StoresAMessageWithoutAValidDate) {
  send(7, "x", 1);
  EXPECT_EQ(draft_.find(base::Uid{7})->internal_date, std::nullopt);
  EXPECT_EQ(counts_.undated, 1U);
}

TEST_F(FolderSinkTest, StoresNothingForNilAndMissingBodies) {
  send(1, "", 50, BodyKind::kNil);
  send(2, "", 50, BodyKind::kMissing);
  EXPECT_EQ(draft_.messages(), 0U);
  EXPECT_THAT(sink_->why_not(base::Uid{1}), HasSubstr("NIL"));
  EXPECT_THAT(sink_->why_not(base::Uid{2}), HasSubstr("no body"));
  EXPECT_EQ(sink_->why_not(base::Uid{3}), "");
  EXPECT_EQ(calls_, 0);
}

TEST_F(FolderSinkTest, StoresAMessageThatArrivesWholeTheSecondTime) {
  draft_.info().skipped = {{base::Uid{1}, "of the last time"}, {base::Uid{9}, "too"}};
  send(1, "", 50, BodyKind::kNil);
  sink_->look_again();
  send(1, "here it is", 50);
  EXPECT_EQ(draft_.find(base::Uid{1})->size, 10U);
  EXPECT_EQ(sink_->why_not(base::Uid{1}), "");
  ASSERT_EQ(draft_.info().skipped.size(), 1U);
  EXPECT_EQ(draft_.info().skipped[0].uid, base::Uid{9});
}

TEST_F(FolderSinkTest, NeverStoresAnApology) {
  for (int look = 0; look < 2; ++look) {
    ArrivedMessage arrived{items(1, 50), BodyKind::kLiteral, writer_->begin_message(), true};
    arrived.message.add(base::as_bytes("Subject: sorry"));
    sink_->store(arrived);
    sink_->look_again();
  }
  EXPECT_EQ(draft_.messages(), 0U);
  EXPECT_THAT(sink_->why_not(base::Uid{1}), HasSubstr("apology"));
}

TEST_F(FolderSinkTest, RejectsAnEmptyBodyForAMessageThatIsNotEmpty) {
  send(1, "", 50);
  sink_->look_again();
  send(1, "", 50);
  send(2, "", std::nullopt);
  EXPECT_EQ(draft_.messages(), 0U);
  EXPECT_THAT(sink_->why_not(base::Uid{1}), HasSubstr("empty"));
  EXPECT_THAT(sink_->why_not(base::Uid{2}), HasSubstr("empty"));
}

TEST_F(FolderSinkTest, StoresAnEmptyMessageIfItIsEmptyTwice) {
  send(1, "", 0);
  EXPECT_EQ(draft_.messages(), 0U);
  EXPECT_THAT(sink_->why_not(base::Uid{1}), HasSubstr("only once"));
  sink_->look_again();
  send(1, "", 0);
  ASSERT_TRUE(draft_.find(base::Uid{1}));
  EXPECT_EQ(draft_.find(base::Uid{1})->size, 0U);
  EXPECT_EQ(sink_->why_not(base::Uid{1}), "");
}

TEST_F(FolderSinkTest, DoesNotStoreBytesThatAreNoBody) {
  send(1, "rest of something", 17, BodyKind::kMissing);
  send(2, "whole", 5);
  writer_->commit();
  EXPECT_EQ(draft_.find(base::Uid{2})->size, 5U);
  EXPECT_FALSE(draft_.contains(base::Uid{1}));
}

TEST_F(FolderSinkTest, StoresEqualBytesOfTwoUidsOnce) {
  send(1, "same", 4);
  send(2, "same", 4);
  EXPECT_EQ(counts_.new_messages, 1U);
  EXPECT_EQ(draft_.messages(), 2U);
  EXPECT_EQ(draft_.find(base::Uid{1})->message, draft_.find(base::Uid{2})->message);
}

TEST_F(FolderSinkTest, StoresFlagsInOneSpellingAndEachOnce) {
  EXPECT_THAT(imap::normal_flags({"\\FLAGGED", "Work", "\\Recent", "Work"}),
              ElementsAre("Work", "\\Flagged"));
}

}  // namespace
}  // namespace backupd
