#include "store/search_index/search_index.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/format/crypto.h"
#include "store/index/sqlite.h"
#include "store/search_index/query.h"
#include "tests/temporary_directory.h"
#include "tests/text_of.h"

namespace store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class SearchIndexTest : public testing::Test {
 protected:
  static ObjectId message(const std::string& name) { return {sha256(base::as_bytes(name)).bytes}; }
  static PackName pack(const std::string& name) { return sha256(base::as_bytes(name)); }

  static Envelope about(const std::string& subject, const std::string& from = "a@example.org") {
    return {.date = std::nullopt,
            .from = from,
            .to = "",
            .cc = "",
            .subject = subject,
            .message_id = subject + "@example.org"};
  }

  // The subjects of the messages found.
  std::vector<std::string> find(std::string_view query) {
    std::vector<std::string> subjects;
    const std::string words =
        query.empty() ? "" : Query::parse(query, "UTC", {}).wanted_words();  // empty: every row
    index_.for_each(words, [&](const EnvelopeRow& row) {
      subjects.push_back(index_.envelope(row.row).subject);
    });
    return subjects;
  }

  // By UID, the names of messages.
  static std::vector<SearchIndex::KeyedMessage> keyed(
      const std::vector<std::pair<std::uint32_t, std::string>>& names) {
    std::vector<SearchIndex::KeyedMessage> messages;
    for (const auto& [uid, name] : names) messages.push_back({{uid}, message_key(message(name))});
    return messages;
  }

  void open_again() { index_ = SearchIndex::open(file_, StoreId{}); }

  tests::TemporaryDirectory directory_;
  base::Path file_ = directory_.path() / "search.sqlite";
  SearchIndex index_ = SearchIndex::open(file_, StoreId{});
};

