// What a newer version of mailstow wrote is refused with a clear message, whatever it is, and
// stays as it is.
#include <algorithm>
#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/atomic_file.h"
#include "store/format/encoding.h"
#include "store/format/layout.h"
#include "store/format/owner_record.h"
#include "store/index/sqlite.h"
#include "store/keys/key_slot.h"
#include "store/maintenance/reindex.h"
#include "store/maintenance/repair.h"
#include "store/sealed_records.h"
#include "store/tree_record.h"
#include "store/tree_version.h"
#include "store/write_session.h"
#include "tests/expect_error.h"
#include "tests/store/store_fixture.h"
#include "tests/text_of.h"

namespace store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

namespace fs = std::filesystem;

constexpr std::size_t kVersionOffset = 8;  // behind the mark, in all files

class NewerVersionTest : public StoreFixture {
 protected:
  NewerVersionTest() {
    make_store();
    back_up_at(std::chrono::sys_seconds(std::chrono::seconds(1'700'000'000)), "alice",
               samples(0, 2));
    tree_.id = TreeRecords::new_id();
    tree_.account = "alice";
    TreeRecords::open(location_, files_).put(tree_);
    SealedRecords::open(location_, files_).put("job", "a", "one");
  }

  static base::Bytes bytes_of(const base::Path& path) {
    const std::string text = tests::text_of(path);
    const base::ByteView view = base::as_bytes(text);
    return {view.begin(), view.end()};
  }

  void write(const base::Path& path, const base::Bytes& bytes) {
    base::write_file(files_, path, bytes, base::OnExisting::kReplace);
  }

  // As a newer version seals it: its box is bound to a head with its version.
  void raise_sealed(const base::Path& path) {
    base::Bytes bytes = bytes_of(path);
    bytes.at(kVersionOffset) =
        static_cast<std::byte>(std::to_integer<int>(bytes.at(kVersionOffset)) + 1);
    bytes.back() ^= std::byte{1};
    write(path, bytes);
  }

  static void add_checksum(std::span<std::byte> bytes, std::size_t size) {
    const auto sum = checksum(bytes.first(bytes.size() - size));
    std::ranges::copy(base::ByteView(sum).first(size), bytes.last(size).begin());
  }

  void raise_packs() {
    constexpr std::size_t kMarkSize = 8;
    for (const base::Path& path : packs()) {
      base::Bytes bytes = bytes_of(path);
      const std::span<std::byte> all(bytes);
      all[kVersionOffset] = std::byte{3};
      add_checksum(all.first(kPackHeaderSize), 16);
      all[bytes.size() - kPackFooterSize + kMarkSize - 1] = std::byte{'3'};
      add_checksum(all.last(kPackFooterSize), 16);
      write(path, bytes);
    }
  }

  void raise_key_slots(std::size_t field) {
    for (const std::string& slot : files_.list(keys_directory(location_))) {
      const base::Path path = keys_directory(location_) / slot;
      base::Bytes bytes = bytes_of(path);
      bytes.at(field) = std::byte{3};
      add_checksum(bytes, 32);
      write(path, bytes);
    }
  }

  // A commit with a flag that only a newer version knows.
  void add_newer_commit(const Location& location) {
    WriteSession session(location, files_, clock_, Effort::kFast);
    Encoder newer;
    newer.varint(2);
    newer.time(clock_.now_seconds());
    newer.id(session.index().highest_commit().id);
    newer.varint(32);
    newer.text("what a later version adds");
    session.put(ObjectType::kCommit, newer.view());
    session.publish_if_any();
  }

  void raise_database(const base::Path& path) {
    Database database = Database::open_or_create(path);
    const std::int64_t version = database.integer("PRAGMA user_version");
    database.run("PRAGMA user_version = " + std::to_string(version + 1));
  }

  void lose_index() { fs::remove_all(location_.index); }

  std::map<base::Path, std::string> files_below(const base::Path& directory) {
    std::map<base::Path, std::string> all;
    for (const auto& entry : fs::recursive_directory_iterator(directory)) {
      if (entry.path().parent_path() == readers_directory(location_)) continue;
      if (entry.is_regular_file()) all[entry.path()] = tests::text_of(entry.path());
    }
    return all;
  }

  std::map<base::Path, std::string> everything() { return files_below(location_.store); }

  // As a newer version does that has an index of its own.
  void add_extension(const Location& location, const Extension& extension) {
    WriteSession session(location, files_, clock_, Effort::kFast);
    Commit commit;
    commit.extensions = {extension};
    session.commit({commit});
  }

  struct Case {
    std::string name;
    std::function<void()> raise;
    std::vector<std::function<void()>> uses;  // each needs what is newer
  };

  std::vector<Case> cases() {
    const auto write_to_it = [this] { open_writer(); };
    const auto read_it = [this] { open_reader(); };
    const auto repair_it = [this] { repair(location_, files_, clock_); };
    const auto reindex_it = [this] { reindex(location_, files_); };
    const auto without_index = [this] { lose_index(); };
    return {
        {"pack",
         [=, this] {
           raise_packs();
           without_index();
         },
         {reindex_it, write_to_it, repair_it}},
        {"commit",
         [=, this] {
           add_newer_commit(location_);
           without_index();
         },
         {reindex_it, write_to_it, repair_it}},
        {"commit record",
         [this] { raise_sealed(commits_directory(location_) / numbered_key(1)); },
         {reindex_it, write_to_it, repair_it}},
        {"owner record",
         [this] { raise_sealed(owner_directory(location_) / numbered_key(1)); },
         {write_to_it, repair_it}},
        {"key slot",
         [this] { raise_key_slots(kVersionOffset); },
         {reindex_it, write_to_it, read_it, repair_it}},
        {"kind of key slot",
         [this] { raise_key_slots(kVersionOffset + 4); },
         {reindex_it, write_to_it, read_it, repair_it}},
        {"index",
         [this] { raise_database(index_file(location_)); },
         {write_to_it, read_it, repair_it}},
        {"tree record",
         [this] {
           raise_sealed(trees_directory(location_) / TreeVersion{tree_.id, 1}.key());
         },
         {[this] { TreeRecords::open(location_, files_).find(tree_.id); }}},
        {"restore desk's database",
         [this] { raise_database(SealedRecords::file(location_)); },
         {[this] { SealedRecords::open(location_, files_); }}},
    };
  }

  TreeRecord tree_;
};

TEST_F(NewerVersionTest, EveryKindIsRefusedWithoutAChange) {
  const base::Path store = directory_ / "kept-store";
  const base::Path index = directory_ / "kept-index";
  fs::copy(location_.store, store, fs::copy_options::recursive);
  fs::copy(location_.index, index, fs::copy_options::recursive);
  for (const Case& one : cases()) {
    SCOPED_TRACE(one.name);
    one.raise();
    const auto before = everything();
    for (const auto& use : one.uses) {
      EXPECT_ERROR(kConfig, "newer version of mailstow", (use(), 0));
      EXPECT_ERROR(kConfig, "update mailstow", (use(), 0));
    }
    EXPECT_EQ(before, everything());
    fs::remove_all(location_.store);
    fs::remove_all(location_.index);
    fs::copy(store, location_.store, fs::copy_options::recursive);
    fs::copy(index, location_.index, fs::copy_options::recursive);
    EXPECT_NO_THROW(open_writer()) << "put back";
  }
}

TEST_F(NewerVersionTest, AReindexThatIsRefusedLeavesTheIndexAsItIs) {
  Location elsewhere = location_;
  elsewhere.index = directory_ / "elsewhere-index";
  const Extension forbidding{
      .tag = 4'711, .name = {}, .forbids = Forbids::kReading, .content = "x"};
  const std::vector<std::function<void()>> changes{
      [&] { add_newer_commit(elsewhere); },
      [&] { add_extension(elsewhere, forbidding); },
      [&] { add_extension(elsewhere, format_extension(kStoreFormat + 1)); },
  };
  const base::Path store = directory_ / "kept-store";
  fs::copy(location_.store, store, fs::copy_options::recursive);
  for (std::size_t i = 0; i < changes.size(); ++i) {
    SCOPED_TRACE(i);
    changes[i]();
    const auto before = everything();
    const auto index = files_below(location_.index);
    EXPECT_ERROR(kConfig, "newer version of mailstow", reindex(location_, files_));
    EXPECT_EQ(index, files_below(location_.index));
    EXPECT_EQ(before, everything());
    {
      Reader reader = open_reader();
      EXPECT_EQ(samples(0, 2), restore(reader, "alice", "INBOX"));
    }
    fs::remove_all(location_.store);
    fs::remove_all(elsewhere.index);
    fs::copy(store, location_.store, fs::copy_options::recursive);
    for (const auto& entry : fs::directory_iterator(location_.key_file.parent_path())) {
      if (entry.path().string().ends_with(".commit")) fs::remove(entry.path());
    }
  }
}

TEST_F(NewerVersionTest, AnIndexIsRebuiltBecauseThePacksHaveAllOfIt) {
  raise_database(index_file(location_));
  EXPECT_THAT(reindex(location_, files_).damage, IsEmpty());
  Reader reader = open_reader();
  EXPECT_EQ(samples(0, 2), restore(reader, "alice", "INBOX"));
}

// A repair puts aside what is damaged.
TEST_F(NewerVersionTest, ATreeRecordIsNotPutAsideAndItsTreeIsNotKnown) {
  const base::Path path = trees_directory(location_) / TreeVersion{tree_.id, 1}.key();
  raise_sealed(path);
  const TreeRecords::Listing listing = TreeRecords::open(location_, files_).list();
  EXPECT_THAT(listing.records, IsEmpty());
  EXPECT_THAT(listing.damaged, ElementsAre(HasSubstr("a newer version of mailstow wrote it")));
  EXPECT_THAT(listing.damaged_files, IsEmpty());
  const std::string text = tests::text_of(path);
  repair(location_, files_, clock_);
  EXPECT_EQ(text, tests::text_of(path));
}

// Only the version is damaged: the box opens with the one that it had.
TEST_F(NewerVersionTest, ADamagedVersionOfATreeRecordIsDamage) {
  const base::Path path = trees_directory(location_) / TreeVersion{tree_.id, 1}.key();
  base::Bytes bytes = bytes_of(path);
  bytes.at(kVersionOffset) = std::byte{5};
  write(path, bytes);
  EXPECT_ERROR(kDamaged, "it is not a tree record",
               TreeRecords::open(location_, files_).find(tree_.id));
}

TEST_F(NewerVersionTest, AKeySlotBesideAKnownOneStaysAndInitRefusesIt) {
  const auto slots = files_.list(keys_directory(location_));
  const base::Path other = keys_directory(location_) / "00000000000000ff.1";
  base::Bytes bytes = bytes_of(keys_directory(location_) / slots.front());
  bytes.at(kVersionOffset) = std::byte{2};
  bytes.push_back({});  // of another length
  add_checksum(bytes, 32);
  write(other, bytes);
  EXPECT_NO_THROW(open_writer());
  const SlotListing listing = read_slots(*storage_of(location_, files_));
  EXPECT_THAT(listing.newer, ElementsAre(HasSubstr("00000000000000ff.1")));
  EXPECT_THAT(listing.damaged, IsEmpty());
  EXPECT_TRUE(repair(location_, files_, clock_).after.is_intact());
  EXPECT_TRUE(fs::exists(other));

  const Location only_newer = {.store = directory_ / "only-newer",
                               .index = directory_ / "only-newer-index",
                               .key_file = directory_ / "only-newer.key"};
  fs::create_directories(keys_directory(only_newer));
  write(keys_directory(only_newer) / "00000000000000ff.1", bytes);
  EXPECT_ERROR(kUsage, "a store already exists there", init(only_newer, files_, clock_));
  EXPECT_ERROR(kConfig, "newer version of mailstow", Writer::open(only_newer, files_, clock_));
}

}  // namespace
}  // namespace store
