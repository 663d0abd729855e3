// Opening a store: the requirements, and directories that are not as the store left them.
#include <algorithm>
#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/atomic_file.h"
#include "store/format/layout.h"
#include "store/maintenance/check.h"
#include "tests/expect_error.h"
#include "tests/store/simulated_file_system.h"
#include "tests/store/store_fixture.h"

namespace store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class StoreOpeningTest : public StoreFixture {
 protected:
  StoreOpeningTest() { make_store(); }
};

TEST_F(StoreOpeningTest, StoreIndexAndKeyArePrivateToTheOwner) {
  {
    Writer writer = open_writer();
    add_snapshot(writer, "alice", {add_folder(writer, "INBOX", samples(0, 2))});
    writer.commit();
  }
  for (const base::Path& directory : {location_.store, location_.index}) {
    EXPECT_EQ(0700, static_cast<int>(std::filesystem::status(directory).permissions()))
        << directory;
  }
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory_)) {
    const int mode = static_cast<int>(entry.status().permissions());
    EXPECT_EQ(0, mode & (entry.is_directory() ? 022 : 077)) << entry.path();
  }
}

TEST_F(StoreOpeningTest, AWriterStopsBeforeTheDiskIsFull) {
  tests::SimulatedFileSystem disk;
  location_ = {.store = "/simulated/store",
               .index = directory_ / "other-index",
               .key_file = "/simulated/store.key",
               .keep_free = 1'000'000};
  init(location_, disk, clock_);
  {
    Writer writer = Writer::open(location_, disk, clock_);
    add_snapshot(writer, "alice", {add_folder(writer, "INBOX", {"first"})});
    writer.commit();
    disk.set_free_space(999'999);
    EXPECT_FALSE(add_message(writer, "first").is_new) << "work that needs no room continues";
    EXPECT_ERROR(kNoSpace, "store.keep_free_mb", add_message(writer, "second"));
  }
  EXPECT_ERROR(kNoSpace, "store.keep_free_mb", Writer::open(location_, disk, clock_));
  Reader reader = Reader::open(location_, disk);
  EXPECT_EQ(restore(reader, "alice", "INBOX"), std::vector<std::string>{"first"});
}

TEST_F(StoreOpeningTest, AMessageThatArrivesStopsBeforeTheDiskIsFull) {
  tests::SimulatedFileSystem disk;
  constexpr std::uint64_t kMoreThanAnyDisk = 1'000'000'000'000'000'000;
  disk.set_free_space(2 * kMoreThanAnyDisk);
  location_ = {.store = "/simulated/store",
               .index = directory_ / "other-index",
               .key_file = "/simulated/store.key",
               .keep_free = kMoreThanAnyDisk};
  init(location_, disk, clock_);
  Writer writer = Writer::open(location_, disk, clock_);
  IncomingMessage message = writer.begin_message();
  message.add(base::Bytes(IncomingMessage::kMaxInMemory));
  EXPECT_ERROR(kNoSpace, "store.keep_free_mb", message.add(base::Bytes(1)));
  message.clear();
  message.add(base::as_bytes("a short one"));
  EXPECT_TRUE(writer.add(message).is_new);
}

TEST_F(StoreOpeningTest, ASecondWriterIsRejected) {
  const Writer writer = open_writer();
  EXPECT_ERROR(kBusy, "wait until it is done", open_writer());
}

TEST_F(StoreOpeningTest, InitRejectsAnExistingStore) {
  EXPECT_ERROR(kUsage, "a store already exists there", make_store());
}

TEST_F(StoreOpeningTest, AStoreDoesNotOpenWithoutItsKey) {
  const base::Path away = directory_ / "away.key";
  std::filesystem::rename(location_.key_file, away);
  EXPECT_ERROR(kKey, "not found", open_reader());

  Location other{.store = directory_ / "other",
                 .index = directory_ / "other-index",
                 .key_file = location_.key_file};
  init(other, files_, clock_);
  EXPECT_ERROR(kKey, "is not a key of this store", open_writer());
}

TEST_F(StoreOpeningTest, ADirectoryWithoutAStoreIsNotFound) {
  const Location nowhere{
      .store = directory_ / "nowhere", .index = location_.index, .key_file = location_.key_file};
  EXPECT_ERROR(kNotFound, "mailstow-backupd init", Reader::open(nowhere, files_));
}

TEST_F(StoreOpeningTest, TheIndexIsRebuiltFromThePacks) {
  {
    Writer writer = open_writer();
    add_snapshot(writer, "alice", {add_folder(writer, "INBOX", samples(0, 30))});
    writer.commit();
    add_snapshot(writer, "alice", {add_folder(writer, "INBOX", samples(10, 30))});
    writer.commit();
  }
  std::filesystem::remove_all(location_.index);
  EXPECT_ERROR(kNotFound, "mailstow-backupd reindex", open_reader());
  open_writer();
  Reader reader = open_reader();
  EXPECT_THAT(reader.snapshots("alice"), SizeIs(2));
  EXPECT_EQ(samples(10, 30), restore(reader, "alice", "INBOX"));
}

TEST_F(StoreOpeningTest, AnOlderStateOfTheStoreIsRejected) {
  {
    Writer writer = open_writer();
    add_snapshot(writer, "alice", {add_folder(writer, "INBOX", samples(0, 3))});
    writer.commit();
  }
  std::filesystem::copy(location_.store, directory_ / "yesterday",
                        std::filesystem::copy_options::recursive);
  {
    Writer writer = open_writer();
    add_snapshot(writer, "alice", {add_folder(writer, "INBOX", samples(3, 3))});
    writer.commit();
  }
  std::filesystem::remove_all(location_.store);
  std::filesystem::rename(directory_ / "yesterday", location_.store);
  EXPECT_ERROR(kDamaged, "commit 2 was made in it, but the newest that can be found is 1",
               open_writer());
}

TEST_F(StoreOpeningTest, AReaderWarnsOnceOfAnOlderState) {
  const auto back_up = [&](unsigned first) {
    Writer writer = open_writer();
    add_snapshot(writer, "alice", {add_folder(writer, "INBOX", samples(first, 3))});
    writer.commit();
  };
  const auto warnings = [&] {
    testing::internal::CaptureStderr();
    EXPECT_EQ(1U, open_reader().snapshots("alice").size());
    open_reader();
    return testing::internal::GetCapturedStderr();
  };
  back_up(0);
  EXPECT_EQ(warnings(), "");
  for (const base::Path& directory : {location_.store, location_.index}) {
    std::filesystem::copy(directory, directory.string() + ".yesterday",
                          std::filesystem::copy_options::recursive);
  }
  back_up(3);
  for (const base::Path& directory : {location_.store, location_.index}) {
    std::filesystem::remove_all(directory);
    std::filesystem::rename(directory.string() + ".yesterday", directory);
  }
  const std::string told = warnings();
  EXPECT_THAT(told, HasSubstr("commit 2 was made in it, but the newest that can be found is 1"));
  EXPECT_EQ(1, std::ranges::count(told, '\n')) << told;
  EXPECT_ERROR(kDamaged, "commit 2 was made in it", open_writer());
}

TEST_F(StoreOpeningTest, AnUnreadableMarkStopsNoReader) {
  base::write_file(files_, highest_commit_file(location_), base::as_bytes("rubbish\n"),
                   base::OnExisting::kReplace);
  testing::internal::CaptureStderr();
  EXPECT_NO_THROW(open_reader());
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("it is not what was written"));
}

