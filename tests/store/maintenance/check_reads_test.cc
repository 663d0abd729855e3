// How often a check of all data reads the store, and that it finds the same in spite of it.
#include <filesystem>
#include <fstream>
#include <set>

#include <gmock/gmock.h>

#include "store/format/layout.h"
#include "store/format/pack.h"
#include "store/maintenance/check.h"
#include "tests/store/change_byte.h"
#include "tests/store/counting_file_system.h"
#include "tests/store/random_bytes.h"
#include "tests/store/store_fixture.h"

namespace store {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// Bob has every attachment that alice has, and as many of his own. Each account is in a pack of its
// own.
class CheckReadsTest : public StoreFixture {
 protected:
  static constexpr unsigned kMessages = 10;  // of each account
  static constexpr std::size_t kLines = 1'500;

  static std::string attachment(unsigned number) {
    return "--=_1\r\nContent-Type: application/octet-stream\r\n"
           "Content-Transfer-Encoding: base64\r\n\r\n" +
           base64_lines(number, kLines) + "\r\n";
  }

  static std::string mail(const std::string& subject, const std::string& attachments) {
    return "Subject: " + subject +
           "\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"=_1\"\r\n\r\n" +
           attachments + "--=_1--\r\n";
  }

  CheckReadsTest() {
    make_store();
    Writer writer = open_writer();
    std::vector<std::string> alices;
    std::vector<std::string> bobs;
    for (unsigned number = 0; number < kMessages; ++number) {
      const std::string shared = attachment(number);
      alices.push_back(mail("a" + std::to_string(number), shared));
      bobs.push_back(mail("b" + std::to_string(number), attachment(number + kMessages) + shared));
    }
    add_snapshot(writer, "alice", {add_folder(writer, "INBOX", alices)});
    writer.commit();
    alices_pack_ = packs().front();
    add_snapshot(writer, "bob", {add_folder(writer, "INBOX", bobs)});
    writer.commit();
  }

  CheckReport check_with(unsigned threads) {
    read_.clear();
    CheckOptions options;
    options.depth = CheckDepth::kReadData;
    options.threads = threads;
    options.has_read = [&](const Sha256& pack) { read_.insert(pack); };
    counting_.forget();
    return check(location_, counting_, options);
  }

  static std::vector<std::string> reasons(const CheckReport& report) {
    std::vector<std::string> reasons;
    for (const DamagedMessage& message : report.damaged_messages) reasons.push_back(message.why);
    return reasons;
  }

