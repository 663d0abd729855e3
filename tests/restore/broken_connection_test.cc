// Messages over which the target breaks the connection, each time: when they are appended, or when
// they are read back.
#include <chrono>
#include <future>
#include <utility>

#include <gmock/gmock.h>

#include "restore/folder_restore.h"
#include "tests/expect_error.h"
#include "tests/restore/model_server.h"
#include "tests/temporary_directory.h"

namespace restore {
namespace {

using testing::HasSubstr;

constexpr const char* kBad = "a NUL, say";

// With MULTIAPPEND, and without.
class BrokenConnectionTest : public testing::TestWithParam<const char*> {
 protected:
  BrokenConnectionTest() {
    server_.also = GetParam();
    server_.breaks_over = kBad;
    planned_.source = "INBOX";
    planned_.target = planned_.target_raw_name = "RESTORED/t1/INBOX";
    server_.folders[planned_.target_raw_name];
  }

  void plan(const std::string& text) {
    texts_.push_back("Subject: " + std::to_string(texts_.size()) + "\r\n\r\n" + text + "\r\n");
    store::MessageEntry entry;
    entry.uid = base::Uid{static_cast<std::uint32_t>(texts_.size())};
    entry.size = texts_.back().size();
    planned_.messages.push_back(entry);
  }

  // In a file if it is longer than `place_` allows.
  store::MessageBytes bytes_of(const std::string& text) {
    store::MessageBuffer buffer(place_);
    buffer.add(base::as_bytes(text));
    return buffer.take();
  }

  FolderReport restore() {
    imap::Session session = server_.session();
    FolderRestore folder(planned_, {}, Start::kFresh);
    const auto reopen = [this](FolderRestore::Unusable) {
      ++losses_;
      return server_.session();
    };
    folder.open(session, reopen);
    std::vector<FolderRestore::Waiting> batch;
    for (std::size_t at = 0; at < texts_.size(); ++at) {
      const store::MessageBytes bytes = bytes_of(texts_[at]);
      if (folder.wants(at, bytes)) batch.push_back({at, bytes});
    }
    folder.append(session, batch, reopen);
    folder.compare(session, reopen);
    recorded_ = folder.recorded();
    return folder.report();
  }

  std::vector<std::string> there() {
    std::vector<std::string> texts;
    for (const auto& [uid, message] : server_.folders[planned_.target_raw_name].messages) {
      texts.push_back(message.bytes);
    }
    return texts;
  }

