// A prune while the root, a folder or a leaf of a living snapshot can't be read, with condemned
// packs whose grace is over: it deletes nothing, and when the medium is mended everything restores.
#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>

#include "base/error.h"
#include "store/format/crypto.h"
#include "store/format/layout.h"
#include "store/format/pack.h"
#include "store/keys/key_slot.h"
#include "tests/forwarding_file_system.h"
#include "tests/store/maintenance/prune_fixture.h"

namespace store {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

namespace fs = std::filesystem;

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

class PruneUnreadableTest : public PruneFixture,
                            public testing::WithParamInterface<std::tuple<MediumFault, LostPart>> {
 protected:
  // Alice's newest snapshot has its root and one folder in the newest pack of hers, and another
  // folder in the one before. Carol's packs are condemned, and their grace is over.
  PruneUnreadableTest() {
    const SnapshotInfo carols = back_up("carol", 50, 10);
    prune({carols.id});
    const std::vector<base::Path> before = packs();
    dropped_ = back_up("alice", 0, 10).id;
    const base::Path first = added_since(before);
    const std::vector<base::Path> between = packs();
    {
      Writer writer = open_writer();
      add_snapshot(writer, "alice",
                   {add_folder(writer, "INBOX", samples(0, 10)),
                    add_folder(writer, "Sent", samples(30, 5))});
      writer.commit();
    }
    pack_ = part() == LostPart::kRoot ? added_since(between) : first;
    back_up("bob", 5, 10);  // some of these are in alice's packs
    pass(std::chrono::hours(48));
    copy_ = directory_ / "copy";
    fs::copy(pack_, copy_);
  }

  MediumFault fault() const { return std::get<0>(GetParam()); }
  LostPart part() const { return std::get<1>(GetParam()); }

  base::Path added_since(const std::vector<base::Path>& before) const {
    for (const base::Path& pack : packs()) {
      if (std::ranges::find(before, pack) == before.end()) return pack;
    }
    return {};
  }

  void break_pack() {
    switch (fault()) {
      case MediumFault::kEio:
        bad_sector_.unreadable = pack_;
        return;
      case MediumFault::kFlippedBit:
        return flip_manifests();
      case MediumFault::kMissingPack:
        fs::remove(pack_);
        return;
      case MediumFault::kUnknownVersion:
        return set_version(3);
    }
  }

  void mend() {
    bad_sector_.unreadable.clear();
    fs::copy(copy_, pack_, fs::copy_options::overwrite_existing);
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

  base::Path pack_;
  ObjectId dropped_;
  BadSector bad_sector_;

 private:
  void put(std::uint64_t place, base::ByteView bytes) const {
    fs::permissions(pack_, fs::perms::owner_all);
    std::fstream file(pack_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(place));
    file << base::as_text(bytes);
  }

  void flip_manifests() {
    const BlockContext context = open_keys(location_, files_);
    Decompressor decompressor;
    PackFile pack(files_.open(pack_), "pack");
    for (const BlockEntry& block : pack.read_trailer(context, {}, decompressor).blocks) {
      if (block.stream != Stream::kManifests) continue;
      const std::uint64_t place = block.place + BlockHeader::kSize + 5;
      base::Bytes byte(1);
      files_.open(pack_)->read_at(place, byte);
      byte.front() ^= std::byte{1};
      put(place, byte);
    }
  }

  void set_version(unsigned char version) const {
    constexpr std::size_t kVersionPlace = 8;
    constexpr std::size_t kChecksumSize = 16;
    base::Bytes header(kPackHeaderSize);
    files_.open(pack_)->read_at(0, header);
    header.at(kVersionPlace) = std::byte{version};
    const auto sum = checksum(base::ByteView(header).first(header.size() - kChecksumSize));
    std::copy_n(sum.begin(), kChecksumSize, header.end() - kChecksumSize);
    put(0, header);
  }

  base::Path copy_;
};

TEST_P(PruneUnreadableTest, DeletesNothingAndEverythingRestoresOnceMended) {
  break_pack();
  const std::vector<base::Path> before = packs();
  std::string first_refusal;
  for (int night = 0; night < 3; ++night) {
    const std::string refusal = refused_prune();
    EXPECT_THAT(refusal, testing::StartsWith("prune: "));
    if (night == 0) first_refusal = refusal;
    EXPECT_EQ(before, packs()) << "night " << night << ": " << refusal;
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

std::string name_of_case(const testing::TestParamInfo<std::tuple<MediumFault, LostPart>>& info) {
  static constexpr std::array<const char*, 4> kFaults = {"Eio", "FlippedBit", "MissingPack",
                                                         "UnknownVersion"};
  const auto [fault, part] = info.param;
  return std::string(kFaults.at(static_cast<std::size_t>(fault))) +
         (part == LostPart::kRoot ? "Root" : "FolderAndLeaf");
}

INSTANTIATE_TEST_SUITE_P(
    All, PruneUnreadableTest,
    testing::Combine(testing::Values(MediumFault::kEio, MediumFault::kFlippedBit,
                                     MediumFault::kMissingPack, MediumFault::kUnknownVersion),
                     testing::Values(LostPart::kRoot, LostPart::kFolderAndLeaf)),
    name_of_case);

}  // namespace
}  // namespace store
