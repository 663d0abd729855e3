// The facts that a scripted bucket tells about itself, and the difference between two clocks.
#include "store/storage/s3_facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/maintenance/bucket_report.h"
#include "store/storage/patient_storage.h"
#include "tests/store/storage/s3_fixture.h"

namespace store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

constexpr auto kNoRules = "NoSuchLifecycleConfiguration";
constexpr auto kNoLock = "ObjectLockConfigurationNotFoundError";

class S3FactsTest : public S3Fixture {
 protected:
  void tell(const std::string& document) { server_.answer("200 OK", {}, document); }
  void refuse(const std::string& status, const std::string& code) {
    server_.answer(status, {}, s3_error(code));
  }
  void tell_of_rules(const std::string& rules) {
    tell("<VersioningConfiguration/>");
    tell("<LifecycleConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">" + rules +
         "</LifecycleConfiguration>");
    refuse("404 Not Found", kNoLock);
  }
  BucketReport report() { return examine_bucket(config_, storage()); }
};

TEST_F(S3FactsTest, OnlyAsksAndChangesNothing) {
  tell("<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>");
  refuse("404 Not Found", kNoRules);
  refuse("404 Not Found", kNoLock);
  const BucketFacts facts = storage().bucket_facts().value();
  EXPECT_EQ(BucketVersions::kKept, facts.versions);
  EXPECT_EQ("eu-north-1", facts.region);
  EXPECT_THAT(facts.rules.value(), IsEmpty());
  EXPECT_EQ("", facts.default_retention);
  std::vector<std::string> lines;
  for (const auto& request : server_.requests()) lines.push_back(request.line);
  EXPECT_THAT(lines, ElementsAre("GET /mail?versioning= HTTP/1.1", "GET /mail?lifecycle= HTTP/1.1",
                                 "GET /mail?object-lock= HTTP/1.1"));
}

// As Swift does with what it does not know.
TEST_F(S3FactsTest, AListingAndARefusalTellNothing) {
  for (int count = 0; count < 2; ++count) {
    tell("<ListBucketResult><Contents><Key>x</Key></Contents></ListBucketResult>");
  }
  refuse("403 Forbidden", "AccessDenied");
  const BucketFacts facts = storage().bucket_facts().value();
  EXPECT_EQ(BucketVersions::kUnknown, facts.versions);
  EXPECT_FALSE(facts.rules);
  EXPECT_FALSE(facts.default_retention);
  refuse("501 Not Implemented", "NotImplemented");
  refuse("503 Slow Down", "SlowDown");
  refuse("403 Forbidden", "AccessDenied");
  const BucketReport report = this->report();
  EXPECT_EQ("", report.failure);
  EXPECT_THAT(report.threats, IsEmpty());
  EXPECT_EQ("; region eu-north-1; whether lifecycle rules delete objects is unknown",
            report.details);
}

TEST_F(S3FactsTest, RulesThatChangeTheStoreAreThreats) {
  tell_of_rules(
      "<Rule><ID>tidy</ID><Filter><Prefix>shard</Prefix></Filter><Status>Enabled</Status>"
      "<Expiration><Days>30</Days></Expiration></Rule>"
      "<Rule><ID>cold</ID><Filter><And><Prefix>shard-07/packs/</Prefix></And></Filter>"
      "<Status>Enabled</Status><Transition><Days>1</Days><StorageClass>DEEP_ARCHIVE</StorageClass>"
      "</Transition></Rule>"
      "<Rule><Prefix></Prefix><Status>Enabled</Status>"
      "<Expiration><Date>2030-01-01T00:00:00Z</Date></Expiration></Rule>");
  const BucketReport report = this->report();
  ASSERT_EQ(3U, report.threats.size());
  EXPECT_EQ(
      "a lifecycle rule of the bucket (tidy) deletes objects whose names begin with "
      "\"shard\"",
      report.threats[0].what);
  EXPECT_THAT(report.threats[1].what, HasSubstr("(cold) moves into an archive class"));
  EXPECT_THAT(report.threats[2].what, HasSubstr("(without a name) deletes"));
}

