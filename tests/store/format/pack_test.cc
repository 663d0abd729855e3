#include "store/format/pack.h"

#include <algorithm>
#include <map>
#include <span>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/pack_writer.h"
#include "store/storage/directory_storage.h"
#include "store/storage/patient_storage.h"
#include "tests/expect_error.h"
#include "tests/standing_clock.h"
#include "tests/store/counting_file_system.h"
#include "tests/store/older_store.h"
#include "tests/store/storage/model_storage.h"
#include "tests/temporary_directory.h"

namespace store {
namespace {

class PackTest : public testing::Test {
 protected:
  PackTest() {
    fill_random(context_.store);
    context_.keys = Keys::derive(random_key());
  }

  Pack write(const std::vector<std::pair<ObjectType, std::string>>& objects) {
    SealingPool pool(context_, 3, 2);
    PackWriter writer(storage_, context_, pool);
    for (const auto& [type, bytes] : objects) {
      writer.add(type, object_id(context_.keys, type, base::as_bytes(bytes)), base::as_bytes(bytes),
                 bytes.size());
    }
    return writer.finish();
  }

  base::Path packs() const { return directory_.path() / "packs"; }
  base::Path path(const Pack& pack) const { return packs() / pack.name.hex(); }
  PackFile open(const Pack& pack) { return {files_.open(path(pack)), "the pack"}; }

  // The objects of a block.
  std::vector<std::string> read(PackFile& file, const Pack& pack, std::size_t block) {
    const BlockEntry& entry = pack.blocks.at(block);
    const base::Bytes plain =
        open_block(context_, entry.header(pack.id, block),
                   file.read_block(entry.place, entry.sealed_length), decompressor_, "the block");
    std::vector<std::string> objects;
    for (const ObjectEntry& place : entry.objects) {
      objects.push_back(base::to_text(base::ByteView(plain).subspan(place.start, place.length)));
    }
    return objects;
  }

