// What strangers send to the socket itself: too much, too slowly, too often, or not HTTP.
#include "web/http_server.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <sys/resource.h>

#include "base/listening_socket.h"
#include "tests/long_run.h"
#include "tests/temporary_directory.h"
#include "tests/unix_socket.h"
#include "tests/web/web_client.h"
#include "web/problem.h"

namespace web {
namespace {

using testing::HasSubstr;

class HttpServerTest : public testing::Test {
 protected:
  base::Path socket() const { return directory_.path() / "page"; }

  void start(const HttpLimits& limits = {}) {
    server_.emplace(
        base::listen_on_path(socket()), limits,
        [this](HttpRequest& request) { return answer_to(request); }, admit_);
  }

  HttpAnswer answer_to(const HttpRequest& request) {
    ++handled_;
    if (request.target == "/stream") return stream();
    if (request.target == "/wait") return waiting_stream();
    if (request.target == "/endless") return endless_stream();
    if (request.target == "/large") {
      return HttpAnswer{.body = std::string(std::size_t{8} << 20U, 'x'), .held = {held_}};
    }
    if (request.target == "/slow") std::this_thread::sleep_for(std::chrono::milliseconds(2'500));
    return HttpAnswer{.headers = {{"X-Method", request.method}, {"X-Target", request.target}},
                      .body = request.body};
  }

  HttpAnswer stream() {
    HttpAnswer answer{.body = "first"};
    answer.more = [left = 2]() mutable { return left-- > 0 ? std::string("more") : std::string(); };
    return answer;
  }

  HttpAnswer endless_stream() {
    HttpAnswer answer{.held = {held_}};
    answer.more = [] { return std::string(65'536, 'x'); };
    return answer;
  }

  // Sends a request, and returns the connection when an answer has begun.
  base::Fd begin(const std::string& target) {
    base::Fd connection = tests::connect_to_socket(socket());
    const std::string request =
        "GET " + target + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    EXPECT_GT(::send(connection.get(), request.data(), request.size(), MSG_NOSIGNAL), 0);
    char byte = 0;
    EXPECT_EQ(::recv(connection.get(), &byte, 1, 0), 1);
    return connection;
  }

  // Whether no answer holds it soon. The test's own pointer must be gone.
  static bool is_given_back(const std::weak_ptr<void>& held) {
    for (int look = 0; look < 1'200 && !held.expired(); ++look) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    return held.expired();
  }

  HttpAnswer waiting_stream() {
    HttpAnswer answer{.body = "first"};
    answer.more = [this]() -> std::string {
      while (!may_go_on_) std::this_thread::sleep_for(std::chrono::milliseconds(50));
      return {};
    };
    return answer;
  }

  void TearDown() override { may_go_on_ = true; }

  WebAnswer send(const std::string& bytes) {
    return parse_web_answer(tests::exchange(socket(), bytes));
  }

  tests::TemporaryDirectory directory_;
  std::atomic<int> handled_{0};
  std::atomic<bool> may_go_on_{false};
  std::shared_ptr<void> held_ = std::make_shared<int>();
  HttpServer::Admit admit_;
  std::optional<HttpServer> server_;
};

constexpr const char* kEnd = "Host: x\r\nConnection: close\r\n\r\n";

TEST_F(HttpServerTest, ARequestArrivesAsItWasSent) {
  start();
  const WebAnswer answer = send(std::string("GET /a%2Fb/%2e%2e?c=%41+d HTTP/1.1\r\n") + kEnd);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.headers.at("x-target"), "/a%2Fb/%2e%2e?c=%41+d");
  EXPECT_EQ(
      send("POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 4\r\n\r\nbody").body,
      "body");
  EXPECT_EQ(send("POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n"
                 "\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n")
                .body,
            "abc");
}

TEST_F(HttpServerTest, AnAnswerInPiecesIsComplete) {
  start();
  EXPECT_EQ(send(std::string("GET /stream HTTP/1.1\r\n") + kEnd).body, "firstmoremore");
}

TEST_F(HttpServerTest, WhatIsTooLargeIsRefusedBeforeItIsHandled) {
  start({.body = 10'000});
  const WebAnswer answer =
      send("POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 10001\r\n\r\n");
  EXPECT_EQ(answer.status, 413);
  EXPECT_THAT(answer.headers.at("content-security-policy"), HasSubstr("default-src 'none'"));
  EXPECT_GE(
      send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n").status,
      400);
  // Without a length that could be refused beforehand.
  std::string chunks;
  for (int count = 0; count < 20; ++count) chunks += "3e8\r\n" + std::string(1'000, 'x') + "\r\n";
  EXPECT_EQ(send("POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n"
                 "\r\n" +
                 chunks + "0\r\n\r\n")
                .status,
            413);
  const std::string header = "X: " + std::string(60'000, 'x') + "\r\n";
  EXPECT_GE(send("GET / HTTP/1.1\r\n" + header + kEnd).status, 400);
  EXPECT_GE(send("GET /" + std::string(60'000, 'x') + " HTTP/1.1\r\n" + kEnd).status, 400);
  EXPECT_EQ(handled_, 0);
}

TEST_F(HttpServerTest, AllBodiesTogetherAreBounded) {
  start({.body = 100'000, .bodies = 150'000});
  // All announce the same, and the slow ones do not finish.
  const std::string head =
      "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 90000\r\n\r\n";
  const std::string begin = head + std::string(80'000, 'x');
  std::vector<base::Fd> slow;
  WebAnswer other;
  // Until the bytes of a slow one have been taken; the others of them are refused.
  for (int attempt = 0; attempt < 50 && other.status != 423; ++attempt) {
    slow.push_back(tests::connect_to_socket(socket()));
    std::size_t sent = 0;
    while (sent < begin.size()) {
      const ssize_t now =
          ::send(slow.back().get(), begin.data() + sent, begin.size() - sent, MSG_NOSIGNAL);
      ASSERT_GT(now, 0);
      sent += static_cast<std::size_t>(now);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    other = send(head + std::string(90'000, 'y'));
  }
  EXPECT_EQ(other.status, 423);
}

TEST_F(HttpServerTest, ABodyThatIsOnlyAnnouncedKeepsNoOtherOut) {
  start({.body = 100'000, .bodies = 100'000});
  const std::string head =
      "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 90000\r\n\r\n";
  std::vector<base::Fd> slow;
  for (int attempt = 0; attempt < 10; ++attempt) {
    if (attempt < 3) {
      slow.push_back(tests::connect_to_socket(socket()));
      const std::string begun = head + "x";
      ASSERT_GT(::send(slow.back().get(), begun.data(), begun.size(), MSG_NOSIGNAL), 0);
    }
    EXPECT_EQ(send(head.substr(0, head.find("90000")) + "40000\r\n\r\n" + std::string(40'000, 'y'))
                  .status,
              200);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

TEST_F(HttpServerTest, TheHeadDecidesHowLongABodyMayBe) {
  std::vector<std::optional<std::uint64_t>> announced;
  admit_ = [&](HttpRequest& request, std::optional<std::uint64_t> bytes) -> std::uint64_t {
    announced.push_back(bytes);
    EXPECT_EQ(request.body, "");
    if (request.target == "/refused") throw Problem(ProblemKind::kUnauthenticated);
    return request.target == "/short" ? 4 : 1'000'000;
  };
  start({.body = 10'000});
  const auto post = [&](const std::string& target, std::size_t size) {
    return send("POST " + target + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: " +
                std::to_string(size) + "\r\n\r\n" + std::string(size, 'x'))
        .status;
  };
  const auto chunked = [&](const std::string& target) {
    return send("POST " + target +
                " HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
                "5\r\nabcde\r\n0\r\n\r\n")
        .status;
  };
  EXPECT_EQ(post("/short", 4), 200);
  EXPECT_EQ(post("/short", 5), 413);
  EXPECT_EQ(chunked("/short"), 413);
  EXPECT_EQ(post("/refused", 4), 401);
  EXPECT_EQ(chunked("/refused"), 401);
  EXPECT_EQ(post("/long", 10'000), 200);
  EXPECT_EQ(post("/long", 10'001), 413) << "the server's own limit holds, too";
  EXPECT_EQ(chunked("/long"), 200);
  EXPECT_EQ(handled_, 3);
  const std::vector<std::optional<std::uint64_t>> expected = {4, 5, {}, 4, {}, 10'000, {}};
  EXPECT_EQ(announced, expected);
  EXPECT_EQ(send(std::string("GET / HTTP/1.1\r\n") + kEnd).status, 200);
  EXPECT_EQ(announced.size(), 7U) << "a request without a body";
}

TEST_F(HttpServerTest, AnAnswerHoldsWhatItHoldsUntilItHasBeenSent) {
  start();
  const base::Fd connection = begin("/large");
  const std::weak_ptr<void> held = held_;
  held_.reset();
  EXPECT_FALSE(held.expired()) << "no socket has room for it";
  EXPECT_GT(tests::read_to_end(connection).size(), std::size_t{8} << 20U);
  EXPECT_TRUE(is_given_back(held));
}

TEST_F(HttpServerTest, AReaderThatDoesNotReadIsDisconnected) {
  start({.idle = std::chrono::seconds(1)});
  for (const char* const target : {"/large", "/endless"}) {
    held_ = std::make_shared<int>();
    const base::Fd connection = begin(target);
    const std::weak_ptr<void> held = held_;
    held_.reset();
    EXPECT_TRUE(is_given_back(held)) << target;
  }
}

TEST_F(HttpServerTest, AnAnswerMayTakeLongerThanAClientMayBeSilent) {
  start({.idle = std::chrono::seconds(1)});
  EXPECT_EQ(send(std::string("GET /slow HTTP/1.1\r\n") + kEnd).status, 200);
}

TEST_F(HttpServerTest, WhatIsNotHttpDoesNoHarm) {
  start();
  for (const std::string& bytes :
       {std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11),
        std::string("\r\n\r\n\r\n"), std::string("GET\r\n\r\n"),
        std::string("GET / HTTP/9.9\r\n\r\n"), std::string("GET / HTTP/1.1\r\nHost x\r\n\r\n"),
        std::string(1'000, '\0') + "\r\n\r\n",
        std::string("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n"),
        std::string("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n")}) {
    const base::Fd connection = tests::connect_to_socket(socket());
    static_cast<void>(::send(connection.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL));
    ::shutdown(connection.get(), SHUT_WR);
    const WebAnswer answer = parse_web_answer(tests::read_to_end(connection));
    EXPECT_TRUE(answer.status == 0 || answer.status >= 400) << bytes << answer.status;
  }
  EXPECT_EQ(send(std::string("GET / HTTP/1.1\r\n") + kEnd).status, 200) << "it still answers";
}

TEST_F(HttpServerTest, ASilentClientIsDisconnected) {
  start({.idle = std::chrono::seconds(1)});
  const base::Fd connection = tests::connect_to_socket(socket());
  const std::string half = "GET / HTTP/1.1\r\nHost";
  ASSERT_GT(::send(connection.get(), half.data(), half.size(), MSG_NOSIGNAL), 0);
  const WebAnswer answer = parse_web_answer(tests::read_to_end(connection));
  EXPECT_TRUE(answer.status == 0 || answer.status == 408) << answer.status;
  EXPECT_EQ(handled_, 0);
}

TEST_F(HttpServerTest, SilentClientsBelowTheLimitKeepNoOtherOut) {
  start({.connections = 220});
  std::vector<base::Fd> silent;
  for (int count = 0; count < 200; ++count) silent.push_back(tests::connect_to_socket(socket()));
  EXPECT_EQ(send(std::string("GET / HTTP/1.1\r\n") + kEnd).status, 200);
}

// As many streams of events as there may be; a plain request is answered beside them.
TEST_F(HttpServerTest, OpenStreamsKeepNoOtherOut) {
  const unsigned count = tests::is_long_run() ? 1'000 : 150;
  rlimit files{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &files), 0);
  files.rlim_cur = std::min<rlim_t>(files.rlim_max, 4'096);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &files), 0);
  start({.connections = count + 20});
  std::vector<base::Fd> streams;
  for (unsigned number = 0; number < count; ++number) {
    streams.push_back(tests::connect_to_socket(socket()));
    const std::string request = "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n";
    ASSERT_GT(::send(streams.back().get(), request.data(), request.size(), MSG_NOSIGNAL), 0);
  }
  std::array<char, 16> begin{};
  for (const base::Fd& stream : streams) {
    ASSERT_GT(::recv(stream.get(), begin.data(), begin.size(), 0), 0);
  }
  EXPECT_EQ(send(std::string("GET / HTTP/1.1\r\n") + kEnd).status, 200);
  may_go_on_ = true;
}

TEST_F(HttpServerTest, ItEndsWhenAllHaveGone) {
  start();
  {
    const base::Fd open = tests::connect_to_socket(socket());
    static_cast<void>(send(std::string("GET / HTTP/1.1\r\n") + kEnd));  // so that it was accepted
    EXPECT_FALSE(server_->end(std::chrono::milliseconds(100)));
  }
  server_.reset();
}

}  // namespace
}  // namespace web
