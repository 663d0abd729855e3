// S3Storage and answers that a real object storage won't give on command.
#include "store/storage/s3_storage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/expect_error.h"
#include "tests/store/storage/s3_fixture.h"

namespace store {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

class S3StorageTest : public S3Fixture {
 protected:
  // A refusal, without a body for HEAD.
  void refuse(const std::string& status, const std::string& code, const std::string& rest = {}) {
    server_.answer(status, {"x-amz-request-id: tx12"}, s3_error(code, rest));
  }

  void list_page(const std::vector<std::string>& keys, const std::string& token = {}) {
    std::string page = "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">";
    page += "<EncodingType>url</EncodingType><IsTruncated>";
    page += token.empty()
                ? "false</IsTruncated>"
                : "true</IsTruncated><NextContinuationToken>" + token + "</NextContinuationToken>";
    for (const std::string& key : keys) page += "<Contents><Key>" + key + "</Key></Contents>";
    server_.answer("200 OK", {}, page + "</ListBucketResult>");
  }

  std::string request_line(std::size_t at) { return server_.requests().at(at).line; }
};

TEST_F(S3StorageTest, ARequestIsSignedForItsBytes) {
  server_.answer("200 OK", {"ETag: \"1\""});
  storage().put(name_, base::as_bytes("some bytes"));
  const servers::ReceivedRequest request = server_.requests().front();
  EXPECT_EQ(request.line, "PUT /mail/shard-07/packs/a HTTP/1.1");
  EXPECT_EQ(request.body, "some bytes");
  EXPECT_EQ(request.headers.at("x-amz-content-sha256"),
            "0d22cdcc10e6d049dbe1af5123d50873fdfc1a4f58306e58cb6241be9472014d");
  EXPECT_THAT(request.headers.at("authorization"),
              AllOf(StartsWith("AWS4-HMAC-SHA256 Credential=the-key/"),
                    HasSubstr("/eu-north-1/s3/aws4_request"),
                    HasSubstr("SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date")));
}

TEST_F(S3StorageTest, OnlyNoSuchKeyIsAnAbsentBlob) {
  refuse("404 Not Found", "NoSuchKey");
  EXPECT_FALSE(storage().get(name_, 100));
  refuse("404 Not Found", "NoSuchBucket");
  const StorageError gone = trouble_of_reading();
  EXPECT_EQ(gone.trouble(), Trouble::kGone);
  EXPECT_THAT(gone.what(), HasSubstr("read s3://mail/shard-07/packs/a: the bucket is missing"));
  server_.answer("404 Not Found", {}, "<html>no such page</html>");
  EXPECT_EQ(trouble_of_reading().trouble(), Trouble::kUnanswered);
}

TEST_F(S3StorageTest, ASizeThatIsUnknownIsReadWithItsReason) {
  server_.answer_raw("HTTP/1.1 404 Not Found\r\nContent-Length: 200\r\n\r\n");
  refuse("404 Not Found", "NoSuchBucket");
  EXPECT_EQ(trouble_of([&] { storage().size(name_); }).trouble(), Trouble::kGone);
  server_.answer_raw("HTTP/1.1 404 Not Found\r\nContent-Length: 200\r\n\r\n");
  refuse("404 Not Found", "NoSuchKey");
  EXPECT_FALSE(storage().size(name_));
  EXPECT_EQ(request_line(2), "HEAD /mail/shard-07/packs/a HTTP/1.1");
  EXPECT_EQ(server_.requests().back().headers.at("range"), "bytes=0-0");
}

TEST_F(S3StorageTest, ARefusalNamesCodeRequestAndRemedy) {
  refuse("403 Forbidden", "AccessDenied");
  const StorageError denied = trouble_of_reading();
  EXPECT_EQ(denied.trouble(), Trouble::kRefused);
  EXPECT_THAT(denied.what(), HasSubstr("403 AccessDenied (Words about it.; request tx12)"));
  EXPECT_THAT(denied.what(), HasSubstr("ListBucket"));
  refuse("403 Forbidden", "SignatureDoesNotMatch");
  EXPECT_THAT(trouble_of_reading().what(), HasSubstr("check the access key and its secret"));
  refuse("403 Forbidden", "InvalidObjectState");
  EXPECT_THAT(trouble_of_reading().what(), HasSubstr("archive class"));
}

TEST_F(S3StorageTest, AWrongClockIsToldApart) {
  server_.answer("403 Forbidden", {"Date: Thu, 01 Jan 1970 00:20:00 GMT"},
                 s3_error("RequestTimeTooSkewed"));
  const StorageError error = trouble_of_reading();
  EXPECT_EQ(error.trouble(), Trouble::kRefused);
  EXPECT_THAT(error.what(), HasSubstr("1970-01-01T00:00:00Z, the storage's 1970-01-01T00:20:00Z"));
  // Some storages only say that the signature is wrong.
  server_.answer("403 Forbidden", {"Date: Thu, 01 Jan 1970 00:20:00 GMT"},
                 s3_error("AccessDenied"));
  EXPECT_THAT(trouble_of_reading().what(), HasSubstr("set the clock"));
}

TEST_F(S3StorageTest, AQuotaIsNoRefusal) {
  refuse("403 Forbidden", "QuotaExceeded");
  EXPECT_ERROR(kNoSpace, "quota", storage().put(name_, base::as_bytes("x")));
  server_.answer("507 Insufficient Storage");
  EXPECT_ERROR(kNoSpace, "quota", storage().put(name_, base::as_bytes("x")));
  server_.answer("403 Forbidden", {},
                 "<Error><Code>AccessDenied</Code><Message>Cannot upload files, storage cap "
                 "exceeded.</Message></Error>");
  EXPECT_ERROR(kNoSpace, "quota", storage().put(name_, base::as_bytes("x")));
}

TEST_F(S3StorageTest, AnOverloadedStorageIsLeftAloneForAsLongAsItAsks) {
  server_.answer("503 Slow Down", {"Retry-After: 7"}, s3_error("SlowDown"));
  StorageError error = trouble_of_reading();
  EXPECT_EQ(error.trouble(), Trouble::kThrottled);
  EXPECT_EQ(error.pause(), std::chrono::seconds(7));
  server_.answer("429 Too Many Requests", {"Date: Sun, 29 Nov 2026 19:00:00 GMT",
                                           "Retry-After: Sun, 29 Nov 2026 19:00:30 GMT"});
  error = trouble_of_reading();
  EXPECT_EQ(error.trouble(), Trouble::kThrottled);
  EXPECT_EQ(error.pause(), std::chrono::seconds(30));
  for (const char* status : {"500 Error", "502 Bad Gateway", "503 Unavailable", "408 Timeout"}) {
    server_.answer(status);
    EXPECT_EQ(trouble_of_reading().trouble(), Trouble::kUnanswered) << status;
  }
  refuse("409 Conflict", "ConditionalRequestConflict");
  EXPECT_EQ(trouble_of_reading().trouble(), Trouble::kUnanswered);
}

TEST_F(S3StorageTest, AnErrorInAGoodAnswerIsAnError) {
  server_.answer("200 OK", {"ETag: \"1\""}, s3_error("SlowDown"));
  EXPECT_EQ(trouble_of([&] { storage().put(name_, {}); }).trouble(), Trouble::kThrottled);
  server_.answer("200 OK", {}, s3_error("InternalError"));
  EXPECT_EQ(trouble_of([&] { storage().list("packs"); }).trouble(), Trouble::kUnanswered);
}

TEST_F(S3StorageTest, ACaptivePortalIsNotBelieved) {
  const std::string page = "<html><body>Please log in</body></html>";
  server_.answer("200 OK", {}, page);
  EXPECT_EQ(trouble_of_reading().trouble(), Trouble::kUnanswered);
  server_.answer("200 OK", {}, page);
  const StorageError error = trouble_of([&] { storage().put(name_, {}); });
  EXPECT_EQ(error.trouble(), Trouble::kUnanswered);
  EXPECT_THAT(error.what(), HasSubstr("does not come from object storage"));
  server_.answer("200 OK", {}, page);
  EXPECT_EQ(trouble_of([&] { storage().list("packs"); }).trouble(), Trouble::kUnanswered);
  server_.answer("200 OK", {}, page);
  EXPECT_EQ(trouble_of([&] { static_cast<void>(storage().remove(std::vector{name_})); }).trouble(),
            Trouble::kUnanswered);
  server_.answer("302 Found", {"Location: http://portal.example.org/"}, page);
  EXPECT_EQ(trouble_of_reading().trouble(), Trouble::kUnanswered);
}

TEST_F(S3StorageTest, APageWithAnETagIsNotBelieved) {
  const std::string page = "<html><body>Please log in</body></html>";
  const std::vector<std::string> headers{"ETag: \"1\"", "Content-Type: Text/HTML; charset=utf-8"};
  server_.answer("200 OK", headers, page);
  EXPECT_EQ(trouble_of_reading().trouble(), Trouble::kUnanswered);
  server_.answer("200 OK", headers, page);
  EXPECT_EQ(trouble_of([&] { storage().get_tail(name_, 100); }).trouble(), Trouble::kUnanswered);
  server_.answer_raw("HTTP/1.1 200 OK\r\n" + headers[0] + "\r\n" + headers[1] +
                     "\r\nContent-Length: 39\r\n\r\n");
  EXPECT_EQ(trouble_of([&] { storage().size(name_); }).trouble(), Trouble::kUnanswered);
  server_.answer("200 OK", headers, page);
  EXPECT_EQ(trouble_of([&] { storage().put(name_, base::as_bytes("x")); }).trouble(),
            Trouble::kUnanswered);
  // An empty answer may have any type.
  server_.answer("200 OK", headers);
  storage().put(name_, base::as_bytes("x"));
}

TEST_F(S3StorageTest, ABodyThatEndsEarlyIsNoBlob) {
  server_.answer_and_close("HTTP/1.1 200 OK\r\nETag: \"1\"\r\nContent-Length: 10\r\n\r\n12345");
  EXPECT_EQ(trouble_of_reading().trouble(), Trouble::kUnanswered);
  // Whether this one ended early can't be known.
  const std::string unlimited = "HTTP/1.1 200 OK\r\nETag: \"1\"\r\n\r\n12345";
  server_.answer_and_close(unlimited);
  EXPECT_EQ(trouble_of_reading().trouble(), Trouble::kUnanswered);
  server_.answer_and_close(unlimited);
  EXPECT_EQ(trouble_of([&] { storage().get_tail(name_, 100); }).trouble(), Trouble::kUnanswered);
  server_.answer_raw(
      "HTTP/1.1 200 OK\r\nETag: \"1\"\r\nTransfer-Encoding: chunked\r\n\r\n"
      "5\r\n12345\r\n0\r\n\r\n");
  EXPECT_EQ(storage().get(name_, 100), base::to_bytes("12345"));
}

TEST_F(S3StorageTest, AnotherRangeThanTheRequestedOneIsNoBlob) {
  const auto read = [&] { storage().get_range(name_, 2, 3); };
  for (const char* range : {"bytes 0-2/10", "bytes 2-4/4", "bytes 2-3/10", "2-4/10", "bytes x"}) {
    server_.answer("206 Partial Content", {"ETag: \"1\"", std::string("Content-Range: ") + range},
                   "abc");
    EXPECT_EQ(trouble_of(read).trouble(), Trouble::kUnanswered) << range;
  }
  server_.answer("200 OK", {"ETag: \"1\""}, "0123456789");
  EXPECT_EQ(trouble_of(read).trouble(), Trouble::kUnanswered);
  server_.answer("206 Partial Content", {"ETag: \"1\"", "Content-Range: bytes 2-4/10"}, "234");
  EXPECT_EQ(storage().get_range(name_, 2, 3), base::to_bytes("234"));
  EXPECT_EQ(server_.requests().back().headers.at("range"), "bytes=2-4");
}

TEST_F(S3StorageTest, TheEndOfABlobIsOneRequest) {
  server_.answer("206 Partial Content", {"ETag: \"1\"", "Content-Range: bytes 7-9/10"}, "789");
  const std::optional<BlobTail> tail = storage().get_tail(name_, 3);
  ASSERT_TRUE(tail);
  EXPECT_EQ(tail->blob_size, 10U);
  EXPECT_EQ(base::to_text(tail->bytes), "789");
  EXPECT_EQ(server_.requests().size(), 1U);
  EXPECT_EQ(server_.requests().front().headers.at("range"), "bytes=-3");
}

TEST_F(S3StorageTest, TheRegionOfTheBucketIsAdopted) {
  refuse("400 Bad Request", "AuthorizationHeaderMalformed", "<Region>eu-west-3</Region>");
  server_.answer("200 OK", {"ETag: \"1\""}, "bytes");
  EXPECT_TRUE(storage().get(name_, 100));
  EXPECT_THAT(server_.requests().back().headers.at("authorization"),
              HasSubstr("/eu-west-3/s3/aws4_request"));
  // A region that is wrong again is not tried for ever.
  refuse("400 Bad Request", "AuthorizationHeaderMalformed", "<Region>eu-west-4</Region>");
  refuse("400 Bad Request", "AuthorizationHeaderMalformed", "<Region>eu-west-5</Region>");
  EXPECT_THAT(trouble_of_reading().what(), HasSubstr("the bucket is in the region eu-west-5"));
}

TEST_F(S3StorageTest, ARedirectionIsNotFollowed) {
  server_.answer("301 Moved Permanently", {"x-amz-bucket-region: eu-north-1"},
                 s3_error("PermanentRedirect"));
  const StorageError error = trouble_of_reading();
  EXPECT_EQ(error.trouble(), Trouble::kRefused);
  EXPECT_THAT(error.what(), HasSubstr("set the url of the bucket's own endpoint"));
}

TEST_F(S3StorageTest, CredentialsAtTheirEndAreLoadedAgain) {
  const std::string counter = (directory_.path() / "runs").string();
  const std::string script =
      "echo x >>" + counter + R"(; echo "{\"Version\": 1, \"AccessKeyId\": \"key$(wc -l <)" +
      counter + R"()\", \"SecretAccessKey\": \"s3\", \"SessionToken\": \"token\"}")";
  config_.credentials = base::S3CredentialsCommand{.command = {"sh", "-c", script}};
  refuse("400 Bad Request", "ExpiredToken");
  server_.answer("200 OK", {"ETag: \"1\""}, "bytes");
  EXPECT_TRUE(storage().get(name_, 100));
  const std::vector<servers::ReceivedRequest> requests = server_.requests();
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_THAT(requests[0].headers.at("authorization"), HasSubstr("Credential=key1/"));
  EXPECT_THAT(requests[1].headers.at("authorization"),
              AllOf(HasSubstr("Credential=key2/"), HasSubstr("x-amz-security-token")));
  EXPECT_EQ(requests[1].headers.at("x-amz-security-token"), "token");
  refuse("400 Bad Request", "ExpiredToken");
  refuse("400 Bad Request", "ExpiredToken");
  EXPECT_EQ(trouble_of_reading().trouble(), Trouble::kRefused);
}

TEST_F(S3StorageTest, AListingGoesThroughItsPages) {
  list_page({"shard-07%2Fpacks%2Fa", "shard-07%2Fpacks%2Fb"}, "to+ken/=");
  list_page({"shard-07%2Fpacks%2Fc%2Fd", "shard-07%2Fpacks%2F.hidden"}, "next");
  list_page({"shard-07%2Fpacks%2Fe"});
  EXPECT_THAT(storage().list("packs"), ElementsAre("a", "b", "e"));
  EXPECT_EQ(request_line(0),
            "GET /mail?encoding-type=url&list-type=2&prefix=shard-07%2Fpacks%2F HTTP/1.1");
  EXPECT_EQ(request_line(1),
            "GET /mail?continuation-token=to%2Bken%2F%3D&encoding-type=url&list-type=2"
            "&prefix=shard-07%2Fpacks%2F HTTP/1.1");
}

TEST_F(S3StorageTest, PagesWithoutProgressAreNotFollowedForEver) {
  constexpr int kPages = 120;
  for (int page = 0; page < kPages; ++page) {
    list_page({page % 2 == 0 ? "shard-07%2Fpacks%2Fa" : "shard-07%2Fpacks%2Fb"},
              "t" + std::to_string(page));
  }
  list_page({});
  EXPECT_THAT(trouble_of([&] { storage().list("packs"); }).what(),
              HasSubstr("its pages do not follow each other"));
  EXPECT_EQ(server_.requests().size(), 102U);
}

TEST_F(S3StorageTest, PagesThatDoNotFollowEachOtherAreNoListing) {
  list_page({"shard-07/packs/a"}, "again");
  list_page({"shard-07/packs/a"}, "again");
  EXPECT_EQ(trouble_of([&] { storage().list("packs"); }).trouble(), Trouble::kUnanswered);
}

TEST_F(S3StorageTest, AListingOfSomethingElseIsNoListing) {
  const auto answer_for = [&](const std::string& prefix) {
    server_.answer("200 OK", {},
                   "<ListBucketResult><Prefix>" + prefix +
                       "</Prefix><EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>"
                       "</ListBucketResult>");
  };
  answer_for("shard-07/commits/");
  EXPECT_EQ(trouble_of([&] { storage().list("packs"); }).trouble(), Trouble::kUnanswered);
  for (const char* prefix : {"shard-07/packs/", "shard-07%2Fpacks%2F"}) {
    answer_for(prefix);
    EXPECT_THAT(storage().list("packs"), IsEmpty()) << prefix;
  }
}

TEST_F(S3StorageTest, WhatIsNotRemovedIsReported) {
  server_.answer("200 OK", {},
                 "<DeleteResult><Deleted><Key>shard-07/packs/a</Key></Deleted>"
                 "<Error><Key>shard-07/packs/b</Key><Code>AccessDenied</Code>"
                 "<Message>locked</Message></Error></DeleteResult>");
  const std::vector<BlobName> names{{"packs", "a"}, {"packs", "b"}};
  const std::vector<NotRemoved> left = storage().remove(names);
  ASSERT_EQ(left.size(), 1U);
  EXPECT_EQ(left.front().name.key(), "b");
  EXPECT_THAT(left.front().why, HasSubstr("AccessDenied (locked)"));
  const servers::ReceivedRequest request = server_.requests().front();
  EXPECT_EQ(request.line, "POST /mail?delete= HTTP/1.1");
  EXPECT_TRUE(request.headers.contains("content-md5"));
  EXPECT_THAT(request.body, HasSubstr("<Object><Key>shard-07/packs/b</Key></Object>"));

  server_.answer("403 Forbidden", {}, s3_error("AccessDenied"));
  EXPECT_EQ(storage().remove(names).size(), 2U);
  // An object that the answer does not mention may still be there.
  server_.answer("200 OK", {},
                 "<DeleteResult><Deleted><Key>shard-07/packs/a</Key></Deleted></DeleteResult>");
  EXPECT_EQ(trouble_of([&] { static_cast<void>(storage().remove(names)); }).trouble(),
            Trouble::kUnanswered);
}

TEST_F(S3StorageTest, ManyBlobsAreRemovedInSeveralRequests) {
  std::vector<BlobName> names;
  std::string first = "<DeleteResult>";
  for (int at = 0; at < 1'001; ++at) {
    names.emplace_back("packs", std::to_string(at));
    if (at < 1'000)
      first += "<Deleted><Key>shard-07/packs/" + std::to_string(at) + "</Key></Deleted>";
  }
  server_.answer("200 OK", {}, first + "</DeleteResult>");
  server_.answer("200 OK", {},
                 "<DeleteResult><Deleted><Key>shard-07/packs/1000</Key></Deleted></DeleteResult>");
  EXPECT_THAT(storage().remove(names), IsEmpty());
  EXPECT_EQ(server_.requests().size(), 2U);
}

TEST_F(S3StorageTest, ANameIsCreatedOnceWhereThatIsProven) {
  EXPECT_ERROR(kInternal, "not proven", storage().create(name_, base::as_bytes("mine")));
  EXPECT_THAT(server_.requests(), IsEmpty());
}

TEST_F(S3StorageTest, AfterALostAnswerEqualBytesAreOurs) {
  storage({.creates_once = true});
  server_.answer("200 OK", {"ETag: \"1\""});
  EXPECT_EQ(storage().create(name_, base::as_bytes("mine")), Created::kYes);
  EXPECT_EQ(server_.requests().front().headers.at("if-none-match"), "*");
  for (const char* bytes : {"mine", "them"}) {
    refuse("412 Precondition Failed", "PreconditionFailed");
    server_.answer("206 Partial Content", {"ETag: \"1\"", "Content-Range: bytes 0-3/4"}, bytes);
    EXPECT_EQ(storage().create(name_, base::as_bytes("mine")),
              bytes == std::string_view("mine") ? Created::kYes : Created::kExists);
  }
}

TEST_F(S3StorageTest, AnUploadIsNotSentAgainIfItArrived) {
  config_.storage_class = "STANDARD_IA";
  const std::string bytes(1'500'000, 'x');  // libcurl asks before it sends so much
  const std::unique_ptr<Upload> upload = storage().upload("packs");
  upload->write(base::as_bytes(bytes));
  server_.answer("500 Internal Error");
  EXPECT_EQ(trouble_of([&] { upload->publish("a"); }).trouble(), Trouble::kUnanswered);
  EXPECT_EQ(server_.requests().front().body, bytes);
  EXPECT_EQ(server_.requests().front().headers.at("x-amz-storage-class"), "STANDARD_IA");
  server_.answer_raw("HTTP/1.1 200 OK\r\nETag: \"1\"\r\nContent-Length: 1500000\r\n\r\n");
  upload->publish("a");
  EXPECT_THAT(request_line(1), StartsWith("HEAD "));
  EXPECT_EQ(server_.requests().size(), 2U);
  EXPECT_TRUE(std::filesystem::is_empty(directory_.path()));
}

TEST_F(S3StorageTest, ConnectionsAreKept) {
  for (int count = 0; count < 5; ++count) {
    server_.answer("200 OK", {"ETag: \"1\""}, "bytes");
    EXPECT_TRUE(storage().get(name_, 100));
  }
  EXPECT_EQ(server_.connections(), 1U);
}

TEST_F(S3StorageTest, AServerThatIsNotThereDoesNotAnswer) {
  config_.url = "http://127.0.0.1:1";
  const StorageError error = trouble_of_reading();
  EXPECT_EQ(error.trouble(), Trouble::kUnanswered);
  EXPECT_THAT(error.what(), AllOf(StartsWith("read s3://mail/shard-07/packs/a: "),
                                  HasSubstr("127.0.0.1:1"), Not(HasSubstr("the-key"))));
}

TEST_F(S3StorageTest, WhatIsWorthRepeatingIsRepeated) {
  const std::shared_ptr<Storage> patient =
      open_s3_storage(config_, directory_.path(), base::real_file_system(), clock_);
  server_.answer("503 Slow Down", {"Retry-After: 7"}, s3_error("SlowDown"));
  server_.answer_and_close("HTTP/1.1 200 OK\r\nETag: \"1\"\r\nContent-Length: 10\r\n\r\n12345");
  server_.answer("200 OK", {"ETag: \"1\""}, "bytes");
  EXPECT_EQ(patient->get(name_, 100), base::to_bytes("bytes"));
  EXPECT_GE(clock_.elapsed, std::chrono::seconds(7));
  EXPECT_EQ(patient->display_name(), "s3://mail/shard-07");
}

}  // namespace
}  // namespace store
