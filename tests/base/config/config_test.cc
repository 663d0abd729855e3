#include "base/config/config.h"

#include "tests/expect_error.h"

namespace base {
namespace {

// A valid configuration with `more` inserted at its end.
Config parse_with(const std::string& more) {
  return parse_config(R"({
    // comments are allowed
    "store": { "path": "/var/store/", "key_file": "/etc/key" },
    "servers": { "main": { "url": "imaps://mail.example.org",
                           "admin": { "user": "backup", "password_file": "/etc/password" } },
                 "plain": { "url": "imap://localhost:143", "tls": "none", "quota": "cyrus",
                            "connections": 9 } },
    "accounts": [ { "name": "alice", "server": "main" },
                  { "name": "bob", "server": "plain", "user": "bob@example.org",
                    "password_command": ["pass", "bob"] } ])" +
                          more + "}",
                      "test.json");
}

TEST(ConfigTest, IsReadWithItsDefaults) {
  const Config config = parse_with("");
  EXPECT_EQ(config.store.path, "/var/store");
  EXPECT_EQ(config.store.index, "/var/store.index");
  EXPECT_FALSE(config.store.has_own_index);
  EXPECT_EQ(config.servers.at("main").tls, TlsMode::kRequired);
  EXPECT_EQ(config.store.max_message, 4'000'000'000U);
  EXPECT_EQ(config.servers.at("main").admin->user, "backup");
  EXPECT_EQ(config.servers.at("plain").tls, TlsMode::kNone);
  EXPECT_EQ(config.servers.at("plain").quota, QuotaKind::kCyrus);
  EXPECT_EQ(config.servers.at("main").connections, 4U);
  EXPECT_TRUE(config.servers.at("main").pipeline);
  EXPECT_EQ(config.servers.at("main").transfer.command_timeout, std::chrono::minutes(30));
  EXPECT_EQ(config.servers.at("main").transfer.account_timeout, std::chrono::hours(4));
  EXPECT_EQ(config.servers.at("plain").connections, 9U);
  EXPECT_EQ(config.account("alice").user, "alice");
  EXPECT_FALSE(config.account("alice").password.has_value());
  EXPECT_EQ(config.account("bob").user, "bob@example.org");
  EXPECT_EQ(config.account("bob").password->password_command.front(), "pass");
  EXPECT_EQ(config.restore.tree, "RESTORED/{timestamp}");
  EXPECT_EQ(config.restore.expire_after, std::chrono::days(7));
  EXPECT_EQ(config.retention.monthly, 24U);
}

TEST(ConfigTest, AMachineThatOnlyReadsHasAnIndexOfItsOwn) {
  const Config config = parse_config(R"({
    "store": { "path": "/s", "index": "/i", "key_file": "/k", "own_index": true },
    "servers": { "a": { "url": "imaps://h" } } })",
                                     "test.json");
  EXPECT_TRUE(config.store.has_own_index);
  EXPECT_EQ(config.store.index, "/i");
}

TEST(ConfigTest, TheAccountOfADrillMustExist) {
  EXPECT_EQ(parse_with("").drill.messages, 300U);
  const Config config = parse_with(R"(, "drill": { "account": "bob", "messages": 20 },
                                        "schedule": { "drill": "never" })");
  EXPECT_EQ(config.drill.account, "bob");
  EXPECT_EQ(config.drill.messages, 20U);
  EXPECT_EQ(config.schedule.drill, "never");
  EXPECT_ERROR(kConfig, R"(/drill/account: there is no account "bop": did you mean "bob"?)",
               parse_with(R"(, "drill": { "account": "bop" })"));
}

TEST(ConfigTest, LocksAreExtendedWhereThereAreAny) {
  EXPECT_EQ(parse_with(R"(, "schedule": { "extend_locks": "hourly" })").schedule.extend_locks,
            "never");
}

