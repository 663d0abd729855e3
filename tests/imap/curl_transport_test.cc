// Servers, and those who pretend to be one, before the login is done.
#include "imap/curl_transport.h"

#include <array>

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

// All that the client said to a server that serves so.
std::vector<std::string> heard(std::string_view greeting, std::string_view capabilities,
                               TlsMode tls) {
  std::vector<std::string> lines;
  {
    const FakeServer server([&](FakeConnection& connection) {
      connection.say(greeting);
      for (std::string line = connection.hear(); !line.empty(); line = connection.hear()) {
        lines.push_back(line);
        const bool asks = line.find(" CAPABILITY") != std::string::npos;
        connection.say(std::string(asks ? capabilities : "") + line.substr(0, line.find(' ')) +
                       " OK done\r\n");
      }
    });
    try {
      connect(server.url(), tls);
    } catch (const base::Error&) {
      // What it said is of interest, not what came of it.
    }
  }
  return lines;
}

TEST(CurlTransportTest, RefusesUrlsThatAreNoServers) {
  for (const char* url : {"http://127.0.0.1", "imap://", "127.0.0.1", "imaps://alice@127.0.0.1",
                          "imap://127.0.0.1/INBOX", "imap://127.0.0.1/;UID=1", "file:///etc/passwd",
                          "imap://127.0.0.1?x", "imap://127.0.0.1:99999", ""}) {
    EXPECT_ERROR(kConfig, "not an IMAP server's url", connect(url, TlsMode::kNone));
  }
}

TEST(CurlTransportTest, SaysThatNobodyIsThere) {
  std::string url;
  {
    url = FakeServer([](FakeConnection&) {}).url();
  }
  EXPECT_ERROR(kNetwork, "check that the server runs", connect(url, TlsMode::kNone));
  EXPECT_ERROR(kNetwork, "check that the server runs", connect("imap://[::1]:1", TlsMode::kNone));
  EXPECT_ERROR(kNetwork, "no such host", connect("imap://no-such-host.invalid", TlsMode::kNone));
}

TEST(CurlTransportTest, NeverSaysThePasswordWithoutTls) {
  for (const std::string_view capabilities : {"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n", ""}) {
    for (const std::string& line : heard(kGreeting, capabilities, TlsMode::kRequired)) {
      EXPECT_THAT(line, testing::EndsWith(" CAPABILITY"));
    }
  }
  const FakeServer stripped([](FakeConnection& connection) {
    connection.say(kGreeting);
    connection.answer("OK done", "* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n");
    connection.hear();
  });
  EXPECT_ERROR(kTls, "no STARTTLS", connect(stripped.url(), TlsMode::kRequired));
}

TEST(CurlTransportTest, TakesNoForStarttlsForAnEnd) {
  const FakeServer server([](FakeConnection& connection) {
    connection.say(kGreeting);
    connection.answer("OK done", kCapabilities);
    connection.answer("NO not today");
    EXPECT_EQ(connection.hear(), "");
  });
  EXPECT_ERROR(kTls, "STARTTLS", connect(server.url(), TlsMode::kRequired));
}

TEST(CurlTransportTest, RefusesDataBehindTheAnswerToStarttls) {
  const FakeServer server([](FakeConnection& connection) {
    connection.say(kGreeting);
    connection.answer("OK done", kCapabilities);
    connection.answer("OK go on\r\n* CAPABILITY IMAP4rev1 injected");
    connection.hear();
  });
  EXPECT_ERROR(kTls, "data after its response to STARTTLS",
               connect(server.url(), TlsMode::kRequired));
}

TEST(CurlTransportTest, RefusesPreauthWhichWouldSkipTls) {
  const auto serve = [](FakeConnection& connection) {
    connection.say("* PREAUTH welcome home\r\n");
    connection.answer("OK done", kCapabilities);
    EXPECT_EQ(connection.hear(), "");
  };
  const FakeServer required(serve);
  EXPECT_ERROR(kTls, "PREAUTH", connect(required.url(), TlsMode::kRequired));
  const FakeServer plain(serve);
  EXPECT_ERROR(kLogin, "the account can't be verified", connect(plain.url(), TlsMode::kNone));
}

