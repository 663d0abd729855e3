// A typed password is gone from the web server's memory when the request is over.
#include <algorithm>
#include <array>
#include <thread>
#include <vector>

#include <gmock/gmock.h>

#include "base/listening_socket.h"
#include "base/wiping_heap.h"
#include "tests/memory_search.h"
#include "tests/temporary_directory.h"
#include "tests/unix_socket.h"
#include "tests/web/web_client.h"
#include "web/http_server.h"
#include "web/site.h"

namespace web {
namespace {

constexpr std::string_view kTyped = "a password that only alice knows, and types";

// A desk that knows the session, refuses everything else, and keeps nothing of a request.
void answer_and_forget(const base::Fd& socket) {
  std::vector<char> piece(4'096);
  while (std::ranges::find(piece, '\n') == piece.end() &&
         ::recv(socket.get(), piece.data(), piece.size(), 0) > 0) {
  }
  const std::string_view asked(piece.data(), piece.size());
  const std::string_view answer =
      asked.find(R"("request":"me")") != std::string_view::npos
          ? R"({"ok":true,"person":"alice","role":"owner","account":"alice"})"
            "\n"
          : R"({"ok":false,"error":{"code":"refused","message":"no"}})"
            "\n";
  static_cast<void>(::send(socket.get(), answer.data(), answer.size(), MSG_NOSIGNAL));
}

base::Fd refusing_desk() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) return {};
  std::thread([end = ends[1]] { answer_and_forget(base::Fd(end)); }).detach();
  return base::Fd(ends[0]);
}

std::string request_with_password(const std::string& path) {
  const std::string body = path.ends_with("confirm")
                               ? json{{"password", kTyped}}.dump()
                               : json{{"user", "alice"}, {"password", kTyped}}.dump();
  return "POST " + path +
         " HTTP/1.1\r\nHost: restore.example.org\r\nX-Real-IP: 192.0.2.7\r\nConnection: close\r\n"
         "Sec-Fetch-Site: same-origin\r\nX-Mailstow: 1\r\nContent-Type: application/json\r\n"
         "Cookie: __Host-mailstow=" +
         std::string(64, 'a') + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         body;
}

// The memory of a connection is given back a moment after the client has seen its end.
bool is_gone(const tests::MemorySearch& search) {
  for (int look = 0; look < 100; ++look) {
    if (search.found().empty()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  return false;
}

TEST(WipedPasswordTest, APasswordLeavesNoCopyInTheMemoryOfTheServer) {
  base::wipe_freed_memory();
  const tests::TemporaryDirectory directory;
  const base::Path socket = directory.path() / "page";
  const Settings settings =
      parse_settings(R"({"desk": "/d", "url": "https://restore.example.org"})");
  const DeskClient desk(refusing_desk);
  const Renderer renderer("/nonexistent");
  Site site(settings, desk, renderer);
  const HttpServer server(
      base::listen_on_path(socket), {}, [&](HttpRequest& request) { return site.answer(request); },
      [&](HttpRequest& request, std::optional<std::uint64_t> announced) {
        return site.admit(request, announced);
      });
  // The heap itself overwrites the first bytes of what it keeps for later.
  const tests::MemorySearch search(kTyped.substr(kTyped.find("that")));
  for (const char* const path : {"/api/v1/session", "/api/v1/session/confirm"}) {
    {
      const std::string request = request_with_password(path);
      EXPECT_THAT(search.found(), testing::Not(testing::IsEmpty()));
      EXPECT_EQ(parse_web_answer(tests::exchange(socket, request)).code(), "refused");
    }
    EXPECT_TRUE(is_gone(search)) << path << testing::PrintToString(search.found());
  }
}

}  // namespace
}  // namespace web