TEST(ConfigTest, CopiesHaveNamesAndPlacesOfTheirOwn) {
  EXPECT_TRUE(parse_with("").copies.empty());
  EXPECT_EQ(parse_with("").schedule.copy, "never");
  const Config config = parse_with(R"(, "copies": [ { "name": "nas", "path": "/mnt/nas/store/" },
                                                    { "name": "usb-1", "path": "/mnt/usb" } ])");
  ASSERT_EQ(config.copies.size(), 2U);
  EXPECT_EQ(config.copies[0].name, "nas");
  EXPECT_EQ(config.copies[0].path, "/mnt/nas/store");
  EXPECT_EQ(config.copies[1].path, "/mnt/usb");
  EXPECT_EQ(config.schedule.copy, "daily 07:00");
  EXPECT_EQ(parse_with(R"(, "copies": [ { "name": "a", "path": "/a" } ],
                            "schedule": { "copy": "hourly" })")
                .schedule.copy,
            "hourly");

  const auto copies = [](const std::string& list) {
    return parse_with(", \"copies\": [" + list + "]");
  };
  EXPECT_ERROR(kConfig, R"(/copies/1/name: "a" is already the name of /copies/0)",
               copies(R"({ "name": "a", "path": "/a" }, { "name": "a", "path": "/b" })"));
  EXPECT_ERROR(kConfig, "/copies/1/path: it and /copies/0/path must not lie in each other",
               copies(R"({ "name": "a", "path": "/a" }, { "name": "b", "path": "/a/b" })"));
  for (const char* path : {"/var/store", "/var/store/copy", "/var", "/var/x/../store"}) {
    EXPECT_ERROR(kConfig, "and store.path must not lie in each other",
                 copies(R"({ "name": "a", "path": ")" + std::string(path) + "\" }"));
  }
  EXPECT_ERROR(kConfig, "and store.index must not lie in each other",
               copies(R"({ "name": "a", "path": "/var/store.index/a" })"));
  EXPECT_ERROR(kConfig, "store.key_file lies in /etc",
               copies(R"({ "name": "a", "path": "/etc" })"));
  EXPECT_ERROR(kConfig, "/copies/0/name", copies(R"({ "name": "a b", "path": "/a" })"));
  EXPECT_ERROR(kConfig, "/copies/0/path", copies(R"({ "name": "a", "path": "copy" })"));
}