TEST_F(S3FactsTest, OtherRulesAreNone) {
  tell_of_rules(
      "<Rule><Prefix></Prefix><Status>Disabled</Status><Expiration><Days>1</Days></Expiration>"
      "</Rule>"
      "<Rule><Prefix>shard-08/</Prefix><Status>Enabled</Status><Expiration><Days>1</Days>"
      "</Expiration></Rule>"
      "<Rule><Prefix></Prefix><Status>Enabled</Status><Expiration>"
      "<ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>"
      "<NoncurrentVersionExpiration><NoncurrentDays>30</NoncurrentDays>"
      "</NoncurrentVersionExpiration></Rule>"
      "<Rule><Prefix></Prefix><Status>Enabled</Status><Transition><Days>1</Days>"
      "<StorageClass>STANDARD_IA</StorageClass></Transition></Rule>");
  EXPECT_THAT(report().threats, IsEmpty());
}

TEST_F(S3FactsTest, ADefaultRetentionIsAThreat) {
  tell("<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>");
  refuse("404 Not Found", kNoRules);
  tell(
      "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule>"
      "<DefaultRetention><Mode>COMPLIANCE</Mode><Days>30</Days></DefaultRetention></Rule>"
      "</ObjectLockConfiguration>");
  const BucketReport report = this->report();
  ASSERT_EQ(1U, report.threats.size());
  EXPECT_THAT(report.threats[0].what, HasSubstr("(COMPLIANCE, 30 days)"));
  EXPECT_THAT(report.details, HasSubstr("versions are kept"));
}

TEST_F(S3FactsTest, AMissingBucketAndAWrongKeyAreFailures) {
  refuse("404 Not Found", "NoSuchBucket");
  EXPECT_THAT(report().failure, HasSubstr("the bucket is missing"));
  refuse("403 Forbidden", "SignatureDoesNotMatch");
  EXPECT_THAT(report().failure, HasSubstr("check the access key and its secret"));
}

TEST_F(S3FactsTest, AnEndpointThatCantBeReachedIsReportedAtOnce) {
  config_.url = "http://127.0.0.1:1";
  PatientStorage patient(storage(), clock_, std::chrono::minutes(5), 1);
  const BucketReport report = examine_bucket(config_, patient);
  EXPECT_THAT(report.failure, HasSubstr("http://127.0.0.1"));
  EXPECT_THAT(report.remedy, StartsWith("check the network"));
  EXPECT_EQ(std::chrono::milliseconds(0), clock_.elapsed) << "it was tried again";
}

TEST_F(S3FactsTest, RequestsAndBytesAreCounted) {
  server_.answer("200 OK", {"ETag: \"1\""});
  storage().put(name_, base::as_bytes("some bytes"));
  server_.answer("200 OK", {"ETag: \"1\""}, "four");
  EXPECT_TRUE(storage().get(name_, 100));
  const StorageTraffic traffic = storage().traffic().value();
  EXPECT_EQ(2U, traffic.requests);
  EXPECT_EQ(10U, traffic.sent_bytes);
  EXPECT_EQ(4U, traffic.received_bytes);
}

TEST_F(S3FactsTest, TheClocksAreComparedByEachAnswer) {
  EXPECT_FALSE(storage().clock_lead());
  const auto read_at = [&](const std::string& date) {
    server_.answer("404 Not Found", {"Date: Thu, 01 Jan 1970 " + date + " GMT"},
                   s3_error("NoSuchKey"));
    EXPECT_FALSE(storage().get(name_, 100));
    return storage().clock_lead();
  };
  EXPECT_EQ(std::chrono::seconds(0), read_at("00:00:00"));
  EXPECT_EQ(std::chrono::seconds(-300), read_at("00:05:00"));
  EXPECT_EQ("", clock_difference(storage()));
  EXPECT_EQ(std::chrono::seconds(-3'661), read_at("01:01:01"));
  EXPECT_EQ("this machine's clock is 61m behind that of s3://mail/shard-07",
            clock_difference(storage()));
  server_.answer("404 Not Found", {}, s3_error("NoSuchKey"));
  EXPECT_FALSE(storage().get(name_, 100));
  EXPECT_EQ(std::chrono::seconds(-3'661), storage().clock_lead()) << "the newest that is known";
}

}  // namespace
}  // namespace store
