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
  index_.add(message("1"), about("verysecretword"));
  index_.finish(pack("1"));
  index_.keep_only([](const ObjectId&) { return false; });
  { const SearchIndex closed = std::move(index_); }
  EXPECT_EQ(std::string::npos, tests::text_of(file_).find("verysecretword"));
  open_again();
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

TEST_F(SearchIndexTest, AFileThatIsNotADatabaseIsRebuilt) {
  { const SearchIndex closed = std::move(index_); }
  std::ofstream(file_, std::ios::trunc) << "this is no database at all, but it is long enough";
  open_again();
  EXPECT_THAT(find(""), IsEmpty());
}

}  // namespace
}  // namespace store
