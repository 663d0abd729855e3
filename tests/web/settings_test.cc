#include "web/settings.h"

#include <gmock/gmock.h>

#include "base/error.h"

namespace web {
namespace {

using testing::HasSubstr;

std::string refusal_of(const std::string& text) {
  try {
    parse_settings(text);
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), base::ErrorCode::kConfig);
    return error.what();
  }
  return "accepted";
}

TEST(SettingsTest, APageForUsers) {
  const Settings settings =
      parse_settings(R"({"desk": "/run/desk", "url": "https://restore.example.org"})");
  EXPECT_EQ(settings.instance, Instance::kSelf);
  EXPECT_TRUE(settings.is_behind_proxy());
  EXPECT_EQ(settings.host(), "restore.example.org");
}

TEST(SettingsTest, APageForStaffBelievesOneHeader) {
  const Settings settings = parse_settings(
      R"({"instance": "staff", "desk": "/d", "url": "https://b.example.org:8443",
          "user_header": "Remote-User"})");
  EXPECT_EQ(settings.user_header, "Remote-User");
  EXPECT_EQ(settings.host(), "b.example.org:8443");
  EXPECT_FALSE(settings.has_owners());
}

TEST(SettingsTest, ADemonstrationHasItsAddressAsUrl) {
  const Settings settings = parse_settings(R"({"desk": "/d", "listen": "127.0.0.1:8025"})");
  EXPECT_EQ(settings.url, "http://127.0.0.1:8025");
  EXPECT_FALSE(settings.is_behind_proxy());
}

TEST(SettingsTest, WhatWouldBeUnsafeIsRefused) {
  EXPECT_THAT(refusal_of(R"({"desk": "/d"})"), HasSubstr("/url: give"));
  EXPECT_THAT(refusal_of(R"({"desk": "/d", "url": "http://x.example.org"})"), HasSubstr("/url"));
  EXPECT_THAT(refusal_of(R"({"desk": "/d", "url": "https://x.example.org/path"})"),
              HasSubstr("/url"));
  EXPECT_THAT(refusal_of(R"({"desk": "/d", "listen": "0.0.0.0:80"})"), HasSubstr("loopback"));
  EXPECT_THAT(refusal_of(R"({"instance": "staff", "desk": "/d", "listen": "127.0.0.1:1",
                             "user_header": "Remote-User"})"),
              HasSubstr("could name any person"));
  EXPECT_THAT(refusal_of(R"({"instance": "proxy", "desk": "/d", "url": "https://x.example.org"})"),
              HasSubstr("/user_header: name"));
  EXPECT_THAT(refusal_of(R"({"desk": "/d", "url": "https://x.example.org", "user_header": "R"})"),
              HasSubstr("/user_header: leave"));
  EXPECT_THAT(refusal_of(R"({"desk": "/d", "url": "https://x.example.org", "lisen": "x"})"),
              HasSubstr("unknown key"));
  EXPECT_THAT(refusal_of("[]"), testing::Ne("accepted"));
}

}  // namespace
}  // namespace web