TEST(CurlTransportTest, TellsWhyTheServerHangsUp) {
  const FakeServer at_once(
      [](FakeConnection& connection) { connection.say("* BYE Too many connections\x1b[2J\r\n"); });
  EXPECT_ERROR(kNetwork, "closed the connection: BYE Too many connections\\x1B[2J",
               connect(at_once.url(), TlsMode::kNone));
  const FakeServer mute([](FakeConnection&) {});
  EXPECT_ERROR(kNetwork, "try again later", connect(mute.url(), TlsMode::kNone));
}

TEST(CurlTransportTest, GivesUpOnASilentServer) {
  const FakeServer server([](FakeConnection& connection) { connection.hear(); });
  Endpoint endpoint;
  endpoint.url = server.url();
  endpoint.tls = TlsMode::kNone;
  endpoint.connect_timeout = std::chrono::milliseconds(100);
  EXPECT_ERROR(kNetwork, "no response within",
               connect_with_curl(endpoint, {"alice", base::Secret("secret"), {}}));
}

TEST(CurlTransportTest, TellsRefusalsThatPassFromThoseThatDoNot) {
  const auto refuse = [](std::string_view words) {
    return [words](FakeConnection& connection) {
      connection.say(kGreeting);
      connection.answer("OK done", kCapabilities);
      connection.answer(words);
      connection.answer("NO no");  // should another way be tried
    };
  };
  const FakeServer busy(refuse("NO [UNAVAILABLE] the user database is down"));
  EXPECT_ERROR(kNetwork, "refused for now", connect(busy.url(), TlsMode::kNone, "bob"));
  const FakeServer strict(refuse("NO [AUTHORIZATIONFAILED] not you"));
  EXPECT_ERROR(kLogin,
               "login of alice as bob: the server refused: NO [AUTHORIZATIONFAILED] not you",
               connect(strict.url(), TlsMode::kNone, "bob"));
}

TEST(CurlTransportTest, ActsAsAnotherOnlyByPlain) {
  const FakeServer server([](FakeConnection& connection) {
    connection.say(kGreeting);
    connection.answer("OK done", "* CAPABILITY IMAP4rev1 SASL-IR AUTH=CRAM-MD5 AUTH=PLAIN\r\n");
    const std::string login = connection.hear();
    // bob NUL alice NUL secret
    EXPECT_THAT(login, testing::EndsWith(" AUTHENTICATE PLAIN Ym9iAGFsaWNlAHNlY3JldA=="));
    connection.say(login.substr(0, login.find(' ')) + " OK in\r\n");
  });
  EXPECT_TRUE(connect(server.url(), TlsMode::kNone, "bob"));
  const FakeServer without([](FakeConnection& connection) {
    connection.say(kGreeting);
    connection.answer("OK done", "* CAPABILITY IMAP4rev1 AUTH=CRAM-MD5\r\n");
    EXPECT_EQ(connection.hear(), "");
  });
  EXPECT_ERROR(kLogin, "a login on behalf of another user needs AUTH=PLAIN",
               connect(without.url(), TlsMode::kNone, "bob"));
}

