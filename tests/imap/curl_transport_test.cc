// Real and fake servers before the login is complete.
#include "imap/curl_transport.h"

#include <array>
#include <cstdlib>
#include <thread>

#include "tests/expect_error.h"
#include "tests/imap/fake_server.h"

namespace imap {
namespace {

constexpr const char* kGreeting = "* OK ready\r\n";
constexpr const char* kCapabilities = "* CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN STARTTLS\r\n";

std::unique_ptr<Transport> connect(const std::string& url, TlsMode tls,
                                   const std::string& acting_as = {}) {
  Endpoint endpoint;
  endpoint.url = url;
  endpoint.tls = tls;
  endpoint.connect_timeout = std::chrono::seconds(10);
  return connect_with_curl(endpoint, {"alice", base::Secret("secret"), acting_as});
}

// Everything that the client sent to a server with this greeting and these capabilities.
std::vector<std::string> sent_by_client(std::string_view greeting, std::string_view capabilities,
                                        TlsMode tls) {
  std::vector<std::string> lines;
  {
    const FakeServer server([&](FakeConnection& connection) {
      connection.send(greeting);
      for (std::string line = connection.read_line(); !line.empty();
           line = connection.read_line()) {
        lines.push_back(line);
        const bool asks = line.find(" CAPABILITY") != std::string::npos;
        connection.send(std::string(asks ? capabilities : "") + line.substr(0, line.find(' ')) +
                        " OK done\r\n");
      }
    });
    try {
      connect(server.url(), tls);
    } catch (const base::Error&) {
      // Only the bytes sent matter, not the result.
    }
  }
  return lines;
}

TEST(CurlTransportTest, RejectsUrlsThatAreNotServers) {
  for (const char* url : {"http://127.0.0.1", "imap://", "127.0.0.1", "imaps://alice@127.0.0.1",
                          "imap://127.0.0.1/INBOX", "imap://127.0.0.1/;UID=1", "file:///etc/passwd",
                          "imap://127.0.0.1?x", "imap://127.0.0.1:99999", ""}) {
    EXPECT_ERROR(kConfig, "not an IMAP server's url", connect(url, TlsMode::kNone));
  }
}

// The resolver gives up before the client does, even if no name server answers.
void limit_resolver() {
  ::setenv("RES_OPTIONS", "timeout:1 attempts:1", 1);
}

TEST(CurlTransportTest, ReportsAnUnreachableServer) {
  limit_resolver();
  for (const char* url : {"imap://127.0.0.1:1", "imap://[::1]:1"}) {
    EXPECT_ERROR(kNetwork, "check that the server runs", connect(url, TlsMode::kNone));
  }
  EXPECT_ERROR(kNetwork, "no such host", connect("imap://no-such-host.invalid", TlsMode::kNone));
}

TEST(CurlTransportTest, NeverSendsThePasswordWithoutTls) {
  for (const std::string_view capabilities : {"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n", ""}) {
    for (const std::string& line : sent_by_client(kGreeting, capabilities, TlsMode::kRequired)) {
      EXPECT_THAT(line, testing::EndsWith(" CAPABILITY"));
    }
  }
  const FakeServer stripped([](FakeConnection& connection) {
    connection.send(kGreeting);
    connection.answer("OK done", "* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n");
    connection.read_line();
  });
  EXPECT_ERROR(kTls, "no STARTTLS", connect(stripped.url(), TlsMode::kRequired));
}

TEST(CurlTransportTest, StopsIfStarttlsIsRefused) {
  const FakeServer server([](FakeConnection& connection) {
    connection.send(kGreeting);
    connection.answer("OK done", kCapabilities);
    connection.answer("NO not today");
    EXPECT_EQ(connection.read_line(), "");
  });
  EXPECT_ERROR(kTls, "STARTTLS", connect(server.url(), TlsMode::kRequired));
}

TEST(CurlTransportTest, RejectsDataAfterTheResponseToStarttls) {
  const FakeServer server([](FakeConnection& connection) {
    connection.send(kGreeting);
    connection.answer("OK done", kCapabilities);
    connection.answer("OK go on\r\n* CAPABILITY IMAP4rev1 injected");
    connection.read_line();
  });
  EXPECT_ERROR(kTls, "data after its response to STARTTLS",
               connect(server.url(), TlsMode::kRequired));
}

TEST(CurlTransportTest, RejectsPreauthWhichWouldSkipTls) {
  const auto serve = [](FakeConnection& connection) {
    connection.send("* PREAUTH welcome home\r\n");
    connection.answer("OK done", kCapabilities);
    EXPECT_EQ(connection.read_line(), "");
  };
  const FakeServer required(serve);
  EXPECT_ERROR(kTls, "PREAUTH", connect(required.url(), TlsMode::kRequired));
  const FakeServer plain(serve);
  EXPECT_ERROR(kLogin, "the account can't be verified", connect(plain.url(), TlsMode::kNone));
}

TEST(CurlTransportTest, ReportsWhyTheServerHangsUp) {
  const FakeServer at_once(
      [](FakeConnection& connection) { connection.send("* BYE Too many connections\x1b[2J\r\n"); });
  EXPECT_ERROR(kNetwork, "closed the connection: BYE Too many connections\\x1B[2J",
               connect(at_once.url(), TlsMode::kNone));
  const FakeServer mute([](FakeConnection&) {});
  EXPECT_ERROR(kNetwork, "try again later", connect(mute.url(), TlsMode::kNone));
}

TEST(CurlTransportTest, GivesUpOnASilentServer) {
  const FakeServer server([](FakeConnection& connection) { connection.read_line(); });
  Endpoint endpoint;
  endpoint.url = server.url();
  endpoint.tls = TlsMode::kNone;
  endpoint.connect_timeout = std::chrono::milliseconds(100);
  EXPECT_ERROR(kNetwork, "no response within",
               connect_with_curl(endpoint, {"alice", base::Secret("secret"), {}}));
}

TEST(CurlTransportTest, DistinguishesTemporaryFromPermanentRefusals) {
  const auto refuse = [](std::string_view words) {
    return [words](FakeConnection& connection) {
      connection.send(kGreeting);
      connection.answer("OK done", kCapabilities);
      connection.answer(words);
      connection.answer("NO no");  // if another mechanism is tried
    };
  };
  const FakeServer busy(refuse("NO [UNAVAILABLE] the user database is down"));
  EXPECT_ERROR(kNetwork, "refused for now", connect(busy.url(), TlsMode::kNone, "bob"));
  const FakeServer strict(refuse("NO [AUTHORIZATIONFAILED] not you"));
  EXPECT_ERROR(kLogin,
               "login of alice as bob: the server refused: NO [AUTHORIZATIONFAILED] not you",
               connect(strict.url(), TlsMode::kNone, "bob"));
}

TEST(CurlTransportTest, LogsInForAnotherUserOnlyWithPlain) {
  const FakeServer server([](FakeConnection& connection) {
    connection.send(kGreeting);
    connection.answer("OK done", "* CAPABILITY IMAP4rev1 SASL-IR AUTH=CRAM-MD5 AUTH=PLAIN\r\n");
    const std::string login = connection.read_line();
    // bob NUL alice NUL secret
    EXPECT_THAT(login, testing::EndsWith(" AUTHENTICATE PLAIN Ym9iAGFsaWNlAHNlY3JldA=="));
    connection.send(login.substr(0, login.find(' ')) + " OK in\r\n");
  });
  EXPECT_TRUE(connect(server.url(), TlsMode::kNone, "bob"));
  const FakeServer without([](FakeConnection& connection) {
    connection.send(kGreeting);
    connection.answer("OK done", "* CAPABILITY IMAP4rev1 AUTH=CRAM-MD5\r\n");
    EXPECT_EQ(connection.read_line(), "");
  });
  EXPECT_ERROR(kLogin, "a login on behalf of another user needs AUTH=PLAIN",
               connect(without.url(), TlsMode::kNone, "bob"));
}

// The client's authentication command to a server with these `capabilities`.
std::string authentication(std::string_view capabilities, const Login& login) {
  std::string line;
  {
    const FakeServer server([&](FakeConnection& connection) {
      connection.send(kGreeting);
      connection.answer("OK done",
                        "* CAPABILITY IMAP4rev1 SASL-IR " + std::string(capabilities) + "\r\n");
      line = connection.read_line();
      if (!line.empty()) connection.send(line.substr(0, line.find(' ')) + " OK in\r\n");
    });
    Endpoint endpoint;
    endpoint.url = server.url();
    endpoint.tls = TlsMode::kNone;
    try {
      connect_with_curl(endpoint, login);
    } catch (const base::Error& error) {
      return error.what();
    }
  }
  return line.substr(line.find(' ') + 1);
}

TEST(CurlTransportTest, SendsATokenWithTheOfferedOrConfiguredMechanism) {
  constexpr std::string_view kBoth = "AUTH=CRAM-MD5 AUTH=PLAIN AUTH=XOAUTH2 AUTH=OAUTHBEARER";
  const base::Secret token("ya29.token");
  // user=alice ^A auth=Bearer ya29.token ^A ^A
  const std::string xoauth2 =
      "AUTHENTICATE XOAUTH2 dXNlcj1hbGljZQFhdXRoPUJlYXJlciB5YTI5LnRva2VuAQE=";
  EXPECT_EQ(authentication(kBoth, {"alice", token, "", LoginMethod::kXoauth2}), xoauth2);
  EXPECT_EQ(authentication("AUTH=PLAIN AUTH=XOAUTH2", {"alice", token, "", LoginMethod::kOauth}),
            xoauth2);
  // An application's token is sent with the account's name.
  EXPECT_EQ(authentication(kBoth, {"app", token, "alice", LoginMethod::kXoauth2}), xoauth2);
  for (const LoginMethod method : {LoginMethod::kOauth, LoginMethod::kOauthBearer}) {
    // n,a=alice,^Ahost=...
    EXPECT_THAT(authentication(kBoth, {"alice", token, "", method}),
                testing::StartsWith("AUTHENTICATE OAUTHBEARER bixhPWFsaWNlLAFob3N0P"));
  }
  EXPECT_THAT(authentication("AUTH=PLAIN AUTH=LOGIN", {"alice", token, "", LoginMethod::kOauth}),
              testing::HasSubstr("a token needs AUTH=OAUTHBEARER;AUTH=XOAUTH2"));
}

TEST(CurlTransportTest, ReportsARefusedToken) {
  const FakeServer server([](FakeConnection& connection) {
    connection.send(kGreeting);
    connection.answer("OK done", "* CAPABILITY IMAP4rev1 SASL-IR AUTH=XOAUTH2\r\n");
    connection.read_line();
    connection.send("+ eyJzdGF0dXMiOiI0MDEifQ==\r\n");
    connection.read_line();
  });
  Endpoint endpoint;
  endpoint.url = server.url();
  endpoint.tls = TlsMode::kNone;
  EXPECT_ERROR(
      kLogin, "the server refused: check user and token",
      connect_with_curl(endpoint, {"alice", base::Secret("ya29.token"), "", LoginMethod::kOauth}));
}

TEST(CurlTransportTest, SendsTheAccountNameWithACertificate) {
  // alice
  EXPECT_EQ(authentication("AUTH=PLAIN AUTH=EXTERNAL", {"alice", {}, "", LoginMethod::kExternal}),
            "AUTHENTICATE EXTERNAL YWxpY2U=");
  EXPECT_EQ(authentication("AUTH=EXTERNAL", {"backup", {}, "alice", LoginMethod::kExternal}),
            "AUTHENTICATE EXTERNAL YWxpY2U=");
  EXPECT_THAT(authentication("AUTH=PLAIN", {"alice", {}, "", LoginMethod::kExternal}),
              testing::HasSubstr("a login by certificate needs AUTH=EXTERNAL"));
}

TEST(CurlTransportTest, ConnectsThroughAProxyThatRequiresALogin) {
  limit_resolver();
  std::vector<std::string> asked;
  const FakeServer proxy([&asked](FakeConnection& connection) {
    for (std::string line = connection.read_line(); !line.empty(); line = connection.read_line()) {
      asked.push_back(line);
    }
    connection.send("HTTP/1.1 200 go on\r\n\r\n");
    connection.send(kGreeting);
    connection.answer("OK done", kCapabilities);
    connection.answer("OK in");
  });
  Endpoint endpoint;
  endpoint.url = "imap://mail.invalid:143";
  endpoint.tls = TlsMode::kNone;
  endpoint.proxy.url = "http" + proxy.url().substr(4);
  endpoint.proxy.user = "us";
  endpoint.proxy.password = base::Secret("proxy-secret");
  EXPECT_TRUE(connect_with_curl(endpoint, {"alice", base::Secret("secret"), ""}));
  EXPECT_THAT(asked, testing::Contains("CONNECT mail.invalid:143 HTTP/1.1"));
  // us:proxy-secret
  EXPECT_THAT(asked, testing::Contains("Proxy-Authorization: Basic dXM6cHJveHktc2VjcmV0"));
  const FakeServer strict([](FakeConnection& connection) {
    while (!connection.read_line().empty()) continue;
    connection.send("HTTP/1.1 407 not you\r\nContent-Length: 0\r\n\r\n");
  });
  endpoint.proxy.url = "http" + strict.url().substr(4);
  EXPECT_ERROR(kNetwork, "407: check proxy and proxy_login",
               connect_with_curl(endpoint, {"alice", base::Secret("secret"), ""}));
  endpoint.proxy.url = "socks5h://no-such-proxy.invalid";
  EXPECT_ERROR(kNetwork, "check the url, the proxy",
               connect_with_curl(endpoint, {"alice", base::Secret("secret"), ""}));
}

TEST(CurlTransportTest, ReportsAnUnusableClientCertificate) {
  Endpoint endpoint;
  const FakeServer server([](FakeConnection& connection) { connection.read_line(); });
  endpoint.url = "imaps" + server.url().substr(4);
  endpoint.certificate.file = "/nowhere/client.pem";
  EXPECT_ERROR(kTls, "check client_certificate",
               connect_with_curl(endpoint, {"alice", {}, "", LoginMethod::kExternal}));
}

TEST(CurlTransportTest, CarriesBytesUntilTheServerCloses) {
  const FakeServer server([](FakeConnection& connection) {
    connection.send(kGreeting);
    connection.answer("OK done", kCapabilities);
    connection.answer("OK in");
    EXPECT_EQ(connection.read_line(), "ping");
    connection.send("pong");
  });
  const auto transport = connect(server.url(), TlsMode::kNone);
  EXPECT_EQ(transport->send(base::as_bytes("ping\r\n")), 6U);
  std::array<std::byte, 16> buffer{};
  std::size_t received = 0;
  while ((received = transport->receive(buffer)) == 0) {
    ASSERT_TRUE(transport->wait(false, std::chrono::seconds(10)));
  }
  EXPECT_EQ(base::as_text(std::span(buffer).first(received)), "pong");
  EXPECT_TRUE(transport->wait(false, std::chrono::seconds(10)));
  EXPECT_ERROR(kNetwork, "the server closed the connection", transport->receive(buffer));
  // The peer has closed: SIGPIPE would kill the test here. The transport is always ready now, so a
  // wait for it would leave the system no time to deliver the peer's answer to the first bytes.
  const auto keep_sending = [&transport] {
    for (int attempt = 0; attempt < 10'000; ++attempt) {
      transport->send(base::as_bytes("ping\r\n"));
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  };
  EXPECT_ERROR(kNetwork, "the connection is lost", keep_sending());
}

}  // namespace
}  // namespace imap