  base::Path alices_pack_;
  tests::CountingFileSystem counting_;
  std::set<Sha256> read_;
};

TEST_F(CheckReadsTest, EveryPackIsReadOnceFrontToBack) {
  for (const unsigned threads : {1U, 4U}) {
    const CheckReport report = check_with(threads);
    EXPECT_TRUE(report.is_intact());
    EXPECT_EQ(2U * kMessages, report.messages);
    EXPECT_EQ(2U, report.packs_read);
    EXPECT_THAT(read_, SizeIs(2));
    EXPECT_GE(report.pack_bytes, std::uint64_t{kMessages} * 2 * kLines * 57);
    const std::uint64_t bytes = counting_.bytes_read_below(packs_directory(location_));
    EXPECT_GE(bytes, report.pack_bytes);
    EXPECT_LE(bytes, report.pack_bytes / 10 * 11) << threads << " threads";
    const auto reads = counting_.reads();
    for (const base::Path& pack : packs()) {
      std::uint64_t next = 0;
      for (const tests::FileRead& read : reads.at(pack)) {
        if (next == std::filesystem::file_size(pack)) break;
        EXPECT_EQ(next, read.offset) << pack;
        next = read.offset + read.length;
      }
    }
  }
}

TEST_F(CheckReadsTest, ADamagedPackNamesTheMessagesOfOtherPacks) {
  tests::change_byte(alices_pack_, std::filesystem::file_size(alices_pack_) / 2);
  const CheckReport report = check_with(1);
  EXPECT_THAT(report.damage, ElementsAre(HasSubstr(": block "), HasSubstr("its digest")));
  EXPECT_THAT(report.damaged_packs, SizeIs(1));
  EXPECT_THAT(report.damaged_messages, SizeIs(2 * kMessages));
  EXPECT_THAT(read_, IsEmpty()) << "packs that need not be read again";
  const CheckReport other = check_with(4);
  EXPECT_EQ(report.damage, other.damage);
  EXPECT_EQ(reasons(report), reasons(other));
  EXPECT_THAT(read_, IsEmpty());
}

TEST_F(CheckReadsTest, AMissingPackNamesTheMessagesOfOtherPacks) {
  std::filesystem::remove(alices_pack_);
  const CheckReport report = check_with(2);
  EXPECT_THAT(report.damage, Contains(HasSubstr("it is missing")));
  // Alice's are not known: her snapshot is lost, too.
  EXPECT_THAT(report.damaged_messages, SizeIs(kMessages));
}

// Simulates a bad disk or a tool that changed bytes outside the boxes.
TEST_F(CheckReadsTest, ADigestThatDiffersIsReportedThoughEverythingOpens) {
  const base::Bytes bytes = base::read_file(files_, alices_pack_, UINT64_MAX).value();
  PackHeader header = PackHeader::decode(base::ByteView(bytes).first(kPackHeaderSize), "pack");
  ASSERT_EQ(Effort::kFast, header.effort);
  header.effort = Effort::kStrong;
  const base::Bytes changed = header.encode();
  {
    std::fstream file(alices_pack_, std::ios::in | std::ios::out | std::ios::binary);
    for (const std::byte byte : changed) file.put(static_cast<char>(byte));
  }
  const CheckReport report = check_with(2);
  EXPECT_THAT(report.damage, ElementsAre("pack " + alices_pack_.string() +
                                         ": its digest does not match its name"));
  EXPECT_THAT(report.damaged_packs, SizeIs(1));
  EXPECT_THAT(report.damaged_messages, IsEmpty());
}

// Nights that change flags only: nearly all of what they store is manifests.
class ManifestReadsTest : public StoreFixture {
 protected:
  static constexpr std::uint32_t kMessages = 300;
  static constexpr unsigned kNights = 8;

  ManifestReadsTest() {
    make_store();
    Writer writer = open_writer();
    const StoredMessage stored = add_message(writer, "Subject: one\r\n\r\n");
    std::vector<FolderDraft> drafts;
    for (std::size_t i = 0; i < accounts_.size(); ++i) {
      drafts.emplace_back(folder_named("INBOX"));
      for (std::uint32_t uid = 1; uid <= kMessages; ++uid) {
        drafts[i].put(entry_of(uid, stored), stored.digest);
      }
    }
    unsigned seed = 0;
    for (unsigned night = 0; night < kNights; ++night) {
      for (std::size_t i = 0; i < accounts_.size(); ++i) {
        for (std::uint32_t uid = 1; uid <= kMessages; ++uid) {
          drafts[i].set_state({uid},
                              {"$" + base::to_hex(base::as_bytes(tests::random_bytes(++seed, 16)))},
                              night + 2);
        }
        add_snapshot(writer, accounts_[i], {writer.seal(drafts[i])});
      }
      writer.commit();
    }
  }

  const std::vector<std::string> accounts_{"alice", "bob"};
};

TEST_F(ManifestReadsTest, TheWalkOverTheSnapshotsReadsNothingAgain) {
  tests::CountingFileSystem counting;
  CheckOptions options;
  options.depth = CheckDepth::kReadData;
  const CheckReport report = check(location_, counting, options);
  EXPECT_TRUE(report.is_intact());
  EXPECT_EQ(kNights * accounts_.size(), report.snapshots);
  EXPECT_GE(report.pack_bytes, kNights * accounts_.size() * kMessages * 12);
  EXPECT_LE(counting.bytes_read_below(packs_directory(location_)), report.pack_bytes / 10 * 11);
}

}  // namespace
}  // namespace store
