// The copy of the index in the bucket: a machine without an index takes it, and nothing depends on
// it.
#include "store/index/index_copy.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "store/format/commit_record.h"
#include "store/format/index_manifest.h"
#include "store/format/layout.h"
#include "store/index/sqlite.h"
#include "store/keys/key_slot.h"
#include "store/maintenance/check.h"
#include "store/maintenance/prune.h"
#include "store/maintenance/reindex.h"
#include "store/search_index/search_index.h"
#include "tests/expect_error.h"
#include "tests/store/storage/model_storage.h"
#include "tests/store/storage/stepped_storage.h"
#include "tests/store/store_fixture.h"

namespace store {
namespace {

using testing::IsEmpty;
using testing::SizeIs;
using tests::StorageFault;

namespace fs = std::filesystem;

// Whether the storage creates a name only once.
class IndexCopyTest : public StoreFixture, public testing::WithParamInterface<bool> {
 protected:
  CommitRecord first_record() {
    const BlobName name = blobs(kCommitsArea).front();
    return CommitRecord::open(context(), name, model_->contents().at(name), "a record");
  }

  IndexCopyTest() {
    location_.storage = stepped_;
    make_store();
  }

  SnapshotInfo back_up(const std::string& account, const std::vector<std::string>& messages) {
    return back_up_at(next_ += std::chrono::hours(1), account, messages);
  }

  void back_up_often(unsigned times) {
    for (unsigned i = 0; i < times; ++i) back_up("alice", samples(3 * i, 3));
  }

  std::optional<std::uint64_t> copy() { return open_writer().copy_index_if_due(); }

  std::uint64_t copied() {
    const std::optional<std::uint64_t> number = copy();
    EXPECT_TRUE(number);
    return number.value_or(0);
  }

  std::vector<BlobName> blobs(std::string_view area) const {
    std::vector<BlobName> names;
    for (const auto& [name, bytes] : model_->contents()) {
      if (name.area() == area) names.push_back(name);
    }
    return names;
  }

  BlobName manifest_name() const {
    std::vector<BlobName> names = blobs(kIndexArea);
    std::erase_if(names, [](const BlobName& name) { return !is_index_manifest(name.key()); });
    EXPECT_THAT(names, SizeIs(1));
    return names.at(0);
  }

  BlockContext context() { return open_keys(location_, files_); }

  IndexManifest manifest() {
    const BlobName name = manifest_name();
    return IndexManifest::open(context(), name, model_->contents().at(name), "the manifest");
  }

  void replace(const BlobName& name, const base::Bytes& bytes) { model_->replace(name, bytes); }
  void remove(const BlobName& name) { EXPECT_THAT(model_->remove(std::array{name}), IsEmpty()); }

  // The store on a machine without an index.
  Location elsewhere(bool only_reads = false) {
    Location other = location_;
    other.index = directory_ / fmt::format("elsewhere-{}", ++machines_);
    other.has_own_index = only_reads;
    return other;
  }

  std::optional<std::uint64_t> fetch(IndexUse use = IndexUse::kWriters) {
    return fetch_index_copy(elsewhere(), context(), use);
  }

  void expect_complete(const Location& location) {
    CheckOptions options;
    options.depth = CheckDepth::kReadData;
    options.threads = 1;
    EXPECT_THAT(check(location, files_, options).damage, IsEmpty());
  }

  // How often the work reads from packs.
  std::uint64_t reads_of_packs(const std::function<void()>& work) {
    const std::uint64_t before = reads_of_packs_;
    work();
    return reads_of_packs_ - before;
  }

