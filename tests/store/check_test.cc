#include "store/check.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "store/layout.h"
#include "store/tree_record.h"
#include "tests/store/simulated_file_system.h"
#include "tests/store/store_fixture.h"
#include "tests/temporary_folder.h"

namespace store {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

namespace fs = std::filesystem;

bool is_long_run() {
  return std::getenv("MAILSTOW_TEST_LONG") != nullptr;
}

// Two accounts in two packs, a tree record, a passphrase beside the key file.
class CheckTest : public testing::Test {
 protected:
  CheckTest() {
    location_ = {.store = "/simulated/store",
                 .index = folder_.path() / "index",
                 .key_file = "/simulated/store.key"};
    init(location_, files_, clock_);
    Writer writer = Writer::open(location_, files_, clock_);
    back_up(writer, "alice", 1);
    first_pack_ = files_.files_below(packs_folder(location_)).begin()->first;
    back_up(writer, "bob", 2);
    TreeRecord record;
    record.id = TreeRecords::new_id();
    record.account = "alice";
    TreeRecords::open(location_, files_).put(record);
  }

  void back_up(Writer& writer, const std::string& account, unsigned messages) {
    FolderDraft draft(folder_named("INBOX"));
    for (unsigned uid = 1; uid <= messages; ++uid) {
      const StoredMessage stored = add_message(writer, text_of(account, uid));
      draft.put(entry_of(uid, stored, {account}), stored.digest);
      ids_[account].push_back(stored.id);
    }
    SnapshotDraft snapshot;
    snapshot.account = account;
    snapshot.folders = {writer.seal(draft)};
    writer.add_snapshot(snapshot);
    writer.commit();
  }

  // Small, so that every byte can have its turn.
  static std::string text_of(const std::string& account, unsigned number) {
    return "Subject: " + account + std::to_string(number) + "\r\n\r\n" +
           random_text(number + static_cast<unsigned>(account.size()) * 100, 2'500);
  }

  CheckReport check_all(CheckDepth depth = CheckDepth::kReadData) {
    CheckOptions options;
    options.depth = depth;
    options.threads = 1;
    return check(location_, files_, options);
  }

  std::string restored(Reader& reader, const std::string& account) {
    std::string all;
    for (const FolderRecord& folder : reader.folders(reader.newest_snapshot(account).value())) {
      reader.for_each_message(folder, [&](const MessageEntry& entry) {
        all += base::as_text(reader.read_message(entry.message));
      });
    }
    return all;
  }

  tests::TemporaryFolder folder_;
  Location location_;
  TestClock clock_;
  tests::SimulatedFileSystem files_;
  base::Path first_pack_;
  std::map<std::string, std::vector<MessageId>> ids_;
};

TEST_F(CheckTest, AnIntactStoreIsIntact) {
  for (const CheckDepth depth : {CheckDepth::kQuick, CheckDepth::kReadData}) {
    const CheckReport report = check_all(depth);
    EXPECT_THAT(report.damage, IsEmpty());
    EXPECT_TRUE(report.is_intact());
    EXPECT_EQ(2U, report.packs);
    EXPECT_EQ(2U, report.commits);
    EXPECT_EQ(2U, report.snapshots);
    EXPECT_EQ(3U, report.messages);
  }
}

TEST_F(CheckTest, ItWorksBesideAWriterAndOnSeveralThreads) {
  Writer writer = Writer::open(location_, files_, clock_);
  CheckOptions options;
  options.depth = CheckDepth::kReadData;
  options.threads = 4;
  std::uint64_t done = 0;
  options.progress = [&](const CheckProgress& progress) {
    EXPECT_GT(progress.done_bytes, done);
    done = progress.done_bytes;
  };
  const CheckReport report = check(location_, files_, options);
  EXPECT_TRUE(report.is_intact());
  EXPECT_EQ(report.pack_bytes, done);
}

TEST_F(CheckTest, EveryFlippedByteAndEveryTruncationIsFoundAndConfined) {
  const std::map<base::Path, base::Bytes> good = files_.files_below(location_.store);
  std::size_t cases = 0;
  for (const auto& [path, bytes] : good) {
    if (path.filename() == "lock") continue;
    const std::size_t step = is_long_run() ? 1 : 41;
    for (std::size_t at = 0; at < 2 * bytes.size(); at += step) {
      ++cases;
      base::Bytes bad = bytes;
      if (at < bytes.size()) {
        bad[at] ^= std::byte{1};
      } else {
        bad.resize(at - bytes.size());
      }
      files_.overwrite(path, bad);
      const CheckReport report = check_all();
      ASSERT_FALSE(report.is_intact()) << path << " " << at;
      EXPECT_THAT(report.damage, Contains(HasSubstr(path.filename().string().substr(0, 16))))
          << path << " " << at;
      // The other account is as it was.
      const std::string other = path == first_pack_ ? "bob" : "alice";
      Reader reader = Reader::open(location_, files_);
      std::string expected;
      for (unsigned uid = 1; uid <= ids_[other].size(); ++uid) expected += text_of(other, uid);
      EXPECT_EQ(expected, restored(reader, other)) << path << " " << at;
    }
    files_.overwrite(path, bytes);
  }
  EXPECT_GT(cases, 100U);
  EXPECT_TRUE(check_all().is_intact());
}

TEST_F(CheckTest, AFlipInTheIndexIsFoundOrChangesNoAnswer) {
  const base::Path path = index_file(location_);
  const std::string good = base::to_text(
      base::read_file(base::real_file_system(), path, std::uint64_t{1} << 30).value());
  const auto answers = [&] {
    Reader reader = Reader::open(location_, files_);
    std::string all;
    for (const std::string& account : reader.accounts()) {
      for (const SnapshotInfo& snapshot : reader.snapshots(account)) {
        all += snapshot.id.hex() + account + std::to_string(snapshot.messages) +
               std::to_string(snapshot.time.time_since_epoch().count());
      }
      all += restored(reader, account);
    }
    return all;
  };
  const std::string expected = answers();
  std::size_t undetected = 0;
  const std::size_t step = is_long_run() ? 7 : 211;
  for (std::size_t at = 0; at < good.size(); at += step) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x10);
    fs::remove(path.string() + "-wal");
    fs::remove(path.string() + "-shm");
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bad;
    try {
      if (!check_all(CheckDepth::kQuick).is_intact()) continue;
    } catch (const base::Error&) {
      continue;
    }
    ++undetected;
    EXPECT_EQ(expected, answers()) << at;
  }
  EXPECT_GT(undetected, 0U);  // most of the file is empty pages
}

