// The cache of blocks of manifests beside the index of a store in a bucket: it spares requests, and
// nothing depends on it.
#include "store/index/block_cache.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/config/store_config.h"
#include "store/format/layout.h"
#include "store/index/index.h"
#include "store/keys/key_slot.h"
#include "store/maintenance/check.h"
#include "store/maintenance/prune.h"
#include "store/reader.h"
#include "tests/store/storage/model_bucket.h"
#include "tests/store/storage/model_storage.h"
#include "tests/store/storage/stepped_storage.h"
#include "tests/store/store_fixture.h"

namespace store {
namespace {

using testing::IsEmpty;
using testing::Not;

namespace fs = std::filesystem;

constexpr std::uint64_t kEnough = 4'000'000;

class BlockCacheTest : public StoreFixture {
 protected:
  BlockCacheTest() {
    location_.storage = stepped_;
    location_.cache_bytes = kEnough;
    make_store();
  }

  void back_up(unsigned first, unsigned count) {
    back_up_at(next_ += std::chrono::hours(1), "alice", samples(first, count));
  }

  // Reads the newest state of the account; returns how often it read from packs.
  std::uint64_t walk(std::size_t messages = 20) {
    const std::uint64_t before = reads_of_packs_;
    Reader reader = open_reader();
    std::size_t found = 0;
    for (const FolderRecord& folder : reader.folders(reader.newest_snapshot("alice").value())) {
      reader.for_each_message(folder, [&](const MessageEntry&) { ++found; });
    }
    EXPECT_EQ(messages, found);
    return reads_of_packs_ - before;
  }

  base::Path directory() const { return cache_directory(location_); }

  std::vector<base::Path> entries() const {
    std::vector<base::Path> paths;
    if (!fs::exists(directory())) return paths;
    for (const auto& file : fs::directory_iterator(directory())) paths.push_back(file.path());
    return paths;
  }

  std::uint64_t cached_bytes() const {
    std::uint64_t bytes = 0;
    for (const base::Path& path : entries()) bytes += fs::file_size(path);
    return bytes;
  }

  static BlockHeader header_of(std::uint32_t ordinal, std::uint32_t size) {
    BlockHeader header;
    header.ordinal = ordinal;
    header.sealed_length = size - static_cast<std::uint32_t>(BlockHeader::kSize);
    return header;
  }