  std::shared_ptr<tests::ModelStorage> model_ = std::make_shared<tests::ModelStorage>(
      StorageTraits{.creates_once = GetParam(), .lists_at_once = true, .replaces_at_once = true});
  std::uint64_t reads_of_packs_ = 0;
  std::shared_ptr<tests::SteppedStorage> stepped_ = std::make_shared<tests::SteppedStorage>(
      *model_, [this](const tests::StorageRequest& request) {
        if (request.kind == "get" && request.area == kPacksArea) ++reads_of_packs_;
      });
  std::chrono::sys_seconds next_{std::chrono::days(19'000)};
  unsigned machines_ = 0;
};

TEST_P(IndexCopyTest, AMachineWithoutAnIndexReadsOnlyWhatCameAfterTheCopy) {
  back_up_often(12);
  EXPECT_EQ(12U, copied());
  back_up("bob", samples(100, 2));
  const Location with_copy = elsewhere();
  const std::uint64_t reads = reads_of_packs(
      [&] { EXPECT_THAT(Writer::open(with_copy, files_, clock_).damage(), IsEmpty()); });
  EXPECT_LE(reads, 4U) << "of one pack, for the index and for the search";
  Reader reader = Reader::open(with_copy, files_);
  EXPECT_EQ(samples(33, 3), restore(reader, "alice", "INBOX"));
  expect_complete(with_copy);
  const std::size_t packs = blobs(kPacksArea).size();
  const Location other = elsewhere();
  SearchIndex search = SearchIndex::open(search_index_file(with_copy), context().store);
  EXPECT_THAT(search.packs(), SizeIs(packs));

  for (const BlobName& name : blobs(kIndexArea)) remove(name);
  EXPECT_GE(reads_of_packs([&] { Writer::open(other, files_, clock_); }), 2 * packs);
}

// Only their names and rows: nothing reads them.
TEST_P(IndexCopyTest, TwentyThousandPacksTakeAFewRequests) {
  constexpr unsigned kPacks = 20'000;
  back_up_often(1);
  {
    Database index = Database::open_or_create(index_file(location_));
    Database search = Database::open_or_create(search_index_file(location_));
    Transaction of_index(index);
    Transaction of_search(search);
    Statement add(index,
                  "INSERT INTO packs (name, id, effort, size, listed) VALUES (?1, ?2, 0, 9, 1)");
    Statement add_searched(search, "INSERT INTO packs VALUES (?1)");
    for (unsigned i = 0; i < kPacks; ++i) {
      const Sha256 name = sha256(base::as_bytes(std::to_string(i)));
      const base::ByteView bytes(name.bytes);
      add.bind(1, bytes).bind(2, bytes.first(PackId().size())).run();
      add_searched.bind(1, bytes).run();
      model_->put(blob_of(name), base::as_bytes("a pack"));
    }
    of_index.commit();
    of_search.commit();
  }
  EXPECT_EQ(1U, copied());
  back_up("bob", samples(100, 2));
  const Location other = elsewhere();
  const std::uint64_t before = model_->operations();
  EXPECT_THAT(Writer::open(other, files_, clock_).damage(), IsEmpty());
  EXPECT_LT(model_->operations() - before, 50U);
  Index index = Index::open_read_only(index_file(other), context().store);
  EXPECT_THAT(index.packs(), SizeIs(kPacks + 2));
}

TEST_P(IndexCopyTest, ReindexReportsWhereItHasTheIndexFrom) {
  back_up_often(5);
  EXPECT_EQ(5U, copied());
  back_up_often(6);
  for (const bool uses_copy : {true, false}) {
    fs::remove(index_file(location_));
    const ReindexReport report = reindex(location_, files_, {.uses_copy = uses_copy});
    EXPECT_EQ(uses_copy ? 5U : 0U, report.copy);
    EXPECT_THAT(report.damage, IsEmpty());
    EXPECT_EQ(blobs(kPacksArea).size(), report.packs);
    EXPECT_EQ(18U, report.messages);
    expect_complete(location_);
    Reader reader = open_reader();
    EXPECT_THAT(reader.snapshots("alice"), SizeIs(11));
  }
}

TEST_P(IndexCopyTest, AReaderWithAnIndexOfItsOwnTakesTheCopyWithoutTheSearch) {
  back_up_often(12);
  copied();
  const Location reads = elsewhere(/*only_reads=*/true);
  const std::uint64_t count = reads_of_packs([&] {
    Reader reader = Reader::open(reads, files_);
    EXPECT_THAT(reader.accounts(), testing::ElementsAre("alice"));
  });
  EXPECT_EQ(0U, count);
  EXPECT_FALSE(fs::exists(search_index_file(reads)));
  expect_complete(reads);
  Location writes = reads;
  writes.has_own_index = false;
  EXPECT_ERROR(kConfig, "it is one of programs that only read",
               Writer::open(writes, files_, clock_));
}

TEST_P(IndexCopyTest, AnIndexThatIsThereIsKept) {
  back_up_often(2);
  copied();
  EXPECT_EQ(std::nullopt, fetch_index_copy(location_, context(), IndexUse::kWriters));
  const Location directory{.store = directory_, .index = directory_ / "none", .key_file = {}};
  EXPECT_EQ(std::nullopt, fetch_index_copy(directory, context(), IndexUse::kWriters));
}

TEST_P(IndexCopyTest, TheCopyIsEncrypted) {
  back_up("alice", samples(0, 3));
  copied();
  for (const BlobName& name : blobs(kIndexArea)) {
    const std::string bytes = base::to_text(model_->contents().at(name));
    for (const char* const plain : {"SQLite format", "alice", "index.sqlite"}) {
      EXPECT_EQ(std::string::npos, bytes.find(plain)) << name.text() << " " << plain;
    }
  }
}

TEST_P(IndexCopyTest, NothingOfADamagedCopyIsUsed) {
  back_up_often(3);
  copied();
  const std::vector<BlobName> names = blobs(kIndexArea);
  ASSERT_THAT(names, SizeIs(3)) << "a manifest, the index, the search index";
  const auto whole = model_->contents();
  for (const BlobName& name : names) {
    const base::Bytes& bytes = whole.at(name);
    base::Bytes changed = bytes;
    changed.at(bytes.size() / 2) ^= std::byte{1};
    base::Bytes cut = bytes;
    cut.pop_back();
    base::Bytes longer = bytes;
    longer.push_back(std::byte{0});
    const base::Bytes& other = whole.at(name == names.at(1) ? names.at(2) : names.at(1));
    for (const base::Bytes& wrong : {changed, cut, longer, other, base::Bytes()}) {
      replace(name, wrong);
      EXPECT_EQ(std::nullopt, fetch()) << name.text();
    }
    remove(name);
    EXPECT_EQ(std::nullopt, fetch()) << name.text();
    fs::remove(index_file(location_));
    const ReindexReport report = reindex(location_, files_);
    EXPECT_EQ(0U, report.copy);
    EXPECT_THAT(report.damage, IsEmpty());
    replace(name, bytes);
    EXPECT_EQ(3U, fetch());
  }
  expect_complete(location_);
}

TEST_P(IndexCopyTest, ACopyOfAnUnknownCommitIsNotUsed) {
  back_up_often(3);
  copied();
  back_up_often(1);
  const BlobName name = manifest_name();
  const IndexManifest right = manifest();
  EXPECT_EQ(3U, right.number);
  EXPECT_EQ(3U, right.first);
  IndexManifest wrong = right;
  wrong.commit.bytes.at(7) ^= std::byte{1};
  replace(name, wrong.seal(context(), name));
  EXPECT_EQ(std::nullopt, fetch());
  wrong = right;
  wrong.databases.front().version = static_cast<std::uint64_t>(kIndexVersion) + 1;
  replace(name, wrong.seal(context(), name));
  EXPECT_EQ(std::nullopt, fetch()) << "of a newer version";
  wrong = right;
  wrong.databases.front().digest = {};
  replace(name, wrong.seal(context(), name));
  EXPECT_EQ(std::nullopt, fetch());
  replace(name, right.seal(context(), name));
  EXPECT_EQ(3U, fetch());

  const auto contents = model_->contents();
  for (const BlobName& record : blobs(kCommitsArea)) {
    if (number_in_key(record.key()) != 3U) continue;
    remove(record);
    EXPECT_EQ(std::nullopt, fetch()) << "without its record";
    replace(record, contents.at(record));
  }
  EXPECT_EQ(3U, fetch());
}

TEST_P(IndexCopyTest, ACopyOfACommitThatMayHaveLostAForkIsNotUsed) {
  back_up_often(2);
  copied();
  const std::vector<BlobName> records = blobs(kCommitsArea);
  CommitRecord other = CommitRecord::open(context(), records.back(),
                                          model_->contents().at(records.back()), "a record");
  ASSERT_EQ(2U, other.number);
  other.commit.bytes.front() ^= std::byte{1};
  other.epoch += 1;
  other.host.front() ^= std::byte{1};
  const BlobName name =
      GetParam() ? records.back() : commit_record_name(other.number, other.epoch, other.host);
  replace(name, other.seal(context(), name));
  EXPECT_EQ(std::nullopt, fetch());
}

TEST_P(IndexCopyTest, ACopyWhoseCommitAPruneHasDeletedIsNotUsed) {
  back_up_often(3);
  copied();
  const std::vector<BlobName> records = blobs(kCommitsArea);
  const CommitRecord newest = CommitRecord::open(context(), records.back(),
                                                 model_->contents().at(records.back()), "a record");
  remove(blob_of(newest.pack));
  EXPECT_EQ(std::nullopt, fetch());
}

TEST_P(IndexCopyTest, WhatAPruneDidSinceTheCopyIsKnown) {
  const SnapshotInfo dropped = back_up("bob", samples(500, 5));
  back_up_often(4);
  copied();
  PruneOptions options;
  options.drop = {dropped.id};
  options.limits.dead_percent = 0;
  prune(location_, files_, clock_, options);
  for (const bool are_deleted : {false, true}) {
    if (are_deleted) {
      clock_.moment += std::chrono::hours(49);
      EXPECT_GT(prune(location_, files_, clock_, {}).deleted, 0U);
    }
    const Location other = elsewhere();
    {
      Writer writer = Writer::open(other, files_, clock_);
      EXPECT_THAT(writer.damage(), IsEmpty());
      EXPECT_THAT(writer.reader().accounts(), testing::ElementsAre("alice"));
      EXPECT_EQ(samples(9, 3), restore(writer.reader(), "alice", "INBOX"));
    }
    expect_complete(other);
    fs::remove(index_file(location_));
    EXPECT_THAT(reindex(location_, files_).damage, IsEmpty());
    expect_complete(location_);
  }
}

TEST_P(IndexCopyTest, AProgramThatEndsAnywhereLeavesAnOlderCopy) {
  back_up_often(2);
  EXPECT_EQ(2U, copied());
  back_up_often(1);
  clock_.moment += std::chrono::days(8);
  open_writer();  // takes the store, if it has to
  model_->keep();
  std::uint64_t requests = 0;
  {
    Writer writer = open_writer();
    const std::uint64_t before = model_->operations();
    EXPECT_EQ(3U, writer.copy_index_if_due());
    requests = model_->operations() - before;
  }
  EXPECT_EQ(6U, requests) << "a listing, a manifest; two parts, a manifest, a removal";
  EXPECT_THAT(blobs(kIndexArea), SizeIs(3)) << "the older one is gone";
  for (std::uint64_t request = 1; request <= requests; ++request) {
    for (const StorageFault fault : {StorageFault::kNotDone, StorageFault::kDone}) {
      SCOPED_TRACE(fmt::format("request {}, fault {}", request, static_cast<int>(fault)));
      model_->revert();
      {
        Writer writer = open_writer();
        model_->fail_for_good_from(model_->operations() + request, fault);
        if (request == requests) {
          EXPECT_EQ(3U, writer.copy_index_if_due()) << "what is older may stay";
        } else {
          EXPECT_ERROR(kStorage, "", writer.copy_index_if_due());
        }
      }
      model_->stop_failing();
      const bool is_complete =
          request == requests || (request == requests - 1 && fault == StorageFault::kDone);
      EXPECT_EQ(is_complete ? 3U : 2U, fetch());
    }
  }
  back_up_often(1);
  clock_.moment += std::chrono::days(8);
  EXPECT_EQ(4U, copied());
  EXPECT_THAT(blobs(kIndexArea), SizeIs(3)) << "what was left is gone, too";
}

TEST_P(IndexCopyTest, AnEndpointThatCantBeReachedIsNoReasonToReadEverything) {
  back_up_often(2);
  copied();
  for (std::uint64_t request = 1; request <= 4; ++request) {
    const Location other = elsewhere();
    const BlockContext keys = context();
    model_->fail_for_good_from(model_->operations() + request, StorageFault::kNotDone);
    EXPECT_ERROR(kStorage, "", fetch_index_copy(other, keys, IndexUse::kWriters));
    model_->stop_failing();
    EXPECT_FALSE(fs::exists(index_file(other)));
    EXPECT_EQ(2U, fetch_index_copy(other, keys, IndexUse::kWriters));
  }
}

TEST_P(IndexCopyTest, ACopyIsRenewedAfterAWeek) {
  EXPECT_EQ(std::nullopt, copy()) << "there is no commit";
  back_up_often(1);
  EXPECT_EQ(1U, copied());
  EXPECT_EQ(std::nullopt, copy());
  clock_.moment += std::chrono::days(8);
  EXPECT_EQ(std::nullopt, copy()) << "nothing has changed";
  back_up_often(1);
  EXPECT_EQ(2U, copied());
  back_up_often(1);
  clock_.moment += std::chrono::days(6);
  EXPECT_EQ(std::nullopt, copy());
  clock_.moment += std::chrono::days(1);
  EXPECT_EQ(3U, copied());
  back_up_often(1);
  clock_.moment -= std::chrono::hours(1);
  EXPECT_EQ(4U, copied()) << "the clock was wrong when the last one was made";
}

TEST_P(IndexCopyTest, ACopyIsRenewedADayAfterACheckpoint) {
  const SnapshotInfo dropped = back_up("bob", samples(500, 5));
  back_up_often(2);
  copied();
  PruneOptions options;
  options.drop = {dropped.id};
  prune(location_, files_, clock_, options);
  EXPECT_EQ(std::nullopt, copy());
  clock_.moment += std::chrono::hours(24);
  EXPECT_TRUE(copy());
}

TEST_P(IndexCopyTest, ACopyIsRenewedOnceManyPacksHaveCome) {
  back_up_often(1);
  copied();
  Writer writer = open_writer();
  for (unsigned i = 0; i < 64; ++i) {
    if (i == 40) {
      EXPECT_EQ(std::nullopt, writer.copy_index_if_due());
    }
    add_snapshot(writer, "bob", {add_folder(writer, "INBOX", samples(200 + i, 1))});
    writer.commit();
  }
  EXPECT_EQ(65U, writer.copy_index_if_due());
}

TEST_P(IndexCopyTest, AnIncompleteCopyOfOtherPartsCountsForNothing) {
  back_up_often(1);
  copied();
  const BlobName unknown(kIndexArea, "00000000000000000001.0011223344556677.000001");
  const BlobName foreign(kIndexArea, "notes");
  for (const BlobName& name : {unknown, foreign}) model_->put(name, base::as_bytes("something"));
  EXPECT_EQ(1U, fetch());
  back_up_often(1);
  clock_.moment += std::chrono::days(8);
  EXPECT_EQ(2U, copied());
  EXPECT_THAT(blobs(kIndexArea), testing::Not(testing::Contains(unknown)));
  EXPECT_THAT(blobs(kIndexArea), testing::Contains(foreign));
}

// As by an index that has not been used for a while, which knows more than the packs that remain.
TEST_P(IndexCopyTest, WhatIsMissingSinceTheCopyIsReported) {
  back_up_often(3);
  copied();
  const CommitRecord first = first_record();
  remove(blob_of(first.pack));
  {
    Writer writer = Writer::open(elsewhere(), files_, clock_);
    EXPECT_THAT(writer.damage(), testing::Contains(testing::HasSubstr(first.pack.hex())));
    EXPECT_THAT(writer.reader().snapshots("alice"), SizeIs(3));
  }
  fs::remove(index_file(location_));
  const ReindexReport report = reindex(location_, files_);
  EXPECT_EQ(0U, report.copy) << "its report is that of all packs";
  EXPECT_THAT(report.damage, testing::Contains(testing::HasSubstr(first.pack.hex())));
}

TEST_P(IndexCopyTest, TheIndexOfADamagedStoreIsNotCopied) {
  back_up_often(2);
  remove(blob_of(first_record().pack));
  Writer writer = open_writer();
  EXPECT_THAT(writer.damage(), testing::Not(IsEmpty()));
  EXPECT_EQ(std::nullopt, writer.copy_index_if_due());
  EXPECT_THAT(blobs(kIndexArea), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(, IndexCopyTest, testing::Bool(), [](const auto& each) {
  return std::string(each.param ? "CreatesOnce" : "Bucket");
});

}  // namespace
}  // namespace store