TEST_F(StoreOpeningTest, ContentOfAMissingPackIsStoredAgain) {
  base::Path first;
  {
    Writer writer = open_writer();
    add_message(writer, sample_message(1));
    writer.commit();
    first = packs().at(0);
    add_snapshot(writer, "alice", {add_folder(writer, "INBOX", samples(2, 3))});
    writer.commit();
  }
  std::filesystem::remove(first);
  Writer writer = open_writer();
  ASSERT_THAT(writer.damage(), SizeIs(1));
  EXPECT_THAT(writer.damage()[0], HasSubstr("it is missing"));
  EXPECT_TRUE(add_message(writer, sample_message(1)).is_new);
  EXPECT_FALSE(add_message(writer, sample_message(2)).is_new);
}

TEST_F(StoreOpeningTest, AReaderReportsPacksThatTheIndexDoesNotKnow) {
  MessageId message;
  {
    Writer writer = open_writer();
    message = add_message(writer, sample_message(1)).id;
    writer.commit();
  }
  const base::Path pack = packs().at(0);
  {
    Writer writer = open_writer();
    add_snapshot(writer, "alice", {add_folder(writer, "INBOX", samples(2, 3))});
    writer.commit();
  }
  std::filesystem::rename(pack, directory_ / "aside");
  EXPECT_THAT(open_writer().damage(), SizeIs(1));
  std::filesystem::rename(directory_ / "aside", pack);
  std::filesystem::last_write_time(pack,
                                   std::filesystem::last_write_time(pack) - std::chrono::hours(1));

  testing::internal::CaptureStderr();
  Reader reader = open_reader();
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              testing::AllOf(HasSubstr("1 pack there is not in the index"),
                             HasSubstr("mailstow-backupd reindex")));
  EXPECT_ERROR(kNotFound, "mailstow-backupd reindex", reader.read_message(message));
  EXPECT_THAT(check(location_, files_, {}).damage,
              testing::Contains(HasSubstr("the index does not know it")));
  EXPECT_THAT(open_writer().damage(), testing::IsEmpty());
  EXPECT_TRUE(reader.contains(message));
  EXPECT_TRUE(check(location_, files_, {}).is_intact());
}

TEST_F(StoreOpeningTest, LeftoversOfACrashAreRemoved) {
  const base::Path leftover = location_.store / "packs" / ".mailstow-1-0.tmp";
  files_.create(leftover)->write(base::as_bytes("half a pack"));
  open_writer();
  EXPECT_FALSE(std::filesystem::exists(leftover));
}

}  // namespace
}  // namespace store
