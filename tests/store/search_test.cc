#include "store/search.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/format/layout.h"
#include "store/maintenance/prune.h"
#include "store/maintenance/reindex.h"
#include "store/search_index/search_index.h"
#include "tests/expect_error.h"
#include "tests/store/store_fixture.h"

namespace store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

std::string message(const std::string& subject, const std::string& from = "a@example.org",
                    const std::string& date = "") {
  return "From: " + from + "\r\nTo: b@example.org\r\nSubject: " + subject + "\r\n" +
         (date.empty() ? "" : "Date: " + date + "\r\n") + "\r\nbody of " + subject + "\r\n";
}

class SearchTest : public StoreFixture {
 protected:
  struct Folder {
    std::string name;
    std::vector<std::string> messages;
  };

  SearchTest() { make_store(); }

  SnapshotInfo back_up(const std::string& account, const std::vector<Folder>& folders) {
    Writer writer = open_writer();
    std::vector<FolderRecord> records;
    for (const Folder& folder : folders) {
      records.push_back(add_folder(writer, folder.name, folder.messages));
    }
    SnapshotInfo snapshot = add_snapshot(writer, account, records);
    writer.commit();
    return snapshot;
  }

  SearchResult look_for(std::string_view query, const std::string& account = "alice",
                        std::optional<SnapshotInfo> at = {}, std::size_t most = 1'000,
                        const std::string& after = "") {
    Reader reader = open_reader();
    return search(reader, Query::parse(query, "UTC", {}),
                  {.account = account,
                   .snapshot = std::move(at),
                   .most = most,
                   .after = after,
                   .shown_name = [](const SnapshotInfo&, const FolderInfo& info) {
                     return "shown/" + info.raw_name;
                   }});
  }

  // "folder UID subject" of each message.
  static std::vector<std::string> lines(const SearchResult& result) {
    std::vector<std::string> lines;
    for (const FoundMessage& found : result.messages) {
      lines.push_back(found.folder + " " + std::to_string(found.entry.uid.value) + " " +
                      found.envelope.subject);
    }
    return lines;
  }

  std::vector<std::string> find(std::string_view query, const std::string& account = "alice",
                                const std::optional<SnapshotInfo>& at = {}) {
    return lines(look_for(query, account, at));
  }
};

