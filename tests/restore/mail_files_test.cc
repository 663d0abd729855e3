#include "restore/mail_files.h"

#include <array>
#include <chrono>
#include <random>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/store/simulated_file_system.h"
#include "tests/temporary_directory.h"

namespace restore {
namespace {

class MailFilesTest : public testing::Test {
 protected:
  // The mbox file with this message alone, without its From_ line.
  std::string mbox(std::string_view message) {
    return mbox(store::MessageBytes(base::to_bytes(message)));
  }

  std::string mbox(const store::MessageBytes& message) {
    base::FileSystem& files = base::real_file_system();
    store::MessageEntry entry;
    entry.uid = {1};
    entry.size = message.size();
    entry.flags = {"\\Seen", "\\Flagged"};
    const base::Path name = std::to_string(++boxes_);
    const auto box = make_mail_files(MailFormat::kMbox, files, directory_.path(), name,
                                     std::chrono::sys_seconds());
    const base::Path file = directory_.path() / box->add(entry, message);
    box->finish();
    const auto bytes = base::read_file(files, file, 10'000'000);
    const std::string text = base::to_text(bytes.value());
    EXPECT_TRUE(text.starts_with("From MAILER-DAEMON "));
    return text.substr(text.find('\n') + 1);
  }

  tests::TemporaryDirectory directory_;
  int boxes_ = 0;
};

// Messages of one folder as files on a disk that loses what was not synced.
class ExportedFolder {
 public:
  ExportedFolder(MailFormat format, int messages) : format_(format), messages_(messages) {}

  // Fails as the disk does.
  void write() {
    const auto out = make_mail_files(format_, disk_, "/exported", "Inbox", now_);
    for (int at = 1; at <= messages_; ++at) {
      const std::string text = text_of(at);
      store::MessageEntry entry;
      entry.uid = {static_cast<std::uint32_t>(at)};
      entry.size = text.size();
      paths_.push_back("/exported" / out->add(entry, store::MessageBytes(base::to_bytes(text))));
    }
    out->finish();
  }

  // Every message is in its file after a power failure.
  void expect_durable() const {
    std::mt19937 random(1);
    const auto left = disk_.after_crash(tests::Survival::kNothing, random);
    const auto files = left->files_below("/exported");
    ASSERT_EQ(paths_.size(), static_cast<std::size_t>(messages_));
    for (int at = 1; at <= messages_; ++at) {
      const auto file = files.find(paths_[static_cast<std::size_t>(at) - 1]);
      ASSERT_NE(file, files.end()) << at;
      const std::string text = base::to_text(file->second);
      if (format_ == MailFormat::kMbox) {
        EXPECT_THAT(text, testing::HasSubstr("Subject: " + std::to_string(at) + "\n"));
      } else {
        EXPECT_EQ(text, text_of(at));
      }
    }
  }

  tests::SimulatedFileSystem& disk() { return disk_; }

 private:
  static std::string text_of(int number) {
    return "Subject: " + std::to_string(number) + "\r\n\r\ntext\r\n";
  }

  MailFormat format_;
  int messages_;
  std::chrono::sys_seconds now_{};
  tests::SimulatedFileSystem disk_;
  std::vector<base::Path> paths_;
};

constexpr std::array kFormats = {MailFormat::kEml, MailFormat::kMaildir, MailFormat::kMbox};

TEST_F(MailFilesTest, APowerFailureAfterTheEndTakesNothing) {
  for (const MailFormat format : kFormats) {
    // More than are synced at a time.
    ExportedFolder folder(format, 300);
    folder.write();
    folder.expect_durable();
  }
}

TEST_F(MailFilesTest, WhatIsNotDurableIsAFailure) {
  for (const MailFormat format : kFormats) {
    ExportedFolder sound(format, 5);
    sound.write();
    std::size_t failures = 0;
    for (const auto& failure : tests::failures_up_to(sound.disk().operations())) {
      ExportedFolder folder(format, 5);
      failure.arrange(folder.disk());
      try {
        folder.write();
      } catch (const base::Error&) {
        ++failures;
        continue;
      }
      SCOPED_TRACE(failure.text());
      folder.expect_durable();
    }
    EXPECT_EQ(failures, tests::failures_up_to(sound.disk().operations()).size());
  }
}

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

TEST_F(MailFilesTest, AMessageInAFileIsWrittenAsItIs) {
  const base::Path directory = directory_.path();
  const store::SpoolPlace place{.directory = directory, .max_in_memory = 100, .keep_free = 0};
  std::string text = "Subject: x\r\n\r\n";
  std::string expected = "Status: RO\nX-Status: F\nSubject: x\n\n";
  while (text.size() < 2 * store::MessageBytes::kMaxPiece + 1) {
    text += "From " + std::string(900, 'x') + "\r\n";
    expected += ">From " + std::string(900, 'x') + "\n";
  }
  store::MessageBuffer buffer(place);
  buffer.add(base::as_bytes(text));
  const store::MessageBytes message = buffer.take();
  EXPECT_FALSE(message.in_memory());
  EXPECT_TRUE(mbox(message) == expected + "\n");

  base::FileSystem& files = base::real_file_system();
  const auto eml = make_mail_files(MailFormat::kEml, files, directory, "eml", {});
  store::MessageEntry entry;
  entry.uid = {1};
  const base::Path file = directory / eml->add(entry, message);
  eml->finish();
  EXPECT_TRUE(base::to_text(base::read_file(files, file, 10'000'000).value()) == text);
}

}  // namespace
}  // namespace restore
