// Flips every byte of a small store in turn, and truncates it everywhere: the damage is found,
// named and confined. A short run tries a fixed sample of them.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "store/format/pack.h"
#include "tests/long_run.h"
#include "tests/store/small_store.h"

namespace store {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

namespace fs = std::filesystem;

// The distance between the places that are tried.
std::size_t step(std::size_t in_a_short_run, std::size_t in_a_long_run = 1) {
  return tests::is_long_run() ? in_a_long_run : in_a_short_run;
}

// The places in a pack that are tried, from its beginning on, and always its format version, the
// first byte of its footer and its last byte, which are shorter than the steps of a short run.
std::set<std::size_t> tried_places(std::size_t size, std::size_t in_a_short_run) {
  constexpr std::size_t kVersionAt = 8;
  std::set<std::size_t> result{kVersionAt, size - kPackFooterSize, size - 1};
  for (std::size_t at = 0; at < size; at += step(in_a_short_run)) result.insert(at);
  return result;
}

class FlipTest : public tests::OnEachStorage<SmallStore> {
 protected:
  // Replaces a blob by `bad` and checks everything.
  CheckReport check_with(const BlobName& blob, const base::Bytes& bad) {
    stored().set(blob, bad);
    CheckReport report = check_all();
    EXPECT_THAT(report.damage, Contains(HasSubstr(blob.key().substr(0, 16))));
    return report;
  }

  // Messages that are not reported damaged are unchanged.
  void expect_the_rest_readable(const CheckReport& report) {
    std::set<MessageId> damaged;
    for (const DamagedMessage& message : report.damaged_messages) damaged.insert(message.id);
    Reader reader = Reader::open(location_, files_);
    for (const auto& [account, ids] : ids_) {
      for (unsigned number = 1; number <= ids.size(); ++number) {
        const MessageId& id = ids[number - 1];
        if (damaged.contains(id)) continue;
        EXPECT_EQ(text_of(account, number), base::to_text(reader.read_message(id).bytes()));
      }
    }
  }

  const std::string& owner(const BlobName& pack) const {
    return ids_.find(pack == first_pack_ ? "alice" : "bob")->first;
  }
};

TEST_P(FlipTest, AFlipInAPackIsFoundAndDamagesOneBlock) {
  for (const auto& [pack, bytes] : stored().in(kPacksArea)) {
    const std::vector<BlockEntry> blocks = stored().blocks_of(pack);
    for (const std::size_t at : tried_places(bytes.size(), 53)) {
      SCOPED_TRACE(pack.text() + " " + std::to_string(at));
      base::Bytes bad = bytes;
      bad[at] ^= std::byte{1};
      const CheckReport report = check_with(pack, bad);
      expect_the_rest_readable(report);
      const auto hit = std::ranges::find_if(blocks, [&](const BlockEntry& block) {
        return at >= block.place && at - block.place < BlockHeader::kSize + block.sealed_length;
      });
      // Header, trailer and footer contain nothing that the index doesn't know.
      const bool hits_mail = hit != blocks.end() && hit->stream != Stream::kManifests;
      EXPECT_EQ(hits_mail ? ids_[owner(pack)].size() : 0, report.damaged_messages.size());
      for (const DamagedMessage& message : report.damaged_messages) {
        EXPECT_THAT(ids_[owner(pack)], Contains(message.id));
      }
      if (HasFailure()) return;
    }
    stored().set(pack, bytes);
  }
  EXPECT_TRUE(check_all().is_intact());
}

TEST_P(FlipTest, ATruncatedPackIsFoundAndTheOtherStaysReadable) {
  for (const auto& [pack, bytes] : stored().in(kPacksArea)) {
    for (const std::size_t size : tried_places(bytes.size(), 101)) {
      SCOPED_TRACE(pack.text() + " " + std::to_string(size));
      const base::Bytes bad(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
      check_with(pack, bad);
      const std::string other = owner(pack) == "alice" ? "bob" : "alice";
      std::string expected;
      for (unsigned uid = 1; uid <= ids_[other].size(); ++uid) expected += text_of(other, uid);
      Reader reader = Reader::open(location_, files_);
      EXPECT_EQ(expected, restored(reader, other));
      if (HasFailure()) return;
    }
    stored().set(pack, bytes);
  }
  EXPECT_TRUE(check_all().is_intact());
}

TEST_P(FlipTest, AFlippedOrTruncatedKeySlotOrRecordIsFoundAndMailStaysReadable) {
  end_late_listings();  // nothing else leads to each of them
  for (const std::string_view area : {kKeysArea, kTreesArea, kCommitsArea, kOwnerArea}) {
    const auto blobs = stored().in(area);
    ASSERT_FALSE(blobs.empty());
    for (const auto& [blob, bytes] : blobs) {
      for (std::size_t at = 0; at < 2 * bytes.size(); at += step(19)) {
        SCOPED_TRACE(blob.text() + " " + std::to_string(at));
        base::Bytes bad = bytes;
        if (at < bytes.size()) {
          bad[at] ^= std::byte{1};
        } else {
          bad.resize(at - bytes.size());
        }
        const CheckReport report = check_with(blob, bad);
        EXPECT_THAT(report.damaged_messages, IsEmpty());
        expect_the_rest_readable(report);
        if (HasFailure()) return;
      }
      stored().set(blob, bytes);
    }
  }
  EXPECT_TRUE(check_all().is_intact());
}

TEST_P(FlipTest, TwoPacksThatSwappedPlacesAreFound) {
  const auto packs = stored().in(kPacksArea);
  ASSERT_EQ(2U, packs.size());
  stored().set(packs.begin()->first, packs.rbegin()->second);
  stored().set(packs.rbegin()->first, packs.begin()->second);
  for (const auto& [pack, bytes] : packs) {
    EXPECT_THAT(check_all().damage, Contains(HasSubstr(pack.key())));
  }
}

INSTANTIATE_TEST_SUITE_P(Directory, FlipTest, tests::a_directory());
INSTANTIATE_TEST_SUITE_P(LateListings, FlipTest, tests::a_late_storage());

// The index is a file of this machine, wherever the store is.
class IndexFlipTest : public SmallStore {};

TEST_F(IndexFlipTest, AFlipInTheIndexIsFoundOrChangesNoResult) {
  const base::Path path = index_file(location_);
  const std::string good = base::to_text(
      base::read_file(base::real_file_system(), path, std::uint64_t{1} << 30).value());
  const auto answers = [&] {
    Reader reader = Reader::open(location_, files_);
    std::string all;
    for (const std::string& account : reader.accounts()) {
      for (const SnapshotInfo& snapshot : reader.snapshots(account)) {
        all += snapshot.id.hex() + account + std::to_string(snapshot.messages) +
               std::to_string(snapshot.time.time_since_epoch().count());
      }
      all += restored(reader, account);
    }
    return all;
  };
  const std::string expected = answers();
  std::size_t undetected = 0;
  for (std::size_t at = 0; at < good.size(); at += step(499, 7)) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x10);
    fs::remove(path.string() + "-wal");
    fs::remove(path.string() + "-shm");
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bad;
    try {
      if (!check_all(CheckDepth::kQuick).is_intact()) continue;
    } catch (const base::Error&) {
      continue;
    }
    ++undetected;
    EXPECT_EQ(expected, answers()) << at;
  }
  EXPECT_GT(undetected, 0U);  // most of the file is empty pages
}

}  // namespace
}  // namespace store
