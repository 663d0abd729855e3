#include "store/maintenance/copy_check.h"

#include <filesystem>

#include <gmock/gmock.h>

#include "store/maintenance/reindex.h"
#include "tests/expect_error.h"
#include "tests/store/store_fixture.h"

namespace store {
namespace {

using testing::IsEmpty;

namespace fs = std::filesystem;

class CopyCheckTest : public StoreFixture {
 protected:
  CopyCheckTest() {
    make_store();
    back_up("alice", 0);
    back_up("bob", 5);
    fs::copy(location_.store, copy_, fs::copy_options::recursive);
  }

  void back_up(const std::string& account, unsigned first) {
    Writer writer = open_writer();
    std::vector<std::string> messages;
    for (unsigned i = 0; i < 5; ++i) messages.push_back(sample_message(first + i));
    add_snapshot(writer, account, {add_folder(writer, "INBOX", messages)});
    writer.commit();
  }

  static Location copy_at(const base::Path& directory) {
    Location location;
    location.store = directory;
    return location;
  }

  CopyReport check_it() {
    return check_copy(location_, copy_at(copy_), files_, {.depth = CheckDepth::kReadData});
  }

  const fs::path copy_ = directory_ / "copy";
};

TEST_F(CopyCheckTest, NeedsNeitherIndexNorStore) {
  fs::rename(location_.store, directory_ / "burnt");
  const CopyReport report = check_it();
  EXPECT_THAT(report.check.damage, IsEmpty());
  EXPECT_EQ(2U, report.check.snapshots);
  EXPECT_EQ(10U, report.check.messages);
  EXPECT_EQ(0U, report.commits_behind());
  for (const auto& entry : fs::directory_iterator(location_.index)) {
    EXPECT_FALSE(entry.path().filename().string().starts_with("copy-check"));
  }
}

TEST_F(CopyCheckTest, AFolderThatIsNoCopyIsNamedAsSuch) {
  EXPECT_ERROR(kNotFound, "no store is there: copy it first",
               check_copy(location_, copy_at(location_.store.parent_path() / "nowhere"), files_,
                          {.depth = CheckDepth::kReadData}));
}

TEST_F(CopyCheckTest, AnOlderCopyIsAcceptedAndReported) {
  back_up("carol", 10);
  const CopyReport report = check_it();
  EXPECT_TRUE(report.check.is_intact());
  EXPECT_EQ(2U, report.check.snapshots);
  EXPECT_EQ(1U, report.commits_behind());
  EXPECT_EQ(3U, open_reader().accounts().size()) << "the store itself is as it was";
}

TEST_F(CopyCheckTest, ATruncatedPackIsFound) {
  const fs::path pack = *fs::directory_iterator(copy_ / "packs");
  fs::resize_file(pack, fs::file_size(pack) / 2);
  EXPECT_FALSE(check_it().check.is_intact());
}

TEST_F(CopyCheckTest, ADifferentHistoryIsNotACopy) {
  back_up("carol", 10);
  // Another program wrote to the copy, and the original does not know.
  fs::copy(location_.key_file, directory_ / "other.key");
  const Location other{copy_, directory_ / "other.index", directory_ / "other.key"};
  EXPECT_THAT(reindex(other, files_).damage, IsEmpty());
  {
    Writer writer = Writer::open(other, files_, clock_);
    add_snapshot(writer, "dora", {add_folder(writer, "INBOX", {sample_message(20)})});
    writer.commit();
  }
  const CopyReport report = check_it();
  EXPECT_TRUE(report.is_other);
  EXPECT_FALSE(report.check.is_intact());
}

TEST_F(CopyCheckTest, ADirectoryThatIsNotACopyIsReported) {
  EXPECT_ERROR(kNotFound, "", check_copy(location_, copy_at(directory_ / "nothing"), files_, {}));
}

}  // namespace
}  // namespace store