TEST(ConfigTest, ACopyIsInADirectoryOrInABucket) {
  const auto bucket = [](const std::string& name, const std::string& place) {
    return R"({ "name": ")" + name + R"(", "s3": { "access_key": "AK", "credential": "s3", )" +
           place + " } }";
  };
  const auto copies = [](const std::string& list) {
    return parse_with(", \"copies\": [" + list + "]");
  };
  const std::string place = R"("url": "https://s3.example.org", "bucket": "mail", "prefix": "c/")";
  const Config config = copies(bucket("cloud", place) + R"(, { "name": "nas", "path": "/nas" })");
  ASSERT_EQ(config.copies.size(), 2U);
  EXPECT_TRUE(config.copies[0].path.empty());
  EXPECT_EQ(config.copies[0].display_name(), "s3://mail/c");
  EXPECT_EQ(config.copies[0].spool, "/var/store.index/spool");
  EXPECT_EQ(config.copies[1].display_name(), "/nas");
  EXPECT_NO_THROW(require_apart(config.copies, config.store));

  EXPECT_ERROR(kConfig, "/copies/0: a copy is in a directory or in a bucket",
               copies(R"({ "name": "a" })"));
  EXPECT_ERROR(kConfig, "/copies/0: a copy is in a directory or in a bucket",
               copies(R"({ "name": "a", "path": "/a", "s3": { "url": "https://h", "bucket": "mail",
                           "access_key": "AK", "credential": "s3" } })"));
  EXPECT_ERROR(kConfig, "/copies/0/s3: give exactly one of secret_key_file",
               copies(R"({ "name": "a", "s3": { "url": "https://h", "bucket": "mail",
                           "access_key": "AK" } })"));
  EXPECT_ERROR(kConfig, "/copies/0/s3/bucket",
               copies(bucket("a", R"("url": "https://h", "bucket": "a/b")")));
  EXPECT_ERROR(kConfig, "/copies/1/s3: s3://mail/c is the place of /copies/0",
               copies(bucket("a", place) + ", " +
                      bucket("b", R"("url": "https://S3.example.org/", "bucket": "mail",
                                     "prefix": "c")")));
  EXPECT_EQ(copies(bucket("a", place) + ", " +
                   bucket("b", R"("url": "https://s3.example.org", "bucket": "mail")"))
                .copies.size(),
            2U);
}

TEST(ConfigTest, KnowsEveryWayToLogIn) {
  const Config config = parse_config(R"({
    "store": { "path": "/s", "key_file": "/k" },
    "servers": { "main": { "url": "imaps://h", "compress": "deflate", "pipeline": false,
        "command_timeout": "10m", "account_timeout": "90m", "namespaces": ["Archive/"],
        "admin": { "user": "app", "token_command": ["get-token", "app"], "auth": "oauthbearer" },
        "client_certificate": { "file": "/c.pem", "key_file": "/c.key", "credential": "c" },
        "proxy": "socks5h://proxy:1080",
        "proxy_login": { "user": "us", "password_file": "/p" } } },
    "accounts": [ { "name": "a", "server": "main", "token_file": "/t" },
                  { "name": "b", "server": "main", "token_file": "/t", "auth": "xoauth2" },
                  { "name": "c", "server": "main", "auth": "external" },
                  { "name": "d", "server": "main", "namespaces": ["", "Old."] } ] })",
                                     "t");
  const ServerConfig& server = config.servers.at("main");
  EXPECT_EQ(server.compress, Compression::kDeflate);
  EXPECT_EQ(server.admin->auth, LoginMethod::kOauthBearer);
  EXPECT_FALSE(server.pipeline);
  EXPECT_EQ(server.namespaces, std::vector<std::string>{"Archive/"});
  EXPECT_EQ(config.account("a").namespaces, std::nullopt);
  EXPECT_EQ(config.account("d").namespaces, (std::vector<std::string>{"", "Old."}));
  EXPECT_EQ(server.transfer.command_timeout, std::chrono::minutes(10));
  EXPECT_EQ(server.transfer.account_timeout, std::chrono::minutes(90));
  EXPECT_EQ(server.admin->password.password_command.front(), "get-token");
  EXPECT_EQ(server.client_certificate->key_file, "/c.key");
  EXPECT_EQ(server.client_certificate->password->credential, "c");
  EXPECT_EQ(server.proxy->url, "socks5h://proxy:1080");
  EXPECT_EQ(server.proxy->login->user, "us");
  EXPECT_EQ(config.account("a").auth, LoginMethod::kOauth);
  EXPECT_EQ(config.account("a").password->password_file, "/t");
  EXPECT_EQ(config.account("b").auth, LoginMethod::kXoauth2);
  EXPECT_EQ(config.account("c").auth, LoginMethod::kExternal);
  EXPECT_TRUE(config.account("c").password.has_value());
  EXPECT_FALSE(config.account("d").password.has_value());
}

TEST(ConfigTest, RejectsContradictoryLogins) {
  const auto account = [](const std::string& login) {
    parse_config(R"({"store": { "path": "/s", "key_file": "/k" },
                     "servers": { "main": { "url": "imaps://h" } },
                     "accounts": [ { "name": "a", "server": "main", )" +
                     login + "} ] }",
                 "t");
  };
  EXPECT_ERROR(kConfig, "/accounts/0: give exactly one of",
               account(R"("password_file": "/p", "token_file": "/t")"));
  EXPECT_ERROR(kConfig, "/accounts/0: give exactly one of",
               account(R"("password_file": "/p", "auth": "external")"));
  EXPECT_ERROR(kConfig, "/accounts/0/auth: this method needs a token",
               account(R"("password_file": "/p", "auth": "xoauth2")"));
  EXPECT_ERROR(kConfig, "/accounts/0/auth", account(R"("token_file": "/t", "auth": "magic")"));
}

TEST(ConfigTest, ValuesReplaceDefaults) {
  const Config config = parse_with(R"(, "exclude": ["Junk*"],
      "restore": { "tree": "Back/{timestamp}", "expire_after": "36h", "time_zone": "Europe/Oslo" },
      "retention": { "keep_within": "2w", "daily": 3 })");
  EXPECT_EQ(config.exclude, std::vector<std::string>{"Junk*"});
  EXPECT_EQ(config.restore.tree, "Back/{timestamp}");
  EXPECT_EQ(config.restore.expire_after, std::chrono::hours(36));
  EXPECT_EQ(config.retention.keep_within, std::chrono::days(14));
  EXPECT_EQ(config.retention.daily, 3U);
  EXPECT_EQ(config.retention.weekly, 12U);
}

TEST(ConfigTest, OverridesApplyToAccountsByName) {
  const Config config = parse_config(R"({
    "store": { "path": "/s", "key_file": "/k" },
    "servers": { "main": { "url": "imaps://h", "admin": { "user": "a", "password_file": "/p" } } },
    "accounts": [ { "name": "eve@sales", "server": "main" },
                  { "name": "joe@sales", "server": "main", "retention": { "daily": 5 },
                    "exclude": ["Mine"], "expire_after": "1d", "namespaces": [] } ],
    "exclude": ["Trash"],
    "retention": { "daily": 10, "weekly": 11 },
    "overrides": [
      { "match": ["*@sales", "*@shop"], "exclude": ["Spam*"], "expire_after": "14d",
        "retention": { "daily": 90, "yearly": 1 }, "daily_bytes": 1000000,
        "namespaces": ["Archive/"] },
      { "match": ["eve@*"], "retention": { "daily": 7 }, "expire_after": "3d" } ] })",
                                     "mailstow.json");
  const AccountConfig& eve = config.account("eve@sales");
  EXPECT_EQ(eve.retention.daily, 7U);
  EXPECT_EQ(eve.retention.yearly, 1U);
  EXPECT_EQ(eve.retention.weekly, 11U);
  EXPECT_EQ(config.expire_after_of(eve), std::chrono::days(3));
  EXPECT_EQ(config.daily_bytes_of(eve), 1'000'000U);
  EXPECT_EQ(eve.namespaces, std::vector<std::string>{"Archive/"});
  const AccountConfig& joe = config.account("joe@sales");
  EXPECT_EQ(joe.namespaces, std::vector<std::string>()) << "its own setting overrides all";
  EXPECT_EQ(joe.retention.daily, 5U);
  EXPECT_EQ(joe.exclude, (std::vector<std::string>{"Spam*", "Mine"}));
  EXPECT_EQ(config.expire_after_of(joe), std::chrono::days(1));
  // A discovered account, and one that no longer exists.
  EXPECT_EQ(config.found_account("main", "ann@shop").namespaces,
            std::vector<std::string>{"Archive/"});
  EXPECT_EQ(config.found_account("main", "ann@shop").exclude, std::vector<std::string>{"Spam*"});
  EXPECT_EQ(config.retention_of("gone@shop").daily, 90U);
  EXPECT_EQ(config.expire_after_of(config.found_account("main", "ann")), std::chrono::days(7));
  EXPECT_EQ(config.longest_stay_of("ann"), std::chrono::days(90));
}

TEST(ConfigTest, AnAccountMayHaveItsOwnRetention) {
  const Config config = parse_config(R"({
    "store": { "path": "/s", "key_file": "/k" },
    "servers": { "main": { "url": "imaps://h" } },
    "accounts": [ { "name": "a", "server": "main", "credential": "c",
                    "retention": { "daily": 7, "last": 2 } },
                  { "name": "b", "server": "main", "credential": "c" } ],
    "restore": { "time_zone": "Europe/Oslo" },
    "retention": { "keep_within": "2w", "yearly": 3, "grace": "36h" } })",
                                     "t");
  EXPECT_EQ(config.retention_of("a").daily, 7U);
  EXPECT_EQ(config.retention_of("a").last, 2U);
  EXPECT_EQ(config.retention_of("a").yearly, 3U);
  EXPECT_EQ(config.retention_of("a").keep_within, std::chrono::days(14));
  EXPECT_EQ(config.retention_of("b"), config.retention);
  EXPECT_EQ(config.retention_of("no longer there"), config.retention);
  EXPECT_EQ(config.retention.daily, 30U);
  EXPECT_EQ(config.prune.grace, std::chrono::hours(36));
  EXPECT_EQ(config.prune.time_zone, "Europe/Oslo");
  EXPECT_EQ(parse_with("").prune.grace, std::chrono::hours(24));
  EXPECT_EQ(parse_with(R"(, "retention": { "time_zone": "Asia/Tokyo" })").prune.time_zone,
            "Asia/Tokyo");
  EXPECT_ERROR(kConfig, "Mars/Olympus",
               parse_with(R"(, "retention": { "time_zone": "Mars/Olympus" })"));
}

TEST(ConfigTest, AnUnknownKeyIsRejectedWithASuggestion) {
  EXPECT_ERROR(kConfig, "test.json: /exlude: unknown key: did you mean \"exclude\"?",
               parse_with(R"(, "exlude": [])"));
  EXPECT_ERROR(kConfig, "/restore/expire_afer: unknown key: did you mean \"expire_after\"?",
               parse_with(R"(, "restore": { "expire_afer": "7d" })"));
  EXPECT_ERROR(kConfig, "/restore/colour: unknown key",
               parse_with(R"(, "restore": { "colour": "red" })"));
}

TEST(ConfigTest, AWrongValueIsNamedByItsPosition) {
  EXPECT_ERROR(kConfig, "/restore/expire_after", parse_with(R"(, "restore": {"expire_after": 7})"));
  EXPECT_ERROR(kConfig, "/restore/tree", parse_with(R"(, "restore": {"tree": "always the same"})"));
  EXPECT_ERROR(kConfig, "Mars/Olympus",
               parse_with(R"(, "restore": {"time_zone": "Mars/Olympus"})"));
  EXPECT_ERROR(kConfig, "/exclude/1", parse_with(R"(, "exclude": ["a", 2])"));
  EXPECT_ERROR(kConfig, "/retention/daily", parse_with(R"(, "retention": {"daily": -1})"));
}

TEST(ConfigTest, AMissingKeyIsNamed) {
  EXPECT_ERROR(kConfig, "key_file",
               parse_config(R"({"store": {"path": "/s"}, "servers": {"m": {"url": "imap://h"}},
                                "accounts": []})",
                            "test.json"));
}

