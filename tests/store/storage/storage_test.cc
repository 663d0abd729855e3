// The promises of the interface, tried on every storage.
#include "store/storage/storage.h"

#include <map>
#include <set>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "store/storage/directory_storage.h"
#include "store/storage/patient_storage.h"
#include "store/storage/s3_probe.h"
#include "store/storage/s3_storage.h"
#include "tests/expect_error.h"
#include "tests/long_run.h"
#include "tests/servers/storage/ceph.h"
#include "tests/servers/storage/swift.h"
#include "tests/standing_clock.h"
#include "tests/store/simulated_file_system.h"
#include "tests/store/storage/impatient_clock.h"
#include "tests/store/storage/model_storage.h"
#include "tests/temporary_directory.h"

namespace store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class RealDirectory {
 public:
  Storage& storage() { return storage_; }

 private:
  tests::TemporaryDirectory directory_;
  DirectoryStorage storage_{base::real_file_system(), directory_.path()};
};

class SimulatedDirectory {
 public:
  SimulatedDirectory() { files_.make_directory("/store"); }
  Storage& storage() { return storage_; }

 private:
  tests::SimulatedFileSystem files_;
  DirectoryStorage storage_{files_, "/store"};
};

class Model {
 public:
  Storage& storage() { return model_; }

 private:
  tests::ModelStorage model_;
};

// With patience, every promise holds though a third of the requests fail.
class FailingModel {
 public:
  FailingModel() { model_.set_faults({.seed = 7, .not_done = 12, .done = 12, .throttled = 12}); }
  Storage& storage() { return patient_; }

 private:
  tests::ModelStorage model_;
  tests::ImpatientClock clock_;
  PatientStorage patient_{model_, clock_, std::chrono::hours(24), 1};
};

// Each test has a part of the bucket.
std::string next_prefix() {
  static int count = 0;
  return "tests/" + std::to_string(++count);
}

// With the bucket "mail".
template <typename Server>
const servers::ObjectStorage& real_storage() {
  static const servers::ObjectStorage* const made = [] {
    const servers::ObjectStorage& storage = Server::shared().storage();
    storage.make_bucket("mail");
    return &storage;
  }();
  return *made;
}

// A bucket of a real object storage, which creates nothing once.
class SwiftBucket {
 public:
  Storage& storage() { return *storage_; }

 private:
  tests::TemporaryDirectory directory_;
  std::shared_ptr<Storage> storage_ =
      open_s3_storage(real_storage<servers::Swift>().config("mail", next_prefix()),
                      directory_.path(), base::real_file_system(), base::system_clock());
};

// One that does. It takes long to start: in a short run, the model stands in for it.
class CephBucket {
 public:
  Storage& storage() { return *storage_; }

 private:
  std::shared_ptr<Storage> open() {
    if (!tests::is_long_run()) return std::make_shared<tests::ModelStorage>();
    const base::S3Config bucket = real_storage<servers::Ceph>().config("mail", next_prefix());
    const StorageTraits proven{.creates_once = prove_creates_once(bucket, base::system_clock(), 1)};
    EXPECT_TRUE(proven.creates_once);
    return open_s3_storage(bucket, directory_.path(), base::real_file_system(),
                           base::system_clock(), proven);
  }

  tests::TemporaryDirectory directory_;
  std::shared_ptr<Storage> storage_ = open();
};

base::Bytes bytes_of(std::string_view text) {
  return base::to_bytes(text);
}

template <typename Rig>
class StorageTest : public testing::Test {
 protected:
  std::string get(const BlobName& name) {
    const std::optional<base::Bytes> bytes = storage_.get(name, 1 << 20);
    return bytes ? base::to_text(*bytes) : "absent";
  }

  void put(const BlobName& name, std::string_view text) {
    storage_.put(name, base::as_bytes(text));
  }

  Rig rig_;
  Storage& storage_ = rig_.storage();
  BlobName name_{"packs", "a"};
};

using Storages =
    testing::Types<RealDirectory, SimulatedDirectory, Model, FailingModel, SwiftBucket, CephBucket>;
TYPED_TEST_SUITE(StorageTest, Storages);

