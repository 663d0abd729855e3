// A reindex that takes the copy of the index in the bucket.
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "store/format/layout.h"
#include "store/maintenance/reindex.h"
#include "tests/expect_error.h"
#include "tests/store/storage/model_storage.h"
#include "tests/store/store_fixture.h"

namespace store {
namespace {

using testing::IsEmpty;
using testing::SizeIs;
using tests::StorageFault;

class ReindexFromCopyTest : public StoreFixture {
 protected:
  ReindexFromCopyTest() {
    location_.storage = model_;
    make_store();
    for (unsigned i = 0; i < 2; ++i) back_up("alice", samples(0, i + 2));
    EXPECT_EQ(2U, open_writer().copy_index_if_due());
    back_up("bob", samples(10, 3));
  }

  void back_up(const std::string& account, const std::vector<std::string>& messages) {
    back_up_at(next_ += std::chrono::hours(1), account, messages);
  }

  void expect_nothing_unfinished(const Location& location) const {
    for (const base::Path& file :
         {new_index_file(location), new_search_index_file(location), new_readers_index(location)}) {
      EXPECT_FALSE(std::filesystem::exists(file)) << file;
    }
  }

  std::shared_ptr<tests::ModelStorage> model_ = std::make_shared<tests::ModelStorage>(
      StorageTraits{.creates_once = false, .lists_at_once = true, .replaces_at_once = true});
  std::chrono::sys_seconds next_{std::chrono::days(19'000)};
};

TEST_F(ReindexFromCopyTest, TheOldIndexStaysUntilTheNewOneIsComplete) {
  bool has_failed = true;
  for (std::uint64_t request = 1; has_failed; ++request) {
    SCOPED_TRACE(request);
    ASSERT_LT(request, 100U);
    has_failed = false;
    ReindexReport report;
    model_->fail_for_good_from(model_->operations() + request, StorageFault::kNotDone);
    try {
      report = reindex(location_, files_);
    } catch (const base::Error& error) {
      EXPECT_EQ(base::ErrorCode::kStorage, error.code()) << error.what();
      has_failed = true;
    }
    model_->stop_failing();
    expect_nothing_unfinished(location_);
    {
      Reader reader = open_reader();
      EXPECT_EQ(samples(0, 3), restore(reader, "alice", "INBOX"));
      EXPECT_EQ(samples(10, 3), restore(reader, "bob", "INBOX"));
    }
    if (has_failed) continue;
    EXPECT_GT(request, 5U) << "the key slots, a listing, three packs";
    EXPECT_EQ(0U, report.copy) << "the old index may be wrong, and then its copy, too";
    EXPECT_EQ(3U, report.packs);
    EXPECT_EQ(6U, report.messages);
    EXPECT_THAT(report.damage, IsEmpty());
  }
}

TEST_F(ReindexFromCopyTest, WithoutAnIndexTheCopyIsTakenOnceAllOfItIsThere) {
  bool has_failed = true;
  for (std::uint64_t request = 1; has_failed; ++request) {
    SCOPED_TRACE(request);
    ASSERT_LT(request, 100U);
    has_failed = false;
    std::filesystem::remove(index_file(location_));
    model_->fail_for_good_from(model_->operations() + request, StorageFault::kNotDone);
    try {
      const ReindexReport report = reindex(location_, files_);
      EXPECT_GT(request, 5U) << "the copy has a manifest and two parts";
      EXPECT_EQ(2U, report.copy);
      EXPECT_EQ(3U, report.packs);
      EXPECT_EQ(6U, report.messages);
      EXPECT_THAT(report.damage, IsEmpty());
    } catch (const base::Error& error) {
      EXPECT_EQ(base::ErrorCode::kStorage, error.code()) << error.what();
      has_failed = true;
    }
    model_->stop_failing();
    expect_nothing_unfinished(location_);
  }
}

TEST_F(ReindexFromCopyTest, WhatARunThatWasKilledHasLeftIsNotUsed) {
  for (const base::Path& file : {new_index_file(location_), new_search_index_file(location_)}) {
    std::ofstream(file) << "of a run that was killed";
  }
  std::filesystem::remove(index_file(location_));
  const ReindexReport report = reindex(location_, files_);
  EXPECT_EQ(2U, report.copy);
  EXPECT_THAT(report.damage, IsEmpty());
  expect_nothing_unfinished(location_);
}

TEST_F(ReindexFromCopyTest, TheIndexOfReadersComesFromTheCopyIfThereIsNoIndex) {
  Location reads = location_;
  reads.index = directory_ / "readers";
  reads.has_own_index = true;
  Reader::open(reads, files_);
  const Writer writer = open_writer();  // no lock is needed
  struct Case {
    bool has_index, uses_copy;
    std::uint64_t copy;
  };
  for (const auto& [has_index, uses_copy, copy] :
       {Case{false, true, 2}, Case{false, false, 0}, Case{true, true, 0}}) {
    if (!has_index) std::filesystem::remove(index_file(reads));
    const ReindexReport report = reindex(reads, files_, {.uses_copy = uses_copy});
    EXPECT_EQ(copy, report.copy);
    EXPECT_EQ(3U, report.packs);
    EXPECT_EQ(6U, report.messages);
    EXPECT_THAT(report.damage, IsEmpty());
    expect_nothing_unfinished(reads);
    EXPECT_FALSE(std::filesystem::exists(search_index_file(reads)));
    Reader reader = Reader::open(reads, files_);
    EXPECT_THAT(reader.snapshots("alice"), SizeIs(2));
    EXPECT_EQ(samples(10, 3), restore(reader, "bob", "INBOX"));
  }
}

TEST_F(ReindexFromCopyTest, TheIndexOfReadersIsBuiltByOneProcessAtATime) {
  Location reads = location_;
  reads.index = directory_ / "readers";
  reads.has_own_index = true;
  reindex(reads, files_);
  std::filesystem::create_directory(new_readers_index(reads));
  {
    const auto lock = files_.try_lock(reindex_lock_file(reads), base::LockMode::kExclusive);
    EXPECT_ERROR(kBusy, "another one is building", reindex(reads, files_));
    EXPECT_TRUE(std::filesystem::exists(new_readers_index(reads))) << "it belongs to that process";
    EXPECT_THAT(Reader::open(reads, files_).snapshots("alice"), SizeIs(2));
  }
  reindex(reads, files_);
  expect_nothing_unfinished(reads);
}

}  // namespace
}  // namespace store
