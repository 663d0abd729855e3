#include "backupd/daemon/control_protocol.h"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

namespace backupd {
namespace {

using nlohmann::ordered_json;

TEST(ControlProtocolTest, WritesEachRequestAsOneLine) {
  EXPECT_EQ(to_text(StatusRequest()), "status");
  EXPECT_EQ(to_text(LoanRequest{"prune"}), R"({"lend":"prune"})");
  EXPECT_EQ(to_text(StartRequest{"backup"}), R"({"start":"backup"})");
  EXPECT_EQ(to_text(StartRequest{"backup", {{"alice"}}, true}),
            R"({"start":"backup","accounts":["alice"],"queue":true})");
}

TEST(ControlProtocolTest, ReadsTheRequestsThatItWrites) {
  EXPECT_TRUE(std::holds_alternative<StatusRequest>(parse_request("status")));
  EXPECT_EQ(std::get<LoanRequest>(parse_request(R"({"lend":"prune"})")).command, "prune");
  const auto start = std::get<StartRequest>(
      parse_request(R"({"start":"backup","accounts":["alice"],"queue":true})"));
  EXPECT_EQ(start.job, "backup");
  EXPECT_THAT(start.accounts, testing::Optional(testing::ElementsAre("alice")));
  EXPECT_TRUE(start.queue);
}

TEST(ControlProtocolTest, RejectsInvalidRequests) {
  for (const char* text : {"", "stop", "[]", "{}", R"({"start":1})", R"({"lend":null})"}) {
    EXPECT_THROW(static_cast<void>(parse_request(text)), ordered_json::exception) << text;
  }
}

TEST(ControlProtocolTest, WritesEachAnswerAsOneLine) {
  EXPECT_EQ(answer_text(LoanAnswer()), "{\"lent\":true}\n");
  EXPECT_EQ(answer_text(ErrorAnswer{"no"}), "{\"error\":\"no\"}\n");
  EXPECT_EQ(answer_text(StartAnswer{"backup", false, "it is already running"}),
            "{\"job\":\"backup\",\"started\":false,\"reason\":\"it is already running\"}\n");
  EXPECT_EQ(answer_text(StartAnswer{"backup", true, "", "", 7}),
            "{\"job\":\"backup\",\"started\":true,\"waits_for\":\"\",\"run\":7}\n");
}

TEST(ControlProtocolTest, ReadsTheAnswerToAStartRequest) {
  const auto answer =
      parse_start_answer(R"({"job":"backup","started":true,"waits_for":"prune","run":7})");
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->started);
  EXPECT_EQ(answer->waits_for, "prune");
  EXPECT_EQ(answer->run, 7U);
  EXPECT_FALSE(parse_start_answer(R"({"error":"no"})")->run);
  EXPECT_FALSE(parse_start_answer("not JSON"));
}

}  // namespace
}  // namespace backupd