  tests::TemporaryDirectory directory_;
  base::FileSystem& files_ = base::real_file_system();
  DirectoryStorage storage_{files_, directory_.path()};
  BlockContext context_;
  Decompressor decompressor_;
};

TEST_F(PackTest, ItsNameIsTheDigestOfItsBytes) {
  const Pack pack = write({{ObjectType::kText, "some text"}});
  const base::Bytes bytes = base::read_file(files_, path(pack), 1 << 20).value();
  EXPECT_EQ(pack.name, sha256(bytes));
  EXPECT_EQ(pack.size, bytes.size());
}

TEST_F(PackTest, TheTrailerListsThePositionOfEveryObject) {
  const Pack written = write({{ObjectType::kMessage, "a record"},
                              {ObjectType::kText, "some text"},
                              {ObjectType::kBinary, std::string("\0\1", 2)},
                              {ObjectType::kText, "more text"},
                              {ObjectType::kRoot, "a root"},
                              {ObjectType::kCommit, "a commit"}});
  PackFile file = open(written);
  const Pack read_back = file.read_trailer(context_, written.name, decompressor_);
  ASSERT_EQ(4U, read_back.blocks.size());
  std::vector<std::string> texts;
  for (std::size_t block = 0; block < read_back.blocks.size(); ++block) {
    const std::vector<std::string> objects = read(file, read_back, block);
    for (std::size_t i = 0; i < objects.size(); ++i) {
      const std::string& bytes = objects[i];
      const ObjectEntry& object = read_back.blocks[block].objects[i];
      EXPECT_EQ(object_id(context_.keys, object.type, base::as_bytes(bytes)), object.id);
      texts.push_back(bytes);
    }
  }
  EXPECT_THAT(texts, testing::UnorderedElementsAre("a record", "some text", std::string("\0\1", 2),
                                                   "more text", "a root", "a commit"));
}

TEST_F(PackTest, BlocksAreDividedBySizeAndKeepTheirOrder) {
  std::vector<std::pair<ObjectType, std::string>> objects;
  objects.reserve(30);
  for (int i = 0; i < 30; ++i) {
    objects.emplace_back(ObjectType::kText, std::string(1'000'000, static_cast<char>('a' + i)));
  }
  const Pack pack = write(objects);
  ASSERT_GT(pack.blocks.size(), 3U);
  PackFile file = open(pack);
  int next = 0;
  for (std::size_t block = 0; block < pack.blocks.size(); ++block) {
    for (const std::string& object : read(file, pack, block)) {
      EXPECT_EQ(static_cast<char>('a' + next++), object.front());
    }
  }
  EXPECT_EQ(30, next);
}

TEST_F(PackTest, AnotherStoreOrKeyDoesNotOpenIt) {
  const Pack pack = write({{ObjectType::kText, "some text"}});
  BlockContext other = context_;
  other.keys = Keys::derive(random_key());
  PackFile file = open(pack);
  EXPECT_ERROR(kDamaged, "it is not what was written",
               file.read_trailer(other, pack.name, decompressor_));
  other = context_;
  other.store[0] ^= std::byte{1};
  EXPECT_ERROR(kDamaged, "it belongs to another store",
               file.read_trailer(other, pack.name, decompressor_));
}

TEST_F(PackTest, ABlockAtADifferentPositionIsNotOpened) {
  const Pack pack = write({{ObjectType::kText, "some text"}, {ObjectType::kBinary, "binary"}});
  PackFile file = open(pack);
  const base::Bytes block = file.read_block(pack.blocks[0].place, pack.blocks[0].sealed_length);
  BlockHeader header = BlockHeader::decode(block).value();
  EXPECT_NO_THROW(open_block(context_, header, block, decompressor_, "the block"));
  header.ordinal = 1;
  EXPECT_ERROR(kDamaged, "its header", open_block(context_, header, block, decompressor_, "it"));
  base::Bytes moved = header.encode();
  moved.insert(moved.end(), block.begin() + BlockHeader::kSize, block.end());
  EXPECT_ERROR(kDamaged, "it is not what was written",
               open_block(context_, header, moved, decompressor_, "it"));
}

TEST_F(PackTest, EveryFlippedByteOutsideTheDataIsFoundByTheTrailer) {
  const Pack pack = write({{ObjectType::kText, "some text"}, {ObjectType::kRoot, "a root"}});
  const base::Bytes good = base::read_file(files_, path(pack), 1 << 20).value();
  const std::uint64_t data_end =
      pack.blocks.back().place + BlockHeader::kSize + pack.blocks.back().sealed_length;
  for (std::size_t at = 0; at < good.size(); ++at) {
    if (at >= kPackHeaderSize && at < data_end) continue;
    base::Bytes bad = good;
    bad[at] ^= std::byte{0x40};
    const base::Path bad_path = directory_.path() / "bad";
    files_.remove(bad_path);
    files_.create(bad_path)->write(bad);
    PackFile file(files_.open(bad_path), "the pack");
    EXPECT_THROW(file.read_trailer(context_, pack.name, decompressor_), base::Error) << at;
  }
}

TEST_F(PackTest, EveryTruncationIsFound) {
  const Pack pack = write({{ObjectType::kText, "some text"}});
  const base::Bytes good = base::read_file(files_, path(pack), 1 << 20).value();
  for (std::size_t size = 0; size < good.size(); ++size) {
    const base::Path bad_path = directory_.path() / "bad";
    files_.remove(bad_path);
    files_.create(bad_path)->write(base::ByteView(good).first(size));
    PackFile file(files_.open(bad_path), "the pack");
    EXPECT_ERROR(kDamaged, "the pack", file.read_trailer(context_, pack.name, decompressor_));
  }
}

TEST_F(PackTest, AStorageThatFailsGetsItWholeAndOnce) {
  tests::ModelStorage model;
  model.set_faults({.seed = 3, .not_done = 20, .done = 20, .throttled = 20});
  tests::StandingClock clock;
  PatientStorage storage(model, clock, std::chrono::hours(1), 1);
  for (int i = 0; i < 20; ++i) {
    SealingPool pool(context_, 3, 2);
    PackWriter writer(storage, context_, pool);
    const base::Bytes text = base::to_bytes("some text");
    writer.add(ObjectType::kText, object_id(context_.keys, ObjectType::kText, text), text);
    const Pack pack = writer.finish();
    EXPECT_EQ(pack.name, sha256(model.contents().at(blob_of(pack.name))));
    PackFile file = PackFile::open(storage, pack.name);
    const Pack read_back = file.read_trailer(context_, pack.name, decompressor_);
    EXPECT_EQ("some text", read(file, read_back, 0).at(0));
  }
  EXPECT_EQ(20U, model.contents().size());
  EXPECT_GT(model.operations("put"), 20U);
}

class PackReadsTest : public PackTest {
 protected:
  static constexpr std::size_t kObject = 100'000;  // bytes, which are not compressible

