// The proof that object lock holds, and what is locked, against answers that a real storage won't
// give on command.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/maintenance/bucket_report.h"
#include "store/storage/s3_lock_probe.h"
#include "tests/expect_error.h"
#include "tests/store/storage/s3_fixture.h"

namespace store {
namespace {

using testing::Each;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr auto kScratch = "A locked object of mailstow's probe.";
constexpr auto kScratchPath = "/mail/shard-07/probe/0000000000000001.lock";

class S3LockTest : public S3Fixture {
 protected:
  void written() { server_.answer("200 OK", {"ETag: \"1\""}); }
  void done() { server_.answer("200 OK"); }
  void removed() { server_.answer("204 No Content"); }
  void refused() { server_.answer("403 Forbidden", {}, s3_error("AccessDenied")); }
  void shows_no_lock() { server_.answer("200 OK", {"ETag: \"1\""}); }
  void shows_lock(const std::string& until, const std::string& mode = "COMPLIANCE") {
    server_.answer("200 OK",
                   {"ETag: \"1\"", "x-amz-version-id: v1", "x-amz-object-lock-mode: " + mode,
                    "x-amz-object-lock-retain-until-date: " + until});
  }
  void reads(const std::string& bytes) { server_.answer("200 OK", {"ETag: \"1\""}, bytes); }

  // The object is locked for an hour, then for two.
  void locks(const std::string& mode = "COMPLIANCE") {
    written();
    shows_lock("1970-01-01T01:00:00.000Z", mode);
    done();
    reads(kScratch);
    shows_lock("1970-01-01T02:00:00.000Z", mode);
  }

  void refuses_to_shorten() {
    for (int attempt = 0; attempt < 6; ++attempt) refused();
    shows_lock("1970-01-01T02:00:00.000000000Z");
  }

  void refuses_to_delete() {
    written();
    for (int attempt = 0; attempt < 4; ++attempt) refused();
    reads(kScratch);
  }

  void proves_locks() {
    locks();
    refuses_to_shorten();
    refuses_to_delete();
    removed();
  }

  LockProof prove() { return prove_locks(config_, clock_, 1); }

