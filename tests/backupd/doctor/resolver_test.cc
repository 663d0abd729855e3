// DNS lookups, and the findings of doctor that depend on them: senders and servers.
#include "backupd/doctor/resolver.h"

#include <gmock/gmock.h>

#include "backupd/doctor/checks.h"
#include "backupd/doctor/url_host.h"
#include "tests/expect_error.h"
#include "tests/servers/name_server.h"
#include "tests/servers/ports.h"

namespace backupd {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

class ResolverTest : public testing::Test {
 protected:
  static Resolver asking(const servers::NameServer& server) {
    return Resolver(NameServer{servers::NameServer::host(), server.port()});
  }

  // The only finding for a machine that sends from 192.0.2.25.
  Finding of_sender(const std::string& address, const std::string& hello_name) const {
    const auto findings = check_sending_address(resolver_, address, hello_name);
    EXPECT_THAT(findings, SizeIs(1));
    return findings.front();
  }

  servers::NameServer server_{{{{"mail.example.test", "192.0.2.25"},
                                {"mail.example.test", "2001:db8::25"},
                                {"elsewhere.example.test", "192.0.2.99"},
                                {"imap.example.test", "127.0.0.1"},
                                {"imap.example.test", "127.0.0.9"}},
                               {{"25.2.0.192.in-addr.arpa", "mail.example.test"},
                                {"26.2.0.192.in-addr.arpa", "elsewhere.example.test"},
                                {"5.2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2."
                                 "ip6.arpa",
                                 "mail.example.test"}}}};
  Resolver resolver_ = asking(server_);
};

TEST_F(ResolverTest, FindsAddressesAndNames) {
  EXPECT_THAT(resolver_.addresses("mail.example.test"),
              UnorderedElementsAre("192.0.2.25", "2001:db8::25"));
  EXPECT_THAT(resolver_.names_of("192.0.2.25"), ElementsAre("mail.example.test"));
  EXPECT_THAT(resolver_.names_of("2001:db8::25"), ElementsAre("mail.example.test"));
  EXPECT_THAT(resolver_.addresses("nowhere.example.test"), IsEmpty());
  EXPECT_THAT(resolver_.names_of("192.0.2.1"), IsEmpty());
  EXPECT_THAT(resolver_.names_of("no address"), IsEmpty());
  EXPECT_THAT(resolver_.host_addresses("127.0.0.1"), ElementsAre("127.0.0.1"));
  EXPECT_THAT(Resolver().host_addresses("localhost"), testing::Contains("127.0.0.1"));
}

TEST_F(ResolverTest, FailsIfTheNameServerDoesNotAnswer) {
  const servers::Port unused = servers::free_port(servers::kHost);
  const Resolver silent(NameServer{servers::kHost, unused.number()});
  EXPECT_ERROR(kNetwork, "look up mail.example.test: ", silent.addresses("mail.example.test"));
  // A refusal is not an empty answer either: this server answers only for names below .test.
  EXPECT_ERROR(kNetwork, "look up example.com: ", resolver_.addresses("example.com"));
}

TEST_F(ResolverTest, ParsesANameServerAsAddressAndPort) {
  EXPECT_EQ(parse_name_server("192.0.2.1"), (NameServer{"192.0.2.1", 53}));
  EXPECT_EQ(parse_name_server(server_.endpoint()), (NameServer{"127.0.0.1", server_.port()}));
  for (const char* wrong : {"", "ns.example.org", "192.0.2.1:", "192.0.2.1:x", "192.0.2.1:99999"}) {
    EXPECT_EQ(parse_name_server(wrong), std::nullopt) << wrong;
  }
}

TEST_F(ResolverTest, AcceptsASenderWhoseForwardAndReverseDnsAgree) {
  EXPECT_EQ(of_sender("192.0.2.25", "mail.example.test").state, FindingState::kOk);
  EXPECT_EQ(of_sender("2001:db8::25", "MAIL.example.test").state, FindingState::kOk);
}

TEST_F(ResolverTest, ReportsASenderWithoutAName) {
  const Finding finding = of_sender("192.0.2.7", "mail.example.test");
  EXPECT_EQ(finding.state, FindingState::kFailure);
  EXPECT_THAT(finding.what, HasSubstr("no name (PTR)"));
  EXPECT_THAT(finding.remedy, HasSubstr("mail.example.test"));
}

TEST_F(ResolverTest, ReportsASenderWhoseNameHasAnotherAddress) {
  const Finding finding = of_sender("192.0.2.26", "elsewhere.example.test");
  EXPECT_EQ(finding.state, FindingState::kFailure);
  EXPECT_THAT(finding.what,
              HasSubstr("elsewhere.example.test does not resolve back to this address"));
}

TEST_F(ResolverTest, ReportsASenderWithAnotherEhloName) {
  const Finding finding = of_sender("192.0.2.25", "backup.example.test");
  EXPECT_EQ(finding.state, FindingState::kFailure);
  EXPECT_EQ(finding.remedy, "set mail.hello_name to mail.example.test");
  EXPECT_THAT(of_sender("192.0.2.25", "localhost").what, HasSubstr("not fully qualified"));
}

TEST_F(ResolverTest, APrivateAddressCannotBeChecked) {
  for (const char* address : {"10.1.2.3", "172.16.0.1", "192.168.1.1", "100.64.0.1", "127.0.0.1",
                              "169.254.1.1", "fd00::1", "fe80::1", "::1"}) {
    EXPECT_EQ(of_sender(address, "mail.example.test").state, FindingState::kWarning) << address;
  }
  EXPECT_EQ(of_sender("", "mail.example.test").state, FindingState::kFailure);
}

TEST_F(ResolverTest, BehindASubmissionServerTheNameOfTheSenderMattersLess) {
  base::MailConfig mail;
  mail.url = "smtp://127.0.0.1:" + std::to_string(server_.port());  // a server listens there
  const auto states = [&] {
    std::vector<FindingState> found;
    for (const Finding& finding : check_mail(mail, "mail.example.test", resolver_, "192.0.2.7")) {
      found.push_back(finding.state);
    }
    return found;
  };
  EXPECT_THAT(states(), ElementsAre(FindingState::kOk, FindingState::kFailure));
  mail.login.emplace().user = "alice";
  EXPECT_THAT(states(), ElementsAre(FindingState::kOk, FindingState::kWarning));
  mail.url = "smtp://nowhere.example.test";
  EXPECT_THAT(states(), ElementsAre(FindingState::kFailure, FindingState::kWarning));
}

TEST_F(ResolverTest, ReportsAServerWithoutAnAddress) {
  base::ServerConfig server;
  server.url = "imaps://nowhere.example.test";
  const auto findings = check_route("main", server, resolver_, {});
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].check, "dns");
  EXPECT_EQ(findings[0].state, FindingState::kFailure);
  EXPECT_THAT(findings[0].what, HasSubstr("nowhere.example.test has no address"));
}

