// S3Storage and older versions of objects, in transcripts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/expect_error.h"
#include "tests/store/storage/s3_fixture.h"

namespace store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class S3VersionsTest : public S3Fixture {
 protected:
  void keeps(const std::string& status) {
    server_.answer("200 OK", {},
                   "<VersioningConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">" +
                       (status.empty() ? "" : "<Status>" + status + "</Status>") +
                       "</VersioningConfiguration>");
  }

  static std::string entry(const std::string& kind, const std::string& key, const std::string& id,
                           bool is_newest) {
    return "<" + kind + "><Key>shard-07/packs/" + key + "</Key><VersionId>" + id +
           "</VersionId><IsLatest>" + (is_newest ? "true" : "false") + "</IsLatest>" +
           (kind == "Version" ? "<ETag>\"1\"</ETag>" : "") + "</" + kind + ">";
  }

  // `next`: NextKeyMarker and NextVersionIdMarker, or empty.
  void lists(const std::vector<std::string>& entries, const std::string& next = {}) {
    std::string page = "<ListVersionsResult><EncodingType>url</EncodingType><IsTruncated>" +
                       std::string(next.empty() ? "false" : "true") + "</IsTruncated>" + next;
    for (const std::string& each : entries) page += each;
    server_.answer("200 OK", {}, page + "</ListVersionsResult>");
  }

  void refuses() { server_.answer("403 Forbidden", {}, s3_error("AccessDenied")); }
  void reads(const std::string& bytes) { server_.answer("200 OK", {"ETag: \"1\""}, bytes); }

  std::vector<std::string> ids() {
    std::vector<std::string> ids;
    for (const KeptVersion& version : storage().versions(name_)) {
      ids.push_back(version.id + (version.is_newest ? " newest" : ""));
    }
    return ids;
  }

  std::string line(std::size_t at) { return server_.requests().at(at).line; }
  std::string last_line() { return server_.requests().back().line; }
};

TEST_F(S3VersionsTest, WhetherTheBucketKeepsThemIsAskedOnce) {
  keeps("Enabled");
  EXPECT_TRUE(storage().keeps_versions());
  EXPECT_TRUE(storage().keeps_versions());
  EXPECT_EQ(1U, server_.requests().size());
  EXPECT_EQ("GET /mail?versioning= HTTP/1.1", line(0));
}

TEST_F(S3VersionsTest, ABucketThatNeverKeptThemHasNone) {
  keeps("");
  EXPECT_FALSE(storage().keeps_versions());
}

TEST_F(S3VersionsTest, ABucketThatNoLongerKeepsThemMayHaveSome) {
  keeps("Suspended");
  EXPECT_TRUE(storage().keeps_versions());
}

TEST_F(S3VersionsTest, WhereThatIsNotToldNoneAreExpected) {
  refuses();
  EXPECT_FALSE(storage().keeps_versions());
}

TEST_F(S3VersionsTest, ALockingBucketKeepsThem) {
  config_.lock_for = std::chrono::days(35);
  server_.answer("501 Not Implemented", {}, s3_error("NotImplemented"));
  EXPECT_TRUE(storage().keeps_versions());
}

TEST_F(S3VersionsTest, AMomentOfTroubleIsNoAnswer) {
  server_.answer("503 Slow Down", {}, s3_error("SlowDown"));
  EXPECT_EQ(Trouble::kThrottled, trouble_of([&] { storage().keeps_versions(); }).trouble());
  keeps("Enabled");
  EXPECT_TRUE(storage().keeps_versions());
}

TEST_F(S3VersionsTest, TheOldestOfABlobComesFirst) {
  lists({entry("DeleteMarker", "a", "a4", true), entry("Version", "a", "a3", false)},
        "<NextKeyMarker>shard-07/packs/a</NextKeyMarker>"
        "<NextVersionIdMarker>a3</NextVersionIdMarker>");
  lists({entry("DeleteMarker", "a", "a2", false), entry("Version", "a", "a1", false),
         entry("Version", "ab", "b1", true)});
  EXPECT_THAT(ids(), ElementsAre("a1", "a3"));
  EXPECT_EQ("GET /mail?encoding-type=url&prefix=shard-07%2Fpacks%2Fa&versions= HTTP/1.1", line(0));
  EXPECT_EQ(
      "GET /mail?encoding-type=url&key-marker=shard-07%2Fpacks%2Fa&prefix=shard-07%2Fpacks%2Fa&"
      "version-id-marker=a3&versions= HTTP/1.1",
      line(1));
  lists({entry("Version", "a", "a2", true), entry("Version", "a", "a1", false)});
  EXPECT_THAT(ids(), ElementsAre("a1", "a2 newest"));
}

