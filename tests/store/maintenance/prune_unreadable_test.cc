// A prune while the root, a folder or a leaf of a living snapshot can't be read, with condemned
// packs whose grace is over: it deletes nothing, and when the medium is mended everything restores.
#include <array>
#include <cerrno>

#include <gmock/gmock.h>

#include "base/error.h"
#include "store/format/crypto.h"
#include "store/format/layout.h"
#include "store/format/pack.h"
#include "tests/forwarding_file_system.h"
#include "tests/store/maintenance/prune_fixture.h"

namespace store {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

class UnreadableFile : public tests::ForwardingFile {
 public:
  using ForwardingFile::ForwardingFile;
  std::size_t read_at(std::uint64_t, std::span<std::byte>) override {
    base::fail_with_errno(EIO, "read the pack");
  }
};

// The real file system, on which one file fails with EIO.
class BadSector : public tests::ForwardingFileSystem {
 public:
  base::Path unreadable;

  std::unique_ptr<base::File> open(const base::Path& path) override {
    auto file = ForwardingFileSystem::open(path);
    if (file == nullptr || path != unreadable) return file;
    return std::make_unique<UnreadableFile>(std::move(file));
  }
};

enum class MediumFault { kEio, kFlippedBit, kMissingPack, kUnknownVersion };
enum class LostPart { kRoot, kFolderAndLeaf };

using UnreadableCase = std::tuple<tests::HeldBy, MediumFault, LostPart>;

class PruneUnreadableTest : public PruneFixture,
                            public testing::WithParamInterface<UnreadableCase> {
 protected:
  // Alice's newest snapshot has its root and one folder in the newest pack of hers, and another
  // folder in the one before. Carol's packs are condemned, and their grace is over.
  PruneUnreadableTest() : PruneFixture(std::get<tests::HeldBy>(GetParam())) {
    const SnapshotInfo carols = back_up("carol", 50, 10);
    prune({carols.id});
    const std::vector<BlobName> before = pack_names();
    dropped_ = back_up("alice", 0, 10).id;
    const BlobName first = pack_added_since(before);
    const std::vector<BlobName> between = pack_names();
    {
      Writer writer = open_writer();
      add_snapshot(writer, "alice",
                   {add_folder(writer, "INBOX", samples(0, 10)),
                    add_folder(writer, "Sent", samples(30, 5))});
      writer.commit();
    }
    pack_ = part() == LostPart::kRoot ? pack_added_since(between) : first;
    back_up("bob", 5, 10);  // some of these are in alice's packs
    pass(std::chrono::hours(48));
    copy_ = stored().bytes(pack_);
  }

  static MediumFault fault() { return std::get<MediumFault>(GetParam()); }
  static LostPart part() { return std::get<LostPart>(GetParam()); }

  void break_pack() {
    switch (fault()) {
      case MediumFault::kEio:
        bad_sector_.unreadable = packs_directory(location_) / pack_.key();
        return;
      case MediumFault::kFlippedBit:
        return flip_manifests();
      case MediumFault::kMissingPack:
        return stored().lose(pack_);
      case MediumFault::kUnknownVersion:
        return set_version(3);
    }
  }

  void mend() {
    bad_sector_.unreadable.clear();
    stored().set(pack_, copy_);
    end_late_listings();
  }

  PruneReport prune_with(const std::set<ObjectId>& drop) {
    return store::prune(location_, bad_sector_, clock_,
                        {.drop = drop, .grace = std::chrono::hours(24)});
  }

  // The error's text.
  std::string refused_prune() {
    try {
      prune_with({dropped_});
    } catch (const base::Error& error) {
      return error.what();
    }
    return "it went through";
  }

  std::string sent_of_alice() {
    Reader reader = open_reader();
    const std::vector<std::string> messages = restore(reader, "alice", "Sent");
    return messages == samples(30, 5) ? "all" : "not all";
  }

  BlobName pack_{kPacksArea, "0"};
  ObjectId dropped_;
  BadSector bad_sector_;

 private:
  void flip_manifests() {
    for (const BlockEntry& block : stored().blocks_of(pack_)) {
      if (block.stream != Stream::kManifests) continue;
      stored().flip(pack_, block.place + BlockHeader::kSize + 5);
    }
  }

  void set_version(unsigned char version) const {
    constexpr std::size_t kVersionPlace = 8;
    constexpr std::size_t kChecksumSize = 16;
    base::Bytes bytes = stored().bytes(pack_);
    bytes.at(kVersionPlace) = std::byte{version};
    const auto sum = checksum(base::ByteView(bytes).first(kPackHeaderSize - kChecksumSize));
    std::ranges::copy(sum, bytes.begin() + kPackHeaderSize - kChecksumSize);
    stored().set(pack_, bytes);
  }

  base::Bytes copy_;
};

TEST_P(PruneUnreadableTest, DeletesNothingAndEverythingRestoresOnceMended) {
  break_pack();
  const std::vector<BlobName> before = pack_names();
  std::string first_refusal;
  for (int night = 0; night < 3; ++night) {
    const std::string refusal = refused_prune();
    EXPECT_THAT(refusal, testing::StartsWith("prune: "));
    if (night == 0) first_refusal = refusal;
    EXPECT_EQ(before, pack_names()) << "night " << night << ": " << refusal;
    pass(std::chrono::hours(48));
  }
  // A pack of a newer version can be read in part.
  EXPECT_THAT(first_refusal, HasSubstr(fault() == MediumFault::kUnknownVersion
                                           ? "update mailstow"
                                           : "of account alice can't be read"));

  mend();
  // The index has forgotten what is in a missing pack; the next writer adds it again.
  EXPECT_THAT(open_writer().damage(), testing::IsEmpty());
  EXPECT_EQ(samples(0, 10), restored("alice"));
  EXPECT_EQ("all", sent_of_alice());
  const PruneReport report = prune_with({dropped_});
  EXPECT_EQ(1U, report.dropped);
  EXPECT_GE(report.deleted, 1U) << "carol's";
  pass(std::chrono::hours(48));
  prune_with({});
  EXPECT_EQ(samples(0, 10), restored("alice"));
  EXPECT_EQ("all", sent_of_alice());
  EXPECT_EQ(samples(5, 10), restored("bob"));
  expect_intact();
}

TEST_P(PruneUnreadableTest, CheckReportsItAndGoesOn) {
  break_pack();
  const CheckReport report = check(location_, bad_sector_, {.depth = CheckDepth::kReadData});
  EXPECT_FALSE(report.is_intact());
  EXPECT_EQ(report.packs_read, report.packs);
  EXPECT_GE(report.packs, 3U);
}

std::string name_of_case(const testing::TestParamInfo<UnreadableCase>& info) {
  static constexpr std::array<const char*, 4> kFaults = {"Eio", "FlippedBit", "MissingPack",
                                                         "UnknownVersion"};
  const auto fault = static_cast<std::size_t>(std::get<MediumFault>(info.param));
  return std::string(kFaults.at(fault)) +
         (std::get<LostPart>(info.param) == LostPart::kRoot ? "Root" : "FolderAndLeaf");
}

INSTANTIATE_TEST_SUITE_P(
    Directory, PruneUnreadableTest,
    testing::Combine(tests::a_directory(),
                     testing::Values(MediumFault::kEio, MediumFault::kFlippedBit,
                                     MediumFault::kMissingPack, MediumFault::kUnknownVersion),
                     testing::Values(LostPart::kRoot, LostPart::kFolderAndLeaf)),
    name_of_case);

// Object storage has no sectors.
INSTANTIATE_TEST_SUITE_P(
    LateListings, PruneUnreadableTest,
    testing::Combine(tests::a_late_storage(),
                     testing::Values(MediumFault::kFlippedBit, MediumFault::kMissingPack,
                                     MediumFault::kUnknownVersion),
                     testing::Values(LostPart::kRoot, LostPart::kFolderAndLeaf)),
    name_of_case);

}  // namespace
}  // namespace store