  static std::string random_bytes(std::size_t size) {
    std::string bytes(size, '\0');
    fill_random(std::as_writable_bytes(std::span(bytes)));
    return bytes;
  }

  // `size`: what is known of the pack.
  std::vector<tests::FileRead> reads_for_trailer(const Pack& written, std::uint64_t size = 0) {
    tests::CountingFileSystem files;
    DirectoryStorage storage(files, directory_.path());
    const Pack pack = PackFile::open(storage, written.name, size)
                          .read_trailer(context_, written.name, decompressor_);
    EXPECT_EQ(written.blocks.size(), pack.blocks.size());
    EXPECT_EQ(written.id, pack.id);
    EXPECT_EQ(written.size, pack.size);
    EXPECT_EQ(written.effort, pack.effort);
    return files.reads().at(path(written));
  }

  // Larger than what is read with a trailer.
  Pack write_large(Effort effort = Effort::kFast) {
    SealingPool pool(context_, 1, 2);
    PackWriter writer(storage_, context_, pool, effort);
    for (int i = 0; i < 12; ++i) {
      const std::string bytes = random_bytes(kObject);
      const ObjectId id = object_id(context_.keys, ObjectType::kBinary, base::as_bytes(bytes));
      writer.add(ObjectType::kBinary, id, base::as_bytes(bytes));
    }
    return writer.finish();
  }

  base::Bytes bytes_of(const Pack& pack) {
    return base::read_file(files_, path(pack), 2 << 20).value();
  }

  Pack write_as_version_1(Pack pack) {
    const base::Bytes older = as_version_1(bytes_of(pack));
    pack.name = sha256(older);
    storage_.put(blob_of(pack.name), older);
    return pack;
  }

