#include "base/http/http_client.h"

#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/expect_error.h"
#include "tests/long_run.h"
#include "tests/servers/storage/scripted_http.h"

namespace base {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class HttpClientTest : public testing::Test {
 protected:
  HttpAnswer get(std::size_t max_body = 100) {
    return client_.perform({.url = server_.url() + "/a/../b?c=%2F", .max_body = max_body});
  }

  servers::ScriptedHttp server_;
  HttpClient client_{HttpSettings{}};
};

TEST_F(HttpClientTest, AnAnswerHasStatusHeadersAndBody) {
  server_.answer("404 Not Found", {"X-Name:  a value \t", "ETag: \"1\"", "etag: \"2\""}, "body");
  const HttpAnswer answer = get();
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(answer.header("x-name"), "a value");
  EXPECT_EQ(answer.header("etag"), "\"2\"");
  EXPECT_EQ(answer.header("absent"), std::nullopt);
  EXPECT_EQ(to_text(answer.body), "body");
  EXPECT_FALSE(answer.is_cut);
  EXPECT_EQ(server_.requests().front().line, "GET /a/../b?c=%2F HTTP/1.1");
}

TEST_F(HttpClientTest, ABodyIsReadUpToItsLimit) {
  for (const auto& [limit, is_cut] : {std::pair{10U, false}, std::pair{9U, true}}) {
    server_.answer("200 OK", {}, "0123456789");
    const HttpAnswer answer = get(limit);
    EXPECT_EQ(answer.is_cut, is_cut);
    EXPECT_EQ(to_text(answer.body), std::string("0123456789").substr(0, limit));
  }
  const std::string page(100'000, 'x');
  server_.answer("500 Error", {}, page);
  const HttpAnswer error = get(9);
  EXPECT_EQ(error.status, 500);
  EXPECT_EQ(error.body.size(), HttpAnswer::kMaxErrorBody);
}

TEST_F(HttpClientTest, AnAnswerThatIsNotWholeIsAFailure) {
  server_.answer_and_close("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n01234");
  EXPECT_ERROR(kNetwork, server_.url(), get());
  server_.answer_and_close("HTTP/1.1 200 OK\r\nETag: \"1\"\r\n");
  EXPECT_ERROR(kNetwork, "within its headers", get());
  server_.answer_and_close("<html>");
  EXPECT_ERROR(kNetwork, server_.url(), get());
  std::string headers;
  for (int count = 0; count < 1'000; ++count)
    headers += "X-Long: " + std::string(100, 'x') + "\r\n";
  server_.answer_and_close("HTTP/1.1 200 OK\r\n" + headers + "Content-Length: 0\r\n\r\n");
  EXPECT_ERROR(kNetwork, server_.url(), get());
}

TEST_F(HttpClientTest, AFailureDoesNotShowThePath) {
  try {
    client_.perform({.url = "http://127.0.0.1:1/secret"});
    ADD_FAILURE() << "it went well";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kNetwork);
    EXPECT_THAT(error.what(), HasSubstr("http://127.0.0.1:1: "));
    EXPECT_THAT(error.what(), Not(HasSubstr("secret")));
  }
}

TEST_F(HttpClientTest, ARequestIsSentWithItsBody) {
  const std::string large(1'500'000, 'x');
  for (const std::string& body : {std::string(), std::string("some bytes"), large}) {
    server_.answer("200 OK");
    client_.perform({.verb = HttpVerb::kPut,
                     .url = server_.url() + "/a",
                     .headers = {"X-Own: 1"},
                     .body = body_of(as_bytes(body))});
    const servers::ReceivedRequest request = server_.requests().back();
    EXPECT_EQ(request.line, "PUT /a HTTP/1.1");
    EXPECT_EQ(request.headers.at("x-own"), "1");
    EXPECT_EQ(request.headers.at("content-length"), std::to_string(body.size()));
    EXPECT_EQ(request.headers.contains("expect"), body == large);
    EXPECT_EQ(request.body, body);
  }
}

TEST_F(HttpClientTest, AKeptConnectionThatTheServerHasClosedIsReplaced) {
  server_.answer_and_close("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  get();
  while (server_.closings() == 0) std::this_thread::yield();
  server_.answer("200 OK");
  client_.perform(
      {.verb = HttpVerb::kPut, .url = server_.url(), .body = body_of(as_bytes("some bytes"))});
  EXPECT_EQ(server_.requests().back().body, "some bytes");
  EXPECT_EQ(server_.connections(), 2U);
}

TEST_F(HttpClientTest, AnErrorOfTheBodyEndsTheCall) {
  HttpBody body{.size = 10, .read_at = [](std::uint64_t, std::span<std::byte>) -> std::size_t {
                  fail(ErrorCode::kIo, "read the spool: gone");
                }};
  EXPECT_ERROR(kIo, "gone",
               client_.perform({.verb = HttpVerb::kPut, .url = server_.url(), .body = body}));
  body.read_at = [](std::uint64_t, std::span<std::byte>) { return std::size_t{0}; };
  EXPECT_ERROR(kNetwork, server_.url(),
               client_.perform({.verb = HttpVerb::kPut, .url = server_.url(), .body = body}));
}

TEST_F(HttpClientTest, MoreCallsThanConnectionsWaitForEachOther) {
  constexpr int kCalls = 6;
  for (int count = 0; count < kCalls; ++count) server_.answer("200 OK");
  HttpSettings settings;
  settings.connections = 2;
  HttpClient client(settings);
  {
    std::vector<std::jthread> threads;
    for (int count = 0; count < kCalls; ++count) {
      threads.emplace_back([&] { client.perform({.url = server_.url()}); });
    }
  }
  EXPECT_EQ(server_.answers_left(), 0U);
  EXPECT_LE(server_.connections(), 2U);
}

TEST_F(HttpClientTest, AServerThatFallsSilentIsGivenUp) {
  HttpSettings settings;
  // libcurl needs six seconds to find a transfer silent.
  if (tests::is_long_run()) settings.silence = std::chrono::seconds(1);
  if (!tests::is_long_run()) settings.timeout = std::chrono::seconds(1);
  HttpClient client(settings);
  server_.answer_raw("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n01234");
  EXPECT_ERROR(kNetwork, "try again later", client.perform({.url = server_.url(), .max_body = 10}));
}

TEST_F(HttpClientTest, ACallMayHaveATimeoutOfItsOwn) {
  server_.answer_raw("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n01234");
  HttpCall call{.url = server_.url(), .max_body = 10};
  call.timeout = std::chrono::seconds(1);
  EXPECT_ERROR(kNetwork, "try again later", client_.perform(call));
}

TEST(HttpDateTest, IsParsed) {
  EXPECT_EQ(parse_http_date("Thu, 01 Jan 1970 00:20:00 GMT"),
            std::chrono::sys_seconds(std::chrono::minutes(20)));
  EXPECT_EQ(parse_http_date("7"), std::nullopt);
  EXPECT_EQ(parse_http_date(""), std::nullopt);
}

}  // namespace
}  // namespace base