// What the client says to authenticate, to a server that offers `capabilities`.
std::string authentication(std::string_view capabilities, const Login& login) {
  std::string line;
  {
    const FakeServer server([&](FakeConnection& connection) {
      connection.say(kGreeting);
      connection.answer("OK done",
                        "* CAPABILITY IMAP4rev1 SASL-IR " + std::string(capabilities) + "\r\n");
      line = connection.hear();
      if (!line.empty()) connection.say(line.substr(0, line.find(' ')) + " OK in\r\n");
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

TEST(CurlTransportTest, ShowsATokenInTheWayThatIsOfferedOrWanted) {
  constexpr std::string_view kBoth = "AUTH=CRAM-MD5 AUTH=PLAIN AUTH=XOAUTH2 AUTH=OAUTHBEARER";
  const base::Secret token("ya29.token");
  // user=alice ^A auth=Bearer ya29.token ^A ^A
  const std::string xoauth2 =
      "AUTHENTICATE XOAUTH2 dXNlcj1hbGljZQFhdXRoPUJlYXJlciB5YTI5LnRva2VuAQE=";
  EXPECT_EQ(authentication(kBoth, {"alice", token, "", LoginMethod::kXoauth2}), xoauth2);
  EXPECT_EQ(authentication("AUTH=PLAIN AUTH=XOAUTH2", {"alice", token, "", LoginMethod::kOauth}),
            xoauth2);
  // An application's token: the account's name goes with it.
  EXPECT_EQ(authentication(kBoth, {"app", token, "alice", LoginMethod::kXoauth2}), xoauth2);
  for (const LoginMethod method : {LoginMethod::kOauth, LoginMethod::kOauthBearer}) {
    // n,a=alice,^Ahost=...
    EXPECT_THAT(authentication(kBoth, {"alice", token, "", method}),
                testing::StartsWith("AUTHENTICATE OAUTHBEARER bixhPWFsaWNlLAFob3N0P"));
  }
  EXPECT_THAT(authentication("AUTH=PLAIN AUTH=LOGIN", {"alice", token, "", LoginMethod::kOauth}),
              testing::HasSubstr("a token needs AUTH=OAUTHBEARER;AUTH=XOAUTH2"));
}

TEST(CurlTransportTest, SaysThatATokenWasRefused) {
  const FakeServer server([](FakeConnection& connection) {
    connection.say(kGreeting);
    connection.answer("OK done", "* CAPABILITY IMAP4rev1 SASL-IR AUTH=XOAUTH2\r\n");
    connection.hear();
    connection.say("+ eyJzdGF0dXMiOiI0MDEifQ==\r\n");
    connection.hear();
  });
  Endpoint endpoint;
  endpoint.url = server.url();
  endpoint.tls = TlsMode::kNone;
  EXPECT_ERROR(
      kLogin, "the server refused: check user and token",
      connect_with_curl(endpoint, {"alice", base::Secret("ya29.token"), "", LoginMethod::kOauth}));
}

TEST(CurlTransportTest, LeavesItToTheCertificateToSayWhoItIs) {
  // alice
  EXPECT_EQ(authentication("AUTH=PLAIN AUTH=EXTERNAL", {"alice", {}, "", LoginMethod::kExternal}),
            "AUTHENTICATE EXTERNAL YWxpY2U=");
  EXPECT_EQ(authentication("AUTH=EXTERNAL", {"backup", {}, "alice", LoginMethod::kExternal}),
            "AUTHENTICATE EXTERNAL YWxpY2U=");
  EXPECT_THAT(authentication("AUTH=PLAIN", {"alice", {}, "", LoginMethod::kExternal}),
              testing::HasSubstr("a login by certificate needs AUTH=EXTERNAL"));
}

TEST(CurlTransportTest, GoesThroughAProxyThatWantsALogin) {
  std::vector<std::string> asked;
  const FakeServer proxy([&asked](FakeConnection& connection) {
    for (std::string line = connection.hear(); !line.empty(); line = connection.hear()) {
      asked.push_back(line);
    }
    connection.say("HTTP/1.1 200 go on\r\n\r\n");
    connection.say(kGreeting);
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
    while (!connection.hear().empty()) continue;
    connection.say("HTTP/1.1 407 not you\r\nContent-Length: 0\r\n\r\n");
  });
  endpoint.proxy.url = "http" + strict.url().substr(4);
  EXPECT_ERROR(kNetwork, "407: check proxy and proxy_login",
               connect_with_curl(endpoint, {"alice", base::Secret("secret"), ""}));
  endpoint.proxy.url = "socks5h://no-such-proxy.invalid";
  EXPECT_ERROR(kNetwork, "check the url and proxy",
               connect_with_curl(endpoint, {"alice", base::Secret("secret"), ""}));
}

TEST(CurlTransportTest, SaysThatOurOwnCertificateCannotBeUsed) {
  Endpoint endpoint;
  const FakeServer server([](FakeConnection& connection) { connection.hear(); });
  endpoint.url = "imaps" + server.url().substr(4);
  endpoint.certificate.file = "/nowhere/client.pem";
  EXPECT_ERROR(kTls, "check client_certificate",
               connect_with_curl(endpoint, {"alice", {}, "", LoginMethod::kExternal}));
}

TEST(CurlTransportTest, CarriesBytesUntilTheServerLeaves) {
  const FakeServer server([](FakeConnection& connection) {
    connection.say(kGreeting);
    connection.answer("OK done", kCapabilities);
    connection.answer("OK in");
    EXPECT_EQ(connection.hear(), "ping");
    connection.say("pong");
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
  // The other end is closed: SIGPIPE would end the test here.
  const auto keep_sending = [&transport] {
    for (int attempt = 0; attempt < 1000; ++attempt) {
      transport->send(base::as_bytes("ping\r\n"));
      transport->wait(true, std::chrono::milliseconds(1));
    }
  };
  EXPECT_ERROR(kNetwork, "the connection is lost", keep_sending());
}

}  // namespace
}  // namespace imap