TYPED_TEST(StorageTest, ABlobIsReadAsItWasWritten) {
  const std::string large(300'000, 'x');
  this->put({"packs", "a"}, "some bytes");
  this->put({"packs", "b"}, "");
  this->put({"keys", "a"}, large);
  EXPECT_EQ("some bytes", this->get({"packs", "a"}));
  EXPECT_EQ("", this->get({"packs", "b"}));
  EXPECT_EQ(large, this->get({"keys", "a"}));
  EXPECT_EQ(10U, this->storage_.size({"packs", "a"}));
  EXPECT_EQ(0U, this->storage_.size({"packs", "b"}));
}

TYPED_TEST(StorageTest, AnAbsentBlobIsAValue) {
  EXPECT_FALSE(this->storage_.get(this->name_, 100));
  EXPECT_FALSE(this->storage_.get_range(this->name_, 0, 100));
  EXPECT_FALSE(this->storage_.get_tail(this->name_, 100));
  EXPECT_FALSE(this->storage_.size(this->name_));
  EXPECT_THAT(this->storage_.list("packs"), IsEmpty());
  EXPECT_THAT(this->storage_.remove(std::vector{this->name_}), IsEmpty());
  this->put({"packs", "b"}, "another");
  EXPECT_FALSE(this->storage_.get(this->name_, 100));
}

TYPED_TEST(StorageTest, RangesEndWithTheBlob) {
  const std::string text = "0123456789";
  this->put(this->name_, text);
  for (const std::size_t size : {0U, 1U, 9U, 10U, 11U, 1'000'000U}) {
    for (const std::size_t offset : {0U, 1U, 9U, 10U}) {
      EXPECT_EQ(bytes_of(text.substr(offset, size)),
                this->storage_.get_range(this->name_, offset, size))
          << offset << ' ' << size;
    }
    const std::optional<BlobTail> tail = this->storage_.get_tail(this->name_, size);
    ASSERT_TRUE(tail);
    EXPECT_EQ(text.size(), tail->blob_size);
    EXPECT_EQ(bytes_of(text.substr(text.size() - std::min(size, text.size()))), tail->bytes);
  }
  for (const std::uint64_t offset : {std::uint64_t{11}, UINT64_MAX}) {
    EXPECT_EQ(base::Bytes(), this->storage_.get_range(this->name_, offset, 5));
  }
}

TYPED_TEST(StorageTest, ABlobThatIsLargerThanTheLimitIsRefused) {
  this->put(this->name_, "0123456789");
  EXPECT_TRUE(this->storage_.get(this->name_, 10));
  EXPECT_ERROR(kDamaged, "10 bytes", this->storage_.get(this->name_, 9));
}

TYPED_TEST(StorageTest, PutMayBeRepeated) {
  this->put(this->name_, "same");
  this->put(this->name_, "same");
  EXPECT_EQ("same", this->get(this->name_));
}

TYPED_TEST(StorageTest, CreateNeverReplaces) {
  if (!this->storage_.traits().creates_once) {
    EXPECT_ERROR(kInternal, "create", this->storage_.create(this->name_, bytes_of("first")));
    return;
  }
  EXPECT_EQ(Created::kYes, this->storage_.create(this->name_, bytes_of("first")));
  EXPECT_EQ(Created::kYes, this->storage_.create(this->name_, bytes_of("first")));
  for (const std::string_view other : {"second", "firs", "first and more", ""}) {
    EXPECT_EQ(Created::kExists, this->storage_.create(this->name_, base::as_bytes(other)));
  }
  EXPECT_EQ("first", this->get(this->name_));
}

TYPED_TEST(StorageTest, ReplaceGivesNewBytes) {
  this->storage_.replace(this->name_, bytes_of("old"));
  EXPECT_EQ("old", this->get(this->name_));
  this->storage_.replace(this->name_, bytes_of("newer"));
  this->storage_.replace(this->name_, bytes_of("new"));
  EXPECT_EQ("new", this->get(this->name_));
}

TYPED_TEST(StorageTest, AnUploadAppearsWhenItIsPublished) {
  for (int attempt = 0; attempt < 2; ++attempt) {
    const std::unique_ptr<Upload> upload = this->storage_.upload("packs");
    upload->write(bytes_of("in two "));
    upload->write(bytes_of("pieces"));
    EXPECT_EQ(attempt == 0 ? "absent" : "in two pieces", this->get(this->name_));
    upload->publish("a");  // the second time, it exists
    EXPECT_EQ("in two pieces", this->get(this->name_));
  }
  EXPECT_THAT(this->storage_.list("packs"), ElementsAre("a"));
}

TYPED_TEST(StorageTest, AnUploadThatIsNotPublishedLeavesNothing) {
  this->storage_.upload("packs")->write(bytes_of("abandoned"));
  EXPECT_THAT(this->storage_.list("packs"), IsEmpty());
}

TYPED_TEST(StorageTest, AListingIsOfOneAreaAndInOrder) {
  for (const char* key : {"10", "2", "1.b", "1.a", "1-a"}) this->put({"trees", key}, key);
  this->put({"keys", "1"}, "");
  EXPECT_THAT(this->storage_.list("trees"), ElementsAre("1-a", "1.a", "1.b", "10", "2"));
  EXPECT_THAT(this->storage_.list("trees", "1."), ElementsAre("1.a", "1.b"));
  EXPECT_THAT(this->storage_.list("trees", "1.", "1.a"), ElementsAre("1.b"));
  EXPECT_THAT(this->storage_.list("trees", "", "1.b"), ElementsAre("10", "2"));
  EXPECT_THAT(this->storage_.list("trees", "3"), IsEmpty());
  EXPECT_THAT(this->storage_.list("keys"), ElementsAre("1"));
  EXPECT_THAT(this->storage_.list("owner"), IsEmpty());
}

TYPED_TEST(StorageTest, RemovesSeveral) {
  for (const char* key : {"a", "b", "c"}) this->put({"packs", key}, key);
  this->put({"keys", "a"}, "");
  const std::vector<BlobName> names{
      {"packs", "a"}, {"packs", "missing"}, {"keys", "a"}, {"packs", "c"}, {"owner", "1"}};
  EXPECT_THAT(this->storage_.remove(names), IsEmpty());
  EXPECT_THAT(this->storage_.list("packs"), ElementsAre("b"));
  EXPECT_EQ("absent", this->get({"packs", "a"}));
  EXPECT_THAT(this->storage_.list("keys"), IsEmpty());
  this->put({"packs", "a"}, "a new one");
  EXPECT_EQ("a new one", this->get({"packs", "a"}));
}

TYPED_TEST(StorageTest, TakesEveryNameThatIsAllowed) {
  const std::string characters = "abcdefghijklmnopqrstuvwxyz.-0123456789";
  const std::string longest(BlobName::kMaxKey, 'k');
  for (const std::string& key : {characters, longest, std::string("0")}) {
    const BlobName name("a-b.c", key);
    this->put(name, key);
    EXPECT_EQ(key, this->get(name));
  }
  EXPECT_THAT(this->storage_.list("a-b.c"), ElementsAre("0", characters, longest));
}

TYPED_TEST(StorageTest, AnAreaWithAnotherNameIsRefused) {
  EXPECT_ERROR(kInternal, "not an area", this->storage_.list("../packs"));
  EXPECT_ERROR(kInternal, "not an area", this->storage_.upload(""));
}

template <typename Rig>
class StorageRaceTest : public StorageTest<Rig> {};

using SharedStorages = testing::Types<RealDirectory, Model, FailingModel, CephBucket>;
TYPED_TEST_SUITE(StorageRaceTest, SharedStorages);

TYPED_TEST(StorageRaceTest, OneOfManyWritersCreatesABlob) {
  constexpr std::size_t kWriters = 4;
  for (int round = 0; round < 5; ++round) {
    const BlobName name("commits", std::to_string(round));
    std::vector<Created> results(kWriters, Created::kExists);
    std::vector<std::thread> writers;
    for (std::size_t i = 0; i < kWriters; ++i) {
      writers.emplace_back([&, i] {
        results[i] = this->storage_.create(name, bytes_of("by " + std::to_string(i)));
      });
    }
    for (std::thread& writer : writers) writer.join();
    const auto winner = std::ranges::find(results, Created::kYes) - results.begin();
    EXPECT_EQ(1, std::ranges::count(results, Created::kYes));
    EXPECT_EQ("by " + std::to_string(winner), this->get(name));
  }
}

// A storage, and a plain map for comparison.
class Comparison {
 public:
  explicit Comparison(Storage& storage) : storage_(storage) {}

  void step(std::uint32_t choice) {
    const BlobName name(choice % 2 == 0 ? "packs" : "trees", std::to_string(choice / 2 % 3));
    // With put(), a name always gets the same bytes.
    const base::Bytes own = bytes_of("of " + name.text());
    const base::Bytes any = bytes_of(std::to_string(choice / 64 % 4));
    switch (choice / 8 % 8) {
      case 0:
        if (!expected_.contains(name) || expected_.at(name) == own) put(name, own);
        return;
      case 1:
        RC_ASSERT((storage_.create(name, any) == Created::kYes) ==
                  (expected_.try_emplace(name, any).first->second == any));
        return;
      case 2:
        storage_.replace(name, any);
        expected_[name] = any;
        return;
      case 3:
        RC_ASSERT(storage_.remove(std::vector{name}).empty());
        expected_.erase(name);
        return;
      default:
        return read(name, choice / 64 % 12, choice / 1'024 % 12);
    }
  }

  void compare() {
    std::vector<BlobName> listed;
    for (const std::string area : {"packs", "trees"}) {
      for (const std::string& key : storage_.list(area)) listed.emplace_back(area, key);
    }
    std::vector<BlobName> names;
    for (const auto& [name, bytes] : expected_) {
      names.push_back(name);
      RC_ASSERT(storage_.get(name, bytes.size()) == std::optional(bytes));
    }
    RC_ASSERT(listed == names);
  }

 private:
  void put(const BlobName& name, const base::Bytes& bytes) {
    storage_.put(name, bytes);
    expected_[name] = bytes;
  }

  void read(const BlobName& name, std::size_t offset, std::size_t size) {
    const std::optional<base::Bytes> range = storage_.get_range(name, offset, size);
    const std::optional<BlobTail> tail = storage_.get_tail(name, size);
    const auto found = expected_.find(name);
    RC_ASSERT(range.has_value() == (found != expected_.end()));
    RC_ASSERT(tail.has_value() == (found != expected_.end()));
    if (found == expected_.end()) return;
    const std::string text = base::to_text(found->second);
    RC_ASSERT(base::to_text(*range) == (offset < text.size() ? text.substr(offset, size) : ""));
    RC_ASSERT(base::to_text(tail->bytes) == text.substr(text.size() - std::min(size, text.size())));
    RC_ASSERT(tail->blob_size == text.size());
    RC_ASSERT(storage_.size(name) == std::optional<std::uint64_t>(text.size()));
  }

  Storage& storage_;
  std::map<BlobName, base::Bytes> expected_;
};

void expect_behaves_like_a_map(Storage& storage) {
  Comparison comparison(storage);
  for (const std::uint32_t choice : *rc::gen::arbitrary<std::vector<std::uint32_t>>()) {
    comparison.step(choice);
  }
  comparison.compare();
}

RC_GTEST_PROP(StorageProperty, ADirectoryBehavesLikeAMap, ()) {
  SimulatedDirectory directory;
  expect_behaves_like_a_map(directory.storage());
}

RC_GTEST_PROP(StorageProperty, TheModelBehavesLikeAMap, ()) {
  Model model;
  expect_behaves_like_a_map(model.storage());
}

RC_GTEST_PROP(StorageProperty, WithPatienceAFailingStorageBehavesLikeAMap, (std::uint32_t seed)) {
  tests::ModelStorage model;
  model.set_faults({.seed = seed, .not_done = 15, .done = 15, .throttled = 15});
  tests::StandingClock clock;
  PatientStorage patient(model, clock, std::chrono::hours(24), seed);
  expect_behaves_like_a_map(patient);
}

}  // namespace
}  // namespace store