TEST_F(ResolverTest, ReportsAnAddressThatRefusesConnections) {
  base::ServerConfig server;
  server.url = "imaps://imap.example.test:" + std::to_string(server_.port());
  const auto findings = check_route("main", server, resolver_, {});
  ASSERT_GE(findings.size(), 2U);
  EXPECT_EQ(findings[0].check, "tcp");
  EXPECT_EQ(findings[0].state, FindingState::kWarning);
  EXPECT_THAT(findings[0].what, HasSubstr("127.0.0.9 port"));
  EXPECT_EQ(findings[1].check, "dns");
  EXPECT_EQ(findings[1].state, FindingState::kOk);
}

TEST(UrlHostTest, IsHostAndPort) {
  EXPECT_EQ(url_host("imaps://mail.example.org"), (UrlHost{"mail.example.org", 993}));
  EXPECT_EQ(url_host("imap://mail.example.org/"), (UrlHost{"mail.example.org", 143}));
  EXPECT_EQ(url_host("smtp://[::1]:2525"), (UrlHost{"::1", 2525}));
  EXPECT_EQ(url_host("smtps://127.0.0.1"), (UrlHost{"127.0.0.1", 465}));
  for (const char* wrong :
       {"", "mail.example.org", "http://a", "imap://", "imap://a:", "imap://a:b", "imap://[::1"}) {
    EXPECT_EQ(url_host(wrong), std::nullopt) << wrong;
  }
}

}  // namespace
}  // namespace backupd