TEST_F(S3VersionsTest, VersionsThatMayNotBeListedAreNotThere) {
  refuses();
  EXPECT_THAT(ids(), IsEmpty());
  server_.answer("501 Not Implemented", {}, s3_error("NotImplemented"));
  EXPECT_THAT(ids(), IsEmpty());
  server_.answer("200 OK", {}, "<ListBucketResult></ListBucketResult>");
  EXPECT_THAT(trouble_of([&] { ids(); }).what(), HasSubstr("it is not a listing of versions"));
}

TEST_F(S3VersionsTest, PagesThatDoNotFollowEachOtherAreNoticed) {
  const std::string again = "<NextKeyMarker>shard-07/packs/a</NextKeyMarker>";
  lists({entry("Version", "a", "a2", true)}, again);
  lists({entry("Version", "a", "a2", true)}, again);
  EXPECT_THAT(trouble_of([&] { ids(); }).what(), HasSubstr("its pages do not follow each other"));
}

TEST_F(S3VersionsTest, AVersionIsReadByItsId) {
  base::Bytes bytes(4);
  server_.answer("206 Partial Content", {"ETag: \"1\"", "Content-Range: bytes 2-5/10"}, "cdef");
  EXPECT_EQ(4U, storage().read_version_at(name_, "a1", 2, bytes));
  EXPECT_EQ("cdef", base::to_text(bytes));
  EXPECT_EQ("GET /mail/shard-07/packs/a?versionId=a1 HTTP/1.1", last_line());
  EXPECT_EQ("bytes=2-5", server_.requests().back().headers.at("range"));
  server_.answer("404 Not Found", {}, s3_error("NoSuchVersion"));
  EXPECT_EQ(std::nullopt, storage().read_version_at(name_, "a9", 2, bytes));
}

TEST_F(S3VersionsTest, AChosenVersionIsReadUntilTheBlobIsWritten) {
  storage().choose_version(name_, "a1");
  EXPECT_TRUE(storage().reads_older_version(name_));
  reads("first");
  EXPECT_EQ(base::to_bytes("first"), storage().get(name_, 100));
  EXPECT_EQ("GET /mail/shard-07/packs/a?versionId=a1 HTTP/1.1", last_line());
  server_.answer("200 OK", {"ETag: \"1\""});
  EXPECT_EQ(0U, storage().size(name_));
  EXPECT_EQ("HEAD /mail/shard-07/packs/a?versionId=a1 HTTP/1.1", last_line());
  server_.answer("200 OK", {"ETag: \"1\""});
  storage().put(name_, base::as_bytes("first"));
  EXPECT_EQ("PUT /mail/shard-07/packs/a HTTP/1.1", last_line());
  EXPECT_FALSE(storage().reads_older_version(name_));
  reads("first");
  storage().get(name_, 100);
  EXPECT_EQ("GET /mail/shard-07/packs/a HTTP/1.1", last_line());
}

TEST_F(S3VersionsTest, AListingShowsWhatWasRemovedOnlyIfThatIsWanted) {
  const std::string page =
      "<ListBucketResult><IsTruncated>false</IsTruncated>"
      "<Contents><Key>shard-07/packs/b</Key></Contents></ListBucketResult>";
  storage().choose_version(name_, "a1");
  server_.answer("200 OK", {}, page);
  EXPECT_THAT(storage().list("packs"), ElementsAre("b"));
  storage().choose_version(name_, "a1", InListings::kAlways);
  storage().choose_version({"packs", "b"}, "b1", InListings::kAlways);
  server_.answer("200 OK", {}, page);
  EXPECT_THAT(storage().list("packs"), ElementsAre("a", "b"));
  server_.answer("200 OK", {}, page);
  EXPECT_THAT(storage().list("packs", {}, "a"), ElementsAre("b"));
  storage().choose_version(name_, "a2");
  server_.answer("200 OK", {}, page);
  EXPECT_THAT(storage().list("packs"), ElementsAre("a", "b"));
  storage().choose_version(name_, "");
  server_.answer("200 OK", {}, page);
  EXPECT_THAT(storage().list("packs"), ElementsAre("b"));
}

}  // namespace
}  // namespace store
