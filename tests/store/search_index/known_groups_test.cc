#include "store/known_groups.h"

#include <algorithm>
#include <climits>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <random>
#include <set>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/error.h"
#include "store/content_holders.h"
#include "store/format/crypto.h"
#include "store/format/layout.h"
#include "store/index/sqlite.h"
#include "store/keys/key_slot.h"
#include "store/maintenance/prune.h"
#include "store/maintenance/reindex.h"
#include "store/message_places.h"
#include "store/search.h"
#include "store/storage/storage_error.h"
#include "tests/store/storage/stepped_storage.h"
#include "tests/store/store_fixture.h"

namespace store {
namespace {

using testing::IsEmpty;
using testing::IsSubsetOf;
using testing::Not;
using testing::SizeIs;

class KnownGroupsTest : public StoreFixture {
 protected:
  using Contents = std::map<std::uint32_t, unsigned>;  // of a folder, by UID
  using Nights = std::vector<SnapshotInfo>;

  KnownGroupsTest() { make_store(); }

  // Every third message has no date.
  static std::string text_of(unsigned content) {
    return fmt::format(
        "From: person{} <p{}@example.org>\r\nSubject: common number{}\r\n{}\r\nx\r\n", content % 4,
        content % 4, content,
        content % 3 == 0
            ? ""
            : fmt::format("Date: Sun, {} Nov 2026 10:00:00 +0000\r\n", 1 + content % 28));
  }
  static Sha256 digest_of(unsigned content) { return sha256(base::as_bytes(text_of(content))); }

  // The next state of the account, from its last one.
  SnapshotInfo back_up(const std::string& account, const std::map<std::string, Contents>& folders) {
    Writer writer = open_writer();
    std::vector<FolderRecord> records;
    for (const auto& [name, contents] : folders) {
      const auto last = last_.find({account, name});
      FolderDraft draft = last == last_.end() ? FolderDraft(writer.reader(), folder_named(name))
                                              : FolderDraft(writer.reader(), last->second);
      std::vector<base::Uid> gone;
      draft.for_each_uid([&](base::Uid uid) {
        if (!contents.contains(uid.value)) gone.push_back(uid);
      });
      for (const base::Uid uid : gone) draft.expunge(uid);
      for (const auto& [uid, content] : contents) {
        if (draft.digest({uid}) == digest_of(content)) continue;
        const StoredMessage stored = add_message(writer, text_of(content));
        ids_[content] = stored.id.object.hex();
        draft.put(entry_of(uid, stored), stored.digest);
      }
      records.push_back(writer.seal(draft));
      last_.insert_or_assign({account, name}, records.back());
    }
    const SnapshotInfo snapshot = add_snapshot(writer, account, records);
    writer.commit();
    return snapshot;
  }

  static Contents dense(std::uint32_t first, std::uint32_t count) {
    Contents contents;
    for (std::uint32_t uid = first; uid < first + count; ++uid) contents[uid] = uid;
    return contents;
  }

  std::string found(std::string_view query, const std::optional<SnapshotInfo>& at = {}) {
    const SearchResult result =
        search(reader(), Query::parse(query, "UTC", {}),
               {.account = "alice",
                .snapshot = at,
                .most = 40,
                .shown_name = [](const auto&, const FolderInfo& info) { return info.raw_name; }});
    std::string text = fmt::format("{} found, {} undated, more {}\n", result.total, result.undated,
                                   result.has_more);
    for (const FoundMessage& each : result.messages) {
      text += fmt::format("{} {} {} {} {} {} {}\n", each.folder, each.entry.uid.value,
                          each.entry.message.object.hex(), each.envelope.subject,
                          each.date ? each.date->instant.time_since_epoch().count() : -1,
                          each.snapshot.sequence, each.cursor);
    }
    for (const std::string& line : result.damage) text += line + "\n";
    return text;
  }

  std::string places(const std::string& digits, PlacesWanted wanted = PlacesWanted::kAll) {
    const auto held = find_message(reader(), "alice", digits, wanted);
    if (!held) return "nowhere";
    std::string text = held->message.object.hex() + "\n";
    for (const HeldPlace& place : held->places) {
      text += fmt::format("{} {} {}-{} {}\n", place.folder.raw_name, place.entry.uid.value,
                          place.first.sequence, place.last.sequence, place.snapshots);
    }
    for (const SnapshotInfo& each : held->snapshots) text += fmt::format("{} ", each.sequence);
    return text + fmt::format("{} {}", held->unsearched.size(), fmt::join(held->damage, "\n"));
  }