  static PackFile open_bytes(const base::Bytes& bytes, base::FileSystem& files,
                             const base::Path& path) {
    files.remove(path);
    files.create(path)->write(bytes);
    return {files.open(path), "the pack"};
  }
};

TEST_F(PackReadsTest, ATrailerTakesOneRead) {
  const Pack small = write({{ObjectType::kText, "some text"}});
  EXPECT_THAT(reads_for_trailer(small), testing::SizeIs(1));
  for (const Effort effort : {Effort::kFast, Effort::kStrong}) {
    const Pack large = write_large(effort);
    EXPECT_THAT(reads_for_trailer(large), testing::SizeIs(1));
    EXPECT_THAT(reads_for_trailer(large, large.size), testing::SizeIs(1));
  }
}

TEST_F(PackReadsTest, APackOfVersion1TakesAnotherOneForItsHeader) {
  const Pack small = write_as_version_1(write({{ObjectType::kText, "some text"}}));
  EXPECT_THAT(reads_for_trailer(small), testing::SizeIs(1));
  for (const Effort effort : {Effort::kFast, Effort::kStrong}) {
    const std::vector<tests::FileRead> reads =
        reads_for_trailer(write_as_version_1(write_large(effort)));
    ASSERT_THAT(reads, testing::SizeIs(2));
    EXPECT_EQ(0U, reads[1].offset);
    EXPECT_EQ(kPackHeaderSize, reads[1].length);
  }
}

TEST_F(PackReadsTest, OfALongTrailerOnlyTheRestIsReadAgain) {
  constexpr std::size_t kObjects = 5'000;  // with ids of 32 bytes
  std::vector<std::pair<ObjectType, std::string>> objects{
      {ObjectType::kBinary, random_bytes(kObject)}};
  for (std::size_t i = 0; i < kObjects; ++i) {
    objects.emplace_back(ObjectType::kText, std::to_string(i));
  }
  const Pack written = write(objects);
  const std::vector<tests::FileRead> reads = reads_for_trailer(written, written.size);
  ASSERT_EQ(2U, reads.size());
  EXPECT_EQ(reads[0].offset, reads[1].offset + reads[1].length);
}

TEST_F(PackReadsTest, FindingAPackReadsItsEndWithAllThatIsThere) {
  tests::ModelStorage model;
  const Pack small = write({{ObjectType::kText, "some text"}, {ObjectType::kCommit, "a commit"}});
  EXPECT_EQ(std::nullopt, PackFile::find(model, small.name));
  model.put(blob_of(small.name), bytes_of(small));
  const std::uint64_t before = model.operations();
  std::optional<PackFile> file = PackFile::find(model, small.name);
  ASSERT_TRUE(file);
  const Pack pack = file->read_trailer(context_, small.name, decompressor_);
  EXPECT_EQ("a commit", read(*file, pack, 1).at(0));
  EXPECT_EQ(before + 1, model.operations());
}

TEST_F(PackReadsTest, AMissingPackIsNoticedWhenItIsRead) {
  tests::ModelStorage model;
  PackFile file = PackFile::open(model, {});
  EXPECT_EQ(0U, model.operations());
  EXPECT_ERROR(kDamaged, ": it is missing", file.read_trailer(context_, {}, decompressor_));
  EXPECT_ERROR(kDamaged, ": it is missing", file.read_block(kPackHeaderSize, 100));
  EXPECT_ERROR(kDamaged, ": it is missing", file.hold(1'000));
}

TEST_F(PackReadsTest, TheHeaderOfALargePackGivesTheReasonIfItsEndCantBeRead) {
  const Pack pack = write_large();
  const base::Path path = directory_.path() / "changed";
  BlockContext other = context_;
  other.store[0] ^= std::byte{1};
  EXPECT_ERROR(kDamaged, "it belongs to another store",
               open(pack).read_trailer(other, pack.name, decompressor_));

  base::Bytes newer = bytes_of(pack);
  newer[8] = std::byte{3};  // the version
  const auto sum = checksum(base::ByteView(newer).first(48));
  std::ranges::copy(base::ByteView(sum).first(16), newer.begin() + 48);
  // Nothing but the end is needed.
  EXPECT_EQ(pack.blocks.size(), open_bytes(newer, files_, path)
                                    .read_trailer(context_, pack.name, decompressor_)
                                    .blocks.size());
  newer[newer.size() - kPackFooterSize + 7] = std::byte{'3'};
  EXPECT_ERROR(kConfig, "a newer version of mailstow wrote it (format 3, not 2): update mailstow",
               open_bytes(newer, files_, path).read_trailer(context_, pack.name, decompressor_));

  base::Bytes damaged = bytes_of(pack);
  damaged[damaged.size() - 1] ^= std::byte{1};
  EXPECT_ERROR(kDamaged, "its footer is not what was written",
               open_bytes(damaged, files_, path).read_trailer(context_, pack.name, decompressor_));
}

TEST_F(PackReadsTest, AHeldPackIsReadOnce) {
  const Pack written = write({{ObjectType::kBinary, random_bytes(kObject)}});
  for (const std::uint64_t limit : {written.size, written.size - 1}) {
    tests::CountingFileSystem files;
    DirectoryStorage storage(files, directory_.path());
    PackFile file = PackFile::open(storage, written.name);
    EXPECT_EQ(written.name, file.hold(limit));
    EXPECT_THAT(files.reads().at(path(written)), testing::SizeIs(1));
    const Pack pack = file.read_trailer(context_, written.name, decompressor_);
    EXPECT_EQ(kObject, read(file, pack, 0).at(0).size());
    const bool is_kept = limit == written.size;
    EXPECT_EQ(is_kept, files.reads().at(path(written)).size() == 1) << limit;
  }
}

class AccountsInPackTest : public PackReadsTest {
 protected:
  // Turn by turn, each account has `rounds` binaries of `size` bytes.
  Pack write_in_turns(const std::vector<std::string>& accounts, std::size_t rounds,
                      std::size_t size) {
    SealingPool pool(context_, 1, 2);
    PackWriter writer(storage_, context_, pool);
    for (std::size_t round = 0; round < rounds; ++round) {
      for (const std::string& account : accounts) {
        const std::string bytes = random_bytes(size);
        const ObjectId id = object_id(context_.keys, ObjectType::kBinary, base::as_bytes(bytes));
        writer.add(ObjectType::kBinary, id, base::as_bytes(bytes), 0, account);
        accounts_[id] = account;
        contents_[id] = sha256(base::as_bytes(bytes));
      }
    }
    return writer.finish();
  }

  // The accounts of each block, in the order of its objects; an account is listed once if several
  // of its objects follow each other.
  std::vector<std::vector<std::string>> accounts_of(const Pack& pack) {
    std::vector<std::vector<std::string>> blocks;
    for (const BlockEntry& block : pack.blocks) {
      std::vector<std::string>& accounts = blocks.emplace_back();
      for (const ObjectEntry& object : block.objects) accounts.push_back(accounts_.at(object.id));
      const auto repeated = std::ranges::unique(accounts);
      accounts.erase(repeated.begin(), repeated.end());
    }
    return blocks;
  }

  void expect_readable(const Pack& pack) {
    std::size_t objects = 0;
    PackFile file = open(pack);
    for (std::size_t block = 0; block < pack.blocks.size(); ++block) {
      const std::vector<std::string> found = read(file, pack, block);
      for (std::size_t i = 0; i < found.size(); ++i, ++objects) {
        EXPECT_EQ(contents_.at(pack.blocks[block].objects[i].id), sha256(base::as_bytes(found[i])));
      }
    }
    EXPECT_EQ(contents_.size(), objects);
    EXPECT_EQ(pack.blocks.size(),
              file.read_trailer(context_, pack.name, decompressor_).blocks.size());
  }

  std::map<ObjectId, std::string> accounts_;
  std::map<ObjectId, Sha256> contents_;
};

TEST_F(AccountsInPackTest, EachAccountsMailLiesTogether) {
  const Pack pack = write_in_turns({"alice", "bob", "carol"}, 30, 100'000);
  EXPECT_THAT(accounts_of(pack),
              testing::ElementsAre(testing::ElementsAre("alice"), testing::ElementsAre("bob"),
                                   testing::ElementsAre("carol")));
  expect_readable(pack);
}

TEST_F(AccountsInPackTest, SmallRemaindersShareABlockInTheOrderOfTheAccounts) {
  const Pack pack = write_in_turns({"carol", "alice", "bob"}, 5, 10'000);
  EXPECT_THAT(accounts_of(pack),
              testing::ElementsAre(testing::ElementsAre("alice", "bob", "carol")));
  expect_readable(pack);
}

TEST_F(AccountsInPackTest, SharedBlocksAreAQuarterOfOthers) {
  std::vector<std::string> accounts;
  for (char letter = 'a'; letter < 'k'; ++letter) accounts.emplace_back(1, letter);
  const Pack pack = write_in_turns(accounts, 4, 100'000);
  EXPECT_EQ(2U, pack.blocks.size());  // of 2 MiB
  for (const BlockEntry& block : pack.blocks) EXPECT_LE(block.plain_length, 2'100'000U);
  expect_readable(pack);
}

TEST_F(AccountsInPackTest, ASixteenthOfABlockIsABlockOfItsOwn) {
  const Pack pack = write_in_turns({"alice", "bob"}, 6, 100'000);
  EXPECT_THAT(accounts_of(pack),
              testing::ElementsAre(testing::ElementsAre("alice"), testing::ElementsAre("bob")));
  expect_readable(pack);
}

TEST_F(AccountsInPackTest, AllOpenBlocksTogetherAreBounded) {
  const Pack pack = write_in_turns({"a", "b", "c", "d", "e", "f"}, 7, 1'000'000);
  EXPECT_EQ(7U, pack.blocks.size()) << "two of them were closed early";
  EXPECT_THAT(accounts_of(pack), testing::Each(testing::SizeIs(1)));
  expect_readable(pack);
}

TEST_F(AccountsInPackTest, ManySmallAccountsShareBlocksEvenIfTheyAreClosedEarly) {
  std::vector<std::string> accounts;
  for (int account = 1; account <= 125; ++account) accounts.push_back(std::to_string(account));
  const Pack pack = write_in_turns(accounts, 1, 330'000);  // more than may be open
  EXPECT_THAT(accounts_of(pack), testing::Each(testing::SizeIs(testing::Ge(5U))));
  expect_readable(pack);
}

TEST_F(PackTest, ADirectorySeparatesABlocksObjectsWithoutTheTrailer) {
  BlockBuilder manifests(Stream::kManifests);
  manifests.add(ObjectType::kRoot, base::as_bytes("root"));
  manifests.add(ObjectType::kCommit, base::as_bytes(""));
  const base::Bytes plain = manifests.take();
  const std::vector<ObjectSpan> spans = read_directory(Stream::kManifests, plain);
  ASSERT_EQ(2U, spans.size());
  EXPECT_EQ(ObjectType::kRoot, spans[0].type);
  EXPECT_EQ(4U, spans[0].length);
  EXPECT_EQ(ObjectType::kCommit, spans[1].type);
  EXPECT_EQ(4U, spans[1].start);
  EXPECT_EQ(0U, spans[1].length);
  for (std::size_t size = 0; size < plain.size(); ++size) {
    EXPECT_THROW(read_directory(Stream::kManifests, base::ByteView(plain).first(size)),
                 base::Error);
  }
}

}  // namespace
}  // namespace store
