// Reading one of several accounts that were backed up together reads little of the others.
#include <gtest/gtest.h>

#include "store/format/layout.h"
#include "tests/store/counting_file_system.h"
#include "tests/store/store_fixture.h"

namespace store {
namespace {

constexpr std::size_t kLines = 4'000;  // of an attachment
constexpr std::uint32_t kMessages = 12;

class LocalityTest : public StoreFixture {
 protected:
  static std::string mail(unsigned number) {
    return "Subject: " + std::to_string(number) +
           "\r\nMIME-Version: 1.0\r\nContent-Type: application/octet-stream\r\n"
           "Content-Transfer-Encoding: base64\r\n\r\n" +
           base64_lines(number, kLines);
  }

  // Turn by turn, as messages arrive from several servers.
  void back_up_together(const std::vector<std::string>& accounts) {
    Writer writer = open_writer();
    std::vector<FolderDraft> drafts;
    for (std::size_t i = 0; i < accounts.size(); ++i) drafts.emplace_back(folder_named("INBOX"));
    unsigned number = 0;
    for (std::uint32_t uid = 1; uid <= kMessages; ++uid) {
      for (std::size_t i = 0; i < accounts.size(); ++i) {
        IncomingMessage message = writer.begin_message();
        message.add(base::as_bytes(mail(++number)));
        const StoredMessage stored = writer.add(message, VerifyExisting::kNo, accounts[i]);
        drafts[i].put(entry_of(uid, stored), stored.digest);
      }
    }
    for (std::size_t i = 0; i < accounts.size(); ++i) {
      add_snapshot(writer, accounts[i], {writer.seal(drafts[i])});
    }
    writer.commit();
  }
};

TEST_F(LocalityTest, OneOfFourAccountsReadsItsShare) {
  make_store();
  const std::vector<std::string> accounts{"alice", "bob", "carol", "dave"};
  back_up_together(accounts);
  for (const std::string& account : accounts) {
    tests::CountingFileSystem files;
    Reader reader = Reader::open(location_, files);
    const std::vector<std::string> messages = restore(reader, account, "INBOX");
    EXPECT_EQ(kMessages, messages.size());
    for (const std::string& message : messages) EXPECT_TRUE(message.starts_with("Subject: "));
    const std::uint64_t share = reader.size().pack_bytes / accounts.size();
    EXPECT_GE(share, kMessages * kLines * 57);
    // At most 1.3 times its share.
    EXPECT_LE(files.bytes_read_below(packs_directory(location_)), share / 10 * 13) << account;
  }
}

}  // namespace
}  // namespace store
