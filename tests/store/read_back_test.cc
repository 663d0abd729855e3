// A writer can read back whatever it has sealed, before it is committed and however much it is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/store/store_fixture.h"

namespace store {
namespace {

class ReadBackTest : public StoreFixture {
 protected:
  ReadBackTest() { make_store(); }

  // Together far more than a writer keeps in memory.
  static constexpr unsigned kFolders = 250;
  static constexpr std::size_t kValue = 50'000;

  static FolderInfo info(unsigned number) {
    FolderInfo info = folder_named("folder " + std::to_string(number));
    info.properties = {{.name = "/private/comment", .value = random_text(number, kValue)}};
    return info;
  }
};

TEST_F(ReadBackTest, SealedFoldersAreReadBeforeTheCommit) {
  Writer writer = open_writer();
  std::vector<FolderRecord> folders;
  for (unsigned number = 0; number < kFolders; ++number) {
    FolderDraft draft(info(number));
    const std::string text = sample_message(number % 10);
    const StoredMessage stored = add_message(writer, text);
    draft.put(entry_of(1, stored), stored.digest);
    folders.push_back(writer.seal(draft));
  }
  for (unsigned number = 0; number < kFolders; ++number) {
    // The next round of a pass does the same, and so does a pass whose connection was lost.
    FolderDraft again(writer.reader(), folders[number]);
    unsigned messages = 0;
    again.for_each([&](const MessageEntry&) { ++messages; });
    ASSERT_EQ(messages, 1U) << number;
    ASSERT_EQ(writer.reader().folder(folders[number].id).info.properties, info(number).properties);
  }
  EXPECT_TRUE(writer.reader().accounts().empty()) << "nothing was committed";
  add_snapshot(writer, "alice", folders);
  writer.commit();
  EXPECT_EQ(open_reader().folders(open_reader().newest_snapshot("alice").value()).size(), kFolders);
}

}  // namespace
}  // namespace store