  std::vector<std::string> lines() {
    std::vector<std::string> lines;
    for (const servers::ReceivedRequest& request : server_.requests()) {
      lines.push_back(request.line);
    }
    return lines;
  }
};

TEST_F(S3LockTest, TheProofTouchesOnlyAnObjectOfItsOwn) {
  proves_locks();
  const LockProof proof = prove();
  EXPECT_TRUE(proof.holds()) << proof.why;
  EXPECT_EQ("", proof.why);
  EXPECT_EQ(0U, server_.answers_left());
  for (const servers::ReceivedRequest& request : server_.requests()) {
    if (request.line == "POST /mail?delete= HTTP/1.1") {
      EXPECT_THAT(request.body, HasSubstr("<Object><Key>shard-07/probe/0000000000000001.lock</Key>"
                                          "<VersionId>v1</VersionId></Object></Delete>"));
    } else {
      EXPECT_THAT(request.line, HasSubstr(std::string(" ") + kScratchPath));
    }
  }
  const servers::ReceivedRequest first = server_.requests().front();
  EXPECT_EQ(first.headers.at("x-amz-object-lock-mode"), "COMPLIANCE");
  EXPECT_EQ(first.headers.at("x-amz-object-lock-retain-until-date"), "1970-01-01T01:00:00Z");
  EXPECT_TRUE(first.headers.contains("content-md5"));
  const servers::ReceivedRequest extension = server_.requests().at(2);
  EXPECT_EQ(extension.line,
            std::string("PUT ") + kScratchPath + "?retention=&versionId=v1 HTTP/1.1");
  EXPECT_THAT(extension.body, HasSubstr("<Mode>COMPLIANCE</Mode>"
                                        "<RetainUntilDate>1970-01-01T02:00:00Z</RetainUntilDate>"));
}

// As Swift does.
TEST_F(S3LockTest, NoLockIsExtendedWhereNoLockIsShown) {
  written();
  shows_no_lock();
  removed();
  const LockProof proof = prove();
  EXPECT_FALSE(proof.works);
  EXPECT_THAT(proof.why, HasSubstr("does not show it"));
  EXPECT_THAT(lines(), Each(Not(HasSubstr("retention"))));
  EXPECT_EQ(3U, lines().size());
}

TEST_F(S3LockTest, AnExtensionThatReplacesTheObjectIsSeen) {
  written();
  shows_lock("1970-01-01T01:00:00Z");
  done();
  reads("<Retention><Mode>COMPLIANCE</Mode></Retention>");
  removed();
  const LockProof proof = prove();
  EXPECT_FALSE(proof.works);
  EXPECT_THAT(proof.why, HasSubstr("for a new content of the object"));
}

TEST_F(S3LockTest, AnExtensionWithoutEffectIsSeen) {
  written();
  shows_lock("1970-01-01T01:00:00Z");
  done();
  reads(kScratch);
  shows_lock("1970-01-01T01:00:00Z");
  removed();
  EXPECT_FALSE(prove().works);
}

TEST_F(S3LockTest, ABucketWithoutLocksIsNamed) {
  server_.answer("400 Bad Request", {}, s3_error("InvalidRequest"));
  server_.answer("404 Not Found", {}, s3_error("NoSuchKey"));
  const LockProof proof = prove();
  EXPECT_FALSE(proof.works);
  EXPECT_THAT(proof.why, HasSubstr("it takes no locked object: 400 InvalidRequest"));
  EXPECT_THAT(proof.why, HasSubstr("make a bucket with object lock"));
}

TEST_F(S3LockTest, WhatHappensToTheLockedVersionDecides) {
  locks();
  for (int attempt = 0; attempt < 6; ++attempt) refused();
  shows_lock("1970-01-01T01:00:00Z");  // although all was refused
  written();
  for (int attempt = 0; attempt < 4; ++attempt) refused();
  server_.answer("404 Not Found", {}, s3_error("NoSuchVersion"));
  removed();
  const LockProof proof = prove();
  EXPECT_TRUE(proof.works);
  EXPECT_TRUE(proof.can_shorten);
  EXPECT_TRUE(proof.can_delete);
  EXPECT_EQ("these credentials can shorten a lock and delete a locked version", proof.why);
}

TEST_F(S3LockTest, GovernanceHoldsOnlyAgainstCredentialsThatCanNotGetAroundIt) {
  config_.lock_mode = base::S3LockMode::kGovernance;
  locks("GOVERNANCE");
  for (int attempt = 0; attempt < 4; ++attempt) refused();
  shows_lock("1970-01-01T02:00:00Z", "GOVERNANCE");
  written();
  for (int attempt = 0; attempt < 3; ++attempt) refused();
  done();  // the last one has the header that gets around it
  server_.answer("404 Not Found", {}, s3_error("NoSuchKey"));
  removed();
  const LockProof proof = prove();
  EXPECT_TRUE(proof.works);
  EXPECT_FALSE(proof.can_shorten);
  EXPECT_TRUE(proof.can_delete);
  EXPECT_EQ(server_.requests().front().headers.at("x-amz-object-lock-mode"), "GOVERNANCE");
  EXPECT_EQ(server_.requests().at(13).headers.at("x-amz-bypass-governance-retention"), "true");
}

TEST_F(S3LockTest, TheProofOutlastsAMomentOfTrouble) {
  server_.answer("503 Slow Down", {}, s3_error("SlowDown"));
  proves_locks();
  EXPECT_TRUE(prove().holds());
}

TEST_F(S3LockTest, TheProofIsShownToTheAdministrator) {
  config_.lock_for = std::chrono::days(35);
  proves_locks();
  const LockReport sound = examine_locks(config_, clock_);
  EXPECT_EQ("", sound.failure);
  EXPECT_EQ(
      "locks hold for 35 days: these credentials could neither shorten one nor delete a locked "
      "version",
      sound.proof);
  written();
  shows_no_lock();
  removed();
  const LockReport ignored = examine_locks(config_, clock_);
  EXPECT_THAT(ignored.failure, HasSubstr("does not show it"));
  EXPECT_THAT(ignored.remedy, HasSubstr("remove lock_for"));
  config_.lock_mode = base::S3LockMode::kGovernance;
  locks("GOVERNANCE");
  for (int attempt = 0; attempt < 4; ++attempt) done();
  shows_lock("1970-01-01T01:00:00Z", "GOVERNANCE");
  refuses_to_delete();
  removed();
  const LockReport bypassed = examine_locks(config_, clock_);
  EXPECT_THAT(bypassed.failure, HasSubstr("these credentials can shorten a lock"));
  EXPECT_THAT(bypassed.remedy, HasSubstr("s3:BypassGovernanceRetention"));
  const LockReport unreachable = examine_locks(config_, clock_);
  EXPECT_NE("", unreachable.failure);
  EXPECT_THAT(unreachable.remedy, StartsWith("check the network"));
}

TEST_F(S3LockTest, WhatTheStoreNeedsForEverIsLocked) {
  config_.lock_for = std::chrono::days(35);
  proves_locks();
  const std::size_t probe = server_.answers_left();
  for (int count = 0; count < 5; ++count) written();
  for (const char* area : {"packs", "commits", "keys", "owner", "trees"}) {
    storage().put({area, "a"}, base::as_bytes("x"));
  }
  const std::vector<servers::ReceivedRequest> requests = server_.requests();
  ASSERT_EQ(probe + 5, requests.size());
  for (std::size_t at = probe; at < probe + 3; ++at) {
    EXPECT_EQ(requests[at].headers.at("x-amz-object-lock-mode"), "COMPLIANCE");
    EXPECT_EQ(requests[at].headers.at("x-amz-object-lock-retain-until-date"),
              "1970-02-05T00:00:00Z");
    EXPECT_TRUE(requests[at].headers.contains("content-md5"));
  }
  for (std::size_t at = probe + 3; at < probe + 5; ++at) {
    EXPECT_FALSE(requests[at].headers.contains("x-amz-object-lock-mode")) << requests[at].line;
  }
}

TEST_F(S3LockTest, NothingIsWrittenWithoutTheProof) {
  config_.lock_for = std::chrono::days(35);
  written();
  shows_no_lock();
  removed();
  EXPECT_ERROR(kConfig, "object lock does not hold there: an object that was written with a lock",
               storage().upload("packs"));
  EXPECT_ERROR(kConfig, "remove lock_for", storage().put({"keys", "a"}, base::as_bytes("x")));
  EXPECT_ERROR(kConfig, "object lock", storage().extend_lock({.name = name_, .id = "v1"}));
  EXPECT_EQ(3U, lines().size());
  EXPECT_THAT(lines(), Each(HasSubstr("/mail/shard-07/probe/")));
}

TEST_F(S3LockTest, ALockIsExtendedInTheSecondHalfOfItsTime) {
  config_.lock_for = std::chrono::days(10);
  proves_locks();
  shows_lock("1970-01-06T00:00:01Z");
  const BlobVersion blob{.name = name_, .id = "v7"};
  EXPECT_EQ(LockExtension::Outcome::kLastsLongEnough, storage().extend_lock(blob).outcome);
  EXPECT_EQ("HEAD /mail/shard-07/packs/a?versionId=v7 HTTP/1.1", lines().back());
  shows_lock("1970-01-06T00:00:00Z");
  done();
  EXPECT_EQ(LockExtension::Outcome::kExtended, storage().extend_lock(blob).outcome);
  EXPECT_EQ("PUT /mail/shard-07/packs/a?retention=&versionId=v7 HTTP/1.1", lines().back());
  EXPECT_THAT(server_.requests().back().body,
              HasSubstr("<Mode>COMPLIANCE</Mode>"
                        "<RetainUntilDate>1970-01-11T00:00:00Z</RetainUntilDate>"));
  shows_no_lock();  // written before lock_for was set
  done();
  EXPECT_EQ(LockExtension::Outcome::kExtended, storage().extend_lock(blob).outcome);
  shows_no_lock();
  refused();
  const LockExtension denied = storage().extend_lock(blob);
  EXPECT_EQ(LockExtension::Outcome::kRefused, denied.outcome);
  EXPECT_THAT(denied.why, StartsWith("extend the lock of s3://mail/shard-07/packs/a: "));
}

TEST_F(S3LockTest, TheFirstVersionIsFoundBelowWhatCameLater) {
  const auto version = [](const std::string& key, const std::string& id, const std::string& etag,
                          bool is_newest) {
    return "<Version><Key>shard-07/packs/" + key + "</Key><VersionId>" + id +
           "</VersionId><IsLatest>" + (is_newest ? "true" : "false") + "</IsLatest><ETag>" + etag +
           "</ETag></Version>";
  };
  const std::string marker =
      "<DeleteMarker><Key>shard-07/packs/b</Key><VersionId>b3</VersionId>"
      "<IsLatest>true</IsLatest></DeleteMarker>";
  server_.answer("200 OK", {},
                 "<ListVersionsResult><IsTruncated>true</IsTruncated>"
                 "<NextKeyMarker>shard-07/packs/b</NextKeyMarker>"
                 "<NextVersionIdMarker>b2</NextVersionIdMarker>" +
                     version("a", "a1", "1", true) + marker + version("b", "b2", "2", false) +
                     "</ListVersionsResult>");
  server_.answer("200 OK", {},
                 "<ListVersionsResult><IsTruncated>false</IsTruncated>" +
                     version("b", "b1", "1", false) + version("c", "c2", "2", true) +
                     version("c", "c1", "1", false) + "</ListVersionsResult>");
  const std::vector<BlobVersion> versions = storage().first_versions("packs");
  EXPECT_EQ(
      "GET /mail?encoding-type=url&key-marker=shard-07%2Fpacks%2Fb&"
      "prefix=shard-07%2Fpacks%2F&version-id-marker=b2&versions= HTTP/1.1",
      lines().back());
  ASSERT_EQ(3U, versions.size());
  EXPECT_EQ("a1", versions[0].id);
  EXPECT_FALSE(versions[0].is_removed || versions[0].is_replaced);
  EXPECT_EQ("b1", versions[1].id);
  EXPECT_TRUE(versions[1].is_removed);
  EXPECT_EQ("c1", versions[2].id);
  EXPECT_TRUE(versions[2].is_replaced);
}

}  // namespace
}  // namespace store