TEST_F(SearchTest, AMessageIsFoundWithAllItsData) {
  const std::string text =
      message("The report", "Jane <jane@example.org>", "Tue, 24 Nov 2026 02:30:00 +0000");
  const SnapshotInfo snapshot = back_up("alice", {{"INBOX", {message("other"), text}}});
  const SearchResult result = look_for("from:jane report");
  ASSERT_EQ(1U, result.messages.size());
  const FoundMessage& found = result.messages[0];
  EXPECT_EQ("alice", found.account);
  EXPECT_EQ("shown/INBOX", found.folder);
  EXPECT_EQ(7U, found.uid_validity);
  EXPECT_EQ(2U, found.entry.uid.value);
  EXPECT_EQ(text.size(), found.entry.size);
  EXPECT_THAT(found.entry.flags, ElementsAre("\\Seen"));
  EXPECT_EQ(1'795'487'400, found.date.value().instant.time_since_epoch().count());
  EXPECT_EQ("Jane <jane@example.org>", found.envelope.from);
  EXPECT_EQ("The report", found.envelope.subject);
  EXPECT_EQ(snapshot, found.snapshot);
  Reader reader = open_reader();
  EXPECT_EQ(text, base::to_text(reader.read_message(found.entry.message).bytes()));
}

TEST_F(SearchTest, EveryFolderThatHoldsAMessageIsNamed) {
  back_up("alice", {{"INBOX", {message("one"), message("two")}}, {"Copies", {message("one")}}});
  EXPECT_THAT(find("one"), UnorderedElementsAre("shown/INBOX 1 one", "shown/Copies 1 one"));
  EXPECT_THAT(find("one folder:shown/C*"), ElementsAre("shown/Copies 1 one"));
  EXPECT_THAT(find("one -folder:shown/C*"), ElementsAre("shown/INBOX 1 one"));
  EXPECT_THAT(find("folder:shown/INBOX").size(), 2U);
}

TEST_F(SearchTest, AMessagesFieldsAreStoredOnceHoweverOftenItOccurs) {
  back_up("alice", {{"INBOX", {message("one")}}, {"Copies", {message("one")}}});
  back_up("bob", {{"INBOX", {message("one")}}});
  SearchIndex index = SearchIndex::open_read_only(search_index_file(location_)).value();
  int rows = 0;
  index.for_each("", [&](const EnvelopeRow&) { ++rows; });
  EXPECT_EQ(1, rows);
}

TEST_F(SearchTest, AnotherAccountsMailIsNotFound) {
  back_up("alice", {{"INBOX", {message("hers")}}});
  back_up("bob", {{"INBOX", {message("his")}}});
  EXPECT_THAT(find("his"), IsEmpty());
  EXPECT_THAT(find("his", "bob"), ElementsAre("shown/INBOX 1 his"));
  EXPECT_THAT(find("his", "nobody"), IsEmpty());
}

TEST_F(SearchTest, WordsOfAnotherAccountChangeNoAnswer) {
  back_up("alice", {{"INBOX", {message("own")}}});
  const std::vector<base::Path> of_alice = packs();
  back_up("bob", {{"INBOX", {message("private")}}});
  for (const base::Path& pack : of_alice) std::filesystem::remove(pack);
  const SearchResult nothing = look_for("zebra");
  EXPECT_THAT(nothing.damage, testing::Not(IsEmpty()));
  EXPECT_EQ(look_for("private").damage, nothing.damage);
}

TEST_F(SearchTest, ASearchInASnapshotFindsOnlyItsMessages) {
  const SnapshotInfo first = back_up("alice", {{"INBOX", {message("one"), message("two")}}});
  const SnapshotInfo second = back_up("alice", {{"INBOX", {message("one")}}});
  EXPECT_THAT(find("two", "alice", first), ElementsAre("shown/INBOX 2 two"));
  EXPECT_THAT(find("two", "alice", second), IsEmpty());
}

TEST_F(SearchTest, HistoryFindsVanishedMessagesAndNamesTheirNewestSnapshot) {
  const SnapshotInfo first = back_up("alice", {{"INBOX", {message("one"), message("two")}}});
  const SnapshotInfo second =
      back_up("alice", {{"INBOX", {message("one"), message("two"), message("three")}}});
  const SnapshotInfo third = back_up("alice", {{"INBOX", {message("one")}}});
  const SearchResult result = look_for("one");
  EXPECT_THAT(lines(result), ElementsAre("shown/INBOX 1 one"));
  EXPECT_EQ(third, result.messages[0].snapshot);
  const SearchResult gone = look_for("two");
  EXPECT_THAT(lines(gone), ElementsAre("shown/INBOX 2 two"));
  EXPECT_EQ(second, gone.messages[0].snapshot);
  EXPECT_NE(first, gone.messages[0].snapshot);
}

TEST_F(SearchTest, TimesCompareTheDateFieldOrElseInternalDate) {
  back_up("alice", {{"INBOX",
                     {message("dated", "a@example.org", "Thu, 01 Jan 2026 00:00:00 +0000"),
                      message("undated")}}});
  EXPECT_THAT(find("after:2026-01-01"), ElementsAre("shown/INBOX 1 dated"));
  EXPECT_THAT(find("before:1970-01-02"), ElementsAre("shown/INBOX 2 undated"));
}

TEST_F(SearchTest, TheNewestComeFirstAndTheRestAreCounted) {
  back_up("alice", {{"INBOX",
                     {message("day 1", "a@example.org", "Thu, 01 Jan 2026 00:00:00 +0000"),
                      message("day 3", "a@example.org", "Sat, 03 Jan 2026 00:00:00 +0000"),
                      message("day 2", "a@example.org", "Fri, 02 Jan 2026 00:00:00 +0000")}}});
  const SearchResult result = look_for("day", "alice", {}, 2);
  EXPECT_THAT(lines(result), ElementsAre("shown/INBOX 2 day 3", "shown/INBOX 3 day 2"));
  EXPECT_EQ(3U, result.total);
}

TEST_F(SearchTest, PagesTogetherAreTheWholeListForAnyFolderName) {
  // The same UIDs, UIDVALIDITY and messages under two names, as after a renaming.
  const std::vector<std::string> mails = {message("day one"), message("day two"),
                                          message("day three")};
  back_up("alice", {{"Old", mails}});
  back_up("alice", {{"New", mails}, {"INBOX", {message("day four")}}});
  const std::vector<std::string> whole = lines(look_for("day"));
  ASSERT_EQ(7U, whole.size());
  for (const std::size_t most : {1U, 2U, 7U}) {
    std::vector<std::string> all;
    std::string after;
    while (all.size() < 20) {
      const SearchResult page = look_for("day", "alice", {}, most, after);
      EXPECT_LE(page.messages.size(), most) << "only what is shown is described";
      EXPECT_EQ(7U, page.total);
      for (const std::string& line : lines(page)) all.push_back(line);
      if (!page.has_more) break;
      after = page.messages.back().cursor;
      EXPECT_EQ(std::string::npos, after.find_first_not_of("0123456789abcdef.")) << after;
    }
    EXPECT_EQ(whole, all);
  }
}

TEST_F(SearchTest, ACursorOfNothingThatIsFoundIsRefused) {
  back_up("alice", {{"INBOX", {message("day one")}}});
  back_up("bob", {{"INBOX", {message("day two")}}});
  const std::string of_bob = look_for("day", "bob").messages.front().cursor;
  for (const char* query : {"day", "nothing"}) {
    for (const std::string& after : {of_bob, std::string("x\x1b[31m")}) {
      EXPECT_ERROR(kNotFound, "the list has no such entry", look_for(query, "alice", {}, 1, after));
    }
  }
}

TEST_F(SearchTest, ExcludedWordsRemoveMessages) {
  back_up("alice", {{"INBOX", {message("red apple"), message("green apple"), message("pear")}}});
  EXPECT_THAT(find("apple -red"), ElementsAre("shown/INBOX 2 green apple"));
  EXPECT_THAT(find("-apple"), ElementsAre("shown/INBOX 3 pear"));
}

TEST_F(SearchTest, AMessageIdFindsItsMessage) {
  const std::string text = "Message-ID: <1@example.org>\r\nSubject: x\r\n\r\n";
  back_up("alice", {{"INBOX", {message("one"), text}}});
  EXPECT_THAT(find("message-id:<1@example.org>"), ElementsAre("shown/INBOX 2 x"));
  EXPECT_THAT(find("message-id:1@example.org subject:x"), ElementsAre("shown/INBOX 2 x"));
  EXPECT_THAT(find("message-id:1@example.org subject:y"), IsEmpty());
}

TEST_F(SearchTest, ManyMessagesAreFoundInTheirLeaves) {
  std::vector<std::string> messages;
  for (int i = 0; i < 300; ++i) messages.push_back(message("number" + std::to_string(i)));
  back_up("alice", {{"INBOX", messages}});
  EXPECT_THAT(find("number257"), ElementsAre("shown/INBOX 258 number257"));
  EXPECT_EQ(300U, look_for("number*").total);
}

TEST_F(SearchTest, ALostSearchIndexIsFilledInByTheNextWriter) {
  back_up("alice", {{"INBOX", {message("one")}}});
  back_up("alice", {{"INBOX", {message("one"), message("two")}}});
  std::filesystem::remove(search_index_file(location_));
  EXPECT_ERROR(kNotFound, "mailstow-backupd reindex", find("one"));
  { const Writer writer = open_writer(); }
  EXPECT_THAT(find("two"), ElementsAre("shown/INBOX 2 two"));
}

TEST_F(SearchTest, ReindexRebuildsTheSameFromThePacksAlone) {
  back_up("alice", {{"INBOX", {message("one"), message("two"), "no header at all"}}});
  back_up("bob", {{"INBOX", {message("two"), message("three")}}});
  const auto dump = [&] {
    SearchIndex index = SearchIndex::open_read_only(search_index_file(location_)).value();
    std::vector<std::string> rows;
    index.for_each("", [&](const EnvelopeRow& row) {
      const Envelope envelope = index.envelope(row.row);
      rows.push_back(std::to_string(row.key) + envelope.subject + envelope.from + envelope.to);
    });
    std::ranges::sort(rows);
    return rows;
  };
  const std::vector<std::string> before = dump();
  EXPECT_EQ(4U, before.size());
  std::filesystem::remove_all(location_.index);
  EXPECT_THAT(reindex(location_, files_).damage, IsEmpty());
  EXPECT_EQ(before, dump());
  EXPECT_THAT(find("three", "bob"), ElementsAre("shown/INBOX 2 three"));
}

TEST_F(SearchTest, PruneRemovesUnheldMessagesFromTheSearchIndexAndStoringRestoresThem) {
  const SnapshotInfo first = back_up("alice", {{"INBOX", {message("one"), message("secret")}}});
  back_up("alice", {{"INBOX", {message("one")}}});
  prune(location_, files_, clock_, {.drop = {first.id}});
  const auto rows_about = [&](std::string_view query) {
    SearchIndex index = SearchIndex::open_read_only(search_index_file(location_)).value();
    int rows = 0;
    index.for_each(Query::parse(query, "UTC", {}).wanted_words(), [&](const auto&) { ++rows; });
    return rows;
  };
  EXPECT_EQ(1, rows_about("one"));
  EXPECT_EQ(0, rows_about("secret"));
  EXPECT_THAT(find("one"), ElementsAre("shown/INBOX 1 one"));
  back_up("alice", {{"INBOX", {message("one"), message("secret")}}});
  EXPECT_THAT(find("secret"), ElementsAre("shown/INBOX 2 secret"));
}

TEST_F(SearchTest, TheSearchIndexSizeIsReportedSeparately) {
  back_up("alice", {{"INBOX", {message("one")}}});
  Reader reader = open_reader();
  const Reader::StoreSize size = reader.size();
  EXPECT_EQ(std::filesystem::file_size(search_index_file(location_)), size.search_bytes);
}

}  // namespace
}  // namespace store
