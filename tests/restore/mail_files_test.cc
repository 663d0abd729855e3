#include "restore/mail_files.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/temporary_directory.h"

namespace restore {
namespace {

class MailFilesTest : public testing::Test {
 protected:
  // The mbox file with this message alone, without its From_ line.
  std::string mbox(std::string_view message) {
    base::FileSystem& files = base::real_file_system();
    store::MessageEntry entry;
    entry.uid = {1};
    entry.size = message.size();
    entry.flags = {"\\Seen", "\\Flagged"};
    const base::Path name = std::to_string(++boxes_);
    const auto box = make_mail_files(MailFormat::kMbox, files, directory_.path(), name,
                                     std::chrono::sys_seconds());
    const base::Path file = directory_.path() / box->add(entry, base::as_bytes(message));
    box->finish();
    const auto bytes = base::read_file(files, file, 1'000'000);
    const std::string text = base::to_text(bytes.value());
    EXPECT_TRUE(text.starts_with("From MAILER-DAEMON "));
    return text.substr(text.find('\n') + 1);
  }

  tests::TemporaryDirectory directory_;
  int boxes_ = 0;
};

TEST_F(MailFilesTest, AMessageHasOneStatusOfEachKind) {
  EXPECT_EQ(
      mbox("Subject: x\r\nStatus: O\r\nx-status: D\r\nX-Keywords: old\r\n\r\nStatus: text\r\n"),
      "Status: RO\nX-Status: F\n"
      "Subject: x\nX-Original-Status: O\nX-Original-x-status: D\nX-Original-X-Keywords: old\n"
      "\nStatus: text\n\n");
}

TEST_F(MailFilesTest, AMessageThatBeginsWithASeparatorKeepsItsHeader) {
  EXPECT_EQ(mbox("From joe Mon Jan  1 00:00:00 2024\r\nSubject: x\r\n\r\nFrom here\r\n"),
            "X-From-Line: From joe Mon Jan  1 00:00:00 2024\nStatus: RO\nX-Status: F\n"
            "Subject: x\n\n>From here\n\n");
  EXPECT_EQ(mbox("From "), "X-From-Line: From \nStatus: RO\nX-Status: F\n\n");
}

TEST_F(MailFilesTest, QuotesLinesThatLookLikeASeparator) {
  EXPECT_EQ(
      mbox("Subject: x\r\nFrom us\r\n>From them\r\n\r\n>>From far\r\nFromage"),
      "Status: RO\nX-Status: F\nSubject: x\n>From us\n>>From them\n\n>>>From far\nFromage\n\n");
  EXPECT_EQ(mbox(""), "Status: RO\nX-Status: F\n\n");
}

}  // namespace
}  // namespace restore
