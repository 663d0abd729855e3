#include "store/maintenance/quarantine.h"

#include <map>
#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/storage/storage_error.h"
#include "tests/store/storage/model_storage.h"

namespace store {
namespace {

using testing::ElementsAre;
using testing::Pair;
using tests::StorageFault;

class QuarantineTest : public testing::Test {
 protected:
  QuarantineTest() { location_.storage = storage_; }

  void put(const BlobName& name, std::string_view text) {
    storage_->put(name, base::as_bytes(text));
  }

  std::map<std::string, std::string> contents() const {
    std::map<std::string, std::string> texts;
    for (const auto& [name, bytes] : storage_->contents()) {
      texts[name.text()] = std::string(base::as_text(bytes));
    }
    return texts;
  }

  std::shared_ptr<tests::ModelStorage> storage_ = std::make_shared<tests::ModelStorage>();
  Location location_;
  const BlobName record_{"trees", "a"};
};

TEST_F(QuarantineTest, ABlobIsPutThereUnderAFreeNameAndThenRemoved) {
  Quarantine quarantine(location_, base::real_file_system());
  put(record_, "one");
  quarantine.take(record_);
  EXPECT_THAT(contents(), ElementsAre(Pair("quarantine/a", "one")));
  put(record_, "two");
  quarantine.take(record_);
  EXPECT_THAT(contents(), ElementsAre(Pair("quarantine/a", "one"), Pair("quarantine/a.1", "two")));
  EXPECT_THAT(quarantine.taken(),
              ElementsAre("the model's quarantine/a", "the model's quarantine/a.1"));
  const auto sources = quarantine.sources();
  ASSERT_EQ(2U, sources.size());
  EXPECT_EQ("the model's quarantine/a.1", sources[1].name);
  EXPECT_EQ(3U, sources[1].open()->size());
}

TEST_F(QuarantineTest, WhatIsThereAlreadyIsNotPutTwice) {
  Quarantine quarantine(location_, base::real_file_system());
  put({"quarantine", "a"}, "one");
  put(record_, "one");
  quarantine.take(record_);
  quarantine.take(record_);
  EXPECT_THAT(contents(), ElementsAre(Pair("quarantine/a", "one")));
}

TEST_F(QuarantineTest, AfterALostAnswerItIsTakenAgain) {
  for (const StorageFault fault : {StorageFault::kDone, StorageFault::kNotDone}) {
    for (std::uint64_t operation = 1; operation <= 4; ++operation) {
      SCOPED_TRACE(operation);
      location_.storage = storage_ = std::make_shared<tests::ModelStorage>();
      put(record_, "one");
      storage_->fail_once_at(storage_->operations() + operation, fault);
      EXPECT_THROW(Quarantine(location_, base::real_file_system()).take(record_), StorageError);
      storage_->stop_failing();
      EXPECT_THAT(contents(), testing::Contains(testing::Pair(testing::_, "one")));
      Quarantine(location_, base::real_file_system()).take(record_);
      EXPECT_THAT(contents(), ElementsAre(Pair("quarantine/a", "one")));
    }
  }
}

}  // namespace
}  // namespace store
