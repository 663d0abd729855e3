#include "store/index/read_ahead.h"

#include <filesystem>

#include <gmock/gmock.h>

#include "store/format/layout.h"
#include "store/keys/key_slot.h"
#include "store/storage/directory_storage.h"
#include "tests/store/counting_file_system.h"
#include "tests/store/store_fixture.h"

namespace store {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

class ReadAheadTest : public StoreFixture {
 protected:
  ReadAheadTest() {
    make_store();
    {
      Writer writer = open_writer();
      add_snapshot(writer, "alice", {add_folder(writer, "INBOX", samples(0, 10))});
      writer.commit();
    }
    context_ = open_keys(location_, files_);
    Index index = Index::open_read_only(index_file(location_), context_.store);
    const PackName pack = index.packs().front();
    for (std::size_t ordinal = 0; const auto row = index.row_of(pack, ordinal); ++ordinal) {
      blocks_.push_back({.block = *row, .place = index.block(*row)});
    }
  }

  ReadAhead read_ahead() { return {storage_, context_}; }

  BlockContext context_;
  std::vector<BlockToRead> blocks_;  // of the only pack
  tests::CountingFileSystem counting_;
  DirectoryStorage storage_{counting_, location_.store};
};

TEST_F(ReadAheadTest, NeighboursAreReadWithOneRead) {
  ReadAhead ahead = read_ahead();
  EXPECT_THAT(ahead.collect(), IsEmpty()) << "nothing was requested";
  ASSERT_GE(blocks_.size(), 3U);
  ahead.request({blocks_.rbegin(), blocks_.rend()});
  const std::vector<OpenedBlock> opened = ahead.collect();
  ASSERT_THAT(opened, SizeIs(blocks_.size()));
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    EXPECT_EQ(blocks_[i].block, opened[i].block);
    EXPECT_EQ(blocks_[i].place.plain_length, opened[i].bytes->size());
  }
  EXPECT_THAT(counting_.reads().at(packs().front()), SizeIs(1));
  EXPECT_THAT(ahead.collect(), IsEmpty()) << "it was collected";
}

TEST_F(ReadAheadTest, WhatLiesApartIsReadAlone) {
  ReadAhead ahead = read_ahead();
  ahead.request({blocks_[0], blocks_[2]});
  EXPECT_THAT(ahead.collect(), SizeIs(2));
  EXPECT_THAT(counting_.reads().at(packs().front()), SizeIs(2));
  EXPECT_EQ(
      2 * BlockHeader::kSize + blocks_[0].place.sealed_length + blocks_[2].place.sealed_length,
      counting_.bytes_read_below(packs_directory(location_)));
}

TEST_F(ReadAheadTest, AnErrorIsLeftToTheUserOfTheBlock) {
  ReadAhead ahead = read_ahead();
  std::vector<BlockToRead> wrong = blocks_;
  wrong[2].place.sealed_length -= 1;
  ahead.request({wrong[0], wrong[2]});
  EXPECT_THAT(ahead.collect(), SizeIs(1));
  std::filesystem::remove(packs().front());
  ahead.request(blocks_);
  EXPECT_THAT(ahead.collect(), IsEmpty());
}

TEST_F(ReadAheadTest, NothingIsAllocatedForASizeThatNoBlockHas) {
  ReadAhead ahead = read_ahead();
  for (BlockToRead& block : blocks_) block.place.plain_length = UINT32_MAX;
  ahead.request(blocks_);
  EXPECT_THAT(ahead.collect(), IsEmpty());
  EXPECT_THAT(counting_.reads(), IsEmpty());
}

TEST_F(ReadAheadTest, EndsWithoutBeingCollected) {
  for (int times = 0; times < 20; ++times) {
    ReadAhead ahead = read_ahead();
    ahead.request(blocks_);
  }
  EXPECT_LE(counting_.bytes_read_below(packs_directory(location_)),
            20 * std::filesystem::file_size(packs().front()));
}

}  // namespace
}  // namespace store
