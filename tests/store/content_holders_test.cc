#include "store/content_holders.h"

#include <filesystem>

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/bytes.h"
#include "store/format/crypto.h"
#include "store/format/layout.h"
#include "tests/store/counting_file_system.h"
#include "tests/store/store_fixture.h"

namespace store {
namespace {

using testing::ElementsAre;

class ContentHoldersTest : public StoreFixture {
 protected:
  ContentHoldersTest() { make_store(); }

  static std::string text_of(std::uint32_t number) {
    return fmt::format("Subject: {}\r\n\r\nbody\r\n", number);
  }

  static Sha256 digest_of(std::uint32_t number) { return sha256(base::as_bytes(text_of(number))); }

  static void put(Writer& writer, FolderDraft& draft, std::uint32_t uid, std::uint32_t number) {
    const StoredMessage stored = add_message(writer, text_of(number));
    draft.put(entry_of(uid, stored), stored.digest);
  }

  // "INBOX 3 7", for each folder the numbers of those messages that it has.
  std::vector<std::string> holders(const SnapshotInfo& snapshot,
                                   const std::vector<std::uint32_t>& numbers) {
    std::set<Sha256> digests;
    for (const std::uint32_t number : numbers) digests.insert(digest_of(number));
    Reader reader = open_reader();
    std::vector<std::string> lines;
    for_each_holder(reader, snapshot, digests, [&](const FolderRecord& folder, const auto& held) {
      lines.push_back(folder.info.raw_name);
      for (const std::uint32_t number : numbers) {
        if (held.contains(digest_of(number))) lines.back() += " " + std::to_string(number);
      }
    });
    return lines;
  }

  // The packs that `read` reads.
  template <typename Read>
  std::set<base::Path> packs_read(Read read) {
    tests::CountingFileSystem counting;
    Reader reader = Reader::open(location_, counting);
    counting.forget();
    read(reader);
    std::set<base::Path> packs;
    for (const auto& [path, reads] : counting.reads()) {
      if (path.parent_path() == packs_directory(location_)) packs.insert(path);
    }
    return packs;
  }

  std::set<base::Path> packs_read_for(const SnapshotInfo& snapshot, std::uint32_t number) {
    return packs_read([&](Reader& reader) {
      for_each_holder(reader, snapshot, {digest_of(number)}, [](const auto&, const auto&) {});
    });
  }
};

TEST_F(ContentHoldersTest, ReportsTheMessagesOfEachFolder) {
  Writer writer = open_writer();
  const SnapshotInfo snapshot =
      add_snapshot(writer, "alice",
                   {add_folder(writer, "INBOX", {text_of(1), text_of(2), text_of(1)}),
                    add_folder(writer, "Empty", {}), add_folder(writer, "Work", {text_of(2)})});
  add_snapshot(writer, "bob", {add_folder(writer, "Private", {text_of(3)})});
  writer.commit();
  EXPECT_THAT(holders(snapshot, {1, 2, 3}), ElementsAre("INBOX 1 2", "Empty", "Work 2"));
  EXPECT_THAT(holders(snapshot, {2}), ElementsAre("INBOX 2", "Empty", "Work 2"));
  EXPECT_THAT(holders(snapshot, {}), ElementsAre("INBOX", "Empty", "Work"));
}

TEST_F(ContentHoldersTest, ReadsNoFlagsAndNoMoreOfAFolderThanItNeeds) {
  constexpr std::uint32_t kFar = 1'000'000;
  constexpr std::uint32_t kNowhere = 7'777;
  const auto commit = [&](Writer& writer, FolderDraft& draft) {
    const FolderRecord record = writer.seal(draft);
    const SnapshotInfo snapshot = add_snapshot(writer, "alice", {record});
    writer.commit();
    return std::pair(snapshot, record);
  };
  Writer writer = open_writer();
  FolderDraft first(writer.reader(), folder_named("INBOX"));
  for (std::uint32_t uid = 1; uid <= 100; ++uid) put(writer, first, uid, uid);
  const FolderRecord near = commit(writer, first).second;
  // The leaves of the other end, and then their flags, are in packs of their own.
  FolderDraft second(writer.reader(), near);
  for (std::uint32_t uid = kFar; uid < kFar + 10; ++uid) put(writer, second, uid, uid);
  const FolderRecord with_far = commit(writer, second).second;
  FolderDraft third(writer.reader(), with_far);
  third.set_state(base::Uid{kFar}, {"\\Flagged"}, 5);
  const FolderRecord flagged = commit(writer, third).second;
  FolderDraft fourth(writer.reader(), flagged);
  put(writer, fourth, 101, 101);
  const auto [snapshot, record] = commit(writer, fourth);

  const std::set<base::Path> all = packs_read([&, of = record](Reader& reader) {
    reader.for_each_message(of, [](const MessageEntry&) {});
  });
  EXPECT_EQ(packs_read_for(snapshot, kNowhere).size(), 1U) << "the search index knows all leaves";
  EXPECT_EQ(packs_read_for(snapshot, 1).size(), 2U) << "it names the leaf to read";
  std::filesystem::remove(search_index_file(location_));
  const std::set<base::Path> for_nothing = packs_read_for(snapshot, kNowhere);
  EXPECT_LT(for_nothing.size(), all.size()) << "without the flags of the far end";
  EXPECT_LT(packs_read_for(snapshot, 1).size(), for_nothing.size()) << "without the far end";
}

}  // namespace
}  // namespace store
