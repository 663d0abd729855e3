#include "store/storage/s3_credentials.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/storage/storage_error.h"
#include "tests/expect_error.h"
#include "tests/standing_clock.h"
#include "tests/temporary_directory.h"

namespace store {
namespace {

using std::chrono::minutes;

TEST(S3CredentialsTest, ACommandPrintsTheFormatOfCredentialProcess) {
  const S3Credentials credentials = parse_s3_credentials(
      R"({"Version": 1, "AccessKeyId": "ASIA1", "SecretAccessKey": "s/+", "SessionToken": "t==",
          "Expiration": "2026-11-29T20:00:00Z"})",
      "the command");
  EXPECT_EQ(credentials.access_key, "ASIA1");
  EXPECT_EQ(credentials.secret.reveal(), "s/+");
  EXPECT_EQ(credentials.session_token.reveal(), "t==");
  EXPECT_EQ(credentials.expires,
            std::chrono::sys_days(std::chrono::year(2026) / 11 / 29) + std::chrono::hours(20));
  const S3Credentials lasting =
      parse_s3_credentials(R"({"AccessKeyId": "A", "SecretAccessKey": "s"})", "the command");
  EXPECT_TRUE(lasting.session_token.empty());
  EXPECT_FALSE(lasting.expires);
}

TEST(S3CredentialsTest, OtherOutputIsRefused) {
  for (const char* text : {"", "[]", "AKIA secret", R"({"AccessKeyId": "A"})",
                           R"({"AccessKeyId": 1, "SecretAccessKey": "s"})"}) {
    EXPECT_ERROR(kConfig, "the command", parse_s3_credentials(text, "the command"));
  }
  EXPECT_ERROR(kConfig, "Expiration",
               parse_s3_credentials(
                   R"({"AccessKeyId": "A", "SecretAccessKey": "s", "Expiration": "soon"})", "x"));
}

// A command that prints what is in a file.
class S3CredentialSourceTest : public testing::Test {
 protected:
  void print(const std::string& key, const std::string& expiration) {
    std::ofstream(file_) << R"({"Version": 1, "AccessKeyId": ")" << key
                         << R"(", "SecretAccessKey": "secret", "Expiration": ")" << expiration
                         << "\"}";
  }

  static base::S3Config config(const base::Path& file) {
    base::S3Config config;
    config.bucket = "mail";
    config.credentials = base::S3CredentialsCommand{.command = {"cat", file.string()}};
    return config;
  }

  std::string key() { return source_.get().access_key; }

  tests::TemporaryDirectory directory_;
  base::Path file_ = directory_.path() / "credentials";
  tests::StandingClock clock_;
  S3CredentialSource source_{config(file_), clock_};
};

TEST_F(S3CredentialSourceTest, CredentialsAreKeptUntilShortlyBeforeTheirEnd) {
  print("first", "1970-01-01T01:00:00Z");
  EXPECT_EQ(key(), "first");
  print("second", "1970-01-01T02:00:00Z");
  clock_.elapsed = minutes(54);
  EXPECT_EQ(key(), "first");
  clock_.elapsed = minutes(55);
  EXPECT_EQ(key(), "second");
}

TEST_F(S3CredentialSourceTest, CredentialsThatStillHoldSurviveAFailureOfTheCommand) {
  print("first", "1970-01-01T01:00:00Z");
  EXPECT_EQ(key(), "first");
  std::filesystem::remove(file_);
  clock_.elapsed = minutes(59);
  EXPECT_EQ(key(), "first");
  print("second", "1970-01-01T02:00:00Z");
  EXPECT_EQ(key(), "first") << "the command is not run for every request";
  clock_.elapsed += std::chrono::seconds(30);
  EXPECT_EQ(key(), "second");
}

TEST_F(S3CredentialSourceTest, WithoutCredentialsTheStorageCantBeUsed) {
  try {
    source_.get();
    ADD_FAILURE() << "it went well";
  } catch (const StorageError& error) {
    EXPECT_EQ(error.trouble(), Trouble::kRefused);
    EXPECT_THAT(error.what(), testing::HasSubstr("open s3://mail: no credentials: "));
  }
}

TEST_F(S3CredentialSourceTest, RefusedCredentialsAreRenewedIfThereAreOthers) {
  print("first", "1970-01-01T01:00:00Z");
  const S3Credentials first = source_.get();
  EXPECT_FALSE(source_.renew(first));
  print("second", "1970-01-01T01:00:00Z");
  EXPECT_TRUE(source_.renew(first));
  EXPECT_EQ(key(), "second");
  // Another thread was refused with the first ones at the same time.
  std::filesystem::remove(file_);
  EXPECT_TRUE(source_.renew(first));
}

}  // namespace
}  // namespace store
