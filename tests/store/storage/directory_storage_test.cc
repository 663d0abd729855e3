// The particulars of a directory: foreign files, links, crashes.
#include "store/storage/directory_storage.h"

#include <fstream>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/expect_error.h"
#include "tests/store/simulated_file_system.h"
#include "tests/temporary_directory.h"

namespace store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using tests::Fault;
using tests::SimulatedFileSystem;
using tests::Survival;

class DirectoryStorageTest : public testing::Test {
 protected:
  static base::ByteView bytes(std::string_view text) { return base::as_bytes(text); }

  static void expect_trouble(Trouble trouble, const std::function<void()>& work) {
    try {
      work();
      ADD_FAILURE() << "expected an error";
    } catch (const StorageError& error) {
      EXPECT_EQ(trouble, error.trouble()) << error.what();
    }
  }

  tests::TemporaryDirectory temporary_;
  base::Path directory_ = temporary_.path() / "store";
  DirectoryStorage storage_{base::real_file_system(), directory_};
  BlobName name_{"packs", "a"};
};

TEST_F(DirectoryStorageTest, ABlobIsAFileOfItsName) {
  std::filesystem::create_directory(directory_);
  storage_.put(name_, bytes("content"));
  std::string content;
  std::getline(std::ifstream(directory_ / "packs" / "a"), content);
  EXPECT_EQ("content", content);
  EXPECT_EQ(directory_.string(), storage_.display_name());
}

TEST_F(DirectoryStorageTest, AMissingDirectoryIsNoEmptyStorage) {
  const auto try_all = [&] {
    expect_trouble(Trouble::kGone, [&] { storage_.get(name_, 10); });
    expect_trouble(Trouble::kGone, [&] { storage_.get_range(name_, 0, 10); });
    expect_trouble(Trouble::kGone, [&] { storage_.get_tail(name_, 10); });
    expect_trouble(Trouble::kGone, [&] { storage_.size(name_); });
    expect_trouble(Trouble::kGone, [&] { storage_.list("packs"); });
    expect_trouble(Trouble::kGone,
                   [&] { EXPECT_THAT(storage_.remove(std::vector{name_}), IsEmpty()); });
    expect_trouble(Trouble::kGone, [&] { storage_.put(name_, bytes("x")); });
    expect_trouble(Trouble::kGone, [&] { storage_.create(name_, bytes("x")); });
    expect_trouble(Trouble::kGone, [&] { storage_.replace(name_, bytes("x")); });
    expect_trouble(Trouble::kGone, [&] { storage_.upload("packs"); });
    EXPECT_FALSE(std::filesystem::exists(directory_ / "."));
  };
  try_all();
  std::filesystem::create_directory_symlink("missing", directory_);
  try_all();
}

TEST_F(DirectoryStorageTest, TheDirectoryMayBeALink) {
  std::filesystem::create_directory(temporary_.path() / "disk");
  std::filesystem::create_directory_symlink("disk", directory_);
  EXPECT_FALSE(storage_.get(name_, 10));
  storage_.put(name_, bytes("content"));
  EXPECT_TRUE(std::filesystem::exists(temporary_.path() / "disk" / "packs" / "a"));
}

TEST_F(DirectoryStorageTest, AListingLacksFilesThatAreNoBlobs) {
  std::filesystem::create_directories(directory_ / "packs");
  for (const char* name : {"a", ".mailstow-1-1.tmp", "lost+found", "B", ".hidden", "b"}) {
    std::ofstream(directory_ / "packs" / name) << name;
  }
  EXPECT_THAT(storage_.list("packs"), ElementsAre("a", "b"));
}

TEST_F(DirectoryStorageTest, WhatIsNotARegularFileIsDamage) {
  std::filesystem::create_directories(directory_ / "packs" / "a-directory");
  std::ofstream(temporary_.path() / "outside") << "outside";
  std::filesystem::create_symlink(temporary_.path() / "outside", directory_ / "packs" / "link");
  ASSERT_EQ(0, ::mkfifo((directory_ / "packs" / "fifo").c_str(), 0600));
  for (const char* key : {"a-directory", "link", "fifo"}) {
    SCOPED_TRACE(key);
    const BlobName name("packs", key);
    EXPECT_ERROR(kDamaged, key, storage_.get(name, 100));
    EXPECT_ERROR(kDamaged, key, storage_.get_range(name, 0, 10));
    EXPECT_ERROR(kDamaged, key, storage_.get_tail(name, 10));
    EXPECT_ERROR(kDamaged, key, storage_.size(name));
    EXPECT_ERROR(kDamaged, key, storage_.create(name, bytes("x")));
    EXPECT_ERROR(kDamaged, key, storage_.put(name, bytes("x")));
  }
  storage_.replace({"packs", "link"}, bytes("inside"));
  std::string outside;
  std::getline(std::ifstream(temporary_.path() / "outside"), outside);
  EXPECT_EQ("outside", outside);
}

// A damaged blob is not taken for the one that is to be written.
TEST_F(DirectoryStorageTest, OtherBytesUnderTheNameAreDamage) {
  std::filesystem::create_directories(directory_ / "packs");
  std::ofstream(directory_ / "packs" / "a") << "cut of";
  EXPECT_ERROR(kDamaged, "other bytes", storage_.put(name_, bytes("cut off")));
  const std::unique_ptr<Upload> upload = storage_.upload("packs");
  upload->write(bytes("cut off"));
  EXPECT_ERROR(kDamaged, "other bytes", upload->publish("a"));
  EXPECT_EQ(base::to_bytes("cut of"), storage_.get(name_, 100));
  EXPECT_THAT(storage_.list("packs"), ElementsAre("a"));
}