TEST(ConfigTest, InvalidJsonIsReportedWithItsLine) {
  EXPECT_ERROR(kConfig, "test.json: invalid JSON: parse error at line 2",
               parse_config("{\n oops }", "test.json"));
}

TEST(ConfigTest, AnAccountNeedsAServerAndAWayToLogIn) {
  const std::string begin = R"({"store": {"path": "/s", "key_file": "/k"},
                               "servers": {"main": {"url": "imaps://h"}}, "accounts": [)";
  EXPECT_ERROR(
      kConfig, "/accounts/0/server: there is no server \"mian\": did you mean \"main\"?",
      parse_config(begin + R"({"name": "a", "server": "mian", "credential": "c"}]})", "t"));
  EXPECT_ERROR(kConfig, "/accounts/0: no way to log in",
               parse_config(begin + R"({"name": "a", "server": "main"}]})", "t"));
  EXPECT_ERROR(kConfig, "/accounts/1/name: \"a\" is already the name of /accounts/0",
               parse_config(begin + R"({"name": "a", "server": "main", "credential": "c"},
                                       {"name": "a", "server": "main", "credential": "c"}]})",
                            "t"));
}

TEST(ConfigTest, ALoginHasExactlyOneSourceForItsPassword) {
  EXPECT_ERROR(kConfig, "/servers/main/admin: give exactly one of",
               parse_config(R"({"store": {"path": "/s", "key_file": "/k"}, "accounts": [],
                                "servers": {"main": {"url": "imaps://h", "admin": {"user": "u"}}}})",
                            "t"));
}

