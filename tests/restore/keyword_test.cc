// Keywords of any bytes, restored to a server that keeps every keyword: it executes only the
// commands of a restore, every message arrives, and the report lists what was left out.
#include <set>

#include <gmock/gmock.h>

#include "imap/flag.h"
#include "restore/folder_restore.h"
#include "tests/restore/model_server.h"

namespace restore {
namespace {

using testing::HasSubstr;

constexpr const char* kTarget = "RESTORED/t1/INBOX";

// Each byte alone, at the start, inside and at the end of a keyword, and where it would end the
// command and start another one.
std::vector<std::string> keywords_with(char byte) {
  const std::string one(1, byte);
  return {one,
          one + "x",
          "x" + one + "x",
          "x" + one,
          "x)" + one + "\r\nz1 DELETE Important\r\nz2 NOOP (" + one,
          "\\" + one};
}

class KeywordTest : public testing::TestWithParam<const char*> {
 protected:
  KeywordTest() {
    server_.also = GetParam();
    server_.permanent_flags = "\\Answered \\Flagged \\Deleted \\Seen \\Draft \\*";
    server_.folders["Important"].put({3, {}, false, "abc"});
    server_.folders[kTarget];
    planned_.source = "INBOX";
    planned_.target = planned_.target_raw_name = kTarget;
  }

  void plan(std::vector<std::string> flags) {
    texts_.push_back("Subject: " + std::to_string(texts_.size()) +
                     "\r\n\r\nz9 DELETE Important\r\n");
    store::MessageEntry entry;
    entry.uid = base::Uid{static_cast<std::uint32_t>(texts_.size())};
    entry.size = texts_.back().size();
    entry.flags = std::move(flags);
    entry.internal_date = base::ZonedTime{};
    planned_.messages.push_back(entry);
  }

  FolderReport restore() {
    imap::Session session = server_.session();
    FolderRestore folder(planned_, {}, Start::kFresh);
    const auto reopen = [this](FolderRestore::Unusable) { return server_.session(); };
    folder.open(session, reopen);
    std::vector<FolderRestore::Waiting> batch;
    for (std::size_t at = 0; at < texts_.size(); ++at) {
      if (folder.wants(at, store::MessageBytes(base::to_bytes(texts_[at])))) {
        batch.push_back({at, store::MessageBytes(base::to_bytes(texts_[at]))});
      }
    }
    folder.append(session, batch, reopen);
    folder.compare(session, reopen);
    return folder.report();
  }

  void expect_all_there(const FolderReport& report) {
    EXPECT_EQ(report.restored, texts_.size());
    EXPECT_TRUE(report.skipped.empty());
    std::vector<std::string> there;
    for (const auto& [uid, message] : server_.folders[kTarget].messages) {
      there.push_back(message.bytes);
    }
    EXPECT_THAT(there, testing::ElementsAreArray(texts_));
    EXPECT_EQ(server_.folders["Important"].messages.size(), 1U);
    for (const std::string& verb : server_.heard) {
      EXPECT_THAT(verb, testing::AnyOf("CAPABILITY", "NAMESPACE", "SELECT", "EXAMINE", "APPEND",
                                       "UID SEARCH", "UID FETCH"));
    }
  }

  ModelServer server_;
  PlannedFolder planned_;
  std::vector<std::string> texts_;
};

TEST_P(KeywordTest, EveryByteIsKeptOrListed) {
  std::vector<std::string> keywords;
  for (int byte = 0; byte < 256; ++byte) {
    for (std::string& keyword : keywords_with(static_cast<char>(byte))) {
      plan({"\\Seen", keyword});
      keywords.push_back(std::move(keyword));
    }
  }
  const FolderReport report = restore();
  expect_all_there(report);
  std::set<base::Uid> listed;
  for (const auto& altered : report.altered) {
    EXPECT_THAT(altered.how, HasSubstr("without the flags"));
    listed.insert(altered.uid);
  }
  for (std::size_t at = 0; at < keywords.size(); ++at) {
    const base::Uid uid{static_cast<std::uint32_t>(at + 1)};
    // A flag with a backslash is kept only if PERMANENTFLAGS lists it.
    const bool is_kept = imap::can_be_sent(keywords[at]) && !keywords[at].starts_with('\\');
    EXPECT_NE(listed.contains(uid), is_kept) << "keyword " << at;
    const std::string flags = server_.folders[kTarget].messages[uid].flags;
    EXPECT_EQ(flags, is_kept ? "\\Seen " + keywords[at] : "\\Seen");
  }
}

TEST_P(KeywordTest, KeywordsThatDoNotFitIntoALineAreListed) {
  std::vector<std::string> many;
  for (int number = 0; number < 2000; ++number) many.push_back("keyword" + std::to_string(number));
  plan(many);
  const FolderReport report = restore();
  expect_all_there(report);
  ASSERT_EQ(report.altered.size(), 1U);
  EXPECT_THAT(report.altered[0].how, HasSubstr("keyword1999"));
  const std::string flags = server_.folders[kTarget].messages[base::Uid{1}].flags;
  EXPECT_THAT(flags, HasSubstr("keyword0 "));
  EXPECT_LE(flags.size(), imap::kMaxSentFlags);
}

INSTANTIATE_TEST_SUITE_P(All, KeywordTest, testing::Values("", "MULTIAPPEND"),
                         [](const auto& param) {
                           return std::string(param.param).empty() ? "OneByOne" : "Together";
                         });

}  // namespace
}  // namespace restore
