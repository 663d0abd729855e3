// Reading one of several accounts that were backed up together reads little of the others.
#include <gtest/gtest.h>

#include "store/format/layout.h"
#include "store/maintenance/prune.h"
#include "tests/store/counting_file_system.h"
#include "tests/store/store_fixture.h"

namespace store {
namespace {

class LocalityTest : public StoreFixture {
 protected:
  static constexpr std::uint64_t kBytesOfLine = 57;
  static constexpr std::uint32_t kMessages = 10;
  // The length of an attachment: those of an account fill a block of their own.
  static constexpr std::size_t kLines = 1'200;

  LocalityTest() {
    make_store();
    for (std::size_t i = 0; i < accounts_.size(); ++i) drafts_.emplace_back(folder_named("INBOX"));
  }

  std::string mail(unsigned number) const {
    return "Subject: " + std::to_string(number) +
           "\r\nMIME-Version: 1.0\r\nContent-Type: application/octet-stream\r\n"
           "Content-Transfer-Encoding: base64\r\n\r\n" +
           base64_lines(number, kLines);
  }

  // A new message for each account.
  void receive(Writer& writer) {
    ++uid_;
    for (std::size_t i = 0; i < accounts_.size(); ++i) {
      const StoredMessage stored = add_message(writer, mail(++number_), accounts_[i]);
      drafts_[i].put(entry_of(uid_, stored), stored.digest);
    }
  }

  void end_night(Writer& writer) {
    for (std::size_t i = 0; i < accounts_.size(); ++i) {
      add_snapshot(writer, accounts_[i], {writer.seal(drafts_[i])});
    }
    writer.commit();
  }

  // In percent of what the account's attachments take.
  std::uint64_t bytes_read_for(const std::string& account) {
    tests::CountingFileSystem files;
    Reader reader = Reader::open(location_, files);
    const std::vector<std::string> messages = restore(reader, account, "INBOX");
    EXPECT_EQ(kMessages, messages.size());
    for (const std::string& message : messages) EXPECT_TRUE(message.starts_with("Subject: "));
    return files.bytes_read_below(packs_directory(location_)) * 100 /
           (kMessages * kLines * kBytesOfLine);
  }

  const std::vector<std::string> accounts_{"alice", "bob", "carol", "dave"};
  std::vector<FolderDraft> drafts_;
  std::uint32_t uid_ = 0;
  unsigned number_ = 0;
};

TEST_F(LocalityTest, OneOfFourAccountsReadsItsShare) {
  {
    Writer writer = open_writer();
    // Turn by turn, as messages arrive from several servers.
    for (std::uint32_t i = 0; i < kMessages; ++i) receive(writer);
    end_night(writer);
  }
  for (const std::string& account : accounts_) EXPECT_LE(bytes_read_for(account), 130U) << account;
  const auto before = packs();
  prune(location_, files_, clock_, {.grace = std::chrono::hours(24)});
  EXPECT_NE(before, packs());
  for (const std::string& account : accounts_) EXPECT_LE(bytes_read_for(account), 130U) << account;
}

TEST_F(LocalityTest, PruneSeparatesTheAccountsOfManyNights) {
  {
    Writer writer = open_writer();
    for (std::uint32_t night = 0; night < kMessages; ++night) {
      receive(writer);
      end_night(writer);
    }
  }
  EXPECT_GE(bytes_read_for("alice"), 350U) << "small nights share their blocks";
  prune(location_, files_, clock_, {.grace = std::chrono::hours(24)});
  for (const std::string& account : accounts_) EXPECT_LE(bytes_read_for(account), 130U) << account;
}

// As in a company whose mail has one logo.
class CommonPartsTest : public LocalityTest {
 protected:
  std::string mail_with_logo(unsigned number) const {
    const auto attachment = [](unsigned seed, std::size_t lines) {
      return "--b\r\nContent-Type: application/octet-stream\r\n"
             "Content-Transfer-Encoding: base64\r\n\r\n" +
             base64_lines(seed, lines) + "\r\n";
    };
    constexpr std::size_t kLinesOfLogo = 40;
    return "Subject: " + std::to_string(number) +
           "\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" +
           attachment(number, kLines) + attachment(0, kLinesOfLogo) + "--b--\r\n";
  }

  void receive_with_logo(Writer& writer) {
    ++uid_;
    for (std::size_t i = 0; i < accounts_.size(); ++i) {
      const StoredMessage stored = add_message(writer, mail_with_logo(++number_), accounts_[i]);
      drafts_[i].put(entry_of(uid_, stored), stored.digest);
    }
  }
};

TEST_F(CommonPartsTest, LieOutsideTheMailOfEachAccount) {
  {
    Writer writer = open_writer();
    for (std::uint32_t i = 0; i < kMessages; ++i) receive_with_logo(writer);
    end_night(writer);
  }
  for (const std::string& account : accounts_) EXPECT_LE(bytes_read_for(account), 130U) << account;
  prune(location_, files_, clock_, {.grace = std::chrono::hours(24)});
  for (const std::string& account : accounts_) EXPECT_LE(bytes_read_for(account), 130U) << account;
}

// Accounts that were backed up in nights of their own, each with the logo in the first one's mail.
TEST_F(CommonPartsTest, AreSeparatedByPrune) {
  {
    Writer writer = open_writer();
    receive_with_logo(writer);
    end_night(writer);
    for (std::uint32_t i = 1; i < kMessages; ++i) {
      receive_with_logo(writer);
      end_night(writer);
    }
  }
  prune(location_, files_, clock_, {.grace = std::chrono::hours(24)});
  for (const std::string& account : accounts_) EXPECT_LE(bytes_read_for(account), 130U) << account;
}

}  // namespace
}  // namespace store