TEST_F(CheckTest, AMissingPackAndWhatItHeldAreNamed) {
  files_.lose(first_pack_);
  for (const CheckDepth depth : {CheckDepth::kQuick, CheckDepth::kReadData}) {
    const CheckReport report = check_all(depth);
    EXPECT_THAT(report.damage, Contains(HasSubstr(first_pack_.filename().string())));
  }
}

TEST_F(CheckTest, ADamagedMessageIsNamedWithItsPlaces) {
  // The block of texts or the one of records: whichever, alice's message can't be rebuilt.
  base::Bytes bytes = files_.files_below(packs_folder(location_))[first_pack_];
  bytes[150] ^= std::byte{1};
  files_.overwrite(first_pack_, bytes);
  const CheckReport report = check_all();
  ASSERT_THAT(report.damaged_messages, SizeIs(1));
  EXPECT_EQ(ids_["alice"][0], report.damaged_messages[0].id);
  EXPECT_THAT(report.damaged_messages[0].places,
              ElementsAre(MessagePlace{
                  .account = "alice", .raw_folder = "INBOX", .uid = {1}, .delimiter = '/'}));
}

TEST_F(CheckTest, AnOlderStateIsFound) {
  const std::unique_ptr<tests::SimulatedFileSystem> yesterday = files_.copy();
  fs::copy(location_.index, folder_.path() / "yesterday", fs::copy_options::recursive);
  {
    Writer writer = Writer::open(location_, files_, clock_);
    back_up(writer, "carol", 1);
  }
  const base::Bytes highest =
      base::read_file(files_, highest_commit_file(location_), 1'000).value();
  fs::remove_all(location_.index);
  fs::rename(folder_.path() / "yesterday", location_.index);
  yesterday->overwrite(highest_commit_file(location_), highest);
  const CheckReport report = check(location_, *yesterday, {});
  EXPECT_THAT(report.damage,
              ElementsAre(HasSubstr("commit 3 was made in the store, but the newest")));
}

TEST_F(CheckTest, WhatAnEarlierCheckReadCanBeSkipped) {
  base::Bytes bytes = files_.files_below(packs_folder(location_))[first_pack_];
  bytes[150] ^= std::byte{1};
  files_.overwrite(first_pack_, bytes);
  CheckOptions options;
  options.depth = CheckDepth::kReadData;
  options.skip = {Sha256{ObjectId::from_hex(first_pack_.filename().string())->bytes}};
  EXPECT_TRUE(check(location_, files_, options).is_intact());
}

}  // namespace
}  // namespace store
