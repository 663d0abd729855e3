// Every answer of a desk, right or wrong, becomes a document or a problem.
#include "web/desk_client.h"

#include <gmock/gmock.h>

#include "tests/web/scripted_desk.h"
#include "web/problem.h"

namespace web {
namespace {

using nlohmann::ordered_json;

constexpr DeskPatience kShort{.answer = std::chrono::seconds(20),
                              .stream = std::chrono::seconds(20)};

ProblemKind problem_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Problem& problem) {
    return problem.kind();
  }
  ADD_FAILURE() << "there is no problem";
  return ProblemKind::kInternal;
}

ProblemKind problem_for(const std::string& bytes) {
  ScriptedDesk desk([&](const json&) { return bytes; });
  return problem_of([&] { desk.client(kShort).ask({{"request", "me"}}); });
}

std::string read_all(const std::string& bytes) {
  ScriptedDesk desk([&](const json&) { return bytes; });
  DeskStream stream = desk.client(kShort).open_stream({{"request", "raw"}});
  std::string all;
  for (std::string piece; !(piece = stream.read()).empty();) all += piece;
  return all;
}

TEST(DeskClientTest, AnAnswerIsALineOfJson) {
  ScriptedDesk desk([](const json&) { return "{\"ok\":true,\"person\":\"alice\"}\n"; });
  EXPECT_EQ(desk.client().ask({{"request", "me"}})["person"], "alice");
  EXPECT_EQ(desk.requests()[0]["request"], "me");
}

TEST(DeskClientTest, ARefusalIsAProblemOfTheSameCode) {
  const auto refusal = [](const std::string& code) {
    return R"({"ok":false,"error":{"code":")" + code +
           R"(","message":"why","retry_after":7}})"
           "\n";
  };
  EXPECT_EQ(problem_for(refusal("not_found")), ProblemKind::kNotFound);
  EXPECT_EQ(problem_for(refusal("throttled")), ProblemKind::kThrottled);
  EXPECT_EQ(problem_for(refusal("would_count")), ProblemKind::kWouldCount);
  EXPECT_EQ(problem_for(refusal("cross_site")), ProblemKind::kInternal) << "not one of the desk's";
  EXPECT_EQ(problem_for("{\"ok\":false}\n"), ProblemKind::kInternal);
  EXPECT_EQ(problem_for("{\"ok\":false,\"error\":{\"code\":7,\"retry_after\":\"x\"}}\n"),
            ProblemKind::kInternal);
}

TEST(DeskClientTest, WhatIsNoAnswerIsATroubleOfTheDesk) {
  for (const char* const bytes :
       {"", "{\"ok\":true}", "\n", "hello\n", "[]\n", "{}\n", "{\"ok\":1}\n",
        "{\"ok\":true,\"stream\":true}\n0\n{\"ok\":true}\n"}) {
    EXPECT_EQ(problem_for(bytes), ProblemKind::kDesk) << bytes;
  }
}

TEST(DeskClientTest, ADeskThatIsNotThereOrSilentIsAProblem) {
  const DeskClient away([] { return base::Fd(); });
  EXPECT_EQ(problem_of([&] { away.ask({{"request", "me"}}); }), ProblemKind::kDesk);
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0);
  const base::Fd other(ends[1]);
  const DeskClient silent([&] { return base::Fd(ends[0]); },
                          {.answer = std::chrono::milliseconds(30), .stream = {}});
  EXPECT_EQ(problem_of([&] { silent.ask({{"request", "me"}}); }), ProblemKind::kDesk);
}

TEST(DeskClientTest, AStreamIsItsPiecesTogether) {
  EXPECT_EQ(read_all("{\"ok\":true,\"stream\":true}\n3\nabc2\nde0\n{\"ok\":true}\n"), "abcde");
  EXPECT_EQ(read_all(stream_of(std::string(200'000, 'x'))), std::string(200'000, 'x'));
}

TEST(DeskClientTest, AStreamThatIsIncompleteIsAProblem) {
  const std::string begin = "{\"ok\":true,\"stream\":true}\n";
  for (const std::string rest :
       {"", "3\nab", "3\nabc", "x\nabc", "-1\nabc", "3 \nabc", "999999999999999999999\n",
        "3\nabc0\n", "3\nabc0\nnonsense\n", "3\nabc0\n{\"ok\":false,\"exit_status\":4}\n"}) {
    EXPECT_THROW(read_all(begin + rest), Problem) << rest;
  }
  EXPECT_THROW(read_all(begin + std::string(10'000, '1')), Problem) << "a size without end";
  EXPECT_THROW(read_all("{\"ok\":true}\n"), Problem) << "no stream where one belongs";
}

}  // namespace
}  // namespace web