  ModelServer server_;
  PlannedFolder planned_;
  std::vector<std::string> texts_;
  int losses_ = 0;
  std::vector<store::TreeMessage> recorded_;
  tests::TemporaryDirectory directory_;
  store::SpoolPlace place_{
      .directory = directory_.path(), .max_in_memory = 1'000'000, .keep_free = 0};
};

TEST_P(BrokenConnectionTest, TheMessageIsSkippedAndTheOthersAreRestoredOnce) {
  for (int number = 0; number < 40; ++number) plan(number == 17 ? kBad : "good");
  const FolderReport report = restore();
  EXPECT_EQ(report.restored, 39U);
  ASSERT_EQ(report.skipped.size(), 1U);
  EXPECT_EQ(report.skipped[0].uid, base::Uid{18});
  EXPECT_THAT(report.skipped[0].reason, HasSubstr("the connection was lost each time it was sent"));
  texts_.erase(texts_.begin() + 17);
  EXPECT_THAT(there(), testing::UnorderedElementsAreArray(texts_));
  EXPECT_LE(losses_, 10);
}

TEST_P(BrokenConnectionTest, LongMessagesAreSentFromTheirFiles) {
  place_.max_in_memory = 40;
  const std::string longer(100, 'x');
  for (int number = 0; number < 20; ++number) {
    plan(number == 7 ? longer + kBad : number % 2 == 0 ? longer : "short");
  }
  const FolderReport report = restore();
  EXPECT_EQ(report.restored, 19U);
  for (const AlteredMessage& message : report.altered) {
    EXPECT_THAT(message.how, testing::Not(HasSubstr("bytes")));
  }
  ASSERT_EQ(report.skipped.size(), 1U);
  EXPECT_EQ(report.skipped[0].uid, base::Uid{8});
  texts_.erase(texts_.begin() + 7);
  EXPECT_THAT(there(), testing::UnorderedElementsAreArray(texts_));
}

TEST_P(BrokenConnectionTest, AnInvalidAnswerCountsAsALostConnection) {
  server_.breaks_with_rubbish = true;
  server_.breaks_serving = "not served";
  for (int number = 0; number < 40; ++number) {
    plan(number == 17 ? kBad : number == 30 ? "not served" : "good");
  }
  const FolderReport report = restore();
  EXPECT_EQ(report.restored, 38U);
  ASSERT_EQ(report.skipped.size(), 1U);
  EXPECT_EQ(report.skipped[0].uid, base::Uid{18});
  ASSERT_EQ(report.uncompared.size(), 1U);
  EXPECT_EQ(report.uncompared[0].uid, base::Uid{31});
  EXPECT_EQ(there().size(), 39U);
}

TEST_P(BrokenConnectionTest, SeveralAreLeftOut) {
  for (int number = 0; number < 20; ++number) plan(number % 9 == 0 ? kBad : "good");
  const FolderReport report = restore();
  EXPECT_EQ(report.restored, 17U);
  EXPECT_EQ(report.skipped.size(), 3U);
  EXPECT_EQ(there().size(), 17U);
}

TEST_P(BrokenConnectionTest, DoesNotResendMessagesStoredBeforeTheLoss) {
  server_.stores_before_it_breaks = true;
  for (int number = 0; number < 20; ++number) plan(number == 7 ? kBad : "good");
  const FolderReport report = restore();
  EXPECT_EQ(report.restored, 20U);
  EXPECT_EQ(report.skipped.size(), 0U);
  EXPECT_THAT(there(), testing::UnorderedElementsAreArray(texts_));
}

// One connection is lost while another waits for the answer to an equal message.
TEST_P(BrokenConnectionTest, AMessageIsNotMistakenForAnEqualOneOnAnotherConnection) {
  const std::string text = std::string("Subject: equal\r\n\r\n") + kBad + "\r\n";
  for (const std::uint32_t uid : {1U, 2U}) {
    store::MessageEntry entry;
    entry.uid = base::Uid{uid};
    entry.size = text.size();
    planned_.messages.push_back(entry);
  }
  FolderRestore folder(planned_, {}, Start::kFresh);
  const auto reopen = [this](FolderRestore::Unusable) { return server_.session(); };
  imap::Session one = server_.session();
  imap::Session other = server_.session();
  server_.breaks_over.clear();
  folder.open(one, reopen);
  std::vector<FolderRestore::Waiting> messages;
  for (const std::size_t at : {0U, 1U}) {
    const store::MessageBytes bytes = bytes_of(text);
    EXPECT_TRUE(folder.wants(at, bytes));
    messages.push_back({at, bytes});
  }
  std::future<void> lost;
  bool is_first = true;
  server_.before_append_answer = [&] {
    if (!std::exchange(is_first, false)) return;
    server_.breaks_over = kBad;
    const auto reopen_and_heal = [&](FolderRestore::Unusable) {
      server_.breaks_over.clear();
      return server_.session();
    };
    lost = std::async(std::launch::async, [&, reopen_and_heal] {
      folder.append(other, std::span(messages).first(1), reopen_and_heal);
    });
    // It must not end before the answer arrives.
    EXPECT_EQ(lost.wait_for(std::chrono::milliseconds(100)), std::future_status::timeout);
  };
  folder.append(one, std::span(messages).subspan(1), reopen);
  lost.get();
  folder.compare(one, reopen);
  EXPECT_EQ(folder.report().restored, 2U);
  EXPECT_EQ(there().size(), 2U);
}

TEST_P(BrokenConnectionTest, AServerThatBreaksEveryConnectionIsGivenUp) {
  server_.breaks_over = "Subject";
  for (int number = 0; number < 40; ++number) plan("good");
  EXPECT_ERROR(kNetwork, "connections were lost one after the other", restore());
  EXPECT_LE(losses_, 30);
}

TEST_P(BrokenConnectionTest, ListsAndRecordsMessagesThatCannotBeReadBack) {
  server_.breaks_over.clear();
  server_.breaks_serving = kBad;
  for (int number = 0; number < 40; ++number) plan(number == 17 ? kBad : "good");
  const FolderReport report = restore();
  EXPECT_EQ(report.restored, 39U);
  EXPECT_EQ(report.skipped.size(), 0U);
  EXPECT_EQ(report.not_compared, 1U);
  ASSERT_EQ(report.uncompared.size(), 1U);
  EXPECT_EQ(report.uncompared[0].uid, base::Uid{18});
  EXPECT_THAT(report.uncompared[0].reason, HasSubstr("the server could not serve it"));
  EXPECT_EQ(there().size(), 40U);
  EXPECT_EQ(recorded_.size(), 40U) << "a sweep knows it";
  EXPECT_LE(losses_, 4);
}

TEST_P(BrokenConnectionTest, AFolderThatTheServerRefusesToOpenEndsNothing) {
  plan("good");
  plan("good");
  server_.refused = {{"SELECT", planned_.target_raw_name}};
  FolderReport report = restore();
  EXPECT_EQ(report.skipped.size(), 2U);
  EXPECT_EQ(report.restored, 0U);
  EXPECT_TRUE(there().empty());

  server_.refused = {{"EXAMINE", planned_.target_raw_name}};
  report = restore();
  EXPECT_EQ(report.skipped.size(), 0U);
  EXPECT_EQ(report.not_compared, 2U);
  EXPECT_EQ(report.uncompared.size(), 2U);
  EXPECT_EQ(report.restored, 0U);
  EXPECT_EQ(there().size(), 2U);
}

INSTANTIATE_TEST_SUITE_P(Kinds, BrokenConnectionTest, testing::Values("MULTIAPPEND", "X-NOTHING"),
                         [](const auto& kind) {
                           return kind.param[0] == 'M' ? std::string("Together")
                                                       : std::string("OneByOne");
                         });

}  // namespace
}  // namespace restore
