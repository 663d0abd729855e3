// Requests of a web server: what is one, and what is not.
#include "restore/desk/request.h"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

namespace desk {
namespace {

using nlohmann::json;
using testing::HasSubstr;

const std::string kToken(64, 'a');
const std::string kWholeId(64, 'b');

std::string why_refused(const std::string& line, Door door = Door::kSelf) {
  try {
    parse_request(line, door);
    return "";
  } catch (const NoRequest& why) {
    return why.what();
  }
}

std::string why_refused(const json& request, Door door = Door::kSelf) {
  return why_refused(request.dump(), door);
}

json valid_value(Form form) {
  switch (form) {
    case Form::kToken:
    case Form::kSnapshot:
    case Form::kMessage:
      return kWholeId;
    case Form::kId:
      return std::string(32, '0');
    case Form::kAddress:
      return "2001:db8::1";
    case Form::kName:
    case Form::kPassword:
    case Form::kText:
      return "Entwürfe -v * %2A --to=bob";
    case Form::kKey:
      return "0123456789-_abcXYZ";
    case Form::kCode:
      return "ABCDEFG2";
    case Form::kCount:
    case Form::kDays:
      return 7;
    case Form::kFlag:
      return true;
    case Form::kJobName:
      return "check";
    case Form::kSelection:
      return {{"at", kWholeId}, {"folders", {"INBOX"}}, {"since", "2026-11-24"}};
  }
  return nullptr;
}

json invalid_value(Form form) {
  if (form == Form::kCount || form == Form::kDays || form == Form::kFlag) return 0;
  if (form == Form::kSelection) return {{"to", "bob"}};
  return std::string("a\0b", 3);
}

// A valid request with every field of the rule.
json valid_request(const RequestRule& rule, Door door) {
  json request = {{"request", rule.name}, {"client", "192.0.2.7"}};
  if (rule.kind != RequestKind::kLogin) request["session"] = kToken;
  for (const FieldRule& field : rule.fields) {
    if (field.name.empty() || (field.form == Form::kPassword && door != Door::kSelf)) continue;
    request[std::string(field.name)] = valid_value(field.form);
  }
  return request;
}

TEST(RequestTest, EveryRequestIsTakenWithItsFieldsAndRefusedWithAnyOtherThing) {
  for (const Door door : {Door::kSelf, Door::kProxy, Door::kStaff}) {
    for (const RequestRule& rule : rules()) {
      SCOPED_TRACE(std::string(rule.name));
      const json request = valid_request(rule, door);
      EXPECT_EQ(why_refused(request, door), "");
      for (const char* missing : {"request", "client", "session"}) {
        json without = request;
        if (without.erase(missing) == 0) continue;
        EXPECT_NE(why_refused(without, door), "") << missing;
      }
      for (const FieldRule& field : rule.fields) {
        const std::string name(field.name);
        if (!request.contains(name)) continue;
        json wrong = request;
        wrong[name] = invalid_value(field.form);
        EXPECT_THAT(why_refused(wrong, door), HasSubstr("/" + name + ": it must be"));
        wrong[name] = json::array({1});
        EXPECT_THAT(why_refused(wrong, door), HasSubstr("/" + name));
        wrong.erase(name);
        const bool must_be_there = field.is_required || field.form == Form::kPassword;
        EXPECT_EQ(why_refused(wrong, door).empty(), !must_be_there) << name;
      }
      for (const char* unknown :
           {"to", "in-place", "allow-quota", "--to", "", "reach", "Session"}) {
        if (request.contains(unknown)) continue;  // `diff` has a "to"
        json more = request;
        more[unknown] = "bob";
        EXPECT_THAT(why_refused(more, door), HasSubstr("no such field")) << unknown;
      }
      json about_bob = request;
      about_bob["account"] = "bob";
      EXPECT_EQ(why_refused(about_bob, door).empty(), door == Door::kStaff)
          << "only staff name an account";
    }
  }
}

TEST(RequestTest, OnlyTheSocketOfUsersTakesAPassword) {
  const json login = {{"request", "login"}, {"client", "192.0.2.7"}, {"name", "alice"}};
  json with_password = login;
  with_password["password"] = "geheim äöü";
  EXPECT_EQ(parse_request(with_password.dump(), Door::kSelf).password.reveal(), "geheim äöü");
  EXPECT_THAT(why_refused(with_password, Door::kProxy), HasSubstr("/password"));
  EXPECT_THAT(why_refused(with_password, Door::kStaff), HasSubstr("/password"));
  EXPECT_THAT(why_refused(login, Door::kSelf), HasSubstr("/password"));
  EXPECT_EQ(why_refused(login, Door::kProxy), "");
}

TEST(RequestTest, ASelectionNamesWholeIdsAndAbsoluteTimes) {
  const auto is_selection = [](const json& selection) {
    return is_of_form(Form::kSelection, selection.dump());
  };
  EXPECT_TRUE(is_selection({{"all", true}}));
  EXPECT_TRUE(is_selection({{"messages", {kWholeId}}, {"missing", true}, {"subfolders", false}}));
  EXPECT_TRUE(is_selection({{"before", "2026-11-24T02:30:00+01:00"}, {"query", "from:bob"}}));
  EXPECT_TRUE(is_selection({{"since", kWholeId}, {"globs", {"a*"}}}));
  for (const json& wrong :
       {json::object(), json::array(), json({{"at", "1cfd0000"}}), json({{"at", "yesterday"}}),
        json({{"since", "3 days ago"}}), json({{"since", "20261124"}}), json({{"since", "now"}}),
        json({{"messages", {"1cfd0000"}}}), json({{"messages", json::array()}}),
        json({{"folders", "INBOX"}}), json({{"folders", {json::array()}}}), json({{"all", 1}}),
        json({{"to", "bob"}}), json({{"in_place", true}}), json({{"missing_from", kWholeId}})}) {
    EXPECT_FALSE(is_selection(wrong)) << wrong;
  }
}

TEST(RequestTest, WhatIsNotARequestIsRefusedWithoutItsContent) {
  const std::vector<std::string> lines = {
      "",
      "{",
      "[]",
      "null",
      R"({"request": "run"})",
      R"({"request": 7})",
      R"({"request": "me", "request": "login", "client": "192.0.2.7"})",
      std::string(100'000, '['),
      "{\"request\": \"\xff\"}",
      R"({"request": "me", "session": "secret", "client": "192.0.2.7"})",
      R"({"request": "me", "client": "example.org", "session": ")" + kToken + R"("})"};
  for (const std::string& line : lines) {
    const std::string why = why_refused(line);
    EXPECT_NE(why, "") << line.substr(0, 80);
    EXPECT_THAT(why, testing::Not(HasSubstr("secret")));
  }
}

TEST(RequestTest, AddressesOfOneNetworkCountAsOne) {
  EXPECT_EQ(network_of("192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(network_of("::ffff:192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(network_of("2001:db8:1:2:3:4:5:6"), network_of("2001:0db8:1:2::9"));
  EXPECT_NE(network_of("2001:db8:1:2::9"), network_of("2001:db8:1:3::9"));
}

}  // namespace
}  // namespace desk
