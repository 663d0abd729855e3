// FIFOs, links and directories in the place of the store's files: a process that can write to the
// store, but lacks its key, neither blocks mailstow nor leads it elsewhere.
#include <filesystem>
#include <functional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "store/format/layout.h"
#include "store/format/owner_record.h"
#include "store/index/reader_lock.h"
#include "store/keys/key_export.h"
#include "store/keys/key_ring.h"
#include "store/keys/key_slot.h"
#include "store/maintenance/check.h"
#include "store/maintenance/prune.h"
#include "store/maintenance/repair.h"
#include "store/tree_record.h"
#include "tests/expect_error.h"
#include "tests/store/store_fixture.h"

namespace store {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

namespace fs = std::filesystem;

struct ForeignKind {
  std::string name;
  std::function<void(const base::Path&)> make;
};

class ForeignFilesTest : public StoreFixture, public testing::WithParamInterface<ForeignKind> {
 protected:
  ForeignFilesTest() {
    make_store();
    Writer writer = open_writer();
    add_snapshot(writer, "alice", {add_folder(writer, "INBOX", samples(0, 2))});
    writer.commit();
  }

  void put(const base::Path& path) {
    fs::remove(path);
    GetParam().make(path);
  }

  std::vector<std::string> restored() {
    Reader reader = open_reader();
    return restore(reader, "alice", "INBOX");
  }
};

TEST_P(ForeignFilesTest, AForeignFileAmongThePacksIsReportedAndTheOthersAreUsed) {
  put(packs_directory(location_) / std::string(64, 'f'));
  put(packs_directory(location_) / "notes");
  {
    Writer writer = open_writer();
    EXPECT_THAT(writer.damage(), Contains(HasSubstr(std::string(64, 'f'))));
    add_snapshot(writer, "alice", {add_folder(writer, "INBOX", samples(0, 3))});
    writer.commit();
  }
  EXPECT_EQ(samples(0, 3), restored());
  EXPECT_ERROR(kDamaged, "run mailstow-backupd check", prune(location_, files_, clock_, {}));
  EXPECT_TRUE(repair(location_, files_, clock_, {}).after.is_intact());
  EXPECT_NO_THROW(prune(location_, files_, clock_, {}));
  EXPECT_EQ(samples(0, 3), restored());
}

TEST_P(ForeignFilesTest, ThePlaceOfAPackIsReportedAndRepaired) {
  put(packs().front());
  EXPECT_ERROR(kDamaged, packs().front().filename().string(), restored());
  CheckOptions options;
  options.depth = CheckDepth::kReadData;
  EXPECT_THAT(check(location_, files_, options).damage,
              Contains(HasSubstr(packs().front().filename().string())));
  // The file is out of the way; the snapshot was in that pack only, and is still named.
  EXPECT_THAT(repair(location_, files_, clock_, {}).after.damage,
              ElementsAre(HasSubstr("read snapshot root")));
}

TEST_P(ForeignFilesTest, AForeignFileAmongTheTreeRecordsIsDamagedAndTheOthersAreListed) {
  TreeRecord record;
  record.id = TreeRecords::new_id();
  TreeRecords records = TreeRecords::open(location_, files_);
  records.put(record);
  const std::string id(32, 'f');
  put(trees_directory(location_) / id);
  const TreeRecords::Listing listing = records.list();
  EXPECT_THAT(listing.records, SizeIs(1));
  EXPECT_THAT(listing.damaged_files, ElementsAre(id));
  EXPECT_ERROR(kDamaged, id, records.find(id));
}

TEST_P(ForeignFilesTest, AForeignFileInThePlaceOfTheNextCommitRecordIsReportedAndRepaired) {
  const base::Path next = commits_directory(location_) / numbered_key(2);
  put(next);
  put(commits_directory(location_) / "notes");
  EXPECT_EQ(samples(0, 2), restored());
  EXPECT_THAT(check(location_, files_, {}).damage, ElementsAre(HasSubstr(next.string())));
  {
    Writer writer = open_writer();
    EXPECT_THAT(writer.damage(), ElementsAre(HasSubstr(next.string())));
    add_snapshot(writer, "alice", {add_folder(writer, "INBOX", samples(0, 3))});
    EXPECT_ERROR(kDamaged, next.string(), writer.commit());
  }
  if (GetParam().name == "Directory") return;  // an administrator has to remove it
  EXPECT_TRUE(repair(location_, files_, clock_, {}).after.is_intact());
  EXPECT_THAT(open_writer().damage(), IsEmpty());
  EXPECT_EQ(samples(0, 3), restored()) << "its pack is there";
}

TEST_P(ForeignFilesTest, AForeignFileAmongTheOwnerRecordsIsReportedAndRepaired) {
  for (const std::uint64_t epoch : {2U, 7U}) put(owner_directory(location_) / numbered_key(epoch));
  EXPECT_THAT(open_writer().damage(), IsEmpty());
  EXPECT_EQ(samples(0, 2), restored());
  EXPECT_THAT(check(location_, files_, {}).damage, SizeIs(2));
  if (GetParam().name == "Directory") return;
  EXPECT_TRUE(repair(location_, files_, clock_, {}).after.is_intact());
}

TEST_P(ForeignFilesTest, AForeignFileAsTheIdentityOfTheHostIsReplaced) {
  if (GetParam().name == "Directory") return;  // no file can replace it
  put(host_identity_file(location_));
  EXPECT_THAT(open_writer().damage(), IsEmpty());
  EXPECT_TRUE(fs::is_regular_file(fs::symlink_status(host_identity_file(location_))));
}

TEST_P(ForeignFilesTest, AForeignFileAmongTheKeySlotsIsDamagedAndTheOthersOpenTheStore) {
  put(keys_directory(location_) / (std::string(16, '0') + ".1"));
  EXPECT_EQ(samples(0, 2), restored());
  add_passphrase(location_, files_, clock_, base::Secret("correct horse"));
  fs::remove(location_.key_file);
  EXPECT_NO_THROW(replace_key_file(location_, files_, clock_, base::Secret("correct horse")));
  EXPECT_THAT(read_slots(*storage_of(location_, files_)).damaged_files, SizeIs(1));
  EXPECT_TRUE(repair(location_, files_, clock_, {}).after.is_intact());
}

TEST_P(ForeignFilesTest, AnExportedKeyIsProvedByThePacksThatCanBeRead) {
  const base::Secret exported = export_key(location_, files_);
  put(packs_directory(location_) / std::string(64, '0'));
  fs::remove(location_.key_file);
  for (const auto& slot : fs::directory_iterator(keys_directory(location_))) fs::remove(slot);
  replace_key_file_from_export(location_, files_, clock_, base::as_bytes(exported.reveal()));
  EXPECT_EQ(samples(0, 2), restored());
}

TEST_P(ForeignFilesTest, TheLockOfTheStoreFailsWithAClearError) {
  put(lock_file(location_));
  EXPECT_ERROR(kDamaged, "open lock", open_writer());
  EXPECT_EQ(samples(0, 2), restored());
}

TEST_P(ForeignFilesTest, TheLockOfAReaderKeepsNothing) {
  for (const std::string number : {"0", "1", "2"}) put(readers_directory(location_) / number);
  EXPECT_EQ(samples(0, 2), restored());
  EXPECT_EQ(UINT64_MAX, oldest_reader(location_, files_));
}

TEST_P(ForeignFilesTest, TheMarksOfTheNewestCommitFailWithAClearError) {
  put(highest_commit_file(location_));
  EXPECT_ERROR(kDamaged, highest_commit_file(location_).string(), open_writer());
}

TEST_P(ForeignFilesTest, AForeignFileAsIndexFailsWithAClearError) {
  for (const base::Path& file : {index_file(location_), search_index_file(location_)}) {
    for (const char* suffix : {"", "-wal", "-shm"}) fs::remove(file.string() + suffix);
  }
  if (GetParam().name == "LinkToAFile") return;  // an administrator may keep the index elsewhere
  put(index_file(location_));
  EXPECT_ERROR(kDamaged, "open index", open_reader());
  EXPECT_ERROR(kDamaged, "open index", open_writer());
}

TEST_P(ForeignFilesTest, AForeignFileAsKeyFileFailsWithAClearError) {
  const base::Path real = directory_ / "real.key";
  fs::rename(location_.key_file, real);
  if (GetParam().name == "LinkToAFile") {
    fs::create_symlink(real, location_.key_file);
    EXPECT_EQ(samples(0, 2), restored());
    EXPECT_NO_THROW(open_writer());
    return;
  }
  put(location_.key_file);
  EXPECT_ERROR(kKey, location_.key_file.string(), open_reader());
}

INSTANTIATE_TEST_SUITE_P(
    , ForeignFilesTest,
    testing::Values(
        ForeignKind{"Fifo",
                    [](const base::Path& path) { ASSERT_EQ(0, ::mkfifo(path.c_str(), 0600)); }},
        ForeignKind{"LinkToADevice",
                    [](const base::Path& path) { fs::create_symlink("/dev/zero", path); }},
        ForeignKind{"LinkToAFile",
                    [](const base::Path& path) { fs::create_symlink("/etc/passwd", path); }},
        ForeignKind{"Directory", [](const base::Path& path) { fs::create_directory(path); }}),
    [](const testing::TestParamInfo<ForeignKind>& each) { return each.param.name; });

}  // namespace
}  // namespace store
