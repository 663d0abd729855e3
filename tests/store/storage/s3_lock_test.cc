// The proof that object lock holds, against answers that a real storage won't
// give on command.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/storage/s3_lock_probe.h"
#include "tests/store/storage/s3_fixture.h"

namespace store {
namespace {

using testing::Each;
using testing::HasSubstr;
using testing::Not;

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

}  // namespace
}  // namespace store