TEST_F(DirectoryStorageTest, ReportsWhatCanNotBeRemovedAndRemovesTheRest) {
  std::filesystem::create_directories(directory_ / "packs" / "a" / "full");
  storage_.put({"packs", "b"}, bytes("b"));
  const std::vector<NotRemoved> left =
      storage_.remove(std::vector<BlobName>{name_, {"packs", "b"}});
  ASSERT_THAT(left, SizeIs(1));
  EXPECT_EQ(name_, left[0].name);
  EXPECT_THAT(left[0].why, testing::HasSubstr((directory_ / "packs" / "a").string()));
  EXPECT_THAT(storage_.list("packs"), ElementsAre("a"));
}

// A store of which operations fail and which crashes. It remembers what was acknowledged.
class DirectoryCrashTest : public testing::Test {
 protected:
  void start() {
    files_ = std::make_unique<SimulatedFileSystem>();
    files_->make_directory("/store");
    DirectoryStorage storage(*files_, "/store");
    storage.replace(kReplaced, base::as_bytes("old"));
    storage.put(kRemoved, base::as_bytes("to remove"));
    done_.clear();
  }

  // Each change, until one fails. Returns whether one did.
  bool change_all() {
    DirectoryStorage storage(*files_, "/store");
    const auto change = [&](const BlobName& name, const std::function<void()>& work) {
      if (done_.contains(name)) return;
      work();
      done_.insert(name);
    };
    try {
      change(kPut, [&] { storage.put(kPut, base::as_bytes(kNew)); });
      change(kCreated,
             [&] { EXPECT_EQ(Created::kYes, storage.create(kCreated, base::as_bytes(kNew))); });
      change(kReplaced, [&] { storage.replace(kReplaced, base::as_bytes(kNew)); });
      change(kUploaded, [&] {
        const std::unique_ptr<Upload> upload = storage.upload(kUploaded.area());
        upload->write(base::as_bytes(kNew));
        upload->publish(kUploaded.key());
      });
      change(kRemoved, [&] {
        const std::vector<NotRemoved> left = storage.remove(std::vector{kRemoved});
        if (!left.empty()) base::fail(base::ErrorCode::kIo, "{}", left[0].why);
      });
      return false;
    } catch (const base::Error& error) {
      EXPECT_EQ(base::ErrorCode::kIo, error.code()) << error.what();
      return true;
    }
  }

  std::string read(const BlobName& name) {
    const auto found = DirectoryStorage(*files_, "/store").get(name, 1'000);
    return found ? base::to_text(*found) : "absent";
  }

  // Whether every change happened, or, if it was not acknowledged, did not happen.
  void expect_whole() {
    expect_one_of(kPut, "absent", kNew);
    expect_one_of(kCreated, "absent", kNew);
    expect_one_of(kReplaced, "old", kNew);
    expect_one_of(kUploaded, "absent", kNew);
    expect_one_of(kRemoved, "to remove", "absent");
  }

  void expect_one_of(const BlobName& name, std::string_view before, std::string_view after) {
    const std::string found = read(name);
    EXPECT_TRUE(found == after || (found == before && !done_.contains(name)))
        << name.text() << ": " << found;
  }

  static constexpr std::string_view kNew = "new bytes";
  const BlobName kPut{"packs", "put"};
  const BlobName kCreated{"commits", "created"};
  const BlobName kReplaced{"owner", "replaced"};
  const BlobName kUploaded{"packs", "uploaded"};
  const BlobName kRemoved{"trees", "removed"};

  std::unique_ptr<SimulatedFileSystem> files_;
  std::set<BlobName> done_;  // acknowledged
  std::mt19937 random_{1};
};

TEST_F(DirectoryCrashTest, WhatWasAcknowledgedSurvivesAndTheRestIsWhole) {
  start();
  const std::uint64_t first = files_->operations() + 1;
  ASSERT_FALSE(change_all());
  const std::uint64_t last = files_->operations();
  ASSERT_GT(last, first + 10);
  for (std::uint64_t operation = first; operation <= last; ++operation) {
    for (const Survival survival :
         {Survival::kNothing, Survival::kEverything, Survival::kAnything}) {
      SCOPED_TRACE(operation);
      start();
      files_->fail_for_good_from(operation, Fault::kIo);
      EXPECT_TRUE(change_all());
      files_ = files_->after_crash(survival, random_);
      expect_whole();
      EXPECT_FALSE(change_all());
      files_ = files_->after_crash(Survival::kNothing, random_);
      EXPECT_THAT(done_, SizeIs(5));
      expect_whole();
    }
  }
}

// Repeating is enough: what an earlier attempt left undurable becomes durable.
TEST_F(DirectoryCrashTest, AChangeThatIsRepeatedAfterAnErrorIsDurable) {
  start();
  const std::uint64_t first = files_->operations() + 1;
  ASSERT_FALSE(change_all());
  const std::uint64_t last = files_->operations();
  for (std::uint64_t operation = first; operation <= last; ++operation) {
    for (const Fault fault : {Fault::kIo, Fault::kDoneAndFail}) {
      SCOPED_TRACE(operation);
      start();
      files_->fail_once_at(operation, fault);
      change_all();
      files_->stop_failing();
      EXPECT_FALSE(change_all());
      files_ = files_->after_crash(Survival::kNothing, random_);
      EXPECT_THAT(done_, SizeIs(5));
      expect_whole();
    }
  }
}

}  // namespace
}  // namespace store