TEST(ConfigTest, TheIndexMustNotBeInsideTheStore) {
  EXPECT_ERROR(kConfig, "/store/index",
               parse_config(R"({"store": {"path": "/s", "index": "/s/index", "key_file": "/k"},
                                "servers": {"main": {"url": "imaps://h"}}, "accounts": []})",
                            "t"));
}

TEST(ConfigTest, AUrlWithAPasswordOrAnotherSchemeIsRejected) {
  for (const char* url : {"http://h", "imap://user:pw@h", "imaps://h/INBOX", "h"}) {
    EXPECT_ERROR(kConfig, "/servers/main/url",
                 parse_config(std::string(R"({"store": {"path": "/s", "key_file": "/k"},
                     "accounts": [], "servers": {"main": {"url": ")") +
                                  url + "\"}}}",
                              "t"));
  }
}

TEST(ConfigTest, AnUnknownAccountIsRejectedWithASuggestion) {
  EXPECT_ERROR(kUsage, "did you mean \"alice\"?", parse_with("").account("alcie"));
}

TEST(ConfigTest, AMissingFileIsNamed) {
  EXPECT_ERROR(kConfig, "/nowhere.json: there is no such file",
               load_config(real_file_system(), "/nowhere.json"));
}

TEST(ConfigTest, AnExpiryOrACheckOfNoTimeIsRefused) {
  for (const char* section :
       {R"(, "restore": {"expire_after": "0d"})", R"(, "schedule": {"check_for": "0s"})",
        R"(, "overrides": [{"match": ["a"], "expire_after": "0s"}])"}) {
    EXPECT_ERROR(kConfig, "0 means nothing", parse_with(section));
  }
}

TEST(ConfigTest, AnAccountHasTimeForItsSlowestMessageOrCommand) {
  const auto account_timeout = [](const std::string& timeouts) {
    const std::string text = R"({ "store": { "path": "/s", "key_file": "/k" }, "servers": { "main":
        { "url": "imaps://h", "admin": { "user": "a", "password_file": "/p" }, )" +
                             timeouts + R"( } }, "accounts": [] })";
    return parse_config(text, "t").servers.at("main").transfer.account_timeout;
  };
  EXPECT_EQ(account_timeout(R"("message_timeout": "2h")"), std::chrono::hours(4));
  EXPECT_EQ(account_timeout(R"("message_timeout": "6h")"), std::chrono::hours(12));
  EXPECT_EQ(account_timeout(R"("command_timeout": "5h")"), std::chrono::hours(10));
  EXPECT_EQ(account_timeout(R"("command_timeout": "5h", "account_timeout": "6h")"),
            std::chrono::hours(6));
}

TEST(ConfigTest, ATimeoutOfZeroIsRefused) {
  for (const char* key : {"command_timeout", "message_timeout", "account_timeout"}) {
    const std::string text = R"({ "store": { "path": "/s", "key_file": "/k" }, "servers": { "main":
        { "url": "imaps://h", "admin": { "user": "a", "password_file": "/p" }, ")" +
                             std::string(key) + R"(": "0s" } }, "accounts": [] })";
    EXPECT_ERROR(kConfig, std::string(key) + ": 0 would end every command",
                 parse_config(text, "t"));
  }
}

}  // namespace
}  // namespace base