  std::shared_ptr<tests::ModelStorage> model_ = std::make_shared<tests::ModelStorage>();
  std::uint64_t reads_of_packs_ = 0;
  std::shared_ptr<tests::SteppedStorage> stepped_ = std::make_shared<tests::SteppedStorage>(
      *model_, [this](const tests::StorageRequest& request) {
        if (request.kind == "get" && request.area == kPacksArea) ++reads_of_packs_;
      });
  std::chrono::sys_seconds next_{std::chrono::days(19'000)};
};

TEST_F(BlockCacheTest, TheSecondWalkRequestsNoManifests) {
  back_up(0, 20);
  fs::remove_all(directory());
  EXPECT_GT(walk(), 0U);
  EXPECT_EQ(0U, walk());
}

TEST_F(BlockCacheTest, WhatWasJustWrittenIsNotRequested) {
  back_up(0, 20);
  EXPECT_EQ(0U, walk());
  back_up(5, 20);
  EXPECT_EQ(0U, walk());
}

TEST_F(BlockCacheTest, OnlyManifestsAreKept) {
  back_up(0, 20);
  const std::uint64_t before = cached_bytes();
  Reader reader = open_reader();
  EXPECT_EQ(samples(0, 20), restore(reader, "alice", "INBOX"));
  EXPECT_EQ(before, cached_bytes());
  EXPECT_GT(reads_of_packs_, 0U);
}

TEST_F(BlockCacheTest, ItCanBeSwitchedOff) {
  location_.cache_bytes = 0;
  back_up(0, 20);
  EXPECT_GT(walk(), 0U);
  EXPECT_GT(walk(), 0U);
  EXPECT_FALSE(fs::exists(directory()));
}

TEST_F(BlockCacheTest, AStoreInADirectoryHasNone) {
  location_.storage = nullptr;
  location_.store = directory_ / "other-store";
  location_.index = directory_ / "other-index";
  location_.key_file = directory_ / "other.key";
  make_store();
  back_up(0, 20);
  walk();
  EXPECT_FALSE(fs::exists(directory()));
}

TEST_F(BlockCacheTest, ADamagedEntryIsReadFromTheBucketAgain) {
  back_up(0, 20);
  const auto change = [](const base::Path& path) {
    const auto middle = static_cast<std::streamoff>(fs::file_size(path) / 2);
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(middle);
    const int byte = file.get();
    file.seekp(middle);
    file.put(static_cast<char>(byte ^ 1));
  };
  const auto cut = [](const base::Path& path) { fs::resize_file(path, fs::file_size(path) - 1); };
  const auto empty = [](const base::Path& path) { fs::resize_file(path, 0); };
  for (const std::function<void(const base::Path&)>& damage :
       std::vector<std::function<void(const base::Path&)>>{change, cut, empty}) {
    ASSERT_THAT(entries(), Not(IsEmpty()));
    for (const base::Path& path : entries()) damage(path);
    EXPECT_GT(walk(), 0U);
    EXPECT_EQ(0U, walk()) << "it is whole again";
  }
}

TEST_F(BlockCacheTest, AnEntryOfAnotherBlockIsNotBelieved) {
  back_up(0, 20);
  back_up(5, 20);
  const std::vector<base::Path> paths = entries();
  ASSERT_GT(paths.size(), 1U);
  for (const base::Path& path : paths) {
    if (path != paths.front()) {
      fs::copy_file(paths.front(), path, fs::copy_options::overwrite_existing);
    }
  }
  walk();
  EXPECT_EQ(0U, walk());
}

TEST_F(BlockCacheTest, ACheckReadsWhatTheBucketHas) {
  back_up(0, 20);
  EXPECT_EQ(0U, walk());
  for (const auto& [name, bytes] : model_->contents()) {
    if (name.area() != kPacksArea) continue;
    base::Bytes changed = bytes;
    for (std::size_t i = kPackHeaderSize; i < changed.size(); ++i) changed[i] ^= std::byte{1};
    model_->replace(name, changed);
  }
  for (const CheckDepth depth : {CheckDepth::kQuick, CheckDepth::kReadData}) {
    CheckOptions options;
    options.depth = depth;
    EXPECT_THAT(check(location_, files_, options).damage, Not(IsEmpty()));
  }
}

TEST_F(BlockCacheTest, WhatCantBeKeptIsLeftOut) {
  fs::create_directories(location_.index);
  std::ofstream(directory()) << "something else";
  back_up(0, 20);
  EXPECT_GT(walk(), 0U);
  EXPECT_TRUE(fs::is_regular_file(directory()));
}

TEST_F(BlockCacheTest, APruneAndWhatFollowsFindEverything) {
  const SnapshotInfo dropped =
      back_up_at(std::chrono::sys_seconds(std::chrono::days(18'000)), "bob", samples(100, 20));
  for (unsigned i = 0; i < 4; ++i) back_up(i, 20);
  PruneOptions options;
  options.drop = {dropped.id};
  options.limits.dead_percent = 0;
  EXPECT_GT(prune(location_, files_, clock_, options).condemned, 0U);
  clock_.moment += std::chrono::hours(49);
  const std::vector<base::Path> before = entries();
  EXPECT_GT(prune(location_, files_, clock_, {}).deleted, 0U);
  EXPECT_FALSE(
      std::ranges::all_of(before, [](const base::Path& path) { return fs::exists(path); }));
  std::set<std::string> packs;
  Index index = Index::open_read_only(index_file(location_), open_keys(location_, files_).store);
  for (const auto& [id, name] : index.pack_ids()) packs.insert(base::to_hex(id));
  for (const base::Path& path : entries()) {
    EXPECT_TRUE(packs.contains(path.stem().string())) << "of a pack that is deleted";
  }
  walk();
  Reader reader = open_reader();
  EXPECT_EQ(samples(3, 20), restore(reader, "alice", "INBOX"));
  CheckOptions complete;
  complete.depth = CheckDepth::kReadData;
  EXPECT_THAT(check(location_, files_, complete).damage, IsEmpty());
}

TEST_F(BlockCacheTest, WhatWasUsedLeastRecentlyMakesRoom) {
  constexpr std::uint32_t kSize = 1'000;
  constexpr std::uint32_t kBlocks = 10;
  location_.cache_bytes = std::uint64_t{kBlocks} * kSize;
  BlockCache cache(location_);
  const base::Bytes block(kSize, std::byte{7});
  for (std::uint32_t i = 0; i < kBlocks; ++i) cache.add(header_of(i, kSize), block);
  EXPECT_EQ(location_.cache_bytes, cached_bytes());
  EXPECT_TRUE(cache.find(header_of(0, kSize)));
  cache.add(header_of(kBlocks, kSize), block);
  EXPECT_LE(cached_bytes(), location_.cache_bytes);
  EXPECT_TRUE(cache.find(header_of(0, kSize))) << "it was used";
  EXPECT_FALSE(cache.find(header_of(1, kSize)));
  EXPECT_TRUE(cache.find(header_of(kBlocks - 1, kSize)));
  EXPECT_EQ(block, cache.find(header_of(kBlocks, kSize)));
  for (std::uint32_t i = 0; i < 100; ++i) {
    cache.add(header_of(1'000 + i, kSize), block);
    ASSERT_LE(cached_bytes(), location_.cache_bytes);
  }
  cache.add(header_of(5'000, kBlocks * kSize + 1), base::Bytes(kBlocks * kSize + 1));
  EXPECT_FALSE(cache.find(header_of(5'000, kBlocks * kSize + 1))) << "it is larger than the cache";
}

TEST_F(BlockCacheTest, OtherProcessesUseTheSameDirectory) {
  constexpr std::uint32_t kSize = 1'000;
  location_.cache_bytes = 10'000;
  BlockCache first(location_);
  BlockCache second(location_);
  const base::Bytes block(kSize, std::byte{7});
  first.add(header_of(1, kSize), block);
  EXPECT_EQ(block, second.find(header_of(1, kSize)));
  EXPECT_TRUE(second.remove(header_of(1, kSize)));
  EXPECT_FALSE(second.remove(header_of(1, kSize))) << "it is gone";
  EXPECT_FALSE(first.find(header_of(1, kSize)));
  const base::Path leftover = directory() / ".mailstow-999999999-00.tmp";
  std::ofstream(leftover) << "interrupted";
  fs::last_write_time(leftover, fs::file_time_type::clock::now() - std::chrono::hours(25));
  BlockCache third(location_);
  third.add(header_of(2, kSize), block);
  EXPECT_FALSE(fs::exists(leftover));
  EXPECT_TRUE(third.find(header_of(2, kSize)));
}

TEST_F(BlockCacheTest, ItLeavesTwiceTheRoomThatBackupsLeave) {
  location_.keep_free = std::uint64_t{1} << 60;
  BlockCache cache(location_);
  const base::Bytes block(1'000, std::byte{7});
  cache.add(header_of(1, 1'000), block);
  EXPECT_FALSE(cache.find(header_of(1, 1'000)));
}

TEST(CacheConfigTest, TheStoreOfAConfigurationHasOne) {
  const tests::ModelBucket bucket("s3://mail/cached");
  base::StoreConfig config;
  config.index = "/nowhere";
  config.cache = 7'000'000;
  EXPECT_EQ(0U, location_of(config).cache_bytes) << "in a directory";
  config.s3.emplace();
  config.s3->url = "https://storage.invalid";
  config.s3->bucket = "mail";
  config.s3->prefix = "cached";
  EXPECT_EQ(7'000'000U, location_of(config).cache_bytes);
}

}  // namespace
}  // namespace store
