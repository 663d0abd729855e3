// A store that lacks a pack: everything else in it can be read, the next backup stores again what
// was lost, and nothing is wrong once the pack is back.
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/maintenance/check.h"
#include "tests/store/store_fixture.h"

namespace store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// Every account is in a pack of its own. Bob's mail has alice's attachments, which are in her pack;
// carol's has others.
class MissingPackTest : public StoreFixture {
 protected:
  MissingPackTest() {
    make_store();
    alices_pack_ = back_up("alice", alices_);
    bobs_pack_ = back_up("bob", bobs_);
    back_up("carol", carols_);
  }

  base::Path back_up(const std::string& account, const std::vector<std::string>& messages) {
    const std::vector<base::Path> before = packs();
    back_up_at(next_ += std::chrono::days(1), account, messages);
    for (const base::Path& pack : packs()) {
      if (std::ranges::find(before, pack) == before.end()) return pack;
    }
    return {};
  }

  void take_away(const base::Path& pack) { std::filesystem::rename(pack, away_); }
  void put_back(const base::Path& pack) { std::filesystem::rename(away_, pack); }

  std::vector<std::string> restored(const std::string& account) {
    Reader reader = open_reader();
    return restore(reader, account, "INBOX");
  }

  const std::vector<std::string> alices_ = samples(0, 5);
  // Of different numbers, so that they share no leaf with UIDs and flags.
  const std::vector<std::string> bobs_ = samples(10, 4);
  const std::vector<std::string> carols_ = samples(25, 3);
  base::Path alices_pack_;
  base::Path bobs_pack_;
  base::Path away_ = directory_ / "away";
  std::chrono::sys_seconds next_{std::chrono::days(10'000)};
};

TEST_F(MissingPackTest, TheRestOfTheStoreCanBeRead) {
  take_away(alices_pack_);
  EXPECT_THAT(open_writer().damage(),
              ElementsAre(HasSubstr(alices_pack_.filename().string() + ": it is missing")));
  EXPECT_EQ(carols_, restored("carol"));
  Reader reader = open_reader();
  EXPECT_THAT(reader.snapshots("bob"), SizeIs(1));
  EXPECT_THAT(restore(reader, "bob", "INBOX"), testing::Each(HasSubstr("damaged: ")));
}

TEST_F(MissingPackTest, AMessageWhosePartsAreLostIsStoredAgain) {
  take_away(alices_pack_);
  {
    Writer writer = open_writer();
    for (const std::string& message : bobs_) {
      EXPECT_FALSE(add_message(writer, message).is_new) << "its record is there";
    }
    for (const std::string& message : carols_) add_message(writer, message);
    EXPECT_EQ(0U, writer.statistics().new_messages);
    add_snapshot(writer, "bob", {add_folder(writer, "INBOX", bobs_)});
    writer.commit();
  }
  EXPECT_EQ(bobs_, restored("bob"));
  EXPECT_EQ(carols_, restored("carol"));
}

TEST_F(MissingPackTest, AMessageWhoseRecordIsLostIsStoredAgain) {
  take_away(bobs_pack_);
  {
    Writer writer = open_writer();
    for (const std::string& message : bobs_) EXPECT_TRUE(add_message(writer, message).is_new);
    add_snapshot(writer, "bob", {add_folder(writer, "INBOX", bobs_)});
    writer.commit();
  }
  EXPECT_EQ(bobs_, restored("bob"));
  EXPECT_EQ(alices_, restored("alice"));
}

TEST_F(MissingPackTest, OnceThePackIsBackEverythingIsThere) {
  take_away(alices_pack_);
  back_up("bob", bobs_);
  put_back(alices_pack_);
  EXPECT_THAT(open_writer().damage(), IsEmpty());
  EXPECT_EQ(alices_, restored("alice"));
  EXPECT_EQ(bobs_, restored("bob"));
  EXPECT_EQ(carols_, restored("carol"));
  EXPECT_THAT(open_reader().snapshots("bob"), SizeIs(2));
  CheckOptions options;
  options.depth = CheckDepth::kReadData;
  const CheckReport report = check(location_, files_, options);
  EXPECT_THAT(report.damage, IsEmpty());
  EXPECT_THAT(report.damaged_messages, IsEmpty());
}

}  // namespace
}  // namespace store