  std::string holders(const SnapshotInfo& snapshot, const std::vector<unsigned>& contents) {
    std::set<Sha256> digests;
    for (const unsigned content : contents) digests.insert(digest_of(content));
    std::string text;
    for_each_holder(reader(), snapshot, digests, [&](const FolderRecord& folder, const auto& held) {
      text += folder.info.raw_name;
      for (const Sha256& digest : held) text += " " + digest.hex();
      text += "\n";
    });
    return text;
  }

  // A new one each time, unless the test keeps it.
  Reader& reader() {
    if (!keeps_reader_ || !reader_) reader_.emplace(Reader::open(searched_, files_));
    return *reader_;
  }

  Database search_database() { return Database::open_or_create(search_index_file(location_)); }
  void forget_groups() {
    search_database().run("DELETE FROM uid_groups; DELETE FROM uid_branches");
  }

  // The messages of all known groups, "UID key UID key", by the group's id.
  std::map<std::string, std::string> known() {
    SearchIndex index = SearchIndex::open_read_only(search_index_file(location_)).value();
    Database database = search_database();
    Statement rows(database, "SELECT node, rest, messages FROM uid_groups");
    std::map<std::string, std::string> groups;
    while (rows.step()) {
      std::string& text = groups[fmt::format(
          "{:016x}{}", static_cast<std::uint64_t>(rows.integer(0)), base::to_hex(rows.blob(1)))];
      for (const KnownMessage& message : decode_group(rows.blob(2))) {
        text += fmt::format("{} {:x} ", message.uid.value, index.row(message.row).value().key);
      }
    }
    return groups;
  }

  // The contents of all known branches.
  std::set<std::string> known_branches() {
    Database database = search_database();
    Statement rows(database, "SELECT content FROM uid_branches");
    std::set<std::string> branches;
    while (rows.step()) branches.insert(base::to_hex(rows.blob(0)));
    return branches;
  }

  Location searched_ = location_;  // perhaps with a reach
  std::optional<Reader> reader_;
  bool keeps_reader_ = false;
  std::map<unsigned, std::string> ids_;                               // by content
  std::map<std::pair<std::string, std::string>, FolderRecord> last_;  // by account and folder
};

// One message for each content, so that the same leaves come again in other folders.
class ChangingFolders {
 public:
  explicit ChangingFolders(unsigned seed) : random_(seed) {}

  unsigned below(unsigned bound) { return static_cast<unsigned>(random_() % bound); }

  void live_through_a_day() {
    for (const char* name : {"Archive", "INBOX", "Sent"}) {
      std::map<std::uint32_t, unsigned>& folder = folders_[name];
      const std::uint32_t reach = 1U << (6 + below(12));
      for (unsigned i = below(130); i > 0; --i) folder[1 + below(reach)] = below(kContents);
      for (unsigned i = below(40); i > 0; --i) {
        const auto gone = folder.lower_bound(1 + below(reach));
        if (gone != folder.end()) folder.erase(gone);
      }
    }
    if (below(3) == 0) folders_["Sent"] = folders_["INBOX"];
  }

  static constexpr unsigned kContents = 200;
  std::map<std::string, std::map<std::uint32_t, unsigned>> folders_;