TEST_F(SearchIndexTest, FinishedMessagesAreFound) {
  Envelope envelope = about("Grüße aus Köln", "Jörg <j@example.org>");
  envelope.date = std::chrono::sys_seconds(std::chrono::seconds(1'000));
  index_.add(message("1"), envelope);
  index_.finish(pack("1"));
  open_again();
  EXPECT_THAT(index_.packs(), ElementsAre(pack("1")));
  EXPECT_THAT(find("koln"), ElementsAre("Grüße aus Köln"));
  EXPECT_THAT(find("from:jorg"), ElementsAre("Grüße aus Köln"));
  EXPECT_THAT(find("from:koln"), IsEmpty());
  EXPECT_EQ(envelope, index_.envelope(index_.find(message("1")).value()));
  EXPECT_FALSE(index_.find(message("2")).has_value());
}

TEST_F(SearchIndexTest, UnfinishedMessagesAreDiscarded) {
  index_.add(message("1"), about("one"));
  open_again();
  EXPECT_THAT(find(""), IsEmpty());
}

TEST_F(SearchIndexTest, AMessageIsIndexedOnce) {
  index_.add(message("1"), about("one"));
  index_.finish(pack("1"));
  index_.add(message("1"), about("one"));
  index_.finish(pack("2"));
  EXPECT_THAT(find("one"), ElementsAre("one"));
}

TEST_F(SearchIndexTest, ScriptsWithoutBlanksAreFoundInside) {
  index_.add(message("1"), about("東京の天気"));
  index_.finish(pack("1"));
  EXPECT_THAT(find("天気"), ElementsAre("東京の天気"));
  EXPECT_THAT(find("subject:東京"), ElementsAre("東京の天気"));
  EXPECT_THAT(find("京東"), IsEmpty());
}

TEST_F(SearchIndexTest, OnlyLivingMessagesAreKept) {
  index_.add(message("1"), about("one secret"));
  index_.add(message("2"), about("two"));
  index_.finish(pack("1"));
  EXPECT_EQ(1U, index_.keep_only([&](const ObjectId& id) { return id == message("2"); }));
  EXPECT_THAT(find("secret"), IsEmpty());
  EXPECT_THAT(find(""), UnorderedElementsAre("two"));
  EXPECT_THAT(find("two"), ElementsAre("two"));
  EXPECT_EQ(0U, index_.keep_only([](const ObjectId&) { return true; }));
}

TEST_F(SearchIndexTest, RemovedTextIsNotLeftInTheFile) {
  const base::Path log = file_.string() + "-wal";
  index_.add(message("1"), about("verysecretword"));
  index_.finish(pack("1"));
  EXPECT_NE(std::string::npos, tests::text_of(log).find("verysecretword"));
  index_.keep_only([](const ObjectId&) { return false; });
  EXPECT_EQ(std::string::npos, tests::text_of(log).find("verysecretword"));
  { const SearchIndex closed = std::move(index_); }
  EXPECT_EQ(std::string::npos, tests::text_of(file_).find("verysecretword"));
  open_again();
}

TEST_F(SearchIndexTest, AGroupHasTheRowsOfItsMessages) {
  index_.add(message("1"), about("one"));
  index_.add(message("2"), about("two"));
  index_.add_group(message("group"), keyed({{5, "2"}, {7, "1"}, {4'000'000'000, "2"}}));
  index_.finish(pack("1"));
  open_again();
  const std::int64_t one = index_.find(message("1")).value();
  const std::int64_t two = index_.find(message("2")).value();
  EXPECT_THAT(index_.find_group(message("group")).value(),
              ElementsAre(KnownMessage{base::Uid{5}, two}, KnownMessage{base::Uid{7}, one},
                          KnownMessage{base::Uid{4'000'000'000}, two}));
  EXPECT_FALSE(index_.find_group(message("other")).has_value());
  ObjectId alike = message("group");
  alike.bytes.back() ^= std::byte{1};
  EXPECT_FALSE(index_.find_group(alike).has_value());
}

TEST_F(SearchIndexTest, AGroupWithAMessageThatIsNotIndexedIsLeftOut) {
  index_.add(message("1"), about("one"));
  index_.add_group(message("group"), keyed({{1, "1"}, {2, "2"}}));
  index_.finish(pack("1"));
  EXPECT_FALSE(index_.find_group(message("group")).has_value());
}

TEST_F(SearchIndexTest, GroupsGoWithTheirMessages) {
  for (const char* name : {"1", "2", "3"}) index_.add(message(name), about(name));
  index_.add_group(message("a"), keyed({{1, "1"}, {2, "2"}}));
  index_.add_group(message("b"), keyed({{1, "1"}, {2, "3"}}));
  index_.add_group(message("c"), keyed({{9, "3"}}));
  index_.add_branch(message("d"), base::as_bytes("of d"));
  index_.add_branch(message("e"), base::as_bytes("of e"));
  index_.finish(pack("1"));
  index_.keep_only([&](const ObjectId& id) { return id != message("2"); });
  EXPECT_FALSE(index_.find_group(message("a")).has_value());
  EXPECT_TRUE(index_.find_group(message("b")).has_value());
  EXPECT_EQ(base::to_text(index_.find_branch(message("d")).value()), "of d");
  index_.keep_only_groups(
      [&](const ObjectId& id) { return id == message("c") || id == message("e"); });
  EXPECT_FALSE(index_.find_branch(message("d")).has_value());
  EXPECT_EQ(base::to_text(index_.find_branch(message("e")).value()), "of e");
  EXPECT_FALSE(index_.find_group(message("b")).has_value());
  EXPECT_TRUE(index_.find_group(message("c")).has_value());
}

TEST_F(SearchIndexTest, AGroupThatIsNotFinishedIsDiscarded) {
  index_.add(message("1"), about("one"));
  index_.finish(pack("1"));
  index_.add_group(message("group"), keyed({{1, "1"}}));
  open_again();
  EXPECT_FALSE(index_.find_group(message("group")).has_value());
}

TEST_F(SearchIndexTest, RowsAreFoundByTheFirstDigitsOfTheirMessages) {
  for (int i = 0; i < 200; ++i) index_.add(message(std::to_string(i)), about("x"));
  index_.finish(pack("1"));
  for (int i = 0; i < 200; ++i) {
    const ObjectId id = message(std::to_string(i));
    const std::int64_t row = index_.find(id).value();
    for (const std::size_t length : {8U, 16U, 17U, 64U}) {
      EXPECT_THAT(index_.rows_beginning(id.hex().substr(0, length)), ElementsAre(row));
    }
  }
  std::string other = message("0").hex();
  other.back() = other.back() == '0' ? '1' : '0';
  EXPECT_THAT(index_.rows_beginning(other), IsEmpty());
  EXPECT_THAT(index_.rows_beginning("ZZZZZZZZ"), IsEmpty());
  std::size_t all = 0;
  for (const char digit : std::string("0123456789abcdef")) {
    all += index_.rows_beginning(std::string(1, digit)).size();
  }
  EXPECT_EQ(all, 200U);
}

TEST_F(SearchIndexTest, WordsAreFoundInARangeOfRows) {
  for (const char* name : {"1", "2", "3", "4"}) index_.add(message(name), about("common"));
  index_.finish(pack("1"));
  std::vector<std::int64_t> rows;
  const std::int64_t second = index_.find(message("2")).value();
  index_.for_each_row(Query::parse("common", "UTC", {}).wanted_words(), second, second + 1,
                      [&](std::int64_t row) { rows.push_back(row); });
  EXPECT_THAT(rows, ElementsAre(second, index_.find(message("3")).value()));
  std::vector<std::uint64_t> keys;
  index_.for_each_between(second, second + 1,
                          [&](const EnvelopeRow& row) { keys.push_back(row.key); });
  EXPECT_THAT(keys, ElementsAre(message_key(message("2")), message_key(message("3"))));
  EXPECT_EQ(index_.row(second).value().key, message_key(message("2")));
  EXPECT_FALSE(index_.row(1'000).has_value());
}

TEST_F(SearchIndexTest, AnotherStoresIndexIsRebuilt) {
  index_.add(message("1"), about("one"));
  index_.finish(pack("1"));
  StoreId other{};
  other[0] = std::byte{1};
  index_ = SearchIndex::open(file_, other);
  EXPECT_THAT(find(""), IsEmpty());
  EXPECT_THAT(index_.packs(), IsEmpty());
}

TEST_F(SearchIndexTest, AnotherVersionsIndexIsRebuilt) {
  index_.add(message("1"), about("one"));
  index_.finish(pack("1"));
  { const SearchIndex closed = std::move(index_); }
  {
    Database old = Database::open_or_create(file_);
    old.run("PRAGMA user_version = 1");
  }
  EXPECT_FALSE(SearchIndex::open_read_only(file_).has_value());
  open_again();
  EXPECT_THAT(index_.packs(), IsEmpty()) << "every pack is to be read again";
  index_.add(message("1"), about("one"));
  index_.finish(pack("1"));
  EXPECT_THAT(find("one"), ElementsAre("one"));
}

TEST_F(SearchIndexTest, AnIndexByAnotherVersionOfUnicodeIsRebuilt) {
  for (const char* change : {"UPDATE meta SET value = CAST('1.1.0' AS BLOB) WHERE name = 'unicode'",
                             "UPDATE meta SET value = x'' WHERE name = 'unicode'",
                             "DELETE FROM meta WHERE name = 'unicode'"}) {
    index_.add(message("1"), about("one"));
    index_.finish(pack("1"));
    open_again();
    EXPECT_THAT(index_.packs(), ElementsAre(pack("1"))) << "the same version keeps its index";
    { const SearchIndex closed = std::move(index_); }
    EXPECT_TRUE(SearchIndex::open_read_only(file_).has_value());
    Database::open_or_create(file_).run(change);
    EXPECT_FALSE(SearchIndex::open_read_only(file_).has_value()) << change;
    open_again();
    EXPECT_THAT(index_.packs(), IsEmpty()) << "every pack is to be read again: " << change;
    EXPECT_THAT(find(""), IsEmpty());
  }
  index_.add(message("1"), about("one"));
  index_.finish(pack("1"));
  EXPECT_THAT(find("one"), ElementsAre("one"));
}

TEST_F(SearchIndexTest, AFileThatIsNotADatabaseIsRebuilt) {
  { const SearchIndex closed = std::move(index_); }
  std::ofstream(file_, std::ios::trunc) << "this is no database at all, but it is long enough";
  open_again();
  EXPECT_THAT(find(""), IsEmpty());
}

}  // namespace
}  // namespace store
