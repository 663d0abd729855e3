// A store in a bucket, as the configuration describes it.
#include "base/config/s3_config.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/config/config.h"
#include "base/config/store_privacy.h"
#include "tests/expect_error.h"
#include "tests/text_of.h"

namespace base {
namespace {

using nlohmann::json;

json least_bucket() {
  return {{"url", "https://s3.example.org"},
          {"bucket", "mail"},
          {"access_key", "AK"},
          {"secret_key_file", "/etc/secret"}};
}

json least_bucket_store() {
  return {{"s3", least_bucket()}, {"index", "/var/index"}, {"key_file", "/etc/key"}};
}

StoreConfig parse_bucket_store(const json& store) {
  const json document = {{"store", store}, {"servers", {{"main", {{"url", "imaps://h"}}}}}};
  return parse_config(document.dump(), "test.json").store;
}

// With these keys in store.s3; null removes one.
StoreConfig parse_bucket(const json& changes = json::object()) {
  json store = least_bucket_store();
  store["s3"].merge_patch(changes);
  return parse_bucket_store(store);
}

TEST(S3ConfigTest, IsReadWithItsDefaults) {
  const StoreConfig store = parse_bucket();
  ASSERT_TRUE(store.s3.has_value());
  EXPECT_TRUE(store.path.empty());
  EXPECT_EQ(store.index, "/var/index");
  EXPECT_EQ(store.spool, "/var/index/spool");
  EXPECT_EQ(store.cache, 256'000'000U);
  EXPECT_EQ(store.audit_log, "/var/index/audit.log");
  EXPECT_EQ(store.s3->url, "https://s3.example.org");
  EXPECT_EQ(store.s3->bucket, "mail");
  EXPECT_EQ(store.s3->prefix, "");
  EXPECT_EQ(store.s3->region, "");
  EXPECT_EQ(store.s3->names, S3Names::kPath);
  EXPECT_TRUE(store.s3->ca_file.empty());
  EXPECT_EQ(store.s3->storage_class, "");
  EXPECT_FALSE(store.s3->lock_for.has_value());
  EXPECT_EQ(store.s3->connections, 4U);
  const auto& key = std::get<S3AccessKey>(store.s3->credentials);
  EXPECT_EQ(key.id, "AK");
  EXPECT_EQ(key.secret.password_file, "/etc/secret");
  EXPECT_EQ(store.display_name(), "s3://mail");
}

TEST(S3ConfigTest, ValuesReplaceDefaults) {
  json bucket = least_bucket_store();
  bucket["spool"] = "/var/spool/mail";
  bucket["cache_mb"] = 2'000;
  bucket["s3"].update({{"url", "http://10.0.0.7:8080/"},
                       {"prefix", "shards/07/"},
                       {"region", "eu-central-1"},
                       {"names", "host"},
                       {"ca_file", "/etc/ca.pem"},
                       {"storage_class", "STANDARD_IA"},
                       {"lock_for", "5w"},
                       {"connections", 8}});
  const StoreConfig store = parse_bucket_store(bucket);
  EXPECT_EQ(store.spool, "/var/spool/mail");
  EXPECT_EQ(store.cache, 2'000'000'000U);
  EXPECT_EQ(store.s3->url, "http://10.0.0.7:8080");
  EXPECT_EQ(store.s3->prefix, "shards/07");
  EXPECT_EQ(store.s3->region, "eu-central-1");
  EXPECT_EQ(store.s3->names, S3Names::kHost);
  EXPECT_EQ(store.s3->ca_file, "/etc/ca.pem");
  EXPECT_EQ(store.s3->storage_class, "STANDARD_IA");
  EXPECT_EQ(store.s3->lock_for, std::chrono::days(35));
  EXPECT_EQ(store.s3->connections, 8U);
  EXPECT_EQ(store.display_name(), "s3://mail/shards/07");
}

TEST(S3ConfigTest, KnowsEverySourceOfCredentials) {
  const auto secret = [](const json& source) {
    json changes = source;
    changes["secret_key_file"] = nullptr;
    return std::get<S3AccessKey>(parse_bucket(changes).s3->credentials).secret;
  };
  EXPECT_EQ(secret({{"secret_key_command", json::array({"pass", "s3"})}}).password_command,
            (std::vector<std::string>{"pass", "s3"}));
  EXPECT_EQ(secret({{"credential", "s3"}}).credential, "s3");
  const StoreConfig store = parse_bucket({{"access_key", nullptr},
                                          {"secret_key_file", nullptr},
                                          {"credentials_command", json::array({"get"})}});
  EXPECT_EQ(std::get<S3CredentialsCommand>(store.s3->credentials).command,
            std::vector<std::string>{"get"});
}

TEST(S3ConfigTest, RejectsContradictoryCredentials) {
  EXPECT_ERROR(kConfig, "/store/s3: no credentials: give access_key",
               parse_bucket({{"access_key", nullptr}}));
  EXPECT_ERROR(kConfig, "/store/s3: give exactly one of secret_key_file",
               parse_bucket({{"secret_key_file", nullptr}}));
  EXPECT_ERROR(kConfig, "/store/s3: give exactly one of secret_key_file",
               parse_bucket({{"credential", "c"}}));
  EXPECT_ERROR(kConfig, "credentials_command prints the access key",
               parse_bucket({{"credentials_command", json::array({"get"})}}));
}

TEST(S3ConfigTest, AStoreIsInADirectoryOrInABucket) {
  json store = least_bucket_store();
  store["path"] = "/var/store";
  EXPECT_ERROR(kConfig, "/store: a store is in a directory or in a bucket",
               parse_bucket_store(store));
  EXPECT_ERROR(kConfig, "/store: give path",
               parse_bucket_store({{"index", "/i"}, {"key_file", "/k"}}));
  EXPECT_ERROR(kConfig, "/store/spool: only a store in a bucket has one",
               parse_bucket_store({{"path", "/s"}, {"key_file", "/k"}, {"spool", "/spool"}}));
  EXPECT_ERROR(kConfig, "/store/cache_mb: only a store in a bucket has a cache",
               parse_bucket_store({{"path", "/s"}, {"key_file", "/k"}, {"cache_mb", 1}}));
  store = least_bucket_store();
  store.erase("index");
  EXPECT_ERROR(kConfig, "/store/index: it is missing", parse_bucket_store(store));
}

TEST(S3ConfigTest, ACopyHasABucketOfItsOwn) {
  const auto parse_with_copy = [](const json& changes) {
    json document = {{"store", least_bucket_store()},
                     {"servers", {{"main", {{"url", "imaps://h"}}}}},
                     {"copies", json::array({{{"name", "other"}, {"s3", least_bucket()}}})}};
    document["store"]["spool"] = "/var/spool/mail";
    document["copies"][0].merge_patch(changes);
    return parse_config(document.dump(), "test.json").copies.at(0);
  };
  const CopyConfig copy = parse_with_copy({{"s3", {{"prefix", "copy"}}}});
  EXPECT_EQ(copy.display_name(), "s3://mail/copy");
  EXPECT_EQ(copy.spool, "/var/spool/mail");
  EXPECT_EQ(parse_with_copy({{"s3", {{"url", "https://other.example.org"}}}}).display_name(),
            "s3://mail");
  EXPECT_ERROR(kConfig, "/copies/0/s3: s3://mail is the store itself",
               parse_with_copy(json::object()));
  EXPECT_EQ(parse_with_copy({{"s3", nullptr}, {"path", "/mnt/nas"}}).path, "/mnt/nas");
}

TEST(S3ConfigTest, AWrongValueIsNamedByItsPosition) {
  const std::vector<std::pair<std::string, json>> wrong = {{"url", "s3.example.org"},
                                                           {"url", "https://h/bucket"},
                                                           {"url", "https://user@h"},
                                                           {"bucket", "a/b"},
                                                           {"bucket", "..a"},
                                                           {"prefix", "/shard"},
                                                           {"prefix", "a//b"},
                                                           {"prefix", "../a"},
                                                           {"prefix", "a b"},
                                                           {"region", "eu/1"},
                                                           {"names", "both"},
                                                           {"ca_file", "ca.pem"},
                                                           {"access_key", "a b"},
                                                           {"storage_class", "standard"},
                                                           {"lock_for", "35 days"},
                                                           {"connections", 0},
                                                           {"secret_key_file", "relative"}};
  for (const auto& [key, value] : wrong) {
    SCOPED_TRACE(key + ": " + value.dump());
    EXPECT_ERROR(kConfig, "/store/s3/" + key, parse_bucket({{key, value}}));
  }
  EXPECT_ERROR(kConfig, "/store/s3/bucketname: unknown key", parse_bucket({{"bucketname", "a"}}));
}

TEST(S3ConfigTest, ALockLastsWholeDays) {
  EXPECT_EQ(parse_bucket({{"lock_for", "48h"}}).s3->lock_for, std::chrono::days(2));
  EXPECT_ERROR(kConfig, "/store/s3/lock_for: \"36h\": write whole days",
               parse_bucket({{"lock_for", "36h"}}));
  EXPECT_ERROR(kConfig, "write whole days", parse_bucket({{"lock_for", "0d"}}));
  EXPECT_EQ(parse_bucket({{"lock_for", "2d"}}).s3->lock_mode, S3LockMode::kCompliance);
  EXPECT_EQ(parse_bucket({{"lock_for", "2d"}, {"lock_mode", "governance"}}).s3->lock_mode,
            S3LockMode::kGovernance);
  const json locking = {{"store", least_bucket_store()},
                        {"servers", {{"main", {{"url", "imaps://h"}}}}}};
  json document = locking;
  document["store"]["s3"]["lock_for"] = "2d";
  EXPECT_EQ(parse_config(locking.dump(), "test.json").schedule.extend_locks, "never");
  EXPECT_EQ(parse_config(document.dump(), "test.json").schedule.extend_locks, "daily 06:00");
  json with_copy = locking;
  with_copy["copies"] = {{{"name", "cloud"}, {"s3", least_bucket()}}};
  with_copy["copies"][0]["s3"]["bucket"] = "copy";
  with_copy["copies"][0]["s3"]["lock_for"] = "9d";
  const Config copied = parse_config(with_copy.dump(), "test.json");
  EXPECT_EQ(copied.schedule.extend_locks, "daily 06:00");
  EXPECT_EQ(shortest_lock(copied.store, copied.copies), std::chrono::days(9));
  EXPECT_ERROR(kConfig, "/store/s3/lock_mode: it needs lock_for",
               parse_bucket({{"lock_mode", "compliance"}}));
}

TEST(S3ConfigTest, ABucketThatIsAPartOfAHostNameFitsInOne) {
  EXPECT_EQ(parse_bucket({{"bucket", "Mail_1"}}).s3->bucket, "Mail_1");
  EXPECT_ERROR(kConfig, "/store/s3/bucket: \"Mail_1\" can't be a part of a host name",
               parse_bucket({{"bucket", "Mail_1"}, {"names", "host"}}));
}

TEST(S3ConfigTest, TheDocumentedStoreIsAccepted) {
  const std::string page =
      tests::text_of(Path(MAILSTOW_SOURCE_DIRECTORY) / "docs" / "object-storage.md");
  const std::string_view fence = "```jsonc\n";
  const std::size_t begin = page.find(fence);
  ASSERT_NE(begin, std::string::npos);
  const std::size_t end = page.find("```", begin + fence.size());
  const std::string text = "{" + page.substr(begin + fence.size(), end - begin - fence.size()) +
                           R"(, "servers": { "main": { "url": "imaps://h" } } })";
  EXPECT_EQ(parse_config(text, "t").store.display_name(), "s3://mail-backup/example.org");
}

TEST(S3ConfigTest, NoFileLiesInABucket) {
  StoreConfig store = parse_bucket();
  store.key_file = std::filesystem::current_path() / "key";
  EXPECT_TRUE(misplaced(store, {}, private_paths(store)).empty());
  EXPECT_NO_THROW(refuse_in_store_or_copy(store, {}, store.key_file, "export"));
}

}  // namespace
}  // namespace base