 private:
  std::mt19937 random_;
};

TEST_F(KnownGroupsTest, EverythingIsFoundAsByReadingAllLeaves) {
  ChangingFolders alice(5);
  ChangingFolders bob(6);
  Nights nights;
  for (int night = 0; night < 4; ++night) {
    alice.live_through_a_day();
    bob.live_through_a_day();
    nights.push_back(back_up("alice", alice.folders_));
    back_up("bob", bob.folders_);
  }
  constexpr unsigned kUnknown = 5'000;
  keeps_reader_ = true;
  const auto ask = [&] {
    std::vector<std::string> now;
    for (const auto& reach :
         {std::optional<base::Reach>(), std::optional(base::Reach{{"alice", 3}})}) {
      searched_.reach = reach;
      reader_.reset();
      for (const char* query :
           {"number7", "common", "common -from:person1", "-from:person2", "after:2026-11-20",
            "before:2026-11-03 common", "before:1980-01-01", "number1* folder:Sent", "nothing"}) {
        now.push_back(found(query));
        now.push_back(found(query, nights.back()));
      }
      for (const auto& [content, id] : ids_) {
        if (content % 5 != 0) continue;
        now.push_back(places(id));
        now.push_back(places(id.substr(0, 16), PlacesWanted::kOne));
      }
      now.push_back(places(std::string(64, '0')));
      for (const SnapshotInfo& night : nights) {
        now.push_back(holders(night, {3, 30, 31, 77, kUnknown}));
        now.push_back(holders(night, {kUnknown}));
      }
    }
    return now;
  };
  ASSERT_THAT(known(), SizeIs(testing::Gt(12U)));
  const std::vector<std::string> with_groups = ask();
  forget_groups();
  EXPECT_EQ(ask(), with_groups);
}

TEST_F(KnownGroupsTest, AllGroupsOfTheNewestStateAreKnown) {
  back_up("alice", {{"INBOX", dense(900, 1'300)}, {"Small", dense(5, 10)}});
  EXPECT_THAT(known(), SizeIs(4)) << "three of 1,024 UIDs, and a leaf";
  back_up("alice", {{"INBOX", dense(901, 1'300)}, {"Small", dense(5, 10)}});
  EXPECT_THAT(known(), SizeIs(6)) << "the first and the last one have changed";
}

TEST_F(KnownGroupsTest, AReindexMakesTheSameGroups) {
  back_up("alice", {{"INBOX", dense(900, 300)}, {"Small", dense(5, 10)}});
  back_up("alice", {{"INBOX", dense(902, 300)}, {"Empty", {}}});
  back_up("bob", {{"INBOX", dense(1'100, 70)}});
  const auto before = known();
  const auto branches = known_branches();
  EXPECT_THAT(before, SizeIs(6));
  EXPECT_THAT(branches, SizeIs(2));
  reindex(location_, files_);
  EXPECT_EQ(known(), before);
  EXPECT_EQ(known_branches(), branches);
  std::filesystem::remove(search_index_file(location_));
  { const Writer writer = open_writer(); }
  EXPECT_EQ(known(), before);
  EXPECT_EQ(known_branches(), branches);
}

TEST_F(KnownGroupsTest, AFillingThatWasInterruptedAnywhereIsCompletedByTheNext) {
  back_up("alice", {{"INBOX", dense(900, 300)}, {"Small", dense(5, 10)}});
  back_up("alice", {{"INBOX", dense(902, 300)}});
  const auto groups = known();
  const auto branches = known_branches();
  ASSERT_THAT(groups, SizeIs(5));
  const std::shared_ptr<Storage> storage = storage_of(location_, files_);
  unsigned reads_left = 0;
  Location through = location_;
  through.storage =
      std::make_shared<tests::SteppedStorage>(*storage, [&](const tests::StorageRequest& request) {
        if (request.kind != "get" || reads_left-- > 0) return;
        throw StorageError(Trouble::kUnanswered, "no answer");
      });
  const BlockContext context = open_keys(location_, files_);
  const auto fill = [&](unsigned reads) {
    reads_left = reads;
    Index index = Index::open(index_file(location_), context.store);
    SearchIndex search = SearchIndex::open(search_index_file(location_), context.store);
    fill_search_index(through, files_, context, index, search);
  };
  bool is_complete = false;
  unsigned reads = 0;
  for (; !is_complete; ++reads) {
    std::filesystem::remove(search_index_file(location_));
    try {
      fill(reads);
      is_complete = true;
    } catch (const base::Error& error) {
      EXPECT_EQ(error.code(), base::ErrorCode::kStorage);
      fill(UINT_MAX);
    }
    EXPECT_EQ(known(), groups) << reads;
    EXPECT_EQ(known_branches(), branches) << reads;
  }
  EXPECT_GT(reads, 4U) << "of two packs, for messages and for groups";
}

TEST_F(KnownGroupsTest, APruneRemovesGroupsThatNoSnapshotHas) {
  const SnapshotInfo first = back_up("alice", {{"INBOX", dense(1, 100)}, {"Small", dense(5, 10)}});
  const auto of_first = known();
  const auto inbox =
      std::ranges::max_element(of_first, {}, [](const auto& group) { return group.second.size(); });
  back_up("alice", {{"INBOX", dense(1, 99)}});
  const auto before = known();
  ASSERT_THAT(before, SizeIs(3));
  prune(location_, files_, clock_, {.drop = {first.id}});
  const auto after = known();
  EXPECT_THAT(after, SizeIs(1));
  EXPECT_THAT(after, IsSubsetOf(before));
  EXPECT_FALSE(of_first.contains(after.begin()->first));
  // Messages that no snapshot held come again, under other rows of the search index.
  back_up("alice", {{"INBOX", dense(1, 100)}});
  EXPECT_EQ(known()[inbox->first], inbox->second) << "the same folder as in the first night";
  EXPECT_THAT(found("number100"), testing::StartsWith("1 found"));
}

TEST_F(KnownGroupsTest, ALeafThatIsLostIsReportedIfItsMessagesAreLookedFor) {
  back_up("alice", {{"INBOX", dense(1, 300)}});
  const std::vector<base::Path> lost = packs();
  const SnapshotInfo last = back_up("alice", {{"INBOX", dense(1, 301)}});
  for (const base::Path& pack : lost) std::filesystem::remove(pack);
  const std::string of_new = found("number301", last);
  EXPECT_THAT(of_new, testing::StartsWith("1 found")) << of_new;
  EXPECT_THAT(of_new, Not(testing::HasSubstr("read "))) << "no leaf of another message is read";
  const std::string of_old = found("number100", last);
  EXPECT_THAT(of_old, testing::HasSubstr("read ")) << of_old;
  EXPECT_THAT(holders(last, {301}), testing::HasSubstr(digest_of(301).hex()));
  forget_groups();
  EXPECT_THAT(found("number301", last), testing::HasSubstr("read "));
  EXPECT_EQ(found("number100", last), of_old);
}

TEST_F(KnownGroupsTest, AMissingOrBrokenSearchIndexOnlyTakesTime) {
  const SnapshotInfo snapshot = back_up("alice", {{"INBOX", dense(950, 200)}});
  const std::string expected = places(ids_[1'100]);
  const std::string held = holders(snapshot, {1'100});
  EXPECT_THAT(held, testing::HasSubstr(digest_of(1'100).hex()));
  ASSERT_THAT(known_branches(), SizeIs(1));
  const auto expect_the_same = [&] {
    EXPECT_EQ(places(ids_[1'100]), expected);
    EXPECT_EQ(holders(snapshot, {1'100}), held);
    EXPECT_EQ(places(std::string(64, '0')), "nowhere");
  };
  search_database().run("UPDATE uid_branches SET content = zeroblob(40)");
  expect_the_same();
  search_database().run("UPDATE uid_groups SET messages = x'00'");
  expect_the_same();
  EXPECT_THAT(found("number1100"), testing::StartsWith("1 found")) << "groups without messages";
  search_database().run("DELETE FROM uid_branches; UPDATE uid_groups SET messages = x'ffff'");
  expect_the_same();
  EXPECT_THAT(found("number1100"), testing::StartsWith("1 found"));
  std::ofstream(search_index_file(location_), std::ios::trunc) << std::string(8'192, 'x');
  expect_the_same();
  std::filesystem::remove(search_index_file(location_));
  expect_the_same();
}

TEST_F(KnownGroupsTest, NoLeafIsReadInVain) {
  back_up("alice", {{"INBOX", dense(1, 300)}});
  const Keys keys = open_keys(location_, files_).keys;
  KnownGroups groups(search_index_file(location_), keys);
  groups.look_for_ids_beginning(ids_[100].substr(0, 16));
  UidNode root;
  root.shift = kRootShift;
  root.is_branch = true;
  root.messages = 300;
  const auto all = known();
  ASSERT_THAT(all, SizeIs(1));
  root.identity = ObjectId::from_hex(all.begin()->first).value();
  EXPECT_THAT(groups.holders(root), testing::Optional(testing::ElementsAre(base::Uid{100})));
  groups.look_for({});
  EXPECT_THAT(groups.holders(root), testing::Optional(IsEmpty()));
  root.identity.bytes[20] ^= std::byte{1};
  EXPECT_EQ(groups.holders(root), std::nullopt) << "another group";
}

}  // namespace
}  // namespace store
