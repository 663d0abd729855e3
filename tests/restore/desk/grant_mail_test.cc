// What an owner learns of grants: a mail when one has ended, and nothing of a covert one.
#include <fstream>

#include <gmock/gmock.h>

#include "tests/restore/desk/staffed_desk.h"
#include "tests/servers/mail_server.h"

namespace desk {
namespace {

using testing::HasSubstr;
using testing::Not;

class GrantMailTest : public StaffedDesk {
 protected:
  GrantMailTest() {
    const base::Path letter = mailstow_.directory() / "grant";
    std::ofstream(letter) << "Subject: A look into your mail\n\n"
                             "{person} could look into {account} from {given} to {ended}.\n";
    mailstow_.config()["mail"] = mail_server_.config();
    mailstow_.config()["accounts"][0]["mail"] = "alice@example.org";
    mailstow_.config()["user_mail"]["grant"] = letter.string();
    mailstow_.save();
    desk_.emplace(mailstow_, clock_);
  }

  json as_staff(const std::string& person, json request) {
    request["session"] = desk_->staff_session(person);
    return desk_->ask(Door::kStaff, std::move(request));
  }
  json as_alice(json request) {
    request["session"] = desk_->owner_session("alice");
    return desk_->ask(Door::kSelf, std::move(request));
  }

  // Returns its id.
  std::string give(const std::string& person, bool is_covert) {
    const json asked =
        as_staff(person, {{"request", "ask-grant"}, {"account", "alice"}, {"reason", "ticket 17"}});
    const std::string id = asked["grant"]["grant"];
    const json given =
        as_staff("second", {{"request", "approve"}, {"grant", id}, {"covert", is_covert}});
    EXPECT_EQ(outcome(given), "ok") << given;
    return id;
  }

  std::vector<json> mail() {
    desk_->desk().mail_about_grants();
    return mail_server_.mail();
  }

  servers::MailServer mail_server_;
};

TEST_F(GrantMailTest, TheOwnerGetsOneMailWhenAGrantHasEnded) {
  give("trusted", false);
  EXPECT_EQ(mail().size(), 0U) << "it has not ended";
  clock_.sleep_for(std::chrono::hours(1));
  ASSERT_EQ(mail().size(), 1U);
  const json sent = mail().front();
  EXPECT_EQ(sent["to"], json({"alice@example.org"}));
  EXPECT_THAT(sent["body"].get<std::string>(), HasSubstr("trusted could look into alice from 20"));
  desk_->start();
  EXPECT_EQ(mail().size(), 1U) << "never twice";
}

TEST_F(GrantMailTest, AMailThatCouldNotBeSentIsSentByASweep) {
  const json url = mailstow_.config()["mail"]["url"];
  mailstow_.config()["mail"]["url"] = "smtp://127.0.0.1:1";
  mailstow_.save();
  desk_.emplace(mailstow_, clock_);
  give("trusted", false);
  clock_.sleep_for(std::chrono::hours(1));
  EXPECT_EQ(mail().size(), 0U);
  mailstow_.config()["mail"]["url"] = url;
  mailstow_.save();
  for (int sweep = 0; sweep < 2; ++sweep) mailstow_.restore({"sweep", "--now"});
  ASSERT_EQ(mail().size(), 1U);
  EXPECT_EQ(mail().front()["to"], json({"alice@example.org"}));
  EXPECT_THAT(mail().front()["body"].get<std::string>(), HasSubstr("trusted could look into"));
}

TEST_F(GrantMailTest, ARevokedGrantHasEndedAndARequestWasNone) {
  const json asked =
      as_staff("helper", {{"request", "ask-grant"}, {"account", "alice"}, {"reason", "ticket 18"}});
  EXPECT_EQ(outcome(as_alice({{"request", "revoke"}, {"grant", asked["grant"]["grant"]}})), "ok");
  EXPECT_EQ(outcome(as_alice({{"request", "revoke"}, {"grant", give("trusted", false)}})), "ok");
  ASSERT_EQ(mail().size(), 1U);
  EXPECT_THAT(mail().front()["body"].get<std::string>(), HasSubstr("trusted"));
}

TEST_F(GrantMailTest, AnOwnerLearnsNothingOfACovertGrant) {
  const std::string covert = give("officer", true);
  const json read = {{"request", "messages"}, {"account", "alice"}, {"folder", "INBOX"}};
  EXPECT_EQ(outcome(as_staff("officer", read)), "ok");
  EXPECT_EQ(as_alice({{"request", "grants"}})["grants"], json::array());
  EXPECT_EQ(outcome(as_alice({{"request", "revoke"}, {"grant", covert}})), "not_found");
  EXPECT_THAT(as_alice({{"request", "audit"}}).dump(), Not(HasSubstr("officer")));
  EXPECT_THAT(as_staff("second", {{"request", "audit"}, {"account", "alice"}}).dump(),
              HasSubstr("officer"))
      << "officers see it";
  give("trusted", false);
  EXPECT_EQ(outcome(as_staff("trusted", read)), "ok");
  EXPECT_THAT(as_alice({{"request", "audit"}}).dump(), HasSubstr("trusted"));
  clock_.sleep_for(std::chrono::hours(1));
  ASSERT_EQ(mail().size(), 1U);
  EXPECT_THAT(mail().front()["body"].get<std::string>(), HasSubstr("trusted"));
}

}  // namespace
}  // namespace desk
